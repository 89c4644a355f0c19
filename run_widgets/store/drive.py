"""What can be done, and done safely, with the files of a drive."""

from __future__ import annotations

import os
import stat
import sys
from functools import lru_cache
from pathlib import Path

# A page mapped from these may reach the server late or never, or cannot be mapped.
_NOT_MAPPED = {
    "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "drvfs", "fuse", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "smb3", "smbfs", "vboxsf", "virtiofs",
}  # fmt: skip


def can_be_mapped(folder: Path) -> bool:
    """Tell whether points may be laid into a mapped file in `folder`, or where that would be.

    ``RUN_WIDGETS_APPEND=1`` in the environment says no for every folder.
    """
    if os.environ.get("RUN_WIDGETS_APPEND", "") not in ("", "0"):
        return False
    for place in (folder, *folder.parents):
        try:
            return drive_kind(os.stat(place).st_dev) not in _NOT_MAPPED
        except OSError:
            continue
    return False


@lru_cache(maxsize=64)
def drive_kind(device: int) -> str:
    """Return the file system's name for a device number, or "" where it cannot be told."""
    if sys.platform == "win32":
        return ""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):  # the last mount on a place is the one in use
        left, _, right = line.partition(" - ")
        if wanted and left.split()[2] == wanted:
            return right.split()[0].partition(".")[0]  # "fuse.sshfs" is "fuse"
    return ""


def open_plain(path: Path) -> int:
    """Open a regular file for reading, without following a link or waiting for a FIFO.

    Raises
    ------
    OSError
        There is no such file, or it is a link, a device, a FIFO or a folder.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is not a regular file")
    return descriptor


def read_plain(path: Path, at_most: int) -> bytes:
    """Return what a regular file holds, as `open_plain` opens it.

    Raises
    ------
    OSError
        As `open_plain`; or it is longer than `at_most` bytes.
    """
    descriptor = open_plain(path)
    try:
        size = os.fstat(descriptor).st_size
        if size > at_most:
            raise OSError(f"{path} has {size:,} bytes, more than {at_most:,}")
        return os.read(descriptor, size + 1)
    finally:
        os.close(descriptor)
