"""Tables and messages for people.

Everything logged goes through `plain` and into `Text`, never into rich's own
markup, so that no name can colour, link or hide anything.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from run_widgets.cli.plain import ago, clean, duration, one_line, took
from run_widgets.reading.facts import elapsed_s
from run_widgets.records import RunRecord, RunStatus
from run_widgets.supervisor.plan import NOTEBOOK_RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from run_widgets.checkup import Report
    from run_widgets.comparing.diff import RunDiff
    from run_widgets.reading import replay

UNBOUNDED = 4096
"""Columns of output that goes into a file or a pipe, where nothing may be cut."""

NARROWEST_PROGRESS = 80
"""Columns below which a bar and its text would not fit on one line."""

BAR_WIDTH = 40
GAP = 2
NARROWEST, FAIR, WIDEST = 8, 20, 255
"""Of one column of a table: at least, where room is scarce as well, and at most."""

STYLES = {
    RunStatus.COMPLETED: "green",
    RunStatus.FAILED: "bold red",
    RunStatus.CANCELED: "yellow",
    RunStatus.NOT_RESPONDING: "bold yellow",
    RunStatus.RUNNING: "cyan",
}


def console(*, stderr: bool = False) -> Console:
    """Return where to print: as wide as the terminal, or as the text where there is none."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream,
        width=None if stream.isatty() else UNBOUNDED,
        highlight=False,
        markup=False,
        emoji=False,
    )


def put(what: RenderableType) -> None:
    """Print the answer; into a file or a pipe without the spaces that fill a table's lines."""
    screen = console()
    if screen.is_terminal:
        screen.print(what)
        return
    with screen.capture() as captured:
        screen.print(what)
    print(*(line.rstrip() for line in captured.get().splitlines()), sep="\n")


def draw_again(what: Callable[[], RenderableType], every_s: float) -> NoReturn:
    """Draw what `what` returns, again and again in its place, until Ctrl-C."""
    with Live(console=console(), auto_refresh=False) as live:
        while True:
            live.update(what(), refresh=True)
            time.sleep(every_s)


def say(line: str) -> None:
    """Tell a person something that is not the answer: it goes to stderr."""
    console(stderr=True).print(Text(clean(line)), soft_wrap=True)


def table(heads: Sequence[str], rows: Iterable[Sequence[Text | str]]) -> Table:
    """Return a table without lines, as wide as it must be and the terminal allows.

    A head that begins with ``>`` is of numbers, to the right, and one that
    begins with ``=`` of short texts; these are not cut while the others have
    room. The others share what is left, and are cut at their end.
    """
    lines = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    columns = [
        [Text(head.lstrip(">=")), *cells] for head, *cells in zip(heads, *lines, strict=True)
    ]
    widths = [min(max(cell.cell_len for cell in column), WIDEST) for column in columns]
    fixed = [head[:1] in (">", "=") for head in heads]
    room = console().width - GAP * (len(heads) - 1)
    least = FAIR * fixed.count(False)
    while sum(w for w, is_fixed in zip(widths, fixed, strict=True) if is_fixed) > room - least:
        widest = max((i for i, is_fixed in enumerate(fixed) if is_fixed), key=widths.__getitem__)
        if widths[widest] <= FAIR:
            break
        widths[widest] -= 1
    room -= sum(width for width, is_fixed in zip(widths, fixed, strict=True) if is_fixed)
    share = max(NARROWEST, room // max(1, fixed.count(False)))
    made = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    for head, column, width, is_fixed in zip(heads, columns, widths, fixed, strict=True):
        made.add_column(
            column[0],
            justify="right" if head.startswith(">") else "left",
            width=width if is_fixed else min(width, share),
            no_wrap=True,
            overflow="ellipsis",
        )
    for line in lines:
        made.add_row(*line)
    return made


def status_text(status: RunStatus) -> Text:
    """Return a status with its dot, in its colour."""
    return Text(f"● {status.value}", STYLES.get(status, "dim"))


def progress_of(record: RunRecord) -> Table | None:
    """Return a bar of the steps that a run has done; None where it does not tell of how many."""
    done, total = record.done_steps, record.total_steps
    if done is None or not total:
        return None
    elapsed = elapsed_s(record, time.time()) or 0.0
    if record.type == NOTEBOOK_RUN:
        # One cell imports, the next one trains: how long the rest takes cannot be told.
        text = f"{done} of {total} cells, {duration(elapsed)}"
    else:
        left = elapsed / done * max(0, total - done) if done else None
        about = "" if left is None else f", about {duration(left)} left"
        text = f"{done} of {total} steps{about}"
    line = Table.grid(padding=(0, 1))
    line.add_row(ProgressBar(total=total, completed=min(done, total), width=BAR_WIDTH), text)
    return line


def progress_line(record: RunRecord) -> str:
    """Return what stands below the log of a run while it goes on, as one line of a terminal."""
    known = None if record.status.is_final else progress_of(record)
    if known is None or console().width < NARROWEST_PROGRESS:
        return ""
    screen = console()
    with screen.capture() as captured:
        screen.print(known, end="")
    return captured.get().rstrip("\n")


def list_of(
    records: Sequence[RunRecord], values: Sequence[Sequence[str]], heads: Sequence[str]
) -> Table:
    """Return the table of runs; `values` are more cells of each, under `heads`."""
    now = time.time()
    wide = console().width >= 110
    rows: list[list[Text | str]] = []
    for record, more in zip(records, values, strict=True):
        lasted = elapsed_s(record, now)
        rows.append(
            [
                one_line(f"{record.experiment}/{record.number}"),
                status_text(record.status),
                ago(record.started_at or record.created_at, now),
                "" if lasted is None else took(lasted),
                *more,
                one_line(record.display_name or record.script),
                *([one_line(record.id)] if wide else []),
            ]
        )
    marked = [f">{one_line(head)}" for head in heads]
    id_head = ["=Id"] if wide else []
    return table(["=Run", "=Status", "=Started", ">Took", *marked, "Name", *id_head], rows)


def say_ended(record: RunRecord) -> None:
    """Tell how a run ended."""
    text = Text(one_line(f"{record.experiment}/{record.number}"))
    text.append(" ended as ")
    text.append_text(status_text(record.status))
    lasted = elapsed_s(record, time.time())
    if lasted is not None:
        text.append(f" after {took(lasted)}")
    if record.error is not None and record.error.message:
        text.append(f": {clean(record.error.message)}")
    console(stderr=True).print(text, soft_wrap=True)


def print_report(report: Report) -> None:
    """Print what the doctor found."""
    styles = {"✓": "green", "!": "yellow", "✗": "bold red"}
    text = Text()
    for line in clean(str(report)).split("\n"):
        mark = line[:1]
        is_way_out = line.lstrip().startswith("→")
        text.append(mark, styles.get(mark, ""))
        text.append(f"{line[1:]}\n", "cyan" if is_way_out else "")
    text.right_crop(1)
    console().print(text, soft_wrap=True)


def print_diff(difference: RunDiff) -> None:
    """Print what differs between two runs, lines of code in the colours that people know."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    text = Text()
    for line in clean(str(difference)).split("\n"):
        text.append(f"{line}\n", styles.get(line[:1], ""))
    text.right_crop(1)
    console().print(text, soft_wrap=True)


def print_verdicts(report: replay.Report) -> None:
    """Print which metrics a replay reproduced."""
    title = Text(clean(f"{report.replay} runs {report.original} again: {report.headline}"))
    rows = [
        (
            one_line(metric.name),
            Text(metric.verdict.value, "green" if metric.verdict.is_reproduced else "bold red"),
            "" if not metric.largest else f"{metric.largest:.2g}",
            one_line(metric.before),
            one_line(metric.after),
        )
        for metric in report.metrics
    ]
    put(title)
    if rows:
        put(table(("=Metric", "=Reproduced", ">By at most", "Before", "After"), rows))
    if report.note:
        put(Text(clean(report.note)))
