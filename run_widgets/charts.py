"""The one door to bqplot: a figure per chart, and the widget that brings it its points.

The browser feeds the figures: it keeps each chart's points, adds what arrives and
draws what there are pixels for, so that zooming needs no kernel. Seen from Python
a figure is empty until somebody takes it to restyle it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets as t
from bqplot import Axis, Figure, LinearScale, Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from run_widgets.summary import Curves, Line

FRONT_END = {"module": "run-widgets", "version": "^0.1.0"}
"""The package of `js/`, and the versions of it that understand this kernel side."""

DASHES = ("solid", "dashed", "dash_dotted", "dotted")
SOLID_LINES = 4
"""From the fifth line on colours alone do not tell lines apart for every eye."""

MARGIN = {"top": 10, "right": 12, "bottom": 38, "left": 54}
"""Pixels around the plot where the browser has not measured what its numbers need."""


def _full_scale() -> LinearScale:
    return LinearScale(min=0, max=1, allow_padding=False)


@dataclass(frozen=True, slots=True)
class Common:
    """What the charts of one panel need not each have: a third of the messages to make them."""

    layout: ipywidgets.Layout = field(default_factory=ipywidgets.Layout)
    scale_x: LinearScale = field(default_factory=_full_scale)
    scale_y: LinearScale = field(default_factory=_full_scale)

    def close(self) -> None:
        for widget in (self.layout, self.scale_x, self.scale_y):
            widget.close()


def figure(
    lines: Sequence[Line], *, x_label: str, y_label: str, common: Common | None = None
) -> Figure:
    """Return a figure with a mark for each line, still without points."""
    common = Common() if common is None else common
    scales = {"x": LinearScale(), "y": LinearScale()}
    return Figure(
        marks=[_mark(line, place, scales) for place, line in enumerate(lines)],
        axes=[
            Axis(scale=scales["x"], label=x_label),
            Axis(scale=scales["y"], label=y_label, side="left"),
        ],
        animation_duration=0,
        fig_margin=MARGIN,
        layout=common.layout,
        scale_x=common.scale_x,
        scale_y=common.scale_y,
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

    figure = t.Instance(Figure, read_only=True).tag(sync=True, **ipywidgets.widget_serialization)
    """Fed by the browser."""

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
        self._taken = False
        drawn = figure(curves.lines, x_label=curves.x_label, y_label=curves.y_label, common=common)
        self._scales = {"x": drawn.axes[0].scale, "y": drawn.axes[1].scale}
        self._marks: list[Lines] = list(drawn.marks)
        self._parts = [*drawn.marks, *drawn.axes, *self._scales.values()]
        self.set_trait("figure", drawn)
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
            self._add_marks(lines[len(self._sent) :])
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
        if self._taken:
            self._feed()
        return message

    def take(self) -> Figure:
        """Return the figure for somebody to restyle; its marks have their points from now on."""
        with self._lock:
            if not self._taken:
                self._taken = True
                # What is done to its size is not to be done to every other chart.
                self.figure.layout = ipywidgets.Layout(width="100%", height="260px")
                self._parts.append(self.figure.layout)
                self._feed()
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
        for part in (self.figure, *self._parts) if self.comm is not None else ():
            part.close()
        super().close()

    def _add_marks(self, lines: Sequence[Line]) -> None:
        first = len(self._marks)
        new = [_mark(line, first + place, self._scales) for place, line in enumerate(lines)]
        self._marks += new
        self._parts += new
        self.figure.marks = [*self.figure.marks, *new]
        self.set_trait("y_label", self._curves.y_label)
        self._sent = [line.outline.total for line in self._curves.lines]
        self.send_state(["series", "data"])

    def _feed(self) -> None:
        for mark, line in zip(self._marks, self._curves.lines, strict=True):
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
