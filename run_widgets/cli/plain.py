"""Logged text, numbers and times as a terminal can have them.

Names, tags, errors and logs come from strangers: an escape sequence in them
could move the cursor, retitle the window or feign another output.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from run_widgets.reading import facts
from run_widgets.reading.facts import time_of

# Whole sequences first, so that nothing of them is left: operating system commands and
# other strings up to their end, control sequences, two-letter escapes.
_SEQUENCE = re.compile(
    r"""
    (?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]) [^\x07\x1b\x9c]* (?:\x07|\x1b\\|\x9c)?
    | (?:\x1b\[|\x9b) [0-?]* [ -/]* [@-~]?
    | \x1b [ -/]* [0-~]?
    """,
    re.VERBOSE,
)
# What is left of control characters, and what turns the direction of text around.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

SPARKS = "▁▂▃▄▅▆▇█"


def clean(text: str) -> str:
    """Return logged text without anything that a terminal would obey; lines and tabs stay."""
    return _CONTROL.sub("\ufffd", _SEQUENCE.sub("", text.replace("\r\n", "\n")))


def one_line(text: str) -> str:
    """Return logged text for a cell of a table."""
    return " ".join(clean(text).split())


def last_state(line: str) -> str:
    """Return what a terminal shows of a line that was written over by carriage returns."""
    states = [state for state in line.rstrip("\r\n").split("\r") if state]
    return clean(states[-1]) if states else ""


# -- numbers --


def ago(at: float | None, now: float | None = None) -> str:
    """Return how long ago a moment was, or its date when that is long."""
    known = time_of(at)
    if known is None:
        return ""
    passed = (time.time() if now is None else now) - known
    if passed < 1:
        return "just now"
    for seconds, unit in ((3600, "h"), (60, "min"), (1, "s")):
        if seconds <= passed < 24 * 3600:
            return f"{int(passed // seconds)} {unit} ago"
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(known))


def moment(at: float | None) -> str:
    """Return a moment in the local time of whoever looks."""
    known = time_of(at)
    return "" if known is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(known))


def duration(seconds: float) -> str:
    """Return ``7 s``, ``1 min 05 s``, ``2 h 03 min`` or ``4 d 07 h``, as the panel has it."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 24 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // (24 * 3600)} d {whole % (24 * 3600) // 3600:02d} h"


def took(seconds: float) -> str:
    """Return how long something took, with the digits that tell short ones apart."""
    if seconds < 1:
        return f"{1000 * max(0.0, seconds):.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


def number(value: float) -> str:
    """Return a number as everywhere; nothing for one that there is not."""
    return "" if math.isnan(value) else facts.number(value)


def spark(values: Iterator[float] | list[float], width: int = 20) -> str:
    """Return a line of numbers as `width` small bars at most; a gap is a space."""
    points = [value if math.isfinite(value) else math.nan for value in values]
    known = [value for value in points if not math.isnan(value)]
    if not known:
        return ""
    low, high = min(known), max(known)
    bars = []
    for place in range(min(width, len(points))):
        share = len(points) / min(width, len(points))
        piece = points[int(place * share) : max(int(place * share) + 1, int((place + 1) * share))]
        there = [value for value in piece if not math.isnan(value)]
        if not there:
            bars.append(" ")
            continue
        # Halved first: the widest range there is would be infinite.
        middle = sum(value / len(there) for value in there)
        height = (middle / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        bars.append(SPARKS[min(int(height * len(SPARKS)), len(SPARKS) - 1)])
    return "".join(bars)


# -- for scripts --


def to_json(value: object) -> str:
    """Return strict JSON: a number that it has not, such as NaN, is its name."""
    return json.dumps(_strict(value), indent=2)


def _strict(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
