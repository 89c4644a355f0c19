"""All rows of a table: held compactly, and arranged as the browser arranges those that it has."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_widgets.reading.long_table import BLOCK, MAX_ROWS, Arrangement, LongTable
from run_widgets.records import Kind, Record


def row(**cells: Any) -> Record:
    return Record("t", Kind.ROW, cells, 1.0)


def table(**columns: list[Any]) -> LongTable:
    made = LongTable()
    made.add([Record("t", Kind.TABLE, columns, 1.0)])
    return made


def first_cells(made: LongTable, arrangement: Arrangement, count: int = 100) -> list[Any]:
    return [cells[0] for cells in made.window(arrangement, 0, count)["rows"]]


def test_a_window_has_the_rows_as_they_were_logged() -> None:
    made = LongTable()
    for start in range(0, 3 * BLOCK + 5, 1_000):
        made.add([row(n=start + k, half=(start + k) / 2) for k in range(1_000)])

    answer = made.window(Arrangement(), BLOCK - 1, 3)

    assert answer["columns"] == ["n", "half"]
    assert answer["rows"] == [[BLOCK + k, (BLOCK + k) / 2] for k in (-1, 0, 1)]
    assert (answer["matched"], answer["total"]) == (25_000, 25_000)
    assert made.window(Arrangement(), 24_999, 10)["rows"] == [[24_999, 24_999 / 2]]
    assert made.window(Arrangement(), 99_999, 10)["rows"] == []


def test_a_column_that_comes_later_is_empty_before() -> None:
    made = table(a=list(range(BLOCK + 3)))
    made.add([row(a=-1, b="x")])

    assert made.window(Arrangement(), BLOCK + 2, 2)["rows"] == [[BLOCK + 2, None], [-1, "x"]]
    assert made.window(Arrangement(), 0, 1)["rows"] == [[0, None]]
    assert first_cells(made, Arrangement(column=1), 1) == [-1]


def test_numbers_come_before_texts_and_nothing_last_in_either_direction() -> None:
    values = ["b10", 3, None, "b9", math.nan, 0.5, "2", math.inf, "", "A"]

    up = first_cells(table(v=values), Arrangement(column=0))
    down = first_cells(table(v=values), Arrangement(column=0, descending=True))

    assert up == [0.5, "2", 3, "Infinity", "A", "b9", "b10", "NaN", None, ""]
    assert down == ["b10", "b9", "A", "Infinity", 3, "2", 0.5, "NaN", None, ""]


@given(
    st.lists(st.floats(allow_nan=False) | st.integers(-(2**52), 2**52), max_size=30),
    st.booleans(),
)
def test_sorting_numbers_is_pythons_own(values: list[float], descending: bool) -> None:
    made = LongTable()
    made.add([row(place=place, v=value) for place, value in enumerate(values)] or [row(place=0)])

    arrangement = Arrangement(column=1 if values else 0, descending=descending)

    expected = sorted(range(len(values)), key=lambda i: -values[i] if descending else values[i])
    assert first_cells(made, arrangement) == (expected or [0])


def test_a_text_is_looked_for_in_every_cell_whatever_its_case() -> None:
    made = table(word=["Cat", "dog", "bird"] * BLOCK, n=[0.5, 1.0, 25] * BLOCK)

    assert made.window(Arrangement("CAT"), 0, 1)["matched"] == BLOCK
    assert first_cells(made, Arrangement(" 25 "), 2) == ["bird", "bird"]
    assert made.window(Arrangement("1.0"), 0, 1)["matched"] == 0  # written as 1
    assert first_cells(made, Arrangement("o", column=1, descending=True), 1) == ["dog"]


def test_what_grows_is_arranged_anew() -> None:
    made = table(v=[1.0, 3.0])
    by_value = Arrangement(column=0, descending=True)
    assert first_cells(made, by_value) == [3.0, 1.0]

    made.add([row(v=2.0)])

    assert first_cells(made, by_value) == [3.0, 2.0, 1.0]


def test_rows_beyond_what_memory_has_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("run_widgets.reading.long_table.MAX_CELLS", 10)
    made = table(a=[1, 2, 3], b=[1, 2, 3])
    made.add([row(a=4, b=4), row(a=5, b=5), row(a=6, b=6)])
    made.add([row(a=7, b=7)])

    answer = made.window(Arrangement(), 0, 100)

    assert (answer["held"], answer["total"], len(answer["rows"])) == (5, 7, 5)


@pytest.mark.parametrize(("start", "count"), [(-1, 5), (0, MAX_ROWS + 1), (0, -1)])
def test_a_window_that_there_is_not_is_named(start: int, count: int) -> None:
    with pytest.raises(ValueError, match="rows, got"):
        table(a=[1]).window(Arrangement(), start, count)


def test_a_column_that_there_is_not_is_named() -> None:
    with pytest.raises(ValueError, match="no column 1; there are 1"):
        table(a=[1]).window(Arrangement(column=1), 0, 1)
