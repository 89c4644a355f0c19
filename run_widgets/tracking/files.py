"""The files of a run: put in, listed, taken out."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from run_widgets.errors import (
    BadArgument,
    BadType,
    FileNotInRun,
    NoSuchFile,
    NotAFolder,
)
from run_widgets.store import layout
from run_widgets.tracking.handle import Handle

if TYPE_CHECKING:
    from collections.abc import Iterable


OUTPUTS = "outputs"
"""The folder whose files become a run's when it ends, unless another is named."""

EXECUTED_VARIABLE = "RUN_WIDGETS_EXECUTED_NOTEBOOK"
"""In the kernel of a submitted notebook: where that is kept as it is executed. It is an output
of the run that it is, not of those that it starts."""


Stamp = tuple[int, int, int, int] | None


class Files(Handle):
    """The files of a run."""

    def upload_file(
        self,
        name: str | Path,
        path_or_stream: str | Path | IO[Any],
        datastore_name: str | None = None,
        *,
        overwrite: bool = False,
    ) -> Path:
        """Keep a file with the run as `name`, and return where it lies now.

        Raises
        ------
        BadName
            `name` is not a relative path inside the run.
        NoSuchFile
            There is no such file.
        FileConflict
            The name is taken by other content, and `overwrite` is false.
        RunClosed
            The run has ended.
        StoreUnavailable
            The run's folder cannot be written.
        """
        del datastore_name
        name = layout.file_name(name)
        self._check_open()
        return self.store.add_file(self.id, name, _source(path_or_stream), overwrite=overwrite)

    def upload_files(
        self,
        names: Iterable[str | Path],
        paths: Iterable[str | Path],
        return_artifacts: bool = False,
        timeout_seconds: float | None = None,
        datastore_name: str | None = None,
        *,
        overwrite: bool = False,
    ) -> list[Path]:
        """Keep several files: `names` and `paths` go in pairs."""
        del return_artifacts, timeout_seconds, datastore_name
        names, paths = list(names), list(paths)
        if len(names) != len(paths):
            raise BadType(
                f"upload_files takes as many paths as names, got {len(paths)} paths "
                f"and {len(names)} names"
            )
        return [
            self.upload_file(name, path, overwrite=overwrite)
            for name, path in zip(names, paths, strict=True)
        ]

    def upload_folder(
        self,
        name: str,
        path: str | Path,
        datastore_name: str | None = None,
        *,
        overwrite: bool = False,
    ) -> list[Path]:
        """Keep every file below the folder `path`, below `name`.

        Raises
        ------
        NotAFolder
            `path` is not a folder.
        """
        del datastore_name
        folder = Path(path)
        if not folder.is_dir():
            raise NotAFolder(f"upload_folder takes a folder, got {str(path)!r}")
        prefix = layout.file_name(name.rstrip("/"))
        return [
            self.upload_file(
                f"{prefix}/{file.relative_to(folder).as_posix()}", file, overwrite=overwrite
            )
            for file in _files_below(folder)
        ]

    def get_file_names(self) -> list[str]:
        """Return the run's files as sorted paths with forward slashes."""
        return [entry.path for entry in self.store.files(self.id)]

    def download_file(
        self, name: str | Path, output_file_path: str | Path | None = None, **ignored: object
    ) -> Path:
        """Copy one of the run's files out of it, and return where to.

        `output_file_path` is a file, or a folder that exists or ends in a slash;
        default: the file's own name in the current folder.

        Raises
        ------
        FileNotInRun
            The run has no such file; the message lists those it has.
        """
        import shutil

        del ignored
        source = self.store.file_path(self.id, str(name))
        target = Path(output_file_path) if output_file_path is not None else Path(source.name)
        if target.is_dir() or str(output_file_path).endswith(("/", os.sep)):
            target = target / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return target

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: str | Path | None = None,
        output_paths: Iterable[str | Path] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: float | None = None,
    ) -> list[Path]:
        """Copy every file below the folder `prefix`, and return where to.

        Raises
        ------
        FileNotInRun
            The run has no file below `prefix`.
        BadArgument
            `output_paths` are not as many as the files, or not all different.
        """
        del batch_size, timeout_seconds
        folder = str(prefix or "").replace("\\", "/").removeprefix("./").strip("/")
        names = [
            name
            for name in self.get_file_names()
            if not folder or name in (folder, prefix) or name.startswith(f"{folder}/")
        ]
        if not names:
            raise FileNotInRun(f"run {self.id!r} has no files below {prefix!r}")
        if output_paths is not None:
            targets = [Path(path) for path in output_paths]
            if len(set(targets)) != len(names):
                raise BadArgument(
                    f"output_paths must be {len(names)} different paths, got {len(targets)}"
                )
        else:
            top = Path(output_directory) if output_directory is not None else Path()
            cut = 0 if append_prefix or output_directory is None or not folder else len(folder) + 1
            targets = [top / (name[cut:] or Path(name).name) for name in names]
        return [
            self.download_file(name, target) for name, target in zip(names, targets, strict=True)
        ]

    def _note_outputs_of_before(self) -> None:
        """Leave to others what lies in the folders of outputs now, as long as nobody changes it."""
        for folder in self._outputs:
            for file in _files_below(Path(folder)):
                self._outputs_of_before[file] = _stamp(file)

    def _collect_outputs(self) -> None:
        for folder in self._outputs:
            for file in _files_below(Path(folder)):
                if self._outputs_of_before.get(file, ()) == _stamp(file):
                    continue
                if os.path.abspath(file) == os.environ.get(EXECUTED_VARIABLE):
                    continue
                name = (_name_in_run(folder) / file.relative_to(folder)).as_posix()
                try:
                    self.store.add_file(self.id, name, file)
                except (OSError, ValueError, LookupError) as error:  # not the run's trouble
                    warnings.warn(
                        f"run-widgets: {file} was not collected: {error}",
                        RuntimeWarning,
                        stacklevel=4,
                    )
            with contextlib.suppress(OSError):
                os.rmdir(folder)  # it was made for this run and stayed empty


def folders_of(outputs: str | bool | Iterable[str] | None) -> tuple[str, ...]:
    """Return the folders to collect: none for False, the usual one for True or None."""
    if outputs is None or outputs is True:
        return (OUTPUTS,)
    if outputs is False:
        return ()
    return (outputs,) if isinstance(outputs, str) else tuple(outputs)


def _name_in_run(folder: str) -> Path:
    """Return what a folder of outputs is called in the run: its path from here, if it is below."""
    path = Path(os.path.abspath(folder))
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else Path(path.name)


def _source(path_or_stream: str | Path | IO[Any]) -> Path | IO[Any]:
    if isinstance(path_or_stream, str | Path):
        path = Path(path_or_stream)
        if not path.is_file():
            raise NoSuchFile(f"there is no file {str(path_or_stream)!r} to upload")
        return path
    if not hasattr(path_or_stream, "read"):
        raise BadType(f"upload_file takes a path or an open file, got {path_or_stream!r}")
    return path_or_stream


def _stamp(file: Path) -> Stamp:
    """Return what tells whether a file has been written or replaced since."""
    with contextlib.suppress(OSError):
        found = file.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return None


def _files_below(folder: Path) -> list[Path]:
    return sorted(
        Path(parent, name)
        for parent, _, names in os.walk(folder)
        for name in names
        if Path(parent, name).is_file()
    )
