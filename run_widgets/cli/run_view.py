"""One run in the terminal, still or while it goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from run_widgets.cli.plain import clean, moment, number, one_line, spark, took
from run_widgets.cli.screen import console, progress_of, put, status_text, table
from run_widgets.reading.facts import elapsed_s, size, text_of
from run_widgets.reading.summary import Vector
from run_widgets.records import RunRecord, RunStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from run_widgets.reading.run import Reading
    from run_widgets.reading.summary import Metric

LOOK_EVERY_S = 0.5

GIT = ("commit", "branch", "dirty")
OWN_PROPERTIES = ("azureml.", "mlflow.", "run_widgets.", "ContentSnapshotId")
"""How the names of properties begin that nobody has given by hand; --json has all."""

WIDE = 90
"""Columns from which on there is room for the shape of a curve."""

LISTED_CHILDREN = 20
LISTED_FILES = 10
LISTED_METRICS = 200


def run_view(reading: Reading) -> RenderableType:
    """Return all that is shown of a run."""
    record = reading.record
    parts: list[RenderableType] = [_head(record), _facts(record)]
    if record.error is not None:
        parts += [Text(), _error(record)]
    metrics = reading.summary.metrics
    if metrics:
        parts += [Text(), _metrics(metrics[:LISTED_METRICS])]
        if len(metrics) > LISTED_METRICS:
            parts.append(Text(f"and {len(metrics) - LISTED_METRICS} more", "dim"))
    if reading.children.total:
        parts += [Text(), _children(reading)]
    if reading.files:
        parts += [Text(), _files(reading)]
    parts += [Text(clean(warning), "yellow") for warning in reading.summary.warnings]
    return Group(*parts)


def _head(record: RunRecord) -> Text:
    title = Text(one_line(f"{record.experiment}/{record.number}"), "bold")
    title.append("  ")
    title.append_text(status_text(record.status))
    if record.display_name:
        title.append(f"  {one_line(record.display_name)}", "dim")
    return title


def _facts(record: RunRecord) -> Table:
    lasted = elapsed_s(record, time.time())
    pairs = [
        ("id", record.id),
        ("started", moment(record.started_at)),
        ("took", "" if lasted is None else took(lasted)),
        ("waiting for", record.waiting_for),
        ("last cell", record.interrupted),
        ("script", " ".join([record.script, *record.arguments])),
        ("description", record.description),
        ("git", _git(record)),
        ("parent", record.parent or ""),
        *((f"tag {key}", value or "✓") for key, value in record.tags.items()),
        *(
            (f"property {key}", value or "✓")
            for key, value in record.properties.items()
            if not key.startswith(OWN_PROPERTIES)
        ),
    ]
    rows = [(Text(one_line(name), "dim"), one_line(text)) for name, text in pairs if text.strip()]
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for name, text in rows:
        made.add_row(name, Text(text))
    return made


def _git(record: RunRecord) -> str:
    known = {key: record.properties.get(f"azureml.git.{key}") or "" for key in GIT}
    dirty = "with changes" if known["dirty"].lower() == "true" else ""
    return " ".join(filter(None, (known["commit"][:10], known["branch"], dirty)))


def _error(record: RunRecord) -> Text:
    error = record.error
    assert error is not None
    text = Text(clean(error.message or error.code), "red")
    if error.traceback:
        text.append(f"\n{clean(error.traceback.rstrip())}", "dim")
    return text


def _metrics(metrics: Sequence[Metric]) -> Table:
    with_shapes = console().width >= WIDE
    rows = []
    for metric in metrics:
        if isinstance(metric, Vector) and metric.kind == "vector":
            curves = metric.curves if with_shapes else None
            shape = "" if curves is None else spark(curves.lines[0].outline.columns().y.tolist())
            lowest, highest = number(metric.lowest), number(metric.highest)
            rows.append(
                (one_line(metric.name), str(metric.total), _last(metric), lowest, highest, shape)
            )
        else:
            total = "" if isinstance(metric, Vector) else str(metric.total)
            last = _last(metric) if isinstance(metric, Vector) else metric.text
            rows.append((one_line(metric.name), total, last, "", "", ""))
    return table(("Metric", ">Values", ">Last", ">Min", ">Max", "="), rows)


def _last(metric: Vector) -> str:
    return "" if metric.last is None and not metric.total else one_line(text_of(metric.last))


def _children(reading: Reading) -> Table:
    rows: list[list[Text | str]] = []
    for child in reading.children.entries(time.time())[:LISTED_CHILDREN]:
        lasted, metrics = child["elapsed_s"], child["metrics"]
        assert isinstance(metrics, dict)
        values = (f"{name} {text_of(value)}" for name, value in metrics.items())
        rows.append(
            [
                f"{one_line(reading.record.experiment)}/{child['number']}",
                status_text(RunStatus(str(child["status"]))),
                took(lasted) if isinstance(lasted, float) else "",
                one_line(str(child["name"])),
                one_line("  ".join(values)),
            ]
        )
    more = reading.children.total - len(rows)
    if more:
        rows.append([f"and {more} more", "", "", "", ""])
    return table(("=Child run", "=Status", ">Took", "Name", "Metrics"), rows)


def _files(reading: Reading) -> Table:
    shown = reading.files[:LISTED_FILES]
    rows = [(one_line(entry.path), size(entry.bytes)) for entry in shown]
    more = len(reading.files) - len(shown)
    if more:
        rest = sum(entry.bytes for entry in reading.files[LISTED_FILES:])
        rows.append((f"and {more} more", size(rest)))
    return table(("File", ">Size"), rows)


def watch(reading: Reading) -> None:
    """Show a run until it has ended: drawn again and again in a terminal, else once, then."""
    screen = console()
    spinner = Spinner("dots")
    reading.look()
    reading.look_at_children()
    if not screen.is_terminal:
        while not reading.is_over:
            time.sleep(LOOK_EVERY_S)
            reading.look()
        reading.look_at_children()
        put(run_view(reading))
        return
    with Live(console=screen, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            live.update(Group(run_view(reading), _progress(reading, spinner)), refresh=True)
            if reading.is_over:
                break
            time.sleep(LOOK_EVERY_S)
            reading.look()
            reading.look_at_children()
        live.update(run_view(reading), refresh=True)


def _progress(reading: Reading, spinner: Spinner) -> RenderableType:
    """Return how far a run is, in steps where it tells them, else in values."""
    known = progress_of(reading.record)
    if known is not None:
        return Group(Text(), known)
    done = reading.record.done_steps
    line = Table.grid(padding=(0, 1))
    steps = "" if done is None else f"{done} steps, "
    line.add_row(spinner, f"{steps}{reading.summary.points} values")
    return Group(Text(), line)
