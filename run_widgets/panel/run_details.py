"""RunDetails: the live view of one run, wherever that run goes on."""

from __future__ import annotations

import math
import time
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import ipywidgets
import traitlets as t
from IPython import get_ipython
from IPython.display import DisplayHandle, display

from run_widgets import servers
from run_widgets.export.picture import static_html, static_text
from run_widgets.front_end import FRONT_END
from run_widgets.images import media_type
from run_widgets.panel.answers import Answers
from run_widgets.panel.cell import has_browser, kernel, running_cell
from run_widgets.panel.charts import (
    ChartList,
    Charts,
    Growth,
    RunChart,
    grown,
    look,
    opening,
    wholes,
)
from run_widgets.panel.followed import Followed, allowance, tick_of
from run_widgets.panel.plain import Plain, let_colab_draw, needed, told_what_is_needed
from run_widgets.panel.poll import SHORTEST_PAUSE_S, News, poll
from run_widgets.reading.documents import Drawings
from run_widgets.reading.facts import shown, time_of
from run_widgets.reading.run import Reading

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from run_widgets.reading.summary import Picture, Rows
    from run_widgets.store import RunReader

RUN_MIME = "application/vnd.run-widgets.run+json"
"""Which run an output shows: where our front end is, it needs no kernel to go on showing it."""

MAX_FILES = 1_000
"""Files that are listed; a run may have more."""

PICTURE_S = 10.0
"""Between two pictures of a run that goes on, where no browser shows it."""

PLAIN_S = 1.0
"""Between two pictures that somebody looks at."""

FIRST_SCREEN_S = 1.0
"""What a browser may take to draw what it was told first, before more than fits a screen comes."""

SHORTEST_S = 0.1
"""Between two looks at a run, where somebody says how often."""

MAX_IMAGES_BYTES = 32_000_000
"""Of all images that a panel holds; the others are only named."""

_panels: weakref.WeakSet[RunDetails] = weakref.WeakSet()
"""Those that are shown in some cell: the cell's next panel takes their place."""


class Watched(Protocol):
    """What of a `Run` it takes to show it."""

    @property
    def id(self) -> str: ...

    @property
    def store(self) -> RunReader: ...

    def get_portal_url(self) -> str: ...


class RunImage(ipywidgets.Widget):  # type: ignore[misc]
    """One logged picture, whose bytes are sent once."""

    _model_name = t.Unicode("RunImageModel").tag(sync=True)
    _model_module = t.Unicode(FRONT_END["module"]).tag(sync=True)
    _model_module_version = t.Unicode(FRONT_END["version"]).tag(sync=True)

    name = t.Unicode(read_only=True).tag(sync=True)

    path = t.Unicode(read_only=True).tag(sync=True)
    """The name of its file in the run."""

    step = t.Int(None, allow_none=True, read_only=True).tag(sync=True)

    at = t.Float(None, allow_none=True, read_only=True).tag(sync=True)
    """Seconds since the epoch, UTC."""

    mime = t.Unicode(read_only=True).tag(sync=True)
    """As its content tells; empty where that is no picture or cannot be had."""

    data = t.Bytes(None, allow_none=True, read_only=True).tag(sync=True)
    """None where it is too big or cannot be had."""

    def __init__(self, name: str, picture: Picture, content: bytes | None) -> None:
        for trait, value in {
            "name": name,
            "path": shown(picture.path),
            "step": picture.step,
            "at": time_of(picture.at),
            "mime": media_type(content[:1024]) if content else "",
            "data": content,
        }.items():
            self.set_trait(trait, value)
        super().__init__()


@dataclass(slots=True)
class _Place:
    """Where a panel is shown: the outputs of one execution of a cell."""

    execution: str
    handles: list[tuple[DisplayHandle, bool]] = field(default_factory=list)
    """Each with whether what it shows is the plain panel."""

    is_final: bool = True  # whether these outputs show the run's end


class RunDetails(Followed):
    """A live view of one run: status, charts, values, tables, images and files.

    It follows the run in a thread of its own: a run of this kernel, also while
    the cell that trains is busy; of another process; of long ago. The thread
    ends with the run, and rests while no browser has the panel on its page.

    Parameters
    ----------
    run
        A `Run`, whatever process it lives in.
    metrics
        The charts to show, in this order: names of metrics, or patterns such as
        ``"val/*"``; None for all.
    columns
        Charts side by side, 1 to 12; None for as many as there is room for.
    smoothing
        As in `run_widgets.smooth`: at least 0, which is none, and below 1.
    x
        The horizontal axis: ``"step"``, ``"relative"`` steps, from each line's
        first; time ``"elapsed"`` since the run's start, or the ``"time"`` of day;
        ``"metric:epoch"``, the value that the metric ``epoch`` had at the same step
        or last before it.
    x_scale, y_scale
        ``"linear"``, ``"log"`` or ``"symlog"``.
    overlay
        Whether metrics that differ only before the last slash, as ``train/loss``
        and ``val/loss``, share a chart.
    clip
        Whether the vertical axes leave outliers out; the charts mark and count them.
    every_s
        Seconds between two looks at the run, at least 0.1; None for as often as it is
        worth it: after 0.4 s at first, less often the longer it goes on or is quiet. It
        takes longer where a look costs more than a hundredth of a processor's time.

    All but `run` and `every_s` is where the panel begins; whoever looks at it goes on from there.

    Raises
    ------
    TypeError
        `run` is not a run.
    ValueError
        A value is none that there is.
    """

    _model_name = t.Unicode("RunDetailsModel").tag(sync=True)
    _view_name = t.Unicode("RunDetailsView").tag(sync=True)

    look = t.Dict(read_only=True).tag(sync=True)
    """How the charts are looked at to begin with, as `charts.look` makes it."""

    facts = t.Dict(read_only=True).tag(sync=True, to_json=lambda _, panel: panel._facts())
    """What the header shows, as `reading.facts` makes it, and where the run has a page."""

    metrics: t.List[Any] = t.List(read_only=True).tag(sync=True)
    """``{"name": str, "kind": str, "text": str, "at": float}`` for each, in the order of
    appearance; ``at`` is when it was first logged. Not sent when it changes: see `_grow`."""

    charts = ChartList(read_only=True).tag(sync=True, to_json=lambda charts, _: wholes(charts))
    """A `RunChart` for each metric that can be drawn; ``charts["loss"]`` is its figure. Made
    when a browser asks for the state, and not sent when it changes: see `_grow`."""

    figures: t.List[Any] = t.List(read_only=True).tag(sync=True, **ipywidgets.widget_serialization)
    """``{"place": int, "figure": Figure}`` for each chart whose figure somebody has taken."""

    tables: t.List[Any] = t.List(read_only=True).tag(
        sync=True, to_json=lambda _, panel: panel._tables()
    )
    """``{"name", "columns", "rows", "at", "total"}`` for each. Made when a browser asks for the
    state, and not sent when it changes: what came since is in the message of `_grow`."""

    documents: t.List[Any] = t.List(read_only=True).tag(sync=True)
    """``{"name", "kind", "total", "drawn"}`` for each, as `documents.Drawings` makes it."""

    images: t.List[Any] = t.List(read_only=True).tag(sync=True, **ipywidgets.widget_serialization)
    """A `RunImage` for each picture."""

    files: t.List[Any] = t.List(read_only=True).tag(sync=True)
    """``{"path": str, "bytes": int, "modified_at": float}`` for each, sorted by path."""

    children: t.List[Any] = t.List(read_only=True).tag(
        sync=True, to_json=lambda _, panel: panel._reading.children.entries(time.time())
    )
    """What became of the runs below this one, the newest first, as `children` tells it."""

    original: t.Dict[str, Any] | None = t.Dict(None, allow_none=True, read_only=True).tag(sync=True)
    """Of the run that this one does again, as `original` tells it; None where it does none."""

    behind: t.List[Any] = t.List(read_only=True).tag(sync=True)
    """``{"chart": str, "line": str, "x", "y", "at"}`` for each line of that run: float64 buffers
    of one length, `at` in seconds since its start."""

    following = t.Bool(True, read_only=True).tag(sync=True)
    """False once the run has ended and all of it has been read."""

    _plain: Plain | None = None
    _has_browser = True
    _is_plain = False
    _pictured_at = 0.0

    def __init__(
        self,
        run: Watched,
        *,
        metrics: Sequence[str] | None = None,
        columns: int | None = None,
        smoothing: float = 0.0,
        x: str = "step",
        x_scale: str = "linear",
        y_scale: str = "linear",
        overlay: bool = False,
        clip: bool = False,
        every_s: float | None = None,
    ) -> None:
        if every_s is not None and not SHORTEST_S <= every_s < math.inf:
            raise ValueError(f"every_s must be at least {SHORTEST_S} seconds, got {every_s!r}")
        if not all(hasattr(run, part) for part in ("id", "store", "get_portal_url")):
            raise TypeError(
                f"RunDetails takes a Run, got {run!r} of type {type(run).__name__}; "
                "Run(experiment, run_id) is one that exists"
            )
        self.set_trait(
            "look",
            look(
                metrics=metrics,
                columns=columns,
                smoothing=smoothing,
                x=x,
                x_scale=x_scale,
                y_scale=y_scale,
                overlay=overlay,
                clip=clip,
            ),
        )
        self._run = run
        self._every_s = every_s
        self._places: dict[str, _Place] = {}
        super().__init__()
        self.on_msg(_answer)
        if kernel() is not None:
            self.follow()

    # -- showing ---------------------------------------------------------------------------

    def show(
        self,
        render_lib: Callable[[str], object] | None = None,
        widget_settings: object = None,
        *,
        plain: bool | str | None = None,
    ) -> None:
        """Show the panel in the output of this cell; where there is no kernel, print the run.

        Parameters
        ----------
        render_lib
            A function that shows HTML, such as Databricks' ``displayHTML``, for
            where widgets cannot be: it gets a picture of the run as it is now.
        widget_settings
            Not used; notebooks written for Azure ML may give it.
        plain
            True shows it by ipywidgets and bqplot alone, for front ends that cannot
            load this package's own; ``"picture"`` shows a picture that is kept up to
            date, for those that have no widgets at all; None is what is known to be
            needed: in Colab, and where JupyterLab's environment has no run-widgets.

        Raises
        ------
        ValueError
            `plain` is none of these.
        """
        del widget_settings
        if plain not in (None, True, False, "picture"):
            raise ValueError(f"plain must be True, False, 'picture' or None, got {plain!r}")
        self._revive()
        here = kernel()
        if render_lib is not None:
            render_lib(self._static_html())
        elif here is None:
            print(static_text(self._facts(), self._reading.summary))
        else:
            self._has_browser = has_browser(here)
            if plain is None and self._has_browser:
                plain = told_what_is_needed()
            self._is_plain = bool(plain)
            self._has_browser &= plain != "picture"
            self.follow()
            cell, execution = running_cell(here)
            self._take_place(cell, execution)
            if self._is_plain and self._has_browser:
                let_colab_draw()
                self._be_plain()
            bundle = self._bundle(plain=self._is_plain)
            handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
            with self._lock:
                place = self._places[cell]
                place.handles.append((handle, self._is_plain))
                place.is_final = self._is_over

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        self._revive()
        here = kernel()
        plain = here is not None and needed()
        self._has_browser = (here is None or has_browser(here)) and plain != "picture"
        self.follow()
        if plain is True:
            self._be_plain()
        return self._bundle(plain=bool(plain))

    def _be_plain(self) -> None:
        """Make the plain panel, which what the thread reads is shown in from now on."""
        with self._lock:
            if self._plain is None:
                self._plain = Plain(self.look)
                self._show_plainly()

    def _show_plainly(self) -> None:
        if self._plain is not None:
            reading, charts = self._reading, list(self._charts.values())
            self._plain.update(
                self._facts(),
                reading.summary,
                reading.files,
                charts,
                self._image_of,
                self.documents,
                self.children,
            )

    def _bundle(self, *, plain: bool = False) -> dict[str, Any]:
        with self._lock:
            # A notebook that is executed and converted would have nothing but the widget, which
            # its readers cannot load: without it, converters take the picture.
            widget = self if self._plain is None or not plain else self._plain.widget
            view = {"application/vnd.jupyter.widget-view+json": widget.get_view_spec()}
            ours = {
                RUN_MIME: {
                    "run_id": self._run.id,
                    "portal_path": self._portal_path(),
                    "model_id": self.model_id,
                }
            }
            return {
                **({} if plain else ours),
                **(view if self._has_browser else {}),
                "text/html": self._static_html(),
                "text/plain": static_text(self._facts(), self._reading.summary),
            }

    def _static_html(self) -> str:
        with self._lock:
            reading = self._reading
            return static_html(
                self._facts(),
                reading.summary,
                reading.files,
                image_of=self._image_of,
                documents=self.documents,
                children=self.children,
                **reading.original.picture(),
            )

    def _image_of(self, name: str) -> tuple[str, bytes] | None:
        content = self._reading.image(name)
        mime = media_type(content[:1024]) if content else ""
        return (mime, content) if content and mime else None

    def _take_place(self, cell: str, execution: str) -> None:
        """Note where this panel is shown, and close those that this cell showed before."""
        for panel in list(_panels):
            panel._leave(cell, execution)
        with self._lock:
            self._places.setdefault(cell, _Place(execution)).execution = execution
        _panels.add(self)
        events = get_ipython().events
        if _look_after_cell not in events.callbacks["post_run_cell"]:
            events.register("post_run_cell", _look_after_cell)

    def _leave(self, cell: str, execution: str) -> None:
        """Forget outputs that an execution of their cell has cleared; close without any left."""
        with self._lock:
            if cell in self._places and self._places[cell].execution != execution:
                del self._places[cell]
                if not self._places:
                    self.close()

    # -- life ------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._reading = Reading(self._run.store, self._run.id)
        self._answers = Answers(self._run.store, self._run.id, self.send)
        self._drawings = Drawings()
        self._charts: dict[str, RunChart] = {}
        self._images: dict[tuple[str, int], RunImage] = {}
        self._version_behind = 0
        self._rows_sent: dict[str, tuple[int, int, int]] = {}
        self._plain = None
        self._is_begun = False  # telling of the charts
        self.set_trait("charts", Charts())
        self.set_trait("following", True)

    def _subject(self) -> str:
        return f"panel {self._run.id}"

    def _end(self) -> None:
        self._places.clear()
        self._reading.close()
        self._answers.close()
        if self._plain is not None:
            self._plain.close()
            self._plain = None
        for chart in self._charts.values():
            chart.close()
        for image in self._images.values():
            image.close()
        self.set_trait("figures", [])

    def _goes_on(self) -> bool:
        return bool(self.following)

    @property
    def _is_over(self) -> bool:
        """Whether all there will ever be has been read; it may not have been told yet."""
        return self._reading.is_over and self._reading.children.is_over

    @property
    def _is_told(self) -> bool:
        """Whether all that was read of the charts has been sent."""
        return all(chart.is_told for chart in self._charts.values())

    @staticmethod
    def _watch(panel: weakref.ref[Any], stop: threading.Event) -> None:
        known = panel()
        if known is None:
            return
        every_s = known._every_s
        # It was just looked at, and what was found first is to be drawn before the rest comes.
        first_s = SHORTEST_PAUSE_S if known._is_told else FIRST_SCREEN_S
        del known
        if not stop.wait(first_s):
            poll(lambda: tick_of(panel), stop, every_s=every_s)

    def _revive(self) -> None:
        """Bring back a closed panel, or one of a run that had ended and goes on again."""
        with self._lock:
            goes_on = not self._run.store.run(self._run.id).status.is_final
            if self._is_open and not self.following and goes_on:
                self.close()
            super()._revive()

    def __repr__(self) -> str:
        return f"RunDetails({self._run.id!r}, {self.facts.get('status', '')})"

    # -- reading ---------------------------------------------------------------------------

    def _look(self) -> News:
        self._reading.look()
        self._reading.look_at_children()
        self._reading.look_at_original()
        if self._is_held():
            return News.NONE
        changed = self._apply()
        return News.LAST if not self.following else News.SOME if changed else News.NONE

    def _is_held(self) -> bool:
        """Whether to send nothing now: the run goes on, and no browser seems to hear of it."""
        tells_ours = self._has_browser and not self._is_plain
        return tells_ours and self._is_begun and not self._is_over and allowance.left <= 0

    def _apply(self) -> bool:
        """Send what is new, in two messages at most; return whether anything was."""
        reading, summary = self._reading, self._reading.summary
        for curves in summary.charts:
            if curves.name not in self._charts:
                chart = RunChart(curves, lock=self._lock, on_take=self._figure_taken)
                self._charts[curves.name] = chart
        known = self._facts()
        del known["elapsed_s"]  # it would make each look a change; the browser counts on
        files = [
            {"path": shown(f.path), "bytes": f.bytes, "modified_at": f.modified_at}
            for f in reading.files[:MAX_FILES]
        ]
        listed = summary.listed()
        metrics = _changed(self.metrics, listed)
        with self.hold_sync():
            if metrics:
                self.set_trait("metrics", listed)
            changed = [
                self._set("facts", known),
                self._set("charts", Charts(self._charts.values())),
                self._set("documents", self._drawings.of(summary.documents)),
                self._set("images", self._images_now()),
                self._set("files", files),
                # How long they have taken so far is left out, for the same reason.
                self._set("children", reading.children.entries(0.0)),
                self._set("original", reading.original.state()),
                self._set("problem", " · ".join(summary.warnings)),
            ]
        if reading.original.version != self._version_behind:
            self._version_behind = reading.original.version
            changed.append(self._set("behind", [line.told() for line in reading.original.lines()]))
        changed.append(self._grow(metrics))
        is_done = self._is_over and self._is_told
        changed.append(self._set("following", not is_done))
        if any(changed):
            self._show_plainly()
        if self._is_over:
            self._update_outputs()
        elif not self._has_browser and any(changed):
            self._picture_outputs()
        return any(changed)

    def _figure_taken(self) -> None:
        figures = [
            {"place": place, "figure": chart.figure}
            for place, chart in enumerate(self._charts.values())
            if chart.figure is not None
        ]
        self.set_trait("figures", figures)

    def _should_send_property(self, key: str, value: object) -> bool:
        # One that is new would bring all others along; `_grow` tells of it alone.
        return key not in ("charts", "metrics") and bool(super()._should_send_property(key, value))

    def _grow(self, metrics: dict[str, object]) -> bool:
        """Send all that grew, and the `metrics` that changed; return whether anything did.

        At first that is what a screen has room for; the next look sends the others.
        """
        charts = list(self._charts.values())
        portions = (
            grown(charts, most_bytes=allowance.left)
            if self._is_begun
            else iter([opening(charts, self.look["metrics"])])
        )
        self._is_begun = True
        tables = [news for table in self._reading.summary.tables if (news := self._new_rows(table))]
        first = next(portions, Growth({}, []))
        if not (first.charts or tables or metrics):
            return False
        self._send_growth(first, metrics, tables)
        for portion in portions:
            self._send_growth(portion)
        return True

    def _send_growth(
        self,
        growth: Growth,
        metrics: Mapping[str, object] | None = None,
        tables: Sequence[dict[str, object]] = (),
    ) -> None:
        content = {
            "type": "grow",
            "metrics": metrics or {},
            "charts": growth.charts,
            "tables": tables,
            # As one: three buffers for each line are much to pass on, and to keep.
            "sizes": [buffer.nbytes for buffer in growth.buffers],
        }
        self.send(content, buffers=[b"".join(growth.buffers)])

    def _new_rows(self, table: Rows) -> dict[str, object] | None:
        sent = self._rows_sent.get(table.name, (0, 0, 0))
        start = sent[0] if sent[1] == len(table.columns) else 0
        now = (table.kept, len(table.columns), table.total)
        if now == sent:
            return None
        self._rows_sent[table.name] = now
        return table.told(start) | {"from": start}

    def _images_now(self) -> list[RunImage]:
        """Return a model for each picture that is kept; make and close what that takes."""
        pictures = {
            (images.name, picture.place): picture
            for images in self._reading.summary.images
            for picture in images.kept
        }
        for key in self._images.keys() - pictures.keys():
            self._images.pop(key).close()
        room = MAX_IMAGES_BYTES - sum(len(image.data or b"") for image in self._images.values())
        for (name, place), picture in pictures.items():
            if (name, place) not in self._images:
                content = self._reading.image(picture.path)
                content = content if content is not None and len(content) <= room else None
                room -= len(content or b"")
                self._images[name, place] = RunImage(name, picture, content)
                allowance.spend(len(content or b""))
        return [self._images[key] for key in pictures]

    def _update_outputs(self) -> None:
        """Let the notebook keep the run's end: once, as it may make the views anew."""
        places = [place for place in self._places.values() if not place.is_final]
        self._send_picture(places)
        for place in places:
            place.is_final = True

    def _picture_outputs(self) -> None:
        """Let a notebook that no browser shows keep how far the run is: its end may never come."""
        now = time.monotonic()
        if now - self._pictured_at >= (PLAIN_S if self._is_plain else PICTURE_S):
            self._pictured_at = now
            self._send_picture(self._places.values())

    def _send_picture(self, places: Iterable[_Place]) -> None:
        handles = [pair for place in places for pair in place.handles]
        bundles = {plain: self._bundle(plain=plain) for plain in {plain for _, plain in handles}}
        for handle, plain in handles:
            handle.update(bundles[plain], raw=True)  # type: ignore[no-untyped-call]

    def _facts(self) -> dict[str, object]:
        path, root = self._portal_path(), servers.portal_root()
        return self._reading.facts() | {
            "portal_path": "" if servers.is_without_pages() else path,
            "portal_url": root and f"{root}{path}",
        }

    def _portal_path(self) -> str:
        workspace = getattr(self._run.store, "root", None)
        query = "" if workspace is None else f"?workspace={quote(str(workspace))}"
        return self._run.get_portal_url() + query

    def _tables(self) -> list[dict[str, object]]:
        return [table.told() for table in self._reading.summary.tables]

    def get_widget_data(self, widget_settings: object = None) -> dict[str, Any]:
        """Return what is shown, read anew, with the names that Azure ML's widget gave it."""
        del widget_settings
        self._revive()
        self.tick()
        with self._lock:
            address = {"workbench_run_details_uri": self._run.get_portal_url()}
            return self._reading.data() | address


def _changed(
    before: Sequence[Mapping[str, object]], now: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """Return by place what is new of the metrics: a text, or all of one with more to tell."""
    news: dict[str, object] = {}
    for place, metric in enumerate(now):
        known = before[place] if place < len(before) else {}
        if metric != known:
            is_text = {**known, "text": metric["text"]} == metric
            news[str(place)] = metric["text"] if is_text else metric
    return news


def _answer(panel: RunDetails, content: object, _: object) -> None:
    panel._answers.take(content)


def _look_after_cell(_: object) -> None:
    """Show at once what a cell did: the kernel may be shut down right after the last one."""
    for panel in list(_panels):
        if not panel._is_over:
            panel.tick()
