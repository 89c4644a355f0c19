"""The commands that look: list, show, log, files and diff."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from run_widgets.cli import plain, which
from run_widgets.cli.logs import print_log, text_of_log
from run_widgets.cli.which import (
    EXPERIMENT,
    LOG,
    RUN,
    check_experiment,
    find_run,
    newest,
    with_json,
    with_workspace,
)
from run_widgets.reading.facts import cell, elapsed_s
from run_widgets.records import RunRecord, RunStatus

if TYPE_CHECKING:
    from run_widgets.reading.run import Reading
    from run_widgets.tracking import Workspace

FOLLOW_EVERY_S = 0.3
LIST_EVERY_S = 1.0

Json = dict[str, Any]


def document(record: RunRecord) -> Json:
    """Return all that is known of a run apart from its metrics and files."""
    known = asdict(record)
    known["status"] = record.status.value
    known["elapsed_s"] = elapsed_s(record, time.time())
    return known


# -- list --


def _checked_tags(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    del context, parameter
    for value in values:
        if not value.partition("=")[0]:
            raise click.BadParameter(f"{value!r} is neither KEY nor KEY=VALUE")
    return values


@click.command("list", short_help="List the newest runs.")
@click.argument("experiment", required=False, type=EXPERIMENT)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How many, 0 for all.",
)
@click.option(
    "--status",
    type=click.Choice([status.value for status in RunStatus], case_sensitive=False),
    metavar="STATUS",
    help="Only runs of this status, such as Running or Failed.",
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    callback=_checked_tags,
    metavar="KEY[=VALUE]",
    help="Only runs with this tag.",
)
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME", help="A column with its last value."
)
@click.option("--children", is_flag=True, help="Also runs that have a parent.")
@click.option("-w", "--watch", is_flag=True, help="Draw it again and again, until Ctrl-C.")
@click.option("--experiments", is_flag=True, help="List the experiments instead.")
@with_workspace
@with_json
def list_runs(
    workspace: Workspace,
    experiment: str | None,
    limit: int,
    status: str | None,
    tags: tuple[str, ...],
    metrics: tuple[str, ...],
    children: bool,
    watch: bool,
    experiments: bool,
    as_json: bool,
) -> None:
    """List the newest runs, of EXPERIMENT or of all."""
    if experiments:
        _list_experiments(workspace, as_json)
        return
    if experiment is not None:
        check_experiment(workspace, experiment)
    kind = None if status is None else RunStatus(status)
    wanted = Wanted(experiment, kind, tags, children=children)
    if as_json:
        found = _found(workspace, wanted, limit, metrics)
        click.echo(plain.to_json([document(r) | {"metrics": known} for r, known in found]))
        return
    from run_widgets.cli import screen

    def drawn() -> Any:
        found = _found(workspace, wanted, limit, metrics)
        cells = [[_cell_text(known.get(name)) for name in metrics] for _, known in found]
        return screen.list_of([record for record, _ in found], cells, metrics)

    if watch:
        screen.draw_again(drawn, every_s=LIST_EVERY_S)
    elif (list_now := drawn()).row_count:
        screen.put(list_now)
        if limit and list_now.row_count == limit:
            screen.say(f"The newest {limit}; --limit 0 lists all.")
    else:
        screen.say(f"No runs in {experiment or workspace.path}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a list has."""

    experiment: str | None
    status: RunStatus | None
    tags: tuple[str, ...]  # KEY or KEY=VALUE
    children: bool

    def fits(self, record: RunRecord) -> bool:
        return (
            (self.children or record.parent is None)
            and self.status in (None, record.status)
            and all(_has_tag(record, tag) for tag in self.tags)
        )


def _found(
    workspace: Workspace, wanted: Wanted, limit: int, metrics: tuple[str, ...]
) -> list[tuple[RunRecord, Json]]:
    """Return the newest runs that are wanted, each with its newest values of `metrics`."""
    name = wanted.experiment
    records = newest(workspace) if name is None else workspace.store.runs(name)
    fitting = islice(filter(wanted.fits, records), limit or None)
    return [(record, _metrics_of(workspace, record, metrics)) for record in fitting]


def _list_experiments(workspace: Workspace, as_json: bool) -> None:
    listed: list[Json] = []
    for name in which.experiments(workspace):
        known = workspace.store.experiment(name)
        records = list(workspace.store.runs(name))
        going_on = sum(not record.status.is_final for record in records)
        newest_at = records[0].created_at if records else None
        listed.append(
            {
                "name": name,
                "runs": len(records),
                "going_on": going_on,
                "newest_at": newest_at,
                "archived": known.get("archived_at") is not None,
            }
        )
    if as_json:
        click.echo(plain.to_json(listed))
        return
    from run_widgets.cli import screen

    rows = [
        (
            plain.one_line(known["name"]) + (" (archived)" if known["archived"] else ""),
            str(known["runs"]),
            str(known["going_on"] or ""),
            plain.ago(known["newest_at"]),
        )
        for known in listed
    ]
    screen.put(screen.table(("Experiment", ">Runs", ">Going on", "=Newest"), rows))


def _has_tag(record: RunRecord, wanted: str) -> bool:
    key, given, value = wanted.partition("=")
    return key in record.tags and (not given or record.tags[key] == value)


def _metrics_of(workspace: Workspace, record: RunRecord, names: tuple[str, ...]) -> Json:
    """Return the newest value of each metric that a run has of `names`."""
    if not names:
        return {}
    from run_widgets.store.digest import digest_of

    digest = digest_of(workspace.store.follow(record.id))
    return {name: digest[name].last for name in names if name in digest}


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    return plain.number(value) if isinstance(value, float) else plain.one_line(str(value))


def _look(store: Any, run_id: str) -> Reading:
    """Return a run as far as it is there now; close it."""
    from run_widgets.reading.run import Reading

    reading = Reading(store, run_id)
    known = -1
    # A long history is read in pieces.
    while reading.summary.points != known:
        known = reading.summary.points
        reading.look()
    return reading


# -- show --


@click.command(short_help="Show one run.")
@click.argument("run", type=RUN)
@click.option("-w", "--watch", is_flag=True, help="Follow the run until it ends.")
@with_workspace
@with_json
def show(workspace: Workspace, run: str, watch: bool, as_json: bool) -> int:
    """Show one RUN: facts, tags, metrics, files, error.

    With --watch the exit code says how it ended.
    """
    from run_widgets.cli import run_view, screen

    chosen = find_run(workspace, run)
    reading = _look(chosen.store, chosen.id)
    try:
        if as_json:
            while watch and not reading.is_over:
                time.sleep(FOLLOW_EVERY_S)
                reading.look()
            reading.look_at_children()
            click.echo(plain.to_json(_whole(reading)))
        elif watch:
            run_view.watch(reading)
        else:
            reading.look_at_children()
            screen.put(run_view.run_view(reading))
    finally:
        reading.close()
    return exit_code_of(reading.record.status) if watch else 0


def exit_code_of(status: RunStatus) -> int:
    """Return 1 where a run ended badly."""
    return 1 if status in (RunStatus.FAILED, RunStatus.CANCELED) else 0


def _whole(reading: Reading) -> Json:
    return {
        **document(reading.record),
        "metrics": [
            {
                "name": metric.name,
                "kind": metric.kind,
                "values": metric.total,
                "last": cell(getattr(metric, "last", metric.text)),
                "min": cell(getattr(metric, "lowest", None)),
                "max": cell(getattr(metric, "highest", None)),
            }
            for metric in reading.summary.metrics
        ],
        "files": [asdict(entry) for entry in reading.files],
        "children": reading.children.entries(time.time()),
        "warnings": reading.summary.warnings,
    }


# -- log --


@click.command(short_help="Print what a run has printed.")
@click.argument("run", type=RUN)
@click.option("--name", type=LOG, help="Which log, where there are several.")
@click.option("-n", "--lines", type=click.IntRange(min=0), help="Only the last so many lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on as it is written, until the run ends.")
@click.option("--raw", is_flag=True, help="As it is, with the escape sequences that are in it.")
@with_workspace
@with_json
def log(
    workspace: Workspace,
    run: str,
    name: str | None,
    lines: int | None,
    follow: bool,
    raw: bool,
    as_json: bool,
) -> None:
    """Print what a RUN has printed.

    What a terminal would obey, such as colours, is taken out; --raw leaves it in.
    """
    chosen = find_run(workspace, run)
    if as_json:
        log_name, text = text_of_log(chosen, name, lines=lines, follow=follow)
        click.echo(plain.to_json({"id": chosen.id, "name": log_name, "text": text}))
    else:
        print_log(chosen, name, lines=lines, follow=follow, raw=raw)


# -- files --


@click.command(short_help="List the files of a run.")
@click.argument("run", type=RUN)
@with_workspace
@with_json
def files(workspace: Workspace, run: str, as_json: bool) -> None:
    """List the files of a RUN."""
    chosen = find_run(workspace, run)
    entries = chosen.store.files(chosen.id)
    if as_json:
        click.echo(plain.to_json([asdict(entry) for entry in entries]))
        return
    from run_widgets.cli import screen
    from run_widgets.reading.facts import size

    rows = [
        (plain.one_line(entry.path), size(entry.bytes), plain.moment(entry.modified_at))
        for entry in entries
    ]
    screen.put(screen.table(("File", ">Size", "=Changed"), rows))


# -- diff --


@click.command(short_help="Show what differs between two runs.")
@click.argument("run", type=RUN)
@click.argument("other", type=RUN)
@with_workspace
@with_json
def diff(workspace: Workspace, run: str, other: str, as_json: bool) -> int:
    """Show what differs from RUN to OTHER: code, arguments, environment, tags, metrics.

    The exit code is 1 where anything does.
    """
    difference = find_run(workspace, run).diff(find_run(workspace, other))
    if as_json:
        click.echo(plain.to_json(difference.as_dict()))
    else:
        from run_widgets.cli import screen

        screen.print_diff(difference)
    return 1 if difference else 0


COMMANDS = (list_runs, show, log, files, diff)
