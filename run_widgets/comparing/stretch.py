"""A stretch of one line in full resolution, for a chart that somebody has zoomed into."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from run_widgets.reading.downsample import Columns, reduced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from run_widgets.comparing.curves import Curve

POINTS = 2_000
MAX_POINTS = 20_000
"""Of one answer."""


class Stretch(NamedTuple):
    """A part of a line, as fine as it was logged or as was asked for."""

    total: int  # points of the whole line
    inside: int  # points between the stretch's ends
    columns: Columns  # and of what lies beyond them, the nearest point on each side


def stretch(
    whole: Curve, *, over: str = "x", start: float, end: float, points: int = POINTS
) -> Stretch:
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
    kept = np.flatnonzero(_with_neighbours(inside))
    kept = kept[reduced(whole.y[kept], points)] if len(kept) else kept
    columns = Columns(whole.step[kept], whole.y[kept], whole.at[kept])
    return Stretch(len(whole.y), int(np.count_nonzero(inside)), columns)


def _with_neighbours(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wider = inside.copy()
    wider[:-1] |= inside[1:]
    wider[1:] |= inside[:-1]
    return wider
