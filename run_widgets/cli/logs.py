"""A run's log in the terminal: its end, or as it is written."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import sys
import time
from typing import IO, TYPE_CHECKING

from run_widgets.cli import plain
from run_widgets.errors import FileNotInRun
from run_widgets.store.drive import open_plain
from run_widgets.store.layout import log_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from run_widgets.records import RunRecord
    from run_widgets.tracking import Run

FOLLOW_EVERY_S = 0.3
CHUNK_BYTES = 2**18

LONGEST_LINE = 2**16
"""Characters of a line that is waited for; a longer one is no progress bar that is written over."""

_NOT_PLAIN = re.compile(r"[^\t\n -~]")


def print_log(
    run: Run,
    name: str | None = None,
    *,
    lines: int | None,
    follow: bool,
    raw: bool = False,
    tell: Callable[[RunRecord], str] | None = None,
) -> None:
    """Print a log of `run`; with `follow` until it ends, however long that takes.

    Parameters
    ----------
    tell
        Returns a line about the run that stands below its log in a terminal.
    """
    printer = _Raw() if raw else _Clean()
    try:
        for chunk, record in _chunks(run, name or _log_name(run, wait=follow), lines, follow):
            printer.print(chunk)
            if tell is not None:
                printer.below(tell(record))
    finally:
        printer.end()


def text_of_log(run: Run, name: str | None, *, lines: int | None, follow: bool) -> tuple[str, str]:
    """Return the name of a log of `run`, and its text; with `follow` once the run has ended."""
    chosen = name or _log_name(run, wait=follow)
    content = b"".join(chunk for chunk, _ in _chunks(run, chosen, lines, follow))
    return chosen, content.decode(errors="replace")


def _chunks(
    run: Run, name: str, lines: int | None, follow: bool
) -> Iterator[tuple[bytes, RunRecord]]:
    """Yield what a log holds, and while its run goes on an empty piece where nothing is new."""
    with os.fdopen(open_plain(run.store.file_path(run.id, name)), "rb") as file:
        if lines is not None:
            seek_to_last_lines(file, lines)
        while True:
            # First the status: what a run prints comes before its end.
            record = run.store.run(run.id)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk, record
            if not follow or record.status.is_final:
                return
            yield b"", record
            time.sleep(FOLLOW_EVERY_S)


def _log_name(run: Run, *, wait: bool) -> str:
    """Return the log that a person wants, waiting for one if the run may yet write it."""
    while True:
        is_over = not wait or run.store.run(run.id).status.is_final
        names = log_names(entry.path for entry in run.store.files(run.id))
        if names:
            return names[0]
        if is_over:
            raise FileNotInRun(f"run {run.id!r} has no log")
        time.sleep(FOLLOW_EVERY_S)


def seek_to_last_lines(file: IO[bytes], lines: int) -> None:
    """Move to where the last `lines` lines begin, without reading what is before them."""
    place = file.seek(0, os.SEEK_END)
    wanted = lines
    if lines and place:
        file.seek(place - 1)
        wanted += file.read(1) == b"\n"  # the end of the last line begins none
    while place and wanted:
        start = max(0, place - CHUNK_BYTES)
        file.seek(start)
        piece = file.read(place - start)
        count = piece.count(b"\n")
        if count >= wanted:
            end = len(piece)
            for _ in range(wanted):
                end = piece.rindex(b"\n", 0, end)
            place = start + end + 1
            break
        wanted -= count
        place = start
    file.seek(place)


class _Raw:
    def print(self, chunk: bytes) -> None:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()

    def below(self, line: str) -> None: ...

    def end(self) -> None: ...


class _Clean:
    """Prints whole lines as a terminal would have left them.

    In a terminal an unfinished line is drawn in its place, and below it what is
    told of the run.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._unfinished = ""
        self._below = ""
        self._drawn = 0  # lines that are no part of the log
        self._is_terminal = sys.stdout.isatty()

    def print(self, chunk: bytes) -> None:
        if not chunk:
            return
        text = self._unfinished + self._decoder.decode(chunk)
        whole, newline, self._unfinished = text.rpartition("\n")
        # A progress bar writes over one line for hours: only its last state matters.
        _, written_over, last = self._unfinished.rpartition("\r")
        if written_over and last:
            self._unfinished = last
        if len(self._unfinished) > LONGEST_LINE:
            whole, newline = whole + newline + self._unfinished, ""
            self._unfinished = ""
        self._erase()
        if whole or newline:
            if _NOT_PLAIN.search(whole):  # most of what is printed needs no look at each line
                whole = "\n".join(map(plain.last_state, whole.split("\n")))
            sys.stdout.write(whole + newline)
        self._draw()
        sys.stdout.flush()

    def below(self, line: str) -> None:
        if self._is_terminal and line != self._below:
            self._erase()
            self._below = line
            self._draw()
            sys.stdout.flush()

    def end(self) -> None:
        rest = self._unfinished + self._decoder.decode(b"", final=True)
        self._erase()
        if rest:
            sys.stdout.write(plain.last_state(rest) + "\n")
        sys.stdout.flush()

    def _draw(self) -> None:
        if not self._is_terminal:
            return
        width = shutil.get_terminal_size().columns - 1
        shown = [plain.last_state(self._unfinished)[:width], self._below]
        lines = [line for line in shown if line]
        sys.stdout.write("\n".join(lines))
        self._drawn = len(lines)

    def _erase(self) -> None:
        if self._drawn:
            sys.stdout.write("\r\x1b[2K" + "\x1b[1A\x1b[2K" * (self._drawn - 1))
            self._drawn = 0
