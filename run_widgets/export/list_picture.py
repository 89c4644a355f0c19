"""The picture of a list of runs that needs no kernel, no script and no server: HTML, or text.

A saved notebook keeps it beside the live list, as `picture` does for one run: of
what JupyterLab's sanitiser leaves alone, and small.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from run_widgets.export.markup import text
from run_widgets.export.picture import OTHER_STATUS_COLOR, STATUS_COLORS, TABLE
from run_widgets.reading.facts import duration, text_of
from run_widgets.records import RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from run_widgets.comparing.run_table import RunTable

MAX_RUNS = 30
"""The newest; the others are counted."""

MAX_METRICS = 8
MAX_LABELS = 4

_STYLE = "padding:1px 14px 1px 0;text-align:{};white-space:nowrap"

_NUMBER = re.compile(
    r"[-+]?[\d.,]+(e[-+]?\d+)?|nan|-?inf|[\d.]+ s|.* (min|h) \d\d .*", re.IGNORECASE
)


def static_html(title: str, table: RunTable, *, include_children: bool = True) -> str:
    """Return the list as one HTML element: how many runs are how, and the newest of them."""
    listed = _rows(table, include_children=include_children)
    head, *rows = newest(table, include_children=include_children)
    styles = [
        _STYLE.format("right" if _are_numbers(cells) else "left")
        for cells in zip(*rows, strict=True)
    ]
    counts = " ".join(
        f'<strong style="color:{STATUS_COLORS.get(status, OTHER_STATUS_COLOR)};margin-left:8px">'
        f"● {count:,} {text(status)}</strong>"
        for status, count in _counts(table, listed).items()
    )
    cells = _cells("th", head, styles) if rows else ""
    body = "".join(f"<tr>{_cells('td', row, styles)}</tr>" for row in rows)
    shown = f"{TABLE}<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    # mathjax_ignore: a logged text with dollars in it is not a formula.
    return (
        '<div class="mathjax_ignore" style="font-family:system-ui,sans-serif;font-size:13px;'
        f'line-height:1.5"><div><strong style="font-size:15px">{text(title)}</strong>{counts}'
        f"</div>{shown}<p>{text(_rest(table, listed, len(rows)))}</p></div>"
    )


def _cells(tag: str, texts: Sequence[str], styles: Sequence[str]) -> str:
    return "".join(
        f'<{tag} style="{style}">{text(each)}</{tag}>'
        for each, style in zip(texts, styles, strict=True)
    )


def _are_numbers(cells: Iterable[str]) -> bool:
    """Tell whether cells, as far as they have something, are numbers or durations."""
    written = [cell for cell in cells if cell and cell != "…"]
    return bool(written) and all(_NUMBER.fullmatch(cell) for cell in written)


def static_text(title: str, table: RunTable, *, include_children: bool = True) -> str:
    """Return the list as a few lines of text."""
    listed = _rows(table, include_children=include_children)
    counts = ", ".join(f"{count:,} {status}" for status, count in _counts(table, listed).items())
    grid = newest(table, include_children=include_children)
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    lines = [" · ".join(filter(None, (title, counts)))]
    if len(grid) > 1:
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in grid
        ]
    lines.append(_rest(table, listed, len(grid) - 1))
    return "\n".join(line for line in lines if line)


def _rows(table: RunTable, *, include_children: bool) -> list[int]:
    """Return the rows that are listed; a child whose parent is not here stands on top itself."""
    if include_children:
        return table.rows()
    parents = table.cells("run", "parent")
    here = {table.ids[row] for row in table.rows()}
    return [row for row in table.rows() if parents.get(row) not in here]


def _counts(table: RunTable, rows: list[int]) -> Counter[str]:
    if table.is_behind:
        return Counter()  # of those that have been read: a wrong number is worse than none
    statuses = table.cells("run", "status")
    return Counter(str(statuses.get(row, "")) for row in rows)


def _rest(table: RunTable, rows: list[int], shown: int) -> str:
    if not table.total:
        return "No runs yet: experiment.start_logging() starts one."
    total = table.total if table.is_behind else len(rows)
    return f"The newest {shown} of {total:,} runs." if shown < total else ""


def newest(table: RunTable, *, include_children: bool = True) -> list[list[str]]:
    """Return the newest runs as texts, a header first."""
    numbers = table.cells("run", "number")

    def number(row: int) -> float:
        value = numbers.get(row)
        return value if isinstance(value, int | float) else 0

    listed = _rows(table, include_children=include_children)
    rows = sorted(listed, key=number, reverse=True)[:MAX_RUNS]
    labels = [key for key in table.columns if key[0] in ("argument", "tag")][:MAX_LABELS]
    metrics = [key for key in table.columns if key[0] == "metric" and key[2] == "last"]
    metrics.sort(key=lambda key: key[1] not in table.goals)
    metrics = metrics[:MAX_METRICS]
    head = ["Run", "Name", "Status", "Duration"]
    head += [name for _, name, _ in labels] + [_heading(table, name) for _, name, _ in metrics]
    grid = [head]
    for row in rows:
        name, status = table.get(row, "run", "name"), table.get(row, "run", "status")
        cells = [f"{number(row):.0f}", str(name or ""), str(status), _duration(table, row)]
        cells += ["" if (value := table.get(row, *key)) is None else str(value) for key in labels]
        cells += [_metric(table, row, name) for _, name, _ in metrics]
        grid.append(cells)
    return grid


def _heading(table: RunTable, metric: str) -> str:
    return f"{metric} (best)" if metric in table.goals else metric


def _metric(table: RunTable, row: int, name: str) -> str:
    best = {"minimize": "min", "maximize": "max"}.get(table.goals.get(name, ""), "last")
    value = table.get(row, "metric", name, best)
    if value is None:
        value = table.get(row, "metric", name, "last")
    return "" if value is None else text_of(value)


def _duration(table: RunTable, row: int) -> str:
    started, ended = table.get(row, "run", "started"), table.get(row, "run", "ended")
    if not isinstance(started, int | float):
        return ""
    if not isinstance(ended, int | float):
        status = str(table.get(row, "run", "status"))
        return "" if status in set(RunStatus) and RunStatus(status).is_final else "…"
    return duration(max(0.0, ended - started))
