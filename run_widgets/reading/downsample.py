"""Lines of any length in as many points as a screen can show; knows nothing of runs.

What is kept is the outline: cut in buckets of consecutive points, a line keeps
of each bucket its lowest point, its highest, its first NaN and its first infinity,
and of the whole its two ends. So a spike of one point among ten million is always
there, and a place without a value never looks like one with a value. NaN and
infinities are both gaps, told apart, as a loss that overflowed has another cause
than one that is undefined.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tsdownsample import MinMaxDownsampler

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

MAX_POINTS = 2_000
"""More than a chart is wide in pixels, so that it shows all there is to see."""

BLOCK = 4_096
"""Points from which it pays to let tsdownsample look at them first."""

_ENGINE = MinMaxDownsampler()  # type: ignore[no-untyped-call]


class Columns(NamedTuple):
    """Points as columns of one length n; `y` is NaN or infinite where the line has a gap."""

    x: Floats  # any unit; finite
    y: Floats
    at: Floats  # seconds since the epoch, UTC


def reduced(y: ArrayLike, n_out: int) -> Indices:
    """Choose at most `n_out` points that keep the outline of a line.

    Parameters
    ----------
    y
        Shape (n,), any unit; NaN and infinities are gaps.
    n_out
        Points to keep, at least 6. With `n <= n_out` all are kept.

    Returns
    -------
    Strictly increasing indices into `y`, both ends among them.

    Raises
    ------
    ValueError
        `n_out` is below 6.
    """
    if n_out < 6:
        raise ValueError(f"n_out must be at least 6, for the two ends and one bucket, got {n_out}")
    line = np.ascontiguousarray(y, np.float64)
    if len(line) <= n_out:
        return np.arange(len(line))
    of_a_share = 4 if np.isinf(line).any() else 3
    kept = _outline_of_shares(line, (n_out - 2) // of_a_share)
    return _union(kept, np.array([0, len(line) - 1]))


class Outline:
    """The outline of a line that grows, in bounded memory.

    The buckets are 1, 2, 4, … points wide, as the line's length demands. As
    the lowest of two buckets is the lower one of their lowest, it makes no
    difference in what portions the points come.

    Parameters
    ----------
    max_points
        Points to keep of a line without gaps; twice as many, at most, of one that
        is full of them. The two ends are kept in any case.
    """

    def __init__(self, *, max_points: int = MAX_POINTS) -> None:
        self.total = 0
        """Points that the line has had so far."""

        self._max_buckets = max_points // 2
        self._shift = 0  # a bucket is 2**shift points wide
        # Of the kept points: their place in the whole line, and x, y, at. The first
        # `_kept` places are in use, so that growing by a few points copies a few.
        self._index = np.empty(16, np.intp)
        self._columns = np.empty((3, 16))
        self._kept = 0

    def extend(self, x: ArrayLike, y: ArrayLike, at: ArrayLike) -> None:
        """Add points at the line's end, each column of shape (n,).

        A point whose `y` is NaN or infinite is a gap; one whose `x` is becomes one.
        """
        xs, ys, ats = np.asarray(x), np.ascontiguousarray(y, np.float64), np.asarray(at)
        if not len(ys):
            return
        start, shift = self.total, self._shift
        self.total += len(ys)
        while self.total > self._max_buckets << self._shift:
            self._shift += 1

        places = self._candidates(ys, start)
        news = np.array((xs[places], ys[places], ats[places]), np.float64)
        self._place_gaps(news)

        if not self._shift:
            self._keep(self._kept, start + places, news)  # each point is a bucket of its own
            return
        # Only the open bucket can change, unless buckets have just been joined.
        settled = 0
        if shift == self._shift and start:
            opened = (start - 1) >> shift << shift
            settled = int(self._index[: self._kept].searchsorted(opened))
        index = np.concatenate((self._index[settled : self._kept], start + places))
        columns = np.concatenate((self._columns[:, settled : self._kept], news), axis=1)
        keep = _outline(columns[1], index >> self._shift)
        keep[-1] = True
        keep[0] |= not settled  # the line's own first point
        self._keep(settled, index[keep], columns[:, keep])

    def _keep(self, settled: int, index: Indices, columns: Floats) -> None:
        """Put points behind the first `settled`, in place of those that were there."""
        self._kept = settled + len(index)
        if self._kept > len(self._index):
            more = len(self._index) + self._kept
            self._index = np.concatenate((self._index, np.empty(more, np.intp)))
            self._columns = np.concatenate((self._columns, np.empty((3, more))), axis=1)
        self._index[settled : self._kept] = index
        self._columns[:, settled : self._kept] = columns

    def columns(self, since: int = 0) -> Columns:
        """Return the kept points among those added after the first `since`.

        All that such calls return, each from the `total` of the call before,
        holds the outline of the whole.
        """
        first = int(self._index[: self._kept].searchsorted(since)) if since else 0
        return Columns(*self._columns[:, first : self._kept].copy())

    def _candidates(self, y: Floats, start: int) -> Indices:
        """Return the places in `y` that a bucket may keep; quick for long `y`."""
        width = 1 << self._shift
        head = min(-start % width, len(y))
        shares = (len(y) - head) // width
        if width < 4 or shares * width < BLOCK:
            return np.arange(len(y))
        tail = head + shares * width
        middle = head + _outline_of_shares(y[head:tail], shares)
        # The line's own first point stays in any case, as the last one does.
        head, tail = max(head, 1), min(tail, len(y) - 1)
        middle = middle[(middle >= head) & (middle < tail)]
        return np.concatenate((np.arange(head), middle, np.arange(tail, len(y))))

    def _place_gaps(self, columns: Floats) -> None:
        """Give a point that has no x the x before it, and no y."""
        x, y, _ = columns
        lost = ~np.isfinite(x)
        if lost.any():
            y[lost] = np.nan
            before = self._columns[0, self._kept - 1] if self._kept else 0.0
            last_known = np.maximum.accumulate(np.where(lost, -1, np.arange(len(x))))
            x[:] = np.where(last_known < 0, before, x[last_known])


def _outline_of_shares(y: Floats, shares: int) -> Indices:
    """Return where `shares` equal parts of `y` are lowest, highest and first have each gap."""
    # The engine passes over NaN and yields a share's first place when all of it is NaN.
    # Its NaN-aware sibling yields a share's first NaN *instead of* its extremes.
    kept: Indices = _ENGINE.downsample(with_gaps(y), n_out=2 * shares).astype(np.intp)
    for gap in (np.isnan(y), np.isinf(y)):
        gaps = np.flatnonzero(gap)
        kept = _union(kept, gaps[_changes(gaps * shares // len(y))])
    return kept


def _outline(y: Floats, bucket: Indices) -> NDArray[np.bool_]:
    """Tell where each bucket is lowest, highest and first has a NaN and an infinity.

    Shapes (n,), n > 0; `bucket` is non-decreasing, its parts of any length.
    """
    changes = _changes(bucket)
    starts = np.flatnonzero(changes)
    if len(starts) == len(y):
        return changes
    lengths = np.diff(np.append(starts, len(y)))
    numbers = with_gaps(y)
    keep = np.zeros(len(y), bool)
    for hit in (
        numbers == np.fmin.reduceat(numbers, starts).repeat(lengths),
        numbers == np.fmax.reduceat(numbers, starts).repeat(lengths),
        np.isnan(y),
        np.isinf(y),
    ):
        hits = np.flatnonzero(hit)
        keep[hits[_changes(bucket[hits])]] = True
    return keep


def goes_one_way(x: Floats) -> bool:
    """Tell whether `x` never turns, so that a line leads through points over it."""
    steps = np.diff(x[np.isfinite(x)])
    return not ((steps > 0).any() and (steps < 0).any())


def with_gaps(y: Floats) -> Floats:
    """Return `y` with NaN in place of infinities, which are no extremes."""
    infinite = np.isinf(y)
    return np.where(infinite, np.nan, y) if infinite.any() else y


def _union(one: Indices, other: Indices) -> Indices:
    """Return the places of both in order; numpy's own would load its masked arrays for that."""
    places = np.sort(np.concatenate((one, other)))
    return places[_changes(places)]


def _changes(groups: Indices) -> NDArray[np.bool_]:
    """Tell where a value differs from the one before it, as the first one does."""
    changes = np.ones(len(groups), bool)
    np.not_equal(groups[1:], groups[:-1], out=changes[1:])
    return changes
