from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_widgets.panel.poll import LONGEST_PAUSE_S, SHORTEST_PAUSE_S, News, pause_s, poll

if TYPE_CHECKING:
    from collections.abc import Iterable


class FakeClock:
    """Stands in for the stop event and for time: notes each pause instead of sleeping."""

    def __init__(self, *, pauses: int = 10_000, until_s: float = 1e9) -> None:
        self.now = 1_000.0
        self.spent = 0.0
        self.pauses: list[float] = []
        self._allowed = pauses
        self._end = self.now + until_s

    def __call__(self) -> float:
        return self.now

    def cost(self) -> float:
        return self.spent

    def is_set(self) -> bool:
        return len(self.pauses) >= self._allowed or self.now >= self._end

    def wait(self, timeout: float) -> bool:
        self.pauses.append(timeout)
        self.now += timeout
        return False


def polled(
    answers: Iterable[News],
    clock: FakeClock,
    spent_s: float = 0.0,
    every_s: float | None = None,
) -> list[float]:
    """Return the pauses of a loop whose looks give these answers."""
    given = iter(answers)

    def tick() -> News:
        clock.spent += spent_s
        return next(given)

    poll(tick, clock, clock=clock, cost=clock.cost, every_s=every_s)
    return clock.pauses


def always(news: News) -> Iterable[News]:
    while True:
        yield news


def test_ends_for_good_with_the_last_news() -> None:
    assert polled([News.SOME, News.NONE, News.LAST], FakeClock()) == [0.4, 0.4]


def test_a_loop_that_is_stopped_before_it_begins_never_looks() -> None:
    assert polled([], FakeClock(pauses=0)) == []


def test_is_fast_while_things_change() -> None:
    pauses = polled(always(News.SOME), FakeClock(until_s=30))

    assert set(pauses[:30]) == {SHORTEST_PAUSE_S}
    assert max(pauses) < 0.6


def test_slows_down_with_age_even_while_things_change() -> None:
    eight_hours = polled(always(News.SOME), FakeClock(until_s=8 * 3600))

    assert eight_hours == sorted(eight_hours)
    assert eight_hours[-1] == LONGEST_PAUSE_S
    assert len(eight_hours) < 4_000


def test_what_comes_after_a_silence_is_late_by_a_tenth_of_it() -> None:
    clock = FakeClock()
    answers = [News.SOME, *[News.NONE] * 20, News.SOME, News.LAST]

    pauses = polled(answers, clock)

    silence = sum(pauses[:21])
    assert pauses[20] <= silence / 10 + 1e-9
    assert pauses[21] < 1.0


def test_looks_that_cost_more_come_less_often() -> None:
    assert polled(always(News.SOME), FakeClock(pauses=3), spent_s=0.02) == pytest.approx([2.0] * 3)


@given(age_s=st.floats(0, 1e9), quiet_s=st.floats(0, 1e9), spent_s=st.floats(0, 1e3))
def test_a_pause_has_bounds(age_s: float, quiet_s: float, spent_s: float) -> None:
    pause = pause_s(age_s=age_s, quiet_s=quiet_s, spent_s=spent_s)

    assert SHORTEST_PAUSE_S <= pause <= LONGEST_PAUSE_S


@pytest.mark.parametrize(("spent_s", "pause_s"), [(0.001, 2.0), (0.05, 5.0), (60.0, 10.0)])
def test_a_pause_that_is_asked_for_is_kept_unless_looks_cost_more(
    spent_s: float, pause_s: float
) -> None:
    clock = FakeClock(pauses=1000)

    pauses = polled(always(News.NONE), clock, spent_s, every_s=2.0)

    assert pauses == pytest.approx([pause_s] * 1000)


def test_an_error_of_the_look_ends_the_loop() -> None:
    def tick() -> News:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        poll(tick, threading.Event())


def test_a_real_event_wakes_it_at_once() -> None:
    stop, looked = threading.Event(), threading.Event()

    def tick() -> News:
        looked.set()
        return News.NONE

    thread = threading.Thread(target=poll, args=(tick, stop))
    thread.start()
    looked.wait(5)
    stop.set()
    thread.join(5)

    assert not thread.is_alive()
