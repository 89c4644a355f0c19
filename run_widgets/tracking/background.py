"""One thread for what must not delay a run, and which is there only while there is work.

It begins a moment after it was asked to, so that a run's first values do not
share Python's lock with it. Work of one key is done once for all that wait for
it: a loop that starts a hundred runs of one folder has it snapshotted a few
times, not a hundred.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


QUIET_S = 0.1
"""How long a run that has just begun has Python to itself; the docs state it."""

GLANCE_S = 0.01
"""How soon in that time it is noticed that the interpreter ends."""


class Background:
    """Does work one after the other; the interpreter waits for it before it ends."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self._quiet_s = quiet_s
        self.importing = threading.Lock()
        """Held by work while it imports: forks wait for that, since in a child the modules that
        another thread was just importing are locked for ever."""

        self._lock = threading.Lock()
        self._waiting: dict[Hashable, tuple[Callable[[list[Any]], None], list[Any]]] = {}
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()

    def add(self, key: Hashable, item: Any, work: Callable[[list[Any]], None]) -> None:
        """Call `work` in `quiet_s`, with the items of all calls with `key` until then.

        Sooner where somebody waits for it, or the interpreter ends.
        """
        with self._lock:
            self._waiting.setdefault(key, (work, []))[1].append(item)
            if self._thread is not None:
                return
            self._hurry.clear()
            # Not a daemon: what a short script has just begun is still finished.
            self._thread = threading.Thread(target=self._run, name="run-widgets-background")
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is ending, and starts no more threads
            self._work()

    def wait(self, timeout_s: float) -> bool:
        """Wait until there is no work left; False if there still is after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        self._hurry.set()
        while (thread := self._thread) is not None and time.monotonic() < deadline:
            thread.join(max(0.0, deadline - time.monotonic()))
        return self._thread is None

    def _run(self) -> None:
        until = time.monotonic() + self._quiet_s
        # The main thread is over as soon as the interpreter ends, which then waits for this one.
        while threading.main_thread().is_alive() and time.monotonic() < until:
            if self._hurry.wait(GLANCE_S):
                break
        self._work()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                work, items = self._waiting.pop(next(iter(self._waiting)))
            try:
                work(items)
            except Exception:  # whatever goes wrong here is not the run's trouble
                import logging

                logging.getLogger(__name__).exception("run-widgets: work in the background failed")


background = Background()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: background.importing.acquire(),
        after_in_parent=lambda: background.importing.release(),
        after_in_child=background.__init__,  # type: ignore[misc]
    )
