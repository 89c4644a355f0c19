"""A run's files: what people and programs put beside its metrics, kept inside its folder."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import IO, TYPE_CHECKING, Any

from run_widgets.errors import BadName, FileConflict
from run_widgets.records import FileEntry
from run_widgets.store import drive, layout
from run_widgets.store.documents import written_to
from run_widgets.store.pair import write_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE_BYTES = 2**20

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def list_files(run: Path) -> list[FileEntry]:
    """Return the files of the run in the folder `run`, sorted by path.

    Links and special files are not files, and no link is followed.
    """
    entries: list[FileEntry] = []
    folders = [""] if _is_folder(run / layout.FILES) else []
    while folders:
        inside = folders.pop()
        with contextlib.suppress(OSError), os.scandir(run / layout.FILES / inside) as found:
            for entry in found:
                with contextlib.suppress(OSError):  # gone since it was listed
                    facts = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(facts.st_mode):
                        folders.append(f"{inside}{entry.name}/")
                    elif stat.S_ISREG(facts.st_mode):
                        name = f"{inside}{entry.name}"
                        entries.append(FileEntry(name, facts.st_size, facts.st_mtime))
    return sorted(entries, key=lambda entry: entry.path)


def find_file(run: Path, name: str) -> Path | None:
    """Return where the file `name` lies; None where there is none inside the run.

    A backslash in it is part of the name, or else a slash.
    """
    top = run / layout.FILES
    for named in (layout.inside_run, layout.file_name) if _is_folder(top) else ():
        with contextlib.suppress(BadName, OSError, ValueError, RuntimeError):
            path = top / named(name)
            resolved = path.resolve()
            is_inside = resolved.is_relative_to(top.resolve())
            if is_inside and stat.S_ISREG(path.lstat().st_mode):
                return resolved
    return None


def add_file(run: Path, name: str, source: Path | IO[Any], *, overwrite: bool) -> Path:
    """Copy `source` into the run as `name`, and return where it lies; as `LocalStore.add_file`."""
    target = run / layout.FILES / layout.inside_run(name)
    temporary = run / f".new-{os.urandom(6).hex()}"
    try:
        with written_to(run):
            descriptor = os.open(temporary, _NEW, 0o666)
        try:
            size = 0
            for piece in _pieces(source):
                with written_to(run):
                    write_all(descriptor, piece, size)
                size += len(piece)
        finally:
            with written_to(run):  # some drives tell only now that they are full
                os.close(descriptor)
        with written_to(run):
            _place(run, temporary, target, name, overwrite=overwrite)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return target


def open_to_append(run: Path, name: str) -> int:
    """Open the run's file `name` to write to its end, made if there is none; for its logs.

    Raises
    ------
    FileConflict
        A folder of that path is a link.
    OSError
        It cannot be written, or is no file.
    """
    target = run / layout.FILES / layout.inside_run(name)
    _make_folder_of(run, target, name)
    return drive.open_to_append(target)


def _pieces(source: Path | IO[Any]) -> Iterator[bytes]:
    with contextlib.ExitStack() as stack:
        file = source if hasattr(source, "read") else stack.enter_context(open(source, "rb"))
        while piece := file.read(PIECE_BYTES):
            yield piece.encode() if isinstance(piece, str) else piece


def _make_folder_of(run: Path, target: Path, name: str) -> None:
    if not target.parent.resolve().is_relative_to(run.resolve() / layout.FILES):
        raise FileConflict(f"{name!r} cannot be a file: a folder of that path is a link")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise FileConflict(f"{name!r} cannot be a file: a folder of that path is a file") from None


def _place(run: Path, new: Path, target: Path, name: str, *, overwrite: bool) -> None:
    _make_folder_of(run, target, name)
    if target.is_dir():
        raise FileConflict(f"{name!r} cannot be a file: the run has a folder of that name")
    if overwrite:
        os.replace(new, target)
        return
    try:
        os.link(new, target)  # fails if the target exists, whoever made it
    except FileExistsError:
        _check_equal(new, target, name)
    except OSError:  # a drive without hard links
        if os.path.lexists(target):
            _check_equal(new, target, name)
        else:
            os.replace(new, target)


def _check_equal(new: Path, target: Path, name: str) -> None:
    equal = False
    if stat.S_ISREG(target.lstat().st_mode) and target.stat().st_size == new.stat().st_size:
        with new.open("rb") as one, target.open("rb") as other:
            while (piece := one.read(PIECE_BYTES)) and piece == other.read(PIECE_BYTES):
                pass
            equal = not piece
    if not equal:
        raise FileConflict(
            f"the run has a file {name!r} with other content: "
            "pass overwrite=True or choose another name"
        )


def _is_folder(path: Path) -> bool:
    """Tell whether it is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
