"""Watch training runs live in the notebook: log with one call, no server, nothing lost."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from run_widgets.tracking import Experiment, Run, Workspace, get_run

if TYPE_CHECKING:
    from run_widgets.checkup import doctor
    from run_widgets.experiment_details import ExperimentDetails
    from run_widgets.launch import NotebookRunConfig, RunConfiguration, ScriptRunConfig
    from run_widgets.run_details import RunDetails

__version__ = "0.1.0"

__all__ = [
    "Experiment",
    "ExperimentDetails",
    "NotebookRunConfig",
    "Run",
    "RunConfiguration",
    "RunDetails",
    "ScriptRunConfig",
    "Workspace",
    "doctor",
    "get_run",
]

# Loaded at first use, so that a training script never pays for a panel.
_LATER = {
    "ExperimentDetails": "experiment_details",
    "NotebookRunConfig": "launch",
    "RunConfiguration": "launch",
    "RunDetails": "run_details",
    "ScriptRunConfig": "launch",
    "doctor": "checkup",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"run_widgets.{_LATER[name]}"), name)
    raise AttributeError(f"module 'run_widgets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
