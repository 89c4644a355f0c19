"""One chart of a run as an SVG document of a few kilobytes, for pages without scripts."""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from run_widgets.export.markup import text
from run_widgets.reading.downsample import Columns, Floats, reduced
from run_widgets.reading.summary import PALETTE

if TYPE_CHECKING:
    from run_widgets.reading.summary import Curves

Lines: TypeAlias = Mapping[tuple[str, str], Columns]
"""Of the run that is done again: by chart and line."""

GREY = "#808080"
"""Read on light and on dark."""

WIDTH, HEIGHT = 300, 150
RIGHT, TOP, BOTTOM = 14, 8, 20
"""Pixels of a chart, and around its plot."""

MAX_POINTS = 50
"""Of a line of a JSON metric, of which one run may have hundreds."""

DIGIT = 5.9
"""Pixels of a digit, at most, in the size of the ticks."""


def svg(curves: Curves, behind: Lines = MappingProxyType({}), *, max_points: int) -> str:
    """Return a chart as an SVG document of `WIDTH` by `HEIGHT` pixels; no logged text in it."""
    lines = [(line.color, _thinned(line.outline.columns(), max_points)) for line in curves.lines]
    pale = [
        (line.color, _thinned(behind[curves.name, line.name], max_points))
        for line in curves.lines
        if (curves.name, line.name) in behind
    ]
    every = [columns for _, columns in lines + pale]
    grid, across, up = _axes([columns.x for columns in every], [columns.y for columns in every])
    paths = "".join(
        _path(color, columns, across, up, scattered=curves.is_scattered(columns.x))
        for color, columns in lines
    )
    if pale:
        # Wider than the line above, so that it is seen where both are the same.
        wide = "".join(_path(color, columns, across, up) for color, columns in pale)
        paths = f'<g stroke-opacity=".3" stroke-width="50">{wide}</g>{paths}'
    return _svg(grid, paths)


def document_svg(chart: Mapping[str, Any], colors: Sequence[str]) -> str:
    """Return a chart of a JSON metric, with a colour for each line; no logged text in it."""
    lines = [_spread(np.array((line["x"], line["y"]), np.float64)) for line in chart["lines"]]
    bars, reference = chart["bars"], chart["reference"]
    edges = np.array(bars["edges"] if bars else [], np.float64)
    counts = np.array(bars["counts"] if bars else [], np.float64)
    ends = np.array(reference or [], np.float64)
    xs = [*(line[0] for line in lines), edges, ends[::2]]
    ys = [*(line[1] for line in lines), counts, ends[1::2], np.zeros(len(counts) and 1)]
    grid, across, up = _axes(xs, ys)
    parts = [
        f'<path d="M{left} {bottom}V{top}H{right}V{bottom}z" fill="{PALETTE[0]}" stroke="none"/>'
        for left, right, top, bottom in zip(
            *np.rint(10 * across.at(np.stack((edges[:-1], edges[1:])))).astype(int),
            *np.rint(10 * up.at(np.stack((counts, np.zeros(len(counts)))))).astype(int),
            strict=True,
        )
    ]
    if reference:
        dashed = _path(GREY, Columns(ends[::2], ends[1::2], ends[::2]), across, up)
        parts.append(f'<g stroke-dasharray="30 40">{dashed}</g>')
    parts += [
        _path(color, Columns(x, y, x), across, up)
        for color, (x, y) in zip(colors, lines, strict=True)
    ]
    return _svg(grid, "".join(parts))


def chart_html(drawn: str, *, head: str, alt: str) -> str:
    """Return a drawn chart below its head, which is markup, as an image that stands beside others.

    `alt` is logged text: what is said to those who do not see it.
    """
    picture = base64.b64encode(drawn.encode("utf-8")).decode("ascii")
    return (
        f'<div style="display:inline-block;vertical-align:top;margin:8px 16px 0 0;max-width:'
        f'{WIDTH}px">{head}<br><img alt="{text(alt)}" width="{WIDTH}" height="{HEIGHT}" '
        f'src="data:image/svg+xml;base64,{picture}"></div>'
    )


def _spread(line: Floats) -> Floats:
    """Return as many points of a smooth line as a small chart needs, its ends among them."""
    size = line.shape[1]
    return line[:, np.unique(np.linspace(0, size - 1, min(size, MAX_POINTS)).astype(int))]


def _axes(xs: Sequence[Floats], ys: Sequence[Floats]) -> tuple[str, _Scale, _Scale]:
    """Return the grid for all of these values, and where they lie in it."""
    x_range, (low, high) = _range(xs), _range(ys)
    y_range = _widened(low, high, high / 25 - low / 25)
    y_ticks = ticks(*y_range, most=5)
    left = 8 + DIGIT * max(len(_tick(value)) for value in y_ticks)
    across = _Scale(*x_range, left, WIDTH - RIGHT)
    up = _Scale(*y_range, HEIGHT - BOTTOM, TOP)
    x_ticks = ticks(*x_range, most=5)
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
    return grid, across, up


def _svg(grid: str, paths: str) -> str:
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
    # A smaller one has no power of ten below it.
    if not sys.float_info.min * most < distance < math.inf:
        return sorted({low, high})
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


def _path(
    color: str, columns: Columns, across: _Scale, up: _Scale, *, scattered: bool = False
) -> str:
    """Return a line in tenths of a pixel, relative to the point before: half the bytes."""
    drawn = np.isfinite(columns.y)
    x = np.rint(10 * across.at(columns.x[drawn])).astype(int)
    y = np.rint(10 * up.at(columns.y[drawn])).astype(int)
    # A line begins anew after each gap; a point between two gaps is a dot.
    begins = np.diff(np.flatnonzero(drawn), prepend=-2) > 1
    alone = begins & np.append(begins[1:], True) | scattered
    moves = np.stack((np.diff(x, prepend=0), np.diff(y, prepend=0)), axis=1).tolist()
    path = "".join(
        f"{'m' if new else 'l'}{dx} {dy}" for new, (dx, dy) in zip(begins, moves, strict=True)
    ).replace(" -", "-")
    dots = "".join(f"M{dx} {dy}h0" for dx, dy in zip(x[alone], y[alone], strict=True))
    return "".join(
        f'<path d="{shape}" stroke="{color}"{width}/>'
        for shape, width in (("" if scattered else path, ""), (dots, ' stroke-width="40"'))
        if shape
    )


def _tick(value: float) -> str:
    if float(value).is_integer() and abs(value) < 1e10:
        return f"{value:,.0f}"
    return f"{value:,.6g}" if 1e-4 <= abs(value) < 1e6 or not value else f"{value:.3g}"
