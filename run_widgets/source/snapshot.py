"""Source folders as they were when a run began, each content kept once.

A snapshot is a zip whose bytes depend only on what it holds, named by the
digest of that. A workspace keeps one copy of each; a run holds a hard link to
it, so a run's folder is complete on its own and a thousand runs of the same
source cost the disk of one.

`source_files` says what is kept.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from run_widgets.errors import SnapshotError
from run_widgets.source.files import Skipped, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from run_widgets.source.files import Listing, SourceFile

ARCHIVE = "snapshot.zip"
"""The snapshot's name in a run's folder."""

ID_PROPERTY = "ContentSnapshotId"
NO_SNAPSHOT = "run_widgets.no_snapshot"
"""The properties of a run that name its snapshot, or say why it has none."""

MAX_BYTES = 300 * 2**20
MAX_FILES = 50_000
BYTES_VARIABLE = "RUN_WIDGETS_SNAPSHOT_MAX_BYTES"
FILES_VARIABLE = "RUN_WIDGETS_SNAPSHOT_MAX_FILES"
"""Of the environment: other limits than these two."""


_CHUNK_BYTES = 2**20

# A file may have become a link or a pipe since it was listed.
_READ = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)

_STALE_AFTER_S = 24 * 3600.0

# A zip member carries a time of day; a fixed one keeps equal content equal bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that has been taken."""

    id: str
    path: Path  # the zip in the workspace
    files: int
    bytes: int  # of the files, before compression
    skipped: tuple[Skipped, ...] = ()
    left_out: tuple[str, ...] = ()  # as of a `Listing`


def take(
    source: str | Path,
    into: str | Path,
    *,
    exclude: Iterable[str | Path] = (),
    max_bytes: int | None = None,
    max_files: int | None = None,
) -> Snapshot:
    """Keep `source` as it is now under `into`, the workspace's folder of snapshots.

    Reads all files, and writes only where `into` has no snapshot of the same
    content yet. Safe while others take snapshots into the same folder, and
    while the source is being changed: the id is that of the bytes kept.

    Parameters
    ----------
    source
        A folder, or a single file.
    into
        Created where it is missing; the snapshot is ``<into>/<id>.zip``.
    exclude
        Files and folders to leave out; relative ones are meant from `source`.
    max_bytes, max_files
        Of what would be kept, before compression; None for `MAX_BYTES` and
        `MAX_FILES`, or what the environment says.

    Raises
    ------
    SnapshotError
        `source` cannot be read or is over a limit, or `into` cannot be written.
    """
    max_bytes, max_files = _limits(max_bytes, max_files)
    found = listing(source, exclude=exclude, max_files=max_files)
    _refuse_if_too_large(found, max_bytes=max_bytes, max_files=max_files)
    into = Path(into)
    try:
        # Most runs have the source of the run before, and reading is three
        # times as fast as writing a zip.
        kept = _Reading(found)
        digest = kept.digest()
        path = into / f"{digest}.zip"
        try:
            os.utime(path)  # needed again, so not to be removed now
        except FileNotFoundError:
            into.mkdir(parents=True, exist_ok=True)
            kept = _Reading(found)
            path = _write(kept, into)
        except PermissionError:
            pass  # somebody else's, in a workspace that people share: as good
    except OSError as error:
        raise SnapshotError(f"no snapshot of {str(found.root)!r}: {error}") from error
    skipped = (*found.skipped, *kept.skipped)
    files = len(found.files) - len(kept.skipped)
    return Snapshot(path.stem, path, files, kept.bytes, skipped, found.left_out)


def place(archive: Path, target: Path) -> None:
    """Put a file that nobody writes to any more at `target`, sharing it where that can be.

    A hard link where the file system has them, else a copy.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
    os.close(handle)
    os.unlink(name)
    try:
        os.link(archive, name)
    except OSError:  # no hard links here, or no more of them on this file
        shutil.copyfile(archive, name)
    os.replace(name, target)


def restore(
    archive: str | Path,
    into: str | Path,
    *,
    max_bytes: int | None = None,
    max_files: int | None = None,
) -> Path:
    """Unpack `archive` into the new or empty folder `into`, and return that.

    The archive may come from a stranger: nothing is written outside `into`, no
    link is made, and what comes out is counted while it comes out.

    Raises
    ------
    SnapshotError
        `into` holds something already; or the archive is not a zip, has a name
        that leads elsewhere, or unpacks to more than a limit. What had been
        written until then is removed.
    """
    max_bytes, max_files = _limits(max_bytes, max_files)
    into = Path(into)
    try:
        if into.exists() and any(into.iterdir()):
            raise SnapshotError(f"{str(into)!r} is not empty: a snapshot needs a folder of its own")
        was_there = into.exists()
        into.mkdir(parents=True, exist_ok=True)
        try:
            _unpack(archive, into, max_bytes=max_bytes, max_files=max_files)
        except BaseException:
            _empty(into, and_remove=not was_there)
            raise
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        # RuntimeError: encrypted; NotImplementedError: an unknown compression.
        if isinstance(error, SnapshotError):
            raise
        raise SnapshotError(f"snapshot {str(archive)!r} cannot be restored: {error}") from error
    return into


class _Reading:
    """Reads the files of a listing one after the other, and digests what it read."""

    def __init__(self, found: Listing) -> None:
        self._found = found
        self._digest = hashlib.sha256()
        self.bytes = 0
        self.skipped: list[Skipped] = []

    def __iter__(self) -> Iterator[tuple[SourceFile, Iterator[bytes]]]:
        for file in self._found.files:
            try:
                chunks = _chunks(file)
                first = next(chunks, b"")
            except OSError as error:
                self.skipped.append(Skipped(file.path, error.strerror or str(error)))
                continue
            content = hashlib.sha256()
            yield file, self._noted(first, chunks, content)
            # No name has a NUL in it, and a digest has one length: two sources
            # that differ never feed the same bytes.
            mark = b"x" if file.is_executable else b"-"
            self._digest.update(file.path.encode() + b"\0" + mark + content.digest())

    def _noted(
        self, first: bytes, rest: Iterator[bytes], content: hashlib._Hash
    ) -> Iterator[bytes]:
        chunk = first
        while chunk:
            content.update(chunk)
            self.bytes += len(chunk)
            yield chunk
            chunk = next(rest, b"")

    def digest(self) -> str:
        """Return the digest of all files, reading those not read yet."""
        for _, chunks in self:
            for _ in chunks:
                pass
        return self._digest.hexdigest()

    def digest_of_what_was_read(self) -> str:
        return self._digest.hexdigest()


def _chunks(file: SourceFile) -> Iterator[bytes]:
    """Yield the content of `file`, as far as it went when it was listed."""
    if file.path.endswith("/"):
        return
    handle = os.open(file.source, _READ)
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(f"{file.path!r} is no longer a file")
        left = min(info.st_size, file.bytes)
        while left > 0 and (chunk := os.read(handle, min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
    finally:
        os.close(handle)


def _write(kept: _Reading, into: Path) -> Path:
    _remove_stale(into)
    handle, name = tempfile.mkstemp(dir=into, suffix=".tmp")
    try:
        with (
            open(handle, "w+b") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for source, chunks in kept:
                with archive.open(_member(source), "w") as member:
                    for chunk in chunks:
                        member.write(chunk)
            archive.close()
            file.flush()
            os.fsync(handle)
        if os.name == "posix":
            os.chmod(name, 0o444)  # runs share it: nobody is to write into it
        path = into / f"{kept.digest_of_what_was_read()}.zip"
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    return path


def _member(file: SourceFile) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(file.path, _NO_TIME)
    member.create_system = 3  # Unix everywhere, or equal folders give different bytes
    member.compress_type = zipfile.ZIP_DEFLATED
    # The archive's own level holds for names only, and a name would get the time of day.
    member._compresslevel = 1  # type: ignore[attr-defined]
    member.file_size = file.bytes
    if file.path.endswith("/"):
        member.external_attr = (stat.S_IFDIR | 0o755) << 16
    else:
        member.external_attr = (stat.S_IFREG | (0o755 if file.is_executable else 0o644)) << 16
    return member


def _unpack(archive: str | Path, into: Path, *, max_bytes: int, max_files: int) -> None:
    with zipfile.ZipFile(archive) as source:
        members = source.infolist()
        if len(members) > max_files:
            raise SnapshotError(f"snapshot {str(archive)!r} holds more than {max_files:,} files")
        left = max_bytes
        for member in members:
            target = into.joinpath(*_safe_parts(member))
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            # "x": a second member of the same name is no honest snapshot.
            with source.open(member) as content, open(target, "xb") as file:
                while chunk := content.read(_CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise SnapshotError(
                            f"snapshot {str(archive)!r} unpacks to more than {size_text(max_bytes)}"
                        )
                    file.write(chunk)
            if member.external_attr >> 16 & stat.S_IXUSR:
                target.chmod(target.stat().st_mode | 0o111)


def _safe_parts(member: zipfile.ZipInfo) -> tuple[str, ...]:
    """Return the parts of a member's path, all of them plain names."""
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    kind = stat.S_IFMT(member.external_attr >> 16)
    is_plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
    if not is_plain or not parts or any(part in ("..", "/") or ":" in part for part in parts):
        raise SnapshotError(f"snapshot member {member.filename!r} is not safe to unpack")
    return parts


def _empty(folder: Path, *, and_remove: bool) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    if and_remove:
        folder.rmdir()


def _remove_stale(folder: Path) -> None:
    """Remove the snapshots that no run holds any more, and those never finished."""
    for entry in os.scandir(folder):
        try:
            facts = entry.stat()
            is_held = entry.name.endswith(".zip") and facts.st_nlink > 1
            if not is_held and time.time() - facts.st_mtime > _STALE_AFTER_S:
                os.unlink(entry.path)
        except OSError:
            continue  # somebody else removed it


def _refuse_if_too_large(found: Listing, *, max_bytes: int, max_files: int) -> None:
    total = found.bytes
    if len(found.files) <= max_files and total <= max_bytes:
        return
    if len(found.files) > max_files:
        size = f"more than {max_files:,} files"
    else:
        size = f"{size_text(total)} in {len(found.files):,} files, over {size_text(max_bytes)}"
    largest = ", ".join(
        f"{name!r} ({size_text(part)} in {files:,} files)"
        if name.endswith("/")
        else f"{name!r} ({size_text(part)})"
        for name, part, files in found.largest(3)
    )
    raise SnapshotError(
        f"a snapshot of {str(found.root)!r} would take {size}; the largest there: {largest}. "
        f"Name what is not source in {str(found.root / (found.ignore_file or '.amlignore'))!r}, "
        "pass snapshot_directory=None, or raise "
        f"{FILES_VARIABLE if len(found.files) > max_files else BYTES_VARIABLE}"
    )


def _limits(max_bytes: int | None, max_files: int | None) -> tuple[int, int]:
    def limit(given: int | None, variable: str, usual: int) -> int:
        text = os.environ.get(variable, "")
        return given if given is not None else int(text) if text.isdecimal() else usual

    return limit(max_bytes, BYTES_VARIABLE, MAX_BYTES), limit(max_files, FILES_VARIABLE, MAX_FILES)


def size_text(count: int) -> str:
    """Return a number of bytes as people write it, such as ``1.2 GB``."""
    size, unit = float(count), "bytes"
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 100 or unit == "bytes" else f"{size:.1f} {unit}"
