"""The final form of a closed `.points` file: a smaller `.npz` of its columns.

Standard library only, in bounded memory, since it runs at the end of training
scripts that may never have loaded numpy. `numpy.load` opens the result.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

from run_widgets.store.layout import POINT_BYTES

COMPACT_FROM = 2**17
"""Bytes of points; smaller files are only cut to their size."""

PIECE_BYTES = POINT_BYTES * 2**15

COLUMNS = ("value", "at", "step", "mark")
"""Of an .npz file, one entry a slot: int64 bits of the value, float64, int32, uint32."""

_DTYPE = {"value": "<i8", "at": "<f8", "step": "<i4", "mark": "<u4"}
_PLACE = {"value": (0, 3, "q"), "at": (1, 3, "q"), "step": (4, 6, "i"), "mark": (5, 6, "I")}


def rewrite(path: Path, descriptor: int, size: int) -> None:
    """Put the first `size` bytes of the points file `path`, open as `descriptor`, in final form.

    Either form replaces the old file by a rename, so a reader finds one or the
    other, whole. A failure leaves the old file, which is as readable.
    """
    temporary = path.with_suffix(".tmp")
    try:
        if size < COMPACT_FROM:
            temporary.write_bytes(_pieces(descriptor, size)(0))
            os.replace(temporary, path)
        else:
            _write_npz(temporary, _pieces(descriptor, PIECE_BYTES), size)
            os.replace(temporary, path.with_suffix(".npz"))
            path.unlink()
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _pieces(descriptor: int, piece: int) -> Callable[[int], bytes]:
    def read(place: int) -> bytes:
        os.lseek(descriptor, place, os.SEEK_SET)
        return os.read(descriptor, piece)

    return read


def _write_npz(path: Path, read: Callable[[int], bytes], size: int) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w", compresslevel=1) as archive:
        for name in COLUMNS:
            first, stride, form = _PLACE[name]
            # Steps and marks repeat or count up; values and times hardly compress.
            deflate = name in ("step", "mark")
            archive.compression = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
            with archive.open(f"{name}.npy", "w", force_zip64=True) as column:
                column.write(_npy_header(_DTYPE[name], size // POINT_BYTES))
                for place in range(0, size, PIECE_BYTES):
                    piece = memoryview(read(place))[: size - place].cast(form)
                    column.write(piece[first::stride].tobytes())


def _npy_header(dtype: str, length: int) -> bytes:
    """Return the header of an .npy file, version 1.0, as numpy's format document defines it."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({length},), }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1")
