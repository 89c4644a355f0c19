"""Logged text as part of a page: never markup, and nothing that a page cannot have."""

from __future__ import annotations

import html
import re

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def text(value: str) -> str:
    """Return logged text for HTML and SVG, in an element or an attribute."""
    return html.escape(legible(value), quote=True)


def legible(value: str) -> str:
    """Replace what neither XML nor a page may have: control characters and half surrogates."""
    return _UNFIT.sub("\ufffd", value)
