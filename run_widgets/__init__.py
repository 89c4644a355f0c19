"""Watch training runs live in the notebook: log with one call, no server, nothing lost."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from run_widgets.checkup import doctor
    from run_widgets.launch import NotebookRunConfig, RunConfiguration, ScriptRunConfig
    from run_widgets.panel.experiment_details import ExperimentDetails
    from run_widgets.panel.run_details import RunDetails
    from run_widgets.reading.smoothing import smooth
    from run_widgets.tracking import Experiment, Run, Workspace, get_run
    from run_widgets.tracking.models import Model

__version__ = "0.1.0"

__all__ = [
    "Experiment",
    "ExperimentDetails",
    "Model",
    "NotebookRunConfig",
    "Run",
    "RunConfiguration",
    "RunDetails",
    "ScriptRunConfig",
    "Workspace",
    "doctor",
    "get_run",
    "smooth",
]

# Loaded at first use: a training script never pays for a panel, nor a supervisor for either.
_HOME = {
    "Experiment": "tracking",
    "ExperimentDetails": "panel.experiment_details",
    "Model": "tracking.models",
    "NotebookRunConfig": "launch",
    "Run": "tracking",
    "RunConfiguration": "launch",
    "RunDetails": "panel.run_details",
    "ScriptRunConfig": "launch",
    "Workspace": "tracking",
    "doctor": "checkup",
    "get_run": "tracking",
    "smooth": "reading.smoothing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'run_widgets' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"run_widgets.{_HOME[name]}"), name)
    globals()[name] = value  # once
    return value


def __dir__() -> list[str]:
    # What completion offers: what is ours to give, and none of what was imported for it.
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
