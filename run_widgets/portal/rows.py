"""Rows of a table beyond those that a panel has, sorted and searched where they are."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.ioloop import IOLoop

from run_widgets.errors import RunNotFound
from run_widgets.portal.handler import JsonHandler
from run_widgets.reading.facts import shown
from run_widgets.reading.long_table import Arrangement, LongTable
from run_widgets.records import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets.portal.shelf import Shelf
    from run_widgets.store import Follower
    from run_widgets.store.local import LocalStore

    _Key = tuple[Path, int, str]  # a run's folder, its inode, the name of a table

KEPT_TABLES = 2
KEPT_S = 120.0
"""The tables that were asked for last stay in memory so long."""

ROWS = 200


class Tables:
    """Reads whole tables, and keeps the last ones while somebody scrolls in them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, _Followed] = OrderedDict()

    def window(
        self,
        shelf: Shelf,
        run_id: str,
        workspace: str | None,
        name: str,
        *,
        arrangement: Arrangement,
        start: int,
        count: int,
    ) -> dict[str, Any]:
        """Return a window of the table `name` of a run, as `LongTable` makes it.

        In the order of logging no more is read than that takes: `matched` and
        `total` then are of what has been read.

        Raises
        ------
        RunNotFound
            There is no such run, or it has no such table.
        ValueError
            There is no such window.
        """
        store = shelf.store_of(run_id, workspace)
        folder = store.folder(run_id)
        # A folder that was deleted and made again is another run.
        key = (folder, folder.stat().st_ino, name)
        while True:
            followed = self._followed(key, store)
            with contextlib.suppress(_Closed):  # since many others were asked for meanwhile
                answer = followed.window(arrangement, start, count)
                break
        if answer is None:
            raise RunNotFound(f"run {run_id!r} has no table {shown(name)!r}")
        return answer

    def _followed(self, key: _Key, store: LocalStore) -> _Followed:
        folder, _, name = key
        with self._lock:
            if key not in self._kept:
                self._kept[key] = _Followed(store.follow(folder.name), name)
            self._kept.move_to_end(key)
            idle = [self._kept.popitem(last=False)[1] for _ in range(len(self._kept) - KEPT_TABLES)]
            followed = self._kept[key]
        for each in idle:
            each.close()
        return followed

    def forget(self) -> None:
        """Let go of all tables."""
        with self._lock:
            idle = list(self._kept.values())
            self._kept.clear()
        for each in idle:
            each.close()


class _Closed(Exception):
    """What was asked had been let go of."""


class _Followed:
    """One table, brought up to date whenever somebody asks."""

    def __init__(self, follower: Follower, name: str) -> None:
        self._follower = follower
        self._name = name
        self._table = LongTable()
        self._lock = threading.Lock()
        self._closed = False

    def window(self, arrangement: Arrangement, start: int, count: int) -> dict[str, Any] | None:
        """Return a window of the table, or None where the run has no such table.

        Raises
        ------
        _Closed
            It is followed no longer.
        """
        with self._lock:
            if self._closed:
                raise _Closed
            # In the order of logging, no further than to what is asked for: the rest takes longer.
            most = start + count if arrangement == Arrangement() else None
            while most is None or self._table.length < most:
                if not (batch := self._follower.read()):
                    break
                records = [r for r in batch.records if self._is_ours(r.metric, r.kind)]
                if records:
                    self._table.add(records)
            if not self._table.total:
                return None
            return self._table.window(arrangement, start, count)

    def _is_ours(self, metric: str, kind: Kind) -> bool:
        if kind not in (Kind.ROW, Kind.TABLE):
            return False
        # A panel names a table so whose name is another metric's already.
        return self._name in (shown(metric), f"{shown(metric)} ({kind.value})")

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._follower.close()


class RowsHandler(JsonHandler):
    """A window of a table: ``?name=<metric>&from=<row>&count=<rows>``, and how it is arranged:
    ``&filter=<text>&sort=<place of a column>&descending=1``."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        name = self.name_in("name")
        start, count = self.get_query_argument("from"), self.get_query_argument("count", str(ROWS))
        wanted, column = self.get_query_argument("filter", ""), self.get_query_argument("sort", "")
        descending = self.get_query_argument("descending", "") == "1"
        tables: Tables = self.settings.setdefault("run_widgets_rows", Tables())

        def read() -> dict[str, Any]:
            arrangement = Arrangement(wanted, int(column) if column else None, descending)
            return tables.window(
                self.shelf,
                run_id,
                self.workspace,
                name,
                arrangement=arrangement,
                start=int(start),
                count=int(count),
            )

        await self.answer(read)
        # One timer for all: the last answer's counts.
        loop = IOLoop.current()
        if timer := self.settings.get("run_widgets_rows_timer"):
            loop.remove_timeout(timer)
        self.settings["run_widgets_rows_timer"] = loop.call_later(KEPT_S, tables.forget)
