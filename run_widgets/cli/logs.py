"""A run's log in the terminal: its end, or as it is written."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
import time
from typing import IO, TYPE_CHECKING

from run_widgets.cli import plain
from run_widgets.errors import FileNotInRun
from run_widgets.store.drive import open_plain

if TYPE_CHECKING:
    from run_widgets.tracking import Run

FOLDERS = ("user_logs/", "logs/", "azureml-logs/", "system_logs/")
"""Where logs are, the one that a person wants first."""

FOLLOW_EVERY_S = 0.3
CHUNK_BYTES = 2**18


def print_log(
    run: Run, name: str | None = None, *, lines: int | None, follow: bool, raw: bool = False
) -> None:
    """Print a log of `run`; with `follow` until it ends, however long that takes."""
    chosen = name or _log_name(run, wait=follow)
    printer = _Raw() if raw else _Clean()
    with os.fdopen(open_plain(run.store.file_path(run.id, chosen)), "rb") as file:
        if lines is not None:
            seek_to_last_lines(file, lines)
        while True:
            # First the status: what a run prints comes before its end.
            is_over = not follow or run.store.run(run.id).status.is_final
            while chunk := file.read(CHUNK_BYTES):
                printer.print(chunk)
            if is_over:
                break
            time.sleep(FOLLOW_EVERY_S)
    printer.end()


def _log_name(run: Run, *, wait: bool) -> str:
    """Return the log that a person wants, waiting for one if the run may yet write it."""
    while True:
        is_over = not wait or run.store.run(run.id).status.is_final
        names = [
            entry.path
            for folder in FOLDERS
            for entry in run.store.files(run.id)
            if entry.path.startswith(folder)
        ]
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

    def end(self) -> None: ...


class _Clean:
    """Prints whole lines as a terminal would have left them; an unfinished one in its place."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._unfinished = ""
        self._is_drawn = False

    def print(self, chunk: bytes) -> None:
        text = self._unfinished + self._decoder.decode(chunk)
        whole, newline, self._unfinished = text.rpartition("\n")
        if newline:
            self._erase()
            lines = (plain.last_state(line) for line in whole.split("\n"))
            sys.stdout.write("\n".join(lines) + "\n")
        # A progress bar writes over one line for hours: only its last state matters.
        _, written_over, last = self._unfinished.rpartition("\r")
        if written_over and last:
            self._unfinished = last
        self._draw()
        sys.stdout.flush()

    def _draw(self) -> None:
        if not sys.stdout.isatty():
            return
        self._erase()
        width = shutil.get_terminal_size().columns - 1
        shown = plain.last_state(self._unfinished)[:width]
        sys.stdout.write(shown)
        self._is_drawn = bool(shown)

    def _erase(self) -> None:
        if self._is_drawn:
            sys.stdout.write("\r\x1b[2K")
            self._is_drawn = False

    def end(self) -> None:
        rest = self._unfinished + self._decoder.decode(b"", final=True)
        self._erase()
        if rest:
            sys.stdout.write(plain.last_state(rest) + "\n")
        sys.stdout.flush()
