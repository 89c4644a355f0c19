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
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.store import layout
from run_widgets.store.drive import can_be_mapped, open_plain

BUSY_TIMEOUT_S = 5.0

if TYPE_CHECKING:
    from run_widgets.store.local import Labels

Stamp = tuple[int, int, int]

# Changed in any way, it gets a new number: a cache of another number is made anew.
VERSION = 1
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
        new = [name for name, stamp in there.items() if known.get(name) != stamp]
        with self._db:
            # IMMEDIATE takes the write lock now, and waits for it: a later one would not.
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "DELETE FROM run WHERE experiment = ? AND name = ?",
                ((experiment.name, name) for name in {*outdated, *new}),
            )
            for name in new:
                self._insert(experiment, name, there[name])

    def _insert(self, experiment: Path, name: str, stamp: Stamp) -> None:
        text = _document(experiment / name)
        if text is None:
            return
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
            return  # not a run's document, or one broken by a stranger


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


def _stamps(experiment: Path) -> dict[str, Stamp]:
    stamps = {}
    with os.scandir(experiment) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=True):
                continue
            try:
                facts = os.stat(f"{entry.path}/{layout.RUN_FILE}")
            except OSError:
                continue
            stamps[entry.name] = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
    return stamps


def _document(folder: Path) -> str | None:
    try:
        with os.fdopen(open_plain(folder / layout.RUN_FILE), "rb") as file:
            return file.read(layout.DOCUMENT_BYTES).decode()
    except (OSError, ValueError):
        return None


def _conditions(wanted: Mapping[str, Labels]) -> tuple[str, list[str]]:
    """Return SQL that follows a WHERE, and its values, for the labels a run must have."""
    conditions: list[str] = []
    values: list[str] = []
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
                values.append(_utf8((value,))[0])  # type: ignore[arg-type]
            conditions.append(f" AND id IN (SELECT run_id FROM label WHERE {condition})")
    return "".join(conditions), values


def _utf8(texts: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """Return texts that SQLite can hold: it knows no lone surrogates."""
    return tuple(text and text.encode("utf-8", "backslashreplace").decode() for text in texts)
