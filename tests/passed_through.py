"""A folder shown once more by FUSE, as sshfs shows another machine's: nothing in it can be mapped.

    python passed_through.py FOLDER PLACE [BLOCK_DEVICE]

With a block device the drive is of the kind "fuseblk", which nobody knows; else "fuse".
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import mfusepy

if TYPE_CHECKING:
    from collections.abc import Iterator

_FACTS = ("mode", "ino", "nlink", "uid", "gid", "size", "atime_ns", "mtime_ns", "ctime_ns")


class PassedThrough(mfusepy.Operations):  # type: ignore[misc]
    """What each call does to the folder below."""

    use_ns = True

    def __init__(self, top: str) -> None:
        self._top = top

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        facts = os.lstat(self._top + path) if fh is None else os.fstat(fh)
        return {f"st_{one.removesuffix('_ns')}": getattr(facts, f"st_{one}") for one in _FACTS}

    def readdir(self, path: str, fh: int) -> Iterator[tuple[str, dict[str, int], int]]:
        del fh
        yield ".", {"st_ino": 1}, 0
        yield "..", {"st_ino": 1}, 0
        with os.scandir(self._top + path) as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                yield entry.name, {"st_mode": facts.st_mode, "st_ino": facts.st_ino}, 0

    def mkdir(self, path: str, mode: int) -> None:
        os.mkdir(self._top + path, mode)

    def rmdir(self, path: str) -> None:
        os.rmdir(self._top + path)

    def unlink(self, path: str) -> None:
        os.unlink(self._top + path)

    def rename(self, old: str, new: str) -> None:
        os.replace(self._top + old, self._top + new)

    def open(self, path: str, flags: int) -> int:
        return os.open(self._top + path, flags)

    def create(self, path: str, mode: int, fi: object = None) -> int:
        del fi
        return os.open(self._top + path, os.O_RDWR | os.O_CREAT, mode)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        del path
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        del path
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        os.truncate(self._top + path if fh is None else fh, length)

    def release(self, path: str, fh: int) -> None:
        del path
        os.close(fh)

    def utimens(self, path: str, times: Any = None) -> None:
        os.utime(self._top + path, ns=times)

    def chmod(self, path: str, mode: int) -> None:
        os.chmod(self._top + path, mode)


if __name__ == "__main__":
    folder, place, *device = sys.argv[1:]
    kind = {"blkdev": True, "fsname": device[0]} if device else {"subtype": "sshfs"}
    # `direct_io`: what is read and written passes no cache, so that no page can be shared.
    mfusepy.FUSE(
        PassedThrough(folder), place, foreground=True, nothreads=True, direct_io=True,
        use_ino=True, **kind,
    )  # fmt: skip
