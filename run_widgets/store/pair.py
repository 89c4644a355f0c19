"""The two files that one writer appends to, and the bytes on their way there."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from typing import TYPE_CHECKING

from run_widgets.store.layout import METRICS

if TYPE_CHECKING:
    from mmap import mmap
    from pathlib import Path
    from typing import Self

    Buffer = bytes | bytearray | memoryview | mmap

PIECE_BYTES = 2**20

_OPEN = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_CREATE = _OPEN | os.O_CREAT | os.O_EXCL


class FilePair:
    """The open `.jsonl` and `.points` of one writer; nobody else writes to them."""

    def __init__(self, path: str, text: int, points: int, *, is_new: bool) -> None:
        self.path = path  # of both, without suffix
        self.text = text
        self.points = points
        self._is_new = is_new

    @classmethod
    def create(cls, folder: Path, header: bytes) -> Self:
        """Create the next free pair in the run at `folder`.

        A pair that begins with `header` is this writer's own, from before the
        folder went away for a while: that one is taken, to be written over.

        Raises
        ------
        OSError
            The store refuses; nothing was made.
        """
        metrics = folder / METRICS
        metrics.mkdir(exist_ok=True)
        if metrics.is_symlink():
            raise OSError(errno.ELOOP, "a link, which is not followed", str(metrics))
        for number in itertools.count():
            pair = cls._open(f"{metrics / f'{number:04}'}", header)
            if pair is not None:
                return pair
        raise AssertionError("numbers do not end")

    @classmethod
    def _open(cls, path: str, header: bytes) -> Self | None:
        is_new = True
        try:
            text = os.open(f"{path}.jsonl", _CREATE, 0o666)
        except FileExistsError:
            if not _begins_with(f"{path}.jsonl", header):
                return None  # another writer's
            is_new = False
            text = os.open(f"{path}.jsonl", _OPEN)
        try:
            points = os.open(f"{path}.points", _CREATE if is_new else _OPEN | os.O_CREAT, 0o666)
        except OSError as error:
            os.close(text)
            if is_new:
                with contextlib.suppress(OSError):
                    os.unlink(f"{path}.jsonl")
            if isinstance(error, FileExistsError):
                return None  # a leftover without its text
            raise
        return cls(path, text, points, is_new=is_new)

    @property
    def has_vanished(self) -> bool:
        """Whether these files are no longer the ones that the path leads to."""
        for suffix, descriptor in ((".jsonl", self.text), (".points", self.points)):
            try:
                there, ours = os.stat(f"{self.path}{suffix}"), os.fstat(descriptor)
            except FileNotFoundError:
                return True
            if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
                return True
        return False

    def beat(self) -> None:
        """Show, by the text's time of change, that the writer lives."""
        with contextlib.suppress(OSError):
            os.utime(self.text if os.utime in os.supports_fd else f"{self.path}.jsonl")

    def close(self) -> None:
        os.close(self.text)
        os.close(self.points)

    def discard(self) -> None:
        """Close the files, and remove them if they were made for this pair."""
        self.close()
        for suffix in (".jsonl", ".points") if self._is_new else ():
            with contextlib.suppress(OSError):
                os.unlink(f"{self.path}{suffix}")


class Tail:
    """The end of a file: bytes stay here until the disk has taken them.

    Each is written at an explicit place, and what was saved is noted after it
    was: whatever interrupts a `save`, the next one writes the same again.
    """

    def __init__(self, first: bytes = b"") -> None:
        self._saved = 0
        self._waiting = (0, bytearray(first))  # where in the file they begin, and they

    @property
    def saved(self) -> int:
        """Bytes of the file that are written."""
        return self._saved

    @property
    def in_memory(self) -> int:
        """Bytes that this holds."""
        return len(self._waiting[1])

    def add(self, data: bytes) -> int:
        """Put `data` behind all others, and return where in the file it begins."""
        start, waiting = self._waiting
        place = start + len(waiting)
        waiting += data
        return place

    def save(self, descriptor: int) -> None:
        """Write what waits, as far as the disk takes it."""
        start, waiting = self._waiting
        while waiting:
            done = self._saved - start
            is_short = not done and len(waiting) <= PIECE_BYTES
            piece = waiting if is_short else waiting[done : done + PIECE_BYTES]
            self._saved += write_at(descriptor, piece, self._saved)
            if self._saved == start + len(waiting):
                self._waiting = (self._saved, bytearray())
                break


def write_at(descriptor: int, data: Buffer, place: int) -> int:
    """Write some of `data` at `place`, and return how much of it."""
    if hasattr(os, "pwrite"):
        count: int = os.pwrite(descriptor, data, place)
        return count
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.write(descriptor, data)


def write_all(descriptor: int, data: Buffer, place: int) -> None:
    """Write all of `data` at `place`."""
    with memoryview(data) as view:
        done = 0
        while done < len(view):
            done += write_at(descriptor, view[done:], place + done)


def read_at(descriptor: int, size: int, place: int) -> bytes:
    """Return up to `size` bytes from `place` on; fewer where the file ends before."""
    if hasattr(os, "pread"):
        content: bytes = os.pread(descriptor, size, place)
        return content
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.read(descriptor, size)


def copy(source: int, target: int, size: int) -> None:
    """Copy the first `size` bytes of one open file to the same places of another."""
    for place in range(0, size, PIECE_BYTES):
        write_all(target, read_at(source, min(PIECE_BYTES, size - place), place), place)


def reserve(descriptor: int, base: int, size: int) -> None:
    """Make `size` bytes of disk at `base` the file's, so that no later write finds it full.

    A mapped page without disk behind it would end the process with SIGBUS.
    """
    # Not by posix_fallocate: on ext4 the first touch of each page is then four times as dear,
    # and with it every value by a quarter.
    write_all(descriptor, bytes(size), base)


def _begins_with(path: str, header: bytes) -> bool:
    try:
        descriptor = os.open(path, _OPEN | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        return read_at(descriptor, len(header), 0) == header
    except OSError:
        return False
    finally:
        os.close(descriptor)
