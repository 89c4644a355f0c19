"""Points laid into a mapped file, window after window; the usual way."""

from __future__ import annotations

import contextlib
import itertools
import math
import mmap
import struct
import time
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from run_widgets.records import PointKind
from run_widgets.store.layout import MARK_AT, POINT, POINT_BYTES, POINT_OF_INT, STEPPED, VOID
from run_widgets.store.pair import FilePair, copy, read_at, reserve, write_all
from run_widgets.store.writer import Plain, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from run_widgets.errors import RunNotFound

# Windows of the mapped file begin and end where both a page and a point do.
FIRST_BYTES = math.lcm(mmap.ALLOCATIONGRANULARITY, POINT_BYTES)
WINDOW_BYTES = math.lcm(mmap.ALLOCATIONGRANULARITY, 2**14, POINT_BYTES)

LATE_SAVES = 12
"""How often a window from memory is written again for slots taken and not yet filled."""

_now = time.time
_pack = POINT.pack_into
_pack_int = POINT_OF_INT.pack_into
_INT = PointKind.INT - PointKind.FLOAT

Buffer = mmap.mmap | bytearray

Window = tuple[Buffer, "Callable[[], int]", int, "Iterator[int]"]
"""A buffer, how to take a slot of it, where it begins in the file, and its slots to take
several of: one object, since other threads replace all four at once."""

GROUP_AT_MOST = 100
"""Metrics that are laid at once. More leave too many empty slots where a window ends."""

GROUPS_AT_MOST = 100
"""Sets of names and types that are remembered; who has more makes up names as he goes."""


class Group(NamedTuple):
    """How to lay values of these metrics and types into as many slots in a row."""

    pack: Callable[..., bytes]
    pack_into: Callable[..., None]
    fields: list[float]  # of all points: value, time, step and mark, of which the marks are set
    has_int: bool


class MappedWriter(Writer):
    """Lays each point into a page that outlives the process."""

    def _start(self) -> None:
        super()._start()
        self._window: Window = _window(bytearray(), 0)
        # Windows that are memory and not the file itself, by their place in it, and
        # how many saves may still find slots that were taken and not yet filled.
        self._apart: dict[int, tuple[bytearray, int]] = {}
        self._groups: dict[tuple[object, ...], Group] = {}  # by the names and types of values
        self._is_dropping = False  # since no further window may wait

    def put(self, name: str, value: Plain, step: int | None) -> None:
        try:
            mark = self._marks[name]
        except (KeyError, TypeError):
            self._alone(self._put_alone, name, value, step)
            return
        if type(value) is float:
            pack = _pack
        elif type(value) is int:
            pack = _pack_int
            mark += _INT
        else:
            self._alone(self._put_alone, name, value, step)
            return
        # Taking a slot is atomic, so no lock is needed.
        window, next_slot, _, _ = self._window
        place = next_slot()
        try:
            if step is None:
                pack(window, place, value, _now(), 0, mark)
            else:
                pack(window, place, value, _now(), step, mark + STEPPED)
        except (struct.error, TypeError, ValueError):
            # The window is full, or closed on our way to it, or value or step are too wide.
            _void(window, place)
            self._alone(self._put_alone, name, value, step)

    def put_known(self, values: Mapping[str, Any], step: int | None) -> bool:
        numbers = (*values.values(),)
        key = (step is None, *values, *map(type, numbers))
        group = self._groups.get(key)
        if group is None:
            return False
        fields = group.fields.copy()
        fields[0::4] = numbers
        fields[1::4] = [_now()] * len(numbers)
        if step is not None:
            fields[2::4] = [step] * len(numbers)
        if group.has_int:
            try:
                group.pack(*fields)  # what does not fit shall not be found half way
            except struct.error:
                return False
        # Taking slots like this is atomic, as taking one is.
        window, _, _, slots = self._window
        places = [*islice(slots, len(numbers))]
        try:
            group.pack_into(window, places[0], *fields)
        except (struct.error, TypeError, ValueError):
            # As in `put`; either all were laid or none.
            for place in places:
                _void(window, place)
            return False
        return True

    def put_all(
        self, values: Mapping[str, Plain], step: int | None, at: float | None = None
    ) -> None:
        super().put_all(values, step, at)
        kinds = [*map(type, values.values())]
        if not 0 < len(kinds) <= GROUP_AT_MOST or not {*kinds} <= {float, int}:
            return
        if len(self._groups) >= GROUPS_AT_MOST:
            self._groups = {}
        with contextlib.suppress(KeyError):  # closed meanwhile
            marks = [
                self._marks[name] + _INT * (kind is int)
                for name, kind in zip(values, kinds, strict=True)
            ]
            key = (step is None, *values, *kinds)
            self._groups[key] = _group(kinds, marks, has_step=step is not None)

    def _take(
        self, form: struct.Struct, value: float | int, at: float, step: int | None, mark: int
    ) -> None:
        fields = (value, at, 0, mark) if step is None else (value, at, step, mark + STEPPED)
        form.pack(*fields)  # what does not fit shall not cost a slot
        while True:
            window, next_slot, _, _ = self._window
            try:
                form.pack_into(window, next_slot(), *fields)
                return
            except (struct.error, TypeError, ValueError):
                if not self._grow():
                    return

    def _grow(self) -> bool:
        """Replace the window, which is full; False where the value is lost."""
        self._check_open()
        window, _, base, _ = self._window
        following = base + len(window)
        if self._pair is not None and not self._problem:
            try:
                self._use(self._map(self._pair, following))
                return True
            except (OSError, ValueError) as error:
                self._complain(error)
        size = _size_at(following)
        if self._is_dropping or self._is_full(size):
            self._dropped += 1
            self._is_dropping = True
            return False
        memory = bytearray(size)
        self._apart[following] = (memory, LATE_SAVES)
        self._use(_window(memory, following))
        return True

    def _map(self, pair: FilePair, base: int) -> Window:
        size = _size_at(base)
        reserve(pair.points, base, size)
        return _window(mmap.mmap(pair.points, size, offset=base), base)

    def _use(self, window: Window) -> None:
        """Make `window` the one that slots are taken from, and end the one before."""
        old, next_slot, _, _ = self._window
        self._window = window
        place = next_slot()
        while place < len(old):
            _void(old, place)
            place = next_slot()
        if isinstance(old, mmap.mmap):
            # A thread that took a slot and has not filled it finds it closed, and takes
            # another. Left open, it could be filled when nobody looks at it any more.
            with contextlib.suppress(BufferError):
                old.close()

    def _complain(self, error: OSError | ValueError | RunNotFound) -> None:
        super()._complain(error)
        window, _, base, _ = self._window
        if isinstance(window, mmap.mmap):
            # What comes now may refer to text that waits: it must not be on disk before.
            self._use(_window(bytearray(), base + len(window)))

    def _forget_marks(self) -> None:
        super()._forget_marks()
        self._groups = {}

    def _points_in_memory(self) -> int:
        return sum(len(memory) for memory, _ in self._apart.values())

    def _save_points(self, pair: FilePair) -> None:
        window, _, base, _ = self._window
        following = None
        if (base in self._apart or self._is_dropping) and not self._closed:
            # Leave memory only for good: first make sure of the disk for what comes next.
            following = self._map(pair, base + len(window))
        for place, (memory, _) in self._apart.items():
            write_all(pair.points, memory, place)
        if following is not None:
            self._use(following)
            self._is_dropping = False
            write_all(pair.points, window, base)  # again, with what came meanwhile
        self._apart = {
            place: (memory, saves - 1)
            for place, (memory, saves) in self._apart.items()
            if memory is self._window[0] or (saves and 0 in memory[MARK_AT::POINT_BYTES])
        }

    def _copy_points(self, old: FilePair, new: FilePair) -> None:
        window, _, base, _ = self._window
        copy(old.points, new.points, base + len(window))

    def _leave(self, old: FilePair) -> None:
        window, _, base, _ = self._window
        if not isinstance(window, mmap.mmap):
            return
        size = len(window)
        memory = bytearray()
        self._apart[base] = (memory, 0)
        self._use(_window(bytearray(), base + size))
        # What was laid into it since it was copied.
        memory += read_at(old.points, size, base)

    def _stop(self) -> int:
        window, next_slot, base, _ = self._window
        size = len(window)
        self._window = _window(bytearray(), base + size)
        if isinstance(window, mmap.mmap):
            try:
                window.close()
            except BufferError:  # a thread is writing in it just now
                return base + size
        return base + min(next_slot(), size)


def _window(buffer: Buffer, base: int) -> Window:
    slots = itertools.count(0, POINT_BYTES)
    return buffer, slots.__next__, base, slots


def _group(kinds: list[type], marks: list[int], *, has_step: bool) -> Group:
    forms = ((POINT_OF_INT if kind is int else POINT).format for kind in kinds)
    form = struct.Struct(POINT.format[0] + "".join(one[1:] for one in forms))
    fields: list[float] = [0] * (4 * len(marks))
    fields[3::4] = [mark + STEPPED for mark in marks] if has_step else marks
    return Group(form.pack, form.pack_into, fields, int in kinds)


def _size_at(base: int) -> int:
    """Return the size of the window that begins at `base`: the first are small."""
    return min(max(base, FIRST_BYTES), WINDOW_BYTES)


def _void(window: Buffer, place: int) -> None:
    """Mark a slot that was taken and is not used, so that no reader waits for it."""
    with contextlib.suppress(struct.error, TypeError, ValueError):
        _pack_int(window, place, 0, 0.0, 0, VOID)
