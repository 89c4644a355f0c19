"""A run in ipywidgets and bqplot alone, for front ends that cannot load our widgets.

Colab and the like have these two, or get them by themselves. All that a person
does to look needs our front end; what is here is only always up to date.
"""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import ipywidgets
import numpy as np

from run_widgets import servers
from run_widgets.export.markup import legend, text
from run_widgets.export.picture import MAX_NAMES, html_above, html_below
from run_widgets.export.svg_chart import GREY, ticks
from run_widgets.front_end import FRONT_END
from run_widgets.panel.charts import is_wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from run_widgets.export.document_picture import Document
    from run_widgets.export.picture import Child, Facts, ImageOf
    from run_widgets.panel.charts import RunChart
    from run_widgets.reading.downsample import Floats
    from run_widgets.reading.summary import Pictures, RunSummary
    from run_widgets.records import FileEntry

Span: TypeAlias = tuple[float, float]

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
        wide = f"repeat({columns or 'auto-fill'}, minmax({0 if columns else '260px'}, 1fr))"
        self._above = ipywidgets.HTML()
        self._below = ipywidgets.HTML()
        self._charts: dict[str, ipywidgets.VBox] = {}
        self._images: dict[str, ipywidgets.HTML] = {}
        self._paths: dict[str, str] = {}
        self._spans: dict[tuple[str, int], Span] = {}
        self._grid = ipywidgets.GridBox(
            layout=ipywidgets.Layout(grid_template_columns=wide, grid_gap="4px 16px")
        )
        self._gallery = ipywidgets.Box(
            layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="4px 16px")
        )
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
        documents: Sequence[Document],
        children: Sequence[Child],
    ) -> None:
        """Show a run as it is now; its charts' figures are fed by the charts."""
        _put(self._above, html_above(facts, summary))
        _put(self._below, html_below(facts, summary, files, documents, children))
        wanted = [chart for chart in charts if is_wanted(chart.name, self._patterns)]
        for chart in wanted[:MAX_CHARTS]:
            if chart.name not in self._charts:
                self._charts[chart.name] = self._framed(chart)
        if len(self._charts) != len(self._grid.children):
            self._grid.children = tuple(self._charts.values())
        for chart in wanted[:MAX_CHARTS]:
            self._mark(chart)
        left = len(wanted) - len(self._charts)
        _put(self._more, f"<p>… and {left} more charts: name them in metrics</p>" if left else "")
        for images in summary.images[:MAX_IMAGES]:
            self._show_newest(images, image_of)
        if len(self._images) != len(self._gallery.children):
            self._gallery.children = tuple(self._images.values())

    def close(self) -> None:
        """Close all widgets but the figures, which are the charts'."""
        titles = [box.children[0] for box in self._charts.values()]
        ours = (*titles, *self._charts.values(), *self._images.values())
        for part in (*ours, *self.widget.children, self.widget):
            part.layout.close()
            part.close()

    def _mark(self, chart: RunChart) -> None:
        """Give the axes few round ticks: left alone, they run into one another."""
        columns = [line.outline.columns() for line in chart.curves.lines]
        xs = [column.x[np.isfinite(column.y)] for column in columns]
        for place, values in enumerate((xs, [column.y for column in columns])):
            span = _span(np.concatenate([*values, np.empty(0)]))
            if span is not None and self._spans.get((chart.name, place)) != span:
                self._spans[chart.name, place] = span
                chart.take().axes[place].tick_values = np.array(ticks(*span, most=6))

    def _framed(self, chart: RunChart) -> ipywidgets.VBox:
        names = [(line.name, line.color) for line in chart.curves.lines]
        title = f"<strong>{text(chart.name)}</strong>{legend(names, MAX_NAMES)}"
        layout = ipywidgets.Layout(min_width="0", overflow="hidden")
        figure = chart.take()
        across, up = figure.axes
        up.label = ""  # as the title says it
        across.label_color = GREY  # its own is orange on dark pages
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
        step = "" if newest.step is None else f" step {newest.step}"
        name = text(images.name)
        # Beneath what is transparent lies paper, as most of it is drawn for that.
        shown = (
            f'<strong>{name}</strong>{step}<br><img alt="{name}" style="height:200px;'
            'max-width:100%;object-fit:contain;background:white" '
            f'src="data:{text(mime)};base64,{base64.b64encode(content).decode("ascii")}">'
        )
        _put(self._images.setdefault(images.name, ipywidgets.HTML()), shown)


def _span(values: Floats) -> Span | None:
    """Return the lowest and highest of all numbers."""
    numbers = values[np.isfinite(values)]
    return (float(numbers.min()), float(numbers.max())) if len(numbers) else None


def _put(widget: ipywidgets.HTML, value: str) -> None:
    """Set what differs only: what is set anew folds again where somebody has opened it."""
    if widget.value != value:
        widget.value = value
