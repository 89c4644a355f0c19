"""A run, run again: what it does, and whether it gave the same."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import run_widgets
from run_widgets import (
    Experiment,
    NotebookRunConfig,
    Run,
    RunDetails,
    ScriptRunConfig,
    Workspace,
)
from run_widgets.errors import SubmitError
from run_widgets.portal.shelf import Shelf
from run_widgets.reading.metrics import gather
from run_widgets.reading.replay import Replay, Verdict, compare, reports

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(Workspace(tmp_path / "workspace"), "e")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let processes that start in other folders import this package."""
    place = str(Path(run_widgets.__file__).parent.parent)
    monkeypatch.setenv("PYTHONPATH", place)
    return dict(os.environ)


# -- the comparison -----------------------------------------------------------------------


def logged(experiment: Experiment, log: Callable[[Run], None]) -> str:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    log(run)
    run.complete()
    return run.id


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([0.1, 0.2], [0.1, 0.2], Verdict.BITWISE),
        ([math.nan, math.inf], [math.nan, math.inf], Verdict.BITWISE),
        ([1.0], [1.0 + 1e-9], Verdict.WITHIN_TOLERANCE),
        ([0.0], [1e-10], Verdict.WITHIN_TOLERANCE),
        ([1], [1.0], Verdict.WITHIN_TOLERANCE),
        ([1.0], [1.001], Verdict.DIFFERENT),
        ([1.0, 2.0], [1.0], Verdict.DIFFERENT),
        ([1.0], [math.nan], Verdict.DIFFERENT),
        ([math.inf], [1e300], Verdict.DIFFERENT),
        ([math.inf], [-math.inf], Verdict.DIFFERENT),
        (["a"], ["a"], Verdict.BITWISE),
        (["a"], ["b"], Verdict.DIFFERENT),
        ([True], [1], Verdict.DIFFERENT),
        ([None, 1.0], [None, 1.0 + 1e-9], Verdict.WITHIN_TOLERANCE),
        ([2**70], [2**70], Verdict.BITWISE),
        ([1.0], [], Verdict.MISSING),
        ([], [1.0], Verdict.NEW),
    ],
)
def test_each_metric_has_its_verdict(
    first: list[Any], second: list[Any], verdict: Verdict, experiment: Experiment
) -> None:
    ids = [
        logged(experiment, lambda run, values=values: [run.log("m", v) for v in values] and None)
        for values in (first, second)
    ]

    report = compare(experiment.workspace.store, *ids)

    assert [metric.verdict for metric in report.metrics] == [verdict]
    assert bool(report) == (verdict in (Verdict.BITWISE, Verdict.WITHIN_TOLERANCE))


def test_lists_rows_and_tables_are_compared_by_value_and_pictures_by_number(
    experiment: Experiment, tmp_path: Path
) -> None:
    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")

    def log(run: Run, change: float) -> None:
        run.log_list("list", [1.0, 2.0 + change])
        run.log_row("row", a=1.0 + change, b="x")
        run.log_table("table", {"a": [1.0, 2.0], "b": ["x", "y"]})
        run.log_image("image", tmp_path / "a.svg")
        run.log("system/cpu_percent", change)

    ids = [logged(experiment, lambda run, c=c: log(run, c)) for c in (0.0, 1e-8)]

    report = compare(experiment.workspace.store, *ids)
    strict = compare(experiment.workspace.store, *ids, rtol=0, atol=0)

    assert {m.name: m.verdict for m in report.metrics} == {
        "list": Verdict.WITHIN_TOLERANCE,
        "row": Verdict.WITHIN_TOLERANCE,
        "table": Verdict.BITWISE,
        "image": Verdict.BITWISE,
    }
    assert report
    assert not strict
    assert "list   within tolerance (by 5e-09 at the most)" in str(report)


def test_a_report_reads_well_and_shows_hostile_names_as_text(experiment: Experiment) -> None:
    hostile = "<script>alert(1)</script>"
    ids = [
        logged(experiment, lambda run, v=value: run.log_metrics({"loss": v, hostile: v}))
        for value in (0.5, 0.6)
    ]

    report = compare(experiment.workspace.store, *ids)

    assert report.headline == "2 metrics different"
    assert "different (by 0.17 at the most): 0.5 → 0.6" in str(report)
    assert "<script" not in report._repr_html_()


# -- running again ------------------------------------------------------------------------


SCRIPT = """
import os, random, sys
from run_widgets import Run
run = Run.get_context()
random.seed(1)
for step in range(5):
    run.log("seeded", random.random())
run.log("argument", float(sys.argv[1]))
run.log("pid", os.getpid())
run.log("path", os.environ["SETTING"])
open("outputs/a.txt", "w").write("1")
"""


def test_a_submitted_script_is_run_again_from_its_snapshot(
    experiment: Experiment, source: Path
) -> None:
    (source / "train.py").write_text(SCRIPT)
    config = ScriptRunConfig(
        source, "train.py", [0.25], environment_variables={"SETTING": "as it was"}
    )
    first = experiment.submit(config, tags={"a": "b"})
    first.wait_for_completion()
    shutil.rmtree(source)

    replay = first.replay(tags={"again": "1"})
    report = replay.report()

    assert {m.name: m.verdict for m in report.metrics} == {
        "seeded": Verdict.BITWISE,
        "argument": Verdict.BITWISE,
        "pid": Verdict.DIFFERENT,
        "path": Verdict.BITWISE,
    }
    assert not report
    again = replay.run
    assert again.id != first.id
    assert again.properties["run_widgets.replay_of"] == first.id
    assert again.get_tags() == {"again": "1"}
    assert again.get_snapshot_id() == first.get_snapshot_id()
    assert again.get_details()["runDefinition"] == first.get_details()["runDefinition"]
    assert (again.folder / "snapshot.zip").samefile(first.folder / "snapshot.zip")
    assert "outputs/a.txt" in again.get_file_names()


def test_a_replay_that_fails_is_told(experiment: Experiment, source: Path) -> None:
    (source / "train.py").write_text("import os; os.environ['SECRET_KEY']")
    config = ScriptRunConfig(source, "train.py", environment_variables={"SECRET_KEY": "hunter2"})
    first = experiment.submit(config)
    first.wait_for_completion()

    without = first.replay().report()
    given = first.replay(environment_variables={"SECRET_KEY": "hunter2"}).report()

    assert not without
    assert without.headline == "the replay is Failed"
    assert given
    assert given.headline == "no metrics"


def write_notebook(path: Path, *cells: str) -> None:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(made, path)


def test_a_notebook_is_run_again_also_with_other_parameters(
    experiment: Experiment, source: Path
) -> None:
    write_notebook(
        source / "n.ipynb", "from run_widgets import Run\nRun.get_context().log('twice', 2 * x)"
    )
    first = experiment.submit(NotebookRunConfig(source, "n.ipynb", parameters={"x": 2}))
    first.wait_for_completion()

    same = first.replay().report()
    other = first.replay(x=3).report()

    assert same
    assert [m.verdict for m in same.metrics] == [Verdict.BITWISE]
    assert [(m.before, m.after) for m in other.metrics] == [("4", "6")]


def test_parameters_that_no_notebook_can_have_are_refused(
    experiment: Experiment, source: Path
) -> None:
    nbformat.write(nbformat.v4.new_notebook(), source / "n.ipynb")
    run = experiment.submit(NotebookRunConfig(source, "n.ipynb"))
    run.wait_for_completion()

    with pytest.raises(SubmitError, match="'1a' is not a name"):
        run.replay(**{"1a": 1})
    with pytest.raises(SubmitError, match="'class' is not a name"):
        run.replay(**{"class": 1})
    with pytest.raises(SubmitError, match="'x' must be of a JSON type"):
        run.replay(x={1})


def test_a_run_started_in_a_notebook_is_run_again_by_its_cells(
    experiment: Experiment, source: Path, anywhere: dict[str, str]
) -> None:
    cells = [
        "import random\nrandom.seed(3)\nfactor = 2",
        "1 / 0",
        "from run_widgets import Experiment, Workspace\n"
        f"run = Experiment(Workspace({str(experiment.workspace.path)!r}), 'e').start_logging()",
        "run.log('a', factor * random.random()); run.get_snapshot_id()",
        "run.complete()",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(
        made,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(source)}},
    ).execute()
    (first,) = experiment.get_runs()

    replay = first.replay()
    report = replay.report()

    assert report, str(report)
    assert [(m.name, m.verdict) for m in report.metrics] == [("a", Verdict.BITWISE)]
    assert report.replay == replay.counterpart().id != replay.run.id
    assert "outputs/notebook.ipynb" in replay.run.get_file_names()


def test_a_script_that_starts_its_own_run_is_run_again(
    experiment: Experiment, source: Path, anywhere: dict[str, str]
) -> None:
    (source / "train.py").write_text(
        "import sys\nfrom run_widgets import Experiment, Workspace\n"
        "with Experiment(Workspace(sys.argv[1]), 'e').start_logging() as run:\n"
        "    run.log('a', float(sys.argv[2]))\n    run.get_snapshot_id()\n"
    )
    command = [sys.executable, "train.py", str(experiment.workspace.path), "0.5"]
    subprocess.run(command, cwd=source, check=True, env=anywhere)
    (first,) = experiment.get_runs()

    report = first.replay().report()

    assert report, str(report)
    assert report.headline == "1 metric bitwise"


def test_a_script_that_replays_its_own_run_does_so_once(
    experiment: Experiment, source: Path, anywhere: dict[str, str]
) -> None:
    (source / "train.py").write_text(
        "import sys\nfrom run_widgets import Experiment, Workspace\n"
        "with Experiment(Workspace(sys.argv[1]), 'e').start_logging() as run:\n    run.replay()\n"
    )
    command = [sys.executable, "train.py", str(experiment.workspace.path)]
    subprocess.run(command, cwd=source, check=True, env=anywhere)

    replay = Run(experiment, 2)
    replay.wait_for_completion(raise_on_error=False)

    assert "without end" in replay.get_details()["error"]["error"]["message"]
    assert sorted(run.number for run in experiment.get_runs()) == [1, 2, 3]


def test_a_run_that_nobody_can_run_again_says_why(
    experiment: Experiment, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source)
    run = experiment.start_logging(snapshot_directory=None)
    run.complete()
    with pytest.raises(SubmitError, match="started by hand or from a file outside"):
        run.replay()

    (source / "train.py").write_text("")
    submitted = experiment.submit(ScriptRunConfig(source, "train.py"))
    submitted.wait_for_completion()
    with pytest.raises(SubmitError, match="has no parameters to change"):
        submitted.replay(x=1)
    (submitted.folder / "snapshot.zip").unlink()
    assert "what its source folder holds now was run" in str(submitted.replay().report())
    shutil.rmtree(source)
    with pytest.raises(SubmitError, match=r"has no snapshot, and .* is gone"):
        submitted.replay()


# -- in the panel ---------------------------------------------------------------------------


SLOW = """
import sys, time
from pathlib import Path
from run_widgets import Run
run = Run.get_context()
gate = Path(sys.argv[1])
for step in range(20):
    if step == 10:
        while gate.exists():
            time.sleep(0.05)
    run.log("loss", 1 / (1 + step))
run.log("pid", __import__("os").getpid())
"""


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_replay_s_panel_has_the_first_run_behind_it_and_its_verdicts_live(
    experiment: Experiment, source: Path
) -> None:
    (source / "train.py").write_text(SLOW)
    gate = source.parent / "gate"
    first = experiment.submit(ScriptRunConfig(source, "train.py", [gate]))
    first.wait_for_completion()
    gate.touch()
    again = first.replay().run
    panel = RunDetails(again)

    def is_half_way() -> bool:
        panel.tick()
        return [m["text"] for m in panel.metrics] == ["Vector[10]"]

    wait_for(is_half_way)
    panel._reading.original._due = 0.0  # what pace it has is not the question
    panel.tick()
    assert panel.original is not None
    assert panel.original["outcome"] == "going"
    assert panel.original["headline"] == "so far 1 of 2 metrics bitwise, 1 not yet"
    (behind,) = [line for line in panel.behind if line["chart"] == "loss"]
    assert behind["line"] == "loss"
    assert np.frombuffer(behind["y"]).tolist() == [1 / (1 + step) for step in range(20)]
    gate.unlink()
    again.wait_for_completion()
    panel.tick()

    assert panel.original["run_id"] == first.id
    assert panel.original["outcome"] == "different"
    assert {m["name"]: m["verdict"] for m in panel.original["metrics"]} == {
        "loss": "bitwise",
        "pid": "different",
    }
    assert RunDetails(first).original is None


def test_the_pages_tell_of_the_first_run_once(experiment: Experiment, source: Path) -> None:
    (source / "train.py").write_text(SCRIPT)
    config = ScriptRunConfig(source, "train.py", [1], environment_variables={"SETTING": "x"})
    first = experiment.submit(config)
    first.wait_for_completion()
    again = first.replay().run
    again.wait_for_completion()
    shelf = Shelf([experiment.workspace.path])
    whole = shelf.panel(again.id, None, "")

    news = shelf.panel(again.id, None, whole["seen"])

    assert whole["original"]["run_id"] == first.id
    assert "seeded" in [line["chart"] for line in whole["behind"]]
    assert news["original"] == whole["original"]
    assert news["behind"] is None
    shelf.close()


def test_a_first_run_that_is_gone_is_said_and_the_panel_goes_on(
    experiment: Experiment, source: Path
) -> None:
    (source / "train.py").write_text("from run_widgets import Run\nRun.get_context().log('a', 1)")
    first = experiment.submit(ScriptRunConfig(source, "train.py"))
    first.wait_for_completion()
    again = first.replay().run
    again.wait_for_completion()
    first.delete()

    panel = RunDetails(again)

    assert panel.original is not None
    assert panel.original["outcome"] == "gone"
    assert [m["name"] for m in panel.metrics] == ["a"]
    assert panel.problem == ""


def test_a_script_that_starts_its_own_run_is_compared_by_that_one(
    experiment: Experiment, source: Path
) -> None:
    (source / "own.py").write_text(
        "import run_widgets\n"
        f"workspace = run_widgets.Workspace({str(experiment.workspace.path)!r})\n"
        f"with run_widgets.Experiment(workspace, {experiment.name!r}).start_logging() as run:\n"
        "    for step in range(3):\n"
        "        run.log('loss', step)\n"
    )
    subprocess.run([sys.executable, "own.py"], cwd=source, check=True)
    (first,) = experiment.get_runs()
    report = (replay := first.replay()).report()
    started = Replay(first, replay.run).counterpart()

    panels = [RunDetails(replay.run), RunDetails(started)]

    assert report
    assert panels[0].original is not None
    assert (
        panels[0].original["note"] == f"compared with run {started.number}, which this one started"
    )
    assert [panel.original["outcome"] for panel in panels] == ["reproduced", "reproduced"]
    assert [line["line"] for line in panels[1].behind] == ["loss"]


def log(text: dict[str, Any], experiment: Experiment) -> Run:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    for name, values in text.items():
        for value in values:
            if isinstance(value, dict):
                run.log_row(name, **value)
            else:
                run.log(name, value)
    run.complete()
    return run


@pytest.mark.parametrize(
    ("first", "so_far", "verdict"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0], Verdict.BITWISE),
        ([1.0, 2.0, 3.0], [1.0], Verdict.BITWISE),
        ([1.0, 2.0, 3.0], [1.0, 2.0000001], Verdict.WITHIN_TOLERANCE),
        ([1.0, 2.0], [1.0, 2.5], Verdict.DIFFERENT),
        ([1.0], [1.0, 2.0], Verdict.DIFFERENT),
        ([5], [3], Verdict.DIFFERENT),
        ([{"a": 1}, {"a": 2}], [{"a": 1}], Verdict.BITWISE),
        ([{"a": 1}, {"a": 2}], [{"a": 3}], Verdict.DIFFERENT),
        ([1.0, 2.0], [], Verdict.PENDING),
        ([], [1.0], Verdict.NEW),
    ],
)
def test_of_a_replay_that_goes_on_as_much_is_compared_as_there_is(
    first: list[Any], so_far: list[Any], verdict: Verdict, experiment: Experiment
) -> None:
    runs = log({"m": first}, experiment), log({"m": so_far}, experiment)
    before, after = (gather(run.store.follow(run.id)) for run in runs)

    (report,) = reports(before, after, so_far=True)

    assert report.verdict is verdict
