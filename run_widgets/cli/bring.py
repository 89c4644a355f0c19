"""The command that brings runs in from elsewhere: import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from run_widgets.cli import plain
from run_widgets.cli.look import document
from run_widgets.cli.which import name_of, with_json, with_workspace
from run_widgets.tracking import Experiment

if TYPE_CHECKING:
    from run_widgets.tracking import Workspace


@click.command("import", short_help="Bring in what TensorBoard logged.")
@click.argument("logdir", type=click.Path(file_okay=False, path_type=Path))
@click.option("-e", "--experiment", help="Default: named after LOGDIR.")
@with_workspace
@with_json
def bring(workspace: Workspace, logdir: Path, experiment: str | None, as_json: bool) -> int:
    """Make a run of each folder in LOGDIR that has TensorBoard's event files.

    Again brings in what is new since. It needs the package tensorboard.
    """
    try:
        from run_widgets.integrations.tensorboard import folders, import_runs
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{error}: 'pip install tensorboard' reads its files") from error
    if not folders(logdir):
        raise click.UsageError(f"there are no event files of TensorBoard in {str(logdir)!r}")
    runs = import_runs(Experiment(workspace, experiment or logdir.resolve().name), logdir)
    if as_json:
        click.echo(plain.to_json([document(run.store.run(run.id)) for run in runs]))
        return 0
    for run in runs:
        click.echo(f"{name_of(run)}  {plain.one_line(run.display_name)}")
    if not runs:
        click.echo(f"There is nothing new in {plain.one_line(str(logdir))}.")
    return 0


COMMANDS = (bring,)
