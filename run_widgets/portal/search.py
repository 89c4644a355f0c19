"""Where a text stands in a file of any size, read once and in pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO

CHUNK_BYTES = 2**20

MAX_BYTES = 2**28
"""Looked through in one go; it takes about a second."""

MAX_LINES = 1_000
"""Found in one go."""


@dataclass(slots=True)
class Found:
    """What a search came to."""

    lines: list[int] = field(default_factory=list)
    """Where the lines that have the text begin, in bytes from the file's start."""

    next: int | None = None
    """Where to go on, in bytes; None at the file's end."""


def lines_with(
    file: IO[bytes],
    text: str,
    *,
    start: int = 0,
    most: int = MAX_LINES,
    max_bytes: int = MAX_BYTES,
) -> Found:
    """Return the lines of `file` that have `text`; small and capital letters of a to z are one.

    Parameters
    ----------
    start
        Where a line begins, in bytes.
    most, max_bytes
        How many lines to find, and bytes to read, before stopping.

    Raises
    ------
    ValueError
        `text` is empty, or `start` is negative.
    """
    wanted = text.encode("utf-8", "replace").lower()
    if not wanted:
        raise ValueError("a text to search for needs at least one character")
    if start < 0:
        raise ValueError(f"start must be >= 0, got {start}")
    found = Found()
    file.seek(start)
    base = begun = start  # of what is in hand, and of the line that this begins in
    held = b""
    while True:
        chunk = file.read(CHUNK_BYTES)
        held += chunk.lower()
        cut = held.rfind(b"\n") + 1 if chunk else len(held)
        if not cut and len(held) > CHUNK_BYTES:
            # An endless line: of what was looked through, a part of `wanted` may be the end.
            cut = len(held) - len(wanted) + 1
        begun, stopped_at = _look(held[:cut], wanted, base, begun, found.lines, most)
        if stopped_at is not None:
            found.next = stopped_at
            return found
        base, held = base + cut, held[cut:]
        if not chunk:
            return found
        if base - start >= max_bytes:
            found.next = base
            return found


def _look(
    block: bytes, wanted: bytes, base: int, begun: int, lines: list[int], most: int
) -> tuple[int, int | None]:
    """Add the lines of one block; return where its last line began, and where it stopped short."""
    at = block.find(wanted)
    while at >= 0:
        newline = block.rfind(b"\n", 0, at)
        line = begun if newline < 0 else base + newline + 1
        if not lines or lines[-1] != line:
            if len(lines) == most:
                return begun, line
            lines.append(line)
        end = block.find(b"\n", at)
        at = -1 if end < 0 else block.find(wanted, end + 1)
    last = block.rfind(b"\n")
    return (begun if last < 0 else base + last + 1), None
