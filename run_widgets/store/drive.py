"""What can be done, and done safely, with the files of a drive."""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import stat
import sys
import time
from functools import lru_cache
from pathlib import Path

from run_widgets.store import layout

# Another machine writes here too; a mapped page may reach it late or never, and locks may not.
_NETWORK = {
    "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "drvfs", "fuse", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "smb3", "smbfs", "vboxsf", "virtiofs",
}  # fmt: skip

# These write a page that was written before to a new place. Where the disk is full there is
# none, and the next value laid into that page ends the process with SIGBUS: seen on btrfs.
_COPY_ON_WRITE = {"bcachefs", "btrfs", "zfs"}

# Known to map files; what is neither here nor above is tried out.
_MAPPED = {"apfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs"}

_OCTAL = re.compile(r"\\([0-7]{3})")  # of a blank or a backslash in a mount's place


def is_local(folder: Path) -> bool:
    """Tell whether `folder`, or where it would be, is on a drive of this machine.

    ``RUN_WIDGETS_APPEND=1`` in the environment says no for every folder.
    """
    return not _appends_only() and _kind_of(folder) not in {*_NETWORK, None}


def can_be_mapped(folder: Path) -> bool:
    """Tell whether points may be laid into a mapped file in `folder`.

    Not on a network drive, nor where a full disk would end the process, nor where
    the drive refuses; nor by a Python that could give one place to two threads.
    """
    if not is_local(folder) or not has_gil():
        return False
    kind = _kind_of(folder)
    return kind in _MAPPED or (kind not in _COPY_ON_WRITE and _maps(folder))


def has_gil() -> bool:
    """Tell whether one thread at a time runs Python, as all do but free-threaded ones."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def _maps(folder: Path) -> bool:
    """Tell whether a drive lets one of our files in `folder` be mapped; if there is none, hope."""
    if sys.platform == "win32":
        return True  # a mapped document could not be replaced meanwhile
    for name in (layout.RUN_FILE, layout.WORKSPACE_FILE):
        with contextlib.suppress(OSError), open(folder / name, "r+b") as file:
            try:
                mmap.mmap(file.fileno(), 1).close()
            except (OSError, ValueError):
                return False
            return True
    return True


def _appends_only() -> bool:
    return os.environ.get("RUN_WIDGETS_APPEND", "") not in ("", "0")


def _kind_of(folder: Path) -> str | None:
    """Return the kind of drive that `folder` is on, or would be; None where nobody can say."""
    for place in (folder, *folder.parents):
        try:
            return drive_kind(place)
        except OSError:
            continue
    return None


def drive_kind(place: Path) -> str:
    """Return the name of the file system that `place` is on, or "" where it cannot be told.

    Raises
    ------
    OSError
        There is no `place`.
    """
    # A drive without a disk has its number from one that is no longer mounted: what is known
    # of a number holds for a second.
    second = int(time.monotonic())
    # btrfs gives files device numbers that no mount has; there the path tells.
    by_device = _kind_by_device(os.stat(place).st_dev, second)
    return by_device or _kind_by_path(os.path.realpath(place), second)


@lru_cache(maxsize=64)
def _kind_by_device(device: int, _second: int) -> str:
    if sys.platform == "win32":
        return ""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    return next((kind for number, _, kind in _mounts() if number == wanted), "")


@lru_cache(maxsize=64)
def _kind_by_path(path: str, _second: int) -> str:
    best, found = "", ""
    for _, top, kind in _mounts():
        if len(top) > len(best) and (path == top or path.startswith(top.rstrip("/") + "/")):
            best, found = top, kind
    return found


def _mounts() -> list[tuple[str, str, str]]:
    """Return device number, place and kind of each mount, the latest first."""
    try:
        text = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:
        return []
    mounts = []
    for line in reversed(text.splitlines()):  # the last mount on a place is the one in use
        left, _, right = line.partition(" - ")
        _, _, number, _, place, *_ = left.split(" ")
        kind = right.split(" ")[0].partition(".")[0]  # "fuse.sshfs" is "fuse"
        mounts.append((number, _OCTAL.sub(lambda code: chr(int(code[1], 8)), place), kind))
    return mounts


_SAFELY = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
_PLAIN = os.O_RDONLY | _SAFELY
_OVERWRITE = os.O_WRONLY | os.O_CREAT | _SAFELY
_APPEND = _OVERWRITE | os.O_APPEND


def open_plain(path: Path | str) -> int:
    """Open a regular file for reading, without following a link or waiting for a FIFO.

    Raises
    ------
    OSError
        There is no such file, or it is a link, a device, a FIFO or a folder.
    """
    descriptor, _ = _opened(path)
    return descriptor


def read_plain(path: Path | str, at_most: int) -> bytes:
    """Return what a regular file holds, as `open_plain` opens it.

    Raises
    ------
    OSError
        As `open_plain`; or it is longer than `at_most` bytes.
    """
    descriptor, size = _opened(path)
    try:
        if size > at_most:
            raise OSError(f"{path} has {size:,} bytes, more than {at_most:,}")
        return os.read(descriptor, size + 1)
    finally:
        os.close(descriptor)


def open_to_append(path: Path | str) -> int:
    """Open a file to write to its end, made if there is none, without following a link.

    Raises
    ------
    OSError
        It cannot be written, or is a link, a folder or a FIFO that nobody reads.
    """
    return os.open(path, _APPEND, 0o666)


def append(path: Path | str, content: bytes) -> int:
    """Write `content` to a file's end in one go, and return where it ends.

    Raises
    ------
    OSError
        As `open_to_append`.
    """
    descriptor = open_to_append(path)
    try:
        os.write(descriptor, content)
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    finally:
        os.close(descriptor)


def overwrite(path: Path | str, content: bytes) -> None:
    """Write `content` over a file's beginning in one go: a reader sees the old or the new.

    Raises
    ------
    OSError
        As `open_to_append`.
    """
    descriptor = os.open(path, _OVERWRITE, 0o666)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)


def _opened(path: Path | str) -> tuple[int, int]:
    """Open a regular file, and return its size too."""
    descriptor = os.open(path, _PLAIN)
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is not a regular file")
    return descriptor, facts.st_size
