"""TensorBoard's own files, written by its own writer, as runs."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from run_widgets.errors import NotAFolder

pytest.importorskip("tensorboard")
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto

from run_widgets import Experiment
from run_widgets.integrations.tensorboard import follow, import_runs

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets import Run

pytestmark = pytest.mark.filterwarnings("default")  # the package's own are not ours to mend


class Log:
    """One folder's event file, as a training writes it."""

    def __init__(self, folder: Path) -> None:
        self._writer = EventFileWriter(str(folder))

    def add(self, value: Summary.Value, step: int = 0, at: float = 1e9) -> None:
        self._writer.add_event(Event(wall_time=at, step=step, summary=Summary(value=[value])))
        self._writer.flush()

    def scalar(self, tag: str, value: float, step: int = 0, at: float = 1e9) -> None:
        self.add(Summary.Value(tag=tag, simple_value=value), step, at)

    def close(self) -> None:
        self._writer.close()


def described(tag: str, plugin: str, content: bytes = b"", **value: object) -> Summary.Value:
    about = SummaryMetadata.PluginData(plugin_name=plugin, content=content)
    return Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=about), **value)


def test_each_folder_becomes_a_finished_run_with_its_steps_and_times(
    experiment: Experiment, tmp_path: Path
) -> None:
    for name, factor in (("a", 1.0), ("deep/b", 2.0)):
        log = Log(tmp_path / "logs" / name)
        for step in range(3):
            log.scalar("train/loss", factor / (step + 1), step=10 * step, at=1e9 + step)
        log.close()

    runs = import_runs(experiment, tmp_path / "logs")

    assert [run.display_name for run in runs] == ["a", "deep/b"]
    series = runs[1].get_series("train/loss")
    assert [*series.step] == [0, 10, 20]
    assert [*series.at] == [1e9, 1e9 + 1, 1e9 + 2]
    assert [*series.value] == pytest.approx([2, 1, 2 / 3])
    record = runs[1].store.run(runs[1].id)
    assert (record.status, record.started_at, record.ended_at) == ("Completed", 1e9, 1e9 + 2)


def test_a_time_that_cannot_be_is_the_moment_of_reading(
    experiment: Experiment, tmp_path: Path
) -> None:
    log = Log(tmp_path / "logs")
    log.scalar("loss", 1.0, at=1.8e15)
    log.close()
    before = time.time()

    (run,) = import_runs(experiment, tmp_path / "logs")

    assert before <= run.get_series("loss").at[0] <= time.time()


def test_texts_hyperparameters_and_typed_scalars_come_along(
    experiment: Experiment, tmp_path: Path
) -> None:
    about = HParamsPluginData()
    about.session_start_info.hparams["lr"].number_value = 0.1
    about.session_start_info.hparams["optimizer"].string_value = "adam"
    log = Log(tmp_path / "logs")
    log.add(described("_hparams_/session_start_info", "hparams", about.SerializeToString()))
    log.add(described("acc", "scalars", tensor=make_tensor_proto(0.5)))
    log.add(Summary.Value(tag="acc", tensor=make_tensor_proto(math.nan)), step=1)
    log.add(described("note/text_summary", "text", tensor=make_tensor_proto(b"hello")))
    log.add(described("picture", "images", tensor=make_tensor_proto([b"1", b"1", b"png"])))
    log.close()

    (run,) = import_runs(experiment, tmp_path / "logs")

    assert run.tags == {"lr": "0.1", "optimizer": "adam"}
    metrics = run.get_metrics()
    assert metrics["note"] == "hello"
    assert metrics["acc"] == [0.5, pytest.approx(math.nan, nan_ok=True)]
    assert set(metrics) == {"note", "acc"}


def test_what_is_there_is_imported_once_and_what_has_grown_anew(
    experiment: Experiment, tmp_path: Path
) -> None:
    log = Log(tmp_path / "logs")
    log.scalar("loss", 1)
    first = import_runs(experiment, tmp_path / "logs")

    assert import_runs(experiment, tmp_path / "logs") == []

    log.scalar("loss", 2, step=1)
    (run,) = import_runs(experiment, tmp_path / "logs")
    log.close()
    assert run.get_metrics() == {"loss": [1, 2]}
    assert [each.id for each in experiment.get_runs()] == [run.id]
    assert run.id != first[0].id


def test_a_torn_file_gives_what_is_whole(experiment: Experiment, tmp_path: Path) -> None:
    log = Log(tmp_path / "logs")
    for step in range(10):
        log.scalar("loss", step, step=step)
    log.close()
    (file,) = (tmp_path / "logs").iterdir()
    file.write_bytes(file.read_bytes()[:-20])

    (run,) = import_runs(experiment, tmp_path / "logs")

    assert run.get_metrics()["loss"] == list(range(9))


def test_a_log_is_followed_until_the_run_ends(run: Run, tmp_path: Path) -> None:
    follow(run, tmp_path / "logs")  # before there is such a folder
    log = Log(tmp_path / "logs")
    log.scalar("loss", 1)
    deadline = time.monotonic() + 20
    while not run.get_metrics() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run.get_metrics() == {"loss": 1}

    inner = Log(tmp_path / "logs" / "val")
    inner.scalar("loss", 3)
    log.scalar("loss", 2, step=1)
    run.complete()

    log.close()
    inner.close()
    assert run.get_metrics() == {"loss": [1, 2], "val/loss": 3}
    assert "run-widgets-tensorboard" not in [thread.name for thread in threading.enumerate()]


def test_a_folder_that_is_not_there_is_said(experiment: Experiment, tmp_path: Path) -> None:
    with pytest.raises(NotAFolder, match=r"there is no folder .*none"):
        import_runs(experiment, tmp_path / "none")


def test_the_command_line_imports_a_folder(experiment: Experiment, tmp_path: Path) -> None:
    log = Log(tmp_path / "today")
    log.scalar("loss", 1)
    log.close()
    command = [sys.executable, "-m", "run_widgets", "import", str(tmp_path / "today")]
    command += ["--workspace", str(experiment.workspace.path)]

    def printed(*options: str) -> str:
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
        return done.stdout

    assert printed() == "today/1  today\n"
    assert "nothing new" in printed()
    assert json.loads(printed("--json")) == []
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "none"):
        command[4] = str(tmp_path / folder)
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, folder in done.stderr) == (2, True), done.stderr
    names = [known.name for known in Experiment.list(experiment.workspace)]
    assert not {"empty", "none"}.intersection(names)
