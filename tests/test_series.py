"""A stretch of a line, as somebody is answered who zooms in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from run_widgets.comparing.curves import Curve
from run_widgets.comparing.stretch import stretch


def line(n: int) -> Curve:
    step = np.arange(n, dtype=np.float64)
    return Curve("r", step, 1.7e9 + step / 10, np.sin(step))


def test_a_stretch_has_every_point_and_its_neighbours() -> None:
    total, inside, columns = stretch(line(1000), start=100, end=110)

    assert (total, inside) == (1000, 11)
    assert columns.x.tolist() == list(range(99, 112))
    assert columns.y.tolist() == np.sin(np.arange(99, 112)).tolist()


def test_a_long_stretch_keeps_a_spike_of_one_point() -> None:
    whole = line(1_000_000)
    whole.y[654_321] = 99.0

    x, y, _ = stretch(whole, start=1, end=999_998, points=500).columns

    assert len(x) <= 500
    assert y[x == 654_321].tolist() == [99.0]


def test_a_stretch_of_time() -> None:
    found = stretch(line(100), over="at", start=1.7e9 + 1, end=1.7e9 + 2)

    assert found.columns.x.tolist() == list(range(9, 22))


def test_an_infinity_stays_what_it_is() -> None:
    whole = line(3)
    whole.y[:] = (-math.inf, math.inf, 1.0)

    assert stretch(whole, start=0, end=2).columns.y.tolist() == [-math.inf, math.inf, 1.0]


def test_beyond_the_line_there_is_nothing() -> None:
    assert len(stretch(line(3), start=50, end=60).columns.x) == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"over": "y"}, "over must be 'x' or 'at', got 'y'"),
        ({"start": math.nan}, "from and to must be numbers, got nan"),
        ({"points": 5}, "points must be from 6 to 20000, got 5"),
    ],
)
def test_a_wrong_question_is_named(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        stretch(line(3), **({"start": 0, "end": 2} | wrong))  # type: ignore[arg-type]
