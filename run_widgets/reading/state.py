"""What a panel holds of a run, as one JSON document, whole or since an earlier one.

A browser makes of it the same widgets that a kernel would have made: the portal
sends it where there is no kernel, and an exported file carries it.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from run_widgets.reading.downsample import reduced
from run_widgets.reading.facts import shown, time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from run_widgets.reading.downsample import Columns
    from run_widgets.reading.original import Original
    from run_widgets.reading.summary import Curves, Line, Rows, RunSummary
    from run_widgets.records import FileEntry

Json = dict[str, Any]

MAX_FILES = 1_000
"""Files that are listed; a run may have more."""

_SEEN = re.compile(r"(?P<lines>[0-9.,]*);(?P<tables>[0-9x,]*)(;(?P<behind>\d{1,9}))?", re.ASCII)


class Seen:
    """How much of a run somebody has, as `run_state` said it under ``"seen"``.

    Parameters
    ----------
    text
        The totals of each chart's lines, of each table rows and columns, and the version of
        the lines behind those: ``20.20,7;3x2;1``. Empty for nothing at all.

    Raises
    ------
    ValueError
        `text` is not of that form.
    """

    def __init__(self, text: str = "") -> None:
        match = _SEEN.fullmatch(text or ";")
        if match is None or len(text) > 100_000:
            raise ValueError(f"seen must be like '20.20,7;3x2;1', got {text[:100]!r}")
        self._lines = [_numbers(chart, ".") for chart in _split(match["lines"])]
        self._tables = [_numbers(table, "x") for table in _split(match["tables"])]
        self.behind = int(match["behind"] or 0)

    def lines(self, place: int) -> list[int]:
        """Return the totals of the lines of the chart at `place`; empty where it is new."""
        return self._lines[place] if place < len(self._lines) else []

    def rows(self, place: int, columns: int) -> int:
        """Return how many rows of the table at `place` need not be told again."""
        known = self._tables[place] if place < len(self._tables) else []
        return known[0] if len(known) == 2 and known[1] == columns else 0


def run_state(
    summary: RunSummary,
    facts: Json,
    files: Sequence[FileEntry],
    *,
    following: bool,
    documents: Sequence[Json] = (),
    children: Sequence[Json] = (),
    original: Original | None = None,
    seen: Seen | None = None,
    line_points: int | None = None,
    mime_of: Callable[[str], str] = lambda _: "",
) -> Json:
    """Return what a panel shows.

    Parameters
    ----------
    facts, files
        As `Reading` has them.
    following
        Whether there is more to come.
    documents, children
        As `Drawings` and `Children` have them.
    original
        What the run is compared with, where it does another again.
    seen
        What the reader has already: of lines and tables only what came since is told.
    line_points
        Of one line, at most, at least 6; None for as many as there are.
    mime_of
        From the name of an image's file to its media type.
    """
    seen = seen or Seen()
    version = 0 if original is None else original.version
    charts = [
        _chart(curves, seen.lines(place), line_points)
        for place, curves in enumerate(summary.charts)
    ]
    tables = [_table(table, place, seen) for place, table in enumerate(summary.tables)]
    return {
        "facts": facts,
        "metrics": summary.listed(),
        "charts": charts,
        "tables": tables,
        "documents": list(documents),
        "images": [
            {
                "name": images.name,
                "path": shown(picture.path),
                "step": picture.step,
                "at": time_of(picture.at),
                "mime": mime_of(picture.path),
            }
            for images in summary.images
            for picture in images.kept
        ],
        "files": [
            {"path": shown(file.path), "bytes": file.bytes, "modified_at": file.modified_at}
            for file in files[:MAX_FILES]
        ],
        "children": list(children),
        "original": None if original is None else original.state(),
        "behind": None if original is None or seen.behind == version else _behind(original),
        "problem": " · ".join(summary.warnings),
        "following": following,
        "seen": f"{_seen(summary, tables)};{version}",
    }


def _chart(curves: Curves, seen: list[int], most: int | None) -> Json:
    """Return a chart; whole, from 0, where it has a line that was not there before."""
    since = seen if len(seen) == len(curves.lines) else [0] * len(curves.lines)
    return {
        **curves.described(),
        "from": sum(since),
        "data": [_new(line, at, most) for line, at in zip(curves.lines, since, strict=True)],
    }


def _behind(original: Original) -> list[Json]:
    return [
        {"chart": line.chart, "line": line.line, **_encoded(line.columns)}
        for line in original.lines()
    ]


def _new(line: Line, since: int, most: int | None) -> Json | None:
    if since and line.outline.total <= since:
        return None
    columns: Columns = line.outline.columns(since)
    return _encoded(columns, slice(None) if most is None else reduced(columns.y, most))


def _encoded(columns: Columns, kept: Any = ...) -> dict[str, str]:
    return {
        name: base64.b64encode(column[kept].astype("<f8").tobytes()).decode()
        for name, column in columns._asdict().items()
    }


def _table(table: Rows, place: int, seen: Seen) -> Json:
    start = seen.rows(place, len(table.columns))
    return table.told(start) | {"from": start}


def _seen(summary: RunSummary, tables: list[Json]) -> str:
    lines = ",".join(
        ".".join(str(line.outline.total) for line in curves.lines) for curves in summary.charts
    )
    rows = ",".join(f"{t['from'] + len(t['rows'])}x{len(t['columns'])}" for t in tables)
    return f"{lines};{rows}"


def _split(text: str) -> list[str]:
    return text.split(",") if text else []


def _numbers(text: str, separator: str) -> list[int]:
    return [int(part[:18]) for part in text.split(separator) if part]
