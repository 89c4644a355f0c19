"""Where a text stands in a file of any size, read once and in pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO

CHUNK_BYTES = 2**20

MAX_BYTES = 2**28
"""Looked through in one go; it takes about half a second."""

MAX_LINES = 1_000
"""Found in one go."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a line begins: in bytes, and how many lines there are before it."""

    at: int
    number: int


@dataclass(slots=True)
class Found:
    """What a search came to; `next` is where to go on, None at the file's end."""

    lines: list[Line] = field(default_factory=list)
    next: Line | None = None


def line_at(file: IO[bytes], at: int) -> Line:
    """Return how many lines there are before byte `at`, at most `MAX_BYTES` after the start.

    Raises
    ------
    ValueError
        `at` is negative or further.
    """
    if not 0 <= at <= 8 * MAX_BYTES:
        raise ValueError(f"lines are counted up to byte {8 * MAX_BYTES}, not up to {at}")
    number, left = 0, at
    file.seek(0)
    while left and (chunk := file.read(min(left, CHUNK_BYTES))):
        number += chunk.count(b"\n")
        left -= len(chunk)
    return Line(at, number)


def lines_with(
    file: IO[bytes],
    text: str,
    *,
    start: Line = Line(0, 0),
    most: int = MAX_LINES,
    max_bytes: int = MAX_BYTES,
) -> Found:
    """Return the lines of `file` that have `text`; small and capital letters of a to z are one.

    Parameters
    ----------
    start
        Where to begin.
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
    if start.at < 0:
        raise ValueError(f"a search starts at a byte >= 0, got {start.at}")
    found = Found()
    file.seek(start.at)
    search = _Search(wanted, most, found.lines, start)
    held, base = b"", start.at  # what is in hand, and where that begins
    while True:
        chunk = file.read(CHUNK_BYTES)
        held += chunk.lower()
        cut = held.rfind(b"\n") + 1 if chunk else len(held)
        if not cut and len(held) > CHUNK_BYTES:
            # An endless line: of what was looked through, the end may begin what is wanted.
            cut = len(held) - len(wanted) + 1
        if stopped := search.look(held[:cut], base):
            found.next = stopped
            return found
        base, held = base + cut, held[cut:]
        if not chunk:
            return found
        if base - start.at >= max_bytes:
            # In the middle of an endless line the search goes on as if one began there.
            found.next = Line(base, search.line.number)
            return found


class _Search:
    def __init__(self, wanted: bytes, most: int, lines: list[Line], line: Line) -> None:
        self._wanted = wanted
        self._most = most
        self._lines = lines
        self.line = line  # the one that the next block begins in

    def look(self, block: bytes, base: int) -> Line | None:
        """Add the lines of a block that starts at `base`; return the one for which is no room."""
        done = 0  # up to where line ends have been counted
        at = block.find(self._wanted)
        while at >= 0:
            newline = block.rfind(b"\n", done, at)
            if newline >= 0:
                number = self.line.number + block.count(b"\n", done, newline + 1)
                self.line, done = Line(base + newline + 1, number), newline + 1
            if not self._lines or self._lines[-1] != self.line:
                if len(self._lines) == self._most:
                    return self.line
                self._lines.append(self.line)
            end = block.find(b"\n", at)
            at = -1 if end < 0 else block.find(self._wanted, end + 1)
        newline = block.rfind(b"\n", done)
        if newline >= 0:
            number = self.line.number + block.count(b"\n", done, newline + 1)
            self.line = Line(base + newline + 1, number)
        return None
