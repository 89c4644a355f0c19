from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_widgets.reading.downsample import Outline, reduced

ANYTHING = st.one_of(
    st.floats(width=32), st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf])
)
LINES = st.lists(ANYTHING, max_size=300)


def filled(values: list[float], max_points: int, portions: list[int] | None = None) -> Outline:
    """Return an outline that was fed `values`, in portions that end at these places."""
    outline = Outline(max_points=max_points)
    edges = [0, *sorted(min(place, len(values)) for place in portions or []), len(values)]
    for start, end in itertools.pairwise(edges):
        x = np.arange(start, end)
        outline.extend(x, values[start:end], x + 1e9)
    return outline


def finite(values: list[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


@given(values=LINES, n_out=st.integers(6, 50))
def test_keeps_the_ends_the_order_and_the_budget(values: list[float], n_out: int) -> None:
    kept = reduced(values, n_out)

    assert len(kept) <= n_out
    assert (np.diff(kept) > 0).all()
    if values:
        assert (kept[0], kept[-1]) == (0, len(values) - 1)


@given(values=LINES, n_out=st.integers(6, 50))
def test_keeps_the_lowest_and_the_highest(values: list[float], n_out: int) -> None:
    kept = finite([values[place] for place in reduced(values, n_out)])

    assert (min(kept, default=None), max(kept, default=None)) == (
        min(finite(values), default=None),
        max(finite(values), default=None),
    )


@given(values=LINES, n_out=st.integers(6, 50))
def test_a_line_with_gaps_keeps_one_of_each_kind(values: list[float], n_out: int) -> None:
    kept = [values[place] for place in reduced(values, n_out)]

    for is_gap in (math.isnan, math.isinf):
        assert any(map(is_gap, kept)) == any(map(is_gap, values))


def test_a_budget_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 6.*got 5"):
        reduced([1.0], 5)


@given(
    values=LINES,
    max_points=st.integers(2, 40),
    portions=st.lists(st.integers(0, 300), max_size=8),
)
def test_portions_make_no_difference(
    values: list[float], max_points: int, portions: list[int]
) -> None:
    at_once = filled(values, max_points)
    bit_by_bit = filled(values, max_points, portions)

    assert bit_by_bit.total == at_once.total == len(values)
    np.testing.assert_array_equal(bit_by_bit.columns(), at_once.columns())


@pytest.mark.parametrize("portion", [1_000, 4_097, 9_999, 50_000])
@pytest.mark.parametrize("first", [0, 37])
def test_the_quick_way_for_many_points_makes_no_difference(portion: int, first: int) -> None:
    y = np.random.default_rng(first).normal(size=50_000).round(1)
    y[12_000:12_300] = np.nan
    y[[5, 30_000]] = np.inf
    outline, expected = Outline(max_points=500), Outline(max_points=500)

    for start in [0, *range(first or portion, len(y), portion)]:
        x = np.arange(start, min(start + (portion if start or not first else first), len(y)))
        outline.extend(x, y[x], x)
    for start in range(0, len(y), 10):  # too few at a time for the quick way
        x = np.arange(start, start + 10)
        expected.extend(x, y[x], x)

    np.testing.assert_array_equal(outline.columns(), expected.columns())
    assert outline.columns().x[0] == 0


@given(values=LINES, max_points=st.integers(2, 40))
def test_an_outline_is_what_its_definition_says(values: list[float], max_points: int) -> None:
    width = 1
    while math.ceil(len(values) / width) > max_points // 2:
        width *= 2
    expected = {0, len(values) - 1} if values else set()
    for start in range(0, len(values), width):
        bucket = range(start, min(start + width, len(values)))
        numbers = [place for place in bucket if math.isfinite(values[place])]
        nans = [place for place in bucket if math.isnan(values[place])]
        infinities = [place for place in bucket if math.isinf(values[place])]
        if numbers:
            expected |= {min(numbers, key=values.__getitem__), max(numbers, key=values.__getitem__)}
        expected |= set(nans[:1] + infinities[:1])

    x, y, at = filled(values, max_points).columns()

    assert x.tolist() == sorted(expected)
    np.testing.assert_array_equal(y, [values[i] for i in sorted(expected)])
    assert (at == x + 1e9).all()


@given(
    values=LINES,
    max_points=st.integers(2, 40),
    portions=st.lists(st.integers(0, 300), max_size=8),
)
def test_what_was_sent_bit_by_bit_holds_the_whole_outline(
    values: list[float], max_points: int, portions: list[int]
) -> None:
    outline, sent = Outline(max_points=max_points), set[float]()
    edges = [0, *sorted(min(place, len(values)) for place in portions), len(values)]

    for start, end in itertools.pairwise(edges):
        before, x = outline.total, np.arange(start, end)
        outline.extend(x, values[start:end], x)
        sent |= set(outline.columns(since=before).x.tolist())

    assert set(outline.columns().x.tolist()) <= sent


@pytest.mark.parametrize("portion", [10_000_000, 999_983])
def test_a_spike_among_ten_million_survives(portion: int) -> None:
    n, spike = 10_000_000, 4_321_567
    y = np.zeros(n)
    y[spike] = 1.0
    outline = Outline()

    for start in range(0, n, portion):
        x = np.arange(start, min(start + portion, n))
        outline.extend(x, y[x], x)

    kept = outline.columns()
    assert kept.x[kept.y == 1.0].tolist() == [spike]
    assert len(kept.x) <= 2_002
    assert spike in reduced(y, 500)


def test_a_spike_beside_a_gap_survives() -> None:
    y = np.zeros(1_000_000)
    y[500_000:500_100] = np.nan
    y[500_100] = 7.0
    outline = Outline()

    outline.extend(np.arange(len(y)), y, np.arange(len(y)))

    assert np.nanmax(outline.columns().y) == 7.0
    assert np.isnan(outline.columns().y).sum() == 1
    assert 500_000 in reduced(y, 300)
    assert 500_100 in reduced(y, 300)


def test_memory_stays_bounded_where_every_other_point_is_a_gap() -> None:
    outline = Outline(max_points=100)

    for start in range(0, 100_000, 777):
        x = np.arange(start, start + 777)
        outline.extend(x, np.where(x % 2, np.nan, np.sin(x)), x)
        assert len(outline.columns().x) <= 152


def test_a_point_without_an_x_is_a_gap_where_the_line_was() -> None:
    outline = Outline()

    outline.extend([math.nan, 1.0, math.inf], [1.0, 2.0, 3.0], [0.0, 1.0, 2.0])
    outline.extend([math.nan, 4.0], [5.0, 6.0], [3.0, 4.0])

    x, y, _ = outline.columns()
    assert x.tolist() == [0.0, 1.0, 1.0, 1.0, 4.0]
    np.testing.assert_array_equal(y, [math.nan, 2.0, math.nan, math.nan, 6.0])


def test_a_gap_says_which_infinity_it_is_and_hides_no_extreme() -> None:
    y = np.sin(np.arange(1_000.0))
    y[[200, 201]] = math.inf, -math.inf
    outline = Outline(max_points=10)

    outline.extend(np.arange(1_000), y, np.arange(1_000))

    x, kept, _ = outline.columns()
    assert kept[x == 200].tolist() == [math.inf]
    assert kept[np.isfinite(kept)].max() == y[np.isfinite(y)].max()
    assert kept[np.isfinite(kept)].min() == y[np.isfinite(y)].min()


def test_a_line_may_be_empty() -> None:
    outline = Outline()

    outline.extend([], [], [])

    assert (outline.total, len(outline.columns().x), len(reduced([], 10))) == (0, 0, 0)
