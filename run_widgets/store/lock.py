"""One short lock for each folder, so that two processes never lose each other's change."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def locked(folder: Path) -> Iterator[None]:
        """Keep others out of `folder`'s documents for the length of the block."""
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            try:
                yield
            finally:
                os.lseek(descriptor, 0, os.SEEK_SET)
                msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        finally:
            os.close(descriptor)

else:
    import fcntl

    @contextmanager
    def locked(folder: Path) -> Iterator[None]:
        """Keep others out of `folder`'s documents for the length of the block.

        The lock is on the folder itself, ends with the process, and leaves no
        file behind; network drives lock no folders, and get a file for it. On a
        drive without locks there is none: there, two changes of one document in
        the same millisecond may lose the first.
        """
        with ExitStack() as stack:
            descriptor = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError:
                with suppress(OSError):
                    descriptor = os.open(
                        folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666
                    )
                    stack.callback(os.close, descriptor)
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
