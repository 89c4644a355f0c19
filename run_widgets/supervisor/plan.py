"""What a submitted run runs, as a file in its folder."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from run_widgets.errors import SubmitError
from run_widgets.store.documents import write_json
from run_widgets.store.drive import open_plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCRIPT_RUN = "azureml.scriptrun"
NOTEBOOK_RUN = "azureml.notebookrun"
"""The types of submitted runs."""

PLAN_FILE = "plan.json"
WORK = "work"
LOG = "user_logs/std_log.txt"
"""The run's file with what the command printed."""

SECRETS_VARIABLE = "RUN_WIDGETS_SECRET_PARAMETERS"
"""In the environment of a notebook run: its secret parameters, as JSON."""

MAX_PLAN_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run, from where and under which limits.

    What the environment adds is not here: it may hold secrets, and goes to the
    supervisor as its own environment.
    """

    command: str | tuple[str, ...]  # a text is for the shell
    source: str  # the folder it was submitted from, which may be gone
    is_in_place: bool = False  # runs in `source` itself, not in a copy of the snapshot
    left_out: tuple[str, ...] = ()  # paths in `source` that the snapshot lacks
    environment: Mapping[str, str] = field(default_factory=dict)  # added ones; secrets masked
    max_concurrent: int | None = None  # runs of the experiment at a time; None does not wait
    max_seconds: float = 30 * 24 * 3600.0
    kill_after_s: float = 10.0  # between asking a process to end and ending it
    outputs: tuple[str, ...] = ("outputs",)
    logs: tuple[str, ...] = ("logs",)
    notebook: Mapping[str, Any] | None = None  # of a notebook run: path, output, parameters

    def write(self, folder: Path) -> None:
        """Write the plan of the run in `folder`."""
        write_json(folder / PLAN_FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """Return the plan of the run in `folder`, which may come from a stranger.

        Raises
        ------
        SubmitError
            The run has no plan that can be followed.
        """
        try:
            with os.fdopen(open_plain(folder / PLAN_FILE), "rb") as file:
                known = json.loads(file.read(MAX_PLAN_BYTES))
            command = known["command"]
            return cls(
                command=command if isinstance(command, str) else _texts(command),
                source=str(known["source"]),
                is_in_place=bool(known["is_in_place"]),
                left_out=_texts(known["left_out"]),
                environment={str(k): str(v) for k, v in known["environment"].items()},
                max_concurrent=known["max_concurrent"] and int(known["max_concurrent"]),
                max_seconds=float(known["max_seconds"]),
                kill_after_s=float(known["kill_after_s"]),
                outputs=_texts(known["outputs"]),
                logs=_texts(known["logs"]),
                notebook=known["notebook"],
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise SubmitError(
                f"the run in {folder} was not submitted, or its {PLAN_FILE} is damaged: {error!r}"
            ) from error


def checked_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a notebook, each of a name and a type that it can have.

    Raises
    ------
    SubmitError
    """
    for name, value in parameters.items():
        if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
            raise SubmitError(f"parameter {name!r} is not a name that Python can assign to")
        try:
            json.dumps(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise SubmitError(f"parameter {name!r} must be of a JSON type: {error}") from error
    return dict(parameters)


def _texts(values: list[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
