"""The notebooks, replayed as tracked runs, run from top to bottom and show what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat
import pytest

from replayed import NOTEBOOKS, Replayed
from run_widgets import Experiment, Run, Workspace

if TYPE_CHECKING:
    from pathlib import Path


def logged_run(workspace: Workspace, experiment: str) -> Run:
    """Return the one run that a notebook made; its being executed is another one."""
    (run,) = [run for run in Experiment(workspace, experiment).get_runs() if run.type is None]
    return run


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_is_kept_valid_and_without_what_running_it_leaves(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)

    nbformat.validate(notebook)
    assert notebook.nbformat_minor >= 5
    for cell in notebook.cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_model_logging_gives_back_what_was_logged_and_shows_it(tmp_path: Path) -> None:
    executed = Replayed("model-logging.ipynb", tmp_path)

    run = logged_run(executed.workspace, "model-logging")
    metrics = executed.result("metrics")
    assert list(metrics) == [
        "Category",
        "Numeric 1",
        "Numeric 2",
        "Sigmoid",
        "Fibonacci",
        "Cosine Wave",
        "Sine Wave",
        "Hyperbolic Tangent",
    ]
    assert metrics["Category"] == "Category 1"
    assert (metrics["Numeric 1"], metrics["Numeric 2"]) == (10, 100)
    assert len(metrics["Sigmoid"]) == 20
    assert metrics["Sigmoid"][0] == pytest.approx(4.5398e-05, rel=1e-4)
    assert {name: len(column) for name, column in metrics["Cosine Wave"].items()} == {
        "angle": 20,
        "cos": 20,
    }
    assert {name: len(column) for name, column in metrics["Sine Wave"].items()} == {
        "angle": 20,
        "sine": 20,
    }
    fibonacci = executed.text("one-metric")
    assert fibonacci == "[0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]"

    names = executed.result("file-names")
    assert re.fullmatch(r"Hyperbolic Tangent_\d+\.png", names[0])
    assert names[1:] == ["outputs/metrics.txt"]
    assert executed.printed("download") == "accuracy: 0.97\nloss: 0.08\n\n"

    # IPython indents the lines of what is in a list.
    listed = f"[Run(Experiment: model-logging,\n Id: {run.id},\n Type: None,\n Status: Completed)]"
    assert executed.text("by-tag") == listed
    assert executed.text("by-property") == listed

    (panel,) = executed.bundles("panel")
    assert "application/vnd.jupyter.widget-view+json" not in panel
    assert "Sigmoid" in panel["text/html"]
    assert "Completed" in panel["text/html"]


def test_watch_training_learns_and_reports_it(tmp_path: Path) -> None:
    executed = Replayed("watch-training.ipynb", tmp_path, epochs=12, picture_every=4)

    run = logged_run(executed.workspace, "watch-training")
    metrics = run.get_metrics()
    assert run.get_status() == "Completed"
    assert len(metrics["Batch loss"]) == 12 * 20
    for name in ("Loss", "Accuracy"):
        assert list(metrics[name]) == ["epoch", "train", "validation"]
        assert metrics[name]["epoch"] == list(range(1, 13))
    assert metrics["Loss"]["validation"][-1] < metrics["Loss"]["validation"][0]
    assert metrics["Accuracy"]["validation"][-1] > 0.7
    assert len(metrics["Confusion matrix"]) == 4
    assert "best validation accuracy" in executed.printed("best")


def test_compare_runs_sweeps_and_compares_what_came_of_it(tmp_path: Path) -> None:
    executed = Replayed("compare-runs.ipynb", tmp_path, seeds=2, epochs=4, max_concurrent=2)

    runs = list(Experiment(executed.workspace, "digits-sweep").get_runs(include_children=True))
    assert len(runs) == 1 + 2 * 2 * 2 * 2
    assert {run.get_status() for run in runs} == {"Completed"}
    assert re.match(
        r"lr 0\.001, width \d+, alpha [\d.e-]+: \d\d\.\d% in run", executed.printed("best")
    )
    for parameter in ("lr", "width", "alpha", "seed"):
        assert parameter in executed.text("differences")
    assert "image/png" in executed.bundles("bands")[-1]
    (watched,), (itself,) = executed.bundles("list"), executed.bundles("itself")
    assert "accuracy (best)" in watched["text/html"]
    assert "17 Completed" in watched["text/html"]
    assert "1 Completed" in itself["text/plain"]
