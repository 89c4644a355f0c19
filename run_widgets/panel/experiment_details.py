"""ExperimentDetails: the live list of an experiment's runs, and their comparison."""

from __future__ import annotations

import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import traitlets as t
from IPython import get_ipython
from IPython.display import DisplayHandle, display

from run_widgets import servers
from run_widgets.comparing.comparison import packages
from run_widgets.comparing.curves import Curves, told
from run_widgets.comparing.diff import code_of, told_changes
from run_widgets.comparing.run_table import RunTable, facts_of_list
from run_widgets.errors import RunNotFound
from run_widgets.export.list_picture import newest, static_html, static_text
from run_widgets.panel.cell import has_browser, kernel, running_cell
from run_widgets.panel.followed import Followed, allowance, tick_of
from run_widgets.panel.plain import needed, told_what_is_needed
from run_widgets.panel.poll import News, poll
from run_widgets.reading.facts import shown

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from run_widgets.store.local import LocalStore

EXPERIMENT_MIME = "application/vnd.run-widgets.experiment+json"
"""Of an output that is shown with or without its kernel; `js/src/experiment/output.ts` does."""

MOST_ASKED = 200
"""Runs whose curves or packages a browser gets at one asking."""

FIRST_PAUSE_S = 0.2

CATCHING_UP_S = 0.02
"""Between two looks while the first one of a long list is not over: others may want the lock."""

PLAIN_S = 1.0
"""Between two pictures that somebody looks at."""

LONGEST_PAUSE_S = 1.5
"""Between two looks: so late, at the most, a run of another process appears."""

_shown: weakref.WeakValueDictionary[str, ExperimentDetails] = weakref.WeakValueDictionary()
"""The list that each cell showed last, so that the cell's next one can take its place."""


class _Workspace(Protocol):
    @property
    def store(self) -> LocalStore: ...


class Listed(Protocol):
    """What of an `Experiment` it takes to list its runs."""

    @property
    def name(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def workspace(self) -> _Workspace: ...

    def get_portal_url(self) -> str: ...


class ExperimentDetails(Followed):
    """A live list of an experiment's runs, to sort, filter, chart and compare.

    It follows the runs of every process in a thread of its own, which rests
    while no browser has the list on its page. The kernel tells which runs there
    are and what they came to; all looking is done in the browser.

    Parameters
    ----------
    experiment
        An `Experiment`.
    include_children
        Whether runs below other runs are listed too, until somebody chooses otherwise.

    Raises
    ------
    TypeError
        `experiment` is not an experiment.
    """

    _model_name = t.Unicode("ExperimentDetailsModel").tag(sync=True)
    _view_name = t.Unicode("ExperimentDetailsView").tag(sync=True)

    facts = t.Dict(read_only=True).tag(sync=True)
    """``{"experiment", "id", "workspace", "portal_path", "runs_path", "query"}``, all texts."""

    table = t.Dict(read_only=True).tag(sync=True, to_json=lambda _, panel: panel._whole())
    """``{"told", "buffers"}``, as `RunTable.whole` makes them. Made when a browser asks for the
    state, and not sent when it changes: what came since is in the message of `_grow`."""

    loading = t.Bool(True, read_only=True).tag(sync=True)
    """Whether more runs are on their way that have been there all the time."""

    include_children = t.Bool(False, read_only=True).tag(sync=True)
    """Whether child runs are listed where the browser remembers no choice."""

    def __init__(self, experiment: Listed, *, include_children: bool = False) -> None:
        parts = ("name", "id", "workspace", "get_portal_url", "get_runs")
        if not all(hasattr(experiment, part) for part in parts):
            raise TypeError(
                f"ExperimentDetails takes an Experiment, got {experiment!r} of type "
                f"{type(experiment).__name__}; Experiment(workspace, name) is one"
            )
        self._experiment = experiment
        self._store = experiment.workspace.store
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="run-widgets curves")
        self._curves = Curves(self._store)
        self._handles: list[DisplayHandle] = []  # of the cell that shows it
        self._has_browser = True
        self._is_plain = False
        self._pictured_at = 0.0
        self._pictured: list[list[str]] = []
        self.set_trait("include_children", include_children)
        super().__init__()
        self.on_msg(_answer)

    # -- showing ---------------------------------------------------------------------------

    def show(
        self,
        render_lib: Callable[[str], object] | None = None,
        widget_settings: object = None,
        *,
        plain: bool | None = None,
    ) -> None:
        """Show the list in the output of this cell; where there is no kernel, print it.

        Parameters
        ----------
        render_lib
            A function that shows HTML, such as Databricks' ``displayHTML``, for
            where widgets cannot be: it gets a picture of the list as it is now.
        widget_settings
            Not used; notebooks written for Azure ML may give it.
        plain
            Show a picture that is kept up to date instead of the list: for front
            ends that have nothing of ours. None is what is known to be needed: in
            Colab, and where JupyterLab's environment has no run-widgets.
        """
        del widget_settings
        self._revive()
        if render_lib is not None or kernel() is None:
            self._read_all()
        if render_lib is not None:
            render_lib(self._html())
        elif kernel() is None:
            print(self._text())
        else:
            if plain is None and has_browser(kernel()):
                plain = bool(told_what_is_needed())
            bundle = self._shown_here(plain=bool(plain))
            handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
            self._handles = [handle]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        self._revive()
        return self._shown_here(plain=bool(needed())) if kernel() is not None else self._bundle()

    def _shown_here(self, *, plain: bool = False) -> dict[str, Any]:
        """Return what the running cell shows, in place of the list that it showed before."""
        here = kernel()
        cell, _ = running_cell(here)
        before = _shown.get(cell)
        if before is not None and before is not self:
            before.close()
        _shown[cell] = self
        self._handles = []
        self._is_plain = plain
        self._has_browser = has_browser(here) and not plain
        events = get_ipython().events
        if _look_after_cell not in events.callbacks["post_run_cell"]:
            events.register("post_run_cell", _look_after_cell)
        self.follow()
        return self._bundle()

    def _bundle(self) -> dict[str, Any]:
        with self._lock:
            self._pictured = self._newest()
            # A notebook that is executed and converted would have nothing but the widget, which
            # its readers cannot load: without it, converters take the picture.
            view = {"application/vnd.jupyter.widget-view+json": self.get_view_spec()}
            place = {
                EXPERIMENT_MIME: {
                    "experiment": self._experiment.name,
                    "workspace": str(getattr(self._store, "root", "")),
                    "model_id": self.model_id,
                },
            }
            return {
                **({} if self._is_plain else place),
                **(view if self._has_browser else {}),
                "text/html": self._html(),
                "text/plain": self._text(),
            }

    def update_outputs(self) -> None:
        """Let a notebook that nobody looks at keep the list as it is now.

        Where somebody does, a new output would take what they see from under their eyes.
        """
        with self._lock:
            if self._has_browser or not (self._is_open and self._handles):
                return
            self.tick()
            self._picture_outputs()

    def _picture_outputs(self) -> None:
        self._pictured_at = time.monotonic()
        if self._newest() != self._pictured:
            bundle = self._bundle()
            for handle in self._handles:
                handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]

    def _html(self) -> str:
        with self._lock:
            children = self.include_children
            return static_html(self._experiment.name, self._table, include_children=children)

    def _text(self) -> str:
        with self._lock:
            children = self.include_children
            return static_text(self._experiment.name, self._table, include_children=children)

    def _newest(self) -> list[list[str]]:
        return newest(self._table, include_children=self.include_children)

    # -- life ------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._table = RunTable(self._store, self._experiment.name)
        self.set_trait("facts", self._facts())

    def _subject(self) -> str:
        return f"list {self._experiment.name}"

    def _end(self) -> None:
        self._table.close()

    @staticmethod
    def _watch(panel: weakref.ref[Any], stop: threading.Event) -> None:
        # First the kernel shows what is there: two that compute at once are both slow.
        if stop.wait(FIRST_PAUSE_S):
            return
        # What was there already is worth reading at once, and is not what following costs.
        while (live := panel()) is not None and live.catch_up():
            del live
            if stop.wait(CATCHING_UP_S):
                return
        live = None

        def tick() -> News:
            news = tick_of(panel)
            if (live := panel()) is not None:
                live._read_all()
            return news

        poll(tick, stop, longest_s=LONGEST_PAUSE_S)

    def __repr__(self) -> str:
        return f"ExperimentDetails({self._experiment.name!r}, {len(self._table)} runs)"

    # -- reading ---------------------------------------------------------------------------

    def _look(self) -> News:
        is_told = len(self._table) > 0 and not self._table.is_behind
        if is_told and self._has_browser and allowance.left <= 0:
            return News.NONE  # no browser seems to hear it
        self._table.look()
        changed = self._grow()
        self._set("problem", "")
        self._set("loading", self._table.is_behind)
        if self._is_plain and time.monotonic() - self._pictured_at >= PLAIN_S:
            self._picture_outputs()
        return News.SOME if changed else News.NONE

    def catch_up(self) -> bool:
        """Look again where the last look could not be the whole; tell whether it was."""
        with self._lock:
            if not (self._is_open and self._table.is_behind):
                return False
            self.tick()
            return True

    def _read_all(self) -> None:
        while self.catch_up():
            pass

    def _grow(self) -> bool:
        """Send all that is new, in one message; return whether anything was."""
        buffers: list[bytes] = []
        news = self._table.news(buffers)
        if news is not None:
            self.send({"type": "rows", "told": news}, buffers=buffers)
        return news is not None

    def _whole(self) -> dict[str, object]:
        buffers: list[bytes] = []
        told = self._table.whole(buffers)
        return {"told": told, "buffers": [memoryview(buffer) for buffer in buffers]}

    def _facts(self) -> dict[str, str]:
        root = getattr(self._store, "root", None)
        known = facts_of_list(root, self._experiment.name, self._experiment.id)
        portal = servers.portal_root()
        known["portal_url"] = portal and f"{portal}{known['portal_path']}{known['query']}"
        without = {"portal_path": "", "runs_path": ""} if servers.is_without_pages() else {}
        return known | without

    # -- answering -------------------------------------------------------------------------

    def _send_curves(self, request: object, metric: str, runs: list[tuple[str, int]]) -> None:
        """Send one metric's curves, each as soon as it is read."""
        for one in self._curves.read(metric, runs):
            if not self._is_open:
                return
            buffers: list[bytes] = []
            message = {"type": "curve", "request": request, "curve": told(one, buffers)}
            self.send(message, buffers=buffers)

    def _send_packages(self, request: object, runs: list[str]) -> None:
        found = {}
        for run_id in runs:
            try:
                found[run_id] = {
                    shown(name): shown(version)
                    for name, version in packages(self._store.folder(run_id)).items()
                }
            except RunNotFound:
                continue
        self.send({"type": "packages", "request": request, "packages": found})

    def _send_code(self, request: object, runs: list[str]) -> None:
        try:
            folders = [self._store.folder(run_id) for run_id in runs]
        except RunNotFound:
            return
        code = told_changes(*code_of(*folders))
        self.send({"type": "code", "request": request, "runs": runs, "code": code})


def bundle_of(experiment: Listed) -> dict[str, Any] | None:
    """Return what a cell shows that ends with an experiment; None where there is no kernel."""
    return None if kernel() is None else ExperimentDetails(experiment)._repr_mimebundle_()


def _answer(panel: ExperimentDetails, content: Any, _: object) -> None:
    """Take a browser's question: it may be any front end's, so what is no question is let go."""
    if not isinstance(content, dict) or not isinstance(content.get("runs"), list):
        return
    request, runs = content.get("request"), content["runs"][:MOST_ASKED]
    # In a thread, so that the kernel can go on with its next cell meanwhile.
    if content.get("type") == "curves" and isinstance(content.get("metric"), str):
        pairs = [(pair[0], pair[1]) for pair in runs if _is_run_and_count(pair)]
        panel._reader.submit(panel._send_curves, request, content["metric"], pairs)
    elif content.get("type") == "packages":
        ids = [run for run in runs if isinstance(run, str)]
        panel._reader.submit(panel._send_packages, request, ids)
    elif content.get("type") == "code" and len(runs) == 2:
        ids = [run for run in runs if isinstance(run, str)]
        if len(ids) == 2:
            panel._reader.submit(panel._send_code, request, ids)


def _is_run_and_count(pair: object) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and isinstance(pair[1], int)
    )


def _look_after_cell(_: object) -> None:
    """Keep what a cell did: the kernel may be shut down right after the last one."""
    for panel in list(_shown.values()):
        panel.update_outputs()
