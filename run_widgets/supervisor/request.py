"""What others ask of a supervisor: to start, and to end its run now.

Small, and free of the supervisor's own imports: `tracking` needs it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.records import RunError, RunStatus
from run_widgets.store.process import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from run_widgets.store.local import Document, LocalStore

RUN_VARIABLE = "RUN_WIDGETS_RUN_ID"
"""In the environment of every process of a submitted run: which run it belongs to."""

OWN_LOG = "supervisor.log"
"""In the run's folder while it goes on; one of its files then, where there is something in it."""


def spawn(folder: Path, environment: Mapping[str, str]) -> None:
    """Start the supervisor of the run in `folder`, as nobody's child.

    Parameters
    ----------
    environment
        Of the command: what it needs is there, secrets included.
    """
    import subprocess  # `tracking` imports this module, and a training script starts nothing

    command = [sys.executable, "-m", "run_widgets.supervisor", str(folder)]
    options: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        flags = ("DETACHED_PROCESS", "CREATE_NEW_PROCESS_GROUP", "CREATE_BREAKAWAY_FROM_JOB")
        options = {"creationflags": sum(getattr(subprocess, flag, 0) for flag in flags)}
    else:
        # The shell leaves at once, so that the supervisor is adopted by the
        # system: a kernel that ends its children, as kernels do, has none.
        command = ["/bin/sh", "-c", '"$@" &', "sh", *command]
    with open(folder / OWN_LOG, "ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_findable(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **options,
        )
    if os.name == "nt":
        process.returncode = 0  # nobody waits for it
    else:
        process.wait()


def _findable(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` with this package on Python's path where it is not installed."""
    place = str(Path(__file__).parent.parent.parent)
    known = dict(environment)
    if os.path.basename(place) not in ("site-packages", "dist-packages"):
        paths = known.get("PYTHONPATH", "").split(os.pathsep)
        if place not in paths:
            known["PYTHONPATH"] = os.pathsep.join([*filter(None, paths), place])
    # The processes of a run are found by this one: its supervisor is none of them.
    known.pop(RUN_VARIABLE, None)
    return known


def wake(store: LocalStore, run_id: str) -> None:
    """Have a request to end a submitted run carried out now.

    Its supervisor would see the request by itself within a second. Where the
    supervisor has died, the run's processes are ended from here.
    """
    document = store.document(run_id)
    owner, command = document.get("owner"), document.get("command")
    if RunStatus(document["status"]).is_final or not isinstance(owner, dict):
        return
    lives = is_alive(owner)  # type: ignore[arg-type]
    if lives and document.get("is_supervised") and os.name != "nt":
        with contextlib.suppress(OSError):
            os.kill(owner["pid"], signal.SIGTERM)
    elif lives is False and document.get("is_supervised"):
        from run_widgets.supervisor.ending import end_all
        from run_widgets.supervisor.queue import Ticket

        group = command["pid"] if isinstance(command, dict) and is_alive(command) else None  # type: ignore[arg-type]
        end_all(run_id, group, kill_after_s=10.0)
        Ticket(store.folder(run_id).parent, int(document["number"]), run_id).leave()
        store.update_run(run_id, ended(RunStatus.CANCELED, None))


def ended(status: RunStatus, error: RunError | None) -> Callable[[Document], None]:
    """Return the change that gives a run its end, unless it has one."""

    def change(known: Document) -> None:
        if RunStatus(known["status"]).is_final:
            return
        known.update(status=status.value, ended_at=time.time(), waiting_for="")
        if error is not None:
            known["error"] = asdict(error)

    return change
