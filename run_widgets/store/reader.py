"""The following side of a run: reads what every writer appended, and only what is new.

A run folder may come from a stranger: only regular files are opened, nothing is
followed out of the folder, nothing is unpickled, and what is broken is passed
over with a warning. Between two readings no file is held open but one that is
being unpacked, so a panel may follow hundreds of runs, and a file that was
replaced is found.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
import zlib
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from run_widgets.records import NO_STEP, Batch, Kind, PointKind, Points, Record
from run_widgets.store.drive import open_plain
from run_widgets.store.layout import VOID
from run_widgets.store.lines import Lines
from run_widgets.store.slots import Packed, Slots, read_points, read_slots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SLOTS_AT_ONCE = 2**20
"""Points a `read` takes from one writer at the most: 25 MB."""

WRITERS_AT_MOST = 10_000
"""That one follower reads; a folder with more is a stranger's."""

LATE_S = 60.0
"""How long a slot that could not be used is looked at again."""

LATE_AT_MOST = 1000


class LocalFollower:
    """Reads one run's `metrics` folder to the end of what is there, again and again.

    `at_once` is how many points of a writer a `read` takes at the most, about 60 bytes
    each while they are looked at; default: `SLOTS_AT_ONCE`.
    """

    def __init__(self, metrics: Path, at_once: int = 0) -> None:
        self._metrics = metrics
        self._at_once = at_once or SLOTS_AT_ONCE
        self._writers: dict[str, _WriterFiles] = {}
        self._is_closed = False

    def read(self) -> Batch:
        """Return what came since the last call; empty when nothing did.

        A long history comes in pieces of bounded size: call again until the
        batch is empty to be at the end of what is there.
        """
        if self._is_closed:
            return Batch({})
        for stem in _stems(self._metrics):
            if stem not in self._writers and len(self._writers) < WRITERS_AT_MOST:
                self._writers[stem] = _WriterFiles(self._metrics, stem, self._at_once)
        columns: dict[str, list[Points]] = {}
        records: list[list[Record]] = []
        warnings: list[str] = []
        for writer in self._writers.values():
            records.append([])
            for name, points in writer.read(records[-1]):
                columns.setdefault(name, []).append(points)
            warnings += writer.warnings
            writer.warnings = []
        merged = {name: _merged(parts) for name, parts in columns.items()}
        return Batch(merged, tuple(_in_time(records)), tuple(warnings))

    def descriptions(self) -> dict[str, str]:
        """Return the description given with each metric that has one, of what was read."""
        return {
            name: text
            for writer in self._writers.values()
            for name, text in writer.lines.descriptions.items()
        }

    def close(self) -> None:
        """Read nothing more."""
        self._is_closed = True
        for writer in self._writers.values():
            writer.close()


class _WriterFiles:
    """How far one writer's two files have been read."""

    def __init__(self, metrics: Path, stem: str, at_once: int) -> None:
        self._at_once = at_once
        self._path = metrics / stem
        self._text_path = metrics / f"{stem}.jsonl"
        self._points_path = metrics / f"{stem}.points"
        self._packed_path = metrics / f"{stem}.npz"
        self._packed: Packed | None = None
        self._unpacked = NO_SLOTS  # and not used yet
        self._slot = 0  # of the growing file, the first that has not been read
        # Slots before that one which could not be used, since when, and why if that is not
        # in order: a thread was about to fill it, or a network drive showed a point before
        # the text that it refers to.
        self._late: dict[int, tuple[float, str]] = {}
        self._is_over = False  # closed and read to its end, or not to be read at all
        self._said: set[str] = set()
        self.lines = Lines(lambda topic, what: self._say(topic, f"{self._text_path} {what}"))
        self.warnings: list[str] = []

    def read(self, records: list[Record]) -> list[tuple[str, Points]]:
        """Return the new points by metric, and append the new records to `records`."""
        found: list[tuple[str, Points]] = []
        if self._is_over:
            return found
        count = len(records)
        try:
            with _opened(self._text_path) as text, self._opened_points() as points:
                while self._step(text, points, found, records):
                    if found or len(records) > count:
                        break
        except FileNotFoundError:
            pass  # it is just being made, or its folder is away
        except (OSError, ValueError, SyntaxError, zlib.error) as error:
            self._say("open", f"{self._path} cannot be read: {error}")
            if self._packed is not None:
                self.close()
        return found

    @contextlib.contextmanager
    def _opened_points(self) -> Iterator[int | None]:
        """Open the growing file for the block; None where its final form is to be read."""
        if self._packed is None:
            try:
                descriptor = open_plain(self._points_path)
            except FileNotFoundError:
                self._packed = Packed(self._packed_path)
            else:
                try:
                    yield descriptor
                finally:
                    os.close(descriptor)
                return
        yield None

    def _step(
        self,
        text: int,
        points: int | None,
        found: list[tuple[str, Points]],
        records: list[Record],
    ) -> bool:
        """Read some slots on; False at the end of what is there."""
        # Points first: the text that they refer to was there before them.
        if points is None:
            slots = self._within_text(text, self._unpack())
            self._unpacked = self._unpacked[len(slots) :]
            # In its final form no slot is looked at later, by its number.
            numbers, has_new = np.broadcast_to(np.int64(0), len(slots)), len(slots) > 0
        else:
            late = self._still_late()
            again = read_slots(points, late)
            slots = self._within_text(text, read_points(points, self._slot, self._at_once))
            first, self._slot = self._slot, self._slot + len(slots)
            numbers, has_new = np.arange(first, self._slot), len(slots) > 0
            if late:
                slots = Slots.joined(again, slots)
                numbers = np.concatenate([late, numbers])
        if self.lines.is_later_format or (points is None and not has_new):
            self.close()
            return False
        if len(slots):
            self._use(text, slots, numbers, found, records)
        return has_new

    def close(self) -> None:
        """Read nothing more."""
        self._is_over = True
        if self._packed is not None:
            self._packed.close()

    def _say(self, topic: str, text: str) -> None:
        """Warn, once for each topic."""
        if topic not in self._said:
            self._said.add(topic)
            self.warnings.append(text)

    # -- slots -------------------------------------------------------------------------

    def _unpack(self) -> Slots:
        """Return what is left of the final form, without what was read from the growing file."""
        assert self._packed is not None
        while not len(self._unpacked):
            start = self._packed.position
            slots = self._packed.read(self._at_once)
            if not len(slots):
                break
            if start >= self._slot and not self._late:
                self._unpacked = slots
                continue
            numbers = np.arange(start, start + len(slots))
            self._unpacked = slots[(numbers >= self._slot) | np.isin(numbers, list(self._late))]
        return self._unpacked

    def _within_text(self, text: int, slots: Slots) -> Slots:
        """Read the text that `slots` refer to, or as much as one reading takes and cut `slots`."""
        lines = self.lines
        referring = np.flatnonzero(slots.kind == PointKind.RECORD)
        places = slots.value[referring]
        if len(places) and not self._late:
            lines.forget(before=int(places[0]))
        wanted = int(places.max()) if len(places) else -1
        lines.pull(text)
        while lines.read_to <= wanted and (lines.pull(text) or lines.is_full):
            if lines.is_full and lines.read_to <= wanted:
                beyond = int(referring[places >= lines.read_to][0])
                if beyond:
                    return slots[:beyond]
                lines.forget(before=lines.read_to)  # what is held is for nobody
        return slots

    def _still_late(self) -> list[int]:
        long_ago = time.monotonic() - LATE_S
        for number, (since, why) in list(self._late.items()):
            if since < long_ago:
                del self._late[number]
                if why:
                    self._say(why, f"{self._path}.points {why}")
        return sorted(self._late)

    def _put_off(self, numbers: NDArray[np.int64], why: str = "") -> None:
        """Look at these slots again later; a file in its final form has no later."""
        now = time.monotonic()
        room = LATE_AT_MOST - len(self._late) if self._packed is None else 0
        for number in numbers[:room].tolist():
            self._late.setdefault(number, (now, why))
        if why and len(numbers) > room:
            self._say(why, f"{self._path}.points {why}")

    # -- what they hold ------------------------------------------------------------------

    def _use(
        self,
        text: int,
        slots: Slots,
        numbers: NDArray[np.int64],
        found: list[tuple[str, Points]],
        records: list[Record],
    ) -> None:
        """Put what each slot holds where it belongs, and put off those that hold nothing yet."""
        kind = slots.kind
        usable = (kind != 0) & (kind <= PointKind.RECORD)
        referring = kind == PointKind.RECORD
        if not usable.all():
            self._put_off(numbers[kind == 0])
            if not (usable | (kind == 0) | (kind == VOID)).all():
                self._say("kind", f"{self._path}.points has values of an unknown kind")
        if referring.any():
            missing = referring & ((slots.value >= self.lines.read_to) | (slots.value < 0))
            self._put_off(numbers[missing], "refers to text that is not there")
            usable &= ~missing
        if not usable.all():
            slots, kind, numbers = slots[usable], kind[usable], numbers[usable]
        others: dict[int, Record] = {}  # than scalars, by their places among `slots`
        for places in _of_each_metric(slots.mark):
            number = int(slots.mark[places][0]) >> 8
            while number not in self.lines.names and self.lines.pull(text):
                pass
            name = self.lines.names.get(number)
            if name is None:
                self._put_off(numbers[places], "has values of a metric that was not declared")
                continue
            points = self._points(slots[places], kind[places], places, others)
            if points is not None:
                found.append((name, points))
            for used in numbers[places].tolist() if self._late else ():
                self._late.pop(used, None)
        records += [others[place] for place in sorted(others)]

    def _points(
        self,
        slots: Slots,
        kind: NDArray[np.uint8],
        places: slice | NDArray[np.intp],
        others: dict[int, Record],
    ) -> Points | None:
        """Return a metric's scalars, and put its other records into `others`.

        `places` are those of its slots among all; a slice is all of them.
        """
        step = slots.step
        has_step = slots.has_step
        if not has_step.all():
            step[~has_step] = NO_STEP
        at, raw = slots.at, slots.value
        referring = np.flatnonzero(kind == PointKind.RECORD)
        if not len(referring):
            return Points(at=at, step=step, kind=kind, raw=raw)
        keep = kind != PointKind.RECORD
        objects: dict[int, Any] = {}
        records = self.lines.records(raw[referring].tolist())
        turns = referring if isinstance(places, slice) else places[referring]
        for place, turn, record in zip(referring.tolist(), turns.tolist(), records, strict=True):
            if record is None:
                self._say("record", f"{self._text_path} lacks a record or has a broken one")
            elif record.kind is not Kind.SCALAR:
                others[turn] = record
            else:
                keep[place] = True
                objects[place] = record.value
                if record.step is not None:
                    step[place] = record.step
        if not keep.any():
            return None
        moved = np.cumsum(keep) - 1
        objects = {int(moved[place]): value for place, value in objects.items()}
        return Points(at[keep], step[keep], kind[keep], raw[keep], objects)


NO_SLOTS = Slots.empty(0)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = open_plain(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _stems(metrics: Path) -> list[str]:
    try:
        if not stat.S_ISDIR(os.lstat(metrics).st_mode):
            return []
        names = os.listdir(metrics)
    except OSError:
        return []
    return sorted(name.removesuffix(".jsonl") for name in names if name.endswith(".jsonl"))


def _of_each_metric(marks: NDArray[np.uint32]) -> Iterator[slice | NDArray[np.intp]]:
    """Yield the places of each metric's marks, in order."""
    if not len(marks):
        return
    if marks.min() >> 8 == marks.max() >> 8:
        yield slice(None)
        return
    ids = marks >> 8
    # Numbers of 16 bits are sorted by counting, ten times as fast.
    order = np.argsort(ids.astype(np.uint16) if ids.max() < 2**16 else ids, kind="stable")
    edges = np.flatnonzero(np.diff(ids[order])) + 1
    yield from np.split(order, edges)


def _in_time(parts: list[list[Record]]) -> list[Record]:
    """Put several writers' records into one order, as `_merged` does their points."""
    parts = [part for part in parts if part]
    if len(parts) < 2:
        return parts[0] if parts else []
    never_back = [at for part in parts for at in accumulate((r.at for r in part), max)]
    records = [record for part in parts for record in part]
    return [records[i] for i in sorted(range(len(records)), key=never_back.__getitem__)]


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
