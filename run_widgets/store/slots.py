"""The points of one writer as arrays, from the file that grows or from its final form.

Nothing here trusts a file: sizes are checked against what is really there, what
is packed is unpacked piece by piece, and nothing is ever unpickled.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from run_widgets.store.columns import INTS, LONGS
from run_widgets.store.drive import open_plain
from run_widgets.store.layout import KINDS, MARK_AT, POINT_BYTES, STEP_AT, STEPPED
from run_widgets.store.pair import read_at

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from numpy.typing import NDArray

PIECE = 2**16
"""Slots that are read at once: their bytes stay in the processor's cache."""

TRIES = 1000
"""Of two readings that agree; who needs more does not append, but plays."""

MEMBERS_AT_MOST = 32
SPARSE_FACTOR = 100
"""A packed file that claims this many times the bytes it has on disk is a trap."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Consecutive slots, as columns of one length."""

    value: NDArray[np.int64]  # the eight bytes, read as an integer
    at: NDArray[np.float64]
    step: NDArray[np.int64]  # as wide as readers want it
    mark: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.mark)

    @property
    def kind(self) -> NDArray[np.uint8]:
        """A `PointKind` each, 0 where a slot is empty, or `VOID`."""
        return self._flags & np.uint8(KINDS)

    @property
    def has_step(self) -> NDArray[np.bool_]:
        """Whether a step was given with each."""
        return (self._flags & np.uint8(STEPPED)).astype(np.bool_)

    @property
    def _flags(self) -> NDArray[np.uint8]:
        return self.mark.view(np.uint8)[::4]  # their lowest bytes: a quarter of the memory

    def __getitem__(self, places: slice | NDArray[Any]) -> Slots:
        return Slots(self.value[places], self.at[places], self.step[places], self.mark[places])

    @classmethod
    def empty(cls, length: int) -> Self:
        """Return columns of any content, to be filled."""
        return cls(
            np.empty(length, "<i8"),
            np.empty(length, "<f8"),
            np.empty(length, "<i8"),
            np.empty(length, "<u4"),
        )

    @classmethod
    def joined(cls, first: Slots, second: Slots) -> Self:
        """Return the slots of both, in their order."""
        columns = ("value", "at", "step", "mark")
        return cls(*(np.concatenate([getattr(first, c), getattr(second, c)]) for c in columns))

    def fill(self, place: int, data: bytes) -> int:
        """Take whole points, as they lie in the file, from `place` on; return how many."""
        length = len(data) // POINT_BYTES
        longs = np.frombuffer(data, "<i8", length * 3)
        ints = longs.view("<i4")
        end = place + length
        self.value[place:end] = longs[0::3]
        self.at[place:end] = longs[1::3].view("<f8")
        self.step[place:end] = ints[STEP_AT // 4 :: 6]
        self.mark[place:end] = ints[MARK_AT // 4 :: 6].view("<u4")
        return length


def read_points(descriptor: int, first: int, at_most: int) -> Slots:
    """Return the slots from number `first` on, up to the last that is filled.

    Where a whole piece is empty the file ends for us, whatever its size says.
    """
    there = os.fstat(descriptor).st_size // POINT_BYTES
    count = max(min(there - first, at_most), 0)
    slots = Slots.empty(count)
    done = 0
    while done < count:
        data = _settled(descriptor, first + done, min(PIECE, count - done))
        if not data:
            break
        done += slots.fill(done, data)
    return slots if done == count else slots[:done]


def read_slots(descriptor: int, numbers: list[int]) -> Slots:
    """Return single slots, of which some may be empty."""
    slots = Slots.empty(len(numbers))
    for place, number in enumerate(numbers):
        slots.fill(place, _settled(descriptor, number, 1) or bytes(POINT_BYTES))
    return slots


def _settled(descriptor: int, first: int, count: int) -> bytes:
    """Return slots up to the last that is filled, none of them half written.

    A point's mark is written last, but a reading takes its time too: it may have
    a new mark behind old bytes. Two readings that agree were made of whole
    points only, since every mark in the second was there before it began.
    """
    place = first * POINT_BYTES
    data = read_at(descriptor, count * POINT_BYTES, place)
    filled = np.flatnonzero(np.frombuffer(data, "<u4", len(data) // 4)[MARK_AT // 4 :: 6])
    data = data[: (int(filled[-1]) + 1) * POINT_BYTES] if len(filled) else b""
    for _ in range(TRIES if data else 0):
        again = read_at(descriptor, len(data), place)
        if again == data:
            break
        data = again
    return data


class Packed:
    """Reads the `.npz` of a closed writer from its beginning to its end.

    Raises
    ------
    OSError
        There is no such file, or it is not a regular one.
    ValueError
        It is not what a writer leaves.
    """

    def __init__(self, path: Path) -> None:
        self._file = io.FileIO(open_plain(path))
        try:
            _check_not_sparse(self._file)
            members = _members(self._file)
            self._columns = {name: members[name] for name in (*LONGS, *_bytes_of_ints())}
            lengths = {column.length for column in self._columns.values()} - {1}
            if len(lengths) > 1:
                raise ValueError(f"its columns differ in length: {sorted(lengths)}")
            self.length = lengths.pop() if lengths else 1
            self.position = 0  # of the slot that `read` gives next
            for name in LONGS:
                if self._columns[name].length != self.length:
                    raise ValueError(f"its column {name!r} is too short")
        except KeyError as error:
            self.close()
            raise ValueError(f"it has no column {error}") from None
        except BaseException:
            self.close()
            raise

    def read(self, at_most: int) -> Slots:
        """Return the next slots; none at the end."""
        count = min(self.length - self.position, at_most)
        slots = Slots.empty(count)
        if not count:
            return slots
        self._columns["value"].read_into(slots.value)
        self._columns["at"].read_into(slots.at)
        self._read_int("step", slots.step, "<i4")
        self._read_int("mark", slots.mark, "<u4")
        self.position += count
        return slots

    def _read_int(self, name: str, column: NDArray[Any], dtype: str) -> None:
        parts = [self._columns[f"{name}{byte}"] for byte in range(4)]
        same = [part.length == 1 and self.length != 1 for part in parts]
        pattern = bytes(part.only() if one else 0 for part, one in zip(parts, same, strict=True))
        ints = np.full(min(len(column), PIECE), np.frombuffer(pattern, dtype)[0], dtype)
        places = ints.view(np.uint8).reshape(-1, 4)  # little-endian, as the file
        for start in range(0, len(column), PIECE):
            count = min(PIECE, len(column) - start)
            for byte, (part, one) in enumerate(zip(parts, same, strict=True)):
                if not one:
                    places[:count, byte] = np.frombuffer(part.read(count), np.uint8)
            column[start : start + count] = ints[:count]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __del__(self) -> None:
        # A follower may be forgotten half way; and a file may not have been opened at all.
        if hasattr(self, "_file"):
            self.close()


def _bytes_of_ints() -> list[str]:
    return [f"{name}{byte}" for name in INTS for byte in range(4)]


class _Column:
    """One array of the archive, read from its beginning on."""

    def __init__(self, file: io.FileIO, place: int, size: int, *, is_deflated: bool) -> None:
        self._file = file
        self._place = place
        self._end = place + size
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if is_deflated else None
        self._only = -1
        self.length, self._dtype = self._header()

    def _header(self) -> tuple[int, np.dtype[Any]]:
        start = self.read(10)
        if start[:8] != b"\x93NUMPY\x01\x00":
            raise ValueError("it has a member that is not an array of format 1.0")
        (size,) = struct.unpack("<H", start[8:])
        text = io.BytesIO(start[8:] + self.read(size))
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(text, max_header_size=2000)
        if len(shape) != 1 or is_fortran or shape[0] < 1:
            raise ValueError(f"it has an array of shape {shape}")
        return shape[0], dtype

    def check(self, name: str) -> Self:
        wanted = {"value": "<i8", "at": "<f8"}.get(name, "|u1")
        if self._dtype != np.dtype(wanted):
            raise ValueError(f"its column {name!r} is of {self._dtype}, not of {wanted}")
        return self

    def only(self) -> int:
        """Return the element that stands for all."""
        if self._only < 0:
            self._only = self.read(1)[0]
        return self._only

    def read_into(self, array: NDArray[Any]) -> None:
        """Fill `array` with the next elements."""
        target = array.data.cast("B")
        if self._inflate is not None:
            target[:] = self.read(len(target))
            return
        self._file.seek(self._place)
        done = 0
        while done < len(target):
            count = self._file.readinto(target[done : done + self._end - self._place])
            if not count:
                raise ValueError("it is cut off")
            done += count
            self._place += count

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        if self._inflate is None:
            if size > self._end - self._place:
                raise ValueError("it is cut off")
            array = np.empty(size, np.uint8)
            self.read_into(array)
            return array.tobytes()
        parts: list[bytes] = []
        while size:
            tail = self._inflate.unconsumed_tail
            if not tail:
                self._file.seek(self._place)
                tail = self._file.read(min(2**16, self._end - self._place)) or b""
                self._place += len(tail)
            part = self._inflate.decompress(tail, size)
            if not part and not tail:
                raise ValueError("it is cut off")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _members(file: io.FileIO) -> dict[str, _Column]:
    """Return the arrays of a zip archive by the headers before each.

    The table at an archive's end is not looked at: it is as large as it says.
    """
    size = os.fstat(file.fileno()).st_size
    members: dict[str, _Column] = {}
    place = 0
    for _ in range(MEMBERS_AT_MOST):
        file.seek(place)
        head = file.read(30)
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            break
        flags, method, packed, plain, name_size, extra_size = struct.unpack("<2xHH8xIIHH", head[4:])
        name = file.read(name_size).decode("utf-8", "replace")
        extra = file.read(extra_size)
        if packed == plain == 0xFFFFFFFF and extra[:2] == b"\x01\x00" and len(extra) >= 20:
            _, packed = struct.unpack("<QQ", extra[4:20])
        place += 30 + name_size + extra_size
        if flags & 0x9 or method not in (0, 8) or place + packed > size:
            raise ValueError(f"its member {name!r} is encrypted, cut off or of another kind")
        short = name.removesuffix(".npy")
        column = _Column(file, place, packed, is_deflated=method == 8)
        members[short] = column.check(short)
        place += packed
    return members


def _check_not_sparse(file: io.FileIO) -> None:
    facts = os.fstat(file.fileno())
    blocks = getattr(facts, "st_blocks", 0)  # some drives do not tell
    if blocks and facts.st_size > 512 * blocks * SPARSE_FACTOR:
        raise ValueError(f"it claims {facts.st_size:,} bytes and has {512 * blocks:,}")
