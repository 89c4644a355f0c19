"""What a run was started with, read from its command line: the columns that people compare by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPTION = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.S)


def parameters(arguments: Sequence[str]) -> dict[str, str]:
    """Return the options of a command line by name, without their dashes.

    ``--lr 0.1`` and ``--lr=0.1`` are ``{"lr": "0.1"}``; an option without a value is
    ``"True"``; one with several values, or given several times, has them with
    spaces between. What stands before the first option is no option's.
    """
    found: dict[str, list[str]] = {}
    values: list[str] = []
    for argument in arguments:
        option = _OPTION.fullmatch(argument)
        if option is None:
            values.append(argument)
            continue
        name, value = option.groups()
        values = found.setdefault(name, [])
        if value is not None:
            values.append(value)
            values = []  # `--lr=0.1 data.csv`: what follows is not its own
    return {name: " ".join(values) or "True" for name, values in found.items()}


def number_of(text: str | None) -> float | None:
    """Return the number that a label's text is, or None: ``1e-3``, not ``nan``, not ``1_000``."""
    if text is None or not _NUMBER.fullmatch(text):
        return None
    return float(text)


_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*", re.A)
