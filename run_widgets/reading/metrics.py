"""Everything a run logged, gathered from its followers' batches and given its API shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from run_widgets.records import Kind, Points, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from run_widgets.store import Follower


class Columns:
    """Rows and tables of one name, put below each other; a cell that is missing is None."""

    def __init__(self) -> None:
        self._cells: dict[str, list[Any]] = {}
        self._length = 0

    def add(self, records: Iterable[Record]) -> None:
        """Take in rows and tables, in the order in which they were logged."""
        for names, alike in groupby(records, _names_of_row):
            if names is None:
                for record in alike:
                    longest = max(map(len, record.value.values()), default=0)
                    self._extend(record.value, longest)
            else:
                rows = [record.value for record in alike]
                self._extend({name: [row[name] for row in rows] for name in names}, len(rows))

    def _extend(self, cells: Mapping[str, list[Any]], length: int) -> None:
        for name, new in cells.items():
            column = self._cells.setdefault(name, [])
            column += [None] * (self._length - len(column))
            column += new
        self._length += length

    def cells(self) -> dict[str, list[Any]]:
        """Return the columns, all of one length."""
        for column in self._cells.values():
            column += [None] * (self._length - len(column))
        return self._cells


def _names_of_row(record: Record) -> tuple[str, ...] | None:
    return tuple(record.value) if record.kind is Kind.ROW else None


def columns(records: Iterable[Record]) -> dict[str, list[Any]]:
    """Return rows and tables of one metric as columns, missing cells as None."""
    table = Columns()
    table.add(records)
    return table.cells()


class Metric:
    """All that was logged under one name, in one way: as scalars and lists, or as a table, or …"""

    def __init__(self, name: str, kind: Kind, first_at: float) -> None:
        self.name = name
        self.kind = kind
        """Of what was logged first."""

        self.first_at = first_at
        self.points: list[Points] = []
        self.count = 0
        """How many records there are, scalars aside."""

        self.records: list[Record] = []  # but rows and tables, which are many
        self._row: Mapping[str, Any] = {}  # the first one
        self._columns = Columns()

    def add(self, records: Sequence[Record]) -> None:
        """Take in what came next."""
        if self.kind in (Kind.ROW, Kind.TABLE):
            if not self.count:
                self._row = records[0].value
            self._columns.add(records)
        else:
            self.records += records
        self.count += len(records)

    def value(self) -> Any:
        """What went in: one scalar bare, repeated scalars and lists as a list, rows and
        tables as a dict of columns, an image as its file name, a document as a dict.
        """
        if self.kind in (Kind.SCALAR, Kind.LIST):
            return self._vector()
        if self.kind is Kind.ROW and self.count == 1:
            return dict(self._row)
        if self.kind in (Kind.ROW, Kind.TABLE):
            return self._columns.cells()
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


@dataclass(frozen=True, slots=True)
class Series:
    """One metric's scalars as arrays of one length n, in the order of writing."""

    step: NDArray[np.int64]  # as logged; counted from 0 where none was given
    at: NDArray[np.float64]  # seconds since the epoch, UTC
    value: NDArray[np.float64]  # NaN where the value is not a number

    def __len__(self) -> int:
        return len(self.step)


def series(parts: Sequence[Points]) -> Series:
    """Return a metric's repeated scalars, in as many parts as they were read, as arrays."""
    import numpy as np

    from run_widgets.records import NO_STEP

    if not parts:
        return Series(np.empty(0, np.int64), np.empty(0), np.empty(0))

    def joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    step = joined([points.step for points in parts])
    missing = step == NO_STEP
    if missing.any():
        step = np.where(missing, np.arange(len(step)), step)
    at = joined([points.at for points in parts])
    return Series(step, at, joined([points.numbers for points in parts]))


_FAMILY = {Kind.SCALAR: "vector", Kind.LIST: "vector", Kind.ROW: "table", Kind.TABLE: "table"}


def gather(follower: Follower, name: str | None = None) -> dict[str, Metric]:
    """Read a run to its end; only the metric `name`, where given.

    A name that two processes used in ways that do not go together is kept for
    the first way; the other's records are found under the name and its kind.
    """
    found: dict[tuple[str, str], Metric] = {}

    def metric(name: str, kind: Kind, first_at: float) -> Metric:
        key = (name, _FAMILY.get(kind, kind.value))
        if key not in found:
            found[key] = Metric(name, kind, first_at)
        return found[key]

    try:
        while batch := follower.read():
            for one, points in batch.points.items():
                if name in (None, one):
                    metric(one, Kind.SCALAR, float(points.at[0])).points.append(points)
            for (one, kind), alike in groupby(batch.records, attrgetter("metric", "kind")):
                if name in (None, one):
                    records = list(alike)
                    metric(one, kind, records[0].at).add(records)
    finally:
        follower.close()
    metrics: dict[str, Metric] = {}
    for each in sorted(found.values(), key=lambda metric: metric.first_at):
        while each.name in metrics:
            each.name += f" ({each.kind.value})"
        metrics[each.name] = each
    return metrics


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
