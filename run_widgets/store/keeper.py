"""One quiet thread a process: heartbeats, and second tries for a store that failed.

The only state of the package that a process shares: the writers that are
open. It is needed since a fork, the end of the interpreter and a store that
comes back concern all of them, whoever made them.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable
from typing import Protocol

BEAT_S = 5.0
"""How often an open run shows that its process lives; the docs state it."""

log = logging.getLogger(__name__)


class Beating(Protocol):
    """What the keeper looks after."""

    def beat(self) -> None:
        """Show a sign of life, and try again what failed."""

    def after_fork(self) -> None:
        """Start anew in a child process: what was open belongs to the parent."""


class Keeper:
    """Calls `beat` of everything open until it is let go."""

    def __init__(self, every_s: float = BEAT_S) -> None:
        self._every_s = every_s
        self._open: dict[int, Beating] = {}
        self._at_exit: dict[int, Callable[[], None]] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def hold(self, thing: Beating) -> None:
        self._open[id(thing)] = thing
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="run-widgets-keeper", daemon=True
            )
            self._thread.start()

    def let_go(self, thing: Beating) -> None:
        self._open.pop(id(thing), None)

    def at_exit(self, owner: object, end: Callable[[], None]) -> None:
        """Call `end` when the interpreter ends, unless `forget(owner)` comes first."""
        self._at_exit[id(owner)] = end

    def forget(self, owner: object) -> None:
        self._at_exit.pop(id(owner), None)

    def beat(self) -> None:
        for thing in list(self._open.values()):
            try:
                thing.beat()
            except Exception:  # one run's trouble must not end the others' heartbeat
                log.exception("run-widgets: a heartbeat failed")

    def end(self) -> None:
        for finish in list(self._at_exit.values()):
            try:
                finish()
            except Exception:
                log.exception("run-widgets: a run could not be ended")
        self._at_exit.clear()
        self.beat()

    def after_fork(self) -> None:
        inherited = list(self._open.values())
        self._open = {}
        self._at_exit = {}  # the runs are the parent's to end
        self._thread = None
        self._wake = threading.Event()
        for thing in inherited:
            thing.after_fork()

    def _run(self) -> None:
        while not self._wake.wait(self._every_s):
            self.beat()


keeper = Keeper()
atexit.register(keeper.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=keeper.after_fork)
