"""Smoothing, on examples that the browser's tests share."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import run_widgets
from run_widgets.reading.smoothing import smooth

SHARED = Path(run_widgets.__file__).parents[1] / "js" / "tests" / "charts" / "smoothing.json"
EXAMPLES = json.loads(SHARED.read_text())


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_is_what_the_browser_draws(example: dict[str, list[float | None]]) -> None:
    values, expected = (
        [math.nan if value is None else value for value in example[key]]
        for key in ("values", "smooth")
    )

    smoothed = smooth(values, float(str(example["factor"])))

    np.testing.assert_allclose(smoothed, expected, rtol=1e-12)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1), st.floats(0, 0.999))
def test_it_stays_between_the_extremes_and_starts_at_the_first_value(
    values: list[float], factor: float
) -> None:
    smoothed = smooth(values, factor)

    room = 1e-9 * max(map(abs, values))
    assert smoothed[0] == values[0]
    assert min(values) - room <= smoothed.min()
    assert smoothed.max() <= max(values) + room


def test_it_leaves_what_it_is_given_alone() -> None:
    values = np.array([1.0, 2.0, math.inf, 3.0])

    smoothed = smooth(values, 0.5)

    assert values.tolist() == [1.0, 2.0, math.inf, 3.0]
    assert smoothed[2] == math.inf
    assert smoothed[3] == smooth([1.0, 2.0, 3.0], 0.5)[2]


@pytest.mark.parametrize("factor", [1, -0.1, math.nan])
def test_a_factor_out_of_range_is_named(factor: float) -> None:
    with pytest.raises(ValueError, match="factor must be at least 0 and below 1, got"):
        smooth([1.0], factor)


def test_a_table_is_no_line() -> None:
    with pytest.raises(ValueError, match=r"got \(2, 2\)"):
        smooth([[1.0, 2.0], [3.0, 4.0]], 0.5)
