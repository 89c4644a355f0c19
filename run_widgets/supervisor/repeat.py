"""Begins a run that does again what another did."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.errors import RunNotFound, SubmitError
from run_widgets.source import snapshot
from run_widgets.source.masking import MASK, is_secret
from run_widgets.source.provenance import REPLAY_OF, STARTED_IN
from run_widgets.supervisor.begin import begin, new_run_id
from run_widgets.supervisor.plan import (
    NOTEBOOK_RUN,
    PLAN_FILE,
    SCRIPT_RUN,
    SECRETS_VARIABLE,
    Plan,
    checked_parameters,
)
from run_widgets.supervisor.request import RUN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from run_widgets.records import RunRecord
    from run_widgets.store.local import LocalStore

NOTEBOOK = "notebook.ipynb"


def begin_replay(
    store: LocalStore,
    run_id: str,
    *,
    facts: Mapping[str, Any],
    environment: Mapping[str, str],
    parameters: Mapping[str, Any],
) -> str:
    """Begin the run `run_id` of `store` once more, and return the new run's id.

    Raises
    ------
    SubmitError
        The run does not know how it was started, its source is gone,
        `parameters` are given and it is not a notebook, or a replay asks for
        the replay of what it is running.
    """
    record, folder = store.run(run_id), store.folder(run_id)
    _refuse_without_end(store, record, environment.get(RUN_VARIABLE))
    if not (folder / PLAN_FILE).exists():
        raise SubmitError(
            f"run {run_id!r} was started by hand or from a file outside its source folder, "
            "so it cannot be run again: start it from a script or notebook, or submit it"
        )
    plan = Plan.read(folder)
    new_id = new_run_id(record.experiment)
    files = {}
    if (folder / snapshot.ARCHIVE).is_file():
        files[snapshot.ARCHIVE] = folder / snapshot.ARCHIVE
    else:
        plan = replace(plan, is_in_place=True)
    if plan.is_in_place and not Path(plan.source).is_dir():
        raise SubmitError(f"run {run_id!r} has no snapshot, and {plan.source!r} is gone")
    if plan.notebook is not None and (folder / NOTEBOOK).is_file():
        # The cells that a kernel executed, not a file of its folder.
        files[NOTEBOOK] = folder / NOTEBOOK
        new_folder = folder.parent / new_id
        plan = replace(plan, notebook={**plan.notebook, "path": str(new_folder / NOTEBOOK)})
    plan, secrets = _with_parameters(plan, parameters)
    added = {name: value for name, value in plan.environment.items() if value != MASK}
    begin(
        store,
        record.experiment,
        new_id,
        replace(plan, command=_on_this_machine(plan.command), max_concurrent=None),
        facts={
            "type": record.type or (SCRIPT_RUN if plan.notebook is None else NOTEBOOK_RUN),
            "script": record.script or _title(plan),
            "arguments": list(record.arguments),
            "display_name": record.display_name,
            "parent": record.parent,
            "root": record.root if record.parent else new_id,
            **facts,
            "properties": {**_of_the_source(record.properties), REPLAY_OF: run_id},
        },
        environment={**environment, **added, SECRETS_VARIABLE: json.dumps(secrets)},
        files=files,
    )
    return new_id


def _refuse_without_end(store: LocalStore, record: RunRecord, inside: str | None) -> None:
    """Raise where a script replays its own run: each replay would begin the next one.

    `inside` is the submitted run that this process belongs to.

    Raises
    ------
    SubmitError
    """
    if inside is None or inside not in (record.id, record.properties.get(STARTED_IN)):
        return
    with suppress(RunNotFound):  # of another workspace
        if REPLAY_OF in store.run(inside).properties:
            raise SubmitError(
                f"run {record.id!r} goes on in a replay already: "
                "a script that replays its own run would do so without end"
            )


def _with_parameters(plan: Plan, parameters: Mapping[str, Any]) -> tuple[Plan, dict[str, Any]]:
    """Return the plan with other parameters, and those of them that no file may hold."""
    if not parameters:
        return plan, {}
    if plan.notebook is None:
        raise SubmitError(
            f"a script has no parameters to change, got {sorted(parameters)!r}: "
            "submit it again with other arguments"
        )
    checked_parameters(parameters)
    secrets = {name: v for name, v in parameters.items() if is_secret(name, str(v))}
    shown = {name: MASK if name in secrets else v for name, v in parameters.items()}
    known = {**plan.notebook, "parameters": {**plan.notebook["parameters"], **shown}}
    return replace(plan, notebook=known), secrets


def _on_this_machine(command: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Return the command with this Python where the one it was run by is not here."""
    if isinstance(command, str) or not Path(command[0]).is_absolute():
        return command
    python = Path(command[0])
    if python.exists() or not python.name.startswith("python"):
        return command
    return (sys.executable, *command[1:])


def _of_the_source(properties: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return what the properties say of the source, which is the same again."""
    names = (snapshot.ID_PROPERTY, snapshot.NO_SNAPSHOT)
    beginnings = ("azureml.git.", "mlflow.source.git.")
    return {
        name: value
        for name, value in properties.items()
        if name in names or name.startswith(beginnings)
    }


def _title(plan: Plan) -> str:
    if plan.notebook is not None:
        return str(plan.notebook.get("output") or NOTEBOOK).rpartition("/")[2]
    return plan.command if isinstance(plan.command, str) else " ".join(plan.command[1:])
