"""The pictures that a run logs, and those that wait in memory for a store that failed."""

from __future__ import annotations

import io
import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from run_widgets.errors import FileConflict, RunNotFound, StoreUnavailable
from run_widgets.tracking.files import Files
from run_widgets.tracking.later import Later

if TYPE_CHECKING:
    from collections.abc import Callable

WAITING_BYTES = 64 * 2**20
"""Of pictures that may wait in memory; further ones are lost, with a warning."""


class Pictures(Files):
    """Keeping pictures, also while a disk is full."""

    def _add_picture(self, file: str, source: Path | bytes, note: Callable[[str], None]) -> None:
        """Keep a picture as `file`, or under a like name, and call `note` with that.

        Where the store fails the picture waits, and so does `note`: what a run
        tells of is there.
        """
        stem, dot, suffix = file.rpartition(".")
        try:
            note(self._add_numbered(stem, dot + suffix, source))
        except (StoreUnavailable, RunNotFound) as error:
            # A name that nobody has by then.
            later = f"{stem}_{os.urandom(4).hex()}{dot}{suffix}"
            self._let_wait(later, source, note, error)

    def _add_numbered(self, stem: str, suffix: str, source: Path | bytes) -> str:
        for attempt in range(1, 10_000):
            candidate = f"{stem}{suffix}" if attempt == 1 else f"{stem}_{attempt}{suffix}"
            content = io.BytesIO(source) if isinstance(source, bytes) else source
            with suppress(FileConflict):
                self.store.add_file(self.id, candidate, content)
                return candidate
        raise FileConflict(f"ten thousand pictures are called {stem + suffix!r}")

    def _let_wait(
        self, file: str, source: Path | bytes, note: Callable[[str], None], error: Exception
    ) -> None:
        content = source.read_bytes() if isinstance(source, Path) else source
        waiting = self._waiting_pictures = [p for p in self._waiting_pictures if p.waits_for]
        if sum(picture.size for picture in waiting) + len(content) > WAITING_BYTES:
            if not self._is_losing_pictures:
                self._is_losing_pictures = True
                _warn(
                    f"pictures of run {self.id!r} are lost, since more than "
                    f"{WAITING_BYTES / 2**20:g} MiB of them had to wait"
                )
            return
        if not waiting:
            self._is_losing_pictures = False
            _warn(f"pictures of run {self.id!r} wait in memory: {error}")

        def keep() -> None:
            self.store.add_file(self.id, file, io.BytesIO(content))

        what = f"picture {file!r} of run {self.id!r}: {error}"
        picture = WaitingPicture(what, len(content), keep, lambda: note(file))
        waiting.append(picture)
        self._on_end.append(picture.end)


class WaitingPicture(Later):
    """A picture that is kept, and then noted, when the store is back."""

    def __init__(
        self, what: str, size: int, keep: Callable[[], None], note: Callable[[], None]
    ) -> None:
        self.size = size  # in bytes
        self._keep = keep
        self._note: Callable[[], None] | None = note
        super().__init__(what, self._change_now)

    def end(self) -> None:
        """Note the picture, since the run takes no more values; it may still come."""
        self.beat()
        self._note_now()

    def _change_now(self) -> None:
        self._keep()
        self._note_now()

    def _note_now(self) -> None:
        note, self._note = self._note, None
        if note is not None:
            note()


def _warn(text: str) -> None:
    # Also where warnings are errors: training must not end because of a disk.
    with suppress(RuntimeWarning):
        warnings.warn(f"run-widgets: {text}", RuntimeWarning, stacklevel=5)
