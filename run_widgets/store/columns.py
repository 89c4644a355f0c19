"""The final form of a closed `.points` file: a smaller `.npz` of its columns.

Standard library only, in bounded memory, since it runs at the end of training
scripts that may never have loaded numpy. `numpy.load` opens the result.
"""

from __future__ import annotations

import array
import contextlib
import os
import struct
from typing import TYPE_CHECKING

from run_widgets.store.layout import MARK_AT, POINT_BYTES, STEP_AT
from run_widgets.store.pair import read_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO
    from zipfile import ZipFile

COMPACT_FROM = 2**17
"""Bytes of points. Smaller files stay as they are, with the room they have: to cut a file
takes a drive that discards what it frees longer than all else a short run does.
"""

PIECE_BYTES = POINT_BYTES * 2**15

# The columns of 8 bytes lie in the archive as they are. Those of 4 bytes lie there as
# four columns of 1 byte each, the lowest first: steps and marks count up or repeat, and
# taken apart like this nearly nothing is left of them. A column of one byte all through
# is that one byte.
LONGS = {"value": 0, "at": 1}
INTS = {"step": STEP_AT, "mark": MARK_AT}


def settle(path: str, descriptor: int, size: int) -> None:
    """Bring the points file at `path`, open as `descriptor`, in its final form.

    Its first `size` bytes are points. A failure leaves the file as it is, which
    is as readable; a reader always finds it or its replacement, whole.
    """
    if size < COMPACT_FROM:
        return
    temporary = f"{path}.tmp"
    try:
        with open(temporary, "xb") as file:  # never through a link that a stranger left there
            _write_npz(file, descriptor, size)
        os.replace(temporary, f"{path}.npz")
        os.unlink(f"{path}.points")
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _write_npz(file: IO[bytes], descriptor: int, size: int) -> None:
    import zipfile

    length = size // POINT_BYTES
    with zipfile.ZipFile(file, "w", compresslevel=1) as archive:
        for name, place in LONGS.items():
            with _member(archive, name, "<i8" if name == "value" else "<f8", length) as column:
                for piece in _pieces(descriptor, size):
                    # Eight bytes are copied as they are, whatever they mean and their order.
                    column.write(array.array("q", piece)[place::3].tobytes())
        archive.compression = zipfile.ZIP_DEFLATED
        for name, place in INTS.items():
            for byte in range(4):
                bytes_of = slice(place + byte, None, POINT_BYTES)
                first = read_at(descriptor, 1, place + byte)
                constant = all(
                    piece[bytes_of].count(first) * POINT_BYTES == len(piece)
                    for piece in _pieces(descriptor, size)
                )
                with _member(archive, f"{name}{byte}", "|u1", 1 if constant else length) as column:
                    if constant:
                        column.write(first)
                    else:
                        for piece in _pieces(descriptor, size):
                            column.write(piece[bytes_of])


def _member(archive: ZipFile, name: str, dtype: str, length: int) -> IO[bytes]:
    member = archive.open(f"{name}.npy", "w", force_zip64=True)
    member.write(_npy_header(dtype, length))
    return member


def _pieces(descriptor: int, size: int) -> Iterator[bytes]:
    for place in range(0, size, PIECE_BYTES):
        yield read_at(descriptor, min(PIECE_BYTES, size - place), place)


def _npy_header(dtype: str, length: int) -> bytes:
    """Return the header of an .npy file, version 1.0, as numpy's format document defines it."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({length},), }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1")
