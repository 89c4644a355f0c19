"""Tables for a notebook's output: every text escaped, and styles inline.

A notebook from a stranger keeps no style sheet, so JupyterLab's colours are
named one by one, each with one that is read on light and on dark.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GOOD = "var(--jp-success-color1, #2f9e44)"
BAD = "var(--jp-error-color1, #e5484d)"
DOUBTFUL = "var(--jp-warn-color1, #c77700)"

_TABLE = "border-collapse: collapse; margin: 0.5em 0"
_CELL = "text-align: left; vertical-align: top; padding: 0.2em 1em 0.2em 0"
_SHORT = 24  # characters that stay on one line; a longer text breaks wherever it has to


class Colored(NamedTuple):
    """A text in a colour."""

    text: str
    color: str


def table(heads: Sequence[str], rows: Iterable[Sequence[str | Colored]]) -> str:
    """Return a table of texts; long ones are wrapped."""
    head = "".join(_cell(text, "th") for text in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cell(cell: str | Colored, tag: str = "td") -> str:
    text, color = cell if isinstance(cell, Colored) else (cell, "inherit")
    wrap = "white-space: nowrap" if len(text) <= _SHORT else "overflow-wrap: anywhere"
    return f'<{tag} style="{_CELL}; color: {color}; {wrap}">{html.escape(text)}</{tag}>'
