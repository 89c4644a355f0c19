"""Curves on one axis, bands of them, and what a page gets of long ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from run_widgets.comparing.curves import (
    Curves,
    aligned,
    band,
    common_axis,
    curve,
    drawn,
    student_t95,
)
from run_widgets.reading.downsample import MAX_POINTS

if TYPE_CHECKING:
    from run_widgets import Experiment, Run

# The same examples that js/tests/experiment/align.test.ts reads.
EXAMPLES = json.loads(
    (Path(__file__).parents[1] / "js" / "tests" / "experiment" / "alignment.json").read_text()
)


def floats(values: list[float | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def logged(experiment: Experiment, values: list[float], name: str = "loss") -> Run:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    for step, value in enumerate(values):
        run.log(name, value, step=step)
    run.complete()
    return run


@pytest.mark.parametrize("example", EXAMPLES["axes"])
def test_a_common_axis_has_every_x_or_even_steps(example: dict[str, Any]) -> None:
    found = common_axis([floats(x) for x in example["xs"]], most=example["most"])

    np.testing.assert_allclose(found, example["axis"])


@pytest.mark.parametrize("example", EXAMPLES["aligned"])
def test_a_curve_has_values_within_its_own_range(example: dict[str, Any]) -> None:
    (found,) = aligned([(floats(example["x"]), floats(example["y"]))], example["axis"])

    np.testing.assert_allclose(found, floats(example["values"]))


@pytest.mark.parametrize("example", EXAMPLES["bands"])
def test_a_band_is_the_mean_and_its_spread(example: dict[str, Any]) -> None:
    values = np.array([floats(row) for row in example["values"]])

    found = band(range(values.shape[1]), values, example["spread"])

    np.testing.assert_allclose(found.mean, floats(example["mean"]), rtol=1e-6)
    np.testing.assert_allclose(found.low, floats(example["low"]), rtol=1e-6)
    np.testing.assert_allclose(found.high, floats(example["high"]), rtol=1e-6)
    assert found.count.tolist() == example["count"]


curves = st.lists(
    st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=3, max_size=3),
    min_size=1,
    max_size=6,
)


@given(curves, st.sampled_from(["std", "ci95", "minmax"]))
def test_the_mean_lies_within_its_band(values: list[list[float]], spread: str) -> None:
    found = band([0, 1, 2], values, spread)

    known = found.count > 0
    slack = 1e-6 * (1 + np.abs(found.mean[known]))
    assert (found.low[known] <= found.mean[known] + slack).all()
    assert (found.high[known] >= found.mean[known] - slack).all()
    assert np.isnan(found.mean[~known]).all()


def test_an_unknown_spread_is_named() -> None:
    with pytest.raises(ValueError, match="spread must be 'std', 'ci95' or 'minmax', got 'sem'"):
        band([0], [[1.0]], "sem")


def test_students_t_as_the_tables_have_it() -> None:
    np.testing.assert_allclose(student_t95([1, 10, 30]), [12.706, 2.228, 2.042])
    np.testing.assert_allclose(student_t95([40, 60, 120]), [2.021, 2.000, 1.980], atol=1e-3)


def test_a_curve_is_what_was_logged(experiment: Experiment) -> None:
    run = logged(experiment, [3.0, float("nan"), 1.0])

    found = curve(run.store, run.id, "loss")

    assert found.step.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(found.y, [3.0, np.nan, 1.0])
    assert found.x("index").tolist() == [0, 1, 2]
    assert (np.diff(found.x("relative")) >= 0).all()
    with pytest.raises(ValueError, match="got 'epoch'"):
        found.x("epoch")


def test_a_run_without_the_metric_or_that_is_gone_has_no_points(experiment: Experiment) -> None:
    run = logged(experiment, [1.0])

    assert len(curve(run.store, run.id, "accuracy").y) == 0
    assert len(curve(run.store, "gone", "loss").y) == 0


def test_a_long_curve_keeps_its_extremes_and_its_mean(experiment: Experiment) -> None:
    values = np.random.default_rng(1).normal(size=50_000)
    values[12_345] = 99.0
    run = logged(experiment, values.tolist())

    found = drawn(curve(run.store, run.id, "loss"))

    assert found.total == 50_000
    step, _, y = found.outline
    assert len(y) <= MAX_POINTS
    assert y[step == 12_345].tolist() == [99.0]
    assert found.means is not None
    assert found.means[2].mean() == pytest.approx(values.mean(), abs=1e-9)


def test_a_short_curve_is_drawn_as_it_is(experiment: Experiment) -> None:
    run = logged(experiment, [1.0, 2.0])

    found = drawn(curve(run.store, run.id, "loss"))

    assert found.means is None
    assert found.outline[2].tolist() == [1.0, 2.0]


def test_a_curve_that_has_not_grown_is_not_read_again(experiment: Experiment) -> None:
    run = logged(experiment, [1.0, 2.0])
    asked: list[str] = []

    class Counting:
        def follow(self, run_id: str, *, at_once: int = 0) -> Any:
            asked.append(run_id)
            return run.store.follow(run_id, at_once=at_once)

    shelf = Curves(Counting())
    first = list(shelf.read("loss", [(run.id, 2)]))
    again = list(shelf.read("loss", [(run.id, 2)]))
    (grown,) = shelf.read("loss", [(run.id, 3)])

    assert first == again
    assert asked == [run.id, run.id]
    assert grown.total == 2
