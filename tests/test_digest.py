"""The digest of a run's metrics: one truth, by whatever way it was made, and cheap."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

import strategies
from run_widgets import Experiment, Workspace
from run_widgets.store import digest
from run_widgets.store.digest import MetricDigest, digest_of, entries_at_end, from_json, to_json
from run_widgets.store.layout import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from run_widgets import Run


def document(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run.folder / "run.json").read_text())
    return found


def ended(experiment: Experiment, values: Iterable[tuple[str, Any, int | None]]) -> Run:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    for name, value, step in values:
        run.log(name, value, step=step)
    run.complete()
    return run


def test_a_run_says_at_its_end_what_its_metrics_came_to(experiment: Experiment) -> None:
    losses = [("loss", 1 / (1 + step), 10 * step) for step in range(5)]

    run = ended(experiment, [*losses, ("accuracy", 0.9, None), ("kind", "svm", None)])

    assert document(run)["metrics"] == {
        "loss": {
            "last": 0.2,
            "step": 40,
            "count": 5,
            "min": 0.2,
            "max": 1.0,
            "min_step": 40,
            "max_step": 0,
        },
        "accuracy": {"last": 0.9},
        "kind": {"text": "svm"},
    }


def test_nothing_of_it_is_anything_but_strict_json(experiment: Experiment) -> None:
    run = ended(experiment, [("x", value, None) for value in (math.nan, math.inf, 1.0, math.nan)])

    entry = json.loads(json.dumps(document(run), allow_nan=False))["metrics"]["x"]

    assert entry == {
        "last": "NaN",
        "step": 3,
        "count": 4,
        "min": 1.0,
        "max": "Infinity",
        "min_step": 2,
        "max_step": 1,
        "nans": 2,
    }


def test_lists_rows_and_images_are_no_scalars(experiment: Experiment) -> None:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    run.log_list("list", [1, 2])
    run.log_row("row", a=1)
    run.log("scalar", 1)
    run.complete()

    assert list(document(run)["metrics"]) == ["scalar"]


def test_a_run_that_goes_on_again_has_no_end_to_speak_of(experiment: Experiment) -> None:
    run = ended(experiment, [("loss", 1.0, None)])

    again = experiment.start_logging(
        run_id=run.id, resume=True, outputs=False, snapshot_directory=None
    )

    assert "metrics" not in document(run)
    again.log("loss", 0.5)
    again.complete()
    # Two writers have written to it: the list of runs makes the digest.
    assert "metrics" not in document(run)
    assert digest_of(run.store.follow(run.id))["loss"].last == 0.5


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "ü"]), strategies.plain, strategies.steps),
        max_size=30,
    )
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_ways_of_reading_come_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str, Any, int | None]]
) -> None:
    run = ended(Experiment(Workspace(tmp_path_factory.mktemp("w")), "e"), values)

    slow = to_json(digest_of(run.store.follow(run.id)))

    assert entries_at_end(run.folder / METRICS) == slow if values else True


@given(
    st.dictionaries(
        strategies.names,
        st.lists(st.tuples(strategies.plain, strategies.steps), min_size=1, max_size=5),
        max_size=5,
    )
)
def test_a_digest_comes_back_from_json_as_it_was(
    values: dict[str, list[tuple[Any, int | None]]],
) -> None:
    made = {}
    for name, points in values.items():
        made[name] = one = MetricDigest()
        for value, step in points:
            one.add(value, step)

    text = json.dumps(to_json(made), allow_nan=False)

    again = from_json(json.loads(text))
    assert again is not None
    assert json.dumps(to_json(again)) == text


@pytest.mark.parametrize(
    "entries",
    [
        None,
        [],
        {"x": 1},
        {"x": {"last": []}},
        {"x": {"last": 1, "count": -1}},
        {"x": {"last": 1, "count": "many", "min": 0, "max": 1}},
        {"x": {"last": 1, "step": 1.5}},
        {"x": {"last": 1, "count": 2, "min": 0, "max": 1, "min_step": 2**70}},
    ],
)
def test_what_no_writer_writes_is_left_out(entries: object) -> None:
    assert not from_json(entries)


def test_a_run_of_very_many_metrics_keeps_a_short_document(experiment: Experiment) -> None:
    run = ended(experiment, [(f"m{i}", float(i), None) for i in range(digest.MOST + 1)])

    assert "metrics" not in document(run)


def test_a_script_without_numpy_loads_none_for_it(tmp_path: Path) -> None:
    script = f"""
import sys
from run_widgets import Experiment, Workspace
exp = Experiment(Workspace({str(tmp_path)!r}), "e")
run = exp.start_logging(snapshot_directory=None, outputs=False)
for step in range(20_000):
    run.log("x", 0.5)
run.complete()
print("numpy" in sys.modules, "metrics" in run.store.document(run.id))
"""
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert printed.stdout.split() == ["False", "False"], printed.stderr
