"""The runs below one run, followed as a list: what became of each, and its last values."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from run_widgets.errors import BadName, RunNotFound
from run_widgets.reading.facts import cell, elapsed_s, shown, time_of
from run_widgets.reading.parameters import parameters
from run_widgets.store.digest import Digester
from run_widgets.store.layout import WORKSPACE_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from run_widgets.records import RunRecord
    from run_widgets.store import Follower
    from run_widgets.store.digest import Digest
    from run_widgets.store.listing import Listed, Listing

MAX_CHILDREN = 500
"""That are told, the newest; `Children.total` counts all."""

MAX_VALUES = 20
"""Metrics, and labels, that are told of one child."""

READING_S = 0.2
"""Seconds that one look may take."""


@runtime_checkable
class Watchable(Protocol):
    """What a store must be able to do for children to be found."""

    @property
    def root(self) -> Path: ...

    def watch(self, experiment: str) -> Listing: ...

    def follow(self, run_id: str) -> Follower: ...


@dataclass(slots=True)
class _Child:
    record: RunRecord
    digest: Digest | None = None
    follower: Follower | None = None
    digester: Digester = field(default_factory=Digester)

    def read(self) -> bool:
        """Read on where the run goes on; tell whether there was anything."""
        if self.follower is None:
            return False
        any_news = False
        while batch := self.follower.read():
            self.digester.feed(batch)
            self.digest, any_news = self.digester.digest, True
        return any_news

    def close(self) -> None:
        if self.follower is not None:
            self.follower.close()
            self.follower = None


class Children:
    """Follows the children of the run `parent`, which is one of `experiment`'s.

    Parameters
    ----------
    store
        Where they are; one that cannot list its runs, or is no workspace but a
        single run's folder, has no children to show.
    """

    def __init__(self, store: object, experiment: str, parent: str) -> None:
        self._store = store if isinstance(store, Watchable) and _is_workspace(store) else None
        self._listing: Listing | None = None
        if self._store is not None:
            with contextlib.suppress(BadName):  # of an experiment in a stranger's run
                self._listing = self._store.watch(experiment)
        self._parent = parent
        self._children: dict[str, _Child] = {}  # by folder name
        self._has_seen_all = self._listing is None

    def look(self) -> bool:
        """Read what is new; tell whether there was anything."""
        changed = False
        until = time.monotonic() + READING_S
        while self._listing is not None and time.monotonic() < until:
            news = self._listing.look()
            for name in news.gone:
                if child := self._children.pop(name, None):
                    child.close()
                    changed = True
            for name, listed in news.runs.items():
                if listed.record.parent == self._parent:
                    self._take(name, listed)
                    changed = True
            self._has_seen_all = news.is_all
            if news.is_all:
                break
        for child in self._children.values():
            changed = child.read() or changed
            if child.record.status.is_final:
                child.close()
        return self._make_digests(until) or changed

    def _take(self, name: str, listed: Listed) -> None:
        child = self._children.setdefault(name, _Child(listed.record))
        child.record = listed.record
        child.digest = listed.digest or child.digest
        if not child.record.status.is_final and child.follower is None and self._store is not None:
            with contextlib.suppress(RunNotFound):
                child.follower = self._store.follow(child.record.id)

    def _make_digests(self, until: float) -> bool:
        """Read children that ended without a digest; tell whether any was read."""
        made: dict[str, Digest] = {}
        if self._listing is None:
            return False
        for name, child in self._children.items():
            if time.monotonic() > until:
                break
            if child.digest is None and child.record.status.is_final:
                child.digest = made[name] = self._listing.digest_of(name)
        if made:
            self._listing.keep(made)
        return bool(made)

    @property
    def total(self) -> int:
        return len(self._children)

    @property
    def is_over(self) -> bool:
        """Whether all children that there are have been found and have ended."""
        return self._has_seen_all and all(
            child.record.status.is_final for child in self._children.values()
        )

    def entries(self, now: float) -> list[dict[str, object]]:
        """Return the newest children first, as JSON can have them; `now` ends what goes on."""
        newest = sorted(
            self._children.values(),
            key=lambda child: (child.record.created_at, child.record.number),
            reverse=True,
        )
        return [_entry(child, now) for child in newest[:MAX_CHILDREN]]

    def close(self) -> None:
        """Let go of the runs' files."""
        for child in self._children.values():
            child.close()


def _is_workspace(store: Watchable) -> bool:
    return (store.root / WORKSPACE_FILE).is_file()


def _entry(child: _Child, now: float) -> dict[str, object]:
    record = child.record
    labels: Mapping[str, str | None] = {**parameters(record.arguments), **record.tags}
    return {
        "run_id": shown(record.id),
        "number": record.number,
        "name": shown(record.display_name),
        "status": record.status.value,
        "started_at": time_of(record.started_at),
        "elapsed_s": elapsed_s(record, now),
        "error": shown(record.error.message) if record.error else "",
        "labels": {
            shown(key): "" if value is None else shown(value)
            for key, value in islice(labels.items(), MAX_VALUES)
        },
        "metrics": {
            shown(name): cell(one.last)
            for name, one in islice((child.digest or {}).items(), MAX_VALUES)
        },
    }
