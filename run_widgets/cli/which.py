"""Which run, and which workspace, a command line means."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.types import StringParamType

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

MAKE_A_WORKSPACE = ("submit", "replay", "demo", "portal", "doctor")
"""The commands that take a workspace which is not there yet."""

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
        return _first(workspace, _listed(newest(workspace)), f"no run in {workspace.path}")
    if slash and (place == LATEST or place.isdecimal()):
        workspace.store.experiment(experiment)  # raises ExperimentNotFound
        runs = workspace.store.runs(experiment)
        fitting = (
            _listed(runs) if place == LATEST else (run for run in runs if str(run.number) == place)
        )
        return _first(workspace, fitting, _no_run(workspace, text))
    try:
        return workspace.get_run(text)
    except RunNotFound:
        return _by_beginning(workspace, text)


def _first(workspace: Workspace, runs: Iterator[RunRecord], otherwise: str) -> Run:
    record = next(runs, None)
    if record is None:
        raise RunNotFound(otherwise)
    return workspace.get_run(record.id)


def _listed(runs: Iterator[RunRecord]) -> Iterator[RunRecord]:
    """Yield the runs that are below no other, which is what a list of runs shows."""
    return (run for run in runs if run.parent is None)


def _no_run(workspace: Workspace, text: str) -> str:
    return f"no run {text!r} in {workspace.path}: run-widgets list shows those there are"


def _by_beginning(workspace: Workspace, text: str) -> Run:
    fitting = (run for run in newest(workspace) if text and run.id.startswith(text))
    found = list(islice(fitting, 6))
    if len(found) == 1:
        return workspace.get_run(found[0].id)
    if not found:
        raise RunNotFound(_no_run(workspace, text))
    ids = ", ".join(run.id for run in found[:5])
    raise click.UsageError(f"{text!r} begins the ids of several runs: {one_line(ids)}")


def name_of(run: Run) -> str:
    """Return a run as the command line takes it."""
    return one_line(f"{run.experiment.name}/{run.number}")


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
    del parameter
    if value is None:
        return Workspace.from_config()
    if not Path(value).exists() and context.command.name not in MAKE_A_WORKSPACE:
        raise click.BadParameter(f"there is no folder {value!r}")
    return Workspace(value)


def with_workspace(command: Command) -> Command:
    """Give a command the option ``--workspace``."""
    return click.option(
        "--workspace",
        metavar="FOLDER",
        type=click.Path(file_okay=False),
        callback=_to_workspace,
        expose_value=True,
        help="Where the runs are; default: the nearest workspace upwards, else your own.",
    )(command)


def with_json(command: Command) -> Command:
    """Give a command the option ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts to read.")(
        command
    )


class RunType(StringParamType):
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


class RunOrFileType(RunType):
    """A run or a notebook or script on the command line."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer runs, and files."""
        runs = super().shell_complete(ctx, param, incomplete)
        return [*runs, *click.Path().shell_complete(ctx, param, incomplete)]


class FileType(StringParamType):
    """A file of the run that was named before, or one of those `chosen` of them."""

    name = "file"

    def __init__(self, chosen: Callable[[Iterable[str]], Iterable[str]] = list) -> None:
        self._chosen = chosen

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the files of the run."""
        from click.shell_completion import CompletionItem

        del param
        with suppress(RunNotFound, ExperimentNotFound, click.UsageError):
            # Behind an option that still wants its value, click has not told arguments apart.
            named = ctx.params.get("run") or next(iter(ctx.args), None)
            run = find_run(_workspace_of(ctx), str(named))
            paths = self._chosen(entry.path for entry in run.store.files(run.id))
            return [CompletionItem(path) for path in paths if path.startswith(incomplete)]
        return []


class ExperimentType(StringParamType):
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
RUN_OR_FILE = RunOrFileType()
FILE = FileType()
LOG = FileType(layout.log_names)
EXPERIMENT = ExperimentType()
