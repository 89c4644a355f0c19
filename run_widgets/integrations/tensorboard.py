"""TensorBoard's logs: `follow` shows them live as a run, `import_runs` brings finished ones in.

The package ``tensorboard`` reads the files; whoever writes with ``SummaryWriter`` has it.
Scalars come with their steps and times, texts, and hyperparameters as tags. Histograms,
images, audio and graphs stay where they are.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.util.tensor_util import make_ndarray

from run_widgets.errors import NotAFolder, RunWidgetsError
from run_widgets.store.local import uuid4
from run_widgets.store.status import moment
from run_widgets.tracking import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from run_widgets.tracking import Experiment

FILES = "*tfevents*"

FOLDER, BYTES = "tensorboard.folder", "tensorboard.bytes"
"""Properties of an imported run: where it came from, and how much was there."""

EVERY_S = 1.0


class Event(NamedTuple):
    """What was logged at one step."""

    values: dict[str, float | str]
    hyperparameters: dict[str, object]
    step: int
    at: float


class Folder:
    """The event files of one folder, read bit by bit while they grow."""

    def __init__(self, path: Path, prefix: str = "") -> None:
        self.path = path
        self._prefix = prefix
        self._files: dict[Path, Any] = {}
        self._plugins: dict[str, str] = {}  # of each tag; only its first value tells

    def read(self) -> Iterator[Event]:
        """Yield what came since the last call, in the order of the files' names."""
        for path in sorted(self.path.glob(FILES)):
            if path not in self._files:
                self._files[path] = LegacyEventFileLoader(str(path))
            for event in self._files[path].Load():
                if found := self._event(event):
                    yield found

    def _event(self, event: Any) -> Event | None:
        values: dict[str, float | str] = {}
        hyperparameters: dict[str, object] = {}
        for value in event.summary.value:
            about = value.metadata.plugin_data
            plugin = self._plugins.setdefault(value.tag, about.plugin_name)
            if plugin == "hparams":
                hyperparameters |= _hyperparameters(about.content)
            elif (found := _value(value, plugin)) is not None:
                values[self._prefix + value.tag.removesuffix("/text_summary")] = found
        if not values and not hyperparameters:
            return None
        # Some write milliseconds, or nothing: then it is the moment of reading.
        at = moment(event.wall_time) or time.time()
        return Event(values, hyperparameters, event.step, at)


def _value(value: Any, plugin: str) -> float | str | None:
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if plugin not in ("scalars", "text") or not value.HasField("tensor"):
        return None
    content = make_ndarray(value.tensor)
    if content.size != 1:
        return None
    content = content.item()
    return content.decode(errors="replace") if isinstance(content, bytes) else float(content)


def _hyperparameters(content: bytes) -> dict[str, object]:
    about = HParamsPluginData.FromString(content).session_start_info.hparams
    return {
        name: getattr(value, value.WhichOneof("kind") or "", "") for name, value in about.items()
    }


def folders(logdir: str | Path) -> list[Path]:
    """Return the folders in `logdir`, and itself, that have event files.

    Raises
    ------
    NotAFolder
    """
    if not os.path.isdir(logdir):
        raise NotAFolder(f"there is no folder {str(logdir)!r} with logs of TensorBoard")
    return sorted({path.parent for path in Path(logdir).rglob(FILES)})


def import_runs(experiment: Experiment, logdir: str | Path) -> list[Run]:
    """Make a finished run of each folder in `logdir` that has event files, and return them.

    A folder whose run is there already is left alone; one that has grown since is
    imported anew, and its former run moved to the trash.

    Raises
    ------
    NotAFolder
    """
    former_of: dict[str | None, list[Run]] = {}
    for run in experiment.get_runs(properties=FOLDER):
        former_of.setdefault(run.properties[FOLDER], []).append(run)
    runs = []
    for path in folders(logdir):
        properties = {FOLDER: str(path.resolve())}
        size = str(sum(file.stat().st_size for file in path.glob(FILES)))
        former = former_of.get(properties[FOLDER], [])
        if any(run.properties.get(BYTES) == size for run in former):
            continue
        name = path.relative_to(logdir).as_posix()
        run = _new_run(
            experiment,
            Path(logdir).resolve().name if name == "." else name,
            properties | {BYTES: size},
        )
        times = [event.at for event in _logged(run, Folder(path))]
        run.complete()
        if times:
            _set_times(run, min(times), max(times))
        for old in former:
            old.delete()
        runs.append(run)
    return runs


def _new_run(experiment: Experiment, name: str, properties: dict[str, str]) -> Run:
    # Not `start_logging`, which tells of this process's code and machine.
    experiment._wake()
    about = {"display_name": name, "properties": properties}
    record = experiment.workspace.store.create_run(experiment.name, uuid4(), about)
    return Run(experiment, record.id)


def _set_times(run: Run, began: float, ended: float) -> None:
    times = {"created_at": began, "started_at": began, "ended_at": ended}
    run.store.update_run(run.id, lambda known: known.update(times))


def _logged(run: Run, folder: Folder) -> Iterator[Event]:
    """Log what is new in a folder, and yield it."""
    for event in folder.read():
        run.log_metrics(event.values, step=event.step, at=event.at)
        if event.hyperparameters:
            run.set_tags(event.hyperparameters)
        yield event


def follow(run: Run, logdir: str | Path) -> None:
    """Log to `run` what comes into the event files of `logdir`, until the run ends.

    Values of a folder in it are called ``folder/tag``. What is there already is logged
    first; `logdir` itself may come later.

    Examples
    --------
    ``follow(run, "runs/today")`` before the training that writes there, and
    ``RunDetails(run).show()``.
    """
    following = _Following(run, Path(logdir))
    run._on_end.append(following.end)
    threading.Thread(target=following.go_on, name="run-widgets-tensorboard", daemon=True).start()


class _Following:
    def __init__(self, run: Run, logdir: Path) -> None:
        self._run = run
        self._logdir = logdir
        self._folders: dict[Path, Folder] = {}
        self._ended = threading.Event()
        self._lock = threading.Lock()  # the thread looks, and whoever ends the run

    def go_on(self) -> None:
        while not self._ended.is_set():
            self._look()
            self._ended.wait(EVERY_S)

    def end(self) -> None:
        """Look once more, while the run still takes values."""
        if not self._ended.is_set():
            self._ended.set()
            self._look()

    def _look(self) -> None:
        # What is gone, or is no value for this run, must end neither training nor the run.
        with self._lock, contextlib.suppress(OSError, RunWidgetsError):
            for path in folders(self._logdir):
                if path not in self._folders:
                    inside = path.relative_to(self._logdir).as_posix()
                    self._folders[path] = Folder(path, "" if inside == "." else f"{inside}/")
                for _ in _logged(self._run, self._folders[path]):
                    pass
