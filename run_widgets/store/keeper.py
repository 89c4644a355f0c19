"""One quiet thread a process: heartbeats, and second tries for a store that failed.

The only state of the package that a process shares: the writers that are
open. It is needed since a fork, the end of the interpreter and a store that
comes back concern all of them, whoever made them.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

BEAT_S = 5.0
"""How often an open run shows that its process lives; the docs state it."""


class Beating(Protocol):
    """What the keeper looks after."""

    def beat(self) -> None:
        """Show a sign of life, and try again what failed."""

    def after_fork(self) -> None:
        """Start anew in a child process: what was open belongs to the parent."""

    @property
    def waits_for(self) -> str:
        """Why there is something that is still to be written; empty when there is nothing."""
        ...


class Keeper:
    """Calls `beat` of everything open until it is let go."""

    def __init__(self, every_s: float = BEAT_S) -> None:
        self._every_s = every_s
        self._open: dict[int, Beating] = {}
        self._known: WeakSet[Beating] = WeakSet()
        self._at_exit: dict[int, Callable[[], None]] = {}
        self._start()

    def _start(self) -> None:
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()

    def know(self, thing: Beating) -> None:
        """Tell `thing` of a fork, from before it is held and for as long as it is used."""
        self._known.add(thing)

    def hold(self, thing: Beating) -> None:
        """Call `thing.beat` from now on."""
        self._open[id(thing)] = thing
        # Whoever does not get the lock knows that another is about to start the thread.
        if self._thread is None and self._lock.acquire(blocking=False):
            thread = threading.Thread(target=self._run, name="run-widgets-keeper", daemon=True)
            try:
                thread.start()
                self._thread = thread
            except RuntimeError:
                # There may be no more threads just now: the next `hold` tries again. Or the
                # interpreter ends, and `end` is the last beat.
                self._lock.release()

    def let_go(self, thing: Beating) -> None:
        """Call `thing.beat` no more."""
        self._open.pop(id(thing), None)

    def at_exit(self, owner: object, end: Callable[[], None]) -> None:
        """Call `end` when the interpreter ends, unless `forget(owner)` comes first."""
        self._at_exit[id(owner)] = end

    def forget(self, owner: object) -> None:
        """Do not call what `at_exit` was given for `owner`."""
        self._at_exit.pop(id(owner), None)

    def beat(self) -> None:
        """Give everything open its beat, now."""
        for thing in list(self._open.values()):
            try:
                thing.beat()
            except Exception:  # one run's trouble must not end the others' heartbeat
                _log("a heartbeat failed")

    def end(self) -> None:
        """The interpreter ends: end the runs that nobody has ended, and write what waits."""
        for finish in list(self._at_exit.values()):
            try:
                finish()
            except Exception:
                _log("a run could not be ended")
        self._at_exit.clear()
        self.beat()
        for thing in list(self._open.values()):
            if thing.waits_for:
                print(f"run-widgets: not written, {thing.waits_for}", file=sys.stderr)

    def after_fork(self) -> None:
        """A child process begins: what is open and what is to be ended is the parent's."""
        inherited = {id(thing): thing for thing in [*self._open.values(), *self._known]}
        self._open = {}
        self._at_exit = {}
        self._start()
        for thing in inherited.values():
            thing.after_fork()

    def _run(self) -> None:
        while not self._wake.wait(self._every_s):
            self.beat()


def _log(what: str) -> None:
    import logging

    logging.getLogger(__name__).exception("run-widgets: %s", what)


keeper = Keeper()
atexit.register(keeper.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=keeper.after_fork)
