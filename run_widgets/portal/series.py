"""Answers who has zoomed into a chart with that stretch of its line."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.ioloop import IOLoop

from run_widgets.comparing.curves import Curve, curve
from run_widgets.comparing.stretch import POINTS, stretch
from run_widgets.errors import RunNotFound
from run_widgets.portal.handler import JsonHandler
from run_widgets.reading.facts import shown

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets.portal.shelf import Shelf

KEPT_S = 60.0
KEPT_POINTS = 20_000_000
"""The line that was asked for last stays in memory so long, if it is no longer than that."""


class Lines:
    """Reads whole lines, and keeps the last one while somebody moves about in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[tuple[Path, int, str], Curve] | None = None

    def read(self, shelf: Shelf, run_id: str, workspace: str | None, name: str) -> Curve:
        """Return the line `name` of a run; what it has of a run that goes on is read anew.

        Raises
        ------
        RunNotFound
            There is no such run, or it has no such line.
        """
        store = shelf.store_of(run_id, workspace)
        folder = store.folder(run_id)
        key = (folder, folder.stat().st_ino, name)
        with self._lock:
            if self._kept and self._kept[0] == key:
                return self._kept[1]
        final = store.run(run_id).status.is_final  # before what is read, which then is all
        whole = curve(store, run_id, name)
        if not len(whole.y):
            raise RunNotFound(f"run {run_id!r} has no line {shown(name)!r}")
        if final and len(whole.y) <= KEPT_POINTS:
            with self._lock:
                self._kept = (key, whole)
        return whole

    def forget(self) -> None:
        with self._lock:
            self._kept = None


class SeriesHandler(JsonHandler):
    """A stretch of one line: ``?name=<metric>&from=<x>&to=<x>&over=<x or at>&points=<number>``."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        name = self.name_in("name")
        start, end = self.get_query_argument("from"), self.get_query_argument("to")
        over = self.get_query_argument("over", "x")
        points = self.get_query_argument("points", str(POINTS))
        lines: Lines = self.settings.setdefault("run_widgets_lines", Lines())

        def read() -> dict[str, Any]:
            first, last, most = float(start), float(end), int(points)
            whole = lines.read(self.shelf, run_id, self.workspace, name)
            found = stretch(whole, over=over, start=first, end=last, points=most)
            columns = {key: column.tolist() for key, column in found.columns._asdict().items()}
            return {"name": name, "total": found.total, "inside": found.inside} | columns

        await self.answer(read)
        # One timer for all: the last answer's counts.
        loop = IOLoop.current()
        if timer := self.settings.get("run_widgets_lines_timer"):
            loop.remove_timeout(timer)
        self.settings["run_widgets_lines_timer"] = loop.call_later(KEPT_S, lines.forget)
