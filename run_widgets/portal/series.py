"""A stretch of one line in full resolution, for a chart that somebody has zoomed into."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.ioloop import IOLoop

from run_widgets.comparing.curves import Curve, curve
from run_widgets.errors import RunNotFound
from run_widgets.portal.handler import JsonHandler
from run_widgets.reading.downsample import reduced
from run_widgets.reading.facts import shown

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from run_widgets.portal.shelf import Shelf

POINTS = 2_000
MAX_POINTS = 20_000
"""Of one answer."""

KEPT_S = 60.0
KEPT_POINTS = 20_000_000
"""The line that was asked for last stays in memory so long, if it is no longer than that."""


def window(
    whole: Curve, *, over: str = "x", start: float, end: float, points: int = POINTS
) -> dict[str, Any]:
    """Return a stretch of a line, reduced to `points`; no extreme is lost.

    Parameters
    ----------
    over
        ``"x"``: `start` and `end` are steps; ``"at"``: seconds since the epoch, UTC.
    start, end
        The stretch, both ends in it. Of what lies beyond them the nearest point
        on each side comes too, so that the line goes on to the chart's edge.

    Raises
    ------
    ValueError
        `over` is neither, an end is no number, or `points` is out of range.
    """
    if over not in ("x", "at"):
        raise ValueError(f"over must be 'x' or 'at', got {over!r}")
    if math.isnan(start) or math.isnan(end):
        raise ValueError(f"from and to must be numbers, got {start} and {end}")
    if not 6 <= points <= MAX_POINTS:
        raise ValueError(f"points must be from 6 to {MAX_POINTS}, got {points}")
    place = whole.step if over == "x" else whole.at
    inside = (place >= start) & (place <= end)
    count = int(np.count_nonzero(inside))
    kept = np.flatnonzero(_with_neighbours(inside))
    kept = kept[reduced(whole.y[kept], points)] if len(kept) else kept
    return {
        "total": len(whole.y),
        "inside": count,
        "x": whole.step[kept].tolist(),
        "y": whole.y[kept].tolist(),
        "at": whole.at[kept].tolist(),
    }


def _with_neighbours(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wider = inside.copy()
    wider[:-1] |= inside[1:]
    wider[1:] |= inside[:-1]
    return wider


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
        name = self.get_query_argument("name", strip=False)
        start, end = self.get_query_argument("from"), self.get_query_argument("to")
        over = self.get_query_argument("over", "x")
        points = self.get_query_argument("points", str(POINTS))
        lines: Lines = self.settings.setdefault("run_widgets_lines", Lines())

        def read() -> dict[str, Any]:
            first, last, most = float(start), float(end), int(points)
            whole = lines.read(self.shelf, run_id, self.workspace, name)
            return {"name": name} | window(whole, over=over, start=first, end=last, points=most)

        await self.answer(read)
        # One timer for all: the last answer's counts.
        loop = IOLoop.current()
        if timer := self.settings.get("run_widgets_lines_timer"):
            loop.remove_timeout(timer)
        self.settings["run_widgets_lines_timer"] = loop.call_later(KEPT_S, lines.forget)
