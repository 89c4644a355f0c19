"""A run in ipywidgets and bqplot alone, for front ends that cannot load our widgets.

Colab and the like have these two, or get them by themselves. All that a person
does to look needs our front end; what is here is only always up to date.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from run_widgets import servers
from run_widgets.export.picture import html_above, html_below, text
from run_widgets.export.svg_chart import GREY, ticks
from run_widgets.front_end import FRONT_END

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from run_widgets.export.picture import Facts, ImageOf
    from run_widgets.panel.charts import RunChart
    from run_widgets.reading.summary import Pictures, RunSummary
    from run_widgets.records import FileEntry

MAX_CHARTS = 30
"""Each is a dozen widgets, and sends all of its points again when it grows."""

WIDGETS = ("@jupyter-widgets/jupyterlab-manager", "bqplot", "bqscales")
"""JupyterLab's extensions that the plain form is drawn by."""

MAX_IMAGES = 20
"""Names of images of which the newest is shown."""


def needed() -> bool | str:
    """Return which plain form this kernel's front end needs, as far as that is known.

    True in Colab, and in a JupyterLab that has ipywidgets and bqplot alone;
    ``"picture"`` in one that has not even these.
    """
    if _is_colab():
        return True
    home = servers.other_environment()
    if home is None or servers.has_lab_extension(home, FRONT_END["module"]):
        return False
    return all(servers.has_lab_extension(home, name) for name in WIDGETS) or "picture"


def hint(plain: bool | str) -> str:
    """Return what brings the whole panel where it is plain for want of it; empty where nothing."""
    home = servers.other_environment() if plain else None
    if home is None:
        return ""
    return (
        f"JupyterLab is in {home}, which has no run-widgets: shown in plain form. For all of it:\n"
        f"    {home / 'bin' / 'python'} -m pip install run-widgets, and start JupyterLab again"
    )


def told_what_is_needed() -> bool | str:
    """Return what is `needed`, and print the `hint` to it."""
    plain = needed()
    if told := hint(plain):
        print(told)
    return plain


def let_colab_draw() -> None:
    """Let Colab load bqplot's front end, which it does for nobody who has not asked."""
    if _is_colab():
        from google.colab import output

        output.enable_custom_widget_manager()


def _is_colab() -> bool:
    return "google.colab" in sys.modules


class Plain:
    """What of a panel can be had without our front end.

    Parameters
    ----------
    look
        As `charts.look` makes it; of it the chosen metrics and the number of columns.
    """

    def __init__(self, look: Mapping[str, Any]) -> None:
        self._patterns: Sequence[str] = look["metrics"]
        columns = look["columns"]
        self._width = f"calc({100 / columns:.4g}% - 12px)" if columns else "400px"
        self._above = ipywidgets.HTML()
        self._below = ipywidgets.HTML()
        self._charts: dict[str, ipywidgets.VBox] = {}
        self._images: dict[str, tuple[ipywidgets.HTML, ipywidgets.Image]] = {}
        self._paths: dict[str, str] = {}
        self._ends: dict[str, tuple[float, float]] = {}
        self._grid = ipywidgets.Box(layout=_wrapped())
        self._gallery = ipywidgets.Box(layout=_wrapped())
        self._more = ipywidgets.HTML()
        self.widget = ipywidgets.VBox(
            [self._above, self._grid, self._more, self._gallery, self._below]
        )

    def update(
        self,
        facts: Facts,
        summary: RunSummary,
        files: Sequence[FileEntry],
        charts: Sequence[RunChart],
        image_of: ImageOf,
    ) -> None:
        """Show a run as it is now; its charts' figures are fed by the charts."""
        _put(self._above, html_above(facts, summary))
        _put(self._below, html_below(facts, summary, files))
        wanted = [chart for chart in charts if self._is_wanted(chart.name)]
        for chart in wanted[:MAX_CHARTS]:
            if chart.name not in self._charts:
                self._charts[chart.name] = self._framed(chart)
        if len(self._charts) != len(self._grid.children):
            self._grid.children = tuple(self._charts.values())
        for chart in wanted[:MAX_CHARTS]:
            self._mark_x(chart)
        left = len(wanted) - len(self._charts)
        _put(self._more, f"<p>… and {left} more charts: name them in metrics</p>" if left else "")
        for images in summary.images[:MAX_IMAGES]:
            self._show_newest(images, image_of)
        pairs = [ipywidgets.VBox(pair) for pair in self._images.values()]
        if len(pairs) != len(self._gallery.children):
            self._gallery.children = tuple(pairs)

    def close(self) -> None:
        """Close all widgets but the figures, which are the charts'."""
        for box in (*self._charts.values(), *self._gallery.children):
            for part in (*box.children, box):
                # A figure is closed by its chart, with the rest of it.
                if isinstance(part, ipywidgets.Box | ipywidgets.HTML | ipywidgets.Image):
                    part.layout.close()
                    part.close()
        for part in (*self.widget.children, self.widget):
            part.layout.close()
            part.close()

    def _is_wanted(self, name: str) -> bool:
        patterns = self._patterns
        return not patterns or any(
            name == pattern or fnmatchcase(name, pattern) for pattern in patterns
        )

    def _mark_x(self, chart: RunChart) -> None:
        """Give the axis few ticks: left alone, they run into one another."""
        lines = [line.outline.columns().x for line in chart.curves.lines]
        ends = [end for x in lines if len(x) for end in (float(x.min()), float(x.max()))]
        span = (min(ends), max(ends)) if ends else None
        if span is None or self._ends.get(chart.name) == span:
            return
        self._ends[chart.name] = span
        chart.take().axes[0].tick_values = np.array(ticks(*span, most=6))

    def _framed(self, chart: RunChart) -> ipywidgets.VBox:
        lines = chart.curves.lines
        legend = "".join(
            f' <span style="color:{line.color}">— {text(line.name)}</span>' for line in lines
        )
        title = f"<strong>{text(chart.name)}</strong>{legend if len(lines) > 1 else ''}"
        layout = ipywidgets.Layout(width=self._width, max_width="100%", overflow="hidden")
        figure = chart.take()
        figure.axes[1].label = ""  # as the title says it
        figure.axes[0].label_color = GREY  # its own is orange on dark pages
        return ipywidgets.VBox([ipywidgets.HTML(title), figure], layout=layout)

    def _show_newest(self, images: Pictures, image_of: ImageOf) -> None:
        newest = images.kept[-1]
        if self._paths.get(images.name) == newest.path:
            return
        self._paths[images.name] = newest.path
        picture = image_of(newest.path)
        if picture is None:
            return
        mime, content = picture
        if images.name not in self._images:
            layout = ipywidgets.Layout(max_width="400px")
            shown = ipywidgets.Image(layout=layout)
            self._images[images.name] = (ipywidgets.HTML(), shown)
        title, image = self._images[images.name]
        step = "" if newest.step is None else f" step {newest.step}"
        _put(title, f"<strong>{text(images.name)}</strong>{step}")
        with image.hold_sync():
            image.format, image.value = mime.removeprefix("image/"), content


def _wrapped() -> ipywidgets.Layout:
    return ipywidgets.Layout(flex_flow="row wrap", grid_gap="4px 12px", width="100%")


def _put(widget: ipywidgets.HTML, value: str) -> None:
    """Set what differs only: what is set anew folds again where somebody has opened it."""
    if widget.value != value:
        widget.value = value
