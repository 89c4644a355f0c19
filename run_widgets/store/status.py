"""What a run's folder says, as a record whose status is true.

The folder may come from a stranger: what has the wrong type or cannot be is
left out, and nothing outside the folder is looked at.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from typing import TYPE_CHECKING, Any

from run_widgets.errors import BadName
from run_widgets.records import RunError, RunRecord, RunStatus
from run_widgets.store import layout
from run_widgets.store.documents import read_json
from run_widgets.store.drive import open_plain
from run_widgets.store.process import Process, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NOT_RESPONDING_AFTER_S = 120.0
FAILED_AFTER_S = 1800.0
"""Of silence from another machine, whose processes cannot be asked for."""

WRITERS_AT_MOST = 256
"""Of a run whose owner is gone, so many are asked whether they live: the latest."""

_END_OF_TIME = 253402300800.0  # the year 10000, which datetime does not know


class Sign:
    """Shows, by the time of a run's folder, that its owner lives, also when it logs nothing.

    Only a reader on another machine needs it; here the process itself is asked for.
    """

    waits_for = ""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def beat(self) -> None:
        with contextlib.suppress(OSError):
            os.utime(self._folder)

    def after_fork(self) -> None:
        """Do nothing: the keeper of a child does not hold it."""


def listed_record(document: Mapping[str, Any], folder: Path) -> RunRecord:
    """Return a record for a list of very many: of a run that ended, no file is read."""
    return record_of(document, folder, folder.name, is_listed=True)


def record_of(
    document: Mapping[str, Any], folder: Path, run_id: str, *, is_listed: bool = False
) -> RunRecord:
    """Return the record of the run in `folder`, whose ``run.json`` is `document`."""

    def get(key: str, kind: type, default: Any = None) -> Any:
        value = document.get(key)
        return value if isinstance(value, kind) else default

    status, error, ended_at = _true_status(document, folder)
    done, total = (None, None) if is_listed and status.is_final else _progress(folder)
    return RunRecord(
        id=run_id,
        experiment=_experiment_of(document, folder),
        number=_whole(document.get("number")) or 0,
        status=status,
        created_at=moment(document.get("created_at")) or 0.0,
        started_at=moment(document.get("started_at")),
        ended_at=ended_at,
        display_name=get("display_name", str, ""),
        description=get("description", str, ""),
        type=get("type", str),
        target=get("target", str, "local"),
        created_by=get("created_by", str, ""),
        parent=get("parent", str),
        root=get("root", str, run_id),
        script=get("script", str, ""),
        arguments=tuple(map(str, get("arguments", list, []))),
        tags=_texts(get("tags", dict, {})),
        properties=_texts(get("properties", dict, {})),
        error=error,
        waiting_for=get("waiting_for", str, ""),
        interrupted=get("interrupted", str, ""),
        stop_requested=not status.is_final and os.path.lexists(folder / layout.STOP_FILE),
        goals={k: str(v) for k, v in get("goals", dict, {}).items()},
        done_steps=done,
        total_steps=total,
    )


def _experiment_of(document: Mapping[str, Any], folder: Path) -> str:
    """Return the name of the experiment in whose folder the run is."""
    name: Any = document.get("experiment")
    with contextlib.suppress(BadName):
        if layout.folder_of_experiment(name) == folder.parent.name:
            return str(name)
    there = read_json(folder.parent / layout.EXPERIMENT_FILE) or {}
    for known in (there.get("name"), name):
        with contextlib.suppress(BadName):
            return layout.experiment_name(known)
    return folder.parent.name


def _progress(folder: Path) -> tuple[int | None, int | None]:
    """Return the steps done and the steps in all of the loop that a run tracks."""
    try:
        with os.fdopen(open_plain(folder / layout.PROGRESS_FILE), "rb") as file:
            done, total = [_whole(int(number)) for number in [*file.read(64).split(), b"-1"]][:2]
    except (OSError, ValueError):
        return None, None
    return done, total


def moment(value: object) -> float | None:
    """Return `value` where it can be seconds since the epoch, else None."""
    if isinstance(value, int | float) and 0 <= value < _END_OF_TIME:
        return float(value)
    return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**53 else None


def _texts(values: Mapping[str, Any]) -> dict[str, str | None]:
    return {key: None if value is None else str(value) for key, value in values.items()}


def _error(document: Mapping[str, Any]) -> RunError | None:
    error = document.get("error")
    if not isinstance(error, dict):
        return None
    known = {key: str(error.get(key, "")) for key in ("message", "type", "traceback")}
    return RunError(code=str(error.get("code", "UserError")), **known)


def _true_status(
    document: Mapping[str, Any], folder: Path
) -> tuple[RunStatus, RunError | None, float | None]:
    """Return the status, the error and the end of a run whose owner may have died."""
    error, ended_at = _error(document), moment(document.get("ended_at"))
    try:
        status = RunStatus(document.get("status", ""))
    except ValueError:
        return RunStatus.NOT_RESPONDING, error, ended_at
    due_at = moment(document.get("supervisor_due_at"))
    if due_at is not None and not status.is_final:
        if time.time() < due_at:  # whoever submitted the run need not wait for its supervisor
            return status, error, None
        reason = "its supervisor did not start: supervisor.log in the run's folder may say why"
        return RunStatus.FAILED, error or RunError(reason, code="ProcessEnded"), due_at
    owner = document.get("owner")
    if status.is_final or not isinstance(owner, dict):
        return status, error, ended_at
    lives = _is_alive(owner)
    if lives:
        return status, error, None
    last, processes = _signs(folder)
    if isinstance(document.get("command"), dict):
        processes.append(document["command"])  # it may outlive its supervisor
    others = [_is_alive(process) for process in processes]
    if any(others):
        return status, error, None
    pid, host = owner.get("pid"), owner.get("host")
    if lives is None or None in others:
        silent_s = time.time() - last
        if silent_s < NOT_RESPONDING_AFTER_S:
            return status, error, None
        if silent_s < FAILED_AFTER_S:
            return RunStatus.NOT_RESPONDING, error, None
        reason = f"process {pid} on {host} has shown no sign of life for {silent_s / 60:.0f} min"
    elif document.get("is_supervised"):
        reason = f"its supervisor, process {pid}, ended first, so how the run ended is not known"
    else:
        reason = f"process {pid} ended without completing the run"
    if isinstance(document.get("interrupted"), str) and document["interrupted"]:
        reason += f" (before that: {document['interrupted']})"
    return RunStatus.FAILED, error or RunError(reason, code="ProcessEnded"), last


def _is_alive(process: Mapping[str, Any]) -> bool | None:
    if _whole(process.get("pid")) is None:
        return None
    known = {key: str(process.get(key, "")) for key in ("started", "host", "boot", "space")}
    return is_alive(Process(pid=process["pid"], **known))  # type: ignore[typeddict-item]


def _signs(folder: Path) -> tuple[float, list[Mapping[str, Any]]]:
    """Return when anything in the run's folder was last written, and who appended to it."""
    last = 0.0
    texts: list[tuple[float, str]] = []
    metrics = folder / layout.METRICS
    for path in (str(folder), f"{folder}/{layout.RUN_FILE}"):
        with contextlib.suppress(OSError):
            last = max(last, os.lstat(path).st_mtime)
    with contextlib.suppress(OSError):
        names = os.listdir(metrics) if stat.S_ISDIR(os.lstat(metrics).st_mode) else []
        for name in names:
            with contextlib.suppress(OSError):
                changed = os.lstat(f"{metrics}/{name}").st_mtime
                last = max(last, changed)
                if name.endswith(".jsonl"):
                    texts.append((changed, name))
    latest = sorted(texts, reverse=True)[:WRITERS_AT_MOST]
    return last, [process for _, name in latest for process in _writer(metrics / name)]


def _writer(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            header = json.loads(file.readline(4096))
        if isinstance(header["writer"], dict):
            yield header["writer"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return
