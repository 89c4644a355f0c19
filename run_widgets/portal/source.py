"""What a run was started from, as its folder has it: environment, notebook, snapshot."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
import zlib
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from run_widgets.errors import FileNotInRun
from run_widgets.reading.facts import shown
from run_widgets.source.provenance import ENVIRONMENT_FILE
from run_widgets.source.snapshot import ARCHIVE
from run_widgets.store.drive import open_plain
from run_widgets.supervisor.plan import PLAN_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTEBOOK = "notebook.ipynb"

SOURCE_FILES = (ENVIRONMENT_FILE, NOTEBOOK, ARCHIVE)

MAX_FILES = 2_000
"""Of a snapshot, that are listed."""

MAX_PACKAGES = 2_000

MAX_MEMBER_BYTES = 8_000_000
"""Of a file that is taken out of a snapshot to be looked at."""

MAX_ARCHIVE_BYTES = 2_000_000_000
"""A larger zip is not looked into."""

MAX_DOCUMENT_BYTES = 4_000_000


def source(folder: Path) -> dict[str, Any]:
    """Return what the run in `folder` was started from, as far as that is there.

    ``environment``: None or ``{"facts": {…}, "packages": {name: version}}``;
    ``snapshot``: None or ``{"files": [{"path", "bytes"}], "total", "bytes"}``;
    ``notebook``: None or ``{"bytes"}``; ``can_repeat``: whether it knows how it was started.
    """
    return {
        "environment": _environment(folder / ENVIRONMENT_FILE),
        "snapshot": _snapshot(folder / ARCHIVE),
        "notebook": None if (size := _size(folder / NOTEBOOK)) is None else {"bytes": size},
        "can_repeat": _size(folder / PLAN_FILE) is not None,
    }


def _environment(path: Path) -> dict[str, Any] | None:
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            known = json.loads(file.read(MAX_DOCUMENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(known, dict):
        return None
    packages = known.pop("packages", None)
    packages = packages if isinstance(packages, dict) else {}
    return {
        "facts": {shown(str(name)): shown(str(value)) for name, value in islice(known.items(), 50)},
        "packages": {
            shown(str(name)): shown(str(version))
            for name, version in islice(packages.items(), MAX_PACKAGES)
        },
    }


def _snapshot(path: Path) -> dict[str, Any] | None:
    size = _size(path)
    if size is None:
        return None
    try:
        with _archive(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (OSError, *_UNREADABLE):
        return {"files": [], "total": 0, "bytes": size}
    files = sorted((shown(member.filename, 1_000), member.file_size) for member in members)
    return {
        "files": [{"path": path, "bytes": size} for path, size in files[:MAX_FILES]],
        "total": len(files),
        "bytes": size,
    }


def open_member(folder: Path, name: str) -> tuple[IO[bytes], int]:
    """Return one file of the run's snapshot, unpacked in memory, and its size.

    Raises
    ------
    FileNotInRun
        There is no snapshot, no such file in it, or one too large to be looked at.
    """
    try:
        # As much as is wanted and no more: what a zip says of its sizes may be a lie.
        with _archive(folder / ARCHIVE) as archive, archive.open(name) as member:
            content = member.read(MAX_MEMBER_BYTES + 1)
    except (OSError, KeyError, *_UNREADABLE) as error:
        raise FileNotInRun(f"the snapshot of {folder.name!r} has no file {name!r}") from error
    if len(content) > MAX_MEMBER_BYTES:
        raise FileNotInRun(f"{name!r} is too large to be looked at: download {ARCHIVE}")
    return io.BytesIO(content), len(content)


_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)
"""Broken, encrypted, or packed in a way that is not known."""


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with os.fdopen(open_plain(path), "rb") as file:
        if os.fstat(file.fileno()).st_size > MAX_ARCHIVE_BYTES:
            raise OSError(f"{path} is too large to be looked into")
        with zipfile.ZipFile(file) as archive:
            yield archive


def _size(path: Path) -> int | None:
    try:
        descriptor = open_plain(path)
    except OSError:
        return None
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
