"""docs/store-format.md is enough to read a run, with numpy and json alone."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from run_widgets.records import Kind
from run_widgets.store import layout
from run_widgets.store.columns import COMPACT_FROM
from run_widgets.store.keeper import BEAT_S
from run_widgets.store.slots import PIECE
from run_widgets.store.status import FAILED_AFTER_S, NOT_RESPONDING_AFTER_S
from run_widgets.store.writer import WAITING_BYTES
from strategies import bits, lists, plain, rows, same, steps, tables

if TYPE_CHECKING:
    from run_widgets import Experiment, Run
    from run_widgets.store.local import LocalStore

PAGE = (Path(__file__).parent.parent / "docs" / "store-format.md").read_text()


@pytest.fixture(scope="module")
def read_run() -> Any:
    """The function that the page shows, as it stands there."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/store-format.md", "exec"), names)
    return lambda folder: list(names["read_run"](folder))


logged = st.one_of(
    st.tuples(st.just(Kind.SCALAR), st.sampled_from(["a", "b"]), plain, steps),
    st.tuples(st.just(Kind.LIST), st.just("list"), lists, st.none()),
    st.tuples(st.just(Kind.ROW), st.just("row"), rows, st.none()),
    st.tuples(st.just(Kind.TABLE), st.just("table"), tables(), st.none()),
)
numbers = iter(range(10**9))


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(entries=st.lists(logged, min_size=1, max_size=20))
@pytest.mark.parametrize("append", ["0", "1"])
def test_the_page_reads_what_was_logged(
    experiment: Experiment,
    store: LocalStore,
    read_run: Any,
    append: str,
    monkeypatch: pytest.MonkeyPatch,
    entries: list[tuple[Kind, str, Any, int | None]],
) -> None:
    monkeypatch.setenv("RUN_WIDGETS_APPEND", append)
    run_id = f"run-{next(numbers)}"
    store.create_run(experiment.name, run_id, {})
    writer = store.writer(run_id)
    for kind, name, value, step in entries:
        if kind is Kind.SCALAR:
            writer.put(name, value, step)
        else:
            writer.record(kind, name, value)

    while_written = read_run(store.folder(run_id))
    writer.close("done")
    when_closed = read_run(store.folder(run_id))

    assert bits(while_written) == bits(when_closed)
    for (_, name, what, step, value), (kind, expected_name, expected, expected_step) in zip(
        when_closed, entries, strict=True
    ):
        assert (name, what, step) == (expected_name, kind.value, expected_step)
        exact = bits if kind is Kind.SCALAR else same
        assert exact(value) == exact(expected)


def test_the_page_reads_packed_columns(run: Run, read_run: Any) -> None:
    generator = np.random.default_rng(0)
    expected: list[tuple[str, Any, int | None]] = []
    for n in range(9_000):
        value: Any = [float(generator.normal()), n, f"{n}", None, n % 3 == 0][n % 5]
        step = [None, n, int(generator.integers(-(2**31), 2**31)), 2**40 + n][n % 4]
        run.log(f"m{n % 300}", value, step=step)
        expected.append((f"m{n % 300}", value, step))
    run.complete()
    assert list((run.folder / "metrics").glob("*.npz"))

    found = read_run(run.folder)

    assert [(name, value, step) for _, name, _, step, value in found] == expected
    at = [entry[0] for entry in found]
    assert at == sorted(at)


def test_the_page_reads_what_several_processes_logged(run: Run, read_run: Any) -> None:
    for n in range(10):
        run.log("n", n)
    other = run.store.writer(run.id)
    other.put("other", 0.5, None)
    other.close("done")

    found = read_run(run.folder)

    assert {name for _, name, *_ in found} == {"n", "other"}
    assert len(found) == 11


def test_the_page_has_the_numbers_of_the_code() -> None:
    assert layout.POINT_BYTES == 24
    assert struct.calcsize("<ddiI") == layout.POINT.size == layout.POINT_OF_INT.size
    for number, unit, said in (
        (layout.DOCUMENT_BYTES, 2**20, "at most 16 MiB, always replaced"),
        (layout.LINE_BYTES, 2**20, "most 16 MiB long"),
        (COMPACT_FROM, 2**10, "with 128 KiB or more of points"),
        (WAITING_BYTES, 2**20, "256 MiB of them"),
        (PIECE, 1, "Beyond 65,536 empty slots"),
        (int(BEAT_S), 1, "5 seconds later"),
        (int(NOT_RESPONDING_AFTER_S), 1, "After 120 seconds of silence"),
        (int(FAILED_AFTER_S), 60, "after 30 minutes"),
    ):
        assert re.sub(r"\s+", " ", said) in re.sub(r"\s+", " ", PAGE)
        assert f"{number // unit:,}" in said
    assert layout.FORMAT == 1
    assert layout.VOID == 15
    assert layout.STEPPED == 16


def test_the_page_names_every_field_and_every_file(run: Run) -> None:
    run.tag("a", "b")
    run.log("loss", 0.5)
    run.set_goal("loss", "minimize")
    run.fail("no")

    document = json.loads((run.folder / "run.json").read_text())

    assert [key for key in document if f"`{key}`" not in PAGE] == []
    for name in (
        layout.WORKSPACE_FILE,
        layout.INDEX_FILE,
        layout.EXPERIMENT_FILE,
        layout.NUMBERS_FILE,
        layout.RUN_FILE,
        layout.METRICS,
        layout.FILES,
        layout.STOP_FILE,
        layout.PROGRESS_FILE,
        layout.TRASH,
    ):
        assert name in PAGE


def test_the_first_key_tells_what_a_line_is(run: Run) -> None:
    run.log("loss", 0.5, description="what it means")
    run.log("text", "text")
    run.log_row("row", a=1)
    run.log_table("table", {"a": [1]})

    lines = (run.folder / "metrics" / "0000.jsonl").read_text().splitlines()

    assert {next(iter(json.loads(line))) for line in lines} == {
        "format",
        "metric",
        "record",
        "describe",
    }


def test_a_number_is_given_out_by_the_length_of_a_file(experiment: Experiment) -> None:
    runs = [experiment.start_logging(outputs=False, snapshot_directory=None) for _ in range(3)]

    numbers_file = runs[0].folder.parent / "numbers"

    assert [run.number for run in runs] == [1, 2, 3]
    assert numbers_file.stat().st_size == 3
    for run in runs:
        run.complete()
