"""How to end the processes of a run: gently, and then surely."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

from run_widgets.supervisor.request import RUN_VARIABLE

if TYPE_CHECKING:
    import psutil

_MAX_ROUNDS = 5  # of ending processes that start others meanwhile


def end_all(run_id: str, group: int | None, *, kill_after_s: float) -> None:
    """End every process of a run, first by asking, after `kill_after_s` for sure.

    Those are the processes of `group`, and those anywhere else on this machine
    that have the run's id in their environment: a daemon, or a notebook's kernel.
    """
    import psutil

    for _ in range(_MAX_ROUNDS):
        found = _processes_of(run_id, group)
        if not found:
            return
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        for process in _still_there(found, kill_after_s):
            with contextlib.suppress(psutil.Error):
                process.kill()
        _still_there(found, 5.0)
        kill_after_s = min(kill_after_s, 1.0)  # whoever comes now was told before


def end_group(group: int, *, kill_after_s: float) -> None:
    """End what a command that has ended left behind in its process group."""
    if not hasattr(os, "killpg"):
        return
    deadline = time.monotonic() + kill_after_s
    sent, surely = signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)
    while True:
        try:
            os.killpg(group, sent)
        except ProcessLookupError:
            return
        except PermissionError:
            return  # macOS says so of a group of zombies
        if sent == surely:
            return
        while time.monotonic() < deadline:
            time.sleep(0.05)
            try:
                os.killpg(group, 0)
            except OSError:
                return
        sent = surely


def _processes_of(run_id: str, group: int | None) -> list[psutil.Process]:
    import psutil

    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        is_in_group = process.pid == group
        if group is not None and hasattr(os, "getpgid"):  # Windows has no groups
            with contextlib.suppress(OSError):  # ended meanwhile
                is_in_group = os.getpgid(process.pid) == group
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            if is_in_group or process.environ().get(RUN_VARIABLE) == run_id:
                found.append(process)
    return found


def _still_there(processes: list[psutil.Process], wait_s: float) -> list[psutil.Process]:
    """Wait until all have ended, and return those that have not after `wait_s`."""
    import psutil

    # Not `psutil.wait_procs`: it would take the exit code of a child of ours.
    def lives(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
        return False

    deadline = time.monotonic() + wait_s
    while (left := [process for process in processes if lives(process)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return left
