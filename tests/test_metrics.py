"""What a run gives back has the shape in which it went in."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from run_widgets.reading.metrics import columns, gather, series
from run_widgets.records import Kind, Record
from strategies import lists, names, plain, rows, same, tables

if TYPE_CHECKING:
    from run_widgets import Experiment, Run

real_files = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def metrics_of(run: Run) -> dict[str, Any]:
    return {name: metric.value() for name, metric in gather(run.store.follow(run.id)).items()}


@real_files
@given(name=names, values=st.lists(plain, min_size=1, max_size=8))
def test_a_scalar_is_itself_and_repeated_a_list(
    experiment: Experiment, name: str, values: list[Any]
) -> None:
    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        for value in values:
            run.log(name, value)

    expected = values[0] if len(values) == 1 else values
    assert same(run.get_metrics()) == same({name: expected})


@real_files
@given(name=names, values=st.lists(lists, min_size=1, max_size=3))
def test_lists_of_one_name_follow_each_other(
    experiment: Experiment, name: str, values: list[list[Any]]
) -> None:
    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        for value in values:
            run.log_list(name, value)

    assert same(run.get_metrics(name)) == same({name: [*chain(*values)]})


@real_files
@given(name=names, logged=st.lists(rows, min_size=1, max_size=4))
def test_a_row_is_itself_and_more_are_columns(
    experiment: Experiment, name: str, logged: list[dict[str, Any]]
) -> None:
    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        for row in logged:
            run._log_record(Kind.ROW, name, row, None)  # `log_row` takes no column called `self`

    if len(logged) == 1:
        expected: dict[str, Any] = logged[0]
    else:
        keys = dict.fromkeys(key for row in logged for key in row)
        expected = {key: [row.get(key) for row in logged] for key in keys}
    assert same(run.get_metrics()) == same({name: expected})


@real_files
@given(name=names, logged=st.lists(tables(), min_size=1, max_size=3))
def test_tables_of_one_name_stand_below_each_other(
    experiment: Experiment, name: str, logged: list[dict[str, list[Any]]]
) -> None:
    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        for table in logged:
            run.log_table(name, table)

    heights = [max(map(len, table.values()), default=0) for table in logged]
    keys = dict.fromkeys(key for table in logged for key in table)
    expected = {
        key: [
            *chain(*(table.get(key, [None] * h) for table, h in zip(logged, heights, strict=True)))
        ]
        for key in keys
    }
    assert same(run.get_metrics()) == same({name: expected})


def test_rows_with_other_columns_are_padded_with_none() -> None:
    def record(kind: Kind, value: Any) -> Record:
        return Record("t", kind, value, at=0.0)

    table = columns(
        [
            record(Kind.ROW, {"a": 1}),
            record(Kind.TABLE, {"b": [2, 3]}),
            record(Kind.ROW, {"a": 4, "c": 5}),
        ]
    )

    assert table == {
        "a": [1, None, None, 4],
        "b": [None, 2, 3, None],
        "c": [None, None, None, 5],
    }


def test_lists_and_scalars_of_one_name_keep_their_order(run: Run) -> None:
    run.log("x", 1)
    run.log_list("x", [2, 3])
    run.log("x", 4.0)

    assert metrics_of(run) == {"x": [1, 2, 3, 4.0]}


def test_a_list_longer_than_one_record_is_one_list(run: Run) -> None:
    values = list(range(300_000))

    run.log_list("long", values)

    assert metrics_of(run) == {"long": values}


def test_a_table_longer_than_one_record_is_one_table(run: Run) -> None:
    table = {"n": list(range(200_000)), "half": [n / 2 for n in range(200_000)]}

    run.log_table("long", table)

    assert metrics_of(run) == {"long": table}


def test_metrics_come_in_the_order_of_their_first_values(run: Run) -> None:
    for name in ("b", "a", "c", "a", "b"):
        run.log(name, 1)
        run.log_list(f"list {name}", [1])

    assert list(metrics_of(run)) == ["b", "list b", "a", "list a", "c", "list c"]


def test_one_name_alone_can_be_read(run: Run) -> None:
    run.log("a", 1)
    run.log("b", 2)

    assert list(gather(run.store.follow(run.id), "b")) == ["b"]
    assert gather(run.store.follow(run.id), "z") == {}


def test_a_name_that_two_processes_use_in_two_ways_is_kept_both_ways(run: Run) -> None:
    one, other = run.store.writer(run.id), run.store.writer(run.id)
    one.put("x", 1.0, None)
    other.record(Kind.ROW, "x", {"a": 2})
    one.put("x", 3.0, None)
    for writer in (one, other):
        writer.close("done")

    found = metrics_of(run)
    assert found == {"x": [1.0, 3.0], "x (row)": {"a": 2}}
    assert list(found) == ["x", "x (row)"]


# -- series --


def test_a_series_counts_where_no_step_was_given(run: Run) -> None:
    for step in (None, 7, None, -3):
        run.log("loss", 0.5, step=step)

    assert run.get_series("loss").step.tolist() == [0, 7, 2, -3]


@real_files
@given(
    logged=st.lists(
        st.tuples(st.floats(), st.none() | st.integers(-(2**63) + 1, 2**63 - 1)), min_size=1
    )
)
def test_a_series_has_each_value_with_its_step(
    experiment: Experiment, logged: list[tuple[float, int | None]]
) -> None:
    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        for value, step in logged:
            run.log("loss", value, step=step)

    found = run.get_series("loss")
    assert len(found) == len(logged)
    np.testing.assert_array_equal(found.value, [value for value, _ in logged])
    expected = [n if step is None else step for n, (_, step) in enumerate(logged)]
    assert found.step.tolist() == expected
    assert (np.diff(found.at) >= 0).all()


def test_a_metric_without_scalars_has_an_empty_series(run: Run) -> None:
    run.log_list("list", [1, 2])

    assert len(series(gather(run.store.follow(run.id))["list"].points)) == 0


def test_a_metric_that_is_not_there_is_named(run: Run) -> None:
    with pytest.raises(KeyError, match="no metric 'lost'"):
        run.get_series("lost")
