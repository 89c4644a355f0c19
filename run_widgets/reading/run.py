"""One run as it is read again and again: what it is, what it logged, its files."""

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from run_widgets.errors import FileNotInRun
from run_widgets.reading.children import Children
from run_widgets.reading.facts import elapsed_s, facts, time_of
from run_widgets.reading.original import Original
from run_widgets.reading.summary import Documents, Pictures, Rows, RunSummary, Vector
from run_widgets.records import Batch
from run_widgets.store.drive import open_plain

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets.reading.facts import Cell
    from run_widgets.reading.summary import Metric
    from run_widgets.records import FileEntry, RunRecord
    from run_widgets.store import RunReader

MAX_IMAGE_BYTES = 8_000_000
"""Of an image that is shown; a larger one is only named."""

MAX_LOG_BYTES = 1_000_000
"""Of the end of a log that `data` returns."""

LOG_FOLDERS = ("user_logs/", "logs/", "system_logs/", "azureml-logs/")

PIECE = 250_000
"""Points beyond which a reading may have stopped before the end of what is there."""

PROCESS_ENDED = "ProcessEnded"
"""The error's code of a run that did not end of its own accord."""

SETTLING_S = 3.0
"""After the end of such a run."""

FILES_SHARE = 0.001
"""Of one processor's time, for listing the files: a run may have very many."""

CHILDREN_SHARE = 0.003
"""Of one processor's time, for following the runs below this one."""


class Reading:
    """Follows one run; `look` brings it up to date.

    Raises
    ------
    RunNotFound
        The store has no run `run_id`.
    """

    def __init__(self, store: RunReader, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._follower = store.follow(run_id)
        self._files_due = 0.0
        self._ended_since: float | None = None
        self.record: RunRecord = store.run(run_id)
        self.summary = RunSummary()
        self.files: list[FileEntry] = []
        self.children = Children(store, self.record.experiment, run_id)
        self._children_due = 0.0
        self.original = Original(store, run_id)
        self.is_over = False
        """Whether the run has ended and all of it has been read."""

    def look(self) -> None:
        """Read what came since the last time; what has been read stays if this fails."""
        # First the status: what a run logs comes before its end.
        self.record = self._store.run(self._run_id)
        ended = self.record.status.is_final
        self._read(to_end=ended)
        self._list_files(anyway=ended)
        self._ended_since = self._ended_since or time.monotonic() if ended else None
        self.is_over = ended and self._is_settled()

    def _read(self, *, to_end: bool) -> None:
        """Take in what is there: of a long history the next piece is read meanwhile."""
        batch = self._follower.read()
        while batch and not _is_long(batch):
            self.summary.feed(batch)
            if not to_end:
                return  # near the end, and the next look goes on from here
            batch = self._follower.read()
        if not batch:
            return
        with ThreadPoolExecutor(1, "run-widgets reading") as pool:
            while batch:
                taking = pool.submit(self.summary.feed, batch)
                goes_on = to_end or _is_long(batch)
                batch = self._follower.read() if goes_on else Batch({})
                taking.result()

    def catch_up(self) -> None:
        """Look until nothing more is there, as of a run that is read once only."""
        before = -1
        while before != self.summary.points:
            before = self.summary.points
            self.look()

    def look_at_children(self) -> None:
        """Read what came of the runs below this one, if that does not take too much time."""
        now = time.monotonic()
        if now < self._children_due:
            return
        before = time.thread_time()
        self.children.look()
        self._children_due = now + (time.thread_time() - before) / CHILDREN_SHARE

    def look_at_original(self) -> None:
        """Compare with the run that this one does again, where it does."""
        self.original.look(self.record, self.summary.points)

    def _is_settled(self) -> bool:
        """Tell whether the files of an ended run can be taken as complete.

        A reader waits for a moment behind a value that a killed thread was
        just writing, so what comes after it may not have been handed out yet.
        """
        error = self.record.error
        if error is None or error.code != PROCESS_ENDED or self._ended_since is None:
            return True
        ended_at = time_of(self.record.ended_at)
        if ended_at is not None and time.time() - ended_at > SETTLING_S:
            return True
        return time.monotonic() - self._ended_since > SETTLING_S

    def _list_files(self, *, anyway: bool) -> None:
        now = time.monotonic()
        if now < self._files_due and not anyway:
            return
        before = time.thread_time()
        self.files = self._store.files(self._run_id)
        self._files_due = now + (time.thread_time() - before) / FILES_SHARE

    def facts(self) -> dict[str, object]:
        """Return what a header shows, as of now."""
        summary = self.summary
        return facts(
            self.record,
            points=summary.points,
            last_value_at=summary.last_value_at,
            now=time.time(),
            files=len(self.files),
            children=self.children.total,
        )

    def image(self, name: str) -> bytes | None:
        """Return the content of an image file; None where it is too big or is not there."""
        return self.content(name, MAX_IMAGE_BYTES)

    def content(self, name: str, most: int) -> bytes | None:
        """Return a file's content; None where it has more than `most` bytes or is not there."""
        try:
            descriptor = open_plain(self._store.file_path(self._run_id, name))
        except (FileNotInRun, OSError):
            return None
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(most + 1)
        return content if len(content) <= most else None

    def log_times(self, name: str) -> list[tuple[float, int]]:
        """Return when a log had come how far."""
        return self._store.log_times(self._run_id, name)

    def data(self) -> dict[str, Any]:
        """Return what a panel shows, with the names that Azure ML's widget gave it."""
        record = self.record
        elapsed = elapsed_s(record, time.time())
        return {
            "status": record.status.value,
            "run_id": record.id,
            "run_properties": {
                "run_id": record.id,
                "run_number": str(record.number),
                "created_utc": _utc(record.created_at),
                "start_time_utc": _utc(record.started_at),
                "end_time_utc": _utc(record.ended_at),
                "run_duration": None if elapsed is None else str(timedelta(seconds=int(elapsed))),
                "status": record.status.value,
                "script_name": record.script,
                "arguments": " ".join(record.arguments) or "N/A",
                "tags": dict(record.tags),
                "properties": dict(record.properties),
                "log_files": {name: str(path) for name, path in self._logs()},
                "log_groups": [[name for name, _ in self._logs()]],
            },
            "run_metrics": [self._metric_data(metric) for metric in self.summary.metrics],
            "run_logs": self._newest_log(),
            "child_runs": (children := self.children.entries(time.time())),
            "children_metrics": {child["run_id"]: child["metrics"] for child in children},
            "files": [entry.path for entry in self.files],
            "error": "" if record.error is None else record.error.message,
        }

    def _logs(self) -> list[tuple[str, Path]]:
        """Return the run's logs and where they lie, in the order of their names."""
        logs = []
        for entry in self.files:
            if entry.path.startswith(LOG_FOLDERS):
                with contextlib.suppress(FileNotInRun):
                    logs.append((entry.path, self._store.file_path(self._run_id, entry.path)))
        return logs

    def _newest_log(self) -> str:
        """Return the end of the log that was written last; empty where there is none."""
        logs = [entry for entry in self.files if entry.path.startswith(LOG_FOLDERS)]
        newest = max(logs, key=lambda entry: entry.modified_at, default=None)
        if newest is None:
            return ""
        try:
            descriptor = open_plain(self._store.file_path(self._run_id, newest.path))
        except (FileNotInRun, OSError):
            return ""
        with os.fdopen(descriptor, "rb") as file:
            file.seek(max(0, os.fstat(descriptor).st_size - MAX_LOG_BYTES))
            return file.read(MAX_LOG_BYTES).decode("utf-8", "replace")

    def _metric_data(self, metric: Metric) -> dict[str, Any]:
        """Return one metric as far as it is shown: lines by their outlines, first rows."""
        data: list[Any]
        places: list[float] = [0]
        if metric.curves is not None and isinstance(metric, Vector):
            columns = metric.curves.lines[0].outline.columns()
            places, data = columns.x.tolist(), columns.y.tolist()
        elif isinstance(metric, Rows):
            data = [_columns_of(metric)]
        elif isinstance(metric, Pictures):
            data = [picture.path for picture in metric.kept]
        elif isinstance(metric, Documents):
            data = [metric.kept[-1].value]
        else:
            data = [metric.last]
        return {
            "name": metric.name,
            "run_id": self._run_id,
            "categories": places,
            "series": [{"data": data}],
        }

    def close(self) -> None:
        """Let go of the run's files."""
        self._follower.close()
        self.children.close()


def _is_long(batch: Batch) -> bool:
    return sum(map(len, batch.points.values())) >= PIECE


def _columns_of(table: Rows) -> dict[str, list[Cell]]:
    return dict(zip(table.columns, map(list, zip(*table.rows(), strict=True)), strict=False))


def _utc(at: float | None) -> str | None:
    known = time_of(at)
    return None if known is None else datetime.fromtimestamp(known, UTC).isoformat()
