"""The one door to bqplot: a figure per chart, and the widget that brings it its points.

The browser makes the figures and feeds them: it keeps each chart's points, adds what
arrives and draws what there are pixels for, so that zooming needs no kernel and a
thousand metrics cost nothing until somebody looks at them. Python makes a figure when
somebody takes it to restyle it; the browser then shows that one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets as t
from bqplot import Axis, Figure, LinearScale, Lines

from run_widgets.front_end import FRONT_END

if TYPE_CHECKING:
    from collections.abc import Sequence

    from run_widgets.summary import Curves, Line

DASHES = ("solid", "dashed", "dash_dotted", "dotted")
SOLID_LINES = 4
"""From the fifth line on colours alone do not tell lines apart for every eye."""

MAX_COLUMNS = 12

MARGIN = {"top": 10, "right": 12, "bottom": 38, "left": 54}
"""Pixels around the plot where the browser has not measured what its numbers need."""


X_AXES = ("step", "relative", "elapsed", "time")
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
        `metrics` is one text and not several.
    ValueError
        A value is none that there is.
    """
    if isinstance(metrics, str):
        raise TypeError(
            f"metrics takes a list of names, got {metrics!r}; did you mean [{metrics!r}]?"
        )
    if columns is not None and not 1 <= columns <= MAX_COLUMNS:
        raise ValueError(f"columns must be from 1 to {MAX_COLUMNS} or None, got {columns!r}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must be at least 0 and below 1, got {smoothing!r}")
    for name, value, known in (
        ("x", x, X_AXES),
        ("x_scale", x_scale, SCALES),
        ("y_scale", y_scale, SCALES),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {value!r}")
    return {
        "metrics": [str(name) for name in metrics or ()],
        "columns": columns or 0,
        "smoothing": float(smoothing),
        "x": x,
        "x_scale": x_scale,
        "y_scale": y_scale,
        "overlay": bool(overlay),
        "clip": bool(clip),
    }


@dataclass(frozen=True, slots=True)
class Common:
    """What the charts of one panel need not each have."""

    layout: ipywidgets.Layout = field(default_factory=ipywidgets.Layout)

    def close(self) -> None:
        self.layout.close()


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


class RunChart(ipywidgets.DOMWidget):  # type: ignore[misc]
    """One chart of a run: the outlines of its lines, and the figure that they are drawn on.

    `series` and `data` are made when the browser asks for the state, and are not
    sent when they change: what came since is in the message of `append`.
    """

    _model_name = t.Unicode("RunChartModel").tag(sync=True)
    _model_module = t.Unicode(FRONT_END["module"]).tag(sync=True)
    _model_module_version = t.Unicode(FRONT_END["version"]).tag(sync=True)
    _view_name = t.Unicode("RunChartView").tag(sync=True)
    _view_module = t.Unicode(FRONT_END["module"]).tag(sync=True)
    _view_module_version = t.Unicode(FRONT_END["version"]).tag(sync=True)

    name = t.Unicode(read_only=True).tag(sync=True)
    """The metric's name."""

    kind = t.Unicode(read_only=True).tag(sync=True)
    """``"metric"``, over step, or ``"table"``, over its first numeric column."""

    x_label = t.Unicode(read_only=True).tag(sync=True)
    y_label = t.Unicode(read_only=True).tag(sync=True)
    """Empty where there are several lines, as the legend has their names."""

    series: t.List[Any] = t.List(read_only=True).tag(
        sync=True, to_json=lambda _, chart: chart.series_now()
    )
    """``{"name": str, "color": str, "total": int}`` for each line; see the class."""

    data: t.List[Any] = t.List(read_only=True).tag(
        sync=True, to_json=lambda _, chart: chart.data_now()
    )
    """``{"x", "y", "at"}`` for each line: float64 buffers of one length; see the class."""

    figure = t.Instance(Figure, allow_none=True, read_only=True).tag(
        sync=True, **ipywidgets.widget_serialization
    )
    """None until somebody takes it; the browser makes and feeds one of its own."""

    def __init__(
        self,
        curves: Curves,
        *,
        common: Common | None = None,
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        common = Common() if common is None else common
        self._lock = nullcontext() if lock is None else lock
        self._curves = curves
        self._sent = [line.outline.total for line in curves.lines]
        self._marks: list[Lines] = []
        self._parts: list[ipywidgets.Widget] = []
        for label in ("name", "kind", "x_label", "y_label"):
            self.set_trait(label, getattr(curves, label))
        super().__init__(layout=common.layout)

    @property
    def curves(self) -> Curves:
        """What it shows."""
        return self._curves

    def append(self, buffers: list[memoryview]) -> dict[str, object] | None:
        """Return the message that tells what is new, its columns added to `buffers`.

        None when nothing is. A line that was not there before is sent at once,
        as part of the whole.
        """
        lines = self._curves.lines
        if len(lines) > len(self._sent):
            self._add_lines(lines[len(self._sent) :])
        totals = [line.outline.total for line in lines]
        if totals == self._sent:
            return None
        message = {
            "type": "append",
            "from": sum(self._sent),
            "series": [
                _places(line, since, buffers) if line.outline.total > since else None
                for line, since in zip(lines, self._sent, strict=True)
            ],
        }
        self._sent = totals
        self._feed()
        return message

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
                self.set_trait("figure", drawn)
        return self.figure

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return what the browser is told; the lines do not grow meanwhile."""
        with self._lock:
            state: dict[str, Any] = super().get_state(key, drop_defaults)
        return state

    def series_now(self) -> list[dict[str, object]]:
        return [
            {"name": line.name, "color": line.color, "total": line.outline.total}
            for line in self._curves.lines
        ]

    def data_now(self) -> list[dict[str, memoryview]]:
        return [
            {name: column.data for name, column in columns._asdict().items()}
            for columns in (line.outline.columns() for line in self._curves.lines)
        ]

    def close(self) -> None:
        for part in self._parts if self.comm is not None else ():
            part.close()
        super().close()

    def _add_lines(self, lines: Sequence[Line]) -> None:
        if self.figure is not None:
            first = len(self._marks)
            new = [_mark(line, first + place, self._scales) for place, line in enumerate(lines)]
            self._marks += new
            self._parts += new
            self.figure.marks = [*self.figure.marks, *new]
        self.set_trait("y_label", self._curves.y_label)
        self._sent = [line.outline.total for line in self._curves.lines]
        self.send_state(["series", "data"])

    def _feed(self) -> None:
        for mark, line in zip(self._marks, self._curves.lines, strict=False):
            x, y, _ = line.outline.columns()
            # One message, not two: between the two, x and y would differ in length.
            with mark.hold_sync():
                mark.x, mark.y = x, y
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


def _places(line: Line, since: int, buffers: list[memoryview]) -> dict[str, int]:
    columns = line.outline.columns(since)
    first = len(buffers)
    buffers += [column.data for column in columns]
    places = {name: first + place for place, name in enumerate(columns._fields)}
    return places | {"total": line.outline.total}
