"""The table of the alias: which old name is found where, and what it is now."""

from __future__ import annotations

from dataclasses import dataclass

from run_widgets import errors
from run_widgets.azureml.absent import NeverRaised

VERSION = "1.61.0+run.widgets"
"""The last release, whose API this follows, marked as ours; some notebooks compare it."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A name of this package, imported when it is first asked for."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Needs:
    """A name of something absent, with what to do instead."""

    advice: str


# -- what to do instead --

COMPUTE = "a submitted run is a process of this machine, so leave out compute_target"
DATA = "read the data with pandas or open(), and give a script its path as an argument"
SERVING = "load the model from Model.get_model_path() in a service of your own"
IMAGES = "a submitted script runs in this Python, or the one that python.interpreter_path names"
PIPELINES = "submit the steps one after the other, with run.submit_child and wait_for_completion"
SWEEPS = "start a run.child_run for each combination of parameters, in a loop or with Optuna"
AUTOML = "fit the candidates in a loop, a run.child_run for each, or with FLAML"
EXPLAINING = "use the package shap or interpret, and run.log_image what it draws"
SAMPLES = "sklearn.datasets or the data's own address has them"
ESTIMATORS = "use ScriptRunConfig(source_directory, script, arguments)"
PARALLEL = "let the script start its processes, as torchrun or multiprocessing do"
SECRETS = "read it from os.environ"
MLFLOW = "log with run.log, or set an MLflow server as the workspace"
CURVES = "RunDetails(run).show() draws the curves, live and afterwards"
CLOUD = "runs are kept in a folder of this machine, and nothing needs an account"

_ENVIRONMENTS = "run_widgets.azureml.environments"
_CLOUD = "run_widgets.azureml.cloud"
_SUBMISSION = "run_widgets.azureml.submission"

_WORKSPACE = Ours(_CLOUD, "Workspace")
_EXPERIMENT = Ours("run_widgets.tracking", "Experiment")
_RUN = Ours("run_widgets.tracking", "Run")
_GET_RUN = Ours("run_widgets.tracking", "get_run")
_SCRIPT = Ours(_SUBMISSION, "ScriptRunConfig")
_NOTEBOOK = Ours("run_widgets.launch", "NotebookRunConfig")
_RUN_CONFIGURATION = Ours(_SUBMISSION, "RunConfiguration")
_MODEL = Ours(_CLOUD, "Model")
_ENVIRONMENT = Ours(_ENVIRONMENTS, "Environment")
_CONDA = Ours(_ENVIRONMENTS, "CondaDependencies")
_DOCKER = Ours(_ENVIRONMENTS, "DockerConfiguration")

_COMPUTE = dict.fromkeys(
    (
        "AdlaCompute", "AksCompute", "AmlCompute", "BatchCompute", "ComputeInstance",
        "ComputeTarget", "DataFactoryCompute", "DatabricksCompute", "DsvmCompute",
        "HDInsightCompute", "KubernetesCompute", "RemoteCompute", "SynapseCompute",
    ),
    Needs(COMPUTE),
)  # fmt: skip
_SERVING = dict.fromkeys(
    (
        "AciWebservice", "AksEndpoint", "AksWebservice", "Image", "InferenceConfig",
        "LocalWebservice", "Webservice",
    ),
    Needs(SERVING),
)  # fmt: skip
_DATA = dict.fromkeys(
    (
        "AbstractDataset", "DataPath", "DataReference", "DatasetConsumptionConfig", "FileDataset",
        "HDFSOutputDatasetConfig", "LinkFileOutputDatasetConfig", "OutputFileDatasetConfig",
        "TabularDataset",
    ),
    Needs(DATA),
)  # fmt: skip
_PARALLEL = dict.fromkeys(
    (
        "MpiConfiguration", "ParallelTaskConfiguration", "PyTorchConfiguration",
        "TensorflowConfiguration",
    ),
    Needs(PARALLEL),
)  # fmt: skip
_SIGN_IN = {
    name: Ours(_CLOUD, "Authentication")
    for name in (
        "AbstractAuthentication", "ArmTokenAuthentication", "AzureCliAuthentication",
        "AzureMLTokenAuthentication", "InteractiveLoginAuthentication", "MsiAuthentication",
        "ServicePrincipalAuthentication", "TokenAuthentication",
    )
}  # fmt: skip

# -- errors: the old name is the class of ours that is raised in its place --

_EXCEPTIONS: dict[str, type[errors.RunWidgetsError]] = {
    "AzureMLException": errors.RunWidgetsError,
    "UserErrorException": errors.RunWidgetsError,
    "ServiceException": errors.RunWidgetsError,
    "AzureMLAggregatedException": errors.RunWidgetsError,
    "ExperimentExecutionException": errors.RunWidgetsError,
    "ActivityFailedException": errors.RunFailed,
    "ComputeTargetException": errors.NotAvailable,
    "ModelNotFoundException": errors.ModelNotFound,
    "ModelPathNotFoundException": errors.FileNotInRun,
    "ProjectSystemException": errors.StoreUnavailable,
    "RunConfigurationException": errors.SubmitError,
    "RunEnvironmentException": errors.NoRunHere,
    "SnapshotException": errors.SnapshotError,
    "WebserviceException": errors.NotAvailable,
    "WorkspaceException": errors.StoreUnavailable,
    **dict.fromkeys(
        (
            "ActivityCanceledException", "AuthenticationException",
            "DatasetTimestampMissingError", "DiscoveryUrlNotFoundException",
            "ParallelRunException", "TrainingException",
        ),
        NeverRaised,
    ),
}  # fmt: skip

# -- modules: a name that is not here is not importable --

MODULES: dict[str, dict[str, object]] = {
    "azureml": {},
    "azureml.core": {
        "VERSION": VERSION,
        "__version__": VERSION,
        "ComputeTarget": Needs(COMPUTE),
        "Dataset": Needs(DATA),
        "Datastore": Needs(DATA),
        "Environment": _ENVIRONMENT,
        "Experiment": _EXPERIMENT,
        "Image": Needs(SERVING),
        "Keyvault": Needs(SECRETS),
        "LinkedService": Needs(DATA),
        "Model": _MODEL,
        "PrivateEndPoint": Needs(CLOUD),
        "PrivateEndPointConfig": Needs(CLOUD),
        "Run": _RUN,
        "RunConfiguration": _RUN_CONFIGURATION,
        "ScriptRun": _RUN,
        "ScriptRunConfig": _SCRIPT,
        "Webservice": Needs(SERVING),
        "Workspace": _WORKSPACE,
        "get_run": _GET_RUN,
    },
    "azureml.core.authentication": dict(_SIGN_IN),
    "azureml.core.compute": {**_COMPUTE, "ComputeTargetException": errors.NotAvailable},
    "azureml.core.compute_target": {
        **_COMPUTE,
        "ComputeTargetException": errors.NotAvailable,
        "prepare_compute_target": Needs(COMPUTE),
    },
    "azureml.core.conda_dependencies": {
        "CondaDependencies": _CONDA,
        "TENSORFLOW_DEFAULT_VERSION": "2.3",
    },
    "azureml.core.container_registry": {"ContainerRegistry": Needs(IMAGES)},
    "azureml.core.databricks": dict.fromkeys(
        ("EggLibrary", "JarLibrary", "MavenLibrary", "PyPiLibrary"), Needs(PIPELINES)
    ),
    "azureml.core.dataset": {"Dataset": Needs(DATA)},
    "azureml.core.datastore": {"Datastore": Needs(DATA)},
    "azureml.core.environment": {
        "CondaDependencies": _CONDA,
        "DockerSection": Ours(_ENVIRONMENTS, "DockerSection"),
        "Environment": _ENVIRONMENT,
        "PythonSection": Ours(_ENVIRONMENTS, "PythonSection"),
    },
    "azureml.core.experiment": {
        "Experiment": _EXPERIMENT,
        "ViewType": Ours(_CLOUD, "ViewType"),
    },
    "azureml.core.image": dict.fromkeys(("ContainerImage", "Image"), Needs(SERVING)),
    "azureml.core.keyvault": {"Keyvault": Needs(SECRETS)},
    "azureml.core.model": {
        "InferenceConfig": Needs(SERVING),
        "Model": _MODEL,
    },
    "azureml.core.profile": {"ModelProfile": Needs(SERVING)},
    "azureml.core.resource_configuration": {
        "ResourceConfiguration": Ours(_ENVIRONMENTS, "ResourceConfiguration")
    },
    "azureml.core.run": {
        "Run": _RUN,
        "_OfflineRun": Ours(_CLOUD, "OfflineRun"),
        "_SubmittedRun": _RUN,
        "get_run": _GET_RUN,
    },
    "azureml.core.runconfig": {
        **_PARALLEL,
        "AmlComputeConfiguration": Needs(COMPUTE),
        "ApacheSparkConfiguration": Needs(COMPUTE),
        "CondaDependencies": _CONDA,
        "DEFAULT_CPU_IMAGE": "",
        "DEFAULT_GPU_IMAGE": "",
        "DataReferenceConfiguration": Needs(DATA),
        "DockerConfiguration": _DOCKER,
        "Environment": _ENVIRONMENT,
        "EnvironmentDefinition": _ENVIRONMENT,
        "RunConfiguration": _RUN_CONFIGURATION,
        "ScriptRunConfig": _SCRIPT,
    },
    "azureml.core.script_run": {"ScriptRun": _RUN},
    "azureml.core.script_run_config": {
        "ScriptRunConfig": _SCRIPT,
        "get_run_config_from_script_run": Needs(ESTIMATORS),
    },
    "azureml.core.webservice": {**_SERVING, "WebserviceException": errors.NotAvailable},
    "azureml.core.webservice.webservice": {"WebserviceException": errors.NotAvailable},
    "azureml.core.workspace": {"Workspace": _WORKSPACE},
    "azureml.exceptions": dict(_EXCEPTIONS),
    "azureml._common.exceptions": {
        name: _EXCEPTIONS[name] for name in ("AzureMLException", "AzureMLAggregatedException")
    },
    "azureml._common._error_definition": {},
    # Where notebooks raise the limit of a snapshot's size; ours is run_widgets.source.snapshot's.
    "azureml._restclient.snapshots_client": {"SNAPSHOT_MAX_SIZE_BYTES": 300 * 2**20},
    "azureml._restclient.constants": {"ViewType": Ours(_CLOUD, "ViewType")},
    "azureml.contrib.notebook": {
        "AzureMLNotebookHandler": Ours(_SUBMISSION, "AzureMLNotebookHandler"),
        "NotebookRunConfig": _NOTEBOOK,
        "NotebookRunnerStep": Needs(PIPELINES),
    },
    "azureml.data": dict(_DATA),
    "azureml.telemetry": {"set_diagnostics_collection": Ours(_CLOUD, "set_diagnostics_collection")},
    "azureml.widgets": {
        "ParallelRunStepDetails": Needs(PIPELINES),
        "RunDetails": Ours("run_widgets.panel.run_details", "RunDetails"),
    },
}

# -- packages that are absent as a whole: every public name in them can be imported --

ABSENT_PACKAGES: dict[str, str] = {
    "azureml.accel": SERVING,
    "azureml.automl": AUTOML,
    "azureml.contrib": CLOUD,
    "azureml.core.webservice.aci": SERVING,
    "azureml.core.webservice.aks": SERVING,
    "azureml.data": DATA,
    "azureml.dataprep": DATA,
    "azureml.datadrift": DATA,
    "azureml.explain": EXPLAINING,
    "azureml.fairness": EXPLAINING,
    "azureml.interpret": EXPLAINING,
    "azureml.mlflow": MLFLOW,
    "azureml.monitoring": SERVING,
    "azureml.opendatasets": SAMPLES,
    "azureml.pipeline": PIPELINES,
    "azureml.responsibleai": EXPLAINING,
    "azureml.tensorboard": CURVES,
    "azureml.train": ESTIMATORS,
    "azureml.train.automl": AUTOML,
    "azureml.train.hyperdrive": SWEEPS,
}
