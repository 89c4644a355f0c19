"""The picture of a run that needs no kernel, no script and no server: HTML, or plain text.

A saved notebook keeps it beside the live panel, for wherever that cannot run:
GitHub, a PDF, somebody else's JupyterLab. So it is made of what JupyterLab's
sanitiser leaves alone (inline styles, tables, ``<details>``, images as data), in
colours for light and dark pages, and within a budget of bytes.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from run_widgets.export import document_picture
from run_widgets.export.markup import legend, legible, text
from run_widgets.export.svg_chart import WIDTH, Lines, chart_html, svg
from run_widgets.reading.facts import duration, shown, size, text_of
from run_widgets.records import RunStatus

if TYPE_CHECKING:
    from run_widgets.export.document_picture import Document
    from run_widgets.reading.summary import Curves, Pictures, Rows, RunSummary
    from run_widgets.records import FileEntry

Facts: TypeAlias = Mapping[str, Any]
"""What `facts.facts` returns."""

Child: TypeAlias = Mapping[str, Any]
"""What `children.Children` tells of one run below this one."""

ImageOf: TypeAlias = Callable[[str], tuple[str, bytes] | None]
"""From an image's file name to its media type and content; None where it cannot be had."""

MAX_BYTES = 290_000
"""Of the whole as a notebook's file has it, which so keeps less than 300 kB of a run, its text
included. A part that does not fit is left out and said to be."""

LINE_BYTES = 120_000
"""Of all lines of all charts together."""

POINT_BYTES = 9
"""Of one point of a line, about."""

IMAGE_BYTES = 60_000
MAX_ROWS = 20
MAX_FILES = 100
MOST_OPEN = 40
"""Rows up to which a list does not push what follows out of sight."""

MAX_CHARTS = 100
FEW_CHARTS = 24
"""Of a run with more than `MAX_CHARTS`: some of each group tell more than the first hundred, and
JupyterLab looks for headings in all of a picture before it shows the panel beside it."""

MAX_LINES = 1_000
"""Of the metrics of a run with too many for a table."""

MAX_NAMES = 8
"""Of lines, above a chart."""

MAX_TEXT = 100
"""Characters of a text among the values of a run as plain text."""

STATUS_COLORS = {"Completed": "#0f9d76", "Failed": "#d3453a", "Canceled": "#a8871c"}
OUTCOME_COLORS = {
    "reproduced": STATUS_COLORS["Completed"],
    "different": STATUS_COLORS["Failed"],
}
OTHER_STATUS_COLOR = "#2b7bd6"

TABLE = '<table style="border-collapse:collapse;font-size:13px">'


def static_html(
    facts: Facts,
    summary: RunSummary,
    files: Sequence[FileEntry] = (),
    *,
    image_of: ImageOf = lambda _: None,
    documents: Sequence[Document] = (),
    children: Sequence[Child] = (),
    original: Mapping[str, Any] | None = None,
    behind: Lines | None = None,
) -> str:
    """Return the run as one HTML element of at most `MAX_BYTES` bytes in a notebook.

    Parameters
    ----------
    documents, children
        As `Drawings` and `Children` have them.
    original, behind
        Of the run that this one does again: what `original.Original` tells of it,
        and its lines, drawn pale behind those of the same name.
    """
    parts = [
        _header(facts),
        _error(facts["error"]),
        _replay(original),
        _metrics(summary),
        *_charts(summary.charts, behind or {}),
        *chain.from_iterable(map(document_picture.parts, documents)),
        *(_image(images, image_of) for images in summary.images),
        *(_table(table) for table in summary.tables),
        _children(children),
        _files(files),
        _listing("Details", _details(facts), opened=False),
    ]
    return _wrapped(parts)


def html_above(facts: Facts, summary: RunSummary) -> str:
    """Return what stands above a run's charts: its header, its error, its values."""
    listing = _listing("Metrics", _values(summary))
    return _wrapped([_header(facts), _error(facts["error"]), listing])


def html_below(
    facts: Facts,
    summary: RunSummary,
    files: Sequence[FileEntry],
    documents: Sequence[Document] = (),
    children: Sequence[Child] = (),
) -> str:
    """Return what stands below them: its JSON metrics, tables, child runs, files and details."""
    return _wrapped(
        [
            *chain.from_iterable(map(document_picture.parts, documents)),
            *map(_table, summary.tables),
            _children(children),
            _files(files),
            _listing("Details", _details(facts), opened=False),
        ]
    )


def static_text(facts: Facts, summary: RunSummary) -> str:
    """Return the run as a few lines of text."""
    metrics = summary.metrics[:MAX_ROWS]
    width = max((len(_line(metric.name)) for metric in metrics), default=0)
    lines = [f"{facts['title']} · {facts['status']}{_lasting(facts)}", facts["run_id"]]
    if facts["error"]:
        lines.append(_said(facts["error"]))
    lines += [
        f"  {_line(metric.name):{width}}  {_line(metric.text)}{_newest(metric)}"
        for metric in metrics
    ]
    if len(summary.metrics) > len(metrics):
        lines.append(f"  … and {len(summary.metrics) - len(metrics)} more")
    return legible("\n".join(lines))


def _wrapped(parts: Iterable[str]) -> str:
    # mathjax_ignore: a logged text with dollars in it is not a formula.
    return (
        '<div class="mathjax_ignore" style="font-family:system-ui,sans-serif;font-size:13px;'
        f'line-height:1.5">{"".join(_within_budget(parts))}</div>'
    )


def _within_budget(parts: Iterable[str]) -> Iterable[str]:
    left, omitted = MAX_BYTES - 500, 0
    for part in parts:
        size = len(json.dumps(part, ensure_ascii=False).encode("utf-8"))
        if size <= left:
            left -= size
            yield part
        else:
            omitted += 1
    if omitted:
        yield f'<p style="opacity:0.7">{omitted} more parts are in the run itself.</p>'


def _header(facts: Facts) -> str:
    status = facts["status"]
    color = STATUS_COLORS.get(status, OTHER_STATUS_COLOR)
    points = facts["points"]
    about = " · ".join(
        [
            *([_time(facts["started_at"])] if facts["started_at"] else []),
            *([duration(facts["elapsed_s"])] if facts["elapsed_s"] is not None else []),
            f"{points:,} {'value' if points == 1 else 'values'}",
            *_progress(facts),
            *_seen(facts),
        ]
    )
    number = f"{facts['title']} · " if facts["display_name"] else ""
    tags = "".join(
        f'<span style="margin:0 16px 0 0"><span style="opacity:0.7">{text(name)}</span> '
        f"{text(value or '')}</span>"
        for name, value in facts["tags"].items()
    )
    lines = [
        f'<strong style="font-size:15px">{text(facts["display_name"] or facts["title"])}</strong> '
        f'<strong style="color:{color};margin-left:8px">● {text(status)}</strong>',
        f'<span style="opacity:0.7">{text(number + about)} · '
        f'<code style="font-size:11px">{text(facts["run_id"])}</code></span>',
        text(" · ".join(_remarks(facts))),
        tags,
    ]
    return f"<div>{'<br>'.join(filter(None, lines))}</div>"


def _progress(facts: Facts) -> list[str]:
    done, total = facts["done_steps"], facts["total_steps"]
    if done is None or RunStatus(facts["status"]).is_final:
        return []
    return [f"{done:,} of {total:,} steps" if total else f"{done:,} steps"]


def _remarks(facts: Facts) -> list[str]:
    """Return what is to be said of how the run goes on, and what somebody has said of it."""
    interrupted = facts["interrupted"] and not RunStatus(facts["status"]).is_final
    return [
        *([f"Waiting: {facts['waiting_for']}"] if facts["waiting_for"] else []),
        *([f"The last cell ended with {facts['interrupted']}"] if interrupted else []),
        *([facts["description"]] if facts["description"] else []),
    ]


def _seen(facts: Facts) -> list[str]:
    """Return when a run that goes on was looked at: what is saved may outlive it."""
    if RunStatus(facts["status"]).is_final or facts["elapsed_s"] is None:
        return []
    return [f"seen {_time(facts['started_at'] + facts['elapsed_s'])}"]


def _error(error: Mapping[str, str] | None) -> str:
    if error is None:
        return ""
    message = f'<strong style="color:{STATUS_COLORS["Failed"]}">{text(_said(error))}</strong>'
    if not error["traceback"]:
        return f"<div>{message}</div>"
    return _section(message, f'<pre style="font-size:11px">{text(error["traceback"])}</pre>')


def _said(error: Mapping[str, str]) -> str:
    """Return an error in one line; many a message tells its kind already."""
    kind, message = error["type"], error["message"]
    return message if not kind or kind in message else f"{kind}: {message}"


def _values(summary: RunSummary) -> list[tuple[str, str]]:
    return [(metric.name, metric.text + _newest(metric)) for metric in summary.metrics]


def _metrics(summary: RunSummary) -> str:
    """Return every metric with its value: a table, or a text where it would be a long one."""
    pairs = _values(summary)
    if len(pairs) <= MAX_FILES:
        return _listing("Metrics", pairs)
    # Each cell of a table has a style, and sanitisers take their time with each of them.
    names = [_line(name) for name, _ in pairs[:MAX_LINES]]
    width = max(map(len, names))
    lines = [f"{name:{width}}  {_line(pair[1])}" for name, pair in zip(names, pairs, strict=False)]
    if len(pairs) > MAX_LINES:
        lines.append(f"… and {len(pairs) - MAX_LINES:,} more")
    body = f'<pre style="font-size:11px">{text(chr(10).join(lines))}</pre>'
    return _section(f"Metrics ({len(pairs):,})", body)


def _listing(title: str, pairs: Sequence[tuple[str, str]], *, opened: bool = True) -> str:
    if not pairs:
        return ""
    rows = "".join(
        f'<tr><td style="opacity:0.7;padding:1px 16px 1px 0;text-align:left">{text(name)}</td>'
        f'<td style="padding:1px 0;text-align:left">{text(value)}</td></tr>'
        for name, value in pairs[:MAX_FILES]
    )
    more = len(pairs) - MAX_FILES
    note = f"<p>… and {more} more</p>" if more > 0 else ""
    is_short = len(pairs) <= MOST_OPEN
    return _section(title, f"{TABLE}{rows}</table>{note}", opened and is_short)


def _section(title: str, body: str, opened: bool = False) -> str:
    """Return a part that folds; `title` and `body` are HTML."""
    state = " open" if opened else ""
    return (
        f'<details{state} style="margin-top:8px"><summary style="font-weight:600">{title}'
        f"</summary>{body}</details>"
    )


def _replay(original: Mapping[str, Any] | None) -> str:
    """Return which run this one does again, and whether it came to the same."""
    if original is None:
        return ""
    title = f"Replay of {text(original['title'] or original['run_id'])}"
    headline = " · ".join(filter(None, (original["headline"], original["note"])))
    color = OUTCOME_COLORS.get(original["outcome"], "inherit")
    summary = f'{title} <span style="color:{color}">{text(headline)}</span>'
    metrics = original["metrics"][:MAX_FILES]
    if not metrics:
        return f'<div style="margin-top:8px;font-weight:600">{summary}</div>'
    rows = "".join(
        _row("td", (metric["name"], metric["verdict"], metric["before"], metric["after"]))
        for metric in metrics
    )
    return _section(summary, f"{TABLE}{_row('th', ('Metric', '', 'First', 'Again'))}{rows}</table>")


# -- charts ------------------------------------------------------------------------------


def _charts(charts: Sequence[Curves], behind: Lines) -> Iterable[str]:
    drawn = charts if len(charts) <= MAX_CHARTS else _of_each_group(charts, FEW_CHARTS)
    lines = sum(len(curves.lines) for curves in drawn) + len(behind)
    points = LINE_BYTES // POINT_BYTES // max(1, lines)
    for curves in drawn:
        yield _chart(curves, behind, max_points=min(max(points, 20), 2 * WIDTH))
    if len(charts) > len(drawn):
        yield f"<p>… and {len(charts) - len(drawn)} more charts</p>"


def _of_each_group(charts: Sequence[Curves], count: int) -> list[Curves]:
    """Return so many charts in their order: as many of each prefix before a slash, the first."""
    turns: dict[str, int] = {}

    def turn(curves: Curves) -> int:
        group = curves.name.rpartition("/")[0]
        turns[group] = turns.get(group, 0) + 1
        return turns[group]

    chosen = {curves.name for curves in sorted(charts, key=turn)[:count]}
    return [curves for curves in charts if curves.name in chosen]


def _chart(curves: Curves, behind: Lines, *, max_points: int) -> str:
    drawn = svg(curves, behind, max_points=max_points)
    names = legend([(line.name, line.color) for line in curves.lines], MAX_NAMES)
    over = f'<span style="opacity:0.7">over {text(curves.x_label)}</span>'
    head = f"<strong>{text(curves.name)}</strong> {over}{names}"
    return chart_html(drawn, head=head, alt=_spoken(curves))


def _spoken(curves: Curves) -> str:
    total = max((line.outline.total for line in curves.lines), default=0)
    return f"{curves.name} over {curves.x_label}, {total:,} values"


# -- tables, images, files ---------------------------------------------------------------


def _table(table: Rows) -> str:
    head = _row("th", table.columns)
    rows = "".join(_row("td", map(_cell, row)) for row in table.rows()[:MAX_ROWS])
    more = table.total - min(MAX_ROWS, len(table.rows()))
    note = f'<p style="opacity:0.7">… and {more:,} more rows</p>' if more > 0 else ""
    title = f'{text(table.name)} <span style="opacity:0.7">{text(table.text)}</span>'
    return _section(title, f"{TABLE}{head}{rows}</table>{note}")


def _children(children: Sequence[Child]) -> str:
    """Return a table of child runs: what they are, and the first of what they measured."""
    if not children:
        return ""
    names = list(dict.fromkeys(chain.from_iterable(_values_of(child) for child in children)))
    head = _row("th", ("Run", "Name", "Status", *names[:MAX_NAMES]))
    rows = "".join(
        _row(
            "td",
            (
                str(child["number"]),
                child["name"],
                child["status"],
                *(_cell(_values_of(child).get(name)) for name in names[:MAX_NAMES]),
            ),
        )
        for child in children[:MAX_ROWS]
    )
    more = len(children) - MAX_ROWS
    note = f'<p style="opacity:0.7">… and {more:,} more</p>' if more > 0 else ""
    title = f"Child runs ({len(children):,})"
    return _section(title, f"{TABLE}{head}{rows}</table>{note}", opened=True)


def _values_of(child: Child) -> dict[str, Any]:
    return {**child["labels"], **child["metrics"]}


def _row(tag: str, cells: Iterable[str]) -> str:
    style = "padding:1px 12px 1px 0;text-align:left"
    return f"<tr>{''.join(f'<{tag} style={style!r}>{text(cell)}</{tag}>' for cell in cells)}</tr>"


def _cell(value: object) -> str:
    return "" if value is None else text_of(value)


def _image(images: Pictures, image_of: ImageOf) -> str:
    picture = images.kept[-1]
    name = f"<strong>{text(images.name)}</strong>"
    found = image_of(picture.path)
    if found is None or len(found[1]) > IMAGE_BYTES:
        return f"<div>{name} <code>{text(shown(picture.path))}</code></div>"
    kind, content = found
    data = base64.b64encode(content).decode("ascii")
    return (
        f'<div style="display:inline-block;vertical-align:top;margin:8px 16px 0 0">{name}<br>'
        f'<img alt="{text(images.name)}" style="max-width:400px" '
        f'src="data:{text(kind)};base64,{data}"></div>'
    )


def _files(files: Sequence[FileEntry]) -> str:
    pairs = [(shown(entry.path), size(entry.bytes)) for entry in files]
    return _listing("Outputs", pairs, opened=False)


def _details(facts: Facts) -> list[tuple[str, str]]:
    pairs = [
        ("Arguments", " ".join(facts["arguments"])),
        ("Script", facts["script"]),
        ("Parent", facts["parent"]),
        *((f"Property {key}", value or "") for key, value in facts["properties"].items()),
    ]
    return [(name, value) for name, value in pairs if value]


# -- numbers to text ---------------------------------------------------------------------


def _line(value: str) -> str:
    """Return logged text as one line of no more than `MAX_TEXT` characters."""
    line = " ".join(value.split())
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def _lasting(facts: Facts) -> str:
    return "" if facts["elapsed_s"] is None else f" · {duration(facts['elapsed_s'])}"


def _newest(metric: object) -> str:
    last = getattr(metric, "last", None)
    is_vector = getattr(metric, "kind", "") == "vector" and last is not None
    return f"  last {_line(text_of(last))}" if is_vector else ""
