"""The runs that can be seen, each followed once for all who look."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections import OrderedDict
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar
from urllib.parse import urlencode

from run_widgets.comparing.diff import code_of, told_changes
from run_widgets.errors import (
    BadName,
    ExperimentNotFound,
    FileNotInRun,
    RunClosed,
    RunNotFound,
)
from run_widgets.images import media_type
from run_widgets.portal.search import Line, line_at, lines_with
from run_widgets.portal.source import source
from run_widgets.reading.children import Children
from run_widgets.reading.documents import Drawings
from run_widgets.reading.facts import facts, shown, time_of
from run_widgets.reading.original import Original
from run_widgets.reading.run import SETTLING_S
from run_widgets.reading.state import Seen, run_state
from run_widgets.reading.summary import RunSummary
from run_widgets.store import layout
from run_widgets.store.drive import open_plain
from run_widgets.store.local import LocalStore
from run_widgets.tracking import Workspace
from run_widgets.tracking.life import SUBMITTED

if TYPE_CHECKING:
    from collections.abc import Callable


Json = dict[str, Any]
T = TypeVar("T")

OPEN_RUNS = 20
"""Runs whose files stay open between two looks at them."""

AT_ONCE = 2**14
"""Points that are read in one go: 4 MB, in a server that shows more than runs."""

LISTED_RUNS = 100
"""Of one experiment, the newest; the page says how many there are."""


class Shelf:
    """The runs that can be seen; one that is looked at is followed once for all who look.

    `folders` are the workspaces to look in. Its methods read files: call them
    in a thread of their own, any number at a time.
    """

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders
        self._open: OrderedDict[tuple[Path, int], _OpenRun] = OrderedDict()
        self._lock = threading.Lock()

    def store_of(self, run_id: str, workspace: str | None) -> LocalStore:
        """Return the store that has the run.

        Raises
        ------
        RunNotFound
            None has, or `workspace` is not the path of a workspace.
        """
        stores = self.stores(workspace)
        for store in stores:
            with contextlib.suppress(RunNotFound):
                store.folder(run_id)
                return store
        places = " or ".join(str(store.root) for store in stores)
        raise RunNotFound(f"no run {shown(run_id)!r} in {places}")

    def store_of_experiment(self, name: str, workspace: str | None) -> LocalStore:
        """Return the store that has the experiment.

        Raises
        ------
        ExperimentNotFound
            None has.
        RunNotFound
            `workspace` is not the path of a workspace.
        """
        stores = self.stores(workspace)
        for store in stores:
            with contextlib.suppress(ExperimentNotFound, BadName):
                store.experiment(name)
                return store
        places = " or ".join(str(store.root) for store in stores)
        raise ExperimentNotFound(f"no experiment {shown(name)!r} in {places}")

    def run(self, run_id: str, workspace: str | None) -> Json:
        """Return what a run's page shows, as it is now."""
        return self._ask(run_id, workspace, _OpenRun.state)

    def panel(self, run_id: str, workspace: str | None, seen: str) -> Json:
        """Return what a run's panel shows, as it is now; of what was `seen` only the news.

        Raises
        ------
        ValueError
            `seen` is nothing that an earlier answer has said.
        """
        return self._ask(run_id, workspace, partial(_OpenRun.panel, seen=Seen(seen)))

    def _ask(self, run_id: str, workspace: str | None, what: Callable[[_OpenRun], T | None]) -> T:
        store = self.store_of(run_id, workspace)
        folder = store.folder(run_id)
        # A folder that was deleted and made again is another run.
        key = (folder, folder.stat().st_ino)
        while (answer := what(self._opened(key, store, run_id))) is None:
            pass  # closed between the two calls, since many others were looked at
        return answer

    def _opened(self, key: tuple[Path, int], store: LocalStore, run_id: str) -> _OpenRun:
        with self._lock:
            if key not in self._open:
                self._open[key] = _OpenRun(store, run_id)
            self._open.move_to_end(key)
            idle = [self._open.popitem(last=False)[1] for _ in range(len(self._open) - OPEN_RUNS)]
            opened = self._open[key]
        for run in idle:
            run.close()
        return opened

    def source(self, run_id: str, workspace: str | None) -> Json:
        """Return what a run was started from."""
        return source(self.store_of(run_id, workspace).folder(run_id))

    def code(self, before: str, after: str, workspace: str | None) -> Json:
        """Return how the code of one run differs from that of another, of the same workspace.

        Raises
        ------
        RunNotFound
            There is no such run.
        """
        store = self.store_of(after, workspace)
        return told_changes(*code_of(store.folder(before), store.folder(after)))

    def lines(
        self, run_id: str, workspace: str | None, name: str, *, text: str, start: Line
    ) -> Json:
        """Return where in the run's file `name` the lines with `text` begin, from `start` on.

        Without a text: the line that begins at `start`, with its number.

        Raises
        ------
        FileNotInRun
            The run has no such file.
        ValueError
            `start` is no place in a file.
        """
        path = self.store_of(run_id, workspace).file_path(run_id, name)
        with os.fdopen(open_plain(path), "rb") as file:
            if not text:
                return {"lines": [asdict(line_at(file, start.at))], "next": None}
            return asdict(lines_with(file, text, start=start))

    def log_times(self, run_id: str, workspace: str | None, name: str) -> Json:
        """Return when the run's log `name` had come how far: ``{"times": [[time, bytes], …]}``."""
        return {"times": self.store_of(run_id, workspace).log_times(run_id, name)}

    def stop(self, run_id: str, workspace: str | None) -> Json:
        """Ask a run to end at its next step; end the processes of a submitted one.

        Raises
        ------
        RunClosed
            It has ended already.
        """
        store = self.store_of(run_id, workspace)
        record = store.run(run_id)
        if record.status.is_final:
            raise RunClosed(f"run {run_id!r} is {record.status.value} already")
        if record.type in SUBMITTED:
            Workspace(store.root).get_run(run_id).cancel()
        else:
            store.request_stop(run_id)
        return {"run_id": run_id, "stop_requested": True}

    def edit(self, run_id: str, workspace: str | None, changes: object) -> Json:
        """Rename a run and change its tags, as `changes` says; return what it has then.

        Raises
        ------
        ValueError
            `changes` is not an object of ``display_name`` (a text) and ``tags`` (texts by name,
            None for one that is to go), or a tag has no name.
        """
        if not _is_edit(changes):
            raise ValueError(
                'expected {"display_name": text, "tags": {name: text, or null to remove it}}, '
                f"got {shown(json.dumps(changes))[:200]}"
            )
        run = Workspace(self.store_of(run_id, workspace).root).get_run(run_id)
        if "display_name" in changes:
            run.display_name = changes["display_name"]
        tags = changes.get("tags", {})
        run.set_tags({name: value for name, value in tags.items() if value is not None})
        run.remove_tags([name for name, value in tags.items() if value is None])
        return {"display_name": run.display_name, "tags": run.tags}

    def delete(self, run_id: str, workspace: str | None) -> Json:
        """Move a run to the workspace's trash, and return where it lies.

        Raises
        ------
        RunGoesOn
            It has not ended.
        """
        run = Workspace(self.store_of(run_id, workspace).root).get_run(run_id)
        return {"trash": str(run.delete())}

    def resubmit(self, run_id: str, workspace: str | None) -> Json:
        """Start what a run ran once more, as a new run, and return that one's id.

        Raises
        ------
        SubmitError
            It does not know how it was started, or its source is gone.
        """
        store = self.store_of(run_id, workspace)
        replay = Workspace(store.root).get_run(run_id).replay()
        return {"run_id": replay.run.id}

    def runs(
        self, experiment: str | None, workspace: str | None, newest: int = LISTED_RUNS
    ) -> Json:
        """Return the experiments and their newest runs, of every workspace looked in."""
        return {
            "workspaces": [
                {
                    "folder": str(store.root),
                    "experiments": [
                        _listed(store, document["name"], newest)
                        for document in store.experiments()
                        if experiment in (None, document["name"])
                    ],
                }
                for store in self.stores(workspace)
            ]
        }

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def stores(self, workspace: str | None = None) -> list[LocalStore]:
        """Return the store of each workspace that is looked in.

        Raises
        ------
        RunNotFound
            `workspace` is not the path of a workspace.
        """
        if workspace is None:
            return [LocalStore(folder) for folder in self._folders]
        folder = Path(workspace)
        try:
            known = folder.is_absolute() and (folder / layout.WORKSPACE_FILE).is_file()
        except (OSError, ValueError):  # a NUL, or a name that is too long
            known = False
        if not known:
            raise RunNotFound(f"there is no workspace at {shown(workspace)!r}")
        return [LocalStore(folder)]


def _is_edit(changes: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether a browser's JSON says what a run is to be called."""
    if not isinstance(changes, dict) or not set(changes) <= {"display_name", "tags"}:
        return False
    tags = changes.get("tags", {})
    return (
        isinstance(changes.get("display_name", ""), str)
        and isinstance(tags, dict)
        and all(name and isinstance(value, str | None) for name, value in tags.items())
    )


class _OpenRun:
    def __init__(self, store: LocalStore, run_id: str) -> None:
        self._store = store
        self._id = run_id
        self._summary = RunSummary()
        self._follower = store.follow(run_id, at_once=AT_ONCE)
        self._children = Children(store, store.run(run_id).experiment, run_id)
        self._original = Original(store, run_id)
        self._drawings = Drawings()
        self._mimes: dict[str, str] = {}
        self._lock = threading.Lock()
        self._closed = False

    def state(self) -> Json | None:
        """Read what is new and return the whole; None once it is closed."""
        with self._lock:
            if not self._read():
                return None
            summary = self._summary
            return {
                "facts": facts(
                    self._store.run(self._id),
                    points=summary.points,
                    last_value_at=summary.last_value_at,
                    now=time.time(),
                ),
                "metrics": [
                    {"name": metric.name, "kind": metric.kind, "text": metric.text}
                    for metric in summary.metrics
                ],
                "files": [
                    asdict(entry) | {"path": _unicode(entry.path)}
                    for entry in self._store.files(self._id)
                ],
                "problem": "\n".join(summary.warnings),
            }

    def panel(self, *, seen: Seen) -> Json | None:
        """Read what is new and return what a panel shows of it; None once it is closed."""
        with self._lock:
            # First the status: what a run logs comes before its end.
            record, now = self._store.run(self._id), time.time()
            if not self._read():
                return None
            summary, children = self._summary, self._children
            children.look()
            self._original.look(record, summary.points)
            files = self._store.files(self._id)
            known = facts(
                record,
                points=summary.points,
                last_value_at=summary.last_value_at,
                now=now,
                files=len(files),
                children=children.total,
            )
            query = urlencode({"workspace": self._store.root})
            known["portal_path"] = f"run-widgets/runs/{self._id}?{query}"
            settled = record.status.is_final and now - (time_of(record.ended_at) or 0) > SETTLING_S
            return run_state(
                summary,
                known,
                files,
                following=not (settled and children.is_over),
                documents=self._drawings.of(summary.documents),
                children=children.entries(now),
                original=self._original,
                seen=seen,
                mime_of=self._mime_of,
            )

    def _mime_of(self, path: str) -> str:
        if path not in self._mimes:
            try:
                descriptor = open_plain(self._store.file_path(self._id, path))
            except (FileNotInRun, OSError):
                return ""
            with os.fdopen(descriptor, "rb") as file:
                self._mimes[path] = media_type(file.read(1024))
        return self._mimes[path]

    def _read(self) -> bool:
        """Read to the end of what is there; tell whether it is still open."""
        while not self._closed and (batch := self._follower.read()):
            self._summary.feed(batch)
        return not self._closed

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._follower.close()
            self._children.close()


def _unicode(name: str) -> str:
    # Names of files are bytes, and a browser can only send back what is Unicode.
    return name.encode("utf-8", "replace").decode()


def _listed(store: LocalStore, experiment: str, newest: int) -> Json:
    now = time.time()
    try:
        runs = store.runs(experiment)
        told = [facts(run, points=0, last_value_at=None, now=now) for run in islice(runs, newest)]
        return {"name": experiment, "runs": told, "more": next(runs, None) is not None}
    except BadName:
        return {"name": shown(experiment), "runs": [], "more": False}
