"""A cache of every `run.json` of a workspace, so that listing reads only what changed.

The folders are the truth. Each listing compares them with the cache by the
inode, time and size of their documents, reads those that differ, and forgets
those that are gone; a cache that is missing, broken or locked costs time only.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from typing import TYPE_CHECKING, Any

from run_widgets.store import layout
from run_widgets.store.drive import can_be_mapped, open_plain

BUSY_TIMEOUT_S = 5.0

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from run_widgets.store.local import Labels

Stamp = tuple[int, int, int]

Entry = tuple[str, str, str | None]
"""A run's folder name, its document, and the digest that was made of it."""

ROWS_AT_ONCE = 500

# Changed in any way, it gets a new number: a cache of another number is made anew.
VERSION = 2
SCHEMA = """
CREATE TABLE run (
    id         INTEGER PRIMARY KEY,
    experiment TEXT    NOT NULL,  -- folder of the experiment
    name       TEXT    NOT NULL,  -- folder of the run in it
    inode      INTEGER NOT NULL,  -- of run.json, when it was read
    changed_ns INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    created_at REAL    NOT NULL,  -- seconds since the epoch, UTC
    document   TEXT    NOT NULL,  -- run.json as it stands
    digest     TEXT,              -- of its metrics, where run.json has none and it has been made
    UNIQUE (experiment, name)
) STRICT;
CREATE TABLE label (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    kind   TEXT    NOT NULL,      -- 'tags' or 'properties'
    key    TEXT    NOT NULL,
    value  TEXT                   -- NULL stands for None
) STRICT;
CREATE INDEX label_by_key ON label (kind, key, value);
CREATE INDEX label_by_run ON label (run_id);
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
        try:
            self._refresh(experiment)
        except sqlite3.OperationalError:
            # Locked for long, or a read-only or full disk: this listing goes without it.
            self._db.close()
            self._db = _create(":memory:")
            self._refresh(experiment)
        conditions, values = _conditions({"tags": tags, "properties": properties})
        rows = self._db.execute(
            f"""
            SELECT name, document
              FROM run
             WHERE experiment = ?{conditions}
             ORDER BY created_at DESC, id DESC
            """,
            (experiment.name, *values),
        ).fetchall()
        for name, document in rows:
            yield experiment / name, json.loads(document)

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
        return [(name, text, None) for name, text in self._replace(experiment, [], stamps).items()]

    def keep_digests(self, experiment: Path, digests: Mapping[str, tuple[Stamp, str]]) -> None:
        """Keep what was made of runs' points, for as long as their documents stay as they are."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
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
        there = _stamps(experiment)
        known: dict[str, Stamp] = {
            name: (inode, changed_ns, size)
            for name, inode, changed_ns, size in self._db.execute(
                "SELECT name, inode, changed_ns, bytes FROM run WHERE experiment = ?",
                (experiment.name,),
            )
        }
        if there == known:
            return
        outdated = [name for name, stamp in known.items() if there.get(name) != stamp]
        new = {name: stamp for name, stamp in there.items() if known.get(name) != stamp}
        self._replace(experiment, outdated, new)

    def _replace(
        self, experiment: Path, outdated: Iterable[str], new: Mapping[str, Stamp]
    ) -> dict[str, str]:
        """Forget the runs `outdated`, read the runs `new`; return those documents by name."""
        documents = {}
        with self._db:
            # IMMEDIATE takes the write lock now, and waits for it: a later one would not.
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "DELETE FROM run WHERE experiment = ? AND name = ?",
                ((experiment.name, name) for name in {*outdated, *new}),
            )
            for name, stamp in new.items():
                text = document_text(experiment / name)
                if text is not None and self._insert(experiment, name, stamp, text):
                    documents[name] = text
        return documents

    def _insert(self, experiment: Path, name: str, stamp: Stamp, text: str) -> bool:
        """Keep a document; tell whether it is one."""
        try:
            document = json.loads(text)
            created_at = float(document.get("created_at", 0.0))
            labels = [
                (kind, key, None if value is None else str(value))
                for kind in ("tags", "properties")
                for key, value in dict(document.get(kind) or {}).items()
            ]
            cursor = self._db.execute(
                """
                INSERT INTO run (experiment, name, inode, changed_ns, bytes, created_at, document)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                (experiment.name, name, *stamp, created_at, text),
            )
            self._db.executemany(
                "INSERT INTO label (run_id, kind, key, value) VALUES (?, ?, ?, ?)",
                ((cursor.lastrowid, *_utf8(label)) for label in labels),
            )
        except (ValueError, TypeError, AttributeError, RecursionError):
            return False  # not a run's document, or one broken by a stranger
        return True


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
    path = root / layout.INDEX_FILE
    if can_be_mapped(root) and not path.is_symlink():
        for _ in range(2):
            try:
                return _create(path)
            except sqlite3.OperationalError:
                break  # locked, read-only or full
            except sqlite3.DatabaseError:
                with contextlib.suppress(OSError):  # broken, or not a database
                    path.unlink()
    return _create(":memory:")


def _create(path: Path | str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        # A workspace may come from a stranger, and so its cache.
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = OFF")  # it can be made anew
        if db.execute("PRAGMA user_version").fetchone() != (VERSION,):
            _make_tables(db)
    except BaseException:
        db.close()
        raise
    return db


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
            if not entry.name.startswith(".")
            and entry.is_dir(follow_symlinks=False)
            and entry.name.isprintable()  # which a name that is not Unicode is not
        ]


def stamp_of(folder: str) -> Stamp | None:
    """Return what tells one state of a run's document from another; None where it has none."""
    try:
        facts = os.stat(f"{folder}/{layout.RUN_FILE}")
    except OSError:
        return None
    return (facts.st_ino, facts.st_mtime_ns, facts.st_size)


def _stamps(experiment: Path) -> dict[str, Stamp]:
    top = str(experiment)
    stamps = ((name, stamp_of(f"{top}/{name}")) for name in folders(experiment))
    return {name: stamp for name, stamp in stamps if stamp is not None}


def document_text(folder: Path) -> str | None:
    """Return a run's document as it stands; None where it cannot be read."""
    try:
        with os.fdopen(open_plain(folder / layout.RUN_FILE), "rb") as file:
            return file.read(layout.DOCUMENT_BYTES).decode()
    except (OSError, ValueError):
        return None


def _conditions(wanted: Mapping[str, Labels]) -> tuple[str, list[str | None]]:
    """Return SQL that follows a WHERE, and its values, for the labels a run must have."""
    conditions: list[str] = []
    values: list[str | None] = []
    for kind, labels in wanted.items():
        if labels is None:
            continue
        pairs: Iterable[tuple[str, str | None]] = (
            [(labels, None)] if isinstance(labels, str) else labels.items()
        )
        for key, value in pairs:
            condition = "kind = ? AND key = ?"
            values += [kind, *_utf8((key,))]
            if not isinstance(labels, str):
                condition += " AND value IS ?"
                values.append(_utf8((value,))[0])
            conditions.append(f" AND id IN (SELECT run_id FROM label WHERE {condition})")
    return "".join(conditions), values


def _utf8(texts: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """Return texts that SQLite can hold: it knows no lone surrogates."""
    return tuple(text and text.encode("utf-8", "backslashreplace").decode() for text in texts)
