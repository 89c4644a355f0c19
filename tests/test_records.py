"""The nouns: what a status is, and what columns of points give back."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from run_widgets.records import NO_STEP, Batch, PointKind, Points, Record, RunStatus
from strategies import any_floats, bits, ints, plain


def points_of(values: list[Any]) -> Points:
    """Return values as the store reads them."""
    kinds, raw, objects = [], [], {}
    for place, value in enumerate(values):
        number = 0
        if isinstance(value, bool):
            kind, number = PointKind.BOOL, int(value)
        elif isinstance(value, int) and -(2**63) <= value < 2**63:
            kind, number = PointKind.INT, value
        elif isinstance(value, float):
            kind, number = PointKind.FLOAT, int(np.float64(value).view(np.int64))
        elif value is None:
            kind = PointKind.NONE
        else:
            kind, objects[place] = PointKind.RECORD, value
        kinds.append(kind)
        raw.append(number)
    length = len(values)
    return Points(
        at=np.arange(length, dtype=float),
        step=np.full(length, NO_STEP),
        kind=np.array(kinds, np.uint8),
        raw=np.array(raw, np.int64),
        objects=objects,
    )


@given(st.lists(plain, max_size=20))
def test_columns_give_back_each_value_with_its_type(values: list[Any]) -> None:
    assert bits(points_of(values).values()) == bits(values)


@given(st.lists(any_floats | ints | st.booleans(), max_size=20))
def test_numbers_are_the_nearest_floats(values: list[Any]) -> None:
    def nearest(value: Any) -> float:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf

    numbers = points_of(values).numbers

    np.testing.assert_array_equal(numbers, [nearest(value) for value in values])


def test_what_is_not_a_number_is_nan_in_a_chart() -> None:
    numbers = points_of([1.5, None, "text", True]).numbers

    np.testing.assert_array_equal(numbers, [1.5, math.nan, math.nan, 1.0])


def test_numbers_leave_the_values_as_they_are() -> None:
    points = points_of([1.5, 2])

    points.numbers[0] = 99.0

    assert points.values()[1] == 2


@pytest.mark.parametrize("status", RunStatus)
def test_three_statuses_are_final(status: RunStatus) -> None:
    assert status.is_final == (status in ("Completed", "Failed", "Canceled"))


def test_a_batch_without_news_is_false() -> None:
    record = Record("loss", "list", [1], at=0.0)  # type: ignore[arg-type]

    assert not Batch({})
    assert Batch({}, (record,))
    assert Batch({}, (), ("a warning",))
    assert Batch({"loss": points_of([1.0])})
