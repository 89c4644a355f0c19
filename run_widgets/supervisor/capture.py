"""Brings the files of a working folder into a run while they grow.

Where both lie on one drive, a file is linked and not copied: the run has it
from the moment it appears, however large it grows, at no cost. The script may
rename, replace and delete its files as it likes; the run follows.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from typing import TYPE_CHECKING

from run_widgets.store import layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STABLE_S = 5.0
"""A file that has to be copied is copied once it has not changed for so long."""

SMALL_BYTES = 2**20
"""Up to this size a file is copied at every change."""


class Capture:
    """Keeps ``<files>/<name>`` as ``<work>/<name>`` is.

    Parameters
    ----------
    work
        The script's folder.
    files
        The run's folder of files.
    name
        A folder in both, such as ``outputs``.
    is_shared
        Others use `work` too: what is there already is not the run's, and
        files are copied, since a link would change with what others write.
    """

    def __init__(self, work: Path, files: Path, name: str, *, is_shared: bool = False) -> None:
        self.name = layout.file_name(name)
        self._source = work / name
        self._target = files / self.name
        self._drive = files.stat().st_dev
        self._is_shared = is_shared
        self._kept: dict[str, tuple[int, int, int]] = {}  # path -> version in the run
        self._not_ours = dict(self._versions()) if is_shared else {}
        self.problems: dict[str, str] = {}

    def follow(self, *, is_last: bool = False) -> None:
        """Bring what is new or changed; with `is_last` all of it."""
        now = time.time()
        there = set()
        for path, version in self._versions():
            there.add(path)
            if version in (self._kept.get(path), self._not_ours.get(path)):
                continue
            try:
                self._keep(path, version, may_wait=not is_last, now=now)
            except (OSError, ValueError) as error:
                self.problems[path] = str(error)
        if not self._is_shared:
            for path in self._kept.keys() - there:
                with contextlib.suppress(OSError):
                    (self._target / path).unlink()
                del self._kept[path]

    def release(self) -> None:
        """Remove from the working folder what the run has now."""
        for path in self._kept if not self._is_shared else ():
            with contextlib.suppress(OSError):
                (self._source / path).unlink()

    def _keep(
        self, path: str, version: tuple[int, int, int], *, may_wait: bool, now: float
    ) -> None:
        source, target = self._source / path, self._target / path
        if path not in self._kept and target.exists():
            # The script gave this name to a file of its own, by `upload_file`.
            self.problems[path] = f"the run already has a file {self.name}/{path}"
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name[:200]}.new")
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        if self._is_shared or not _linked(source, temporary):
            _, size, changed_ns = version
            if may_wait and size > SMALL_BYTES and now - changed_ns / 1e9 < STABLE_S:
                return
            shutil.copyfile(source, temporary)
        os.replace(temporary, target)
        self._kept[path] = version
        self.problems.pop(path, None)

    def _versions(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        """Yield each file below the source with what tells its versions apart."""
        top = os.path.realpath(self._source)
        if self._source.is_symlink():
            return  # it leads elsewhere, and what is there is not the run's
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    # A link counts as the file it leads to, as in `last.pt -> epoch3.pt`,
                    # unless that lies outside.
                    if os.path.islink(path) and not os.path.realpath(path).startswith(
                        os.path.join(top, "")
                    ):
                        continue
                    facts = os.stat(path)
                except OSError:
                    continue
                if not stat.S_ISREG(facts.st_mode):
                    continue
                version = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
                if not self._is_shared and facts.st_dev == self._drive:
                    version = (facts.st_ino, 0, 0)  # linked, so whatever it grows to
                yield os.path.relpath(path, top).replace(os.sep, "/"), version


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        return False
    return True
