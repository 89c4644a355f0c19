"""Curves of several runs on one axis, and bands of those that belong together.

The functions on arrays know nothing of runs; `js/src/experiment/align.ts` does the
same in the browser, and the tests of both share their examples.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from run_widgets.errors import RunNotFound
from run_widgets.reading.downsample import MAX_POINTS, reduced
from run_widgets.reading.metrics import series

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from run_widgets.records import Points
    from run_widgets.store import Follower

Floats = NDArray[np.float64]

GRID_POINTS = 1_000
"""Of a common axis, at the most."""

READERS = 2
"""Runs read at once: reading is half waiting and half work that needs no lock."""

AT_ONCE = 2**18
"""Points that are taken of a run at a time: what stays in the processor's cache is read in a
third of the time, and a run of a thousand metrics is not taken apart too often."""


# -- arrays ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """What several curves are together; arrays of one length n."""

    x: Floats
    mean: Floats  # NaN where no curve has a value
    low: Floats
    high: Floats
    count: NDArray[np.int64]  # how many curves have a value there


def common_axis(xs: Sequence[ArrayLike], *, most: int = GRID_POINTS) -> Floats:
    """Return an axis that suits several curves: their own x where those are few, else even steps.

    Parameters
    ----------
    xs
        Arrays of any lengths, any unit; what is not finite is left out.
    most
        Length of the axis at the most, at least 2.
    """
    finite = [np.asarray(x, np.float64) for x in xs]
    finite = [x[np.isfinite(x)] for x in finite]
    every = np.unique(np.concatenate(finite)) if finite else np.empty(0)
    if len(every) <= most:
        return every
    return np.linspace(every[0], every[-1], most)


def aligned(curves: Sequence[tuple[ArrayLike, ArrayLike]], axis: ArrayLike) -> Floats:
    """Return each curve's values on a common axis, in between by straight lines.

    Parameters
    ----------
    curves
        For each its x, in any order, and y of the same length. Of several values
        at one x the one that was logged last counts: a step that went back is a
        second attempt. NaN and infinite values are passed over.
    axis
        Shape (n,), increasing, in the unit of x.

    Returns
    -------
    Shape (len(curves), n); NaN outside a curve's own range.
    """
    at = np.asarray(axis, np.float64)
    values = np.full((len(curves), len(at)), np.nan)
    for row, (xs, ys) in zip(values, curves, strict=True):
        x, y = np.asarray(xs, np.float64), np.asarray(ys, np.float64)
        known = np.isfinite(x) & np.isfinite(y)
        x, y = x[known], y[known]
        if len(x):
            last, places = np.unique(x[::-1], return_index=True)
            row[:] = np.interp(at, last, y[::-1][places], left=np.nan, right=np.nan)
    return values


def band(axis: ArrayLike, values: ArrayLike, spread: str = "std") -> Band:
    """Return the mean of aligned curves, and how far they spread around it.

    Parameters
    ----------
    axis, values
        Shapes (n,) and (curves, n), as `aligned` returns them.
    spread
        ``"std"``: the mean plus and minus the sample standard deviation;
        ``"ci95"``: the 95 % confidence interval of the mean (Student's t);
        ``"minmax"``: the lowest and the highest curve. Where there is one curve
        only, all three are the curve itself.

    Raises
    ------
    ValueError
        `spread` is none of these.
    """
    if spread not in ("std", "ci95", "minmax"):
        raise ValueError(f"spread must be 'std', 'ci95' or 'minmax', got {spread!r}")
    table = np.asarray(values, np.float64)
    known = ~np.isnan(table)
    count = known.sum(axis=0)
    some = np.maximum(count, 1)
    mean = np.where(count > 0, np.where(known, table, 0.0).sum(axis=0) / some, np.nan)
    if spread == "minmax":
        low = np.where(known, table, np.inf).min(axis=0, initial=np.inf)
        high = np.where(known, table, -np.inf).max(axis=0, initial=-np.inf)
        low, high = (np.where(count > 0, edge, np.nan) for edge in (low, high))
    else:
        squares = np.where(known, (table - mean) ** 2, 0.0).sum(axis=0)
        away = np.sqrt(squares / np.maximum(count - 1, 1))
        if spread == "ci95":
            away = away * student_t95(count - 1) / np.sqrt(some)
        low, high = mean - away, mean + away
    return Band(np.asarray(axis, np.float64), mean, low, high, count)


# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
_T95 = np.array(
    [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
     2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
     2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042]
)  # fmt: skip


def student_t95(degrees: ArrayLike) -> Floats:
    """Return the two-sided 95 % quantile of Student's t; beyond 30 degrees to three digits.

    Source
    ------
    Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, table
    26.10 up to 30 and formula 26.7.5 beyond.
    """
    n = np.maximum(np.asarray(degrees, np.int64), 1)
    z = 1.959964
    series = z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    return np.where(n <= len(_T95), _T95[np.minimum(n, len(_T95)) - 1], series)


# -- curves ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one run; arrays of one length n."""

    run_id: str
    step: Floats  # as logged; counted from 0 where none was given
    at: Floats  # seconds since the epoch, UTC
    y: Floats  # NaN where a value is not a number

    def x(self, axis: str, started_at: float | None = None) -> Floats:
        """Return its x: ``"step"``, ``"time"``, ``"relative"`` seconds or the ``"index"``."""
        if axis == "step":
            return self.step
        if axis == "time":
            return self.at
        if axis == "index":
            return np.arange(len(self.y), dtype=np.float64)
        if axis == "relative":
            first = started_at if started_at is not None else self.at[0] if len(self.at) else 0.0
            return self.at - first
        raise ValueError(f"x must be 'step', 'time', 'relative' or 'index', got {axis!r}")


class Read(Protocol):
    """What of a store it takes to read curves."""

    def follow(self, run_id: str, *, at_once: int = ...) -> Follower: ...


def curve(store: Read, run_id: str, metric: str) -> Curve:
    """Read one metric of one run; a run without it, or that is gone, has no points.

    The metric may have the name as a page shows it, which is cut.
    """
    return curves(store, run_id, [metric])[metric]


def curves(store: Read, run_id: str, metrics: Iterable[str]) -> dict[str, Curve]:
    """Read some metrics of one run, in one go; by name, as `curve` does each."""
    found: dict[str, list[Points]] = {name: [] for name in metrics}
    with contextlib.suppress(RunNotFound):
        follower = store.follow(run_id, at_once=AT_ONCE)
        try:
            while batch := follower.read():
                for name, parts in found.items():
                    if points := batch.points.get(name):
                        parts.append(points)
        finally:
            follower.close()
    whole = {name: series(parts) for name, parts in found.items()}
    return {
        name: Curve(run_id, one.step.astype(np.float64), one.at, one.value)
        for name, one in whole.items()
    }


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve as far as a screen can show it, and averaged for bands."""

    run_id: str
    total: int  # points of the whole curve
    outline: tuple[Floats, Floats, Floats]  # step, at, y: no extreme is lost
    means: tuple[Floats, Floats, Floats] | None  # of equal shares; None: the outline is the whole


def drawn(whole: Curve, most: int = MAX_POINTS) -> Drawn:
    """Reduce a curve for the browser, to `most` points, at least 6."""
    columns = (whole.step, whole.at, whole.y)
    total = len(whole.y)
    if total <= most:
        return Drawn(whole.run_id, total, columns, None)
    kept = reduced(whole.y, most)
    step, at, y = (column[kept] for column in columns)
    edges = np.linspace(0, total, min(GRID_POINTS, most) + 1).astype(np.intp)[:-1]
    known = np.isfinite(whole.y)
    count = np.add.reduceat(known, edges, dtype=np.int64)
    means = [
        np.add.reduceat(np.where(known, column, 0.0), edges) / np.maximum(count, 1)
        for column in columns
    ]
    return Drawn(
        whole.run_id,
        total,
        (step, at, y),
        tuple(mean[count > 0] for mean in means),  # type: ignore[arg-type]
    )


def told(one: Drawn, buffers: list[bytes]) -> dict[str, object]:
    """Return a curve as JSON has it, with places of its float64 columns, added to `buffers`."""

    def places(columns: tuple[Floats, ...]) -> list[int]:
        buffers.extend(column.tobytes() for column in columns)
        return list(range(len(buffers) - len(columns), len(buffers)))

    return {
        "run": one.run_id,
        "total": one.total,
        "outline": places(one.outline),
        "means": None if one.means is None else places(one.means),
    }


class Curves:
    """Reads curves for a page, and keeps those of runs that have ended."""

    KEPT = 500

    def __init__(self, store: Read) -> None:
        self._store = store
        self._kept: OrderedDict[tuple[str, str, int], Drawn] = OrderedDict()
        self._lock = threading.Lock()  # several pages may ask at once

    def read(self, metric: str, runs: Iterable[tuple[str, int]]) -> Generator[Drawn]:
        """Yield the curves of one metric in the order of `runs`, the next ones read meanwhile.

        Parameters
        ----------
        runs
            Each run's id, and how many values it has by what the page knows: a
            curve of so many values is read once.
        """
        pool = ThreadPoolExecutor(READERS)
        try:
            yield from pool.map(lambda run: self._curve(metric, *run), runs)
        finally:
            # Who wants no more of them does not wait for the one that is just being read.
            pool.shutdown(wait=False, cancel_futures=True)

    def _curve(self, metric: str, run_id: str, count: int) -> Drawn:
        key = (metric, run_id, count)
        with self._lock:
            known = self._kept.get(key)
        if known is not None:
            return known
        one = drawn(curve(self._store, run_id, metric))
        if one.total == count:
            with self._lock:
                self._kept[key] = one
                while len(self._kept) > self.KEPT:
                    self._kept.popitem(last=False)
        return one
