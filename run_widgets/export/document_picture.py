"""Confusion matrices, curves and the like in the picture of a run: tables, and images as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from run_widgets.export.markup import legend, text
from run_widgets.export.svg_chart import chart_html, document_svg
from run_widgets.reading.facts import text_of
from run_widgets.reading.summary import PALETTE

Document: TypeAlias = Mapping[str, Any]
"""What `documents.Drawings` tells of the documents of one name."""

MAX_CLASSES = 16
"""Of a matrix with numbers in its cells; a larger one is for the panel."""

RIGHT, WRONG = "43,123,214", "211,69,58"
"""How cells are shaded on the diagonal and beside it: red, green and blue."""

AVERAGES = ("micro average", "macro average")


def parts(document: Document) -> Iterable[str]:
    """Return the last document of a name: its matrix, its charts, or why there are none."""
    drawn = document["drawn"][-1]
    name = f"<strong>{text(document['name'])}</strong>"
    if drawn["problem"]:
        yield f'<div style="margin-top:8px">{name} {text(drawn["problem"])}</div>'
    if drawn["matrix"]:
        yield f'<div style="margin-top:8px">{_matrix(name, **drawn["matrix"])}</div>'
    for chart in drawn["charts"]:
        yield _chart(name, document["name"], chart)


def _matrix(
    name: str, *, labels: Sequence[str], counts: Sequence[Sequence[float]], note: str
) -> str:
    title = f'{name} <span style="opacity:0.7">{text(note)}</span>'
    if len(labels) > MAX_CLASSES:
        many = f"{len(labels)} classes, too many to be shown here"
        return f'{title} <span style="opacity:0.7">· {many}</span>'
    head = "".join(f"<th {_cell(0.7)}>{text(label)}</th>" for label in labels)
    rows = "".join(
        f"<tr><th {_cell(0.7)}>{text(label)}</th>{''.join(_shaded(row, place))}</tr>"
        for place, (label, row) in enumerate(zip(labels, counts, strict=True))
    )
    corner = f"<th {_cell(0.7)}>true ↓ predicted →</th>"
    return (
        f'{title}<table style="border-collapse:collapse;font-size:13px">'
        f"<tr>{corner}{head}</tr>{rows}</table>"
    )


def _shaded(row: Sequence[float], diagonal: int) -> Iterable[str]:
    """Return the cells of a row, the darker the larger their share of it is."""
    total = sum(row)
    for place, count in enumerate(row):
        share = count / total if total > 0 and count > 0 else 0.0
        color = RIGHT if place == diagonal else WRONG
        shade = f"background-color:rgba({color},{0.06 + 0.6 * min(share, 1):.2f});"
        yield f"<td {_cell(1, shade)}>{text(text_of(count))}</td>"


def _cell(opacity: float, more: str = "") -> str:
    return f'style="{more}opacity:{opacity};padding:4px 8px;text-align:center;font-weight:normal"'


def _chart(name: str, plain_name: str, chart: Mapping[str, Any]) -> str:
    colors = colors_of(chart["lines"])
    what = chart["title"] or f"{chart['y_label']} over {chart['x_label']}"
    # The average's note stands for all of them, where there is one.
    noted = sorted(chart["lines"], key=lambda line: line["name"] not in AVERAGES)
    told = [f"{line['name']} {line['note']}" for line in noted if line["note"]]
    notes = " · ".join(filter(None, (*told[:1], chart["note"])))
    names = legend(
        [(line["name"], color) for line, color in zip(chart["lines"], colors, strict=True)]
    )
    head = f'{name} {text(what)} <span style="opacity:0.7">{text(notes)}</span>{names}'
    return chart_html(document_svg(chart, colors), head=head, alt=f"{plain_name} {what}")


def colors_of(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a colour for each line; what stands for all of them is grey."""
    return [
        "#808080" if line["name"] in AVERAGES else PALETTE[place % len(PALETTE)]
        for place, line in enumerate(lines)
    ]
