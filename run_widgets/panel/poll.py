"""One loop that looks again and again, as often as it is worth it; knows nothing of runs."""

from __future__ import annotations

import math
import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST_PAUSE_S = 0.4
LONGEST_PAUSE_S = 10.0

SHARE = 0.01
"""Of one processor, at most, while the pause that this takes is not the longest."""


class News(Enum):
    """What a look found."""

    SOME = auto()
    NONE = auto()
    LAST = auto()  # there will never be any more


class Stop(Protocol):
    """What the loop needs of a `threading.Event`."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool:
        """Sleep, at most `timeout` seconds; return whether to stop."""
        ...


def poll(
    tick: Callable[[], News],
    stop: Stop,
    *,
    clock: Callable[[], float] = time.monotonic,
    cost: Callable[[], float] = time.thread_time,
    longest_s: float = LONGEST_PAUSE_S,
    every_s: float | None = None,
) -> None:
    """Call `tick` now, and again after each pause, until it says `LAST` or `stop` is set.

    Parameters
    ----------
    tick
        Looks once. An error of its own ends the polling.
    clock, cost
        Seconds that have passed, and seconds that this thread has computed.
    longest_s
        Of any pause.
    every_s
        The pause that somebody wants; longer only where a look costs more than `SHARE` allows.
        None for one that suits the age of what is watched.
    """
    began = changed = clock()
    while not stop.is_set():
        before = cost()
        news = tick()
        spent = cost() - before
        if news is News.LAST:
            return
        now = clock()
        if news is News.SOME:
            changed = now
        if every_s is None:
            pause = pause_s(age_s=now - began, quiet_s=now - changed, spent_s=spent)
            pause = min(pause, longest_s)
        else:
            pause = max(every_s, min(spent / SHARE, longest_s))
        if stop.wait(pause):
            return


def pause_s(*, age_s: float, quiet_s: float, spent_s: float) -> float:
    """Return how long to wait, in seconds.

    What has long been watched, or has long been quiet, is looked at less often:
    after 100 seconds each second, after an hour every six; and after a minute
    without news every six seconds, so that news is late by a tenth of what it
    took. A look that took `spent_s` of computing is followed by a pause of a
    hundred times that.
    """
    wanted = max(SHORTEST_PAUSE_S, math.sqrt(max(0.0, age_s)) / 10, quiet_s / 10, spent_s / SHARE)
    return min(wanted, LONGEST_PAUSE_S)
