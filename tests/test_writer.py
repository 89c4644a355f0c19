"""The appending side under threads, interruptions and many names: each value once, in order."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from run_widgets.errors import RunClosed
from run_widgets.records import Kind
from run_widgets.store.appended import AppendWriter
from run_widgets.store.keeper import Keeper, keeper
from run_widgets.store.layout import POINT_BYTES
from run_widgets.store.mapped import FIRST_BYTES, WINDOW_BYTES, MappedWriter
from run_widgets.store.reader import LocalFollower
from run_widgets.store.status import Sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from run_widgets.store.writer import Writer

ENGINES = {"mapped": MappedWriter, "append": AppendWriter}


@pytest.fixture(params=ENGINES)
def writer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Writer]:
    writer = ENGINES[request.param](tmp_path, lambda: None)
    yield writer
    writer.close("the test is over")


@pytest.fixture
def fast_switching() -> Iterator[None]:
    """Threads that take turns every few steps, so that they meet where it hurts."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


class Interruption(BaseException):
    """Comes out of nowhere, as a KeyboardInterrupt does."""


@contextlib.contextmanager
def alarms(handler: Callable[..., None]) -> Iterator[Callable[[float], None]]:
    """Give a function that lets `handler` run so many seconds later, wherever we are then."""
    before = signal.signal(signal.SIGALRM, handler)
    try:
        yield lambda after_s: signal.setitimer(signal.ITIMER_REAL, after_s)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def values_of(writer: Writer) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    follower = LocalFollower(writer.folder / "metrics")
    while batch := follower.read():
        assert batch.warnings == ()
        for name, points in batch.points.items():
            found.setdefault(name, []).extend(points.values())
        for record in batch.records:
            found.setdefault(record.metric, []).append(record.value)
    return found


def put_any(writer: Writer, n: int) -> None:
    """Log number `n` in one of the ways there are; `number_in` finds it again."""
    way = n % 8
    if way < 4:
        writer.put("float", float(n), n if way < 2 else None)
    elif way == 4:
        writer.put("int", n, 2**40 + n)  # a step too wide for a point
    elif way == 5:
        writer.put("text", f"{n}", None)
    elif way == 6:
        writer.record(Kind.ROW, "row", {"n": n})
    else:
        writer.put(f"new {n}", n, None)


def numbers_in(found: dict[str, list[Any]]) -> dict[str, list[int]]:
    return {
        name: [int(value["n"] if isinstance(value, dict) else value) for value in values]
        for name, values in found.items()
    }


def check_each_once(found: dict[str, list[Any]], returned: list[int]) -> None:
    """All that returned is there, nothing twice, and each name's values in order."""
    numbers = numbers_in(found)
    for name, of_name in numbers.items():
        assert of_name == sorted(set(of_name)), name
    everything = [n for of_name in numbers.values() for n in of_name]
    assert len(everything) == len(set(everything))
    assert set(returned) <= set(everything)


def interruptions_of(work: Callable[[], None], seed: int) -> int:
    """Begin `work` again and again, interrupted at any moment, until it gets through.

    Its loop has to be in a function: by CPython 3.13 the jump back to a loop's
    beginning is outside of a ``try`` around that loop.
    """
    generator = random.Random(seed)
    interruptions = 0

    def interrupt(*_: object) -> None:
        raise Interruption

    with alarms(interrupt) as interrupt_after:
        while True:
            try:
                interrupt_after(generator.uniform(1e-5, 6e-4))
                work()
                interrupt_after(0)
                return interruptions
            except Interruption:
                interruptions += 1


@pytest.mark.parametrize("seed", range(4))
def test_an_interruption_anywhere_loses_nothing_that_returned(writer: Writer, seed: int) -> None:
    returned: list[int] = []
    begun = -1

    def work() -> None:
        nonlocal begun
        for n in range(begun + 1, 12_000):
            begun = n
            put_any(writer, n)
            returned.append(n)

    interruptions = interruptions_of(work, seed)
    while_written = values_of(writer)
    writer.close("done")

    assert interruptions > 20
    check_each_once(while_written, returned)
    check_each_once(values_of(writer), returned)


def test_a_signal_handler_may_log_wherever_the_program_is(writer: Writer) -> None:
    generator = random.Random(0)
    from_handler = iter(range(1, 10**9, 2))
    returned: list[int] = []

    def handle(*_: object) -> None:
        for _ in range(3):
            number = next(from_handler) + 10**6
            put_any(writer, number)
            returned.append(number)
        alarm(generator.uniform(1e-5, 4e-4))

    with alarms(handle) as alarm:
        alarm(1e-4)
        for n in range(0, 12_000, 2):
            put_any(writer, n)
            returned.append(n)
    while_written = values_of(writer)
    writer.close("done")

    for found in (while_written, values_of(writer)):
        numbers = [n for of_name in numbers_in(found).values() for n in of_name]
        assert sorted(numbers) == sorted(returned)
    assert max(returned) > 10**6


@pytest.mark.usefixtures("fast_switching")
@pytest.mark.parametrize("seed", range(10))
def test_a_value_logged_while_the_run_ends_is_kept_or_refused(writer: Writer, seed: int) -> None:
    returned: list[list[int]] = [[] for _ in range(4)]

    def work(rank: int) -> None:
        with contextlib.suppress(RunClosed):
            for n in range(100_000):
                writer.put(f"rank {rank}", float(n), None)
                returned[rank].append(n)

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.005 * seed)
    writer.close("done")
    for thread in threads:
        thread.join()

    found = values_of(writer)
    for rank, numbers in enumerate(returned):
        assert found.get(f"rank {rank}", []) == [float(n) for n in numbers]


@pytest.mark.usefixtures("fast_switching")
def test_threads_that_meet_at_the_end_of_a_window_lose_nothing(writer: Writer) -> None:
    returned: list[list[int]] = [[] for _ in range(8)]

    def work(rank: int) -> None:
        for n in range(rank, 24_000, 8):
            put_any(writer, n)
            returned[rank].append(n)

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while_written = values_of(writer)
    writer.close("done")

    for found in (while_written, values_of(writer)):
        numbers = [n for of_name in numbers_in(found).values() for n in of_name]
        assert sorted(numbers) == list(range(24_000))


@pytest.mark.usefixtures("fast_switching")
def test_first_values_from_many_threads_declare_each_name_once(writer: Writer) -> None:
    names = [f"metric {n}" for n in range(200)]
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        for name in names:
            writer.put(name, 1.0, None)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert values_of(writer) == {name: [1.0] * 8 for name in names}
    text = (writer.folder / "metrics" / "0000.jsonl").read_text()
    assert text.count('{"metric"') == 200


def put_together(writer: Writer, values: dict[str, Any], step: int | None) -> None:
    if not writer.put_known(values, step):
        writer.put_all(values, step)


@pytest.mark.usefixtures("fast_switching")
def test_values_put_together_from_many_threads_are_there_once(writer: Writer) -> None:
    def work(rank: int) -> None:
        for n in range(3000):
            names = [f"{rank} {letter}" for letter in "abcdefghij"]
            values = {name: n if name[-1] == "j" else n / 2 for name in names}
            put_together(writer, values, None if n % 2 else n)

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while_written = values_of(writer)
    writer.close("done")

    halves, wholes = [n / 2 for n in range(3000)], list(range(3000))
    for found in (while_written, values_of(writer)):
        assert len(found) == 60
        for name, values in found.items():
            assert values == (wholes if name[-1] == "j" else halves)
        assert {type(value) for value in found["0 j"]} == {int}


@pytest.mark.parametrize("seed", range(3))
def test_an_interruption_leaves_values_put_together_whole_or_absent(
    writer: Writer, seed: int
) -> None:
    returned: list[int] = []
    begun = 0

    def work() -> None:
        nonlocal begun
        for n in range(begun + 1, 12_001):
            begun = n
            put_together(writer, dict.fromkeys("abc", n), n)
            returned.append(n)

    for name in "abc":  # so that all that follow are quick
        writer.put(name, -1, None)
    put_together(writer, dict.fromkeys("abc", -1), 0)
    interruptions = interruptions_of(work, seed)
    while_written = values_of(writer)
    writer.close("done")

    assert interruptions > 20
    for found in (while_written, values_of(writer)):
        for values in found.values():
            assert values == sorted(values)
            assert len(values[2:]) == len(set(values[2:]))
            assert set(returned) <= set(values)
    if isinstance(writer, MappedWriter):
        # Where a window ends values go one by one, and it may take some tries to get past it.
        assert len(set(found["a"]) ^ set(found["c"])) < 120


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ({"a": 2**70, "b": 1}, 1),
        ({"a": 1, "b": -(2**63) - 1}, None),
        ({"a": 1.5, "b": True}, 1),
        ({"a": None, "b": "text"}, 1),
        ({"a": 1, "b": 2}, 2**40),
        ({}, 1),
    ],
)
def test_what_does_not_fit_together_is_kept_one_by_one(
    writer: Writer, values: dict[str, Any], step: int | None
) -> None:
    for _ in range(3):
        put_together(writer, {"a": 1, "b": 2}, step if step != 2**40 else 3)
        put_together(writer, values, step)
    writer.close("done")

    found = values_of(writer)
    assert found["a"] == [1, *([values["a"]] if values else [])] * 3
    assert found["b"] == [2, *([values["b"]] if values else [])] * 3
    with pytest.raises(RunClosed):
        put_together(writer, {"a": 1, "b": 2}, 3)


def test_values_put_together_have_one_time(writer: Writer) -> None:
    for n in range(3):
        put_together(writer, {"a": 1.0, "b": n, "c": None}, n)

    batch = LocalFollower(writer.folder / "metrics").read()

    times = {name: points.at.tolist() for name, points in batch.points.items()}
    assert times["a"] == times["b"] == times["c"]
    assert len(set(times["a"])) == 3


@pytest.mark.skipif(not hasattr(os, "pwrite"), reason="written in another way here")
def test_values_put_together_are_appended_by_one_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = AppendWriter(tmp_path, lambda: None)
    values = {f"m{n}": float(n) for n in range(10)}
    put_together(writer, values, 0)
    real, sizes = os.pwrite, []

    def noted(descriptor: int, data: Any, place: int) -> int:
        sizes.append(len(data))
        return real(descriptor, data, place)

    monkeypatch.setattr(os, "pwrite", noted)
    put_together(writer, values, 1)
    writer.put("m0", 0.0, 2)

    assert sizes == [10 * POINT_BYTES, POINT_BYTES]
    writer.close("done")


def test_a_run_may_have_ten_thousand_metrics(writer: Writer) -> None:
    for n in range(10_000):
        writer.put(f"metric {n}", float(n), None)
    writer.close("done")

    assert values_of(writer) == {f"metric {n}": [float(n)] for n in range(10_000)}


def test_a_growing_file_is_hardly_larger_than_its_points(tmp_path: Path) -> None:
    writer = MappedWriter(tmp_path, lambda: None)
    path = tmp_path / "metrics" / "0000.points"
    for n in range(50_000):
        writer.put("loss", 0.5, None)
        if n % 1000 == 0:
            used = POINT_BYTES * (n + 1)
            assert path.stat().st_size <= max(2 * used + FIRST_BYTES, used + WINDOW_BYTES)
    assert path.stat().st_size <= used + 2 * WINDOW_BYTES

    writer.close("done")

    assert not path.exists()


def test_a_short_run_leaves_two_small_files(writer: Writer) -> None:
    for _ in range(3):
        writer.put("loss", 0.5, None)
    writer.close("done")

    sizes = {path.name: path.stat().st_size for path in (writer.folder / "metrics").iterdir()}
    assert set(sizes) == {"0000.jsonl", "0000.points"}
    assert sizes["0000.points"] in (3 * POINT_BYTES, FIRST_BYTES)


def test_a_healthy_writer_has_no_problem(writer: Writer) -> None:
    writer.put("loss", 0.5, None)
    writer.flush()
    keeper.beat()

    assert writer.problem == ""
    assert not writer.is_failing


def test_a_keeper_that_could_have_no_thread_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    one, sign = Keeper(every_s=0.01), Sign(tmp_path)
    os.utime(tmp_path, (0, 0))
    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", refuse)
        one.hold(sign)

    one.hold(sign)  # as when the next run begins, or the next writer

    until = time.monotonic() + 30
    while not tmp_path.stat().st_mtime and time.monotonic() < until:
        time.sleep(0.01)
    assert tmp_path.stat().st_mtime > 0
    one._wake.set()


def test_a_beat_shows_that_the_process_lives(writer: Writer) -> None:
    writer.put("loss", 0.5, None)
    text = writer.folder / "metrics" / "0000.jsonl"
    os.utime(text, (0, 0))

    keeper.beat()

    assert time.time() - text.stat().st_mtime < 60


def test_a_leftover_without_its_text_is_not_written_over(writer: Writer) -> None:
    metrics = writer.folder / "metrics"
    metrics.mkdir()
    (metrics / "0000.points").write_bytes(b"somebody's")

    writer.put("loss", 0.5, None)

    assert (metrics / "0000.points").read_bytes() == b"somebody's"
    assert values_of(writer) == {"loss": [0.5]}
