"""Follows which runs an experiment has, at a cost of what has changed.

The first looks bring what the index knows, newest runs first, in pieces; from
then on a look asks the file system whether runs were added or removed, what has
become of those that go on, and of some of the others, in turn.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from run_widgets.records import RunStatus
from run_widgets.store import digest
from run_widgets.store.index import Index, document_text, folders, stamp_of
from run_widgets.store.layout import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from run_widgets.records import RunRecord
    from run_widgets.store.digest import Digest
    from run_widgets.store.index import Entry, Stamp

PIECE = 2_000
"""Runs that a look brings at the most."""

FIRST_PIECE = 500
"""Runs that the first look brings: more than a screen has, and at once."""

IN_TURN = 1_000
"""Runs whose documents a look asks about, besides those that go on."""

SETTLED_S = 2.0
"""A folder that changed since then may change again without a new time: drives round."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A run as a list of runs has it."""

    record: RunRecord
    digest: Digest | None  # of its metrics; None where nobody has made one yet


@dataclass(frozen=True, slots=True)
class News:
    """What a look found: by folder name, runs that are new or changed, and runs that are gone."""

    runs: Mapping[str, Listed] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    is_all: bool = True  # False while known runs wait for the next look

    def __bool__(self) -> bool:
        return bool(self.runs or self.gone or not self.is_all)


class Listing:
    """Follows the runs in the folder `experiment` of the workspace at `root`.

    `record_of` makes a record of a run's document and folder. Each look asks about
    `in_turn` documents of runs that have ended.
    """

    def __init__(
        self,
        root: Path,
        experiment: Path,
        record_of: Callable[[Mapping[str, Any], Path], RunRecord],
        *,
        in_turn: int = IN_TURN,
    ) -> None:
        self._root = root
        self._experiment = experiment
        self._record_of = record_of
        self._in_turn = in_turn
        self._stamps: dict[str, Stamp | None] = {}  # of all; None: has no document yet
        self._waiting: list[tuple[str, int]] = []  # known to the index, by row; newest last
        self._unread: list[str] = []  # changed since the index, or unknown to it
        self._open: dict[str, tuple[dict[str, Any], RunRecord, str | None]] = {}  # still going on
        self._changed_ns = -1  # of the folder when it was last listed
        self._turn = 0
        self._piece = FIRST_PIECE
        # Read so soon after they changed that another change may have left the same stamp.
        self._fresh: dict[str, str] = {}

    def __len__(self) -> int:
        """How many runs there are, as far as the folder was listed."""
        return sum(stamp is not None for stamp in self._stamps.values())

    def look(self) -> News:
        """Return what came, changed and went since the last time."""
        gone = self._list_folders()
        if not self._waiting and len(self._unread) < PIECE:
            self._ask()
        runs = self._take()
        for name in self._open.keys() - runs.keys():
            # A run whose process has died is another without a change to its document.
            document, before, made = self._open[name]
            record = self._record_of(document, self._experiment / name)
            if record != before:
                runs[name] = self._listed(name, document, record, made)
        return News(runs, tuple(gone), not (self._waiting or self._unread))

    def all(self) -> dict[str, Listed]:
        """Return every run there is now, by folder name."""
        runs: dict[str, Listed] = {}
        while news := self.look():
            runs |= news.runs
        return runs

    def digests(self, runs: Mapping[str, Listed]) -> dict[str, Digest]:
        """Return what each run came to, or has come to so far, by folder name.

        Where nobody has made a digest yet, the points are read; a run that has
        completed keeps it for the next time.
        """
        made = {name: self.digest_of(name) for name, run in runs.items() if run.digest is None}
        completed = (n for n in made if runs[n].record.status is RunStatus.COMPLETED)
        self.keep({name: made[name] for name in completed})
        return {name: run.digest or made.get(name, {}) for name, run in runs.items()}

    def digest_of(self, name: str) -> Digest:
        """Read the points of the run in the folder `name`, all there are."""
        return digest.of_run(self._experiment / name / METRICS)

    def keep(self, digests: Mapping[str, Digest]) -> None:
        """Keep digests that were made of runs' points, by folder name, for the next list."""
        kept = {
            name: (stamp, json.dumps(digest.to_json(made)))
            for name, made in digests.items()
            if (stamp := self._stamps.get(name)) is not None
        }
        if not kept:
            return
        with contextlib.suppress(sqlite3.Error), self._index() as index:
            index.keep_digests(self._experiment, kept)

    def _index(self) -> contextlib.closing[Index]:
        return contextlib.closing(Index(self._root))

    def _list_folders(self) -> list[str]:
        """Bring `_stamps` in line with the folders that are there; return those that went."""
        try:
            changed_ns = os.stat(self._experiment).st_mtime_ns
            if changed_ns == self._changed_ns:
                return []
            there = folders(self._experiment)
        except OSError:
            changed_ns, there = -1, []
        settled = time.time_ns() - changed_ns > SETTLED_S * 1e9
        self._changed_ns = changed_ns if settled else -1
        gone = list(self._stamps.keys() - set(there))
        for name in gone:
            del self._stamps[name]
            self._open.pop(name, None)
            self._fresh.pop(name, None)
        new = [name for name in there if name not in self._stamps]
        if new:
            self._queue(new)
        return gone

    def _queue(self, names: Iterable[str]) -> None:
        """Let runs wait to be taken, and say where from."""
        known = {}
        if not self._stamps:
            with contextlib.suppress(sqlite3.Error), self._index() as index:
                known = index.known(self._experiment)
        top = str(self._experiment)
        self._stamps |= {name: stamp_of(f"{top}/{name}") for name in names}
        rows = {n: row for n, (row, stamp) in known.items() if self._stamps.get(n) == stamp}
        self._waiting += reversed(rows.items())
        self._unread += [n for n in names if n not in rows and self._stamps[n] is not None]

    def _ask(self) -> None:
        """Look whether documents have changed: of runs that go on, of some that do not."""
        pending = [name for name, stamp in self._stamps.items() if stamp is None]
        some = list(islice(self._stamps, self._turn, self._turn + self._in_turn))
        self._turn += self._in_turn
        self._turn = self._turn if self._turn < len(self._stamps) else 0
        top = str(self._experiment)
        for name in dict.fromkeys((*pending, *self._open, *self._fresh, *some)):
            stamp = stamp_of(f"{top}/{name}")
            if stamp is not None and (stamp != self._stamps[name] or name in self._fresh):
                self._stamps[name] = stamp
                self._unread.append(name)

    def _take(self) -> dict[str, Listed]:
        piece = min(PIECE, self._piece)
        self._piece = PIECE
        rows = [row for _, row in self._waiting[-piece:]]
        del self._waiting[-piece:]
        names = [] if rows else self._unread[:piece]
        del self._unread[: len(names)]
        if not rows and not names:
            return {}
        runs = {}
        for name, text, made in self._entries(rows, names):
            if self._is_old(name, text):
                continue
            try:
                document = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(document, dict) and name in self._stamps:
                record = self._record_of(document, self._experiment / name)
                runs[name] = self._listed(name, document, record, made)
        return runs

    def _is_old(self, name: str, text: str) -> bool:
        """Tell whether a document that was read for safety's sake is the one that is known."""
        stamp = self._stamps.get(name)
        before = self._fresh.pop(name, None)
        if stamp is not None and time.time_ns() - stamp[1] < SETTLED_S * 1e9:
            self._fresh[name] = text
        return before == text

    def _entries(self, rows: list[int], names: list[str]) -> Iterable[Entry]:
        stamps = {name: stamp for name in names if (stamp := self._stamps.get(name)) is not None}
        with self._index() as index:
            if rows:
                return list(index.rows(rows))
            try:
                return index.read(self._experiment, stamps)
            except sqlite3.Error:  # locked for long, or a full disk: this goes without it
                texts = ((name, document_text(f"{self._experiment}/{name}")) for name in stamps)
                return [(name, text, None) for name, text in texts if text is not None]

    def _listed(
        self, name: str, document: dict[str, Any], record: RunRecord, made: str | None
    ) -> Listed:
        if record.status.is_final:
            self._open.pop(name, None)
        else:
            self._open[name] = (document, record, made)
            return Listed(record, None)
        known = document.get("metrics")
        if known is None and made is not None:
            with contextlib.suppress(ValueError, RecursionError):
                known = json.loads(made)
        return Listed(record, digest.from_json(known))
