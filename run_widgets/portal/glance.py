"""What a list tells of a run's values at a glance: one metric, its curve, and the first NaN."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from run_widgets.comparing.curves import curve
from run_widgets.reading.downsample import Outline, reduced
from run_widgets.reading.facts import cell, shown
from run_widgets.records import NO_STEP, PointKind
from run_widgets.store import layout
from run_widgets.store.digest import Digester, of_run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from run_widgets.records import Batch, Points, RunRecord
    from run_widgets.store import Follower
    from run_widgets.store.digest import Digest, MetricDigest
    from run_widgets.store.local import LocalStore

Json: TypeAlias = dict[str, Any]

SPARK_POINTS = 40
"""Of a curve as wide as a word."""

LONGEST_BYTES = 50_000_000
"""Of a run's metrics: drawing so small a curve is not worth reading more."""

_MONITORED = "system/"
"""What the machine does says least about a run."""


class Going:
    """What a run that goes on has measured so far, and the curve of one metric."""

    def __init__(self, store: LocalStore, record: RunRecord) -> None:
        self._store = store
        self._run_id = record.id
        self._goals = list(record.goals)
        self.is_behind = True
        self._start()

    def aim(self, record: RunRecord) -> None:
        """Note which metrics the run wants high or low, which may be said late."""
        self._goals = list(record.goals)
        self._turn()

    def _turn(self) -> bool:
        """Begin anew with the curve of the run's goal; False where it is the one, or not there."""
        goal = next((goal for goal in self._goals if goal in self._digester.digest), "")
        if not goal or self._metric in ("", *self._goals):
            return False
        self._follower.close()
        self._start(goal)
        return True

    def _start(self, metric: str = "") -> None:
        self._follower: Follower = self._store.follow(self._run_id)
        self._digester = Digester()
        self._metric = metric
        self._outline = Outline(max_points=SPARK_POINTS)
        self._nan: list[object] | None = None  # the first one's metric and step

    def read(self, until: float) -> bool:
        """Read on until that time; tell whether there was anything."""
        any_news, self.is_behind = False, True
        while time.monotonic() < until:
            batch = self._follower.read()
            if not batch:
                self.is_behind = False
                break
            any_news = True
            if self._nan is None:
                self._nan = _first_nan(batch, self._digester.digest)
            self._digester.feed(batch)
            if self._turn():
                continue
            self._metric = self._metric or self._first(batch)
            if points := batch.points.get(self._metric):
                self._outline.extend(np.arange(len(points)), points.numbers, points.at)
        return any_news

    def _first(self, batch: Batch) -> str:
        """Return the metric to draw, of those that a batch has; none where none can be."""
        goals = [goal for goal in self._goals if goal in batch.points]
        return goals[0] if goals else _first_drawable(batch)

    def told(self) -> Json:
        """Return what the list shows of it."""
        known = summary(self._digester.digest, [self._metric])
        if self._nan:
            known["nan"] = self._nan
        if self._outline.total > 1:
            known["spark"] = _numbers(self._outline.columns().y)
        return known

    def close(self) -> None:
        self._follower.close()


def _first_drawable(batch: Batch) -> str:
    for name, points in batch.points.items():
        if not name.startswith(_MONITORED) and np.isfinite(points.numbers).any():
            return name
    return ""


def _first_nan(batch: Batch, before: Digest) -> list[object] | None:
    """Return metric and step of the first NaN of a batch; None, which is logged too, is none."""
    for name, points in batch.points.items():
        places = np.flatnonzero((points.kind == PointKind.FLOAT) & np.isnan(points.numbers))
        if len(places):
            return [shown(name), _step(points, int(places[0]), before.get(name))]
    return None


def _step(points: Points, place: int, before: MetricDigest | None) -> int:
    step = int(points.step[place])
    return step if step != NO_STEP else place + (before.count if before else 0)


def summary(digest: Digest, goals: Iterable[str]) -> Json:
    """Return the metric that says most of a run, its last value, and what became NaN."""
    known: Json = {}
    metric = _telling(digest, goals)
    if metric:
        known |= {"metric": shown(metric), "last": cell(digest[metric].last)}
    nan = next((name for name, one in digest.items() if one.nans), None)
    if nan is not None:
        known["nan"] = [shown(nan), None]
    return known


def _telling(digest: Digest, goals: Iterable[str]) -> str:
    """Return the metric that says most of a run: its goal, else its first curve or number."""
    numeric = [name for name, one in digest.items() if one.min is not None]
    own = [name for name in numeric if not name.startswith(_MONITORED)]
    curves = [name for name in own if digest[name].count > 1]
    wanted = [goal for goal in goals if goal in digest]
    return next(iter((*wanted, *curves, *own, *numeric)), "")


def spark_of(store: LocalStore, record: RunRecord) -> Json:
    """Return what a list shows of a run that has ended; nothing where its values are very many."""
    metrics = store.folder(record.id) / layout.METRICS
    if _size(metrics) > LONGEST_BYTES:
        return {}
    digest = of_run(metrics)
    known = summary(digest, record.goals)
    metric = _telling(digest, record.goals)
    if metric and digest[metric].count > 1:
        values = curve(store, record.id, metric).y
        known["spark"] = _numbers(values[reduced(values, SPARK_POINTS)])
    return known


def _size(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    except OSError:
        return 0


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Return values in few digits, None for what is no number."""
    return [float(f"{value:.4g}") if math.isfinite(value) else None for value in values.tolist()]
