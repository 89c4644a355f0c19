"""How tracked things show themselves where there is no panel."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from run_widgets.tracking.experiment import Experiment

DOCS_URL = "https://pypi.org/project/run-widgets/"


def html_table(facts: Mapping[str, object]) -> str:
    """Return facts as a table of one row, every text escaped; a status has its colour."""
    from run_widgets.static_html import BAD, DOUBTFUL, GOOD, Colored, table

    colors = {"Completed": GOOD, "Failed": BAD, "Canceled": DOUBTFUL}
    row = [
        Colored(f"● {value}", colors.get(str(value), "inherit")) if name == "Status" else str(value)
        for name, value in facts.items()
    ]
    return table(list(facts), [row])


def live_list(experiment: Experiment) -> dict[str, Any] | None:
    """Return what a notebook shows of an experiment: its live list; None outside a kernel."""
    if "ipykernel" not in sys.modules:
        return None
    # By name: the list is built on this room, and only a notebook pays for loading it.
    details = importlib.import_module("run_widgets.panel.experiment_details")
    bundle: dict[str, Any] | None = details.bundle_of(experiment)
    return bundle
