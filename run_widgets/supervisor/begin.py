"""Begins a submitted run: its folder, its place in the queue, its supervisor."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from run_widgets.records import RunStatus
from run_widgets.source import snapshot
from run_widgets.supervisor.queue import TAKE_UP_S, Ticket
from run_widgets.supervisor.request import spawn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from run_widgets.store.local import Document, LocalStore
    from run_widgets.supervisor.plan import Plan


def new_run_id(experiment: str) -> str:
    """Return an id of the form that people know: experiment, seconds, eight random digits."""
    return f"{experiment}_{int(time.time())}_{uuid.uuid4().hex[:8]}"


def begin(
    store: LocalStore,
    experiment: str,
    run_id: str,
    plan: Plan,
    *,
    facts: Mapping[str, Any],
    environment: Mapping[str, str],
    files: Mapping[str, Path],
) -> None:
    """Make a run of `plan` and start its supervisor.

    Parameters
    ----------
    facts
        Of the run's record.
    environment
        Of the command, complete: it may hold secrets, and is written nowhere.
    files
        What the run's folder needs, by name, such as its ``snapshot.zip``; not
        changed by anybody from now on.

    Raises
    ------
    RunExists, StoreUnavailable
    """
    status = RunStatus.QUEUED if plan.max_concurrent else RunStatus.PREPARING
    fields: Document = {
        **facts,
        "status": status.value,
        "supervisor_due_at": time.time() + TAKE_UP_S,
    }
    store.own(fields)  # until its supervisor does
    record = store.create_run(experiment, run_id, fields)
    folder = store.folder(run_id)
    try:
        for name, path in files.items():
            snapshot.place(path, folder / name)
        plan.write(folder)
        Ticket(folder.parent, record.number, run_id).draw()
        spawn(folder, environment)
    except BaseException as error:
        end = {
            "status": RunStatus.FAILED.value,
            "ended_at": time.time(),
            "error": {"message": f"it could not be started: {error}", "code": "SystemError"},
        }
        store.update_run(run_id, lambda known: known.update(end))
        raise
