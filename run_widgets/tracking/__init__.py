"""Workspace, Experiment and Run: the verbs people call while they compute.

A `Run` has several sides, a file each: `recording` logs, `labels` tags,
`files` uploads, `life` ends it; `handle` is what they build on.
"""

from __future__ import annotations

from run_widgets.tracking.experiment import Experiment
from run_widgets.tracking.run import Run, get_run
from run_widgets.tracking.workspace import Workspace

__all__ = ["Experiment", "Run", "Workspace", "get_run"]
