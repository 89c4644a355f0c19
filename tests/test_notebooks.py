"""The notebooks run from top to bottom and show what they say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from run_widgets import Experiment, Run, Workspace

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


class Executed:
    """A notebook after it ran, its outputs by the id of their cell."""

    def __init__(self, notebook: nbformat.NotebookNode) -> None:
        self._cells = {cell["id"]: cell for cell in notebook.cells}

    def bundles(self, cell: str) -> list[dict[str, str]]:
        return [output.data for output in self._cells[cell].outputs if "data" in output]

    def result(self, cell: str) -> str:
        return self.bundles(cell)[-1]["text/plain"]

    def printed(self, cell: str) -> str:
        outputs = self._cells[cell].outputs
        return "".join(output.text for output in outputs if output.get("name") == "stdout")


def execute(name: str, folder: Path, **parameters: int) -> tuple[Executed, Workspace]:
    """Run a notebook in `folder`, with a workspace there; a cell that fails is an error here."""
    workspace = Workspace(folder / ".run-widgets")
    workspace.store.create_workspace()
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = "\n".join(f"{key} = {value}" for key, value in parameters.items())
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return Executed(notebook), workspace


def only_run(workspace: Workspace, experiment: str) -> Run:
    (run,) = Experiment(workspace, experiment).get_runs()
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
    executed, workspace = execute("model-logging.ipynb", tmp_path)

    run = only_run(workspace, "model-logging")
    metrics = ast.literal_eval(executed.result("metrics"))
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
    fibonacci = executed.result("one-metric")
    assert fibonacci == "[0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]"

    names = ast.literal_eval(executed.result("file-names"))
    assert re.fullmatch(r"Hyperbolic Tangent_\d+\.png", names[0])
    assert names[1:] == ["outputs/metrics.txt"]
    assert executed.printed("download") == "accuracy: 0.97\nloss: 0.08\n\n"

    # IPython indents the lines of what is in a list.
    listed = f"[Run(Experiment: model-logging,\n Id: {run.id},\n Type: None,\n Status: Completed)]"
    assert executed.result("by-tag") == listed
    assert executed.result("by-property") == listed

    (panel,) = executed.bundles("panel")
    assert "application/vnd.jupyter.widget-view+json" not in panel
    assert "Sigmoid" in panel["text/html"]
    assert "Completed" in panel["text/html"]


def test_watch_training_learns_and_reports_it(tmp_path: Path) -> None:
    executed, workspace = execute("watch-training.ipynb", tmp_path, epochs=12, picture_every=4)

    run = only_run(workspace, "watch-training")
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
    executed, workspace = execute(
        "compare-runs.ipynb", tmp_path, seeds=2, epochs=4, max_concurrent=2
    )

    runs = list(Experiment(workspace, "digits-sweep").get_runs(include_children=True))
    assert len(runs) == 1 + 2 * 2 * 2 * 2
    assert {run.get_status() for run in runs} == {"Completed"}
    assert re.match(
        r"lr 0\.001, width \d+, alpha [\d.e-]+: \d\d\.\d% in run", executed.printed("best")
    )
    for parameter in ("lr", "width", "alpha", "seed"):
        assert parameter in executed.result("differences")
    assert "image/png" in executed.bundles("bands")[-1]
    (watched,), (itself,) = executed.bundles("list"), executed.bundles("itself")
    assert "accuracy (best)" in watched["text/html"]
    assert "17 Completed" in watched["text/html"]
    assert "1 Completed" in itself["text/plain"]
