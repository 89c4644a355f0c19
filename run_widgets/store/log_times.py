"""When a run's logs had come how far, noted while they are written: text has no times of its own.

Each note is one line of `layout.LOG_TIMES`: a time in seconds since the epoch, the
bytes that the log had then, and the log's name.
"""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING

from run_widgets.store import layout
from run_widgets.store.drive import append, read_plain

if TYPE_CHECKING:
    from pathlib import Path

PAUSE_S = 0.25
SHARE = 1 / 1000
"""Between two notes: a moment, and of a long run a thousandth, which is a slider's pixel."""

MAX_BYTES = 4_000_000
"""Of the notes of a run, that are read."""


class LogTimes:
    """Notes how far one log of a run has come; a note that cannot be kept is none."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / layout.LOG_TIMES
        self._name = name
        self._began = self._noted_at = time.time()
        self._bytes = 0

    def is_due(self) -> bool:
        """Tell whether it is time for a note."""
        now = time.time()
        return now - self._noted_at >= max(PAUSE_S, SHARE * (now - self._began))

    def note(self, size: int, at: float) -> None:
        """Note that the log has had `size` bytes since `at`."""
        self._noted_at = time.time()
        if size == self._bytes:
            return
        if self._bytes == 0:
            self._began = self._noted_at
        self._bytes = size
        with contextlib.suppress(OSError):
            append(self._path, f"{at:.3f} {size} {self._name}\n".encode())


def log_times(folder: Path, name: str) -> list[tuple[float, int]]:
    """Return what was noted of a log: times, in order, and the bytes that it had by then.

    Empty where nothing was. A note that goes back behind an earlier one is none.
    """
    try:
        text = read_plain(folder / layout.LOG_TIMES, MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    found: list[tuple[float, int]] = []
    at, size = 0.0, 0
    for line in text.splitlines():
        time_text, _, rest = line.partition(" ")
        size_text, _, noted_name = rest.partition(" ")
        with contextlib.suppress(ValueError):
            if noted_name != name or not math.isfinite(float(time_text)):
                continue
            if float(time_text) >= at and int(size_text) >= size:
                at, size = float(time_text), int(size_text)
                found.append((at, size))
    return found
