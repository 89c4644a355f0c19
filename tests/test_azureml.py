"""Old notebooks run unchanged: what they import, catch, ask for, and what is not there."""

from __future__ import annotations

import copy
import importlib
import json
import os
import subprocess
import sys
import textwrap
import types
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import run_widgets.azureml
from replayed import Replayed
from run_widgets import Experiment, Run, Workspace, errors
from run_widgets.azureml.absent import Absent, NeverRaised
from run_widgets.azureml.names import ABSENT_PACKAGES, MODULES

if TYPE_CHECKING:
    from collections.abc import Iterator


OURS = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type)),
    key=lambda kind: kind.__name__,
)


@pytest.fixture
def azureml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The alias, for the length of a test, in a folder of its own."""
    folder = tmp_path / "here"
    (folder / ".run-widgets").mkdir(parents=True)
    monkeypatch.chdir(folder)
    run_widgets.azureml.install()
    yield importlib.import_module("azureml")
    run_widgets.azureml.uninstall()


def printed_by(script: str, folder: Path, *arguments: str, **variables: str) -> str:
    """Return what a Python of its own prints that runs `script` in `folder`."""
    file = folder / "script.py"
    file.write_text(textwrap.dedent(script))
    found = subprocess.run(
        [sys.executable, *arguments, str(file)],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


# -- importing --


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_name_in_the_table_can_be_imported(azureml: Any, module: str) -> None:
    found = importlib.import_module(module)

    for name in MODULES[module]:
        assert getattr(found, name) is not None
        assert name in dir(found)


@pytest.mark.parametrize("package", sorted(ABSENT_PACKAGES))
def test_an_absent_package_can_be_imported_with_whatever_is_in_it(
    azureml: Any, package: str
) -> None:
    below = importlib.import_module(f"{package}.some.where")

    assert isinstance(below.Something, Absent)
    with pytest.raises(errors.NotAvailable, match=f"{package}.*needs Azure"):
        below.Something()
    with pytest.raises(NeverRaised):
        raise below.SomethingException("as Azure would")


def test_the_names_of_the_runs_are_this_packages_own(azureml: Any) -> None:
    from azureml.core import Run as OldRun
    from azureml.core.experiment import Experiment as OldExperiment
    from azureml.core.run import get_run
    from azureml.widgets import RunDetails

    assert OldRun is Run
    assert OldExperiment is Experiment
    assert get_run is run_widgets.get_run
    assert RunDetails is run_widgets.RunDetails


def test_a_name_that_was_never_there_is_not_importable(azureml: Any) -> None:
    with pytest.raises(ImportError, match="Wrokspace"):
        exec("from azureml.core import Wrokspace")
    with pytest.raises(ModuleNotFoundError, match=r"azureml\.cores"):
        importlib.import_module("azureml.cores")


def test_a_star_brings_the_names_that_a_notebook_uses(azureml: Any) -> None:
    names: dict[str, Any] = {}

    exec("from azureml.core import *", names)

    assert {"Workspace", "Experiment", "Run", "ScriptRunConfig"} <= set(names)


def test_importing_it_loads_no_widgets(tmp_path: Path) -> None:
    script = """
    import sys
    import run_widgets.azureml
    run_widgets.azureml.install()
    from azureml.core import Dataset, Environment, Experiment, Run, Workspace
    from azureml.core.compute import AmlCompute
    import azureml.widgets
    print(sorted({"ipywidgets", "bqplot", "numpy", "pandas", "nbclient"} & set(sys.modules)))
    """

    assert printed_by(script, tmp_path).strip() == "[]"


def test_what_was_installed_can_be_taken_away(tmp_path: Path) -> None:
    script = """
    import os
    import sys
    import run_widgets.azureml as alias
    before = os.environ.get("PYTHONPATH"), len(sys.meta_path), hasattr(alias, "get_secret")
    alias.install()
    alias.install()
    from azureml.core import Run
    assert hasattr(Run, "get_secret")
    alias.uninstall()
    after = os.environ.get("PYTHONPATH"), len(sys.meta_path), hasattr(Run, "get_secret")
    try:
        import azureml.core
    except ModuleNotFoundError:
        print(before == after, "RUN_WIDGETS_AZUREML" in os.environ)
    """

    assert printed_by(script, tmp_path).split() == ["True", "False"]


# -- a real azureml --


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A folder in which a package called azureml is installed."""
    core = tmp_path / "site" / "azureml" / "core"
    core.mkdir(parents=True)
    (core / "__init__.py").write_text("VERSION = 'real'\n")
    return tmp_path / "site"


def test_a_real_azureml_is_not_hidden_unasked(real: Path, tmp_path: Path) -> None:
    script = """
    import run_widgets.azureml as alias
    from run_widgets import errors
    import azureml.core
    try:
        alias.install()
    except errors.AzuremlInstalled as error:
        print(isinstance(error, ImportError), "force=True" in str(error), azureml.core.VERSION)
    """

    assert printed_by(script, tmp_path, PYTHONPATH=str(real)).split() == ["True", "True", "real"]


def test_a_real_azureml_is_hidden_when_asked_and_comes_back(real: Path, tmp_path: Path) -> None:
    script = """
    import sys, subprocess
    import run_widgets.azureml as alias
    import azureml.core
    alias.install(force=True)
    from azureml.core import VERSION
    child = "from azureml.core import VERSION; print(VERSION)"
    inside = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True)
    alias.uninstall()
    import azureml.core
    print("run.widgets" in VERSION, "run.widgets" in inside.stdout, azureml.core.VERSION)
    """

    assert printed_by(script, tmp_path, PYTHONPATH=str(real)).split() == ["True", "True", "real"]


def test_a_folder_that_happens_to_be_called_azureml_is_no_installation(tmp_path: Path) -> None:
    (tmp_path / "azureml").mkdir()
    (tmp_path / "azureml" / "notes.txt").write_text("ideas")
    script = """
    import run_widgets.azureml
    run_widgets.azureml.install()
    from azureml.core import Run
    print(Run.__module__)
    """

    assert printed_by(script, tmp_path).strip() == "run_widgets.tracking.run"


# -- processes --


def test_processes_that_it_starts_import_it_too(tmp_path: Path) -> None:
    script = """
    import multiprocessing
    import run_widgets.azureml

    def name(_):
        from azureml.core import Run
        return Run.__module__

    if __name__ == "__main__":
        run_widgets.azureml.install()
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(name, [0])[0])
    """

    assert printed_by(script, tmp_path).strip() == "run_widgets.tracking.run"


def test_a_script_can_be_run_with_it(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("VALUE = 7\n")
    script = """
    import sys
    from azureml.core import Run
    import beside
    print(Run.__module__, beside.VALUE, sys.argv[1:], __name__)
    """

    found = printed_by(script, tmp_path, "-m", "run_widgets.azureml")

    assert found.split() == ["run_widgets.tracking.run", "7", "[]", "__main__"]


@pytest.mark.parametrize(
    ("argument", "said", "code"), [("--help", "usage: ", 0), ("nope.py", "no script 'nope.py'", 1)]
)
def test_how_to_run_a_script_with_it_is_said(
    argument: str, said: str, code: int, tmp_path: Path
) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "run_widgets.azureml", argument],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert (asked.returncode, said in asked.stdout + asked.stderr) == (code, True)
    assert "Traceback" not in asked.stderr


def test_a_submitted_script_imports_it(azureml: Any) -> None:
    from azureml.core import Experiment, ScriptRunConfig, Workspace

    Path("source").mkdir()
    Path("source/train.py").write_text(
        "from azureml.core import Run\nrun = Run.get_context()\nrun.log('loss', 0.5)\n"
        "print(run.experiment.workspace.get_default_datastore())\n"
    )
    experiment = Experiment(Workspace.from_config(), "submitted")

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    assert run.get_metrics() == {"loss": 0.5}
    assert "needs Azure" in run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]


# -- what is caught --


@pytest.mark.parametrize("ours", OURS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("old", ["AzureMLException", "UserErrorException"])
def test_the_old_names_catch_every_error_of_ours(
    azureml: Any, old: str, ours: type[Exception]
) -> None:
    exceptions = importlib.import_module("azureml.exceptions")

    message = ""
    try:
        raise ours("what was wrong")
    except getattr(exceptions, old) as error:
        message = error.message

    assert message == "what was wrong"


@pytest.mark.parametrize(
    ("call", "builtin"),
    [
        (lambda run: run.create_children(), ValueError),
        (lambda run: run.experiment.reactivate("new"), ValueError),
        (lambda run: run.upload_folder("data", "no such folder"), NotADirectoryError),
        (lambda run: run.upload_file("data", "no such file"), FileNotFoundError),
        (lambda run: run.upload_files(["a", "b"], ["c"]), TypeError),
        (lambda run: run.get_all_logs(run.folder / "run.json"), NotADirectoryError),
        (lambda run: run.log_image("plot", "no such file"), FileNotFoundError),
        (lambda run: run.get_series("no such metric"), KeyError),
        (lambda run: run.set_goal("loss", "best"), ValueError),
        (lambda run: run.set_tags(5), TypeError),
        (lambda run: run.fail(5), TypeError),
        (lambda run: run.experiment.get_runs(tags=5), ValueError),
        (lambda run: Run.list(run.experiment, include_children="yes"), ValueError),
        (lambda run: Experiment.list(run.experiment.workspace, view_type="Some"), ValueError),
        (lambda run: Experiment.delete(run.experiment.workspace, "caught"), ValueError),
        (lambda run: run.experiment.submit("script.py"), TypeError),
        (lambda run: run.download_file("no such file"), FileNotFoundError),
    ],
)
def test_wrong_use_is_caught_by_its_old_name_and_by_the_built_in(
    azureml: Any, call: Any, builtin: type[Exception]
) -> None:
    from azureml.exceptions import UserErrorException

    run = Experiment(name="caught").start_logging(snapshot_directory=None, outputs=False)
    with pytest.raises(UserErrorException) as caught:
        call(run)
    run.complete()

    assert isinstance(caught.value, builtin)
    assert caught.value.message == str(caught.value)
    assert not caught.value.message.startswith(('"', "'"))


def test_an_old_name_catches_what_is_raised_in_its_place(azureml: Any) -> None:
    from azureml.core.compute import ComputeTarget
    from azureml.core.compute_target import ComputeTargetException
    from azureml.exceptions import (
        ActivityFailedException,
        ModelPathNotFoundException,
        RunEnvironmentException,
        ServiceException,
    )

    run = Experiment(name="caught").start_logging(snapshot_directory=None)
    run.add_properties({"author": "me"})
    run.fail("on purpose")

    with pytest.raises(ServiceException):
        run.add_properties({"author": "you"})
    with pytest.raises(ActivityFailedException, match="on purpose"):
        run.wait_for_completion()
    with pytest.raises(ModelPathNotFoundException):
        run.register_model("model", "outputs/model.pkl")
    with pytest.raises(RunEnvironmentException):
        Run.get_context(allow_offline=False)
    with pytest.raises(ComputeTargetException):
        ComputeTarget(workspace=Workspace(), name="cpu-cluster")


def test_a_real_exception_of_an_old_name_can_be_raised(azureml: Any) -> None:
    from azureml.exceptions import UserErrorException

    with pytest.raises(UserErrorException, match="no such column"):
        raise UserErrorException("no such column")


# -- what is not there --


def test_what_needs_azure_says_what_to_do_when_it_is_used(azureml: Any) -> None:
    from azureml.core import Dataset, Datastore, Workspace
    from azureml.core.compute import AmlCompute
    from azureml.core.model import Model
    from azureml.core.webservice import AciWebservice
    from azureml.pipeline.steps import PythonScriptStep

    workspace = Workspace.from_config()
    used = [
        lambda: AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2"),
        lambda: Dataset.Tabular.from_delimited_files("data.csv"),
        lambda: Datastore.register_azure_blob_container(workspace, "store"),
        lambda: AciWebservice.deploy_configuration(cpu_cores=1),
        lambda: Model.deploy(workspace, "service", [], None),
        lambda: workspace.get_default_datastore().upload("data"),
        lambda: workspace.get_default_keyvault().get_secret("password"),
        lambda: workspace.compute_targets["cpu-cluster"],
        lambda: workspace.datasets["titanic"],
        lambda: list(Dataset.get_all(workspace)),
        lambda: Experiment(name="absent").start_logging(snapshot_directory=None).get_secret("x"),
        lambda: types.new_class("Step", (PythonScriptStep,)),
    ]

    for use in used:
        with pytest.raises(
            errors.NotAvailable, match=r"needs Azure, which is not here: \w"
        ) as told:
            use()
        assert "\n" not in str(told.value)


def test_there_are_none_of_what_a_workspace_has_not(azureml: Any) -> None:
    from azureml.core import Workspace
    from azureml.core.compute import AmlCompute

    workspace = Workspace.from_config()

    assert "cpu-cluster" not in workspace.compute_targets
    assert len(workspace.datastores) == 0
    assert not isinstance(workspace, AmlCompute)
    assert not hasattr(AmlCompute, "__wrapped__")


def test_a_wish_that_cannot_be_met_is_said_and_the_script_runs(azureml: Any) -> None:
    from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.core.runconfig import RunConfiguration

    Path("source").mkdir()
    Path("source/train.py").write_text("import os\nprint('BATCH', os.environ['BATCH'])\n")
    environment = Environment("lacking")
    environment.environment_variables = {"BATCH": "8"}
    environment.docker.enabled = True
    environment.python.conda_dependencies = CondaDependencies.create(
        conda_packages=["numpy", "no-such-thing"], pip_packages=["azureml-sdk", "pytest>=1"]
    )
    configuration = RunConfiguration()
    configuration.target = "gpu-cluster"
    configuration.environment = environment
    experiment = Experiment(Workspace.from_config(), "wishes")

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run = experiment.submit(ScriptRunConfig("source", "train.py", run_config=configuration))
    run.wait_for_completion()

    messages = [str(warning.message) for warning in told]
    assert any("no compute target 'gpu-cluster'" in message for message in messages)
    assert any("has no no-such-thing" in message for message in messages)
    assert "BATCH 8" in run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]


def test_a_run_configuration_is_kept_in_the_project(azureml: Any) -> None:
    from azureml.core.runconfig import RunConfiguration
    from azureml.exceptions import RunConfigurationException

    settings = RunConfiguration(script="train.py", arguments=["--lr", 0.1])
    settings.environment_variables = {"BATCH": "8"}
    settings.history.output_collection = False

    settings.save("project", "fast")
    loaded = RunConfiguration.load("project", "fast")

    assert (loaded.script, loaded.arguments) == ("train.py", ["--lr", "0.1"])
    assert loaded.environment_variables == {"BATCH": "8"}
    assert loaded.history.output_collection is False
    assert RunConfiguration.load("project/.azureml/fast.runconfig").script == "train.py"
    RunConfiguration.delete("project", "fast")
    with pytest.raises(RunConfigurationException, match="no run configuration 'project'"):
        RunConfiguration.load("project", "fast")
    for text in ("{", "- a list", "!!python/object/apply:os.system [ls]"):
        Path("broken.runconfig").write_text(text)
        with pytest.raises(RunConfigurationException, match="is no run configuration"):
            RunConfiguration.load("broken.runconfig")


def test_environments_are_read_from_the_files_that_people_have(azureml: Any) -> None:
    from azureml.core import Environment

    Path("conda.yml").write_text(
        "channels: [conda-forge]\ndependencies:\n- python=3.6.2\n- numpy\n- pip:\n  - tqdm>=4\n"
    )
    Path("requirements.txt").write_text("# wanted\ntqdm>=4\n-e .\nnumpy  # for arrays\n")

    conda = Environment.from_conda_specification("c", "conda.yml").python.conda_dependencies
    pip = Environment.from_pip_requirements("p", "requirements.txt").python.conda_dependencies

    assert (conda.conda_packages, conda.pip_packages) == (["python=3.6.2", "numpy"], ["tqdm>=4"])
    assert pip.pip_packages == ["tqdm>=4", "numpy"]
    assert conda.missing() == pip.missing() == []
    assert "tqdm>=4" in conda.serialize_to_string()


def test_a_script_that_asks_whether_it_is_offline_gets_its_workspace(tmp_path: Path) -> None:
    script = """
    from azureml.core import Workspace
    from azureml.core.run import Run, _OfflineRun, _SubmittedRun

    run = Run.get_context()
    ws = Workspace.from_config() if type(run) == _OfflineRun else run.experiment.workspace
    run.log("loss", 0.5)
    print(isinstance(run, _SubmittedRun), ws == Workspace.from_config(), run.get_metrics())
    """

    found = printed_by(script, tmp_path, "-m", "run_widgets.azureml")

    assert found == "True True {'loss': 0.5}\n"


def test_what_an_old_notebook_sets_part_by_part_can_be_set_and_copied(azureml: Any) -> None:
    from azureml.core.runconfig import DockerConfiguration, RunConfiguration

    configuration = RunConfiguration()
    configuration.target = "local"
    configuration.environment.python.user_managed_dependencies = True
    configuration.environment.docker.base_image = "ubuntu"
    configuration.environment.spark.precache_packages = False
    configuration.docker = DockerConfiguration(use_docker=True)
    configuration.history.output_collection = True

    copied = copy.deepcopy(configuration)

    assert copied.environment.docker.base_image == "ubuntu"
    assert copied.environment.clone("other").name == "other"


# -- the workspace --


def test_a_workspace_is_called_as_its_config_says(azureml: Any) -> None:
    from azureml.core import Workspace
    from azureml.core.authentication import InteractiveLoginAuthentication

    Path(".azureml").mkdir()
    Path(".azureml/config.json").write_text(
        json.dumps({"subscription_id": "s-1", "resource_group": "rg", "workspace_name": "old-ws"})
    )
    Path("deep").mkdir()

    found = Workspace.from_config(auth=InteractiveLoginAuthentication(tenant_id="t"))
    deeper = Workspace.from_config(path="deep")
    by_file = Workspace.from_config(path=".azureml/config.json")

    assert (found.name, found.subscription_id, found.resource_group) == ("old-ws", "s-1", "rg")
    assert deeper == by_file == found
    assert found.path == Path.cwd() / ".run-widgets"


def test_a_workspace_by_its_three_names_is_the_local_one(azureml: Any) -> None:
    from azureml.core import Workspace

    found = Workspace("s-1", "rg", "old-ws")
    found.write_config()

    assert (found.subscription_id, found.resource_group, found.name) == ("s-1", "rg", "old-ws")
    assert found.path == Path.cwd() / ".run-widgets"
    assert Workspace.from_config().name == "old-ws"
    assert Workspace.get(name="x", subscription_id="s").name == "x"
    assert Workspace.create(name="x", exist_ok=True, location="westeurope").path == found.path
    assert Workspace.list("s-1") == {"old-ws": [found]}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"workspace_name": 3}', "[" * 100_000])
def test_a_config_that_is_none_is_no_reason_to_fail(azureml: Any, content: str) -> None:
    from azureml.core import Workspace

    Path("config.json").write_text(content)

    assert Workspace.from_config().name == "here"


# -- notebooks --


def test_the_notebook_on_logging_runs(tmp_path: Path) -> None:
    ran = Replayed("azureml-logging.ipynb", tmp_path)

    assert "run.widgets" in ran.printed("imports")
    assert ran.result("files")[0] == "outputs/notes.txt"
    assert {"application/vnd.run-widgets.run+json", "text/html"} <= ran.kinds("end")
    assert ran.result("all-metrics") == (0.01, "sgd", True, 25)
    assert ran.result("one-metric") == {"class counts": [1, 2, 3]}
    assert "what was tried" in ran.printed("download")
    assert ran.result("again") == ("Completed", {"quality": "draft"})


def test_the_notebook_on_managing_runs_runs(tmp_path: Path) -> None:
    ran = Replayed("azureml-manage-runs.ipynb", tmp_path)

    assert ran.printed("status").split() == ["Running", "Completed"]
    assert "Failed - " in ran.printed("block")
    assert ran.result("block") == "about to fail"
    assert ran.result("cancel") == "Canceled"
    assert ("fold 0", {}) in ran.result("children")
    assert ran.result("recursive") == [0.88, 0.91, 0.93]
    assert ran.result("labels") == ("azureml-user", {"quality": "fantastic run"})
    assert ran.result("find") == [True, True, True]
    assert "no file 'outputs/model.pkl'" in ran.printed("errors")


def test_the_notebook_on_a_training_script_runs(tmp_path: Path) -> None:
    ran = Replayed("azureml-train-script.ipynb", tmp_path)

    assert "alpha 0.03: mean squared error" in ran.printed("wait")
    assert ran.result("wait") == "Completed"
    metrics, files = ran.result("results")
    assert metrics["alpha"] == 0.03
    assert "outputs/ridge.json" in files
    assert ran.result("best")["alpha"] in (0.1, 0.3)
    assert ran.printed("register").split() == ["diabetes-ridge", "diabetes-ridge:1", "1"]
    assert ran.printed("load") == "10 coefficients\n"
    assert "leave out compute_target" in ran.printed("absent")
