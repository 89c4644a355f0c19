"""The default engine: a workspace is a folder, a run is a folder in it, and no server.

`layout` draws what lies where. Every JSON document here is replaced atomically
and changed under a lock; everything that training appends is `writer`'s.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from typing import IO, TYPE_CHECKING, Any

from run_widgets.errors import (
    BadName,
    ExperimentNotFound,
    FileNotInRun,
    RunExists,
    RunNotFound,
    StoreUnavailable,
)
from run_widgets.records import RunStatus
from run_widgets.store import files, layout

# Both kinds of writer, whichever is used: a module that one thread imports while another
# forks can never be imported in the child.
from run_widgets.store.appended import AppendWriter
from run_widgets.store.documents import (
    Document,
    Labels,
    check_format,
    create_json,
    read_json,
    update_json,
    write_json,
    written_to,
)
from run_widgets.store.drive import append, can_be_mapped, is_local, overwrite
from run_widgets.store.lock import locked
from run_widgets.store.log_times import log_times
from run_widgets.store.mapped import MappedWriter
from run_widgets.store.process import this_process
from run_widgets.store.status import Sign, listed_record, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from run_widgets.records import FileEntry, RunRecord
    from run_widgets.store.listing import Listing
    from run_widgets.store.reader import LocalFollower
    from run_widgets.store.writer import Writer

__all__ = ["Document", "Labels", "LocalStore", "uuid4"]


class LocalStore:
    """The runs of the workspace at `root`, which is made when first written to.

    `only` is for a run folder that lies outside any workspace: run id to folder.
    """

    def __init__(self, root: Path, *, only: Mapping[str, Path] | None = None) -> None:
        self.root = root
        self._only = dict(only or {})
        self._places: dict[str, Path] = {}  # where a run was found last
        # What this process last saw of runs that it makes, changes or writes to and that
        # have not ended, to be written again should a folder vanish.
        self._last_seen: dict[str, Document] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _store_at, (self.root, self._only)

    @classmethod
    def of_run_folder(cls, folder: Path) -> tuple[LocalStore, str]:
        """Return a store in which the run at `folder` is, and the run's id.

        Raises
        ------
        RunNotFound
            `folder` holds no run.
        """
        folder = folder.resolve()
        document = read_json(folder / layout.RUN_FILE)
        if document is None:
            raise RunNotFound(f"no run in {folder}: it has no readable {layout.RUN_FILE}")
        workspace = folder.parent.parent
        own, told = _valid_id(folder.name), _valid_id(document.get("id"))
        if own and (workspace / layout.WORKSPACE_FILE).is_file():
            return cls(workspace), own
        run_id = told or own
        if run_id is None:
            raise RunNotFound(f"no run in {folder}: its {layout.RUN_FILE} has no id of a run")
        return cls(workspace, only={run_id: folder}), run_id

    # -- experiments -------------------------------------------------------------------

    def create_experiment(self, name: str) -> Document:
        """Return the experiment `name`, made now if there is none."""
        folder = self._experiment_folder(name)
        if folder.is_symlink():
            raise StoreUnavailable(
                f"{folder} is a link, and none is followed from a workspace inwards: "
                "to keep runs on another drive, put the whole workspace there"
            )
        known = read_json(folder / layout.EXPERIMENT_FILE)
        if known is not None:
            check_format(folder / layout.EXPERIMENT_FILE, known)
            return known
        document = {
            "format": layout.FORMAT,
            "name": name,
            "id": uuid4(),
            "created_at": time.time(),
            "tags": {},
            "archived_at": None,
        }
        try:
            self.create_workspace()
            folder.mkdir(exist_ok=True)
            create_json(folder / layout.EXPERIMENT_FILE, document)
        except OSError as error:
            raise StoreUnavailable(
                f"{folder} cannot be written: {error}: set RUN_WIDGETS_HOME to a folder that can, "
                "or make a folder .run-widgets where you work"
            ) from error
        return self.experiment(name)

    def experiment(self, name: str) -> Document:
        """Return the experiment's document.

        Raises
        ------
        ExperimentNotFound
        """
        document = self._experiment_in(self._experiment_folder(name))
        if document is None:
            raise ExperimentNotFound(f"no experiment {name!r} in {self.root}")
        return document

    def experiments(self) -> list[Document]:
        """Return every experiment's document, by name."""
        documents = [self._experiment_in(self.root / entry.name) for entry in _folders(self.root)]
        return sorted(
            (document for document in documents if document is not None),
            key=lambda document: str(document["name"]),
        )

    def _experiment_in(self, folder: Path) -> Document | None:
        """Return the document of the experiment in `folder`; one is made up where runs were
        copied to and nothing else.
        """
        document = read_json(folder / layout.EXPERIMENT_FILE) or {}
        if _names(document, folder):
            return document
        for entry in _folders(folder):
            run = read_json(folder / entry.name / layout.RUN_FILE)
            if run is not None:
                known = {"name": run.get("experiment")}
                name = known["name"] if _names(known, folder) else folder.name
                made_up: Document = {
                    "name": name,
                    "id": "",
                    "tags": {},
                    "created_at": run.get("created_at"),
                }
                return made_up if _names(made_up, folder) else None
        return None

    def update_experiment(self, name: str, change: Callable[[Document], None]) -> Document:
        """Apply `change` to the experiment's document, alone among all processes."""
        self.experiment(name)
        self.create_experiment(name)  # one whose runs were copied here has no document yet
        folder = self._experiment_folder(name)
        with written_to(folder):
            return update_json(folder / layout.EXPERIMENT_FILE, change)

    def delete_experiment(self, name: str) -> None:
        """Move an experiment that has no runs to the trash; its caller has made sure."""
        folder = self._experiment_folder(name)
        self._to_trash(folder, self.root / layout.TRASH / f"{folder.name}.{time.time_ns():x}")

    def _experiment_folder(self, name: str) -> Path:
        return self.root / layout.folder_of_experiment(name)

    def create_workspace(self) -> None:
        """Make the workspace's folder, for its owner's eyes only, unless it is there."""
        place = self.root / layout.WORKSPACE_FILE
        if place.exists():
            check_format(place, read_json(place) or {})
        else:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            create_json(place, {"format": layout.FORMAT})

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
        except FileExistsError:
            raise RunExists(
                f"run {run_id!r} was just made in {self.root}, or whoever made it was killed: "
                f"choose another id, resume it or remove {folder}"
            ) from None
        except OSError as error:
            raise StoreUnavailable(f"{folder} cannot be written: {error}") from error
        try:
            document: Document = {
                "format": layout.FORMAT,
                "id": run_id,
                "experiment": experiment,
                "number": self._next_number(folder.parent),
                "status": RunStatus.NOT_STARTED.value,
                "created_at": time.time(),
                "root": run_id,
                **fields,
            }
            write_json(folder / layout.RUN_FILE, document)
        except BaseException as error:
            with contextlib.suppress(OSError):
                folder.rmdir()
            if isinstance(error, OSError):
                raise StoreUnavailable(f"{folder} cannot be written: {error}") from error
            raise
        self._places[run_id] = folder
        return self._seen(document, folder, run_id)

    def _next_number(self, folder: Path) -> int:
        # Appending is atomic, but on network drives: where the byte landed is a number
        # nobody else has.
        with contextlib.nullcontext() if is_local(folder) else locked(folder):
            return append(folder / layout.NUMBERS_FILE, b".")

    def update_run(self, run_id: str, change: Callable[[Document], None]) -> RunRecord:
        """Apply `change` to the run's document, alone among all processes.

        Raises
        ------
        RunNotFound
        StoreUnavailable
            The document cannot be written; it is as it was.
        """
        folder = self.folder(run_id)
        with written_to(folder):
            document = update_json(folder / layout.RUN_FILE, change)
        return self._seen(document, folder, run_id)

    def own(self, document: Document) -> None:
        """Make the calling process the one whose life the run's status depends on."""
        document["owner"] = this_process()

    def sign_of(self, run_id: str) -> Sign:
        """Return what shows, once the keeper holds it, that the run's owner lives."""
        return Sign(self.folder(run_id))

    def writer(self, run_id: str) -> Writer:
        """Return this process's way of appending to the run."""
        document = self._last_seen.get(run_id)
        if document is None:
            self._last_seen[run_id] = document = self.document(run_id)
        # A folder that this process has seen and that is away now is waited for.
        folder = self._find(run_id) or self._places[run_id]
        identity = _identity(folder)

        def restore() -> None:
            if identity and identity in map(_identity, self._trash_of(run_id).glob(f"{run_id}-*")):
                raise RunNotFound(f"run {run_id!r} was deleted")
            if run_id not in self._only:
                self.create_workspace()
            folder.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(folder / layout.RUN_FILE):
                write_json(folder / layout.RUN_FILE, self._last_seen.get(run_id, document))

        return (MappedWriter if can_be_mapped(folder) else AppendWriter)(folder, restore)

    def _seen(self, document: Document, folder: Path, run_id: str) -> RunRecord:
        record = record_of(document, folder, run_id)
        if record.status.is_final:
            self._last_seen.pop(run_id, None)
        else:
            self._last_seen[run_id] = document
        return record

    def request_stop(self, run_id: str) -> None:
        """Ask the run to end at its next step.

        Raises
        ------
        RunNotFound, StoreUnavailable
            As `update_run`.
        """
        with written_to(self.folder(run_id)):
            overwrite(self.stop_file(run_id), b"")

    def stop_file(self, run_id: str) -> Path:
        """Return the file that is there once the run was asked to stop."""
        return self.folder(run_id) / layout.STOP_FILE

    def set_progress(self, run_id: str, done: int, total: int | None) -> None:
        """Keep how far the run's loop is, for the panel; a few times a second at the most."""
        # Always of one length, so that nothing is left of the line before.
        text = f"{done} {'' if total is None else total}".ljust(63) + "\n"
        overwrite(self.folder(run_id) / layout.PROGRESS_FILE, text.encode())

    def delete_run(self, run_id: str) -> Path:
        """Move the run's folder to the workspace's trash, and return where it lies.

        Raises
        ------
        RunNotFound, StoreUnavailable
            As `update_run`.
        """
        folder = self.folder(run_id)
        target = self._trash_of(run_id) / f"{run_id}-{time.time_ns():x}"
        self._to_trash(folder, target)
        return target

    @staticmethod
    def _to_trash(folder: Path, target: Path) -> None:
        with written_to(folder.parent):
            target.parent.mkdir(exist_ok=True)
            os.rename(folder, target)

    def is_deleted(self, run_id: str) -> bool:
        """Tell whether the run's folder is in the trash, and no other has its place."""
        if self._find(run_id) is not None:
            return False
        there = self._trash_of(run_id).glob(f"{run_id}-*")
        return any(re.fullmatch("[0-9a-f]+", path.name[len(run_id) + 1 :]) for path in there)

    def _trash_of(self, run_id: str) -> Path:
        only = self._only.get(run_id)
        return (self.root if only is None else only.parent) / layout.TRASH

    # -- runs: the reading half ------------------------------------------------------------

    def run(self, run_id: str) -> RunRecord:
        """Return the run as it is now, its status already true."""
        folder = self.folder(run_id)
        return record_of(self.document(run_id), folder, run_id)

    def run_numbered(self, experiment: str, number: int) -> RunRecord:
        """Return the run of this number in an experiment, as `run` does.

        Raises
        ------
        RunNotFound
        """
        for record in self.runs(experiment):
            if record.number == number:
                return self.run(record.id)
        raise RunNotFound(f"no run {number} in experiment {experiment!r} of {self.root}")

    def document(self, run_id: str) -> Document:
        """Return what the run's folder says, word for word; `run` tells what is true.

        Raises
        ------
        RunNotFound
        """
        folder = self.folder(run_id)
        document = read_json(folder / layout.RUN_FILE)
        if document is None:
            raise RunNotFound(f"run {run_id!r} in {folder} has no readable {layout.RUN_FILE}")
        return document

    def runs(
        self, experiment: str, tags: Labels = None, properties: Labels = None
    ) -> Iterator[RunRecord]:
        """Yield the runs of one experiment that have these labels, newest first."""
        from run_widgets.store.index import documents_of

        place = self._experiment_folder(experiment)
        for folder, document in documents_of(self.root, place, tags, properties):
            yield listed_record(document, folder)

    def watch(self, experiment: str, *, in_turn: int | None = None) -> Listing:
        """Return what tells again and again which runs the experiment has, and their digests.

        Each look asks about `in_turn` runs that have ended, a thousand by default.
        """
        from run_widgets.store.listing import IN_TURN, Listing

        place = self._experiment_folder(experiment)
        return Listing(self.root, place, listed_record, in_turn=in_turn or IN_TURN)

    def follow(self, run_id: str, *, at_once: int = 0) -> LocalFollower:
        """Return a reader that starts before the run's first value.

        It takes `at_once` points of a writer with each look; 0 is for many.
        """
        from run_widgets.store.reader import LocalFollower

        return LocalFollower(self.folder(run_id) / layout.METRICS, at_once)

    def folder(self, run_id: str) -> Path:
        """Return the folder of a run.

        Raises
        ------
        RunNotFound
        """
        folder = self._find(run_id)
        if folder is None:
            why = ", which this user may not read" * _is_refused(self.root)
            raise RunNotFound(f"no run {run_id!r} in {self.root}{why}")
        return folder

    def _find(self, run_id: str) -> Path | None:
        if run_id in self._only:
            return self._only[run_id]
        if _valid_id(run_id) is None:
            return None
        known = self._places.get(run_id)
        if known is not None and _holds_run(str(known)):
            return known
        for entry in _folders(self.root):
            if _holds_run(f"{entry.path}/{run_id}"):
                self._places[run_id] = self.root / entry.name / run_id
                return self._places[run_id]
        return None

    # -- files -------------------------------------------------------------------------------

    def files(self, run_id: str) -> list[FileEntry]:
        """Return the run's files, sorted by path; links and special files are not files."""
        return files.list_files(self.folder(run_id))

    def file_path(self, run_id: str, name: str) -> Path:
        """Return where the run's file `name` lies, for reading only."""
        path = files.find_file(self.folder(run_id), name)
        if path is None:
            available = ", ".join(entry.path for entry in self.files(run_id)[:20]) or "none"
            raise FileNotInRun(f"run {run_id!r} has no file {name!r}; its files: {available}")
        return path

    def log_times(self, run_id: str, name: str) -> list[tuple[float, int]]:
        """Return when the run's log `name` had come how far."""
        return log_times(self.folder(run_id), name)

    def add_file(
        self, run_id: str, name: str, source: Path | IO[Any], *, overwrite: bool = False
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
        StoreUnavailable
            The run's folder cannot be written.
        """
        return files.add_file(self.folder(run_id), name, source, overwrite=overwrite)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Return what stays the same of a folder that is moved; None where it is not there."""
    try:
        facts = os.stat(folder)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _valid_id(value: object) -> str | None:
    try:
        return layout.run_id(value)
    except BadName:
        return None


def _names(document: Mapping[str, Any], folder: Path) -> bool:
    """Tell whether `document` has the name of the experiment that lies in `folder`."""
    try:
        return layout.folder_of_experiment(document.get("name")) == folder.name
    except BadName:
        return False


def _folders(parent: Path) -> list[os.DirEntry[str]]:
    """Return the folders in a folder, without links, which may lead anywhere."""
    try:
        with os.scandir(parent) as entries:
            return [
                entry
                for entry in entries
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []


def _is_refused(folder: Path) -> bool:
    """Tell whether this user may not look into `folder`."""
    try:
        os.scandir(folder).close()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _holds_run(folder: str) -> bool:
    """Tell whether `folder` is a run's, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(folder).st_mode) and stat.S_ISREG(
            os.lstat(f"{folder}/{layout.RUN_FILE}").st_mode
        )
    except (OSError, ValueError):
        return False


def _store_at(root: Path, only: dict[str, Path]) -> LocalStore:
    return LocalStore(root, only=only)


def uuid4() -> str:
    """Return a new random id, without the module `uuid`, which takes its time to import."""
    bits = int.from_bytes(os.urandom(16), "big")
    bits = bits & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
