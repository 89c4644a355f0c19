"""Logged text as part of a page: never markup, and nothing that a page cannot have."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def text(value: str) -> str:
    """Return logged text for HTML and SVG, in an element or an attribute."""
    return html.escape(legible(value), quote=True)


def legible(value: str) -> str:
    """Replace what neither XML nor a page may have: control characters and half surrogates."""
    return _UNFIT.sub("\ufffd", value)


def legend(names: Sequence[tuple[str, str]], most: int | None = None) -> str:
    """Return the names of lines in their colours, the first `most`; one alone needs none."""
    if len(names) < 2:
        return ""
    shown = "".join(
        f'<span style="color:{color};margin-left:8px">— {text(name)}</span>'
        for name, color in names[:most]
    )
    left = len(names[most:]) if most else 0
    return f'{shown} <span style="opacity:0.7">and {left} more</span>' if left else shown
