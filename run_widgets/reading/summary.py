"""All that any face of this package shows of a run, read bit by bit and in bounded memory.

A `RunSummary` is fed with what a follower reads and keeps, of each metric, what a
person can look at: its last value, the outline of its lines, its first rows. It
knows neither widgets nor pages, so panel, portal and command line show the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import numpy as np

from run_widgets.reading.downsample import Floats, Indices, Outline, goes_one_way
from run_widgets.reading.facts import Cell, cell, shown, text_of, time_of
from run_widgets.reading.metrics import columns
from run_widgets.records import NO_STEP, Batch, Kind, PointKind, Points, Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PALETTE = (
    "#2b7bd6",
    "#d9791a",
    "#0f9d76",
    "#b6559f",
    "#3d9ccb",
    "#a8871c",
    "#e0503f",
    "#7f868d",
)
"""Eight hues that stand out from white and from black alike, 3 to 1; the first four
are apart for colour-blind eyes too."""

MAX_ROWS = 1_000
MAX_CELLS = 20_000
"""Of one table, whichever is reached first; further rows are counted."""

MAX_COLUMNS = 200

MAX_LINES = 40
"""Of one chart; nobody tells more apart, and the table has every column."""

MAX_IMAGES = 50
"""Of one name, evenly from the first to the last; the others are counted."""

MAX_DOCUMENTS = 16
"""The same of JSON documents, each of which may be large."""

MAX_WARNINGS = 10


@dataclass(slots=True)
class Line:
    """One line of a chart, as far as it can be seen."""

    name: str
    color: str
    outline: Outline = field(default_factory=Outline)


@dataclass(slots=True)
class Curves:
    """What a chart shows."""

    name: str
    kind: str  # "metric", over step, or "table", over its first numeric column
    x_label: str
    lines: list[Line] = field(default_factory=list)
    color: int = 0
    """The first line's place in the palette."""

    @property
    def y_label(self) -> str:
        """The line's name; empty where there are several, as the legend has them."""
        return self.lines[0].name if len(self.lines) == 1 else ""

    def is_scattered(self, x: Floats) -> bool:
        """Tell whether points over `x` are drawn without a line, which would go back and forth.

        A metric's steps may go back, when a run is resumed, and are drawn as a line still.
        """
        return self.kind == "table" and not goes_one_way(x)

    def described(self) -> dict[str, object]:
        """Return what a browser is told of the chart besides its points."""
        return {
            "name": self.name,
            "kind": self.kind,
            "x_label": self.x_label,
            "y_label": self.y_label,
            "series": [
                {"name": line.name, "color": line.color, "total": line.outline.total}
                for line in self.lines
            ],
        }

    def line(self, name: str) -> Line | None:
        """Return the line `name`, new if need be; None when the chart is full."""
        for line in self.lines:
            if line.name == name:
                return line
        if len(self.lines) == MAX_LINES:
            return None
        color = PALETTE[(self.color + len(self.lines)) % len(PALETTE)]
        self.lines.append(Line(name, color))
        return self.lines[-1]


class Vector:
    """The scalars and lists of one name."""

    family = Kind.SCALAR

    def __init__(self, name: str, color: int = 0) -> None:
        self.name = name
        self.color = color
        self.total = 0
        self.last: object = None
        self.lowest = math.nan
        self.highest = math.nan
        self._is_list = False
        self._has_numbers = False
        self._curves: Curves | None = None

    @property
    def kind(self) -> str:
        if self.total != 1 or self._is_list:
            return "vector"
        return "scalar" if self._has_numbers else "text"

    @property
    def text(self) -> str:
        return f"Vector[{self.total}]" if self.kind == "vector" else text_of(self.last)

    @property
    def curves(self) -> Curves | None:
        """The chart of repeated numbers; None for a single value and for texts."""
        return self._curves if self.kind == "vector" and self._has_numbers else None

    def add_points(self, points: Points) -> None:
        places = np.arange(self.total, self.total + len(points))
        given = points.step != NO_STEP
        x = np.where(given, points.step, places)
        if not self._has_numbers:
            self._has_numbers = bool((points.kind <= PointKind.BOOL).any()) or any(
                isinstance(value, int) for value in points.objects.values()
            )
        self._extend(x, points.numbers, points.at, x_label="step" if given.any() else "index")
        self.last = _last(points)

    def add(self, records: Sequence[Record]) -> None:
        self._is_list = True
        values = [value for record in records for value in record.value]
        numbers = _numbers(values)
        self._has_numbers |= any(isinstance(value, int | float) for value in values)
        at = np.repeat([record.at for record in records], [len(record.value) for record in records])
        self._extend(np.arange(self.total, self.total + len(values)), numbers, at, x_label="index")
        self.last = values[-1] if values else self.last

    def _extend(self, x: Indices, y: Floats, at: Floats, *, x_label: str) -> None:
        if self._curves is None:
            self._curves = Curves(self.name, "metric", x_label, color=self.color)
        line = self._curves.line(self.name)
        assert line is not None  # the first of a chart always fits
        line.outline.extend(x, y, at)
        self.total += len(y)
        # The reduction starts with the value so far, so that `y` may be empty.
        self.lowest = float(np.fmin.reduce(y, initial=self.lowest))
        self.highest = float(np.fmax.reduce(y, initial=self.highest))


class Rows:
    """The rows and tables of one name."""

    family = Kind.TABLE
    kind = "table"

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = 0
        self.columns: list[str] = []
        """The first `MAX_COLUMNS`, in the order in which they appeared."""

        self._rows: list[list[Cell]] = []
        self._at: list[float | None] = []
        self._cells = 0
        self._numeric: dict[str, bool | None] = {}  # by column; None while it is all None
        self._x: str | None = None  # a numeric column; None for the row's number
        self._curves: Curves | None = None

    @property
    def text(self) -> str:
        return f"Table[{self.total}x{len(self._numeric)}]"

    @property
    def curves(self) -> Curves | None:
        """The chart of the numeric columns; None when there is none."""
        return self._curves

    def rows(self, start: int = 0) -> list[list[Cell]]:
        """Return the kept rows, the run's first ones, from `start` on."""
        width = len(self.columns)
        # A row that was kept before the last column appeared is shorter.
        return [row + [None] * (width - len(row)) for row in self._rows[start:]]

    def times(self, start: int = 0) -> list[float | None]:
        """Return when each of `rows` was logged, seconds since the epoch, UTC."""
        return self._at[start:]

    @property
    def kept(self) -> int:
        """How many `rows` there are."""
        return len(self._rows)

    def told(self, start: int = 0) -> dict[str, object]:
        """Return what a browser is told of the table, its rows from `start` on."""
        return {
            "name": self.name,
            "columns": list(self.columns),
            "rows": self.rows(start),
            "at": self.times(start),
            "total": self.total,
        }

    def add(self, records: Sequence[Record]) -> None:
        cells = columns(records)
        lengths = [_length(record) for record in records]
        for name, values in cells.items():
            if name not in self._numeric and len(self.columns) < MAX_COLUMNS:
                self.columns.append(shown(name))
            if self._numeric.get(name) is None:
                self._numeric[name] = _is_numeric(values)
        at = np.repeat([record.at for record in records], lengths)
        self._keep(cells, at)
        self._draw(records, cells, at)
        self.total += sum(lengths)

    def _keep(self, cells: Mapping[str, Sequence[object]], at: Floats) -> None:
        names = list(self._numeric)[:MAX_COLUMNS]
        room = (MAX_CELLS - self._cells) // max(1, len(names))
        count = min(len(at), room, MAX_ROWS - len(self._rows))
        for place in range(count):
            row = (cells[name][place] if name in cells else None for name in names)
            self._rows.append([cell(value) for value in row])
        self._at += [time_of(float(each)) for each in at[:count]]
        self._cells += count * len(names)

    def _draw(
        self, records: Sequence[Record], cells: Mapping[str, Sequence[object]], at: Floats
    ) -> None:
        if self._curves is None:
            self._choose_x(records)
        if self._curves is None:
            return
        nothing = np.full(len(at), np.nan)
        if self._x is None:
            x = np.arange(self.total, self.total + len(at), dtype=np.float64)
        else:
            x = _numbers(cells[self._x]) if self._x in cells else nothing
        for name, numeric in self._numeric.items():
            if numeric and name != self._x and (line := self._curves.line(shown(name))):
                line.outline.extend(x, _numbers(cells[name]) if name in cells else nothing, at)

    def _choose_x(self, records: Sequence[Record]) -> None:
        """Draw over the first numeric column of the first record that has a second one.

        A single one is drawn over the row's number. Asked of one record, so
        that it makes no difference in what portions the records come.
        """
        for record in records:
            numeric = [
                name
                for name, cells in record.value.items()
                if self._numeric[name] and _is_numeric(cells)
            ]
            if numeric:
                self._x = numeric[0] if len(numeric) > 1 else None
                label = "row" if self._x is None else shown(self._x)
                self._curves = Curves(self.name, "table", label)
                return


_Each = TypeVar("_Each", bound="Picture | Document")


class _Some(Generic[_Each]):
    """Of all that come one by one a few, evenly from the first to the last."""

    def __init__(self, most: int) -> None:
        self.kept: list[_Each] = []
        self._most = most
        self._stride = 1

    def add(self, each: _Each) -> None:
        if self.kept and self.kept[-1].place % self._stride:
            self.kept.pop()  # it was there as the last one only
        self.kept.append(each)
        if len(self.kept) > self._most:
            self._stride *= 2
            self.kept = [k for k in self.kept if k is each or k.place % self._stride == 0]


@dataclass(frozen=True, slots=True)
class Picture:
    """One logged image; `path` is its file in the run."""

    path: str
    place: int  # among the images of its name
    at: float
    step: int | None


class Pictures:
    """The images of one name."""

    family = Kind.IMAGE
    kind = "image"
    curves = None

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = 0
        self._some: _Some[Picture] = _Some(MAX_IMAGES)

    @property
    def kept(self) -> list[Picture]:
        return self._some.kept

    @property
    def text(self) -> str:
        return "Image" if self.total == 1 else f"Image[{self.total}]"

    def add(self, records: Sequence[Record]) -> None:
        for record in records:
            self._some.add(Picture(str(record.value), self.total, record.at, record.step))
            self.total += 1


@dataclass(frozen=True, slots=True)
class Document:
    """One logged JSON document, as it was logged."""

    value: object
    place: int  # among the documents of its name
    at: float
    step: int | None


class Documents:
    """The JSON documents of one name: a confusion matrix, an accuracy table, …"""

    curves = None

    def __init__(self, name: str, kind: Kind) -> None:
        self.name = name
        self.family = kind
        self.kind = kind.value
        self.total = 0
        self._some: _Some[Document] = _Some(MAX_DOCUMENTS)

    @property
    def kept(self) -> list[Document]:
        return self._some.kept

    @property
    def text(self) -> str:
        words = self.kind.replace("_", " ").capitalize()
        return words if self.total == 1 else f"{words}[{self.total}]"

    def add(self, records: Sequence[Record]) -> None:
        for record in records:
            self._some.add(Document(record.value, self.total, record.at, record.step))
            self.total += 1


Metric: TypeAlias = Vector | Rows | Pictures | Documents


class RunSummary:
    """What a person can look at of one run, as far as it has been read."""

    def __init__(self) -> None:
        self.points = 0
        """Values logged: scalars, elements of lists, rows, images, documents."""

        self.last_value_at: float | None = None
        """When the newest was logged, seconds since the epoch, UTC."""

        self.warnings: list[str] = []
        """What the reader had to say, each once."""

        self._metrics: dict[str, Metric] = {}
        self._first_at: dict[str, float | None] = {}
        self._prefixes: dict[str, int] = {}

    @property
    def metrics(self) -> list[Metric]:
        """All of them, in the order in which they first appeared."""
        return list(self._metrics.values())

    def listed(self) -> list[dict[str, object]]:
        """Return what a browser is told of each metric; `at` is when it was first logged."""
        return [
            {
                "name": metric.name,
                "kind": metric.kind,
                "text": metric.text,
                "at": self._first_at[metric.name],
            }
            for metric in self._metrics.values()
        ]

    @property
    def charts(self) -> list[Curves]:
        return [metric.curves for metric in self._metrics.values() if metric.curves is not None]

    @property
    def tables(self) -> list[Rows]:
        return [metric for metric in self._metrics.values() if isinstance(metric, Rows)]

    @property
    def documents(self) -> list[Documents]:
        return [metric for metric in self._metrics.values() if isinstance(metric, Documents)]

    @property
    def images(self) -> list[Pictures]:
        return [metric for metric in self._metrics.values() if isinstance(metric, Pictures)]

    def feed(self, batch: Batch) -> None:
        """Take in what a follower read."""
        for warning in batch.warnings:
            if warning not in self.warnings and len(self.warnings) < MAX_WARNINGS:
                self.warnings.append(shown(warning))
        groups: dict[tuple[str, Kind], list[Record]] = {}
        for record in batch.records:
            family = _FAMILIES.get(record.kind, record.kind)
            groups.setdefault((record.metric, family), []).append(record)

        # By time, as the first way to use a name is the one that keeps the name.
        news: list[tuple[float, str, Kind, Points | list[Record]]] = [
            (float(points.at[0]), name, Kind.SCALAR, points)
            for name, points in batch.points.items()
        ]
        news += [(group[0].at, name, family, group) for (name, family), group in groups.items()]
        for _, name, family, values in sorted(news, key=lambda new: new[0]):
            self._take(name, family, values)

    def _take(self, name: str, family: Kind, values: Points | list[Record]) -> None:
        kind = Kind.SCALAR if isinstance(values, Points) else values[0].kind
        metric = self._metric(shown(name), family, kind)
        before = metric.total
        if isinstance(values, Points):
            assert isinstance(metric, Vector)
            metric.add_points(values)
            newest = time_of(float(np.fmax.reduce(values.at)))
            first = float(values.at[0])
        else:
            metric.add(values)
            first = values[0].at
            newest = max((at for record in values if (at := time_of(record.at))), default=None)
        self._first_at.setdefault(metric.name, time_of(first))
        self.points += metric.total - before
        if newest is not None:
            self.last_value_at = max(newest, self.last_value_at or newest)

    def _metric(self, name: str, family: Kind, kind: Kind) -> Metric:
        """Return the metric `name`, or one named beside it if `name` is used in another way."""
        metric = self._metrics.get(name)
        if metric is None:
            metric = self._metrics[name] = self._new(name, family)
        if metric.family is family:
            return metric
        return self._metric(f"{name} ({kind.value})", family, kind)

    def _new(self, name: str, family: Kind) -> Metric:
        if family is Kind.SCALAR:
            return Vector(name, self._color(name))
        new = _CLASSES.get(family)
        return Documents(name, family) if new is None else new(name)

    def _color(self, name: str) -> int:
        """Return one place for all of ``train/…`` and another for all of ``val/…``."""
        prefix, slash, _ = name.rpartition("/")
        return self._prefixes.setdefault(prefix, len(self._prefixes)) if slash else 0


_FAMILIES = {Kind.LIST: Kind.SCALAR, Kind.ROW: Kind.TABLE}
"""What is shown as one with another kind under the same name."""

_CLASSES: Mapping[Kind, type[Rows | Pictures]] = {
    metric.family: metric for metric in (Rows, Pictures)
}


def _last(points: Points) -> object:
    """Return the last value as it was logged, without making Python values of the others."""
    place = len(points) - 1
    objects = {0: points.objects[place]} if place in points.objects else {}
    tail = slice(place, None)
    last = Points(points.at[tail], points.step[tail], points.kind[tail], points.raw[tail], objects)
    return last.values()[0]


def _numbers(values: Sequence[object]) -> Floats:
    """Return logged values as floats, NaN where one is not a number."""
    try:
        if {float, int}.issuperset(map(type, values)):
            return np.array(values, np.float64)
    except OverflowError:
        pass
    return np.array([_number(value) for value in values], np.float64)


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _is_numeric(cells: object) -> bool | None:
    """Tell whether a column, or a row's cell, has numbers; None when it has nothing yet."""
    for value in cells if isinstance(cells, list) else [cells]:
        if value is not None:
            return isinstance(value, int | float) and not isinstance(value, bool)
    return None


def _length(record: Record) -> int:
    """Return how many rows a record brings."""
    return 1 if record.kind is Kind.ROW else max(map(len, record.value.values()), default=0)
