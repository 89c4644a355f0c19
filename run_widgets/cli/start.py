"""The commands that start runs: submit and replay."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from run_widgets.azureml import VARIABLE as AZUREML_VARIABLE
from run_widgets.azureml import install as install_alias
from run_widgets.cli import plain
from run_widgets.cli.logs import print_log
from run_widgets.cli.look import document, exit_code_of
from run_widgets.cli.which import RUN_OR_FILE, Command, find_run, name_of, with_json, with_workspace
from run_widgets.errors import RunNotFound
from run_widgets.tracking import Experiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from run_widgets.launch import ScriptRunConfig
    from run_widgets.tracking import Run, Workspace

SCRIPTS = (".py", ".ipynb")


class ToleranceType(click.FloatRange):
    """A number that is at least zero; `nan`, which nothing is within, is none."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is no number: nothing would be within it", param, ctx)
        return number


TOLERANCE = ToleranceType(min=0)

STILL_GOING_ON = """
{run} goes on without this terminal.
  run-widgets log -f {run}    follows it again
  run-widgets cancel {run}    ends it"""


# -- submit --


class Pairs(click.ParamType):  # type: ignore[type-arg]  # before click 8.4 it has none
    """``NAME=VALUE`` on the command line."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return name and value."""
        if isinstance(value, tuple):
            return value
        name, given, text = str(value).partition("=")
        if not name or not given:
            self.fail(f"{value!r} is not NAME=VALUE", param, ctx)
        return name, text


def pairs(*names: str, help: str) -> Callable[[Command], Command]:
    """Return an option that can be given several times as ``NAME=VALUE``."""
    return click.option(*names, multiple=True, type=Pairs(), metavar="NAME=VALUE", help=help)


class TakesScript(click.Command):
    """Options may stand behind a notebook or run too; all behind a script or program is its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let what is no notebook keep the options behind it."""
        ctx.allow_interspersed_args, ctx.ignore_unknown_options = False, True
        found, _, _ = self.make_parser(ctx).parse_args([*args])
        is_program = bool(found.get("command")) or str(found.get("target")).endswith(".py")
        ctx.allow_interspersed_args, ctx.ignore_unknown_options = not is_program, is_program
        return super().parse_args(ctx, args)


@click.command(cls=TakesScript, short_help="Run a script or notebook as a run.")
@click.argument("target", type=click.Path())
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("-e", "--experiment", help="Default: named after the script.")
@click.option("--name", "display_name", default="", help="What to call the run.")
@click.option(
    "--source",
    type=click.Path(exists=True, file_okay=False),
    help="The folder of the source; default: this one.",
)
@click.option("-c", "--command", is_flag=True, help="TARGET and ARGUMENTS are a command to run.")
@click.option("-d", "--detach", is_flag=True, help="Do not wait for its end.")
@click.option("--in-place", is_flag=True, help="Run in the source folder, not in a copy of it.")
@click.option(
    "--max-concurrent",
    type=click.IntRange(min=1),
    help="Wait while so many runs of it are going on.",
)
@click.option("--azureml", is_flag=True, envvar=AZUREML_VARIABLE, help="Let it import azureml.")
@pairs("-p", "--parameter", "parameters", help="Of a notebook; the value is JSON, or else text.")
@pairs("--tag", "tags", help="A tag of the run.")
@pairs("--property", "properties", help="A property of the run.")
@pairs("--env", "variables", help="A variable in its environment.")
@with_workspace
@with_json
def submit(
    workspace: Workspace,
    target: str,
    arguments: tuple[str, ...],
    experiment: str | None,
    display_name: str,
    source: str | None,
    command: bool,
    detach: bool,
    in_place: bool,
    max_concurrent: int | None,
    azureml: bool,
    parameters: tuple[tuple[str, str], ...],
    tags: tuple[tuple[str, str], ...],
    properties: tuple[tuple[str, str], ...],
    variables: tuple[tuple[str, str], ...],
    as_json: bool,
) -> int:
    """Run a script or notebook as a run of its own, and follow it to its end.

    TARGET is a .py or .ipynb file, or with --command a program. Options stand
    before it: all behind a script or program is its own. Ctrl-C ends only the
    following: the run goes on.
    """
    if azureml:
        install_alias()
    config: Any = (
        _command_config(source, target, arguments, variables)
        if command
        else config_of(target, arguments, source, parameters, variables)
    )
    run = Experiment(workspace, experiment or experiment_name(target)).submit(
        config,
        tags=dict(tags),
        properties=dict(properties),
        display_name=display_name,
        max_concurrent=max_concurrent,
        in_place=in_place,
    )
    return follow(run, detach=detach, as_json=as_json)


def experiment_name(target: str) -> str:
    """Return the name of the experiment for a file that is run."""
    stem = Path(target).stem
    kept = "".join(letter if letter.isalnum() or letter in "_-" else "-" for letter in stem)[:255]
    return kept if kept[:1].isascii() and kept[:1].isalnum() else "local"


def config_of(
    target: str,
    arguments: Iterable[str],
    source: str | None,
    parameters: Iterable[tuple[str, str]],
    variables: Iterable[tuple[str, str]],
) -> ScriptRunConfig:
    """Return what `Experiment.submit` takes for a script or notebook."""
    from run_widgets.launch import NotebookRunConfig, ScriptRunConfig

    folder, file = _folder_and_file(target, source)
    given = {name: _value(text) for name, text in parameters}
    environment = dict(variables)
    if Path(target).suffix == ".ipynb":
        if arguments := list(arguments):
            raise click.UsageError(
                f"a notebook takes no argument {arguments[0]!r}: give it --parameter NAME=VALUE"
            )
        return NotebookRunConfig(folder, file, parameters=given, environment_variables=environment)
    if given:
        raise click.UsageError("--parameter is for notebooks: give a script its arguments")
    return ScriptRunConfig(folder, file, [*arguments], environment_variables=environment)


def _command_config(
    source: str | None,
    program: str,
    arguments: Iterable[str],
    variables: Iterable[tuple[str, str]],
) -> ScriptRunConfig:
    from run_widgets.launch import ScriptRunConfig

    return ScriptRunConfig(
        source or ".", command=[program, *arguments], environment_variables=dict(variables)
    )


def _folder_and_file(target: str, source: str | None) -> tuple[Path, str]:
    """Return the source folder, and the file as it is called from there."""
    path = Path(target)
    if not path.is_absolute() and source is not None and (Path(source) / path).is_file():
        path = Path(source) / path
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {target!r}: a program is run with --command")
    if path.suffix not in SCRIPTS:
        raise click.UsageError(
            f"{target!r} is neither a .py nor an .ipynb file: a program is run with --command"
        )
    folder, file = Path(source or ".").resolve(), path.resolve()
    if not file.is_relative_to(folder):
        if source is not None:
            raise click.UsageError(f"{target!r} is not in the source folder {source!r}")
        folder = file.parent  # from elsewhere: this folder has nothing to do with it
    return folder, file.relative_to(folder).as_posix()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def follow(run: Run, *, detach: bool, as_json: bool) -> int:
    """Print what a run prints until it has ended; return the exit code that says how it did."""
    from run_widgets.cli import screen

    run_name = name_of(run)
    if detach:
        if as_json:
            click.echo(plain.to_json(document(run.store.run(run.id))))
        else:
            click.echo(run_name)
            screen.say(f"{run_name} is {run.get_status()}, its id is {run.id}")
        return 0
    if not as_json:
        screen.say(f"{run_name}, id {run.id}; Ctrl-C leaves it running")
    try:
        if as_json:
            run.wait_for_completion(raise_on_error=False)
        else:
            print_log(run, None, lines=None, follow=True, tell=screen.progress_line)
    except KeyboardInterrupt:
        screen.say(STILL_GOING_ON.format(run=run_name))
        raise
    record = run.store.run(run.id)
    if as_json:
        click.echo(plain.to_json(document(record)))
    else:
        screen.say_ended(record)
    return exit_code_of(record.status)


# -- replay --


@click.command(cls=TakesScript, short_help="Run a run again or any notebook.")
@click.argument("target", type=RUN_OR_FILE, metavar="RUN|FILE")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("-d", "--detach", is_flag=True, help="Do not wait for its end.")
@click.option("--azureml", is_flag=True, envvar=AZUREML_VARIABLE, help="Let it import azureml.")
@click.option(
    "--rtol", type=TOLERANCE, default=1e-6, show_default=True, help="Relative tolerance of numbers."
)
@click.option(
    "--atol", type=TOLERANCE, default=1e-9, show_default=True, help="Absolute tolerance of numbers."
)
@pairs("-p", "--parameter", "parameters", help="Of a notebook; the value is JSON, or else text.")
@pairs("--tag", "tags", help="A tag of the new run.")
@pairs("--env", "variables", help="A variable in its environment.")
@with_workspace
@with_json
def replay(
    workspace: Workspace,
    target: str,
    arguments: tuple[str, ...],
    detach: bool,
    azureml: bool,
    rtol: float,
    atol: float,
    parameters: tuple[tuple[str, str], ...],
    tags: tuple[tuple[str, str], ...],
    variables: tuple[tuple[str, str], ...],
    as_json: bool,
) -> int:
    """Run a RUN again and tell whether it gave the same, or run a notebook or script FILE.

    A run is repeated from its snapshot with its arguments; the exit code is 1
    where a metric was not reproduced. A file becomes a run in the experiment of
    its name; ARGUMENTS are a script's.
    """
    if azureml:
        install_alias()
    if Path(target).suffix in SCRIPTS and Path(target).is_file():
        config: Any = config_of(target, arguments, None, parameters, variables)
        experiment = Experiment(workspace, experiment_name(target))
        run = experiment.submit(config, tags=dict(tags))
        return follow(run, detach=detach, as_json=as_json)
    if arguments:
        raise click.UsageError("a run is repeated with the arguments that it had")
    given = {name: _value(text) for name, text in parameters}
    if taken := {"tags", "environment_variables"}.intersection(given):
        raise click.UsageError(f"{taken.pop()!r} cannot be given to a run that is repeated")
    try:
        original = find_run(workspace, target)
    except RunNotFound:
        if Path(target).suffix in SCRIPTS:
            raise FileNotFoundError(f"there is no file {target!r}") from None
        raise
    repeated = original.replay(tags=dict(tags), environment_variables=dict(variables), **given)
    if detach:
        return follow(repeated.run, detach=True, as_json=as_json)
    if not as_json:
        follow(repeated.run, detach=False, as_json=False)
    report = repeated.report(rtol=rtol, atol=atol)
    if as_json:
        click.echo(plain.to_json(asdict(report) | {"is_reproduced": bool(report)}))
    else:
        from run_widgets.cli import screen

        screen.print_verdicts(report)
    return 0 if report else 1


COMMANDS = (submit, replay)
