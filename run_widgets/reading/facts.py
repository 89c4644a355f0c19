"""What was logged, as every page, message and saved notebook can have it.

All of it may come from a stranger's folder: texts are cut and made proper
Unicode, numbers and times kept within what JSON, the browser and a calendar know.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from run_widgets.records import RunRecord

Cell: TypeAlias = str | int | float | bool | None
"""A value of a table as JSON can have it."""

MAX_TEXT = 300
"""Characters of a text that are shown where values are listed."""

LONG_TEXT = 20_000
"""Characters of a description or a traceback that are shown."""

MAX_LABELS = 200
"""Tags, properties or arguments that are shown."""

SAFE_INTEGER = 2**53
"""From here on the browser would round."""

LONGEST_INTEGER = 1_000
"""Bits of an integer that is shown in digits."""

LATEST_AT = 253_370_764_800.0
"""The year 9999 in seconds since the epoch."""


def facts(
    record: RunRecord,
    *,
    points: int,
    last_value_at: float | None,
    now: float,
    files: int = 0,
    children: int = 0,
) -> dict[str, object]:
    """Return what a header shows of a run with `points` values, as JSON can have it.

    Times are seconds since the epoch, UTC, durations seconds.
    """
    error = record.error
    return {
        "run_id": shown(record.id),
        "experiment": shown(record.experiment),
        "number": record.number,
        "title": f"{shown(record.experiment)} · run {record.number}",
        "display_name": shown(record.display_name),
        "description": shown(record.description, LONG_TEXT),
        "status": record.status.value,
        "created_at": time_of(record.created_at),
        "started_at": time_of(record.started_at),
        "ended_at": time_of(record.ended_at),
        "elapsed_s": elapsed_s(record, now),
        "arguments": [shown(argument) for argument in record.arguments[:MAX_LABELS]],
        "script": shown(record.script),
        "type": None if record.type is None else shown(record.type),
        "tags": _labels(record.tags),
        "properties": _labels(record.properties),
        "error": None
        if error is None
        else {
            "message": shown(error.message, LONG_TEXT),
            "code": shown(error.code),
            "type": shown(error.type),
            "traceback": shown(error.traceback[-LONG_TEXT:], LONG_TEXT),
        },
        "waiting_for": shown(record.waiting_for),
        "interrupted": shown(record.interrupted),
        "stop_requested": record.stop_requested,
        "done_steps": _steps(record.done_steps),
        "total_steps": _steps(record.total_steps),
        "target": shown(record.target),
        "created_by": shown(record.created_by),
        "parent": None if record.parent is None else shown(record.parent),
        "points": points,
        "last_value_at": last_value_at,
        "file_count": files,
        "child_count": children,
    }


def elapsed_s(record: RunRecord, now: float) -> float | None:
    """Return the seconds from a run's start to its end, or to `now`; None before its start."""
    started = time_of(record.started_at)
    return None if started is None else max(0.0, (time_of(record.ended_at) or now) - started)


def shown(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text` as any page and message can have it, at most `limit` characters long."""
    if text.isascii() and len(text) <= limit:
        return text  # nearly all are: a list of runs has millions
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    # A lone half of a surrogate pair, as JSON and file names may have it, is not Unicode.
    return text.encode("utf-8", "replace").decode("utf-8")


def number(value: float) -> str:
    """Return a number in six digits; a whole one in as many as it has, within reason."""
    return f"{value:.0f}" if 1e6 <= abs(value) < 1e12 and value.is_integer() else f"{value:.6g}"


def text_of(value: object) -> str:
    """Return a single logged value as a person reads it."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER:
        return f"an integer of {value.bit_length()} bits"
    return shown(str(value))


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


def cell(value: object) -> Cell:
    """Return a logged value as JSON and the browser can have it without changing it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < SAFE_INTEGER:
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return text_of(value)


def time_of(at: float | None) -> float | None:
    """Return a time that a calendar has, or None: a stranger's run may bring any number."""
    return at if at is not None and 0 < at < LATEST_AT else None


def _steps(number: int | None) -> int | None:
    return None if number is None or number < 0 else min(number, SAFE_INTEGER)


def _labels(labels: Mapping[str, str | None]) -> dict[str, str | None]:
    pairs = islice(labels.items(), MAX_LABELS)
    return {shown(key): None if value is None else shown(value) for key, value in pairs}
