"""A cache of every `run.json` of a workspace, so that listing reads only what changed.

The folders are the truth. Each listing compares them with the cache by the
inode, time and size of their documents, reads those that differ, and forgets
those that are gone; a cache that is missing, broken or locked costs time only.
No link is followed, neither to a run nor to the cache.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from run_widgets.store import layout
from run_widgets.store.drive import is_local, read_plain
from run_widgets.store.status import moment

BUSY_TIMEOUT_S = 5.0

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

    from run_widgets.store.documents import Document, Labels

Stamp = tuple[int, int, int]

Entry = tuple[str, str, str | None]
"""A run's folder name, its document, and the digest that was made of it."""

ROWS_AT_ONCE = 500

READ_AT_ONCE = 5_000
"""Documents that are read for one transaction, so that others are not kept waiting for long."""

TICK_NS = 100_000_000
"""A document that changed no longer ago may change again without a new time."""

# Changed in any way, it gets a new number: a cache of another number is made anew.
VERSION = 4
SCHEMA = """
CREATE TABLE run (
    id         INTEGER PRIMARY KEY,
    experiment TEXT    NOT NULL,  -- folder of the experiment
    name       TEXT    NOT NULL,  -- folder of the run in it
    inode      INTEGER NOT NULL,  -- of run.json, when it was read
    changed_ns INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    is_sure    INTEGER NOT NULL,  -- 0 where it was read so soon that it may have changed since
    created_at REAL    NOT NULL,  -- seconds since the epoch, UTC
    labels     BLOB    NOT NULL,  -- tags and properties as `_label` writes them
    document   TEXT    NOT NULL,  -- run.json as it stands
    digest     TEXT,              -- of its metrics, where run.json has none and it has been made
    UNIQUE (experiment, name)
) STRICT;
CREATE TABLE experiment (
    folder TEXT PRIMARY KEY,
    state  TEXT NOT NULL          -- of its folder and all documents when they were compared last
) STRICT;
"""


class Index:
    """The cache of the workspace at `root`; open it, list, close it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._db = _open(root)

    def close(self) -> None:
        self._db.close()

    def documents(
        self, experiment: Path, tags: Labels = None, properties: Labels = None
    ) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield folder and document of the runs in the folder `experiment`, newest first."""
        wanted = {"tags": tags, "properties": properties}
        try:
            rows = self._rows(experiment, wanted)
        except sqlite3.DatabaseError as error:
            self._db.close()
            # Locked for long, a read-only or full disk: this listing goes without it.
            if not isinstance(error, sqlite3.OperationalError):
                _remove(self._root)  # broken
            self._db = _create(":memory:")
            rows = self._rows(experiment, wanted)
        for name, text in rows:
            document = _parsed(text)
            # The cache may come from a stranger, too.
            if document is None or not layout.RUN_ID.fullmatch(name):
                continue
            if _has_labels(document, wanted):
                yield experiment / name, document

    def _rows(self, experiment: Path, wanted: Mapping[str, Labels]) -> list[tuple[str, str]]:
        self._refresh(experiment)
        conditions, values = _conditions(wanted)
        return self._db.execute(
            f"""
            SELECT name, document
              FROM run
             WHERE experiment = ?{conditions}
             ORDER BY created_at DESC, id DESC
            """,
            (experiment.name, *values),
        ).fetchall()

    # -- for a `Listing`, which looks again and again ----------------------------------

    def known(self, experiment: Path) -> dict[str, tuple[int, Stamp]]:
        """Return each run's row and stamp by its folder's name, newest run first."""
        rows = self._db.execute(
            """
            SELECT name, id, inode, changed_ns, bytes
              FROM run
             WHERE experiment = ?
             ORDER BY created_at DESC, id DESC
            """,
            (experiment.name,),
        )
        return {name: (row, tuple(stamp)) for name, row, *stamp in rows}

    def rows(self, ids: Sequence[int]) -> Iterator[Entry]:
        """Yield the rows `ids`, those that are still there, in any order."""
        for start in range(0, len(ids), ROWS_AT_ONCE):
            some = ids[start : start + ROWS_AT_ONCE]
            places = ",".join("?" * len(some))
            yield from self._db.execute(
                f"SELECT name, document, digest FROM run WHERE id IN ({places})", some
            )

    def read(self, experiment: Path, stamps: Mapping[str, Stamp]) -> list[Entry]:
        """Read the documents of these runs from their folders, and keep them."""
        return [(run.name, run.text, None) for run in self._replace(experiment, set(), stamps)]

    def keep_digests(self, experiment: Path, digests: Mapping[str, tuple[Stamp, str]]) -> None:
        """Keep what was made of runs' points, for as long as their documents stay as they are."""
        with self._writing():
            self._db.executemany(
                """
                UPDATE run
                   SET digest = ?
                 WHERE experiment = ? AND name = ?
                   AND inode = ? AND changed_ns = ? AND bytes = ?
                """,
                ((text, experiment.name, name, *stamp) for name, (stamp, text) in digests.items()),
            )

    def _refresh(self, experiment: Path) -> None:
        there, state = _stamps(experiment)
        if state == self._state(experiment):
            return
        known: dict[str, Stamp | None] = {
            name: (inode, changed_ns, size) if is_sure else None
            for name, inode, changed_ns, size, is_sure in self._db.execute(
                "SELECT name, inode, changed_ns, bytes, is_sure FROM run WHERE experiment = ?",
                (experiment.name,),
            )
        }
        gone = known.keys() - there.keys()
        new = ((name, stamp) for name, stamp in there.items() if known.get(name) != stamp)
        while (some := dict(islice(new, READ_AT_ONCE))) or gone:
            self._replace(experiment, gone, some)
            gone = set()
        if state is not None:
            with self._writing():
                self._db.execute(
                    "INSERT OR REPLACE INTO experiment (folder, state) VALUES (?, ?)",
                    (experiment.name, state),
                )

    def _state(self, experiment: Path) -> str:
        found = self._db.execute(
            "SELECT state FROM experiment WHERE folder = ?", (experiment.name,)
        ).fetchone()
        return found[0] if found else ""

    def _replace(self, experiment: Path, gone: Set[str], new: Mapping[str, Stamp]) -> list[_Run]:
        """Forget the runs `gone`, read and return the runs `new`, as far as they can be read."""
        found = (_read(experiment, name) for name in new)
        runs = [run for run in found if run is not None]
        forgotten = gone | new.keys() - {run.name for run in runs}
        with self._writing():
            digests = self._digests(experiment, list(new))
            self._db.executemany(
                "DELETE FROM run WHERE experiment = ? AND name = ?",
                ((experiment.name, name) for name in forgotten),
            )
            self._insert(experiment, runs, new, digests)
        return runs

    def _digests(self, experiment: Path, names: Sequence[str]) -> dict[tuple[str, str], str]:
        """Return the digests of these runs by their names and documents."""
        digests = {}
        for start in range(0, len(names), ROWS_AT_ONCE):
            some = names[start : start + ROWS_AT_ONCE]
            places = ",".join("?" * len(some))
            for name, text, digest in self._db.execute(
                f"""
                SELECT name, document, digest
                  FROM run
                 WHERE experiment = ? AND name IN ({places}) AND digest IS NOT NULL
                """,
                (experiment.name, *some),
            ):
                digests[name, text] = digest
        return digests

    def _insert(
        self,
        experiment: Path,
        runs: list[_Run],
        stamps: Mapping[str, Stamp],
        digests: Mapping[tuple[str, str], str],
    ) -> None:
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM run").fetchone()
        too_soon = time.time_ns() - TICK_NS
        rows = []
        for number, (name, text, created_at, labels) in enumerate(runs, last + 1):
            stamp = stamps[name]
            is_sure = stamp[1] < too_soon
            made = digests.get((name, text))
            place = (number, experiment.name, name)
            rows.append((*place, *stamp, is_sure, created_at, labels, text, made))
        self._db.executemany(
            """
            INSERT OR REPLACE INTO run (id, experiment, name, inode, changed_ns, bytes, is_sure,
                             created_at, labels, document, digest)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            rows,
        )

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        # IMMEDIATE takes the write lock now, and waits for it: a later one would not.
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def documents_of(
    root: Path, experiment: Path, tags: Labels = None, properties: Labels = None
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield folder and document of each run in the folder `experiment`, newest first."""
    if not experiment.is_dir():
        return
    index = Index(root)
    try:
        yield from index.documents(experiment, tags, properties)
    finally:
        index.close()


def _open(root: Path) -> sqlite3.Connection:
    if is_local(root) and _is_plain(root):
        for _ in range(2):
            try:
                return _create(root / layout.INDEX_FILE)
            except sqlite3.OperationalError:
                break  # locked, read-only or full
            except sqlite3.DatabaseError:
                _remove(root)  # broken, of another version, or not a database
    return _create(":memory:")


def _is_plain(root: Path) -> bool:
    """Tell whether the cache and what SQLite keeps beside it are regular files, or not there."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        try:
            if not stat.S_ISREG(os.lstat(root / f"{layout.INDEX_FILE}{suffix}").st_mode):
                return False
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True


def _remove(root: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            os.unlink(root / f"{layout.INDEX_FILE}{suffix}")


def _create(path: Path | str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        # A workspace may come from a stranger, and so its cache.
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA synchronous = OFF")  # it can be made anew
        if db.execute("PRAGMA user_version").fetchone() != (VERSION,):
            _make_tables(db)
            if isinstance(path, Path):
                _let_write_who_may(path)
    except BaseException:
        db.close()
        raise
    return db


def _let_write_who_may(path: Path) -> None:
    """Give a new index the mode of its workspace: SQLite lets only its owner write."""
    with contextlib.suppress(OSError):
        path.chmod(0o600 | (path.parent / layout.WORKSPACE_FILE).stat().st_mode & 0o666)


def _make_tables(db: sqlite3.Connection) -> None:
    # Counted again under the lock: two processes may open a new file at once.
    db.execute("BEGIN IMMEDIATE")
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"a cache of version {version}")
        if version == 0:
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def folders(experiment: Path) -> list[str]:
    """Return the names of the folders that may be runs."""
    with os.scandir(experiment) as entries:
        return [
            entry.name
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and layout.RUN_ID.fullmatch(entry.name)
        ]


def stamp_of(folder: str) -> Stamp | None:
    """Return what tells one state of a run's document from another; None where it has none."""
    try:
        facts = os.lstat(f"{folder}/{layout.RUN_FILE}")
    except OSError:
        return None
    if not stat.S_ISREG(facts.st_mode):
        return None
    return (facts.st_ino, facts.st_mtime_ns, facts.st_size)


def _stamps(experiment: Path) -> tuple[dict[str, Stamp], str | None]:
    """Return the stamps of all runs, and in one word their state; None while it is not sure."""
    before = os.stat(experiment)
    top, mixed, latest = str(experiment), 0, before.st_mtime_ns
    stamps = {}
    for place, name in enumerate(folders(experiment), 1):
        stamp = stamp_of(f"{top}/{name}")
        if stamp is not None:
            stamps[name] = stamp
            inode, changed_ns, size = stamp
            mixed += place * ((inode * 0x9E3779B1 ^ changed_ns) * 31 + size)
            if changed_ns > latest:
                latest = changed_ns
    if latest > time.time_ns() - TICK_NS:
        return stamps, None
    return stamps, f"{before.st_ino} {before.st_mtime_ns} {len(stamps)} {mixed}"


class _Run(NamedTuple):
    """What the cache keeps of a run's document.

    It is not kept as it was parsed: of very many dicts, Python's collector looks at each
    again and again.
    """

    name: str
    text: str
    created_at: float
    labels: bytes


def _read(experiment: Path, name: str) -> _Run | None:
    """Read a run's document; None where there is none."""
    text = document_text(f"{experiment}/{name}")
    document = None if text is None else _parsed(text)
    if text is None or document is None:
        return None
    return _Run(name, text, moment(document.get("created_at")) or 0.0, _labels_of(document))


def _parsed(text: str) -> Document | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def document_text(folder: str) -> str | None:
    """Return a run's document as it stands; None where it cannot be read."""
    try:
        return read_plain(f"{folder}/{layout.RUN_FILE}", layout.DOCUMENT_BYTES).decode()
    except (OSError, ValueError):
        return None


def _labels_of(document: Document) -> bytes:
    found: list[str] = []
    for kind in ("tags", "properties"):
        labels = document.get(kind)
        if isinstance(labels, dict):
            found += [_label(kind, key, value) for key, value in labels.items()]
    return "".join(found).encode("utf-8", "surrogatepass")


def _label(kind: str, key: str, value: object) -> str:
    """Return a label as it is searched for: more may be found where texts have these signs."""
    end = "" if value is None else f"={value}"
    return f"\x1e{kind}\x1f{key}\x1f{end}\x1e"


def _has_labels(document: Document, wanted: Mapping[str, Labels]) -> bool:
    """Tell exactly what SQLite searched for."""
    for kind, labels in wanted.items():
        there = document.get(kind)
        there = there if isinstance(there, dict) else {}
        if isinstance(labels, str):
            if labels not in there:
                return False
        elif labels is not None:
            for key, value in labels.items():
                if key not in there or (there[key] != value and str(there[key]) != value):
                    return False
    return True


def _conditions(wanted: Mapping[str, Labels]) -> tuple[str, list[bytes]]:
    """Return SQL that follows a WHERE, and its values, for the labels a run must have."""
    parts: list[str] = []
    for kind, labels in wanted.items():
        if isinstance(labels, str):
            parts.append(_label(kind, labels, None)[:-1])  # with any value
        elif labels is not None:
            parts += [_label(kind, key, value) for key, value in labels.items()]
    values = [part.encode("utf-8", "surrogatepass") for part in parts]
    return " AND instr(labels, ?)" * len(values), values
