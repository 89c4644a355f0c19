"""What people log comes out as the plain value that it is, or is refused at the call."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from run_widgets.errors import NotAMetric, NotAName
from run_widgets.tracking.values import column, document, row, scalar, table
from strategies import bits, numpy_scalars, plain, rows, same, tables

WHERE = "run.log('loss', …)"


class Colour(enum.StrEnum):
    RED = "red"


class Number(enum.IntEnum):
    SEVEN = 7


class FakeTensor:
    """A 0-dimensional tensor of another library, as far as anyone can see."""

    def __init__(self, value: object, shape: tuple[int, ...] = ()) -> None:
        self._value, self.shape = value, shape

    def item(self) -> object:
        return self._value


class EagerTensor:
    """A 0-dimensional tensor that knows numpy and no `item`."""

    shape = ()

    def numpy(self) -> Any:
        return np.float32(0.5)


# -- one value --


@given(plain)
def test_a_plain_value_stays_what_it_is(value: Any) -> None:
    assert bits(scalar(value, WHERE)) == bits(value)


@given(numpy_scalars)
def test_a_numpy_number_becomes_the_python_number_of_the_same_value(value: Any) -> None:
    plain_value = scalar(value, WHERE)

    assert type(plain_value) in (float, int, bool, str)
    assert same(plain_value) == same(value.item())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, "red"),
        (Number.SEVEN, 7),
        (FakeTensor(0.25), 0.25),
        (FakeTensor(np.int64(3)), 3),
        (EagerTensor(), 0.5),
        (np.array("text"), "text"),
        (np.array(True), True),
        (np.longdouble("0.5"), 0.5),
    ],
)
def test_what_stands_for_one_value_is_that_value(value: Any, expected: Any) -> None:
    assert bits(scalar(value, WHERE)) == bits(expected)


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ([1, 2], "log_list"),
        ((1,), "log_list"),
        (np.zeros(3), "log_list"),
        (range(3), "log_list"),
        ({"a": 1}, "log_row"),
        (pd.DataFrame({"a": [1]}), "log_table"),
        (decimal.Decimal("0.1"), "float()"),
        (fractions.Fraction(1, 3), "float()"),
        (1 + 2j, "complex"),
        (b"bytes", "bytes"),
        (object(), "object"),
        (datetime.datetime(2026, 1, 1), "str()"),
        (np.datetime64("2026-01-01"), "str()"),
    ],
)
def test_what_is_not_one_value_is_refused_with_the_way_out(value: Any, advice: str) -> None:
    with pytest.raises(NotAMetric, match=advice.replace("(", r"\(").replace(")", r"\)")):
        scalar(value, WHERE)


def test_a_list_in_a_list_row_or_table_is_told_where_it_can_go() -> None:
    with pytest.raises(NotAMetric, match=r"element 1 .* use run\.log_table"):
        column([1, [2]], WHERE)
    with pytest.raises(NotAMetric, match=r"column 'a' .* use run\.log_table"):
        row({"a": [1, 2]}, WHERE)
    with pytest.raises(NotAMetric, match=r"column 'a', element 0 .* str\(\)"):
        table({"a": [[1]]}, WHERE)


def test_a_number_that_no_float_can_hold_is_refused_and_not_rounded() -> None:
    third = np.longdouble(1) / 3
    if float(third) == third:
        pytest.skip("a long double is a double here")

    with pytest.raises(NotAMetric, match="does not fit"):
        scalar(third, WHERE)


def test_a_value_whose_text_cannot_be_had_is_refused_all_the_same() -> None:
    class Mute:
        def __repr__(self) -> str:
            raise RuntimeError("no text")

    with pytest.raises(NotAMetric):
        scalar(Mute(), WHERE)
    with pytest.raises(NotAMetric):
        column(10**5000, WHERE)


# -- columns, rows, tables --


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5, None, "x", True],
        (1, 2),
        np.array([1.5, np.nan]),
        np.array([1, 2], np.uint8),
        np.array([2**64 - 1], np.uint64),
        np.array(["a", "b"]),
        np.array([1, "a", None], object),
        np.array([0.5], np.float16),
        pd.Series([1, 2]),
        range(3),
        {1: 2}.values(),
    ],
)
def test_anything_that_holds_scalars_is_a_column(values: Any) -> None:
    found = column(values, WHERE)

    assert same(found) == same([scalar(value, WHERE) for value in values])


def test_a_generator_is_a_column() -> None:
    assert column((n * n for n in range(4)), WHERE) == [0, 1, 4, 9]


@pytest.mark.parametrize("values", ["text", b"bytes", 5, None, {"a": 1}])
def test_what_holds_no_scalars_is_no_column(values: Any) -> None:
    with pytest.raises(NotAMetric, match="list of values"):
        column(values, WHERE)


def test_a_column_has_one_dimension() -> None:
    with pytest.raises(NotAMetric, match=r"shape \(2, 2\)"):
        column(np.zeros((2, 2)), WHERE)


def test_an_element_that_is_no_scalar_is_named_by_its_place() -> None:
    with pytest.raises(NotAMetric, match="element 1"):
        column([1, [2]], WHERE)


@pytest.mark.parametrize(
    "values", [pd.Series([1, None], dtype="Int64"), pd.Series([True, None], dtype="boolean")]
)
def test_a_missing_value_of_pandas_is_none(values: Any) -> None:
    assert column(values, WHERE)[1] is None


@given(rows)
def test_a_row_stays_what_it_is(values: dict[str, Any]) -> None:
    assert bits(row(values, WHERE)) == bits(values)


@given(tables())
def test_a_table_stays_what_it_is(values: dict[str, Any]) -> None:
    assert bits(table(values, WHERE)) == bits(values)


def test_a_data_frame_is_a_table() -> None:
    frame = pd.DataFrame({"angle": [0, 90], "sine": [0.0, 1.0], 3: ["a", "b"]})

    columns = table(frame, WHERE)

    assert columns == {"angle": [0, 90], "sine": [0.0, 1.0], "3": ["a", "b"]}
    assert {type(cell) for cells in columns.values() for cell in cells} == {int, float, str}


def test_a_table_of_single_values_has_one_row() -> None:
    assert table({"a": 1, "b": "text", "c": np.array(2.0)}, WHERE) == {
        "a": [1],
        "b": ["text"],
        "c": [2.0],
    }


def test_columns_of_different_lengths_are_refused_with_their_lengths() -> None:
    with pytest.raises(NotAMetric, match=r"'a': 1, 'b': 2"):
        table({"a": [1], "b": [1, 2]}, WHERE)


@pytest.mark.parametrize("make", [row, table])
def test_a_column_name_is_text(make: Any) -> None:
    with pytest.raises(NotAName, match="must be a string"):
        make({1: 2}, WHERE)


@pytest.mark.parametrize("value", [5, "text", [1, 2], None])
def test_what_has_no_columns_is_no_table(value: Any) -> None:
    with pytest.raises(NotAMetric, match="dict of column name to list"):
        table(value, WHERE)


# -- documents --


@given(st.dictionaries(st.text(max_size=5), st.lists(st.floats(allow_nan=False)), max_size=3))
def test_a_document_is_the_same_as_dict_and_as_text(value: dict[str, Any]) -> None:
    import json

    assert document(value, WHERE) == document(json.dumps(value), WHERE) == value


def test_arrays_in_a_document_become_lists() -> None:
    value = {"matrix": np.eye(2, dtype=int), "total": np.float64(1.5)}

    assert document(value, WHERE) == {"matrix": [[1, 0], [0, 1]], "total": 1.5}


@pytest.mark.parametrize("value", ["{", "[1]", "null", 5, {"a": object()}, {"a": {1, 2}}])
def test_what_is_no_json_object_is_refused(value: Any) -> None:
    with pytest.raises(NotAMetric, match="dict or its JSON text"):
        document(value, WHERE)


def test_a_document_that_contains_itself_is_refused() -> None:
    deep: dict[str, Any] = {}
    deep["again"] = deep
    for _ in range(100_000):
        deep = {"a": deep}

    with pytest.raises(NotAMetric, match="dict or its JSON text"):
        document(deep, WHERE)
    with pytest.raises(NotAMetric, match="dict or its JSON text"):
        document('{"a":' * 100_000, WHERE)
