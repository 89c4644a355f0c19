"""The commands that do something: submit, replay, cancel, delete, portal, demo, doctor."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from run_widgets.azureml import VARIABLE as AZUREML_VARIABLE
from run_widgets.azureml import install as install_alias
from run_widgets.cli import plain
from run_widgets.cli.logs import print_log
from run_widgets.cli.look import document, exit_code_of
from run_widgets.cli.which import RUN, Command, find_run, with_json, with_workspace
from run_widgets.errors import RunGoesOn
from run_widgets.records import RunStatus
from run_widgets.tracking import Experiment
from run_widgets.tracking.workspace import WORKSPACE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from run_widgets.launch import ScriptRunConfig
    from run_widgets.tracking import Run, Workspace

STILL_GOING_ON = """
{run} goes on without this terminal.
  run-widgets log -f {run}    follows it again
  run-widgets cancel {run}    ends it"""


def name_of(run: Run) -> str:
    """Return a run as the command line takes it."""
    return plain.one_line(f"{run.experiment.name}/{run.number}")


# -- submit --


class Pairs(click.ParamType[tuple[str, str]]):
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


@click.command(cls=TakesScript)
@click.argument("target", type=click.Path())
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("-e", "--experiment", help="Default: named after the script.")
@click.option("--name", "display_name", default="", help="What to call the run.")
@click.option("--source", type=click.Path(), help="The folder of the source; default: this one.")
@click.option("-c", "--command", is_flag=True, help="TARGET and ARGUMENTS are a command to run.")
@click.option("-d", "--detach", is_flag=True, help="Do not wait for its end.")
@click.option("--in-place", is_flag=True, help="Run in the source folder, not in a copy of it.")
@click.option("--max-concurrent", type=int, help="Wait while so many runs of it are going on.")
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

    TARGET is a .py or .ipynb file, or with --command a program. Ctrl-C ends
    only the following: the run goes on.
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
            print_log(run, None, lines=None, follow=True)
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


@click.command(cls=TakesScript)
@click.argument("target", type=RUN, metavar="RUN|FILE")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("-d", "--detach", is_flag=True, help="Do not wait for its end.")
@click.option("--azureml", is_flag=True, envvar=AZUREML_VARIABLE, help="Let it import azureml.")
@click.option("--rtol", default=1e-6, show_default=True, help="Relative tolerance of numbers.")
@click.option("--atol", default=1e-9, show_default=True, help="Absolute tolerance of numbers.")
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
    if Path(target).suffix in (".ipynb", ".py") and Path(target).is_file():
        config: Any = config_of(target, arguments, None, parameters, variables)
        experiment = Experiment(workspace, experiment_name(target))
        run = experiment.submit(config, tags=dict(tags))
        return follow(run, detach=detach, as_json=as_json)
    if arguments:
        raise click.UsageError("a run is repeated with the arguments that it had")
    given = {name: _value(text) for name, text in parameters}
    if taken := {"tags", "environment_variables"}.intersection(given):
        raise click.UsageError(f"{taken.pop()!r} cannot be given to a run that is repeated")
    original = find_run(workspace, target)
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


# -- cancel, delete --


@click.command()
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN...")
@click.option("--no-wait", is_flag=True, help="Do not wait for their end.")
@with_workspace
def cancel(workspace: Workspace, runs: tuple[str, ...], no_wait: bool) -> int:
    """End RUNs: their processes are asked first, and then ended.

    A run that has ended otherwise is left as it is, and the exit code is 1.
    """
    code = 0
    chosen = [find_run(workspace, text) for text in runs]
    for run in chosen:
        status = run.store.run(run.id).status
        if not status.is_final:
            run.cancel()
        elif status is not RunStatus.CANCELED:
            click.echo(f"{name_of(run)} is {status.value}: there is nothing to cancel", err=True)
            code = 1
    for run in chosen:
        if not no_wait:
            run.wait_for_completion(raise_on_error=False)
        click.echo(f"{name_of(run)} is {run.get_status()}")
    return code


@click.command()
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Cancel those that go on, instead of refusing them.")
@with_workspace
def delete(workspace: Workspace, runs: tuple[str, ...], yes: bool, force: bool) -> None:
    """Move RUNs to the trash folder, once you have said yes."""
    chosen = list({run.id: run for run in (find_run(workspace, text) for text in runs)}.values())
    records = [run.store.run(run.id) for run in chosen]
    for record in records:
        if not record.status.is_final and not force:
            raise RunGoesOn(
                f"{record.experiment}/{record.number} is {record.status.value}: "
                "cancel it before you delete it, or give --force"
            )
    from run_widgets.cli import screen

    if not yes:
        screen.console(stderr=True).print(screen.list_of(records, [[] for _ in records], ()))
        what = "this run" if len(chosen) == 1 else f"these {len(chosen)} runs"
        click.confirm(f"Delete {what}?", abort=True, err=True)
    for run in chosen:
        before, now = run.folder, run.delete(force=force)
        click.echo(f"{name_of(run)} is in {plain.clean(str(now))}")
        screen.say(f"  mv {shlex.quote(str(now))} {shlex.quote(str(before))}  brings it back")


# -- portal, demo, doctor --


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--port", type=int, help="Default: 8888, or the next that is free.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.pass_context
@with_workspace
def portal(
    context: click.Context, workspace: Workspace, port: int | None, no_browser: bool
) -> None:
    """Serve the pages of the runs on this machine, until Ctrl-C.

    What else is given goes to the Jupyter server that serves them.
    """
    from run_widgets.cli.serve import serve

    arguments = [*context.args]
    if port is not None:
        arguments.append(f"--port={port}")
    if no_browser:
        arguments.append("--no-browser")
    if context.get_parameter_source("workspace") is not ParameterSource.DEFAULT:
        # The server looks where this says, and else also in the person's own workspace.
        os.environ[WORKSPACE_VARIABLE] = str(workspace.path)
    serve(arguments)


@click.command()
@click.option("--terminal", is_flag=True, help="Train and show it here, without a browser.")
@click.option("--steps", default=300, show_default=True, help="How long, with --terminal.")
@click.option("--pause", default=0.05, show_default=True, help="Seconds between two steps.")
@click.option("--no-browser", is_flag=True, help="Start JupyterLab, but open no browser.")
@with_workspace
def demo(workspace: Workspace, terminal: bool, steps: int, pause: float, no_browser: bool) -> int:
    """See a training being watched: in JupyterLab, or here with --terminal."""
    from run_widgets.cli import demo as demonstration

    if terminal:
        run = demonstration.in_terminal(workspace, steps, pause)
        return exit_code_of(run.store.run(run.id).status)
    with tempfile.TemporaryDirectory(prefix="run-widgets-demo-") as folder:
        notebook = demonstration.write_notebook(Path(folder))
        return demonstration.open_lab(notebook, browser=not no_browser)


@click.command()
@click.argument("notebook", required=False, type=click.Path(exists=True, path_type=Path))
@with_workspace
@with_json
def doctor(workspace: Workspace, notebook: Path | None, as_json: bool) -> int:
    """Check what run-widgets needs on this machine, and name the way out of what is wrong.

    With NOTEBOOK also whether JupyterLab trusts that.
    """
    from run_widgets.checkup import examine

    report = examine(workspace, notebook)
    if as_json:
        click.echo(plain.to_json(report.as_dict()))
    else:
        from run_widgets.cli import screen

        screen.print_report(report)
    return 0 if report.is_well else 1


# -- completion --


class Shell(click.Choice[str]):
    """A shell that can complete."""

    def __init__(self) -> None:
        super().__init__(["bash", "zsh", "fish"])


@click.command()
@click.argument("shell", type=Shell())
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options and runs.

    \b
    bash   eval "$(run-widgets completion bash)"           in ~/.bashrc
    zsh    eval "$(run-widgets completion zsh)"            in ~/.zshrc
    fish   run-widgets completion fish | source            in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    completer = get_completion_class(shell)
    assert completer is not None  # click has all three
    root = context.find_root().command
    click.echo(completer(root, {}, "run-widgets", "_RUN_WIDGETS_COMPLETE").source())


COMMANDS = (submit, replay, cancel, delete, portal, demo, doctor, completion)
