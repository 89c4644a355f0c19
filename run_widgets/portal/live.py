"""The runs of all experiments as one list that keeps itself up to date, for a page's side.

It is shared by all who look. Each change has a version, and whoever names the
version that it has is told what came since; nothing is looked for while nobody asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from jupyter_server.auth.decorator import authorized
from tornado import web

from run_widgets.errors import BadName, RunNotFound
from run_widgets.portal.glance import Going, spark_of, summary
from run_widgets.portal.handler import JsonHandler
from run_widgets.reading.facts import shown, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from run_widgets.records import RunRecord
    from run_widgets.store.listing import Listed, Listing
    from run_widgets.store.local import LocalStore

Json: TypeAlias = dict[str, Any]

MOST = 20_000
"""Runs that are told of, the newest; the answer says how many there are."""

FOLLOWED = 200
"""Runs that go on whose values are read, the first ones found."""

LOOKING_S = 0.3
"""For one answer; what is left comes with the next."""

REST_S = 0.5
"""Between two looks, however many ask."""

IN_TURN = 50
"""Runs of an experiment that have ended and are looked at again each time, in turn."""

SPARKS = 100
"""Curves of one answer."""

KEPT_SPARKS = 2_000

KEPT_GONE = 1_000
"""Runs that went, remembered; whoever has not asked since before them is told the whole."""

_VERSION = re.compile(r"(\w{1,32})\.(\d{1,15})(?:\.\d)?", re.ASCII)
_RUN = re.compile(r"(\d{1,3}):(.{1,255})", re.DOTALL)


class LiveRuns:
    """The runs of several workspaces; its methods read files: call them in threads."""

    def __init__(self, stores: Iterable[LocalStore]) -> None:
        self._stores = list(stores)
        self._experiments: dict[tuple[int, str], _Experiment] = {}
        self._epoch = secrets.token_hex(4)  # another server's versions mean other things
        self._version = 0
        self._gone: list[tuple[int, list[object]]] = []
        self._gone_before = 0  # versions of which those that went are forgotten
        self._looked_at = -math.inf
        self._is_behind = True
        self._sparks: OrderedDict[tuple[int, str, float | None], Json] = OrderedDict()
        self._lock = threading.Lock()

    def news(self, since: str = "") -> Json:
        """Return what came since an earlier answer's ``version``; the whole where that is none.

        ``runs`` are new or changed, ``gone`` names those that went, and ``loading`` says that
        there is more to be read.
        """
        with self._lock:
            if self._is_behind or time.monotonic() > self._looked_at + REST_S:
                self._look()
            match = _VERSION.fullmatch(since)
            known = -1
            if match and match[1] == self._epoch and int(match[2]) <= self._version:
                known = int(match[2])
            if known < self._gone_before:
                known = -1
            rows = self._rows()
            return {
                "version": f"{self._epoch}.{self._version}.{int(self._is_behind)}",
                "whole": known < 0,
                "now": time.time(),
                "loading": self._is_behind,
                "workspaces": [shown(str(store.root)) for store in self._stores],
                "total": len(rows),
                "runs": [row.told for row in _newest(rows) if row.version > known],
                "gone": [key for version, key in self._gone if version > known >= 0],
            }

    def sparks(self, runs: Iterable[tuple[int, str]]) -> list[Json | None]:
        """Return a small curve of each run that has ended, given by workspace and id."""
        return [self._spark(workspace, run_id) for workspace, run_id in runs]

    # -- looking ---------------------------------------------------------------------------

    def _look(self) -> None:
        self._find_experiments()
        version, until = self._version + 1, time.monotonic() + LOOKING_S
        changed, behind = False, False
        for (workspace, name), experiment in self._experiments.items():
            changed |= experiment.look(version, until)
            behind |= experiment.is_behind
            for run_id in experiment.take_gone():
                self._gone.append((version, [workspace, shown(name), run_id]))
                changed = True
        if changed:
            self._version = version
        while len(self._gone) > KEPT_GONE:
            self._gone_before = self._gone.pop(0)[0]
        self._is_behind = behind
        self._looked_at = time.monotonic()

    def _find_experiments(self) -> None:
        there = {
            (workspace, str(document["name"])): store
            for workspace, store in enumerate(self._stores)
            for document in store.experiments()
        }
        for key, store in there.items():
            if key not in self._experiments:
                with contextlib.suppress(BadName):
                    self._experiments[key] = _Experiment(store, *key)
        for key in self._experiments.keys() - there.keys():
            gone = self._experiments.pop(key)
            gone.close()
            self._version += 1
            name = shown(key[1])
            self._gone += [(self._version, [key[0], name, run]) for run in gone.rows]

    def _rows(self) -> list[_Row]:
        return [row for one in self._experiments.values() for row in one.rows.values()]

    # -- small curves ------------------------------------------------------------------------

    def _spark(self, workspace: int, run_id: str) -> Json | None:
        if not 0 <= workspace < len(self._stores):
            return None
        store = self._stores[workspace]
        try:
            record = store.run(run_id)
        except (RunNotFound, OSError):
            return None
        key = (workspace, run_id, record.ended_at)
        with self._lock:
            if key in self._sparks:
                self._sparks.move_to_end(key)
                return self._sparks[key]
        if not record.status.is_final:
            return None  # the list itself tells of it
        made = spark_of(store, record)
        with self._lock:
            self._sparks[key] = made
            while len(self._sparks) > KEPT_SPARKS:
                self._sparks.popitem(last=False)
        return made


@dataclass(slots=True)
class _Row:
    told: Json
    version: int


class _Experiment:
    """The runs of one experiment, as the list tells of them."""

    def __init__(self, store: LocalStore, workspace: int, name: str) -> None:
        self._store = store
        self._place = {"workspace": workspace, "experiment": shown(name)}
        self._listing: Listing = store.watch(name, in_turn=IN_TURN)
        self._records: dict[str, RunRecord] = {}  # of runs that go on, by folder name
        self._going: dict[str, Going] = {}
        self._gone: list[str] = []
        self.rows: dict[str, _Row] = {}
        """By folder name."""

        self.is_behind = True

    def look(self, version: int, until: float) -> bool:
        """Read what is new until that time; tell whether there was anything."""
        changed = False
        while time.monotonic() < until:
            news = self._listing.look()
            for name in news.gone:
                changed = True
                self._forget(name)
            for name, listed in news.runs.items():
                changed |= self._take(name, listed, version)
            self.is_behind = not news.is_all
            if news.is_all:
                break
        else:
            self.is_behind = True
        for name, going in self._going.items():
            with contextlib.suppress(RunNotFound):  # it goes at this very moment
                if going.read(until):
                    told = self._told(self._records[name]) | going.told()
                    changed |= self._put(name, told, version)
            self.is_behind |= going.is_behind
        return changed

    def take_gone(self) -> list[str]:
        """Return the runs that went since the last time."""
        gone, self._gone = self._gone, []
        return gone

    def close(self) -> None:
        for going in self._going.values():
            going.close()

    def _take(self, name: str, listed: Listed, version: int) -> bool:
        record = listed.record
        going = self._going.get(name)
        if record.status.is_final:
            self._records.pop(name, None)
            seen: Json = {}
            if going:
                going.read(math.inf)
                seen = going.told()
                going.close()
                del self._going[name]
            elif listed.digest:
                seen = summary(listed.digest, record.goals)
            return self._put(name, self._told(record) | seen, version)
        self._records[name] = record
        if going is None and len(self._going) < FOLLOWED:
            with contextlib.suppress(RunNotFound):
                going = self._going[name] = Going(self._store, record)
        elif going:
            going.aim(record)
        return self._put(name, self._told(record) | (going.told() if going else {}), version)

    def _put(self, name: str, told: Json, version: int) -> bool:
        row = self.rows.get(name)
        if row is not None and row.told == told:
            return False
        self.rows[name] = _Row(told, version)
        return True

    def _forget(self, name: str) -> None:
        self._records.pop(name, None)
        if going := self._going.pop(name, None):
            going.close()
        if self.rows.pop(name, None):
            self._gone.append(name)

    def _told(self, record: RunRecord) -> Json:
        """Return what a list shows of a run; what is nothing is left out."""
        told: Json = {
            "id": shown(record.id),
            "number": record.number,
            "status": record.status.value,
            "created": record.created_at,
            "started": time_of(record.started_at),
            "ended": time_of(record.ended_at),
            "name": shown(record.display_name),
            "script": shown(record.script),
            "parent": shown(record.parent or ""),
            "error": shown(record.error.message) if record.error else "",
            "waiting_for": shown(record.waiting_for),
            "stop_requested": record.stop_requested or None,
        }
        told = self._place | {key: value for key, value in told.items() if value or value == 0}
        if not record.status.is_final and record.done_steps is not None:
            told |= {"done": record.done_steps, "total": record.total_steps}
        return told


def _newest(rows: list[_Row]) -> list[_Row]:
    if len(rows) <= MOST:
        return rows
    return sorted(rows, key=lambda row: row.told["created"], reverse=True)[:MOST]


# -- answers ----------------------------------------------------------------------------------


class _LiveHandler(JsonHandler):
    @property
    def live(self) -> LiveRuns:
        live: LiveRuns | None = self.settings.get("run_widgets_live")
        if live is None:
            live = self.settings["run_widgets_live"] = LiveRuns(self.shelf.stores())
        return live


class NewsHandler(_LiveHandler):
    """``?since=<version>``: what came since; 304 where nothing did and that version is named."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        news = await asyncio.to_thread(self.live.news, self.get_query_argument("since", ""))
        self._etag = f'"{news["version"]}"'
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps(news, allow_nan=False))


class SparksHandler(_LiveHandler):
    """``?run=<place of the workspace>:<id>&run=…``: small curves of runs that have ended."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        pairs = [_RUN.fullmatch(run) for run in self.get_query_arguments("run")]
        runs = [(int(pair[1]), pair[2]) for pair in pairs if pair is not None]
        if not runs or len(runs) < len(pairs) or len(runs) > SPARKS:
            raise web.HTTPError(
                400, f"run must be a number, a colon and an id, 1 to {SPARKS} times"
            )
        await self.answer(lambda: {"sparks": self.live.sparks(runs)})
