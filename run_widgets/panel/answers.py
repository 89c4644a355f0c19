"""Answers whoever zooms into a chart where no server of ours is, as soon as the kernel is free."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from run_widgets.comparing.curves import curve
from run_widgets.comparing.stretch import stretch
from run_widgets.errors import RunWidgetsError

if TYPE_CHECKING:
    from run_widgets.store import RunReader


class Send(Protocol):
    """What of a widget it takes to send a message."""

    def __call__(self, content: dict[str, object], buffers: list[Any] | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class _Question:
    request: object
    name: str
    over: str
    start: float
    end: float
    points: int

    @classmethod
    def of(cls, content: object) -> _Question | None:
        """Return the question in a message; None where it is none, as any front end may send."""
        if not isinstance(content, dict) or content.get("type") != "series":
            return None
        name, over = content.get("name"), content.get("over")
        start, end, points = (content.get(key) for key in ("from", "to", "points"))
        if not (isinstance(name, str) and isinstance(over, str) and isinstance(points, int)):
            return None
        if not (isinstance(start, int | float) and isinstance(end, int | float)):
            return None
        return cls(content.get("request"), name, over, float(start), float(end), points)


class Answers:
    """Reads stretches of a run's lines in a thread, so that the kernel can go on meanwhile.

    Of what was asked while the kernel was busy, only the last question of each line
    is answered: the others are of parts that nobody looks at any more.
    """

    def __init__(self, store: RunReader, run_id: str, send: Send) -> None:
        self._store = store
        self._run_id = run_id
        self._send = send
        self._newest: dict[str, _Question] = {}
        self._lock = threading.Lock()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix=f"run-widgets answers {run_id}")

    def take(self, content: object) -> None:
        """Take a browser's message, and answer it where it is a question."""
        question = _Question.of(content)
        if question is None:
            return
        with self._lock:
            self._newest[question.name] = question
        self._reader.submit(self._answer, question)

    def close(self) -> None:
        """Answer nothing more."""
        self._reader.shutdown(wait=False, cancel_futures=True)

    def _answer(self, question: _Question) -> None:
        with self._lock:
            if self._newest.get(question.name) is not question:
                return
        answer: dict[str, object] = {"type": "series", "request": question.request}
        try:
            found = stretch(
                curve(self._store, self._run_id, question.name),
                over=question.over,
                start=question.start,
                end=question.end,
                points=question.points,
            )
        except (RunWidgetsError, OSError, ValueError) as error:
            self._send(answer | {"problem": str(error)})
            return
        about = {"total": found.total, "inside": found.inside}
        self._send(answer | about, buffers=[column.data for column in found.columns])
