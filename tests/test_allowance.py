from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from run_widgets import servers
from run_widgets.panel.allowance import BYTES_A_SECOND, MOST_BYTES, Allowance

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def questions(runtime: Path) -> list[str]:
    return [file.name for file in runtime.iterdir()]


def test_eight_hours_without_an_answer_stay_below_a_hundred_megabytes(runtime: Path) -> None:
    clock = Clock()
    allowance = Allowance(clock=clock)
    sent = 0

    for _ in range(8 * 360):
        if allowance.left > 0:
            sent += 1_000_000
            allowance.spend(1_000_000)
        allowance.question()
        clock.now += 10

    assert MOST_BYTES < sent < 100_000_000


def test_who_answers_by_way_of_the_server_is_told_as_much_as_ever(runtime: Path) -> None:
    allowance = Allowance(most=100, clock=Clock())
    assert (allowance.question(), questions(runtime)) == ("", [])

    allowance.spend(120)
    question = allowance.question()
    assert allowance.left == -20
    assert allowance.question() == question
    assert questions(runtime) == [f"run-widgets-question-{question}"]

    servers.answer(question, str(runtime))
    assert (allowance.left, allowance.question()) == (100, "")

    allowance.spend(60)
    assert allowance.question() not in ("", question)


def test_who_is_heard_by_the_kernel_itself_need_not_be_asked(runtime: Path) -> None:
    allowance = Allowance(most=100, clock=Clock())
    allowance.spend(60)
    assert allowance.question()

    allowance.heard()

    assert (allowance.left, questions(runtime)) == (100, [])


def test_what_is_not_spent_comes_to_no_more_than_the_most(runtime: Path) -> None:
    clock = Clock()
    allowance = Allowance(clock=clock)
    allowance.spend(10 * BYTES_A_SECOND)

    clock.now += 5
    assert allowance.left == MOST_BYTES - 5 * BYTES_A_SECOND
    clock.now += 3600
    assert allowance.left == MOST_BYTES


def test_a_kernel_that_cannot_ask_is_not_answered(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime / "is" / "not" / "there"))
    allowance = Allowance(most=100, clock=Clock())

    allowance.spend(120)

    assert allowance.question()
    assert allowance.left == -20


@pytest.mark.parametrize("name", ["../0123456789abcdef", "", "0123456789ABCDEF", "x"])
def test_an_answer_to_what_is_no_question_takes_nothing_away(runtime: Path, name: str) -> None:
    for file in ("run-widgets-question-", f"run-widgets-question-{name.replace('/', '')}"):
        (runtime / file).touch()
    known = questions(runtime)

    servers.answer(name, str(runtime))

    assert questions(runtime) == known
