"""How much may be sent that nobody is known to hear; knows nothing of panels.

A Jupyter server keeps all that a kernel says for a page that is away, however long
that is, and tells the kernel nothing of it. So a browser is asked from time to time
whether it hears; until one answers, only so much is sent.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from run_widgets import servers

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 24_000_000
BYTES_A_SECOND = 2_000
"""Without an answer, so much at once and so much from then on: 82 MB in eight hours."""


class Allowance:
    """What may still be sent, by all panels of this kernel together: the server's memory is one.

    Parameters
    ----------
    most, a_second
        Bytes that may be sent at once, and that are added each second that nobody answers.
    clock
        Seconds that have passed.
    """

    def __init__(
        self,
        most: float = MOST_BYTES,
        a_second: float = BYTES_A_SECOND,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._a_second = a_second
        self._clock = clock
        self._lock = threading.Lock()
        self._left = most
        self._counted_at = clock()
        self._question: servers.Question | None = None

    @property
    def left(self) -> int:
        """Bytes that may be sent; none or less means to wait."""
        with self._lock:
            if self._question is not None and self._question.is_answered():
                self._fill()
            now = self._clock()
            gained = self._a_second * (now - self._counted_at)
            self._left, self._counted_at = min(self._most, self._left + gained), now
            return int(self._left)

    def spend(self, count: int) -> None:
        """Note that so many bytes were sent, allowed or not."""
        with self._lock:
            self._left -= count

    def question(self) -> str:
        """Return what is to be asked of browsers now; empty while that is not worth it."""
        if 2 * self.left > self._most:
            return ""
        with self._lock:
            if self._question is None:
                self._question = servers.Question()
            return self._question.name

    def heard(self) -> None:
        """Note that a browser was heard: it has taken what was sent."""
        with self._lock:
            self._fill()

    def _fill(self) -> None:
        self._left = self._most
        if self._question is not None:
            self._question.close()
            self._question = None
