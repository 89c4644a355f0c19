"""The commands that end runs: cancel and delete."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from run_widgets.cli import plain
from run_widgets.cli.look import document
from run_widgets.cli.which import RUN, find_run, name_of, with_json, with_workspace
from run_widgets.errors import RunGoesOn
from run_widgets.records import RunStatus

if TYPE_CHECKING:
    from run_widgets.tracking import Workspace


@click.command(short_help="End runs.")
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN...")
@click.option("--no-wait", is_flag=True, help="Do not wait for their end.")
@with_workspace
@with_json
def cancel(workspace: Workspace, runs: tuple[str, ...], no_wait: bool, as_json: bool) -> int:
    """End RUNs: their processes are asked first, and then ended.

    A run that has ended otherwise is left as it is, and the exit code is 1.
    """
    chosen = [find_run(workspace, text) for text in runs]
    ended_before = []
    for run in chosen:
        status = run.store.run(run.id).status
        if not status.is_final:
            run.cancel()
        elif status is not RunStatus.CANCELED:
            ended_before.append(run)
    for run in chosen:
        if not no_wait:
            run.wait_for_completion(raise_on_error=False)
        if run in ended_before:
            click.echo(f"{name_of(run)} is {run.status}: there is nothing to cancel", err=True)
        elif not as_json:
            click.echo(f"{name_of(run)} is {run.get_status()}")
    if as_json:
        click.echo(plain.to_json([document(run.store.run(run.id)) for run in chosen]))
    return 1 if ended_before else 0


@click.command(short_help="Move runs to the trash folder.")
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Cancel those that go on, instead of refusing them.")
@with_workspace
@with_json
def delete(
    workspace: Workspace, runs: tuple[str, ...], yes: bool, force: bool, as_json: bool
) -> None:
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
    moved = []
    for run in chosen:
        before, now = run.folder, run.delete(force=force)
        moved.append({"id": run.id, "from": str(before), "to": str(now)})
        if as_json:
            continue
        click.echo(f"{name_of(run)} is in {plain.clean(str(now))}")
        screen.say(f"  mv {shlex.quote(str(now))} {shlex.quote(str(before))}  brings it back")
    if as_json:
        click.echo(plain.to_json(moved))


COMMANDS = (cancel, delete)
