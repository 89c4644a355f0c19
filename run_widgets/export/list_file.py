"""An experiment's runs and their comparison as one HTML file, as `export` makes it of one run."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.comparing.comparison import packages
from run_widgets.comparing.curves import curves, drawn, told
from run_widgets.comparing.diff import code_of, told_changes
from run_widgets.comparing.run_table import RunTable, facts_of_list
from run_widgets.errors import RunNotFound
from run_widgets.export.html_file import html_file
from run_widgets.export.list_picture import static_html
from run_widgets.reading.downsample import MAX_POINTS
from run_widgets.reading.facts import shown
from run_widgets.records import RunStatus

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from run_widgets.store.local import LocalStore

CURVES_BYTES = 2_500_000
"""Of all curves together; each is reduced until they fit, to `FEWEST_POINTS` at the least."""

POINT_BYTES = 2 * 32
"""Of one point of a curve: three float64 as base64, in its outline and in its means."""

FEWEST_POINTS = 50

CODE_BYTES = 500_000
"""Of all differences of code."""

MAX_RUNS = 200
"""Runs whose curves and packages are in the file: the chosen ones, then the newest."""


def export_experiment(
    store: LocalStore,
    name: str,
    path: str | os.PathLike[str],
    *,
    runs: Sequence[str | int] = (),
    include_children: bool = False,
) -> Path:
    """Write the experiment's list as it is now to the HTML file `path`, and return where that is.

    Parameters
    ----------
    runs
        Ids and numbers of runs, which the file opens with, compared.
    include_children
        Whether runs below other runs are listed too, until a reader chooses otherwise.

    Raises
    ------
    ExperimentNotFound, RunNotFound
        There is no such experiment, or it has no such run.
    FileNotFoundError
        A part of the front end is not installed.
    OSError
        `path` cannot be written.
    """
    target = Path(path).expanduser()
    text = page_of_experiment(store, name, runs=runs, include_children=include_children)
    target.write_text(text, encoding="utf-8")
    return target.absolute()


def page_of_experiment(
    store: LocalStore,
    name: str,
    *,
    runs: Sequence[str | int] = (),
    include_children: bool = False,
) -> str:
    """Return the experiment's list as it is now as an HTML document; raises as the above."""
    document = store.experiment(name)
    table = RunTable(store, name)
    try:
        table.look()
        while table.is_behind:
            table.look()
        facts = facts_of_list(None, name, str(document.get("id", "")))
        chosen = _chosen(table, name, runs)
        # The pages of runs are on the machine that has them.
        facts |= {"portal_path": "", "runs_path": ""}
        state = _state(store, table, chosen, facts)
        picture = static_html(name, table, include_children=include_children)
    finally:
        table.close()
    state["include_children"] = include_children
    return html_file(
        facts["experiment"], picture, state, place="rw-experiment", scripts={"page.js": ""}
    )


def _chosen(table: RunTable, name: str, wanted: Sequence[str | int]) -> list[str]:
    numbers = table.cells("run", "number")
    known: dict[str | int, str] = {
        int(numbers[row]): table.ids[row] for row in table.rows() if row in numbers
    }
    known |= {table.ids[row]: table.ids[row] for row in table.rows()}
    for one in wanted:
        if one not in known:
            raise RunNotFound(f"experiment {name!r} has no run {one!r}")
    return [known[one] for one in wanted]


def _state(
    store: LocalStore, table: RunTable, chosen: list[str], facts: dict[str, str]
) -> dict[str, Any]:
    buffers: list[bytes] = []
    whole = table.whole(buffers)
    newest = _newest(table, chosen)
    lines, points = _lines(table, newest)
    found: dict[str, list[dict[str, object]]] = {}
    for run_id, metrics in lines.items():
        for metric, curve in curves(store, run_id, metrics).items():
            found.setdefault(metric, []).append(told(drawn(curve, points), buffers))
    environments, places = _environments(store, newest)
    return {
        "facts": facts,
        "told": whole,
        "buffers": [base64.b64encode(buffer).decode() for buffer in buffers],
        "curves": found,
        "environments": environments,
        "environment_of": places,
        "code": _code(store, chosen),
        "chosen": chosen,
        "problem": _note(table, len(lines)),
    }


def _newest(table: RunTable, chosen: list[str]) -> list[str]:
    """Return the runs that are told of in full: the chosen ones first, then the newest."""
    numbers = table.cells("run", "number")
    rows = sorted(table.rows(), key=lambda row: -float(numbers.get(row, 0)))
    return list(dict.fromkeys([*chosen, *(table.ids[row] for row in rows)]))[:MAX_RUNS]


def _lines(table: RunTable, runs: list[str]) -> tuple[dict[str, list[str]], int]:
    """Return which metrics of which runs are drawn as curves, and with how many points each."""
    rows = {table.ids[row]: row for row in table.rows()}
    counts = {
        name: table.cells(group, name, field)
        for group, name, field in table.columns
        if group == "metric" and field == "count"
    }
    # Metrics with a goal are what people compare.
    names = sorted(counts, key=lambda name: name not in table.goals)
    room = CURVES_BYTES // POINT_BYTES // FEWEST_POINTS
    lines: dict[str, list[str]] = {}
    total = 0
    for run_id in runs:
        metrics = [name for name in names if float(counts[name].get(rows[run_id], 0)) > 1]
        if metrics and total >= room:
            break
        lines[run_id] = metrics[: room - total]
        total += len(lines[run_id])
    points = CURVES_BYTES // POINT_BYTES // max(1, total)
    return lines, min(MAX_POINTS, max(FEWEST_POINTS, points))


def _environments(
    store: LocalStore, runs: list[str]
) -> tuple[list[dict[str, str]], dict[str, int]]:
    """Return the packages that runs had, each set of them once, and which of them each run had."""
    found: dict[tuple[tuple[str, str], ...], int] = {}
    places: dict[str, int] = {}
    for run_id in runs:
        known = {shown(name): shown(text) for name, text in packages(store.folder(run_id)).items()}
        places[run_id] = found.setdefault(tuple(sorted(known.items())), len(found))
    return [dict(key) for key in found], places


def _code(store: LocalStore, chosen: list[str]) -> list[dict[str, object]]:
    """Return how the code of the first chosen run differs from that of each other one."""
    told: list[dict[str, object]] = []
    room = CODE_BYTES
    for after in chosen[1:]:
        folders = store.folder(chosen[0]), store.folder(after)
        changes = told_changes(*code_of(*folders))
        room -= len(json.dumps(changes))
        if room < 0:
            break
        told.append({"before": chosen[0], "after": after, "changes": changes})
    return told


def _note(table: RunTable, with_curves: int) -> str:
    """Return what a reader must know: that runs went on, that curves are left out."""
    notes = []
    statuses = table.cells("run", "status")
    going = sum(
        1
        for row in table.rows()
        if statuses.get(row) not in {status.value for status in RunStatus if status.is_final}
    )
    if going:
        at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
        notes.append(f"as of {at}, when {going:,} of the runs had not ended")
    if with_curves < len(table):
        notes.append(f"with curves of {with_curves:,} of the {len(table):,} runs")
    return " · ".join(notes)
