"""Which run, and which workspace, a command line means."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from run_widgets.cli.plain import one_line
from run_widgets.errors import BadName, ExperimentNotFound, RunNotFound
from run_widgets.store import layout
from run_widgets.tracking import Run, Workspace

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from run_widgets.records import RunRecord

LATEST = "latest"
COMPLETED_RUNS = 50
"""Of the newest, whose names are offered when a shell completes."""

Command = TypeVar("Command", bound=Callable[..., Any])


def experiments(workspace: Workspace) -> list[str]:
    """Return the names of the experiments; not those that a stranger's folder feigns."""
    names: dict[str, None] = {}
    for known in workspace.store.experiments():
        with suppress(BadName):
            names[layout.experiment_name(known["name"])] = None
    return list(names)


def newest(workspace: Workspace) -> Iterator[RunRecord]:
    """Yield the runs of every experiment, newest first."""
    lists = [workspace.store.runs(name) for name in experiments(workspace)]
    return heapq.merge(*lists, key=lambda record: record.created_at, reverse=True)


def find_run(workspace: Workspace, text: str) -> Run:
    """Return the run that `text` means.

    Raises
    ------
    RunNotFound, ExperimentNotFound
        None is meant.
    click.UsageError
        More than one is.
    """
    folder = Path(text)
    if (folder / layout.RUN_FILE).is_file():
        return Run.open(folder)
    experiment, slash, place = text.rpartition("/")
    if text == LATEST:
        return _first(workspace, newest(workspace), f"no run in {workspace.path}")
    if slash and (place == LATEST or place.isdecimal()):
        workspace.store.experiment(experiment)  # raises ExperimentNotFound
        runs = workspace.store.runs(experiment)
        fitting = (run for run in runs if place == LATEST or str(run.number) == place)
        return _first(workspace, fitting, f"no run {text!r} in {workspace.path}")
    try:
        return workspace.get_run(text)
    except RunNotFound:
        return _by_beginning(workspace, text)


def _first(workspace: Workspace, runs: Iterator[RunRecord], otherwise: str) -> Run:
    record = next(runs, None)
    if record is None:
        raise RunNotFound(otherwise)
    return workspace.get_run(record.id)


def _by_beginning(workspace: Workspace, text: str) -> Run:
    fitting = (run for run in newest(workspace) if text and run.id.startswith(text))
    found = list(islice(fitting, 6))
    if len(found) == 1:
        return workspace.get_run(found[0].id)
    if not found:
        raise RunNotFound(
            f"no run {text!r} in {workspace.path}: run-widgets list shows those there are"
        )
    ids = ", ".join(run.id for run in found[:5])
    raise click.UsageError(f"{text!r} begins the ids of several runs: {one_line(ids)}")


def check_experiment(workspace: Workspace, name: str) -> str:
    """Return `name`, of an experiment that there is.

    Raises
    ------
    ExperimentNotFound
        There is none; the message names those there are.
    """
    known = experiments(workspace)
    if name not in known:
        there = ", ".join(known[:20]) or "none"
        raise ExperimentNotFound(f"no experiment {name!r} in {workspace.path}; there: {there}")
    return name


# -- arguments and options that several commands have --


def _to_workspace(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    del context, parameter
    return Workspace.from_config() if value is None else Workspace(value)


def with_workspace(command: Command) -> Command:
    """Give a command the option ``--workspace``."""
    return click.option(
        "--workspace",
        metavar="FOLDER",
        callback=_to_workspace,
        expose_value=True,
        help="Where the runs are; default: the nearest workspace upwards, else your own.",
    )(command)


def with_json(command: Command) -> Command:
    """Give a command the option ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts to read.")(
        command
    )


class RunType(click.ParamType[str]):
    """A run on the command line; it is found once the workspace is known."""

    name = "run"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the newest runs, as EXPERIMENT/NUMBER and by id."""
        from click.shell_completion import CompletionItem

        del param
        known = list(islice(newest(_workspace_of(ctx)), COMPLETED_RUNS))
        offered = [(f"{run.experiment}/{run.number}", run) for run in known]
        offered += [(run.id, run) for run in known]
        return [
            CompletionItem(text, help=one_line(f"{run.status.value} {run.display_name}"))
            for text, run in offered
            if text.startswith(incomplete)
        ]


class ExperimentType(click.ParamType[str]):
    """An experiment on the command line."""

    name = "experiment"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the experiments there are."""
        from click.shell_completion import CompletionItem

        del param
        names = experiments(_workspace_of(ctx))
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _workspace_of(context: click.Context) -> Workspace:
    known = context.params.get("workspace")
    return known if isinstance(known, Workspace) else Workspace.from_config()


RUN = RunType()
EXPERIMENT = ExperimentType()
