"""The one door to bqplot: the charts of a run, and a figure for each that is asked for.

The browser makes the figures and feeds them: it keeps each chart's points, adds what
arrives and draws what there are pixels for, so that zooming needs no kernel and a
thousand metrics cost nothing until somebody looks at them. Python makes a figure when
somebody takes it to restyle it; the browser then shows that one.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from fnmatch import fnmatchcase
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets
import numpy as np
import traitlets as t
from bqplot import Axis, Figure, LinearScale, Lines

from run_widgets.reading.downsample import MAX_POINTS, Columns, reduced, with_gaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from run_widgets.reading.summary import Curves, Line

DASHES = ("solid", "dashed", "dash_dotted", "dotted")
SOLID_LINES = 4
"""From the fifth line on colours alone do not tell lines apart for every eye."""

MAX_COLUMNS = 12

MARGIN = {"top": 10, "right": 12, "bottom": 38, "left": 54}
"""Pixels around the plot where the browser has not measured what its numbers need."""

BYTES_AT_ONCE = 1_000_000
"""Of points in one message, about, which a browser so takes in between two frames."""

FIRST_CHARTS = 50
"""Whose points come first; more than a screen has room for."""

MAX_STATE_POINTS = 1_000_000
FEWEST_POINTS = 200
"""Of all charts in one state, and of one line however many there are."""

FEWEST_NEW_POINTS = 8
"""Of a line that grew, however little may be sent: its ends and extremes."""

POINT_BYTES = 24

X_AXES = ("step", "relative", "elapsed", "time")

METRIC = "metric:"
"""What stands before the name of the metric that charts are drawn over."""

SCALES = ("linear", "log", "symlog")


def look(
    *,
    metrics: Sequence[str] | None = None,
    columns: int | None = None,
    smoothing: float = 0.0,
    x: str = "step",
    x_scale: str = "linear",
    y_scale: str = "linear",
    overlay: bool = False,
    clip: bool = False,
) -> dict[str, object]:
    """Return how charts are looked at, as the browser is told; `RunDetails` explains each.

    Raises
    ------
    TypeError
        `metrics` are no names, or a number is none.
    ValueError
        A value is none that there is.
    """
    if isinstance(metrics, str):
        raise TypeError(
            f"metrics takes a list of names, got {metrics!r}; did you mean [{metrics!r}]?"
        )
    names = list(metrics or ())
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"metrics takes names or patterns of names, got {name!r}")
    if not isinstance(columns, Integral | None):
        raise TypeError(f"columns must be a whole number or None, got {columns!r}")
    if not isinstance(smoothing, Real):
        raise TypeError(f"smoothing must be a number, got {smoothing!r}")
    if columns is not None and not 1 <= columns <= MAX_COLUMNS:
        raise ValueError(f"columns must be from 1 to {MAX_COLUMNS} or None, got {columns!r}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must be at least 0 and below 1, got {smoothing!r}")
    if not str(x).startswith(METRIC) or x == METRIC:
        _one_of(X_AXES, "x", x, f" or '{METRIC}' and a metric's name")
    _one_of(SCALES, "x_scale", x_scale)
    _one_of(SCALES, "y_scale", y_scale)
    return {
        "metrics": names,
        "columns": int(columns or 0),
        "smoothing": float(smoothing),
        "x": x,
        "x_scale": x_scale,
        "y_scale": y_scale,
        "overlay": bool(overlay),
        "clip": bool(clip),
    }


def _one_of(known: Sequence[str], name: str, value: object, also: str = "") -> None:
    if value not in known:
        words = ", ".join(map(repr, known))
        raise ValueError(f"{name} must be one of {words}{also}, got {value!r}")


def figure(lines: Sequence[Line], *, x_label: str, y_label: str) -> Figure:
    """Return a figure with a mark for each line, still without points."""
    scales = {"x": LinearScale(), "y": LinearScale()}
    return Figure(
        marks=[_mark(line, place, scales) for place, line in enumerate(lines)],
        axes=[
            Axis(scale=scales["x"], label=x_label),
            Axis(scale=scales["y"], label=y_label, side="left"),
        ],
        animation_duration=0,
        fig_margin=MARGIN,
        layout=ipywidgets.Layout(width="100%", height="260px"),
    )


def _mark(line: Line, place: int, scales: dict[str, LinearScale]) -> Lines:
    return Lines(
        scales=scales,
        colors=[line.color],
        labels=[line.name],
        line_style=DASHES[place // SOLID_LINES % len(DASHES)],
        stroke_width=1.5,
        display_legend=False,
    )


class RunChart:
    """One chart of a run: the outlines of its lines, and the figure that Python may take.

    It is no widget: a thousand of them travel in the panel's own messages, where a
    thousand messages to open widgets are more than a busy kernel's socket holds.

    Parameters
    ----------
    curves
        What it shows.
    lock
        Held while the lines grow.
    on_take
        Called when somebody takes the figure for the first time.
    """

    def __init__(
        self,
        curves: Curves,
        *,
        lock: AbstractContextManager[Any] | None = None,
        on_take: Callable[[], None] = lambda: None,
    ) -> None:
        self._lock = nullcontext() if lock is None else lock
        self._on_take = on_take
        self._curves = curves
        self._sent: list[int] = []
        self._marks: list[Lines] = []
        self._parts: list[ipywidgets.Widget] = []
        self.figure: Figure | None = None
        """None until somebody takes it; the browser makes and feeds one of its own."""

    @property
    def curves(self) -> Curves:
        """What it shows."""
        return self._curves

    @property
    def name(self) -> str:
        """The metric's name."""
        return self._curves.name

    @property
    def is_told(self) -> bool:
        """Whether `news` has none."""
        return self._sent == self._totals()

    def name_alone(self) -> dict[str, object]:
        """Return the message that tells of the chart alone; `news` then has its points."""
        lines = self._curves.lines
        self._sent = [0] * len(lines)
        series = [{"name": line.name, "color": line.color, "total": 0} for line in lines]
        return {"type": "whole", **self._curves.described(), "series": series, "data": []}

    def news(
        self, buffers: list[memoryview], most: int | None = None, most_new: int | None = None
    ) -> dict[str, object] | None:
        """Return the message that tells what is new, its columns added to `buffers`.

        None when nothing is. A chart that nobody was told of, or that has a line
        which was not there before, is told whole; a line of which nobody has a
        point, with `most` of them, and one that grew, with `most_new`.
        """
        lines = self._curves.lines
        totals = self._totals()
        if totals == self._sent:
            return None
        message: dict[str, object]
        if len(lines) > len(self._sent):
            self._add_marks(lines[len(self._marks) :])
            columns = [_at_most(line.outline.columns(), most) for line in lines]
            data = [_places(each, buffers) for each in columns]
            message = {"type": "whole", **self._curves.described(), "data": data}
        else:
            series = [
                _places(
                    _at_most(line.outline.columns(since), most_new if since else most),
                    buffers,
                )
                | {"total": total}
                if total > since
                else None
                for line, since, total in zip(lines, self._sent, totals, strict=True)
            ]
            message = {"type": "append", "from": sum(self._sent), "series": series}
        self._sent = totals
        self._feed()
        return message

    def whole(self, most: int | None = None) -> dict[str, object]:
        """Return all of it, as a browser that knows nothing yet is told.

        `most` is how many points each line may have; None for all that its outline has.
        """
        columns = [_at_most(line.outline.columns(), most) for line in self._curves.lines]
        data = [{name: column.data for name, column in each._asdict().items()} for each in columns]
        return {**self._curves.described(), "data": data}

    def _totals(self) -> list[int]:
        return [line.outline.total for line in self._curves.lines]

    def take(self) -> Figure:
        """Return the figure for somebody to restyle; its marks have their points from now on."""
        with self._lock:
            if self.figure is None:
                curves = self._curves
                drawn = figure(curves.lines, x_label=curves.x_label, y_label=curves.y_label)
                self._scales = {"x": drawn.axes[0].scale, "y": drawn.axes[1].scale}
                self._marks = list(drawn.marks)
                self._parts = [
                    *(drawn, drawn.layout, drawn.scale_x, drawn.scale_y),
                    *(*drawn.marks, *drawn.axes, *self._scales.values()),
                ]
                self._feed()
                self.figure = drawn
                self._on_take()
        return self.figure

    def close(self) -> None:
        """Close the figure, if somebody has taken it."""
        for part in self._parts:
            part.close()

    def _add_marks(self, lines: Sequence[Line]) -> None:
        if self.figure is None:
            return
        first = len(self._marks)
        new = [_mark(line, first + place, self._scales) for place, line in enumerate(lines)]
        self._marks += new
        self._parts += new
        self.figure.marks = [*self.figure.marks, *new]

    def _feed(self) -> None:
        for mark, line in zip(self._marks, self._curves.lines, strict=False):
            x, y, _ = line.outline.columns()
            is_scattered = self._curves.is_scattered(x)
            places = np.isfinite(y)
            if is_scattered or np.count_nonzero(places) == 1:
                x, y = x[places], y[places]  # no dot for what has no place
            # One message, not two: between the two, x and y would differ in length.
            with mark.hold_sync():
                mark.x, mark.y = x, with_gaps(y)
                if is_scattered:
                    mark.marker, mark.marker_size, mark.stroke_width = "circle", 20, 0
                else:
                    mark.marker = "circle" if len(x) == 1 else None


class Charts(list[RunChart]):
    """A run's charts in order; by name, the chart's bqplot figure: ``charts["loss"]``."""

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        for chart in self:
            if chart.name == key:
                return chart.take()
        names = ", ".join(repr(chart.name) for chart in self) or "none yet"
        raise KeyError(f"no chart {key!r}; there are: {names}")

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or any(chart.name == key for chart in self)


class ChartList(t.List[RunChart]):
    """A trait whose value is `Charts`."""

    klass = Charts
    _cast_types = (list,)


def wholes(charts: Sequence[RunChart]) -> list[dict[str, object]]:
    """Return all charts whole."""
    most = _first_points(_lines_of(charts))
    return [chart.whole(most) for chart in charts]


class Growth(NamedTuple):
    """What one message tells of: by the places of charts what each got; columns in `buffers`."""

    charts: dict[str, object]
    buffers: list[memoryview]


def opening(charts: Sequence[RunChart], asked: Sequence[str]) -> Growth:
    """Return what a browser needs to begin: all charts, but points of the first ones only.

    `asked` are names or patterns of the metrics that somebody wants to see; they
    are the first where there are any.
    """
    first = [place for place, chart in enumerate(charts) if is_wanted(chart.name, asked)]
    growth = next(grown(charts, first[:FIRST_CHARTS]), Growth({}, []))
    for place, chart in enumerate(charts):
        if str(place) not in growth.charts:
            growth.charts[str(place)] = chart.name_alone()
    return growth


def grown(
    charts: Sequence[RunChart],
    places: Iterable[int] | None = None,
    *,
    most_bytes: float = math.inf,
) -> Iterator[Growth]:
    """Yield what is new of the charts, or of those at `places`, in portions of a bounded size.

    Lines that grew take `most_bytes` together, or what `FEWEST_NEW_POINTS` of each do.
    """
    lines = _lines_of(charts)
    most = _first_points(lines)
    share = max(FEWEST_NEW_POINTS, most_bytes / POINT_BYTES / max(1, lines))
    most_new = int(share) if share < MAX_POINTS else None
    growth, room = Growth({}, []), BYTES_AT_ONCE
    for place in range(len(charts)) if places is None else places:
        known = len(growth.buffers)
        news = charts[place].news(growth.buffers, most, most_new)
        if news is None:
            continue
        growth.charts[str(place)] = news
        room -= sum(buffer.nbytes for buffer in growth.buffers[known:])
        if room <= 0:
            yield growth
            growth, room = Growth({}, []), BYTES_AT_ONCE
    if growth.charts:
        yield growth


def is_wanted(name: str, asked: Sequence[str]) -> bool:
    """Tell whether a metric is among names and patterns; where there are none, all are."""
    # As in the browser only `*` and `?` stand for others: a bracket is one.
    patterns = (pattern.replace("[", "[[]") for pattern in asked)
    return not asked or any(fnmatchcase(name, pattern) for pattern in patterns)


def _lines_of(charts: Iterable[RunChart]) -> int:
    return sum(len(chart.curves.lines) for chart in charts)


def _first_points(lines: int) -> int:
    """Return how many points a line has where all are told: of very many lines each has fewer."""
    return max(FEWEST_POINTS, MAX_STATE_POINTS // max(1, lines))


def _places(columns: Columns, buffers: list[memoryview]) -> dict[str, int]:
    first = len(buffers)
    buffers += [column.data for column in columns]
    return {name: first + place for place, name in enumerate(columns._fields)}


def _at_most(columns: Columns, most: int | None) -> Columns:
    if most is None or len(columns.y) <= most:
        return columns
    kept = reduced(columns.y, most)
    return Columns(*(column[kept] for column in columns))
