"""What every panel is in the kernel: a model that a thread feeds while it is looked at."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import threading
import weakref
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets as t

from run_widgets.front_end import FRONT_END
from run_widgets.panel.allowance import Allowance
from run_widgets.panel.cell import kernel
from run_widgets.panel.poll import News
from run_widgets.reading.facts import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # else Python prints into a cell what nobody asked for

allowance = Allowance()
"""Of this kernel, whose messages one server keeps."""


class Followed(ipywidgets.DOMWidget):  # type: ignore[misc]
    """A panel's model: it follows what it shows in a thread, which rests while nobody looks.

    It is alive from the moment it is made until it is closed, and can be opened
    again. Its subclasses say what is read, and what the thread does meanwhile.
    """

    _model_module = t.Unicode(FRONT_END["module"]).tag(sync=True)
    _model_module_version = t.Unicode(FRONT_END["version"]).tag(sync=True)
    _view_module = t.Unicode(FRONT_END["module"]).tag(sync=True)
    _view_module_version = t.Unicode(FRONT_END["version"]).tag(sync=True)

    problem = t.Unicode(read_only=True).tag(sync=True)
    """Why the last reading failed, or what it had to say; empty when all is well."""

    _is_open = False

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        # A count that is not None asks browsers to tell how many views they have.
        super().__init__(_view_count=0)

    # -- what a subclass says ----------------------------------------------------------------

    @abstractmethod
    def _begin(self) -> None:
        """Make what is read from."""

    @abstractmethod
    def _look(self) -> News:
        """Read once and send what is new, with the lock held."""

    @abstractmethod
    def _end(self) -> None:
        """Let go of what was read from."""

    @abstractmethod
    def _subject(self) -> str:
        """What is followed, in the name of the thread."""

    def _goes_on(self) -> bool:
        """Whether anything more can come."""
        return True

    @staticmethod
    @abstractmethod
    def _watch(panel: weakref.ref[Any], stop: threading.Event) -> None:
        """What the thread does. It knows the panel weakly, so as not to keep it alive."""

    # -- life ------------------------------------------------------------------------------

    def open(self) -> None:
        """Make the model that browsers view, and tell it what is there; part of making a panel."""
        if self._is_open:
            return
        self._begin()
        self._is_open = True
        self.layout.open()  # closed with the panel
        # Still empty: the browser loads what it draws with while this process reads.
        super().open()
        with _uncollected():
            self.tick()

    def close(self) -> None:
        """Take the panel off the screen and end its thread; `show` brings it back."""
        if not self._is_open:
            super().close()
            return
        with self._lock:
            self._is_open = False
            self._stop.set()
            self._end()
            super().close()
            self.layout.close()

    def follow(self) -> None:
        """Follow in the background; nothing changes where that is so already."""
        with self._lock:
            resting = self._thread is None or not self._thread.is_alive() or self._stop.is_set()
            if not (self._is_open and self._goes_on() and resting):
                return
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=type(self)._watch,
                args=(weakref.ref(self), self._stop),
                name=f"run-widgets {self._subject()}",
                daemon=True,
            )
            self._thread.start()

    @t.observe("_view_count")
    def _views_changed(self, change: Any) -> None:
        if change["new"]:
            self.follow()
        elif change["old"]:
            self._stop.set()

    def _revive(self) -> None:
        """Bring back a panel that was closed."""
        with self._lock:
            if not self._is_open:
                # Closing a widget hides this method of its class.
                self.__dict__.pop("_repr_mimebundle_", None)
                self.open()

    # -- reading ---------------------------------------------------------------------------

    def tick(self) -> News:
        """Look once for what is new and send it; what goes wrong is told in `problem`."""
        with self._lock:
            if not self._is_open:
                return News.LAST
            try:
                news = self._look()
                if question := allowance.question():
                    self.send({"type": "ask", "question": question})
                return news
            except Exception as error:
                problem = shown(f"{type(error).__name__}: {error}")
                if self._set("problem", problem):
                    _log.exception("%r could not be read; it is tried again", self)
                return News.NONE

    def _set(self, name: str, value: object) -> bool:
        changed = bool(getattr(self, name) != value)
        if changed:
            self.set_trait(name, value)
        return changed

    def _send(self, msg: Any, buffers: Any = None) -> None:
        if kernel() is not None:
            parts = sum(memoryview(part).nbytes for part in buffers or ())
            allowance.spend(parts + len(json.dumps(msg, default=str)))
        super()._send(msg, buffers)

    def _handle_msg(self, msg: Any) -> None:
        allowance.heard()
        super()._handle_msg(msg)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return what a browser is told; nothing grows meanwhile."""
        with self._lock:
            state: dict[str, Any] = super().get_state(key, drop_defaults)
        return state


def tick_of(panel: weakref.ref[Any]) -> News:
    """Look once on a panel's behalf; the last time where nobody holds it any more."""
    live = panel()
    return News.LAST if live is None else live.tick()


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python's collector still: of what is made meanwhile nearly all stays.

    A panel of a thousand metrics makes so much that it would go through all objects of
    the notebook, more than once.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
