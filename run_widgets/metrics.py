"""Everything a run logged, gathered from its followers' batches and given its API shape."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from run_widgets.records import Kind, Points, Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from run_widgets.store import Follower


@dataclass(slots=True)
class Metric:
    """All that was logged under one name."""

    name: str
    points: list[Points] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        return self.records[0].kind if self.records else Kind.SCALAR

    def value(self) -> Any:
        """What went in: one scalar bare, repeated scalars and lists as a list, rows and
        tables as a dict of columns, an image as its file name, a document as a dict.
        """
        if self.kind in (Kind.SCALAR, Kind.LIST):
            return self._vector()
        if self.kind in (Kind.ROW, Kind.TABLE):
            return self._table()
        values = [record.value for record in self.records]
        return values[0] if len(values) == 1 else values

    def _vector(self) -> Any:
        if not self.records:
            values = [value for points in self.points for value in points.values()]
            return values[0] if len(values) == 1 else values
        # Lists, and perhaps scalars between them: in the order of their times.
        parts: list[tuple[float, list[Any]]] = [(r.at, r.value) for r in self.records]
        for points in self.points:
            parts += [(at, [v]) for at, v in zip(points.at.tolist(), points.values(), strict=True)]
        parts.sort(key=lambda part: part[0])
        return [value for _, values in parts for value in values]

    def _table(self) -> dict[str, Any]:
        only = self.records[0]
        if len(self.records) == 1 and only.kind is Kind.ROW:
            return dict(only.value)
        return columns(self.records)


def columns(records: list[Record]) -> dict[str, list[Any]]:
    """Return rows and tables of one metric as columns, missing cells as None."""
    table: dict[str, list[Any]] = {}
    length = 0
    for record in records:
        if record.kind is Kind.ROW:
            new, count = {name: [cell] for name, cell in record.value.items()}, 1
        else:
            new, count = record.value, max(map(len, record.value.values()), default=0)
        for name, cells in new.items():
            column = table.setdefault(name, [])
            column += [None] * (length - len(column))
            column += cells
        length += count
    for column in table.values():
        column += [None] * (length - len(column))
    return table


@dataclass(frozen=True, slots=True)
class Series:
    """One metric's scalars as arrays of one length n, in the order of writing."""

    step: NDArray[np.int64]  # as logged; counted from 0 where none was given
    at: NDArray[np.float64]  # seconds since the epoch, UTC
    value: NDArray[np.float64]  # NaN where the value is not a number

    def __len__(self) -> int:
        return len(self.step)


def series(metric: Metric) -> Series:
    """Return a metric's repeated scalars as arrays."""
    import numpy as np

    from run_widgets.records import NO_STEP

    if not metric.points:
        return Series(np.empty(0, np.int64), np.empty(0), np.empty(0))

    def joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    step = joined([points.step for points in metric.points])
    missing = step == NO_STEP
    if missing.any():
        step = np.where(missing, np.arange(len(step)), step)
    at = joined([points.at for points in metric.points])
    return Series(step, at, joined([points.numbers for points in metric.points]))


def gather(follower: Follower, name: str | None = None) -> dict[str, Metric]:
    """Read a run to its end; only the metric `name`, where given.

    A name that two processes used in ways that do not go together is kept for
    the first way; the other's records are found under the name and its kind.
    """
    metrics: dict[str, Metric] = {}
    try:
        while batch := follower.read():
            for metric, points in batch.points.items():
                if name is None or metric == name:
                    metrics.setdefault(metric, Metric(metric)).points.append(points)
            for record in batch.records:
                if name is None or record.metric == name:
                    metrics.setdefault(record.metric, Metric(record.metric)).records.append(record)
    finally:
        follower.close()
    for metric in list(metrics):
        _part(metrics, metric)
    return {metric.name: metric for metric in sorted(metrics.values(), key=_first_at)}


def _first_at(metric: Metric) -> float:
    return min(
        [float(points.at[0]) for points in metric.points[:1]]
        + [record.at for record in metric.records[:1]]
    )


_FAMILY = {Kind.SCALAR: "vector", Kind.LIST: "vector", Kind.ROW: "table", Kind.TABLE: "table"}


def _part(metrics: dict[str, Metric], name: str) -> None:
    metric = metrics[name]
    families = {_FAMILY.get(record.kind, record.kind.value) for record in metric.records}
    if metric.points:
        families.add("vector")
    if len(families) < 2:
        return
    first = min(
        [(points.at[0], "vector") for points in metric.points[:1]]
        + [(record.at, _FAMILY.get(record.kind, record.kind.value)) for record in metric.records]
    )[1]
    moved = [r for r in metric.records if _FAMILY.get(r.kind, r.kind.value) != first]
    metric.records = [r for r in metric.records if _FAMILY.get(r.kind, r.kind.value) == first]
    for record in moved:
        other = f"{name} ({record.kind.value})"
        metrics.setdefault(other, Metric(other)).records.append(record)
    if first != "vector" and metric.points:
        other = f"{name} ({Kind.SCALAR.value})"
        metrics.setdefault(other, Metric(other)).points.extend(metric.points)
        metric.points = []


ABSENT = "–"
"""In place of a value that a run has not."""


def same(a: Any, b: Any) -> bool:
    """Tell whether two logged values are the same: a NaN is, 1 and True are not."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and bool(a == b)


def in_words(metric: Metric | None) -> str:
    """Return what was logged under one name, in a few words."""
    if metric is None:
        return ABSENT
    value = metric.value()
    if isinstance(value, list) and metric.kind in (Kind.SCALAR, Kind.LIST):
        return f"{len(value)} values, last {value[-1]!r}" if value else "no values"
    if metric.kind in (Kind.ROW, Kind.TABLE):
        columns = list(value.values())
        rows = len(columns[0]) if columns and isinstance(columns[0], list) else 1
        return f"table of {rows} rows and {len(columns)} columns"
    text = repr(value)
    return text if len(text) <= 200 else text[:199] + "…"
