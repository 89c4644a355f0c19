"""The JSON lines beside a writer's points, read forward and never further than needed."""

from __future__ import annotations

import json
import os
import struct
from typing import TYPE_CHECKING, Any

from run_widgets.records import Kind, Record
from run_widgets.store.layout import FORMAT, LINE_BYTES, METRICS_AT_MOST
from run_widgets.store.pair import read_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

AHEAD_BYTES = 2**20
"""Of lines that no point has referred to yet; more is read when these are used."""

BROKEN_AT_MOST = 1000
"""Lines that are not ours; a file with more is not ours either."""

_RECORD = b'{"record"'
_ROW = b'{"record":"row","name":'

# What `Record.value` promises, by the word for each kind.
_KINDS: dict[str, tuple[Kind, type | tuple[type, ...]]] = {
    kind.value: (kind, dict) for kind in Kind
}
_KINDS |= {
    "scalar": (Kind.SCALAR, (int, float, str, type(None))),
    "list": (Kind.LIST, list),
    "image": (Kind.IMAGE, str),
}


class Lines:
    """One writer's text. `complain` is told, once for each kind, of what is broken."""

    def __init__(self, complain: Callable[[str, str], None]) -> None:
        self._complain = complain
        self._records: dict[int, bytes] = {}  # by place, not yet referred to
        self._held = 0  # bytes of them
        self._broken = 0
        self.read_to = 0
        """Lines that begin before this byte have been read."""
        self.names: dict[int, str] = {}
        self.descriptions: dict[str, str] = {}
        self.is_later_format = False
        self.is_over = False
        """Whether the rest cannot be read for good."""

    @property
    def is_full(self) -> bool:
        """Whether as many records are held for points to come as may be."""
        return self._held >= AHEAD_BYTES

    def pull(self, descriptor: int) -> bool:
        """Read on, unless enough is at hand; tell whether anything came."""
        if self.is_over or self.is_full:
            return False
        size = os.fstat(descriptor).st_size - self.read_to
        if size <= 0:
            return False
        data = read_at(descriptor, min(size, AHEAD_BYTES), self.read_to)
        end = data.rfind(b"\n") + 1
        if not end and size > AHEAD_BYTES:  # a very long line
            data = read_at(descriptor, min(size, LINE_BYTES), self.read_to)
            end = data.find(b"\n") + 1
            if not end and size >= LINE_BYTES:
                self.is_over = True
                self._complain("long", f"has a line of over {LINE_BYTES:,} bytes")
        if not end:
            return False  # a torn tail, or a line on its way
        place = self.read_to
        for line in data[: end - 1].split(b"\n"):
            if self.is_over:
                return False
            if line.startswith(_RECORD):
                self._records[place] = line
                self._held += len(line)
            else:
                self._take(line, place)
            place += len(line) + 1
        self.read_to += end
        return True

    def _take(self, line: bytes, place: int) -> None:
        try:
            entry = json.loads(line)
            if "metric" in entry:
                self.names[int(entry["metric"])] = str(entry["name"])
                self.is_over = len(self.names) > METRICS_AT_MOST
            elif "describe" in entry:
                self.descriptions[str(entry["describe"])] = str(entry["description"])
                self.is_over = len(self.descriptions) > METRICS_AT_MOST
            elif "lost" in entry:
                count = int(entry["lost"])
                self._complain(f"lost {count}", f"tells of {count:,} values that had to be dropped")
            elif entry["format"] > FORMAT:
                self.is_over = self.is_later_format = True
                self._complain(
                    "format",
                    f"is of format {entry['format']}, and this version of run-widgets reads up to "
                    f"{FORMAT}: update it",
                )
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
            self._complain("broken", f"has a broken line at byte {place}")
            self._broken += 1
            self.is_over = self._broken > BROKEN_AT_MOST

    def records(self, places: Iterable[int]) -> list[Record | None]:
        """Return the record at each place, once; None where there is none or it is broken."""
        take = self._records.pop
        lines = [take(place, b"") for place in places]
        self._held -= sum(map(len, lines))
        if rows := _rows(lines):
            return rows
        if len(lines) > 1 and (rows := _rows(lines)) is not None:
            return rows
        # Parsed together, all share the names of their keys, and it is quicker.
        # Lines that are whole only together may be read so: they are a stranger's.
        entries = _parsed(b"[%b]" % b",".join(lines))
        if not isinstance(entries, list) or len(entries) != len(lines):
            entries = [_parsed(line) for line in lines]
        return [_record(entry) for entry in entries]

    def forget(self, before: int) -> None:
        """Let go of records before this place: points refer to them in their order."""
        for place in [place for place in self._records if place < before]:
            self._held -= len(self._records.pop(place))


def _rows(lines: list[bytes]) -> list[Record | None] | None:
    """Return rows of one table, each as a writer writes it; None where a line is anything else.

    Of each only time and cells are parsed, not what is the same in all: a table may
    have a million rows.
    """
    head, at, _ = lines[0].partition(b',"at":')
    begin = head + at
    if not at or not begin.startswith(_ROW):
        return None
    start = len(begin)
    stamps, values = [], []
    for line in lines:
        if not (line.startswith(begin) and line.endswith(b"}}")):
            return None
        stamp, _, value = line[start:-1].partition(b',"value":')
        stamps.append(stamp)
        values.append(value)
    name = _parsed(head[len(_ROW) :])
    times = _parsed(b"[%b]" % b",".join(stamps))
    cells = _parsed(b"[%b]" % b",".join(values))
    if not (type(name) is str and _are(float, times, stamps) and _are(dict, cells, values)):
        return None
    row, make = Kind.ROW, Record._make
    return [make((name, row, value, at, None)) for at, value in zip(times, cells, strict=True)]


def _are(kind: type, things: Any, texts: list[bytes]) -> bool:
    """Tell whether each of `texts`, parsed together, was one thing of that kind."""
    return (
        isinstance(things, list)
        and len(things) == len(texts)
        and {kind}.issuperset(map(type, things))
    )


def value_of(entry: Mapping[str, Any]) -> Any:
    """Return the value that a record's line holds, in whichever of its three forms."""
    if "int" in entry:
        return int(entry["int"], 16)
    if "bits" in entry:
        return struct.unpack(">d", bytes.fromhex(entry["bits"]))[0]
    return entry["value"]


def _parsed(text: bytes) -> Any:
    """Return what a text means as JSON; None where it is none."""
    try:
        return json.loads(text.decode())
    except (ValueError, RecursionError):
        return None


def _record(entry: Any) -> Record | None:
    """Return what a line means; None where it means nothing."""
    try:
        kind, types = _KINDS[entry["record"]]
        step, value = entry.get("step"), value_of(entry)
        if not isinstance(value, types) or (kind is Kind.TABLE and not _has_columns(value)):
            return None
        if step is not None and not (type(step) is int and -(2**63) < step < 2**63):
            return None
        return Record(str(entry["name"]), kind, value, float(entry["at"]), step)
    except (ArithmeticError, LookupError, TypeError, ValueError, struct.error):
        return None


def _has_columns(table: Any) -> bool:
    return {list}.issuperset(map(type, table.values()))
