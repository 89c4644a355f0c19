"""The runs of an experiment as a table that keeps itself up to date.

Columns are kept as plain arrays of the cells that there are, so that a table of
ten thousand runs and five thousand differing metrics costs what is in it, and so
that any page can be told of it in a few buffers: the whole, and then what is new.
"""

from __future__ import annotations

import contextlib
import math
import time
from array import array
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast
from urllib.parse import quote

from run_widgets.errors import RunNotFound
from run_widgets.reading.facts import MAX_LABELS, SAFE_INTEGER, shown, time_of
from run_widgets.reading.parameters import parameters
from run_widgets.records import RunStatus
from run_widgets.store.digest import Digester

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from run_widgets.records import RunRecord
    from run_widgets.store import Follower
    from run_widgets.store.digest import Digest, MetricDigest, Value
    from run_widgets.store.listing import Listed, Listing

MAX_COLUMNS = 10_000
"""Further ones are counted."""

DIGESTS_S = 0.1
"""Seconds that a look spends on runs whose points nobody has looked at yet."""

SETTLING_S = 3.0
"""After a run was killed, until what its threads were writing is there."""

Key: TypeAlias = tuple[str, str, str]
"""Of a column: its group (``run``, ``tag``, ``property``, ``argument``, ``metric``), its name in
it, and of a metric the field (``last``, ``min``, ``max``, ``count``, ``nans``)."""

PORTAL_PATH = "run-widgets/"
"""Of every page of ours, below the Jupyter server's base URL."""

MISSING, NUMBER = -1, -2
"""Codes of cells: none, and one whose value is a number. From 0 on, a word's place."""


class Watched(Protocol):
    """What a store must be able to do for its runs to be listed."""

    def watch(self, experiment: str) -> Listing: ...

    def follow(self, run_id: str) -> Follower: ...


class Column:
    """The cells of one column, in the order in which they came; a row has one at the most."""

    def __init__(self) -> None:
        self.rows = array("I")
        self.numbers = array("d")  # NaN also for a cell that has none
        self.codes = array("i")  # empty as long as every cell is a number
        self.words: list[str] = []
        self._code_of: dict[str, int] = {}
        self._places: dict[int, int] = {}  # of rows whose cells have been changed
        self._sent = 0
        self._words_sent = 0
        self._changed: set[int] = set()  # places, of those that were sent

    def extend(self, rows: list[int], values: list[float | str]) -> None:
        """Add the cells of rows that have none."""
        try:
            self.numbers.extend(array("d", cast("list[float]", values)))
        except TypeError:  # some are texts
            self._tell_apart()
            self.codes.extend(
                [self._code(value) if isinstance(value, str) else NUMBER for value in values]
            )
            self.numbers.extend([math.nan if isinstance(value, str) else value for value in values])
        else:
            if self.codes:
                self.codes.extend(array("i", [NUMBER]) * len(rows))
        self.rows.extend(rows)

    def set(self, row: int, value: float | str | None) -> None:
        """Change the cell of a row, which may have none yet."""
        place = self._place(row)
        if place is None:
            if value is not None:
                self._places[row] = len(self.rows)
                self.extend([row], [value])
            return
        number, code = math.nan, NUMBER
        if value is None:
            code = MISSING
        elif isinstance(value, str):
            code = self._code(value)
        else:
            number = value
        if code != NUMBER:
            self._tell_apart()
        before = self.numbers[place]
        same = before == number or (before != before and number != number)
        if same and (self.codes[place] if self.codes else NUMBER) == code:
            return
        self.numbers[place] = number
        if self.codes:
            self.codes[place] = code
        if place < self._sent:
            self._changed.add(place)

    def get(self, row: int) -> float | str | None:
        """Return the cell of a row; None where it has none."""
        place = self._place(row)
        if place is None:
            return None
        code = self.codes[place] if self.codes else NUMBER
        if code == MISSING:
            return None
        return self.numbers[place] if code == NUMBER else self.words[code]

    def cells(self) -> dict[int, float | str]:
        """Return all cells by row: quicker than `get` where many are wanted."""
        if not self.codes:
            return dict(zip(self.rows, self.numbers, strict=True))
        return {
            row: number if code == NUMBER else self.words[code]
            for row, number, code in zip(self.rows, self.numbers, self.codes, strict=True)
            if code != MISSING
        }

    def _place(self, row: int) -> int | None:
        place = self._places.get(row)
        if place is None:
            try:
                place = self._places[row] = self.rows.index(row)
            except ValueError:
                return None
        return place

    def _tell_apart(self) -> None:
        """Give each cell a code, as one is to have another than a number's."""
        if not self.codes:
            self.codes = array("i", [NUMBER]) * len(self.rows)

    def _code(self, word: str) -> int:
        code = self._code_of.get(word)
        if code is None:
            code = self._code_of[word] = len(self.words)
            self.words.append(word)
        return code

    def whole(self, buffers: list[bytes]) -> dict[str, object]:
        """Return all cells, as `_told` says."""
        return _told(self.rows, self.numbers, self.codes, self.words, 0, buffers)

    def news(self, buffers: list[bytes]) -> dict[str, object] | None:
        """Return the cells that are new or changed since the last time; None without any."""
        if self._sent == len(self.rows) and not self._changed:
            return None
        places = [*sorted(self._changed), *range(self._sent, len(self.rows))]
        words, words_from = self.words[self._words_sent :], self._words_sent
        self._sent, self._words_sent = len(self.rows), len(self.words)
        self._changed.clear()
        rows = array("I", [self.rows[place] for place in places])
        numbers = array("d", [self.numbers[place] for place in places])
        codes = array("i", [self.codes[place] for place in places] if self.codes else [])
        return _told(rows, numbers, codes, words, words_from, buffers)


def _told(
    rows: array[int],
    numbers: array[float],
    codes: array[int],
    words: list[str],
    words_from: int,
    buffers: list[bytes],
) -> dict[str, object]:
    """Return cells as the browser takes them: counts, and places of arrays among `buffers`.

    ``rows`` are uint32, or ``first`` where they count up from there; ``numbers``
    float64, none where all are texts; ``codes`` int32, none where all are numbers.
    ``words`` stand behind the `words_from` words that are known.
    """

    def place(values: array[Any]) -> int:
        buffers.append(values.tobytes())
        return len(buffers) - 1

    told: dict[str, object] = {"count": len(rows)}
    first = rows[0] if rows else 0
    if rows == array("I", range(first, first + len(rows))):
        told["first"] = first
    else:
        told["rows"] = place(rows)
    if not codes or min(codes) < 0:
        told["numbers"] = place(numbers)
    if codes:
        told |= {"codes": place(codes), "words": words, "words_from": words_from}
    return told


class NewCells(dict[Key, tuple[list[int], list[float | str]]]):
    """Cells of rows that have none in these columns, put together column by column."""

    def __init__(self) -> None:
        # A metric's columns by its name: to find each by its key takes longer than to fill it.
        self._of_metric: dict[str, list[tuple[list[int], list[float | str]]]] = {}

    def __missing__(self, key: Key) -> tuple[list[int], list[float | str]]:
        column = self[key] = ([], [])
        return column

    def put(self, row: int, cells: Mapping[Key, float | str]) -> None:
        for key, value in cells.items():
            rows, values = self[key]
            rows.append(row)
            values.append(value)

    def put_metrics(self, row: int, digest: Digest) -> None:
        for name, one in digest.items():
            columns = self._of_metric.get(name)
            if columns is None:
                columns = self._of_metric[name] = [self[key] for key in _metric_keys(name)]
            for (rows, values), value in zip(columns, _metric_values(one), strict=True):
                if value is not None:
                    rows.append(row)
                    values.append(value)


@dataclass(slots=True)
class _Going:
    """A run that goes on, and what it has logged so far."""

    follower: Follower
    digester: Digester = field(default_factory=Digester)

    def read(self) -> bool:
        """Read on; tell whether there was anything."""
        before = self.digester.total
        while batch := self.follower.read():
            self.digester.feed(batch)
        return self.digester.total > before


class RunTable:
    """The runs of `experiment` in `store`, one row each; `look` brings it up to date.

    A row keeps its place for ever; that of a run that was deleted is gone.
    """

    def __init__(self, store: Watched, experiment: str) -> None:
        self._store = store
        self._listing = store.watch(experiment)
        self._rows: dict[str, int] = {}  # by folder name
        self._keys: list[tuple[Key, ...]] = []  # by row: of the cells of its record
        self._shapes: dict[tuple[Key, ...], tuple[Key, ...]] = {}  # so that runs alike share one
        self._measured: set[int] = set()  # rows that have cells of metrics
        self._going: dict[str, _Going] = {}
        self._undigested: deque[tuple[str, float]] = deque()  # name, and from when on
        self._gone: list[int] = []
        self._sent = (0, 0)  # ids and rows gone
        self._goals_sent: dict[str, str] = {}
        self._version = 0
        self.ids: list[str] = []
        """The run's id of each row, those that are gone included."""

        self.columns: dict[Key, Column] = {}
        """By key, in the order in which they appeared."""

        self.left_out: set[Key] = set()
        """Columns beyond `MAX_COLUMNS`."""

        self.goals: dict[str, str] = {}
        """``"minimize"`` or ``"maximize"`` by metric, as its runs say."""

        self.is_behind = False
        """Whether the next look will find more of what is there already."""

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self._rows)

    @property
    def total(self) -> int:
        """How many runs there are, those included that are still to be read."""
        return max(len(self._rows), len(self._listing))

    def rows(self) -> list[int]:
        """Return the rows that are not gone, in no order."""
        return list(self._rows.values())

    def cells(self, group: str, name: str, field: str = "") -> dict[int, float | str]:
        """Return a column's cells by row; none where there is no such column."""
        column = self.columns.get((group, name, field))
        return {} if column is None else column.cells()

    def get(self, row: int, group: str, name: str, field: str = "") -> float | str | None:
        """Return one cell; None where there is none."""
        column = self.columns.get((group, name, field))
        return None if column is None else column.get(row)

    # -- reading ---------------------------------------------------------------------------

    def look(self) -> None:
        """Bring the table up to date, or closer to it where there is much to read."""
        news = self._listing.look()
        for name in news.gone:
            if (row := self._rows.pop(name, None)) is not None:
                self._gone.append(row)
            if going := self._going.pop(name, None):
                going.follower.close()
        new = NewCells()
        for name, listed in news.runs.items():
            self._take(name, listed, new)
        for name, going in self._going.items():
            if going.read():
                self._measure(name, going.digester.digest, new)
        self.is_behind = self._make_digests(new) or not news.is_all
        for key, (rows, values) in new.items():
            if rows and (column := self._column(key)):
                column.extend(rows, values)

    def close(self) -> None:
        """Let go of the runs' files."""
        for going in self._going.values():
            going.follower.close()
        self._going.clear()

    def _take(self, name: str, listed: Listed, new: NewCells) -> None:
        record, digest = listed.record, listed.digest
        self.goals |= {shown(metric): goal for metric, goal in record.goals.items()}
        if not record.status.is_final:
            self._follow(name, record.id)
        else:
            if going := self._going.pop(name, None):
                going.follower.close()
            if digest is None:
                # One that ended of its own accord has written all that it had to say.
                settling = 0.0 if record.status is RunStatus.COMPLETED else SETTLING_S
                from_when = (time_of(record.ended_at) or 0.0) + settling
                self._undigested.append((name, from_when))
        cells = _record_cells(record)
        keys = tuple(cells)
        keys = self._shapes.setdefault(keys, keys)
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = len(self.ids)
            self.ids.append(shown(record.id))
            self._keys.append(keys)
            new.put(row, cells)
        else:
            self._update(row, cells)
            self._update(row, dict.fromkeys(set(self._keys[row]) - set(keys)))
            self._keys[row] = keys
        if digest is not None:
            self._measure(name, digest, new)

    def _measure(self, name: str, digest: Digest, new: NewCells) -> None:
        """Give a run's row its metrics' cells."""
        row = self._rows[name]
        if row in self._measured:
            self._update(row, _metric_cells(digest))
        elif digest:
            self._measured.add(row)
            new.put_metrics(row, digest)

    def _update(self, row: int, cells: Mapping[Key, float | str] | dict[Key, None]) -> None:
        for key, value in cells.items():
            if column := self._column(key):
                column.set(row, value)

    def _column(self, key: Key) -> Column | None:
        if key not in self.columns:
            if len(self.columns) >= MAX_COLUMNS:
                self.left_out.add(key)
                return None
            self.columns[key] = Column()
        return self.columns[key]

    def _follow(self, name: str, run_id: str) -> None:
        if name not in self._going:
            with contextlib.suppress(RunNotFound):
                self._going[name] = _Going(self._store.follow(run_id))

    def _make_digests(self, new: NewCells) -> bool:
        """Read runs that ended without a digest, for a while; tell whether some can still be."""
        made: dict[str, Digest] = {}
        until = time.monotonic() + DIGESTS_S
        for _ in range(len(self._undigested)):
            name, from_when = self._undigested[0]
            if time.monotonic() > until:
                break
            self._undigested.popleft()
            if time.time() < from_when:
                self._undigested.append((name, from_when))
            elif name in self._rows and name not in self._going:
                made[name] = self._listing.digest_of(name)
                self._measure(name, made[name], new)
        if made:
            self._listing.keep(made)
        return any(from_when <= time.time() for _, from_when in self._undigested)

    # -- telling ---------------------------------------------------------------------------

    def whole(self, buffers: list[bytes]) -> dict[str, object]:
        """Return all of it as JSON can have it, and the arrays it refers to in `buffers`."""
        columns = [
            {"key": list(key), **column.whole(buffers)} for key, column in self.columns.items()
        ]
        return self._told(self._version, 0, 0, columns)

    def news(self, buffers: list[bytes]) -> dict[str, object] | None:
        """Return what is new since the last time, as `whole` does; None where nothing is."""
        columns = [
            {"key": list(key), **news}
            for key, column in self.columns.items()
            if (news := column.news(buffers)) is not None
        ]
        now = (len(self.ids), len(self._gone))
        if not columns and now == self._sent and self.goals == self._goals_sent:
            return None
        told = self._told(self._version, *self._sent, columns)
        self._version += 1
        self._sent, self._goals_sent = now, dict(self.goals)
        return told | {"version": self._version}

    def _told(
        self, version: int, ids_from: int, gone_from: int, columns: list[dict[str, object]]
    ) -> dict[str, object]:
        return {
            "from": version,
            "version": version,
            "ids": self.ids[ids_from:],
            "ids_from": ids_from,
            "gone": self._gone[gone_from:],
            "columns": columns,
            "goals": self.goals,
            "left_out": len(self.left_out),
            "now": time.time(),
        }


def facts_of_list(root: Path | None, name: str, experiment_id: str) -> dict[str, str]:
    """Return what a list shows of its experiment: names, and where pages are.

    `root` is the workspace's folder; None where it has none.
    """
    return {
        "experiment": shown(name),
        "id": shown(experiment_id),
        "workspace": "" if root is None else shown(str(root)),
        "portal_path": f"{PORTAL_PATH}{name}",
        "runs_path": f"{PORTAL_PATH}runs/",
        "query": "" if root is None else f"?workspace={quote(str(root))}",
    }


# -- a run's cells --------------------------------------------------------------------------


def _record_cells(record: RunRecord) -> dict[Key, float | str]:
    """Return what a run is, without what it measured."""
    cells: dict[Key, float | str] = {
        _NUMBER: record.number if abs(record.number) < SAFE_INTEGER else math.nan,
        _STATUS: record.status.value,
    }
    for key, at in (
        (_CREATED, record.created_at),
        (_STARTED, record.started_at),
        (_ENDED, record.ended_at),
    ):
        known = time_of(at)
        if known is not None:
            cells[key] = known
    for key, text in (
        (_NAME, record.display_name),
        (_PARENT, record.parent),
        (_TYPE, record.type),
        (_SCRIPT, record.script),
        (_USER, record.created_by),
        (_ERROR, record.error.message if record.error else ""),
    ):
        if text:
            cells[key] = shown(text)
    for group, labels in (("tag", record.tags), ("property", record.properties)):
        for label, value in islice(labels.items(), MAX_LABELS):
            cells[group, shown(label), ""] = "" if value is None else shown(value)
    if record.arguments:
        for name, value in islice(parameters(record.arguments).items(), MAX_LABELS):
            cells["argument", shown(name), ""] = shown(value)
    return cells


_NUMBER: Key = ("run", "number", "")
_NAME: Key = ("run", "name", "")
_STATUS: Key = ("run", "status", "")
_CREATED: Key = ("run", "created", "")
_STARTED: Key = ("run", "started", "")
_ENDED: Key = ("run", "ended", "")
_PARENT: Key = ("run", "parent", "")
_TYPE: Key = ("run", "type", "")
_SCRIPT: Key = ("run", "script", "")
_USER: Key = ("run", "created by", "")
_ERROR: Key = ("run", "error", "")


def _metric_cells(digest: Digest) -> dict[Key, float | str]:
    """Return what a run measured."""
    return {
        key: value
        for name, one in digest.items()
        for key, value in zip(_metric_keys(name), _metric_values(one), strict=True)
        if value is not None
    }


@lru_cache(maxsize=100_000)
def _metric_keys(name: str) -> tuple[Key, ...]:
    name = shown(name)
    return tuple(("metric", name, field) for field in ("last", "count", "min", "max", "nans"))


def _metric_values(
    one: MetricDigest,
) -> tuple[float | str, float | None, float | None, float | None, float | None]:
    """Return a metric's cells, in the order of its keys: of one logged once just its value."""
    last, nans = _shown_value(one.last), one.nans or None
    if one.count == 1:
        return last, None, None, None, nans
    return last, one.count, one.min, one.max, nans


def _shown_value(value: Value) -> float | str:
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < SAFE_INTEGER else _as_float(value)
    return shown(str(value))


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
