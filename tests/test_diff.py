"""What differs between two runs, as data, text and HTML."""

from __future__ import annotations

import json
import os
import zipfile
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from run_widgets import Experiment, Run, Workspace
from run_widgets.comparing.diff import (
    DIFF_MIME,
    MAX_TOLD,
    Difference,
    FileChange,
    code_changes,
    told_changes,
)
from run_widgets.errors import RunNotFound, SnapshotError
from run_widgets.panel.diff_view import LiveDiff
from run_widgets.panel.poll import News

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(Workspace(tmp_path / "workspace"), "e")


def start(experiment: Experiment, **options: object) -> Run:
    run = experiment.start_logging(outputs=False, **options)  # type: ignore[arg-type]
    run.get_snapshot_id()
    return run


def test_the_same_twice_is_no_difference(project: Path, experiment: Experiment) -> None:
    (project / "a.py").write_text("x = 1\n")
    first, second = start(experiment), start(experiment)
    for run in (first, second):
        run.log("a", float("nan"))
        run.log_list("b", [1, "x", None])
        run.log_table("c", {"d": [1, 2]})

    found = first.diff(second)

    assert not found
    assert "no difference" in str(found)
    assert "no difference" in found._repr_html_()


def test_everything_that_differs_is_told(project: Path, experiment: Experiment) -> None:
    (project / "train.py").write_text("lr = 0.1\nsteps = 10\n")
    (project / "old.py").write_text("old\n")
    (project / "data.bin").write_bytes(b"\0\1")
    first = start(experiment, tags={"model": "a", "only": "here"})
    (project / "train.py").write_text("lr = 0.2\nsteps = 10\n")
    (project / "old.py").unlink()
    (project / "new.py").write_text("new\n")
    (project / "data.bin").write_bytes(b"\0\2")
    second = start(experiment, tags={"model": "b", "label": None})
    first.log("loss", 0.5)
    for value in (1, 2):
        second.log("loss", value)
    first.log("same", 1)
    second.log("same", 1)

    found = first.diff(second.id)

    assert [(c.path, c.kind, c.note) for c in found.code] == [
        ("data.bin", "changed", "not a text"),
        ("new.py", "added", ""),
        ("old.py", "removed", ""),
        ("train.py", "changed", ""),
    ]
    assert found.code[-1].diff == "@@ -1,2 +1,2 @@\n-lr = 0.1\n+lr = 0.2\n steps = 10"
    assert list(found.facts) == [
        Difference("tags", "label", "–", ""),
        Difference("tags", "model", "a", "b"),
        Difference("tags", "only", "here", "–"),
        Difference("metrics", "loss", "0.5", "2 values, last 2"),
    ]
    assert "-lr = 0.1" in str(found)
    assert "loss: 0.5 → 2 values, last 2" in str(found)


def test_options_are_compared_one_by_one(project: Path, experiment: Experiment) -> None:
    first, second = start(experiment), start(experiment)
    store = experiment.workspace.store
    for run, arguments in (
        (first, ["--lr", "-0.1", "--name=a", "--flag", "-n", "1", "2"]),
        (second, ["--lr", "-0.2", "--name=a", "-n", "1", "2"]),
    ):
        store.update_run(run.id, lambda known, a=arguments: known.update(arguments=a))

    found = first.diff(second)

    assert [f for f in found.facts if f.section == "arguments"] == [
        Difference("arguments", "--flag", "True", "–"),
        Difference("arguments", "--lr", "-0.1", "-0.2"),
    ]


def test_packages_that_differ_are_named(project: Path, experiment: Experiment) -> None:
    first, second = start(experiment), start(experiment)
    known = json.loads((second.folder / "environment.json").read_text())
    known["packages"]["numpy"] = "0.0"
    known["python"] = "2.7"
    (second.folder / "environment.json").write_text(json.dumps(known))

    names = {f.name: f.after for f in first.diff(second).facts if f.section == "environment"}

    assert names == {"numpy": "0.0", "python": "2.7"}


def test_notebooks_are_compared_by_their_cells(project: Path, experiment: Experiment) -> None:
    def write(source: str, output: str) -> None:
        cell = {"cell_type": "code", "source": [source], "outputs": [output]}
        text = {"cell_type": "markdown", "source": "# title"}
        (project / "n.ipynb").write_text(json.dumps({"cells": [text, cell]}))

    write("x = 1", "a")
    first = start(experiment)
    write("x = 2", "b")
    second = start(experiment)

    (change,) = first.diff(second).code

    assert change.diff.splitlines()[1:] == [
        " # %% [markdown]",
        " # title",
        " # %%",
        "-x = 1",
        "+x = 2",
    ]


def test_a_run_without_a_snapshot_is_compared_in_the_rest(
    project: Path, experiment: Experiment
) -> None:
    first, second = start(experiment, snapshot_directory=None), start(experiment)
    first.log("a", 1)

    found = first.diff(second)

    assert f"run '{first.id}' has no snapshot" in found.note
    assert found.facts[-1] == Difference("metrics", "a", "1", "–")
    with pytest.raises(RunNotFound):
        first.diff("nobody")


def test_hostile_names_and_contents_are_text_in_the_html(
    project: Path, experiment: Experiment
) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    (project / "a.py").write_text(hostile + "\n")
    first = start(experiment)
    (project / "a.py").write_text("")
    (project / f"{hostile.replace('/', '')}.py").write_text(hostile)
    second = start(experiment, tags={hostile: hostile})
    second.log(hostile, hostile)

    shown = first.diff(second)._repr_html_()

    assert "<img" not in shown
    assert "&lt;img" in shown


def test_huge_and_damaged_archives_are_bounded(tmp_path: Path) -> None:
    for name, content in (("a", b"x" * 3_000_000), ("b", b"y" * 3_000_000)):
        (tmp_path / name).mkdir()
        with zipfile.ZipFile(tmp_path / name / "snapshot.zip", "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("big.txt", content)
    one, two = (tmp_path / name / "snapshot.zip" for name in ("a", "b"))

    (change,) = code_changes(one, two)
    whole = two.read_bytes()
    two.write_bytes(whole[: len(whole) // 2])

    assert (change.path, change.note, change.diff) == ("big.txt", "3.0 MB: not shown", "")
    with pytest.raises(SnapshotError, match="cannot be compared"):
        code_changes(one, two)


def test_files_of_the_run_s_folder_may_be_anything(project: Path, experiment: Experiment) -> None:
    first, second = start(experiment), start(experiment)
    for name in ("environment.json", "notebook.ipynb"):
        (second.folder / name).unlink(missing_ok=True)
        os.mkfifo(second.folder / name)
    (first.folder / "environment.json").write_text("[" * 100_000)
    (first.folder / "notebook.ipynb").write_text('{"cells": 7}')

    found = first.diff(second)

    assert [change.path for change in found.code] == ["notebook.ipynb, as executed"]


def test_a_page_is_told_as_much_of_changed_code_as_it_can_show() -> None:
    lone = "half \ud800 a pair"
    long = FileChange("long.py", "changed", "+" * (MAX_TOLD + 1))

    told = told_changes([FileChange(lone, "added", f"+{lone}"), long], f"note {lone}")

    json.dumps(told, ensure_ascii=False).encode()  # Unicode, all of it
    assert told["total"] == 2
    first, second = told["files"]  # type: ignore[misc]
    assert first["diff"] == "+half ? a pair"
    assert len(first["diff"]) + len(second["diff"]) == MAX_TOLD
    assert second["note"] == "the rest is too long to be shown"


# -- as an output ---------------------------------------------------------------------------


def test_an_output_has_all_lines_of_what_differs_and_is_strict_json(
    project: Path, experiment: Experiment
) -> None:
    lines = [f"line {n}\n" for n in range(100)]
    (project / "long.py").write_text("".join(lines))
    first = start(experiment)
    (project / "long.py").write_text("".join([*lines[:50], "new \U0001f680\n", *lines[51:]]))
    second = start(experiment)

    diff = first.diff(second)
    output = diff._repr_mimebundle_()[DIFF_MIME]

    assert json.loads(json.dumps(output, allow_nan=False)) == output
    (file,) = output["files"]
    shown = file["diff"].splitlines()
    assert [line for line in shown if line[0] != " "] == ["-line 50", "+new \U0001f680"]
    assert len(shown) == 101
    assert [side["run_id"] for side in output["runs"]] == [first.id, second.id]
    assert [side["title"] for side in output["runs"]] == ["e/1", "e/2"]
    assert "whole" not in diff.as_dict()["code"][0]


def test_an_output_is_bounded_whatever_has_changed(project: Path, experiment: Experiment) -> None:
    for n in range(40):
        (project / f"{n}.txt").write_text("".join(f"{n} {i}\n" for i in range(10_000)))
    first = start(experiment)
    for n in range(40):
        (project / f"{n}.txt").write_text("".join(f"{n} {i} new\n" for i in range(10_000)))
    second = start(experiment)

    output = first.diff(second)._repr_mimebundle_()[DIFF_MIME]

    assert len(json.dumps(output)) < 1.3 * 2**20
    assert len(output["files"]) == 40
    assert output["files"][-1]["note"] == "the rest is too long to be shown"


class Shown:
    """Stands in for the display of a notebook: keeps what it was last given."""

    def __init__(self) -> None:
        self.bundles: list[dict[str, Any]] = []

    def update(self, bundle: dict[str, Any], *, raw: bool) -> None:
        assert raw
        self.bundles.append(bundle)


def test_a_difference_is_kept_true_until_both_runs_have_ended(
    project: Path, experiment: Experiment
) -> None:
    first = start(experiment)
    first.complete()
    second = experiment.start_logging(outputs=False, snapshot_directory=None)
    handle = Shown()
    live = LiveDiff(first.diff(second), handle)  # type: ignore[arg-type]

    found = [live.look()]
    second.log("loss", 0.25)
    found.append(live.look())
    second.complete()
    found.append(live.look())

    assert found == [News.NONE, News.SOME, News.LAST]
    told = [bundle[DIFF_MIME] for bundle in handle.bundles]
    assert [fact["after"] for fact in told[0]["facts"] if fact["name"] == "loss"] == ["0.25"]
    assert [side["status"] for side in told[-1]["runs"]] == ["Completed", "Completed"]


def test_a_notebook_keeps_the_newest_difference(tmp_path: Path) -> None:
    cells = (
        "import threading\n"
        "from run_widgets import Experiment, Workspace\n"
        f"experiment = Experiment(Workspace({str(tmp_path / 'workspace')!r}), 'e')\n"
        "first, second = (\n"
        "    experiment.start_logging(outputs=False, snapshot_directory=None) for _ in range(2)\n"
        ")\n"
        "first.complete()\n"
        "first.diff(second).show()",
        "second.log('loss', 0.25)\n"
        "second.complete()\n"
        "for thread in threading.enumerate():\n"
        "    if thread.name == 'run-widgets diff':\n"
        "        thread.join(30)",
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])

    NotebookClient(notebook, kernel_name="python3").execute()

    (output,) = notebook.cells[0].outputs
    told = output.data[DIFF_MIME]
    assert [fact["after"] for fact in told["facts"] if fact["name"] == "loss"] == ["0.25"]
    assert [side["status"] for side in told["runs"]] == ["Completed", "Completed"]
    assert "loss" in output.data["text/plain"]
    assert "<td" in output.data["text/html"]
