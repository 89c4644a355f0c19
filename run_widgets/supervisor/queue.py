"""Who may run now: the queue of one experiment, across all kernels and terminals.

Each submitted run has a ticket, one small file in ``<experiment>/.queue``, from
its submission to its end. Its name says where it stands
(``0000000007.<run id>.waiting`` or ``.running``), its content which process
holds it; the ticket of a process that has died counts no longer. So nobody
manages the queue, and nobody can take it down.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING

from run_widgets.store.drive import open_plain
from run_widgets.store.lock import locked
from run_widgets.store.process import Process, is_alive, this_process

if TYPE_CHECKING:
    from pathlib import Path

QUEUE = ".queue"

TAKE_UP_S = 60.0
"""How long a new ticket may be without a process; a supervisor starts within one second."""

SILENT_S = 120.0
"""After so long without `beat`, a process of another machine counts as dead."""


class Ticket:
    """The place of one run in the queue of its experiment.

    Parameters
    ----------
    experiment
        The experiment's folder.
    number
        The run's number there: lower ones go first.
    """

    def __init__(self, experiment: Path, number: int, run_id: str) -> None:
        self._folder = experiment / QUEUE
        self._name = f"{number:010d}.{run_id}"

    def draw(self) -> None:
        """Enter the queue at the end, before there is a process that waits."""
        self._folder.mkdir(exist_ok=True)
        self._path("waiting").touch()

    def hold(self) -> None:
        """Say that the calling process waits with this ticket."""
        self._folder.mkdir(exist_ok=True)
        path = self._path("waiting")
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(this_process()))
        os.replace(temporary, path)

    def obstacle(self, max_concurrent: int | None) -> str:
        """Return why the run has to wait; empty: it need not, and now counts as running."""
        with locked(self._folder):
            waiting, running = self._others()
            if max_concurrent is not None:
                if waiting:
                    return f"{waiting} {'run is' if waiting == 1 else 'runs are'} before it"
                if running >= max_concurrent:
                    return f"{running} of {max_concurrent} places are taken"
            os.replace(self._path("waiting"), self._path("running"))
        return ""

    def beat(self) -> None:
        """Show other machines that the process lives."""
        for state in ("waiting", "running"):
            with contextlib.suppress(OSError):
                os.utime(self._path(state))

    def leave(self) -> None:
        """Give the place to the next."""
        for state in ("waiting", "running"):
            with contextlib.suppress(OSError):
                self._path(state).unlink()

    def _others(self) -> tuple[int, int]:
        """Return how many wait before this run, and how many are running."""
        before, running = [], 0
        for name in sorted(os.listdir(self._folder)):
            stem, _, state = name.rpartition(".")
            if state == "running":
                running += _is_held(self._folder / name)
            elif state == "waiting" and stem < self._name:
                before.append(name)
        # Only the first is looked at: a hundred waiting runs ask a few times a second.
        while before and not _is_held(self._folder / before[0]):
            before.pop(0)
        return len(before), running

    def _path(self, state: str) -> Path:
        return self._folder / f"{self._name}.{state}"


def _is_held(ticket: Path) -> bool:
    """Tell whether a ticket's process lives, and remove it where it has died."""
    try:
        with os.fdopen(open_plain(ticket), "rb") as file:
            content, silent_s = file.read(4096), time.time() - os.fstat(file.fileno()).st_mtime
    except OSError:
        return False  # gone since it was listed
    lives: bool | None = None
    if content:
        try:
            known = json.loads(content)
            lives = is_alive(
                Process(
                    pid=int(known["pid"]),
                    started=str(known["started"]),
                    host=str(known["host"]),
                    boot=str(known["boot"]),
                    space=str(known["space"]),
                )
            )
        except (ValueError, KeyError, TypeError):
            lives = False
    if lives is None:
        lives = silent_s < (SILENT_S if content else TAKE_UP_S)
    if not lives:
        with contextlib.suppress(OSError):
            ticket.unlink()
    return lives
