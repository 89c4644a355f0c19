"""Whatever people may log, for hypothesis."""

from __future__ import annotations

import math
import struct

import hypothesis.strategies as st
import numpy as np

# Any text that Python can hold: also empty, with NUL, control characters and lone surrogates.
texts = st.text(st.characters(), max_size=40)
names = st.text(st.characters(), min_size=1, max_size=40)

float_bits = st.integers(0, 2**64 - 1) | st.sampled_from(
    [
        0x0000000000000000,
        0x8000000000000000,  # -0.0
        0x7FF0000000000000,  # infinity
        0xFFF0000000000000,
        0x7FF8000000000000,  # NaN
        0x7FF0000000000001,  # a signalling NaN
        0xFFF8DEADBEEF0001,  # a NaN with a payload
        0x0000000000000001,  # the smallest number
    ]
)
any_floats = float_bits.map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])

ints = (
    st.integers(-(2**70), 2**70)
    | st.integers(-(10**400), 10**400)
    | st.sampled_from([0, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1])
)

plain = any_floats | ints | st.booleans() | st.none() | texts
"""What `log` keeps, as Python has it."""

steps = (
    st.none()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.integers(-100, 100)
    | st.sampled_from([0, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1])
)

numpy_scalars = st.one_of(
    any_floats.map(np.float64),
    st.floats(width=32).map(np.float32),
    st.floats(width=16).map(np.float16),
    st.integers(-(2**63), 2**63 - 1).map(np.int64),
    st.integers(0, 2**64 - 1).map(np.uint64),
    st.integers(-128, 127).map(np.int8),
    st.booleans().map(np.bool_),
    texts.filter(lambda text: not text.endswith("\0")).map(np.str_),
    any_floats.map(np.array),
    st.integers(-(2**63), 2**63 - 1).map(np.array),
)

# JSON keeps no payload of a NaN, and no int that Python would not print.
cells = (
    st.floats(allow_nan=True, allow_infinity=True)
    | st.integers(-(10**30), 10**30)
    | st.booleans()
    | st.none()
    | texts
)
lists = st.lists(cells, max_size=8)
rows = st.dictionaries(texts, cells, max_size=4)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[object]]:
    columns = draw(st.lists(texts, max_size=4, unique=True))
    height = draw(st.integers(0, 5))
    column = st.lists(cells, min_size=height, max_size=height)
    return {name: draw(column) for name in columns}


labels = st.dictionaries(names, st.none() | texts, max_size=4)


def bits(value: object) -> object:
    """Return something that is equal only for what is the same to the last bit."""
    if isinstance(value, float):
        return ("float", struct.pack("<d", value))
    if isinstance(value, list | tuple):
        return [bits(one) for one in value]
    if isinstance(value, dict):
        return {name: bits(one) for name, one in value.items()}
    return (type(value).__name__, value)


def same(value: object) -> object:
    """Return `bits` that do not tell one NaN from another."""
    if isinstance(value, float) and math.isnan(value):
        return ("float", "nan")
    if isinstance(value, list | tuple):
        return [same(one) for one in value]
    if isinstance(value, dict):
        return {name: same(one) for name, one in value.items()}
    return bits(value)
