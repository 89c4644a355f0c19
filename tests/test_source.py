"""What a run keeps of where it was started: in the background, and never in its way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from typing import TYPE_CHECKING

import nbformat
import pytest

from run_widgets import Experiment, Workspace
from run_widgets.errors import SnapshotError
from run_widgets.source import snapshot
from run_widgets.supervisor.plan import Plan
from run_widgets.tracking.background import Background, background

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(Workspace(tmp_path / "workspace"), "e")


def test_a_run_keeps_its_source_and_shares_it_with_the_next(
    project: Path, experiment: Experiment
) -> None:
    first, second = experiment.start_logging(), experiment.start_logging()
    (project / "outputs/model.txt").write_text("x")
    first.complete()
    second.complete()

    assert first.get_snapshot_id() == second.get_snapshot_id() is not None
    archive = first.folder / "snapshot.zip"
    assert zipfile.ZipFile(archive).namelist() == ["train.py"]
    assert archive.samefile(second.folder / "snapshot.zip")
    environment = json.loads((first.folder / "environment.json").read_text())
    assert environment["packages"]["numpy"]
    assert first.get_file_names() == ["outputs/model.txt"]


def test_a_run_s_folder_is_complete_on_its_own(
    project: Path, experiment: Experiment, tmp_path: Path
) -> None:
    run = experiment.start_logging()
    run.complete()
    run.get_snapshot_id()
    moved = tmp_path / "moved"
    subprocess.run(["cp", "-r", run.folder, moved], check=True)

    assert snapshot.restore(moved / "snapshot.zip", tmp_path / "back")
    assert (tmp_path / "back/train.py").read_text() == "print(1)\n"


def test_the_workspace_in_the_folder_is_not_in_the_snapshot(project: Path) -> None:
    experiment = Experiment(Workspace(project / ".run-widgets"), "e")
    experiment.start_logging().complete()
    run = experiment.start_logging()

    run.get_snapshot_id()

    assert zipfile.ZipFile(run.folder / "snapshot.zip").namelist() == ["train.py"]


def test_without_a_snapshot_there_is_none(project: Path, experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)

    assert run.get_snapshot_id() is None
    assert not (run.folder / "snapshot.zip").exists()
    assert not (run.folder / "notebook.ipynb").exists()
    with pytest.raises(SnapshotError, match="has no snapshot"):
        run.restore_snapshot()


def test_starting_a_run_does_not_wait_for_its_snapshot(
    project: Path, experiment: Experiment
) -> None:
    for n in range(2000):
        (project / f"{n}.py").write_text("x = 1\n" * 200)
    experiment.start_logging().get_snapshot_id()  # what is imported once
    (project / "new.py").write_text("1")

    start = time.perf_counter()
    run = experiment.start_logging()
    seconds = time.perf_counter() - start

    assert seconds < 0.05
    assert run.get_snapshot_id() is not None


def test_many_runs_of_one_folder_take_few_snapshots(project: Path, experiment: Experiment) -> None:
    runs = [experiment.start_logging(outputs=False) for _ in range(50)]

    assert len({run.get_snapshot_id() for run in runs}) == 1
    assert all((run.folder / "snapshot.zip").exists() for run in runs)


def test_a_folder_too_large_is_no_trouble_and_said(
    project: Path, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_WIDGETS_SNAPSHOT_MAX_BYTES", "100")
    (project / "data.bin").write_bytes(bytes(1000))
    with experiment.start_logging() as run:
        run.log("a", 1)

    assert run.get_snapshot_id() is None
    assert run.status == "Completed"
    assert "'data.bin'" in str(run.get_properties()["run_widgets.no_snapshot"])


def test_a_home_folder_is_nobody_s_source(
    project: Path, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(project))
    run = experiment.start_logging()

    assert run.get_snapshot_id() is None
    assert "not the folder of one project" in str(run.get_properties()["run_widgets.no_snapshot"])


def test_a_folder_that_is_not_there_is_no_trouble(project: Path, experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=project / "nowhere")

    assert run.get_snapshot_id() is None
    assert "No such file" in str(run.get_properties()["run_widgets.no_snapshot"])


def test_a_snapshot_can_be_taken_once_by_hand(project: Path, experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)

    taken = run.take_snapshot("train.py")

    assert run.get_snapshot_id() == taken
    with pytest.raises(SnapshotError, match=f"has a snapshot already: {taken}"):
        run.take_snapshot(".")


def test_a_snapshot_comes_back_as_a_zip(
    project: Path, experiment: Experiment, tmp_path: Path
) -> None:
    run = experiment.start_logging()
    other = experiment.start_logging(snapshot_directory=None)
    taken = run.get_snapshot_id()

    path = run.restore_snapshot(path=tmp_path / "new/folder")
    same = other.restore_snapshot(taken)

    assert path == str(tmp_path / f"new/folder/{taken}.zip")
    for place in (path, same):
        assert zipfile.ZipFile(place).namelist() == ["train.py"]
    for wrong in ("../../etc/passwd", "0" * 64, ""):
        with pytest.raises(SnapshotError):
            other.restore_snapshot(wrong)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_facts_become_properties_without_credentials(
    project: Path, experiment: Experiment
) -> None:
    for command in (
        ["init", "-q", "-b", "main"],
        ["remote", "add", "origin", "https://ann:secret@example.org/a.git"],
    ):
        subprocess.run(["git", *command], check=True, cwd=project)
    run = experiment.start_logging(properties={"azureml.git.branch": "mine"})
    run.get_snapshot_id()

    properties = run.get_properties()
    assert properties["azureml.git.repository_uri"] == "https://example.org/a.git"
    assert properties["azureml.git.branch"] == "mine"
    assert properties["mlflow.source.git.branch"] == "main"


SCRIPT = """
import sys
from run_widgets import Experiment, Workspace
run = Experiment(Workspace(sys.argv[1]), "e").start_logging(run_id="r")
run.complete()
"""


def test_a_script_that_ends_at_once_has_its_snapshot_and_how_to_run_it_again(
    project: Path, experiment: Experiment
) -> None:
    (project / "train.py").write_text(SCRIPT)
    options = ["--lr", "1", "--api-token", "tell-nobody", "--password=hunter2"]
    options += ["--max-tokens", "512", "--name=two words", "--fast"]
    command = [sys.executable, "train.py", str(experiment.workspace.path), *options]
    subprocess.run(command, check=True, env={**os.environ, **python_path()})

    run = experiment.workspace.get_run("r")
    assert run.get_snapshot_id() is not None
    plan = Plan.read(run.folder)
    assert plan.command == (sys.executable, *command[1:])
    assert plan.source == str(project)
    options[3:5] = ["***", "--password=***"]
    assert run._record.script == "train.py"
    assert run._record.arguments == (str(experiment.workspace.path), *options)


NOTEBOOK_CELLS = [
    "import sys\nx = 40",
    "from run_widgets import Experiment, Workspace\n"
    "run = Experiment(Workspace(WORKSPACE), 'e').start_logging(run_id='r')",
    "x += 1\nrun.log('x', x)",
    "password = 'hunter2'\nrun.get_snapshot_id()",
    "run.complete()",
    "after = 1",
]


def test_a_run_in_a_notebook_keeps_the_notebook(
    project: Path, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbclient import NotebookClient

    for name, value in python_path().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ann/mine.ipynb")
    made = nbformat.v4.new_notebook()
    for code in NOTEBOOK_CELLS:
        code = code.replace("WORKSPACE", repr(str(experiment.workspace.path)))
        made.cells.append(nbformat.v4.new_code_cell(code))
    NotebookClient(
        made, kernel_name="python3", resources={"metadata": {"path": str(project)}}
    ).execute()

    run = experiment.workspace.get_run("r")
    kept = nbformat.read(run.folder / "notebook.ipynb", as_version=4)
    nbformat.validate(kept)
    assert [cell.source.splitlines()[0] for cell in kept.cells] == [
        "import sys",
        "from run_widgets import Experiment, Workspace",
        "x += 1",
        "password = '***'",
        "run.complete()",
    ]
    assert kept.metadata["run_widgets"]["notebook"] == "mine.ipynb"
    assert Plan.read(run.folder).notebook == {
        "path": "notebook.ipynb",
        "output": "outputs/mine.ipynb",
        "parameters": {},
    }


def python_path() -> dict[str, str]:
    import run_widgets

    return {"PYTHONPATH": os.path.dirname(os.path.dirname(run_widgets.__file__))}


# -- the thread ----------------------------------------------------------------------------


def test_work_of_one_key_is_done_once_for_all_that_wait() -> None:
    worker = Background()
    done: list[tuple[str, list[int]]] = []

    def slow(items: list[int]) -> None:
        time.sleep(0.1)
        done.append(("slow", items))

    for n in range(5):
        worker.add("a", n, slow)
    worker.add("b", 9, lambda items: done.append(("b", items)))

    assert worker.wait(5)
    assert [item for key, items in done if key == "slow" for item in items] == [0, 1, 2, 3, 4]
    assert len(done) <= 3


def test_work_that_fails_does_not_stop_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    worker = Background()
    done: list[int] = []
    worker.add("a", 1, lambda _: 1 / 0)
    worker.add("b", 2, done.extend)

    assert worker.wait(5)
    assert done == [2]
    assert "work in the background failed" in caplog.text


def test_a_run_has_its_first_moments_to_itself() -> None:
    worker = Background(quiet_s=0.3)
    begun: list[float] = []
    added = time.monotonic()
    worker.add("a", 1, lambda _: begun.append(time.monotonic()))
    while not begun:
        time.sleep(0.01)
    assert begun[0] - added >= 0.3


def test_work_that_somebody_waits_for_begins_at_once() -> None:
    worker = Background(quiet_s=60)
    for n in range(2):  # also where it had been waited for before
        done: list[int] = []
        worker.add("a", n, done.extend)
        assert not done
        assert worker.wait(30)
        assert done == [n]


def test_an_interpreter_that_ends_does_not_wait_for_the_quiet_to_be_over() -> None:
    script = (
        "from run_widgets.tracking.background import Background\n"
        "Background(quiet_s=60).add('a', 1, print)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, timeout=30
    )
    assert result.stdout == b"[1]\n"


def test_there_is_no_thread_when_there_is_no_work() -> None:
    assert background.wait(30)
    assert background._thread is None
