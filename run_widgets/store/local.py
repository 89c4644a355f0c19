"""The default engine: a workspace is a folder, a run is a folder in it, and no server.

`layout` draws what lies where. Every JSON document here is replaced atomically
and changed under a lock; everything that training appends is `writer`'s.
"""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from run_widgets.errors import (
    BadName,
    ExperimentNotFound,
    FileConflict,
    FileNotInRun,
    RunExists,
    RunNotFound,
    StoreUnavailable,
)
from run_widgets.records import FileEntry, RunError, RunRecord, RunStatus
from run_widgets.store import layout
from run_widgets.store.drive import can_be_mapped, open_plain
from run_widgets.store.lock import locked
from run_widgets.store.process import Process, is_alive, this_process

if TYPE_CHECKING:
    from run_widgets.store.listing import Listing
    from run_widgets.store.reader import LocalFollower
    from run_widgets.store.writer import Writer

Document = dict[str, Any]

Labels = str | Mapping[str, str | None] | None
"""Tags or properties a run must have: one key with any value, or every pair of a dict."""

NOT_RESPONDING_AFTER_S = 120.0
FAILED_AFTER_S = 1800.0
"""Of silence from another machine, whose processes cannot be asked for."""


class LocalStore:
    """The runs of the workspace at `root`, which is made when first written to.

    `only` is for a run folder that lies outside any workspace: run id to folder.
    """

    def __init__(self, root: Path, *, only: Mapping[str, Path] | None = None) -> None:
        self.root = root
        self._only = dict(only or {})

    @classmethod
    def of_run_folder(cls, folder: Path) -> tuple[LocalStore, str]:
        """Return a store in which the run at `folder` is, and the run's id.

        Raises
        ------
        RunNotFound
            `folder` holds no run.
        """
        document = _read_json(folder / layout.RUN_FILE)
        if document is None or not isinstance(document.get("id"), str):
            raise RunNotFound(f"no run in {folder}: it has no readable {layout.RUN_FILE}")
        workspace = folder.resolve().parent.parent
        if (workspace / layout.WORKSPACE_FILE).is_file() and folder.name == document["id"]:
            return cls(workspace), document["id"]
        return cls(workspace, only={document["id"]: folder}), document["id"]

    # -- experiments -------------------------------------------------------------------

    def create_experiment(self, name: str) -> Document:
        """Return the experiment `name`, made now if there is none."""
        folder = self._experiment_folder(name)
        known = _read_json(folder / layout.EXPERIMENT_FILE)
        if known is not None:
            return known
        try:
            self.create_workspace()
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{folder} cannot be written: {error}") from error
        document = {
            "format": layout.FORMAT,
            "name": name,
            "id": str(uuid.uuid4()),
            "created_at": time.time(),
            "tags": {},
            "archived_at": None,
        }
        _create_json(folder / layout.EXPERIMENT_FILE, document)
        return self.experiment(name)

    def experiment(self, name: str) -> Document:
        """Return the experiment's document.

        Raises
        ------
        ExperimentNotFound
        """
        document = _read_json(self._experiment_folder(name) / layout.EXPERIMENT_FILE)
        if document is None:
            raise ExperimentNotFound(f"no experiment {name!r} in {self.root}")
        return document

    def experiments(self) -> list[Document]:
        """Return every experiment's document, by name."""
        documents = [
            _read_json(Path(entry.path) / layout.EXPERIMENT_FILE) for entry in _folders(self.root)
        ]
        return sorted(
            (document for document in documents if document and "name" in document),
            key=lambda document: str(document["name"]),
        )

    def update_experiment(self, name: str, change: Callable[[Document], None]) -> Document:
        """Apply `change` to the experiment's document, alone among all processes."""
        self.experiment(name)
        return _update_json(self._experiment_folder(name) / layout.EXPERIMENT_FILE, change)

    def delete_experiment(self, name: str) -> None:
        """Remove an experiment that has no runs; its caller has made sure."""
        folder = self._experiment_folder(name)
        for leftover in (layout.EXPERIMENT_FILE, layout.NUMBERS_FILE):
            (folder / leftover).unlink(missing_ok=True)
        folder.rmdir()

    def _experiment_folder(self, name: str) -> Path:
        return self.root / layout.folder_of_experiment(name)

    def create_workspace(self) -> None:
        """Make the workspace's folder, for its owner's eyes only, unless it is there."""
        if not (self.root / layout.WORKSPACE_FILE).exists():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create_json(self.root / layout.WORKSPACE_FILE, {"format": layout.FORMAT})

    # -- runs: the writing half -----------------------------------------------------------

    def create_run(self, experiment: str, run_id: str, fields: Mapping[str, Any]) -> RunRecord:
        """Make the folder of a new run of an existing experiment.

        `fields` are those of `RunRecord` that are known already.

        Raises
        ------
        RunExists
            Another run has that id.
        StoreUnavailable
            The folder cannot be written.
        """
        layout.run_id(run_id)
        folder = self._experiment_folder(experiment) / run_id
        if self._find(run_id) is not None:
            raise RunExists(f"run {run_id!r} exists in {self.root}: choose another id or resume it")
        try:
            folder.mkdir()
            number = self._next_number(folder.parent)
            document: Document = {
                "format": layout.FORMAT,
                "id": run_id,
                "experiment": experiment,
                "number": number,
                "status": RunStatus.NOT_STARTED.value,
                "created_at": time.time(),
                "root": run_id,
                **fields,
            }
            _write_json(folder / layout.RUN_FILE, document)
        except FileExistsError:
            raise RunExists(f"run {run_id!r} exists in {self.root}") from None
        except OSError as error:
            raise StoreUnavailable(f"{folder} cannot be written: {error}") from error
        return _record(document, folder)

    def _next_number(self, folder: Path) -> int:
        # Appending is atomic: where the byte landed is a number nobody else has.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(folder / layout.NUMBERS_FILE, flags, 0o666)
        try:
            os.write(descriptor, b".")
            return os.lseek(descriptor, 0, os.SEEK_CUR)
        finally:
            os.close(descriptor)

    def update_run(self, run_id: str, change: Callable[[Document], None]) -> RunRecord:
        """Apply `change` to the run's document, alone among all processes.

        Raises
        ------
        RunNotFound
        StoreUnavailable
            The document cannot be written; it is as it was.
        """
        folder = self.folder(run_id)
        try:
            document = _update_json(folder / layout.RUN_FILE, change)
        except OSError as error:
            raise StoreUnavailable(f"{folder} cannot be written: {error}") from error
        return _record(document, folder)

    def own(self, document: Document) -> None:
        """Make the calling process the one whose life the run's status depends on."""
        document["owner"] = this_process()

    def writer(self, run_id: str) -> Writer:
        """Return this process's way of appending to the run."""
        folder = self.folder(run_id)
        document = folder / layout.RUN_FILE
        content = document.read_bytes()

        def restore() -> None:
            self.create_workspace()
            folder.mkdir(parents=True, exist_ok=True)
            if not document.exists():
                _replace(document, content)

        if can_be_mapped(folder):
            from run_widgets.store.mapped import MappedWriter

            return MappedWriter(folder, restore)
        from run_widgets.store.appended import AppendWriter

        return AppendWriter(folder, restore)

    def request_stop(self, run_id: str) -> None:
        """Ask the run to end at its next step."""
        self.stop_file(run_id).touch()

    def stop_file(self, run_id: str) -> Path:
        """Return the file that is there once the run was asked to stop."""
        return self.folder(run_id) / layout.STOP_FILE

    def set_progress(self, run_id: str, done: int, total: int | None) -> None:
        """Keep how far the run's loop is, for the panel; a few times a second at the most."""
        text = f"{done} {'' if total is None else total}".ljust(63) + "\n"
        # One write of one length: a reader sees the old line or the new one.
        descriptor = os.open(
            self.folder(run_id) / layout.PROGRESS_FILE, os.O_WRONLY | os.O_CREAT, 0o666
        )
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)

    def delete_run(self, run_id: str) -> Path:
        """Move the run's folder to the workspace's trash, and return where it lies."""
        folder = self.folder(run_id)
        trash = self.root / layout.TRASH
        trash.mkdir(exist_ok=True)
        target = trash / f"{run_id}-{time.time_ns():x}"
        os.rename(folder, target)
        return target

    # -- runs: the reading half ------------------------------------------------------------

    def run(self, run_id: str) -> RunRecord:
        """Return the run as it is now, its status already true."""
        folder = self.folder(run_id)
        return _record(_document(folder), folder)

    def document(self, run_id: str) -> Document:
        """Return what the run's folder says, word for word; `run` tells what is true.

        Raises
        ------
        RunNotFound
        """
        return _document(self.folder(run_id))

    def runs(
        self, experiment: str, tags: Labels = None, properties: Labels = None
    ) -> Iterator[RunRecord]:
        """Yield the runs of one experiment that have these labels, newest first."""
        from run_widgets.store.index import documents_of

        place = self._experiment_folder(experiment)
        for folder, document in documents_of(self.root, place, tags, properties):
            yield _listed_record(document, folder)

    def watch(self, experiment: str) -> Listing:
        """Return what tells again and again which runs the experiment has, and their digests."""
        from run_widgets.store.listing import Listing

        return Listing(self.root, self._experiment_folder(experiment), _listed_record)

    def follow(self, run_id: str) -> LocalFollower:
        """Return a reader that starts before the run's first value."""
        from run_widgets.store.reader import LocalFollower

        return LocalFollower(self.folder(run_id) / layout.METRICS)

    def folder(self, run_id: str) -> Path:
        """Return the folder of a run.

        Raises
        ------
        RunNotFound
        """
        folder = self._find(run_id)
        if folder is None:
            raise RunNotFound(f"no run {run_id!r} in {self.root}")
        return folder

    def _find(self, run_id: str) -> Path | None:
        if run_id in self._only:
            return self._only[run_id]
        try:
            layout.run_id(run_id)
        except BadName:
            return None
        for entry in _folders(self.root):
            if os.path.lexists(os.path.join(entry.path, run_id, layout.RUN_FILE)):
                return Path(entry.path) / run_id
        return None

    # -- files -------------------------------------------------------------------------------

    def files(self, run_id: str) -> list[FileEntry]:
        """Return the run's files, sorted by path; links and special files are not files."""
        top = self.folder(run_id) / layout.FILES
        entries = []
        for parent, _, names in os.walk(top):
            for name in names:
                path = Path(parent, name)
                try:
                    facts = path.lstat()
                except OSError:
                    continue  # gone since it was listed
                if stat.S_ISREG(facts.st_mode):
                    relative = path.relative_to(top).as_posix()
                    entries.append(FileEntry(relative, facts.st_size, facts.st_mtime))
        return sorted(entries, key=lambda entry: entry.path)

    def file_path(self, run_id: str, name: str) -> Path:
        """Return where the run's file `name` lies, for reading only."""
        top = self.folder(run_id) / layout.FILES
        try:
            path = top / layout.file_name(name)
            resolved, inside = path.resolve(), top.resolve()
            safe = resolved.is_relative_to(inside) and stat.S_ISREG(path.lstat().st_mode)
        except (BadName, OSError, ValueError):
            safe = False
        if not safe:
            available = ", ".join(entry.path for entry in self.files(run_id)[:20]) or "none"
            raise FileNotInRun(f"run {run_id!r} has no file {name!r}; its files: {available}")
        return resolved

    def add_file(
        self, run_id: str, name: str, source: Path | IO[bytes], *, overwrite: bool = False
    ) -> Path:
        """Copy `source` into the run as `name`; content that is there already stays.

        Raises
        ------
        BadName
            `name` is not a relative path inside the run.
        FileNotFoundError
            There is no file `source`.
        FileConflict
            The name is taken by other content, and `overwrite` is false.
        """
        folder = self.folder(run_id)
        target = folder / layout.FILES / layout.file_name(name)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-", delete=False) as temporary:
            try:
                if isinstance(source, Path):
                    with source.open("rb") as file:
                        shutil.copyfileobj(file, temporary, 2**20)
                else:
                    shutil.copyfileobj(source, temporary, 2**20)
                temporary.close()
                os.chmod(temporary.name, 0o644)
                self._place(Path(temporary.name), target, name, overwrite=overwrite)
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(temporary.name)
        return target

    def _place(self, new: Path, target: Path, name: str, *, overwrite: bool) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise FileConflict(
                f"{name!r} cannot be a file: a folder of that path is a file"
            ) from None
        if target.is_dir():
            raise FileConflict(f"{name!r} cannot be a file: the run has a folder of that name")
        if overwrite:
            os.replace(new, target)
            return
        try:
            os.link(new, target)  # fails if the target exists, whoever made it
        except FileExistsError:
            if not filecmp.cmp(new, target, shallow=False):
                raise FileConflict(
                    f"the run has a file {name!r} with other content: "
                    "pass overwrite=True or choose another name"
                ) from None
        except OSError:  # a drive without hard links
            if target.exists() and not filecmp.cmp(new, target, shallow=False):
                raise FileConflict(f"the run has a file {name!r} with other content") from None
            os.replace(new, target)


# -- what a folder says -------------------------------------------------------------------


def _listed_record(document: Mapping[str, Any], folder: Path) -> RunRecord:
    """Return what `_record` does, for a list of very many: of a run that ended, no file is read."""
    return _record(document, folder, is_listed=True)


def _record(document: Mapping[str, Any], folder: Path, *, is_listed: bool = False) -> RunRecord:
    """Return a run's document as a record, with the status that is true now.

    The document may come from a stranger: what has the wrong type is left out.
    """

    def get(key: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
        value = document.get(key)
        return value if isinstance(value, kind) else default

    status, error, ended_at = _true_status(document, folder)
    done, total = (None, None) if is_listed and status.is_final else _progress(folder)
    number = (int, float)
    return RunRecord(
        id=get("id", str, folder.name),
        experiment=get("experiment", str, folder.parent.name),
        number=get("number", int, 0),
        status=status,
        created_at=get("created_at", number, 0.0),
        started_at=get("started_at", number),
        ended_at=ended_at,
        display_name=get("display_name", str, ""),
        description=get("description", str, ""),
        type=get("type", str),
        target=get("target", str, "local"),
        created_by=get("created_by", str, ""),
        parent=get("parent", str),
        root=get("root", str, folder.name),
        script=get("script", str, ""),
        arguments=tuple(map(str, get("arguments", list, []))),
        tags=_texts(get("tags", dict, {})),
        properties=_texts(get("properties", dict, {})),
        error=error,
        waiting_for=get("waiting_for", str, ""),
        interrupted=get("interrupted", str, ""),
        stop_requested=not status.is_final and (folder / layout.STOP_FILE).exists(),
        goals={k: str(v) for k, v in get("goals", dict, {}).items()},
        done_steps=done,
        total_steps=total,
    )


def _progress(folder: Path) -> tuple[int | None, int | None]:
    """Return the steps done and the steps in all of the loop that a run tracks."""
    try:
        with os.fdopen(open_plain(folder / layout.PROGRESS_FILE), "rb") as file:
            numbers = [int(number) for number in file.read(64).split()]
    except (OSError, ValueError):
        return None, None
    return (numbers[0], numbers[1] if len(numbers) > 1 else None) if numbers else (None, None)


def _texts(values: Mapping[str, Any]) -> dict[str, str | None]:
    return {key: None if value is None else str(value) for key, value in values.items()}


def _error(document: Mapping[str, Any]) -> RunError | None:
    error = document.get("error")
    if not isinstance(error, dict):
        return None
    known = {key: str(error.get(key, "")) for key in ("message", "type", "traceback")}
    return RunError(code=str(error.get("code", "UserError")), **known)


def _true_status(
    document: Mapping[str, Any], folder: Path
) -> tuple[RunStatus, RunError | None, float | None]:
    """Return the status, the error and the end of a run whose owner may have died."""
    error, ended_at = _error(document), document.get("ended_at")
    ended_at = ended_at if isinstance(ended_at, int | float) else None
    try:
        status = RunStatus(document.get("status", ""))
    except ValueError:
        return RunStatus.NOT_RESPONDING, error, ended_at
    owner = document.get("owner")
    if status.is_final or not isinstance(owner, dict):
        return status, error, ended_at
    lives = _is_alive(owner)
    if lives:
        return status, error, None
    processes = list(_writers(folder))
    if isinstance(document.get("command"), dict):
        processes.append(document["command"])  # it may outlive its supervisor
    others = [_is_alive(process) for process in processes]
    if any(others):
        return status, error, None
    last = _last_sign(folder)
    pid, host = owner.get("pid"), owner.get("host")
    if lives is None or None in others:
        silent_s = time.time() - last
        if silent_s < NOT_RESPONDING_AFTER_S:
            return status, error, None
        if silent_s < FAILED_AFTER_S:
            return RunStatus.NOT_RESPONDING, error, None
        reason = f"process {pid} on {host} has shown no sign of life for {silent_s / 60:.0f} min"
    else:
        reason = f"process {pid} ended without completing the run"
    if isinstance(document.get("interrupted"), str) and document["interrupted"]:
        reason += f" (before that: {document['interrupted']})"
    return RunStatus.FAILED, error or RunError(reason, code="ProcessEnded"), last


def _is_alive(process: Mapping[str, Any]) -> bool | None:
    if not isinstance(process.get("pid"), int) or process["pid"] <= 0:
        return None
    known = {key: str(process.get(key, "")) for key in ("started", "host", "boot", "space")}
    return is_alive(Process(pid=process["pid"], **known))  # type: ignore[typeddict-item]


def _writers(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the processes that have appended to the run."""
    for path in sorted((folder / layout.METRICS).glob("*.jsonl")):
        try:
            with os.fdopen(open_plain(path), "rb") as file:
                header = json.loads(file.readline(4096))
            if isinstance(header["writer"], dict):
                yield header["writer"]
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _last_sign(folder: Path) -> float:
    """Return when anything in the run's folder was last written."""
    last = 0.0
    for path in (folder / layout.RUN_FILE, *(folder / layout.METRICS).glob("*")):
        with contextlib.suppress(OSError):
            last = max(last, path.lstat().st_mtime)
    return last


# -- documents ------------------------------------------------------------------------------


def _folders(parent: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(parent) as entries:
            return [e for e in entries if not e.name.startswith(".") and e.is_dir()]
    except OSError:
        return []


def _read_json(path: Path) -> Document | None:
    """Return a document, or None where there is none that can be read."""
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            document = json.loads(file.read(layout.DOCUMENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _write_json(path: Path, document: Document) -> None:
    _replace(path, json.dumps(document, indent=1).encode())


def _replace(path: Path, content: bytes) -> None:
    temporary = f"{path}.{os.getpid()}-{time.monotonic_ns():x}.new"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _document(folder: Path) -> Document:
    document = _read_json(folder / layout.RUN_FILE)
    if document is None:
        raise RunNotFound(f"run {folder.name!r} in {folder} has no readable {layout.RUN_FILE}")
    return document


def _create_json(path: Path, document: Document) -> None:
    """Write a new document whole, unless another process was first."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{time.monotonic_ns():x}")
    temporary.write_text(json.dumps(document, indent=1))
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError:  # a drive without hard links
        if not path.exists():
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _update_json(path: Path, change: Callable[[Document], None]) -> Document:
    with locked(path.parent):
        document = _read_json(path)
        if document is None:
            raise RunNotFound(f"{path} cannot be read")
        change(document)
        _write_json(path, document)
    return document
