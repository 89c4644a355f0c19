"""The following side of a run: reads what every writer appended, and only what is new.

A run folder may come from a stranger: only regular files are opened, nothing is
followed out of the folder, nothing is unpickled, and what is broken is passed
over with a warning.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from run_widgets.records import NO_STEP, Batch, Kind, PointKind, Points, Record
from run_widgets.store.columns import COLUMNS
from run_widgets.store.drive import open_plain
from run_widgets.store.layout import FORMAT, KINDS, POINT_BYTES, STEPPED

DTYPES = {"value": "<i8", "at": "<f8", "step": "<i4", "mark": "<u4"}

SLOTS_AT_ONCE = 2**21
"""Points a `read` takes from one writer at the most: 50 MB."""

TEXT_AT_ONCE = 2**26
"""Bytes of JSON lines a `read` takes from one writer at the most, but one line at least."""

HOLE_PATIENCE_S = 2.0
"""How long an empty slot before a filled one is waited for: its thread was interrupted."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Consecutive slots of a points file, as columns of one length."""

    value: NDArray[np.int64]
    at: NDArray[np.float64]
    step: NDArray[np.int32]
    mark: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.mark)

    def __getitem__(self, places: slice | NDArray[Any]) -> Slots:
        return Slots(self.value[places], self.at[places], self.step[places], self.mark[places])

    @classmethod
    def of_bytes(cls, data: bytes) -> Slots:
        """Read whole points as they lie in the file."""
        longs = np.frombuffer(data, "<i8", len(data) // POINT_BYTES * 3).reshape(-1, 3)
        ints = longs[:, 2:].view("<i4")
        return cls(
            np.ascontiguousarray(longs[:, 0]),
            longs[:, 1:2].view("<f8")[:, 0].copy(),
            np.ascontiguousarray(ints[:, 0]),
            ints[:, 1:].view("<u4")[:, 0].copy(),
        )


NO_SLOTS = Slots.of_bytes(b"")


class LocalFollower:
    """Reads one run's `metrics` folder to the end of what is there, again and again."""

    def __init__(self, metrics: Path) -> None:
        self._metrics = metrics
        self._writers: dict[str, _WriterFiles] = {}

    def read(self) -> Batch:
        """Return what came since the last call; empty when nothing did.

        A long history comes in pieces of bounded size: call again until the
        batch is empty to be at the end of what is there.
        """
        for stem in _stems(self._metrics):
            if stem not in self._writers:
                self._writers[stem] = _WriterFiles(self._metrics / stem)
        columns: dict[str, list[Points]] = {}
        records: list[Record] = []
        warnings: list[str] = []
        for writer in self._writers.values():
            for name, points in writer.read(records):
                columns.setdefault(name, []).append(points)
            warnings += writer.warnings
            writer.warnings = []
        if len(self._writers) > 1:
            records.sort(key=lambda record: record.at)
        merged = {name: _merged(parts) for name, parts in columns.items()}
        return Batch(merged, tuple(records), tuple(warnings))

    def descriptions(self) -> dict[str, str]:
        """Return the description given with each metric that has one, of what was read."""
        return {
            name: text
            for writer in self._writers.values()
            for name, text in writer.descriptions.items()
        }

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()


class _WriterFiles:
    """How far one writer's two files have been read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = open_plain(Path(f"{path}.jsonl"))
        self._points = -1
        self._packed: Slots | None = None
        self._slot = 0
        self._text_read = 0
        self._names: dict[int, str] = {}
        self._entries: dict[int, dict[str, Any]] = {}  # read, and not yet referred to by a point
        self._stuck = False  # in a later format, or broken: said once, then left alone
        self.descriptions: dict[str, str] = {}
        self.warnings: list[str] = []

    def read(self, records: list[Record]) -> list[tuple[str, Points]]:
        """Return the new points by metric, and append the new records to `records`."""
        if self._stuck:
            return []
        slots = self._new_slots()
        if not len(slots) and self._slot:
            return []
        self._read_text()
        if self._stuck or not len(slots):
            return []
        self._slot += len(slots)
        used = (slots.mark & KINDS) + 1 & KINDS > 1  # neither 0, empty, nor VOID, the last kind
        return list(self._by_metric(slots if used.all() else slots[used], records))

    # -- points ------------------------------------------------------------------------

    def _new_slots(self) -> Slots:
        if self._points < 0 and self._packed is None:
            self._open_points()
        if self._packed is not None:
            return self._packed[self._slot : self._slot + SLOTS_AT_ONCE]
        if self._points < 0:
            return NO_SLOTS
        size = os.fstat(self._points).st_size // POINT_BYTES
        count = min(size - self._slot, SLOTS_AT_ONCE)
        if count <= 0:
            return NO_SLOTS
        slots = Slots.of_bytes(
            _read_at(self._points, count * POINT_BYTES, self._slot * POINT_BYTES)
        )
        return slots[: _filled(slots)]

    def _open_points(self) -> None:
        try:
            self._points = open_plain(Path(f"{self._path}.points"))
        except FileNotFoundError:
            try:
                self._packed = _read_npz(Path(f"{self._path}.npz"))
            except FileNotFoundError:
                return  # the writer is just creating it
            except (OSError, ValueError, KeyError, EOFError) as error:
                self._give_up(f"{self._path}.npz cannot be read: {error}")
        except OSError as error:
            self._give_up(str(error))

    def _by_metric(self, slots: Slots, records: list[Record]) -> Iterator[tuple[str, Points]]:
        if not len(slots):
            return
        ids = slots.mark >> 8
        if (ids == ids[0]).all():
            groups = [slots]
        else:
            order = np.argsort(ids, kind="stable")
            slots, ids = slots[order], ids[order]
            edges = [0, *(np.flatnonzero(np.diff(ids)) + 1).tolist(), len(ids)]
            groups = [slots[start:end] for start, end in itertools.pairwise(edges)]
        for group in groups:
            name = self._names.get(int(group.mark[0]) >> 8)
            if name is None:
                self.warnings.append(f"{self._path}.points has values of an undeclared metric")
                continue
            points = self._points_of(group, records)
            if points is not None:
                yield name, points

    def _points_of(self, group: Slots, records: list[Record]) -> Points | None:
        kind = (group.mark & KINDS).astype(np.uint8)
        step = group.step.astype(np.int64)
        stepped = group.mark & STEPPED
        if not stepped.all():
            step[stepped == 0] = NO_STEP
        objects: dict[int, Any] = {}
        referring = np.flatnonzero(kind == PointKind.RECORD)
        if len(referring):
            keep = np.ones(len(group), bool)
            for place in referring.tolist():
                record = _record(self._entries.pop(int(group.value[place]), None))
                if record is None:
                    self.warnings.append(f"{self._path}.jsonl lacks a record or has a broken one")
                    keep[place] = False
                elif record.kind is Kind.SCALAR:
                    objects[place] = record.value
                    if record.step is not None:
                        step[place] = record.step
                else:
                    records.append(record)
                    keep[place] = False
            moved = (np.cumsum(keep) - 1).tolist()
            objects = {moved[place]: value for place, value in objects.items()}
            group, kind, step = group[keep], kind[keep], step[keep]
            if not len(group):
                return None
        return Points(at=group.at, step=step, kind=kind, raw=group.value, objects=objects)

    # -- text --------------------------------------------------------------------------

    def _read_text(self) -> None:
        size = os.fstat(self._text).st_size
        while self._text_read < size and not self._stuck:
            data = _read_at(self._text, min(size - self._text_read, TEXT_AT_ONCE), self._text_read)
            end = data.rfind(b"\n") + 1
            if not end and self._text_read + len(data) < size:  # one very long line
                data = _read_at(self._text, size - self._text_read, self._text_read)
                end = data.rfind(b"\n") + 1
            if not end:
                return  # a torn tail, or a line on its way
            place = self._text_read
            for line in data[: end - 1].split(b"\n"):
                self._take_line(line, place)
                place += len(line) + 1
            self._text_read += end

    def _take_line(self, line: bytes, place: int) -> None:
        try:
            entry = json.loads(line)
            if "record" in entry:
                self._entries[place] = entry
            elif "metric" in entry:
                self._names[int(entry["metric"])] = str(entry["name"])
            elif "describe" in entry:
                self.descriptions[str(entry["describe"])] = str(entry["description"])
            elif "format" in entry and entry["format"] > FORMAT:
                self._give_up(
                    f"{self._path}.jsonl is of format {entry['format']}, this version of "
                    f"run-widgets reads up to {FORMAT}: update it"
                )
        except (ValueError, KeyError, TypeError, RecursionError):
            self.warnings.append(f"{self._path}.jsonl has a broken line at byte {place}")

    def _give_up(self, why: str) -> None:
        self._stuck = True
        self.warnings.append(why)

    def close(self) -> None:
        for descriptor in (self._text, self._points):
            if descriptor >= 0:
                os.close(descriptor)
        self._text = self._points = -1
        self._stuck = True


def _stems(metrics: Path) -> list[str]:
    try:
        names = os.listdir(metrics)
    except OSError:
        return []
    return sorted(name.removesuffix(".jsonl") for name in names if name.endswith(".jsonl"))


def _filled(slots: Slots) -> int:
    """Return how many slots from the first on can be taken as final."""
    empty = np.flatnonzero(slots.mark == 0)
    if not len(empty):
        return len(slots)
    later = np.flatnonzero(slots.mark)
    last = int(later[-1]) if len(later) else -1
    long_ago = time.time() - HOLE_PATIENCE_S
    holes = empty[empty < last]
    beyond = later[np.searchsorted(later, holes)]
    fresh = np.flatnonzero(slots.at[beyond] > long_ago)
    return int(holes[fresh[0]]) if len(fresh) else last + 1


def _read_at(descriptor: int, size: int, place: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, place)
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.read(descriptor, size)


def _read_npz(path: Path) -> Slots:
    descriptor = open_plain(path)
    with os.fdopen(descriptor, "rb") as file, np.load(file, allow_pickle=False) as archive:
        columns = {name: archive[name] for name in COLUMNS}
    for name, column in columns.items():
        if column.dtype != DTYPES[name] or column.shape != (len(columns["mark"]),):
            raise ValueError(
                f"its column {name!r} is {column.dtype} of shape {column.shape}, not one of "
                f"{DTYPES[name]} as long as the others"
            )
    return Slots(**columns)


def _record(entry: Mapping[str, Any] | None) -> Record | None:
    if entry is None:
        return None
    try:
        kind, step = Kind(entry["record"]), entry.get("step")
        value = int(entry["int"], 16) if "int" in entry else entry["value"]
        if kind in (Kind.ROW, Kind.TABLE) and not isinstance(value, dict):
            return None
        if kind is Kind.TABLE and not all(isinstance(cells, list) for cells in value.values()):
            return None
        if kind is Kind.LIST and not isinstance(value, list):
            return None
        if step is not None and not -(2**63) < int(step) < 2**63:
            return None
        return Record(
            metric=str(entry["name"]),
            kind=kind,
            value=value,
            at=float(entry["at"]),
            step=None if step is None else int(step),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _merged(parts: list[Points]) -> Points:
    """Put several writers' points of one metric into one order by time.

    Each writer's own order stays even where its clock was set back.
    """
    if len(parts) == 1:
        return parts[0]
    never_back = np.concatenate([np.maximum.accumulate(part.at) for part in parts])
    order = np.argsort(never_back, kind="stable")
    objects: dict[int, Any] = {}
    if any(part.objects for part in parts):
        place_of = np.empty(len(order), np.int64)
        place_of[order] = np.arange(len(order))
        start = 0
        for part in parts:
            objects |= {int(place_of[start + i]): value for i, value in part.objects.items()}
            start += len(part)

    def joined(column: str) -> NDArray[Any]:
        whole: NDArray[Any] = np.concatenate([getattr(part, column) for part in parts])
        return whole[order]

    return Points(joined("at"), joined("step"), joined("kind"), joined("raw"), objects)
