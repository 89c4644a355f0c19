"""How tracked things show themselves where there is no panel."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS_URL = "https://pypi.org/project/run-widgets/"


def html_table(facts: Mapping[str, object]) -> str:
    """Return facts as a table of one row, every text escaped."""
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in facts)
    cells = "".join(f"<td>{html.escape(str(value))}</td>" for value in facts.values())
    return f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{cells}</tr></tbody></table>"
