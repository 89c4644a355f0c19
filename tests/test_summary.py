from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_widgets.reading.facts import cell, facts, shown, text_of
from run_widgets.reading.summary import (
    MAX_CELLS,
    MAX_IMAGES,
    MAX_LINES,
    MAX_ROWS,
    PALETTE,
    RunSummary,
)
from run_widgets.records import (
    NO_STEP,
    Batch,
    Kind,
    PointKind,
    Points,
    Record,
    RunError,
    RunRecord,
    RunStatus,
)


def points(*values: object, step: list[int] | None = None, at: float = 100.0) -> Points:
    """Return these values as the columns in which a follower hands them out."""
    kind, raw, objects = [], [], {}
    for place, value in enumerate(values):
        number = 0.0
        if value is None:
            kind.append(PointKind.NONE)
        elif isinstance(value, str) or (isinstance(value, int) and value.bit_length() > 63):
            kind.append(PointKind.RECORD)
            objects[place] = value
        elif isinstance(value, bool | int):
            kind.append(PointKind.BOOL if isinstance(value, bool) else PointKind.INT)
            number = np.int64(value).view(np.float64)
        else:
            kind.append(PointKind.FLOAT)
            number = value
        raw.append(number)
    return Points(
        at=at + np.arange(len(values), dtype=np.float64),
        step=np.array(step if step else [NO_STEP] * len(values), np.int64),
        kind=np.array(kind, np.uint8),
        raw=np.array(raw, np.float64).view(np.int64),
        objects=objects,
    )


def record(metric: str, kind: Kind, value: Any, at: float = 100.0) -> Record:
    return Record(metric, kind, value, at)


def summary_of(*batches: Batch) -> RunSummary:
    summary = RunSummary()
    for batch in batches:
        summary.feed(batch)
    return summary


def scalars(**values: Points) -> Batch:
    return Batch(values)


def records(*given: Record) -> Batch:
    return Batch({}, given)


def drawn(summary: RunSummary) -> dict[str, list[tuple[float, float]]]:
    """Return the points of every line, by line."""
    return {
        line.name: list(zip(line.outline.columns().x, line.outline.columns().y, strict=True))
        for curves in summary.charts
        for line in curves.lines
    }


def listed(summary: RunSummary) -> dict[str, tuple[str, str]]:
    return {metric.name: (metric.kind, metric.text) for metric in summary.metrics}


def test_lists_each_metric_as_the_original_did() -> None:
    rows = [record("Cosine", Kind.ROW, {"angle": i / 10, "cos": math.cos(i)}) for i in range(20)]
    summary = summary_of(
        Batch(
            {
                "Category": points("Category 1", at=1),
                "Numeric 1": points(10, at=2),
                "Sigmoid": points(*np.linspace(0, 1, 20).tolist(), at=3),
            },
            (
                record("Fibonacci", Kind.LIST, [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89], at=40),
                *rows,
                record("Sine", Kind.TABLE, {"angle": [0.0, 0.1], "sine": [0.0, 0.1]}, at=101),
                record("Tangent", Kind.IMAGE, "Tangent_1.png", at=102),
                record("Matrix", Kind.CONFUSION_MATRIX, {"data": {}}, at=103),
            ),
        )
    )

    assert listed(summary) == {
        "Category": ("text", "Category 1"),
        "Numeric 1": ("scalar", "10"),
        "Sigmoid": ("vector", "Vector[20]"),
        "Fibonacci": ("vector", "Vector[12]"),
        "Cosine": ("table", "Table[20x2]"),
        "Sine": ("table", "Table[2x2]"),
        "Tangent": ("image", "Image"),
        "Matrix": ("confusion_matrix", "Confusion matrix"),
    }
    assert [curves.name for curves in summary.charts] == ["Sigmoid", "Fibonacci", "Cosine", "Sine"]
    assert summary.points == 1 + 1 + 20 + 12 + 20 + 2 + 1 + 1
    assert summary.last_value_at == 103


def test_a_vector_is_drawn_over_its_steps_and_else_over_its_places() -> None:
    summary = summary_of(
        scalars(
            loss=points(3.0, 2.0, 1.0, step=[0, 10, 5]),
            mixed=points(1.0, 2.0, 3.0, step=[7, NO_STEP, 9]),
            plain=points(1.0, 2.0),
        ),
        scalars(plain=points(3.0)),
    )

    assert drawn(summary) == {
        "loss": [(0, 3), (10, 2), (5, 1)],
        "mixed": [(7, 1), (1, 2), (9, 3)],
        "plain": [(0, 1), (1, 2), (2, 3)],
    }
    assert [curves.x_label for curves in summary.charts] == ["step", "step", "index"]


def test_a_single_scalar_gets_a_chart_with_its_second_value() -> None:
    summary = summary_of(scalars(loss=points(1.0)))
    assert summary.charts == []

    summary.feed(scalars(loss=points(2.0)))

    assert drawn(summary) == {"loss": [(0, 1), (1, 2)]}


def test_repeated_texts_are_listed_and_not_drawn() -> None:
    summary = summary_of(scalars(phase=points("warm-up", "train"), note=points(None, None)))

    assert listed(summary)["phase"] == ("vector", "Vector[2]")
    assert summary.charts == []


def test_a_list_of_one_is_a_vector() -> None:
    summary = summary_of(records(record("depths", Kind.LIST, [5])))

    assert listed(summary) == {"depths": ("vector", "Vector[1]")}
    assert drawn(summary) == {"depths": [(0, 5)]}


def test_several_lists_of_one_name_are_one_vector() -> None:
    summary = summary_of(
        records(record("a", Kind.LIST, [1, 2]), record("a", Kind.LIST, [])),
        records(record("a", Kind.LIST, [True, None, "x", 3])),
    )

    y = [value for _, value in drawn(summary)["a"]]
    np.testing.assert_array_equal(y, [1, 2, 1, math.nan, math.nan, 3])


def test_nan_and_infinities_stay_what_they_are() -> None:
    summary = summary_of(scalars(loss=points(1.0, math.nan, math.inf, -math.inf, 5.0)))

    y = [value for _, value in drawn(summary)["loss"]]
    np.testing.assert_array_equal(y, [1, math.nan, math.inf, -math.inf, 5])


@given(
    st.lists(
        st.one_of(st.floats(), st.integers(), st.booleans(), st.none(), st.text(max_size=3)),
        min_size=1,
    )
)
def test_last_lowest_and_highest_are_those_of_all_numbers(values: list[object]) -> None:
    summary = summary_of(*(scalars(x=points(value)) for value in values))

    numbers = [float(v) for v in values if isinstance(v, float | int) and not math.isnan(v)]
    (metric,) = summary.metrics
    assert metric.total == len(values)
    assert metric.last == values[-1] or metric.last != metric.last
    assert type(metric.last) is type(values[-1])
    np.testing.assert_equal(metric.lowest, min(numbers, default=math.nan))
    np.testing.assert_equal(metric.highest, max(numbers, default=math.nan))


def test_two_numeric_columns_are_drawn_second_over_first() -> None:
    summary = summary_of(
        records(*(record("wave", Kind.ROW, {"angle": i, "cos": -i}) for i in range(3)))
    )

    (curves,) = summary.charts
    assert (curves.kind, curves.x_label, curves.y_label) == ("table", "angle", "cos")
    assert drawn(summary) == {"cos": [(0, 0), (1, -1), (2, -2)]}


def test_more_numeric_columns_are_several_lines_over_the_first() -> None:
    table = {"epoch": [1, 2], "who": ["a", "b"], "good": [True, False], "p": [3, 4], "q": [5, None]}
    summary = summary_of(records(record("scores", Kind.TABLE, table)))

    (curves,) = summary.charts
    assert (curves.x_label, curves.y_label) == ("epoch", "")
    assert [(line.name, line.color) for line in curves.lines] == [
        ("p", PALETTE[0]),
        ("q", PALETTE[1]),
    ]
    np.testing.assert_array_equal(drawn(summary)["q"], [(1, 5), (2, math.nan)])


def test_what_train_and_val_log_has_a_color_for_each_of_the_two() -> None:
    summary = RunSummary()
    names = ("lr", "train/loss", "val/loss", "train/accuracy", "val/accuracy")
    summary.feed(Batch({name: points(1.0, 2.0) for name in names}, []))

    colors = {chart.name: chart.lines[0].color for chart in summary.charts}

    assert colors == {
        "lr": PALETTE[0],
        "train/loss": PALETTE[0],
        "train/accuracy": PALETTE[0],
        "val/loss": PALETTE[1],
        "val/accuracy": PALETTE[1],
    }


def test_a_single_numeric_column_is_drawn_over_the_rows() -> None:
    summary = summary_of(
        records(*(record("r", Kind.ROW, {"who": "a", "score": i}) for i in (5, 6)))
    )

    assert [curves.x_label for curves in summary.charts] == ["row"]
    assert drawn(summary) == {"score": [(0, 5), (1, 6)]}


def test_a_column_that_began_with_text_is_not_drawn() -> None:
    summary = summary_of(
        records(record("t", Kind.ROW, {"a": "x"})), records(record("t", Kind.ROW, {"a": 1}))
    )
    assert summary.charts == []

    summary.feed(records(record("t", Kind.ROW, {"a": 2, "b": 3})))

    assert drawn(summary) == {"b": [(2, 3)]}


def test_rows_and_tables_of_one_name_are_one_table_padded_with_none() -> None:
    summary = summary_of(
        records(record("t", Kind.ROW, {"a": 1})),
        records(record("t", Kind.TABLE, {"b": [2, 3], "a": [4, 5]})),
        records(record("t", Kind.ROW, {"c": "x"})),
    )

    (table,) = summary.tables
    assert table.columns == ["a", "b", "c"]
    assert table.rows() == [[1, None, None], [4, 2, None], [5, 3, None], [None, None, "x"]]
    assert table.rows(3) == [[None, None, "x"]]
    assert table.text == "Table[4x3]"


ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(["a", "b", "c", "d"]),
        st.one_of(st.integers(-5, 5), st.floats(width=16), st.text(max_size=2), st.none()),
        max_size=4,
    ),
    max_size=12,
)


@given(rows=ROWS, edges=st.lists(st.integers(0, 12), max_size=3))
def test_portions_of_rows_make_no_difference(
    rows: list[dict[str, object]], edges: list[int]
) -> None:
    logged = [record("t", Kind.ROW, row, at=float(i + 1)) for i, row in enumerate(rows)]
    cuts = [0, *sorted(edges), len(logged)]

    at_once = summary_of(records(*logged)) if logged else summary_of()
    portions = [logged[start:end] for start, end in itertools.pairwise(cuts)]
    bit_by_bit = summary_of(*(records(*part) for part in portions if part))

    assert [t.columns for t in bit_by_bit.tables] == [t.columns for t in at_once.tables]
    assert [t.rows() for t in bit_by_bit.tables] == [t.rows() for t in at_once.tables]
    assert [c.x_label for c in bit_by_bit.charts] == [c.x_label for c in at_once.charts]


def test_a_table_keeps_its_first_rows_and_counts_the_others() -> None:
    summary = summary_of(records(record("t", Kind.TABLE, {"i": list(range(5_000))})))
    summary.feed(records(record("t", Kind.ROW, {"i": -1})))

    (table,) = summary.tables
    assert table.text == "Table[5001x1]"
    assert [row[0] for row in table.rows()] == list(range(MAX_ROWS))
    assert summary.charts[0].lines[0].outline.total == 5_001


def test_a_wide_table_stays_within_its_budget() -> None:
    wide = {f"c{i}": list(range(500)) for i in range(1_000)}
    summary = summary_of(records(record("t", Kind.TABLE, wide)))

    (table,) = summary.tables
    assert table.text == "Table[500x1000]"
    assert sum(len(row) for row in table.rows()) <= MAX_CELLS
    assert len(summary.charts[0].lines) == MAX_LINES


def test_images_are_thinned_from_the_first_to_the_last() -> None:
    summary = RunSummary()
    for i in range(1_000):
        summary.feed(records(record("map", Kind.IMAGE, f"map_{i}.png", at=float(i + 1))))

    (images,) = summary.images
    places = [picture.place for picture in images.kept]
    assert images.text == "Image[1000]"
    assert (places[0], places[-1]) == (0, 999)
    assert MAX_IMAGES // 2 <= len(places) <= MAX_IMAGES
    assert len(set(np.diff(places[:-1]).tolist())) == 1


def test_a_name_used_in_two_ways_shows_both() -> None:
    summary = summary_of(
        scalars(x=points(1.0, 2.0, at=10)),
        Batch({"x": points(3.0)}, (record("x", Kind.ROW, {"a": 1}),)),
        records(record("x", Kind.IMAGE, "x.png"), record("x (image)", Kind.LIST, [1])),
    )

    assert listed(summary) == {
        "x": ("vector", "Vector[3]"),
        "x (row)": ("table", "Table[1x1]"),
        "x (image)": ("image", "Image"),
        "x (image) (list)": ("vector", "Vector[1]"),
    }


def test_warnings_are_kept_once() -> None:
    summary = summary_of(Batch({}, (), ("disk full",)), Batch({}, (), ("disk full",)))

    assert summary.warnings == ["disk full"]


def test_memory_stays_bounded_for_ten_million_points() -> None:
    summary = RunSummary()
    y = np.zeros(1_000_000)
    block = Points(
        at=np.arange(1.0, 1_000_001.0),
        step=np.full(len(y), NO_STEP, np.int64),
        kind=np.full(len(y), PointKind.FLOAT, np.uint8),
        raw=y.view(np.int64),
    )
    for number in range(10):
        y[:] = 0.0
        y[12_345] = 1.0 if number == 4 else 0.0
        summary.feed(Batch({"loss": block}))

    x, values, _ = summary.charts[0].lines[0].outline.columns()
    assert len(x) <= 3_002
    assert x[values == 1.0].tolist() == [4_012_345.0]


RECORD = RunRecord(
    id="r1", experiment="mnist", number=3, status=RunStatus.RUNNING, created_at=5.0, started_at=10.0
)


def test_the_facts_are_strict_json_whatever_was_logged() -> None:
    hostile = RunRecord(
        id="r\ud800",
        experiment="<script>alert(1)</script>",
        number=3,
        status=RunStatus.FAILED,
        created_at=math.nan,
        started_at=math.inf,
        tags={"\udfff": "x" * 100_000, "none": None},
        arguments=("a\0b",) * 10_000,
        error=RunError("boom", traceback="line\n" * 1_000_000),
    )

    text = json.dumps(facts(hostile, points=0, last_value_at=None, now=20.0), allow_nan=False)

    assert len(text.encode("utf-8")) < 100_000


def test_a_run_that_goes_on_has_lasted_until_now() -> None:
    known = facts(RECORD, points=7, last_value_at=15.0, now=20.0)

    assert (known["elapsed_s"], known["points"], known["title"]) == (10.0, 7, "mnist · run 3")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (True, True),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (0.1, 0.1),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        ("a", "a"),
        ([1, {"b": 2}], "[1, {'b': 2}]"),
        (10**10_000, "an integer of 33220 bits"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_cell_is_the_value_where_json_has_it(value: object, kept: object) -> None:
    assert cell(value) == kept
    assert type(cell(value)) is type(kept)


@pytest.mark.parametrize(
    ("value", "text"),
    [(10, "10"), (0.1, "0.1"), (4.539786870243442e-05, "4.53979e-05"), (True, "True"), ("a", "a")],
)
def test_a_single_value_reads_as_a_person_writes_it(value: object, text: str) -> None:
    assert text_of(value) == text


@given(st.text(st.characters(codec=None), max_size=400))
def test_any_text_can_be_shown(text: str) -> None:
    assert len(shown(text).encode("utf-8").decode("utf-8")) <= 300
