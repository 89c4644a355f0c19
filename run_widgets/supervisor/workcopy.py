"""The folder a submitted run works in: its snapshot, and links to what that lacks.

The source as it was at submission is unpacked into the run's own folder, so
that later edits change nothing, runs side by side do not meet in one
``./outputs``, and what ran is what the snapshot holds. What the snapshot leaves
out on purpose (data that an ignore file names, a ``.env``, links to elsewhere)
is still there for the script, as links to where it lies.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

from run_widgets.source import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LINKS = 10_000


def unpack(archive: Path, work: Path, *, source: Path, left_out: Iterable[str]) -> list[str]:
    """Make `work` from a snapshot; return what the source has and `work` has not.

    Raises
    ------
    SnapshotError
        The archive cannot be unpacked, or not safely.
    """
    snapshot.restore(archive, work)
    missing = []
    for count, path in enumerate(left_out):
        if count >= MAX_LINKS or not _link(source / path, work, path):
            missing.append(path)
    # `clean` takes what is not younger than this for untouched, and a drive's
    # clock may tick only every 4 ms.
    _marker(work).touch()
    time.sleep(0.01)
    return missing


def clean(work: Path) -> None:
    """Remove from `work` what nobody changed: it is in the snapshot.

    What the script wrote outside its ``./outputs`` stays, and is all that stays.
    """
    try:
        unpacked_at_ns = _marker(work).stat().st_mtime_ns
        _marker(work).unlink()
    except OSError:
        return  # not a copy of ours, or cleaned before
    for folder, folders, names in os.walk(work, topdown=False):
        is_cache = os.path.basename(folder) == "__pycache__"
        for name in (*names, *folders):
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                facts = os.lstat(path)
                if stat.S_ISDIR(facts.st_mode):
                    os.rmdir(path)  # fails, as it should, where something stays in it
                elif is_cache or facts.st_mtime_ns <= unpacked_at_ns:
                    os.unlink(path)
    with contextlib.suppress(OSError):
        work.rmdir()


def _marker(work: Path) -> Path:
    return work.with_name(f".{work.name}-unpacked")


def _link(target: Path, work: Path, path: str) -> bool:
    """Make `path` in `work` a link to `target`; False where that cannot be done."""
    place = Path(os.path.normpath(work / path))
    if not place.is_relative_to(work) or not os.path.lexists(target):
        return False
    try:
        # A parent that is a link itself would lead out of `work`.
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.parent.resolve().is_relative_to(work.resolve()):
            return False
        place.symlink_to(target, target_is_directory=target.is_dir())
    except OSError:
        return False
    return True
