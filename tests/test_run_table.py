"""The table of runs: what it says is what the runs say, and only what is new is told."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from run_widgets import Experiment, Workspace
from run_widgets.comparing import run_table
from run_widgets.comparing.run_table import MISSING, NUMBER, Column, RunTable
from run_widgets.tracking.background import background

if TYPE_CHECKING:
    from run_widgets import Run


def start(experiment: Experiment, run_id: str | None = None, **options: Any) -> Run:
    run = experiment.start_logging(run_id=run_id, outputs=False, snapshot_directory=None, **options)
    background.wait(10)  # it notes git and packages, and so changes the run
    return run


def table_of(experiment: Experiment) -> RunTable:
    table = RunTable(experiment.workspace.store, experiment.name)
    bring_up_to_date(table)
    return table


def bring_up_to_date(table: RunTable) -> None:
    table.look()
    while table.is_behind:
        table.look()


class Page:
    """What a page has made of what it was told, as js/src/experiment/table.ts does."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.gone: set[int] = set()
        self.words: dict[str, list[str]] = {}
        self.cells: dict[str, dict[int, Any]] = {}

    def take(self, told: dict[str, Any], buffers: list[bytes]) -> None:
        json.dumps(told, allow_nan=False)
        self.ids += told["ids"][len(self.ids) - told["ids_from"] :]
        self.gone |= set(told["gone"])
        for column in told["columns"]:
            self._column(column, buffers)

    def _column(self, told: dict[str, Any], buffers: list[bytes]) -> None:
        name, count = ":".join(told["key"]).rstrip(":"), told["count"]
        words = self.words.setdefault(name, [])
        words += told.get("words", [])[len(words) - told.get("words_from", 0) :]
        rows = (
            np.frombuffer(buffers[told["rows"]], np.uint32).tolist()
            if "rows" in told
            else range(told["first"], told["first"] + count)
        )
        codes = (
            np.frombuffer(buffers[told["codes"]], np.int32).tolist()
            if "codes" in told
            else [NUMBER] * count
        )
        numbers = (
            np.frombuffer(buffers[told["numbers"]], np.float64).tolist()
            if "numbers" in told
            else [math.nan] * count
        )
        cells = self.cells.setdefault(name, {})
        assert len(codes) == len(numbers) == count
        for row, code, number in zip(rows, codes, numbers, strict=True):
            cells[row] = None if code == MISSING else number if code == NUMBER else words[code]

    def row(self, place: int) -> dict[str, Any]:
        found = {name: cells.get(place) for name, cells in self.cells.items()}
        return {name: value for name, value in found.items() if value is not None}


def told_by(table: RunTable, page: Page) -> int:
    """Let the page hear what is new; return of how many cells."""
    buffers: list[bytes] = []
    told = table.news(buffers)
    if told is None:
        return 0
    page.take(told, buffers)
    return sum(column["count"] for column in told["columns"])  # type: ignore[attr-defined]


def whole_of(table: RunTable) -> Page:
    page, buffers = Page(), list[bytes]()
    page.take(table.whole(buffers), buffers)
    return page


def test_a_run_is_a_row_of_what_it_is_and_what_it_came_to(experiment: Experiment) -> None:
    run = start(experiment, "a", display_name="first", tags={"lr": 0.1, "mark": None})
    for step in range(3):
        run.log("loss", 1 / (1 + step), step=step)
    run.log("accuracy", 0.9)
    run.log("kind", "svm")
    run.log("broken", math.nan)
    run.set_goal("loss", "minimize")
    run.complete()

    table = table_of(experiment)
    row = whole_of(table).row(0)

    assert table.ids == ["a"]
    assert table.goals == {"loss": "minimize"}
    assert row["run:number"] == 1
    assert row["run:name"] == "first"
    assert row["run:status"] == "Completed"
    assert row["run:ended"] >= row["run:started"]
    assert row["tag:lr"] == "0.1"
    assert row["tag:mark"] == ""
    assert (row["metric:loss:last"], row["metric:loss:min"], row["metric:loss:max"]) == (
        pytest.approx(1 / 3),
        pytest.approx(1 / 3),
        1.0,
    )
    assert row["metric:loss:count"] == 3
    assert row["metric:accuracy:last"] == 0.9
    assert "metric:accuracy:min" not in row
    assert row["metric:kind:last"] == "svm"
    assert math.isnan(row["metric:broken:last"])
    assert row["metric:broken:nans"] == 1


def test_only_what_is_new_is_told(experiment: Experiment) -> None:
    for number in range(20):
        done = start(experiment, f"r{number}")
        done.log("loss", 1.0)
        done.complete()
    table, page = table_of(experiment), Page()
    assert told_by(table, page) > 0
    assert told_by(table, page) == 0

    run = start(experiment, "new")
    run.log("loss", 0.5)
    bring_up_to_date(table)
    came = told_by(table, page)
    run.log("loss", 0.25)
    bring_up_to_date(table)
    moved = told_by(table, page)
    run.complete()
    bring_up_to_date(table)
    told_by(table, page)

    assert page.row(20)["metric:loss:last"] == 0.25
    assert page.row(20)["run:status"] == "Completed"
    assert came < 20  # the cells of one row, not those of the table
    assert moved <= 4  # last, min, max, count
    assert page.cells == whole_of(table).cells


def test_labels_that_change_and_go_are_told(experiment: Experiment) -> None:
    run = start(experiment, "a", tags={"stage": "dev", "old": "x"})
    run.complete()
    table, page = table_of(experiment), Page()
    told_by(table, page)

    run.tag("stage", "prod")
    run.remove_tags("old")
    bring_up_to_date(table)
    told_by(table, page)

    assert page.row(0)["tag:stage"] == "prod"
    assert "tag:old" not in page.row(0)
    run.tag("old", "again")
    bring_up_to_date(table)
    told_by(table, page)
    assert page.row(0)["tag:old"] == "again"


def test_a_run_that_is_deleted_is_gone_and_the_others_stay_where_they_are(
    experiment: Experiment,
) -> None:
    runs = [start(experiment, run_id) for run_id in ("a", "b", "c")]
    for run in runs:
        run.complete()
    table, page = table_of(experiment), Page()
    told_by(table, page)
    row = table.ids.index("b")

    runs[1].delete()
    bring_up_to_date(table)
    told_by(table, page)

    assert page.gone == {row}
    assert len(table) == 2
    assert sorted(table.ids[row] for row in table.rows()) == ["a", "c"]


def test_a_run_deleted_while_it_goes_on_is_gone_too(experiment: Experiment) -> None:
    run = start(experiment, "a")
    run.log("loss", 1.0)
    table = table_of(experiment)

    run.delete()
    bring_up_to_date(table)

    assert len(table) == 0


def test_a_column_may_be_a_number_in_one_run_and_a_text_in_another(experiment: Experiment) -> None:
    for run_id, value in (("a", 1.5), ("b", "high"), ("c", None), ("d", True)):
        run = start(experiment, run_id)
        run.log("level", value)
        run.complete()

    table = table_of(experiment)

    levels = {table.ids[row]: table.get(row, "metric", "level", "last") for row in table.rows()}
    assert levels == {"a": 1.5, "b": "high", "c": "None", "d": "True"}


def test_five_thousand_metrics_cost_what_is_in_them(experiment: Experiment) -> None:
    for number in range(3):
        run = start(experiment)
        for place in range(2000):
            run.log(f"m{number}-{place}", 1.0)
        run.complete()

    table, buffers = table_of(experiment), list[bytes]()
    table.whole(buffers)

    assert sum(key[0] == "metric" for key in table.columns) == 6000
    assert sum(map(len, buffers)) < 200_000


def test_columns_beyond_the_limit_are_counted(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_table, "MAX_COLUMNS", 10)
    run = start(experiment)
    for place in range(20):
        run.log(f"m{place}", 1.0)
    run.complete()

    table = table_of(experiment)

    assert len(table.columns) == 10
    assert table.whole([])["left_out"] == len(table.left_out) > 0


def test_names_in_every_script_and_emoji_come_through(experiment: Experiment) -> None:
    run = start(experiment, "a", display_name="первый 第一", tags={"🏷": "✓"})
    run.log("損失 🔥", 0.5)
    run.complete()

    row = whole_of(table_of(experiment)).row(0)

    assert (row["run:name"], row["tag:🏷"], row["metric:損失 🔥:last"]) == ("первый 第一", "✓", 0.5)


def test_a_digest_is_made_once_for_runs_that_have_none(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(experiment, "a")
    run.log("loss", 0.5)
    run.complete()
    run.store.update_run("a", lambda known: known.pop("metrics") and None)

    first = table_of(experiment)
    assert first.get(0, "metric", "loss", "last") == 0.5

    def read(*_: object) -> None:
        raise AssertionError("the points were read again")

    monkeypatch.setattr("run_widgets.store.digest.of_run", read)
    assert table_of(experiment).get(0, "metric", "loss", "last") == 0.5


def test_a_run_just_killed_is_read_once_its_last_values_have_settled(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(experiment, "a")
    run.log("loss", 0.5)
    run.fail()
    run.store.update_run("a", lambda known: known.pop("metrics") and None)
    table = table_of(experiment)
    assert table.get(0, "metric", "loss", "last") is None

    monkeypatch.setattr(run_table, "SETTLING_S", 0.0)
    later = table_of(experiment)

    assert later.get(0, "metric", "loss", "last") == 0.5


values = st.floats(allow_nan=True) | st.sampled_from(["a", "b", "ü"]) | st.none()


@given(st.lists(st.tuples(st.integers(0, 5), values), max_size=40), st.data())
def test_a_column_told_bit_by_bit_is_the_column(
    changes: list[tuple[int, Any]], data: st.DataObject
) -> None:
    column, page, wanted = Column(), Page(), dict[int, Any]()
    for row, value in changes:
        column.set(row, value)
        wanted[row] = value
        if data.draw(st.booleans()):
            take(page, column)
    take(page, column)

    for found in (page.cells.get("x", {}), whole_column(column)):
        assert {row for row, value in found.items() if value is not None} == {
            row for row, value in wanted.items() if value is not None
        }
        for row, value in wanted.items():
            assert same(found.get(row), value)
            assert same(column.get(row), value)


def take(page: Page, column: Column) -> None:
    buffers: list[bytes] = []
    if told := column.news(buffers):
        page._column({"key": ["x"], **told}, buffers)


def whole_column(column: Column) -> dict[int, Any]:
    page, buffers = Page(), list[bytes]()
    page._column({"key": ["x"], **column.whole(buffers)}, buffers)
    return page.cells["x"]


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


@given(st.lists(st.sampled_from(["start", "log", "end", "tag", "delete"]), max_size=25))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_happens_a_follower_and_a_newcomer_see_the_same(
    tmp_path_factory: pytest.TempPathFactory, events: list[str]
) -> None:
    experiment = Experiment(Workspace(tmp_path_factory.mktemp("w")), "e")
    table, page = RunTable(experiment.workspace.store, "e"), Page()
    runs: list[Run] = []
    for number, event in enumerate(events):
        if event == "start" or not runs:
            runs.append(start(experiment, f"r{number}"))
        elif event == "log":
            runs[-1].log(f"m{number % 3}", float(number))
        elif event == "end":
            runs.pop().complete()
        elif event == "tag":
            runs[-1].tag(f"t{number % 2}", number)
        else:
            runs.pop(0).delete()
        if number % 3 == 0:
            bring_up_to_date(table)
            told_by(table, page)
    bring_up_to_date(table)
    told_by(table, page)

    def rows(page: Page) -> dict[str, dict[str, Any]]:
        alive = [place for place in range(len(page.ids)) if place not in page.gone]
        return {page.ids[place]: page.row(place) for place in alive}

    assert rows(page) == rows(whole_of(table_of(experiment)))
    for run in runs:
        run.complete()
