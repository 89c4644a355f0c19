"""The commands beside runs: portal, demo, doctor and completion."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from run_widgets.cli import plain
from run_widgets.cli.look import document, exit_code_of
from run_widgets.cli.which import with_json, with_workspace
from run_widgets.tracking.workspace import WORKSPACE_VARIABLE

if TYPE_CHECKING:
    from run_widgets.tracking import Workspace


@click.command(
    short_help="Serve the pages of the runs.",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Default: 8888, or the next that is free; 0 is any that is free.",
)
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


@click.command(short_help="See a training being watched.")
@click.option("--terminal", is_flag=True, help="Train and show it here, without a browser.")
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=300,
    show_default=True,
    help="How long, with --terminal.",
)
@click.option(
    "--pause",
    type=click.FloatRange(0, 3600),
    default=0.05,
    show_default=True,
    help="Seconds between two steps.",
)
@click.option("--no-browser", is_flag=True, help="Start JupyterLab, but open no browser.")
@with_workspace
@with_json
def demo(
    workspace: Workspace,
    terminal: bool,
    steps: int,
    pause: float,
    no_browser: bool,
    as_json: bool,
) -> int:
    """See a training being watched: in JupyterLab, or here with --terminal."""
    from run_widgets.cli import demo as demonstration

    if as_json and not terminal:
        raise click.UsageError("--json tells of the run that --terminal makes: give both")
    if terminal:
        run = demonstration.in_terminal(workspace, steps, pause, is_shown=not as_json)
        if as_json:
            click.echo(plain.to_json(document(run.store.run(run.id))))
        return exit_code_of(run.store.run(run.id).status)
    with tempfile.TemporaryDirectory(prefix="run-widgets-demo-") as folder:
        notebook = demonstration.write_notebook(Path(folder))
        return demonstration.open_lab(notebook, browser=not no_browser)


@click.command(short_help="Check this installation.")
@click.argument(
    "notebook", metavar="[NOTEBOOK]", required=False, type=click.Path(exists=True, path_type=Path)
)
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


SHELL = click.Choice(["bash", "zsh", "fish"])


@click.command(short_help="Let a shell complete commands and runs.")
@click.argument("shell", metavar="SHELL", type=SHELL)
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


COMMANDS = (portal, demo, doctor, completion)
