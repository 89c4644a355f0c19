"""The picture of a run that needs no kernel, no script and no server: HTML, or plain text.

A saved notebook keeps it beside the live panel, for wherever that cannot run:
GitHub, a PDF, somebody else's JupyterLab. So it is made of what JupyterLab's
sanitiser leaves alone (inline styles, tables, ``<details>``, images as data), in
colours for light and dark pages, and within a budget of bytes.
"""

from __future__ import annotations

import base64
import html
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from run_widgets.reading.downsample import Columns, Floats, reduced
from run_widgets.reading.facts import shown, text_of
from run_widgets.records import RunStatus

if TYPE_CHECKING:
    from run_widgets.reading.summary import Curves, Pictures, Rows, RunSummary
    from run_widgets.records import FileEntry

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

Facts: TypeAlias = Mapping[str, Any]
"""What `facts.facts` returns."""

ImageOf: TypeAlias = Callable[[str], tuple[str, bytes] | None]
"""From an image's file name to its media type and content; None where it cannot be had."""

Lines: TypeAlias = Mapping[tuple[str, str], Columns]
"""Of the run that is done again: by chart and line."""

MAX_BYTES = 300_000
"""Of the whole. A part that does not fit is left out and said to be."""

LINE_BYTES = 120_000
"""Of all lines of all charts together."""

POINT_BYTES = 9
"""Of one point of a line, about."""

IMAGE_BYTES = 60_000
MAX_ROWS = 20
MAX_FILES = 100
MAX_CHARTS = 100
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
GREY = "#808080"

TABLE = '<table style="border-collapse:collapse;font-size:13px">'

WIDTH, HEIGHT = 300, 150
RIGHT, TOP, BOTTOM = 14, 8, 20
"""Pixels of a chart, and around its plot."""

DIGIT = 5.9
"""Pixels of a digit, at most, in the size of the ticks."""


def static_html(
    facts: Facts,
    summary: RunSummary,
    files: Sequence[FileEntry] = (),
    *,
    image_of: ImageOf = lambda _: None,
    original: Mapping[str, Any] | None = None,
    behind: Lines | None = None,
) -> str:
    """Return the run as one HTML element of at most `MAX_BYTES` bytes.

    Parameters
    ----------
    original, behind
        Of the run that this one does again: what `original.Original` tells of it,
        and its lines, drawn pale behind those of the same name.
    """
    parts = [
        _header(facts),
        _error(facts["error"]),
        _replay(original),
        _listing("Metrics", _values(summary)),
        *_charts(summary.charts, behind or {}),
        *(_image(images, image_of) for images in summary.images),
        *(_table(table) for table in summary.tables),
        _files(files),
        _listing("Details", _details(facts), opened=False),
    ]
    return _wrapped(parts)


def html_above(facts: Facts, summary: RunSummary) -> str:
    """Return what stands above a run's charts: its header, its error, its values."""
    listing = _listing("Metrics", _values(summary))
    return _wrapped([_header(facts), _error(facts["error"]), listing])


def html_below(facts: Facts, summary: RunSummary, files: Sequence[FileEntry]) -> str:
    """Return what stands below them: its tables, its files, its details."""
    details = _listing("Details", _details(facts), opened=False)
    return _wrapped([*map(_table, summary.tables), _files(files), details])


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
    return _legible("\n".join(lines))


def _wrapped(parts: Iterable[str]) -> str:
    # mathjax_ignore: a logged text with dollars in it is not a formula.
    return (
        '<div class="mathjax_ignore" style="font-family:system-ui,sans-serif;font-size:13px;'
        f'line-height:1.5">{"".join(_within_budget(parts))}</div>'
    )


def _within_budget(parts: Iterable[str]) -> Iterable[str]:
    left, omitted = MAX_BYTES - 500, 0
    for part in parts:
        size = len(part.encode("utf-8"))
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
            *_seen(facts),
        ]
    )
    return (
        f'<div><strong style="font-size:15px">{text(facts["title"])}</strong> '
        f'<strong style="color:{color};margin-left:8px">● {text(status)}</strong> '
        f'<span style="opacity:0.7;margin-left:8px">{text(about)}</span><br>'
        f'<code style="opacity:0.7;font-size:11px">{text(facts["run_id"])}</code></div>'
    )


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
    return _section(title, f"{TABLE}{rows}</table>{note}", opened)


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
    lines = sum(len(curves.lines) for curves in charts[:MAX_CHARTS]) + len(behind)
    points = LINE_BYTES // POINT_BYTES // max(1, lines)
    for curves in charts[:MAX_CHARTS]:
        yield _chart(curves, behind, max_points=min(max(points, 20), 2 * WIDTH))
    if len(charts) > MAX_CHARTS:
        yield f"<p>… and {len(charts) - MAX_CHARTS} more charts</p>"


def _chart(curves: Curves, behind: Lines, *, max_points: int) -> str:
    drawn = svg(curves, behind, max_points=max_points)
    picture = base64.b64encode(drawn.encode("utf-8")).decode("ascii")
    names = [(line.name, line.color) for line in curves.lines]
    legend = "".join(
        f'<span style="color:{color};margin-left:8px">— {text(name)}</span>'
        for name, color in names[:MAX_NAMES]
    )
    if len(names) > MAX_NAMES:
        legend += f' <span style="opacity:0.7">and {len(names) - MAX_NAMES} more</span>'
    return (
        f'<div style="display:inline-block;vertical-align:top;margin:8px 16px 0 0;max-width:'
        f'{WIDTH}px"><strong>{text(curves.name)}</strong> <span style="opacity:0.7">over '
        f"{text(curves.x_label)}</span>{legend if len(names) > 1 else ''}<br>"
        f'<img alt="{text(_spoken(curves))}" width="{WIDTH}" height="{HEIGHT}" '
        f'src="data:image/svg+xml;base64,{picture}"></div>'
    )


def _spoken(curves: Curves) -> str:
    total = max((line.outline.total for line in curves.lines), default=0)
    return f"{curves.name} over {curves.x_label}, {total:,} values"


def svg(curves: Curves, behind: Lines = MappingProxyType({}), *, max_points: int) -> str:
    """Return a chart as an SVG document of `WIDTH` by `HEIGHT` pixels; no logged text in it."""
    lines = [(line.color, _thinned(line.outline.columns(), max_points)) for line in curves.lines]
    pale = [
        (line.color, _thinned(behind[curves.name, line.name], max_points))
        for line in curves.lines
        if (curves.name, line.name) in behind
    ]
    xs = _range([columns.x for _, columns in lines + pale])
    low, high = _range([columns.y for _, columns in lines + pale])
    ys = _widened(low, high, high / 25 - low / 25)
    y_ticks = ticks(*ys, most=5)
    left = 8 + DIGIT * max(len(_tick(value)) for value in y_ticks)
    across = _Scale(*xs, left, WIDTH - RIGHT)
    up = _Scale(*ys, HEIGHT - BOTTOM, TOP)
    x_ticks = ticks(*xs, most=5)
    grid = "".join(
        f'<path d="M{left:.0f} {up.at(value):.1f}H{WIDTH - RIGHT}" stroke="{GREY}" '
        f'stroke-opacity=".25"/><text x="{left - 5:.0f}" y="{up.at(value) + 3.5:.1f}" '
        f'text-anchor="end">{_tick(value)}</text>'
        for value in y_ticks
    ) + "".join(
        f'<text x="{across.at(value):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{_tick(value)}'
        "</text>"
        for value in x_ticks
    )
    paths = "".join(_path(color, columns, across, up) for color, columns in lines)
    if pale:
        # Wider than the line above, so that it is seen where both are the same.
        wide = "".join(_path(color, columns, across, up) for color, columns in pale)
        paths = f'<g stroke-opacity=".3" stroke-width="50">{wide}</g>{paths}'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="{GREY}" '
        f'font-family="system-ui,sans-serif" font-size="10">{grid}<g fill="none" '
        'stroke-width="15" stroke-linecap="round" stroke-linejoin="round" '
        f'transform="scale(.1)">{paths}</g></svg>'
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where values from `low` to `high` lie, in pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, values: Any) -> Any:
        # In halves, as the distance between the largest floats is not a float.
        share = (values / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + (self.end - self.start) * share


def ticks(low: float, high: float, *, most: int) -> list[float]:
    """Return round values between `low` and `high`, about `most`; both where there are none."""
    distance = high - low
    if not math.isfinite(distance):
        return [low, high]
    power = 10.0 ** math.floor(math.log10(distance / most))
    step = next(power * m for m in (1, 2, 5, 10, 20) if distance / (power * m) <= most)
    first, last = math.ceil(low / step), math.floor(high / step)
    values = [place * step for place in range(first, last + 1)]
    return values if len({_tick(value) for value in values}) > 1 else [low, high]


def _thinned(columns: Columns, max_points: int) -> Columns:
    kept = reduced(columns.y, max_points)
    return Columns(columns.x[kept], columns.y[kept], columns.at[kept])


def _range(columns: Sequence[Floats]) -> tuple[float, float]:
    """Return the lowest and highest of all numbers; some range around a single one."""
    numbers = np.concatenate([*columns, np.empty(0)])
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return (0.0, 1.0)
    low, high = float(numbers.min()), float(numbers.max())
    return (low, high) if low < high else _widened(low, high, max(abs(low) / 10, 0.5))


def _widened(low: float, high: float, room: float) -> tuple[float, float]:
    """Return a range with `room` added on both sides, as far as there are floats."""
    most = sys.float_info.max
    return (max(low - room, -most), min(high + room, most))


def _path(color: str, columns: Columns, across: _Scale, up: _Scale) -> str:
    """Return a line in tenths of a pixel, relative to the point before: half the bytes."""
    drawn = np.isfinite(columns.y)
    x = np.rint(10 * across.at(columns.x[drawn])).astype(int)
    y = np.rint(10 * up.at(columns.y[drawn])).astype(int)
    # A line begins anew after each gap; a point between two gaps is a dot.
    begins = np.diff(np.flatnonzero(drawn), prepend=-2) > 1
    alone = begins & np.append(begins[1:], True)
    moves = np.stack((np.diff(x, prepend=0), np.diff(y, prepend=0)), axis=1).tolist()
    path = "".join(
        f"{'m' if new else 'l'}{dx} {dy}" for new, (dx, dy) in zip(begins, moves, strict=True)
    ).replace(" -", "-")
    dots = "".join(f"M{dx} {dy}h0" for dx, dy in zip(x[alone], y[alone], strict=True))
    return "".join(
        f'<path d="{shape}" stroke="{color}"{width}/>'
        for shape, width in ((path, ""), (dots, ' stroke-width="40"'))
        if shape
    )


def _tick(value: float) -> str:
    if float(value).is_integer() and abs(value) < 1e10:
        return f"{value:,.0f}"
    return f"{value:,.6g}" if 1e-4 <= abs(value) < 1e6 or not value else f"{value:.3g}"


# -- tables, images, files ---------------------------------------------------------------


def _table(table: Rows) -> str:
    head = _row("th", table.columns)
    rows = "".join(_row("td", map(_cell, row)) for row in table.rows()[:MAX_ROWS])
    more = table.total - min(MAX_ROWS, len(table.rows()))
    note = f'<p style="opacity:0.7">… and {more:,} more rows</p>' if more > 0 else ""
    title = f'{text(table.name)} <span style="opacity:0.7">{text(table.text)}</span>'
    return _section(title, f"{TABLE}{head}{rows}</table>{note}")


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
        ("Description", facts["description"]),
        ("Waiting for", facts["waiting_for"]),
        ("Parent", facts["parent"]),
        *((f"Tag {key}", value or "") for key, value in facts["tags"].items()),
        *((f"Property {key}", value or "") for key, value in facts["properties"].items()),
    ]
    return [(name, value) for name, value in pairs if value]


# -- numbers to text ---------------------------------------------------------------------


def text(value: str) -> str:
    """Return logged text for HTML and SVG, in an element or an attribute."""
    return html.escape(_legible(value), quote=True)


def _legible(value: str) -> str:
    """Replace what neither XML nor a page may have: control characters and half surrogates."""
    return _UNFIT.sub("\ufffd", value)


def _line(value: str) -> str:
    """Return logged text as one line of no more than `MAX_TEXT` characters."""
    line = " ".join(value.split())
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"


def duration(elapsed_s: float) -> str:
    """Return seconds as a person says them: ``3.2 s``, ``5 min 12 s``, ``3 h 05 min``."""
    if elapsed_s < 59.95:
        return f"{elapsed_s:.1f} s"
    minutes, seconds = divmod(round(elapsed_s), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def size(count: float) -> str:
    """Return bytes as a person says them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def _lasting(facts: Facts) -> str:
    return "" if facts["elapsed_s"] is None else f" · {duration(facts['elapsed_s'])}"


def _newest(metric: object) -> str:
    last = getattr(metric, "last", None)
    is_vector = getattr(metric, "kind", "") == "vector" and last is not None
    return f"  last {_line(text_of(last))}" if is_vector else ""
