"""A workspace as an old notebook asks for it: a name, and nothing in it that needs Azure."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from run_widgets import tracking
from run_widgets.azureml.absent import Absent, Nothing
from run_widgets.azureml.names import CLOUD, COMPUTE, DATA, IMAGES, MLFLOW, SECRETS, SERVING
from run_widgets.tracking import models

CONFIG_PLACES = (".azureml/config.json", "aml_config/config.json", "config.json")
"""Where a notebook's folder, or one above it, says which workspace it is for."""

MAX_CONFIG_BYTES = 2**16


class Workspace(tracking.Workspace):
    """The local workspace, called what the one in Azure was called.

    All of them are one folder, that of `run_widgets.Workspace.from_config`; the
    names are for printing. Whatever signs in is accepted and forgotten.
    """

    def __init__(
        self,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        workspace_name: str | None = None,
        *ignored: object,
        path: str | Path | None = None,
        **also_ignored: object,
    ) -> None:
        del ignored, also_ignored
        super().__init__(
            path,
            resource_group or "",
            workspace_name or "",
            subscription_id=subscription_id or "",
        )

    @classmethod
    def from_config(
        cls,
        path: str | Path | None = None,
        auth: object = None,
        **ignored: object,
    ) -> Workspace:
        """Return the nearest workspace upwards from `path`, called as ``config.json`` says."""
        del auth, ignored
        start = Path.cwd() if path is None else Path(path).expanduser().absolute()
        names = _config(start) if start.is_file() else _config_upwards(start)
        folder = start.parent if start.is_file() else start
        return cls(path=tracking.Workspace.from_config(folder).path, **names)

    @classmethod
    def get(cls, name: str = "", *ignored: object, **names: Any) -> Workspace:
        """Return the nearest workspace upwards, called `name`."""
        del ignored
        return cls(
            names.get("subscription_id"), names.get("resource_group"), name, path=_nearest_path()
        )

    @classmethod
    def create(cls, name: str, *ignored: object, **names: Any) -> Workspace:
        """Return the nearest workspace upwards, called `name`; it is made when first written to."""
        del ignored
        return cls.get(name, **names)

    @staticmethod
    def list(*ignored: object, **also_ignored: object) -> dict[str, list[Workspace]]:
        """Return the one workspace there is, by its name."""
        del ignored, also_ignored
        workspace = Workspace.from_config()
        return {workspace.name: [workspace]}

    def write_config(self, path: str | Path | None = None, file_name: str | None = None) -> None:
        """Write what the workspace is called where `from_config` finds it."""
        folder = Path.cwd() if path is None else Path(path)
        target = folder / ".azureml" / (file_name or "config.json")
        target.parent.mkdir(parents=True, exist_ok=True)
        names = {
            "subscription_id": self.subscription_id,
            "resource_group": self.resource_group,
            "workspace_name": self.name,
        }
        target.write_text(json.dumps(names, indent=4))


def _nearest_path() -> Path:
    return tracking.Workspace.from_config().path


def _config_upwards(start: Path) -> dict[str, str]:
    for folder in (start, *start.parents):
        for place in CONFIG_PLACES:
            if names := _config(folder / place):
                return names
    return {}


def _config(path: Path) -> dict[str, str]:
    """Return the three names of a ``config.json``, as far as it has them."""
    with contextlib.suppress(OSError, ValueError, RecursionError), path.open("rb") as file:
        known = json.loads(file.read(MAX_CONFIG_BYTES))
        keys = ("subscription_id", "resource_group", "workspace_name")
        if isinstance(known, Mapping) and isinstance(known.get("workspace_name"), str):
            return {key: known[key] for key in keys if isinstance(known.get(key), str)}
    return {}


class Model(models.Model):
    """As `run_widgets.Model`, found without a workspace too."""

    @staticmethod
    def get_model_path(
        model_name: str, version: int | str | None = None, _workspace: Any = None
    ) -> str:
        """Return where a model lies, by default in the nearest workspace upwards."""
        workspace = Workspace.from_config() if _workspace is None else _workspace
        return models.Model.get_model_path(model_name, version, _workspace=workspace)


class Authentication:
    """A way to sign in to Azure: it keeps nothing of what it is given, and signs in to nothing."""

    def __init__(self, *ignored: object, **also_ignored: object) -> None:
        del ignored, also_ignored

    get_authentication_header = staticmethod(Absent("get_authentication_header", CLOUD))
    get_token = staticmethod(Absent("get_token", CLOUD))


class OfflineRun:
    """What `Run.get_context` gave outside of Azure; here it gives a whole run, so none is one."""


class ViewType:
    """Which experiments a list has."""

    ActiveOnly = "ActiveOnly"
    All = "All"
    ArchivedOnly = "ArchivedOnly"


def set_diagnostics_collection(*ignored: object, **also_ignored: object) -> None:
    """Do nothing: there is no telemetry to allow or forbid."""
    del ignored, also_ignored


# -- what objects of the old API have besides --


def additions() -> dict[type, dict[str, object]]:
    """Return what an old notebook asks of our classes that they have not of themselves."""
    return {tracking.Workspace: _of_workspace(), tracking.Run: _of_run(), models.Model: _of_model()}


def _of_workspace() -> dict[str, object]:
    nothing = {
        "compute_targets": ("compute target", COMPUTE),
        "datasets": ("dataset", DATA),
        "datastores": ("datastore", DATA),
        "environments": ("environment", IMAGES),
        "images": ("image", SERVING),
        "linked_services": ("linked service", DATA),
        "private_endpoints": ("private endpoint", CLOUD),
        "webservices": ("web service", SERVING),
    }
    absent = {
        "delete": CLOUD,
        "get_default_compute_target": COMPUTE,
        "get_mlflow_tracking_uri": MLFLOW,
        "set_default_datastore": DATA,
        "sync_keys": CLOUD,
    }
    return {
        **{name: _property(Nothing(*what)) for name, what in nothing.items()},
        **{name: _method(f"Workspace.{name}", advice) for name, advice in absent.items()},
        "get_default_datastore": lambda _: Absent("datastore", DATA),
        "get_default_keyvault": lambda _: Absent("Keyvault", SECRETS),
        "models": property(
            lambda workspace: {m.name: m for m in models.Model.list(workspace, latest=True)}
        ),
        "sku": "",
        "tags": property(lambda _: {}),
    }


def _of_run() -> dict[str, object]:
    return {
        "get_submitted_run": staticmethod(lambda: tracking.Run.get_context(allow_offline=False)),
        "clean": lambda _: None,  # nothing of a run lies outside its folder
        "get_environment": _method("Run.get_environment", IMAGES),
        "get_secret": _method("Run.get_secret", SECRETS),
        "get_secrets": _method("Run.get_secrets", SECRETS),
        "input_datasets": _property(Nothing("dataset", DATA)),
        "list_by_compute": staticmethod(Absent("Run.list_by_compute", COMPUTE)),
        "output_datasets": _property(Nothing("dataset", DATA)),
    }


def _of_model() -> dict[str, object]:
    return {
        "Framework": Framework,
        "deploy": staticmethod(Absent("Model.deploy", SERVING)),
        "package": staticmethod(Absent("Model.package", SERVING)),
        "print_configuration": staticmethod(Absent("Model.print_configuration", SERVING)),
        "profile": staticmethod(Absent("Model.profile", SERVING)),
    }


class Framework:
    """The names under which a model says what made it."""

    CUSTOM = "Custom"
    MULTI = "Multi"
    ONNX = "Onnx"
    PYTORCH = "PyTorch"
    SCIKITLEARN = "ScikitLearn"
    TENSORFLOW = "TensorFlow"
    TFKERAS = "TfKeras"


def _property(value: object) -> property:
    return property(lambda _: value)


def _method(name: str, advice: str) -> object:
    absent = Absent(name, advice)
    return lambda _, *arguments, **options: absent(*arguments, **options)
