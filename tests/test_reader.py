"""The following side: what is torn, late, replaced or moved loses nothing and makes nothing up."""

from __future__ import annotations

import json
import os
import shutil
import struct
import tempfile
import threading
import time
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from run_widgets.records import NO_STEP, Kind
from run_widgets.store import reader as reader_module
from run_widgets.store.layout import POINT, POINT_BYTES, VOID
from run_widgets.store.lines import Lines
from run_widgets.store.mapped import MappedWriter
from run_widgets.store.reader import LocalFollower
from run_widgets.store.slots import Packed, read_points
from strategies import plain, rows, same

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets import Run

FLOAT = (1 << 8) | 1  # a float of metric 1, without a step
HEADER = b'{"format":1,"writer":{},"at":0}\n{"metric":1,"name":"loss","family":"vector"}\n'


def writer_in(folder: Path) -> MappedWriter:
    folder.mkdir(exist_ok=True)
    return MappedWriter(folder, lambda: None)


def values_of(follower: LocalFollower) -> dict[str, list[Any]]:
    """Return all that can be read now, lists and rows by name as well."""
    found: dict[str, list[Any]] = {}
    while batch := follower.read():
        for name, points in batch.points.items():
            found.setdefault(name, []).extend(points.values())
        for record in batch.records:
            found.setdefault(record.metric, []).append(record.value)
    return found


def write_files(folder: Path, text: bytes, points: bytes) -> LocalFollower:
    """Make one writer's two files by hand."""
    metrics = folder / "metrics"
    metrics.mkdir(parents=True, exist_ok=True)
    (metrics / "0000.jsonl").write_bytes(text)
    (metrics / "0000.points").write_bytes(points)
    return LocalFollower(metrics)


def point(value: float, mark: int = FLOAT, at: float = 1.0, step: int = 0) -> bytes:
    return POINT.pack(value, at, step, mark)


# -- torn files --


def logged_run(folder: Path) -> list[tuple[str, Any]]:
    """Log a little of everything, and return it in its order."""
    writer = writer_in(folder)
    logged: list[tuple[str, Any]] = []
    for n in range(5):
        logged += [("loss", n / 7), ("n", n), ("text", f"text {n} \ud800")]
        logged += [("big", 10**30 + n), ("none", None), ("flag", n % 2 == 0)]
    for name, value in logged:
        writer.put(name, value, None)
    for n in range(3):
        writer.record(Kind.ROW, "row", {"a": n})
        logged.append(("row", {"a": n}))
    writer.close("done")
    return logged


@pytest.mark.parametrize("suffix", ["points", "jsonl"])
def test_a_file_cut_at_any_byte_gives_all_before_the_cut(tmp_path: Path, suffix: str) -> None:
    logged = logged_run(tmp_path / "whole")
    metrics = tmp_path / "whole" / "metrics"
    text, points = (metrics / "0000.jsonl").read_bytes(), (metrics / "0000.points").read_bytes()
    marks = [mark for *_, mark in POINT.iter_unpack(points)]
    slots = [slot for slot, mark in enumerate(marks) if mark not in (0, VOID)]  # what was logged
    points = points[: (slots[-1] + 2) * POINT_BYTES]
    assert len(slots) == len(logged)
    whole = text if suffix == "jsonl" else points
    lines = [line + b"\n" for line in text.split(b"\n")[:-1]]
    for cut in range(len(whole) + 1):
        shown_text = text[:cut] if suffix == "jsonl" else text
        shown_points = points[:cut] if suffix == "points" else points

        found = values_of(write_files(tmp_path / "cut", shown_text, shown_points))

        declared = {name for name, _ in logged if _is_declared(lines, name, len(shown_text))}
        expected: dict[str, list[Any]] = {}
        records = iter([line for line in lines if line.startswith(b'{"record"')])
        for place, (name, value) in enumerate(logged):
            in_text = isinstance(value, str | dict) or value == 10**30 + place // 6
            line = next(records) if in_text else b""
            is_there = not in_text or text.index(line) + len(line) <= len(shown_text)
            if is_there and name in declared and slots[place] < len(shown_points) // POINT_BYTES:
                expected.setdefault(name, []).append(value)
        assert same(found) == same(expected), cut


def _is_declared(lines: list[bytes], name: str, size: int) -> bool:
    end = 0
    for line in lines:
        end += len(line)
        if line.startswith(b'{"metric"') and f'"name":"{name}"'.encode() in line:
            return end <= size
    raise AssertionError(name)


def test_a_packed_file_cut_at_any_byte_is_read_or_told_of(tmp_path: Path) -> None:
    writer = writer_in(tmp_path / "whole")
    for n in range(6000):
        writer.put("loss", n / 7, n)
    writer.close("done")
    metrics = tmp_path / "whole" / "metrics"
    whole = (metrics / "0000.npz").read_bytes()
    for cut in sorted({*range(0, len(whole), 997), *range(len(whole) - 300, len(whole) + 1)}):
        (metrics / "0000.npz").write_bytes(whole[:cut])

        batch = LocalFollower(metrics).read()

        if batch.points:  # what lies behind the columns is a table that we do not need
            assert batch.points["loss"].values() == [n / 7 for n in range(6000)]
        else:
            assert "cannot be read" in batch.warnings[0], cut


def test_a_half_written_slot_is_not_there_yet(tmp_path: Path) -> None:
    follower = write_files(tmp_path, HEADER, point(1.0) + struct.pack("<ddiI", 2.0, 1.0, 0, 0))

    assert values_of(follower) == {"loss": [1.0]}


@pytest.mark.skipif(not hasattr(os, "pread"), reason="read in another way here")
def test_a_reading_that_finds_a_mark_before_its_value_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = point(1.0) + point(2.0)
    follower = write_files(tmp_path, HEADER, points)
    real, torn = os.pread, [point(1.0) + bytes(8) + points[POINT_BYTES + 8 :]]

    def overtaken(descriptor: int, size: int, place: int) -> bytes:
        data = real(descriptor, size, place)
        return torn.pop() if data == points and torn else data

    monkeypatch.setattr(os, "pread", overtaken)

    assert values_of(follower) == {"loss": [1.0, 2.0]}
    assert not torn


# -- slots that are filled late, or never --


def test_an_empty_slot_holds_nothing_up_and_is_seen_once_it_is_filled(tmp_path: Path) -> None:
    points = bytearray(point(1.0) + bytes(POINT_BYTES) + point(3.0))
    follower = write_files(tmp_path, HEADER, points)
    assert values_of(follower) == {"loss": [1.0, 3.0]}

    points[POINT_BYTES : 2 * POINT_BYTES] = point(2.0)
    write_files(tmp_path, HEADER, points)

    assert values_of(follower) == {"loss": [2.0]}
    assert values_of(follower) == {}


def test_an_empty_slot_is_not_looked_at_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "LATE_S", 0.0)
    follower = write_files(tmp_path, HEADER, bytes(POINT_BYTES) + point(2.0))
    assert values_of(follower) == {"loss": [2.0]}

    write_files(tmp_path, HEADER, point(1.0) + point(2.0))

    assert values_of(follower) == {}
    assert values_of(LocalFollower(tmp_path / "metrics")) == {"loss": [1.0, 2.0]}


def test_a_slot_filled_late_is_found_in_the_packed_file(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    for n in range(20_000):
        writer.put("loss", float(n), None)
    path = tmp_path / "metrics" / "0000.points"
    whole = path.read_bytes()
    place = 5_000 * POINT_BYTES
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes(POINT_BYTES))
        file.flush()
        follower = LocalFollower(tmp_path / "metrics")
        first = values_of(follower)["loss"]
        file.seek(place)
        file.write(whole[place : place + POINT_BYTES])
    writer.put("loss", -1.0, None)
    writer.close("done")
    assert not path.exists()

    second = values_of(follower)["loss"]

    assert first == [float(n) for n in range(20_000) if n != 5_000]
    assert second == [5_000.0, -1.0]


def test_points_that_are_seen_before_their_text_come_when_it_is_there(tmp_path: Path) -> None:
    # As on a network drive, which may show one file's growth before the other's.
    line = b'{"record":"scalar","name":"loss","at":1.0,"value":"late"}\n'
    text_point = struct.pack("<qdiI", len(HEADER), 1.0, 0, (1 << 8) | 5)
    points = point(1.0) + text_point + point(3.0)
    follower = write_files(tmp_path, b"", points)
    assert values_of(follower) == {}
    write_files(tmp_path, HEADER + line[:10], points)
    assert values_of(follower) == {"loss": [1.0, 3.0]}

    write_files(tmp_path, HEADER + line, points)

    assert values_of(follower) == {"loss": ["late"]}


def test_text_that_never_comes_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_point = struct.pack("<qdiI", len(HEADER), 1.0, 0, (1 << 8) | 5)
    follower = write_files(tmp_path, HEADER, text_point * 3)
    assert not follower.read()
    monkeypatch.setattr(reader_module, "LATE_S", 0.0)

    warnings = [*follower.read().warnings, *follower.read().warnings]

    assert len(warnings) == 1
    assert "refers to text that is not there" in warnings[0]


def test_voids_are_passed_over(tmp_path: Path) -> None:
    void = struct.pack("<qdiI", 0, 0.0, 0, VOID)
    follower = write_files(tmp_path, HEADER, void * 70_000 + point(1.0) + void * 70_000)

    assert values_of(follower) == {"loss": [1.0]}


def test_a_writer_that_fills_while_it_is_read_is_never_read_half_written(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            writer.put("loss", float(n), n)

    thread = threading.Thread(target=write)
    thread.start()
    follower = LocalFollower(tmp_path / "metrics")
    seen: list[tuple[float, int]] = []
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        for points in follower.read().points.values():
            assert (points.at > 1e9).all()
            seen += zip(points.values(), points.step.tolist(), strict=True)
    stop.set()
    thread.join()

    assert seen == [(float(n), n) for n in range(1, len(seen) + 1)]
    assert len(seen) > 1000


# -- files that are replaced, moved, of a later time --


def test_a_run_that_goes_away_and_comes_back_is_read_on(tmp_path: Path) -> None:
    writer = writer_in(tmp_path / "run")
    writer.put("loss", 1.0, None)
    follower = LocalFollower(tmp_path / "run" / "metrics")
    assert values_of(follower) == {"loss": [1.0]}

    (tmp_path / "run").rename(tmp_path / "away")
    writer.put("loss", 2.0, None)
    assert values_of(follower) == {}
    (tmp_path / "away").rename(tmp_path / "run")

    assert values_of(follower) == {"loss": [2.0]}


def test_a_copied_run_folder_reads_as_the_original(tmp_path: Path) -> None:
    logged = logged_run(tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "copy")

    assert values_of(LocalFollower(tmp_path / "copy" / "metrics")) == values_of(
        LocalFollower(tmp_path / "run" / "metrics")
    )
    assert len(logged) == 33


def test_a_later_format_is_left_alone_and_told_of(tmp_path: Path) -> None:
    text = HEADER.replace(b'"format":1', b'"format":2')
    follower = write_files(tmp_path, text, point(1.0))

    batch = follower.read()

    assert not batch.points
    assert "is of format 2" in batch.warnings[0]
    assert "update it" in batch.warnings[0]
    assert not follower.read()


def test_a_kind_of_a_later_time_is_passed_over_and_told_of(tmp_path: Path) -> None:
    follower = write_files(tmp_path, HEADER, point(1.0) + point(2.0, (1 << 8) | 9) + point(3.0))

    batch = follower.read()

    assert batch.points["loss"].values() == [1.0, 3.0]
    assert "unknown kind" in batch.warnings[0]


def test_lost_values_are_told_to_every_reader(tmp_path: Path) -> None:
    follower = write_files(tmp_path, HEADER + b'{"lost":1200,"at":1.0}\n', point(1.0))

    assert "1,200 values that had to be dropped" in follower.read().warnings[0]


def test_between_readings_no_file_is_held_open(tmp_path: Path) -> None:
    logged_run(tmp_path)
    follower = LocalFollower(tmp_path / "metrics")
    before = set(os.listdir("/proc/self/fd"))

    follower.read()

    assert set(os.listdir("/proc/self/fd")) == before


def test_a_closed_follower_reads_nothing(tmp_path: Path) -> None:
    logged_run(tmp_path)
    follower = LocalFollower(tmp_path / "metrics")

    follower.close()

    assert not follower.read()


# -- much --


def test_much_text_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("run_widgets.store.lines.AHEAD_BYTES", 10_000)
    writer = writer_in(tmp_path)
    for n in range(2_000):
        writer.record(Kind.ROW, "row", {"n": n})
        if n % 10 == 0:
            writer.put(f"metric {n}", float(n), None)
        if n == 1_000:
            writer.put("long", "x" * 50_000, None)
    follower = LocalFollower(tmp_path / "metrics")

    sizes = []
    rows: list[Any] = []
    scalars: dict[str, list[Any]] = {}
    while batch := follower.read():
        assert batch.warnings == ()
        sizes.append(len(batch.records))
        rows += [record.value for record in batch.records]
        for name, points in batch.points.items():
            scalars.setdefault(name, []).extend(points.values())

    assert rows == [{"n": n} for n in range(2_000)]
    assert scalars.pop("long") == ["x" * 50_000]
    assert scalars == {f"metric {n}": [float(n)] for n in range(0, 2_000, 10)}
    assert len(sizes) > 3
    assert max(sizes) < 600


def test_many_points_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "SLOTS_AT_ONCE", 1_000)
    writer = writer_in(tmp_path)
    for n in range(7_000):
        writer.put("loss", float(n), None)
        if n % 100 == 0:
            writer.put("text", f"{n}", None)
    for packed in (False, True):
        if packed:
            writer.close("done")
        follower = LocalFollower(tmp_path / "metrics")
        sizes, values = [], []
        while batch := follower.read():
            sizes.append(sum(map(len, batch.points.values())))
            values += batch.points["loss"].values()

        assert values == [float(n) for n in range(7_000)]
        assert sizes == [1_000] * 7 + [70]


def test_what_no_point_refers_to_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("run_widgets.store.lines.AHEAD_BYTES", 1_000)
    orphan = b'{"record":"scalar","name":"loss","at":1.0,"value":"nobody refers to me"}\n'
    line = b'{"record":"scalar","name":"loss","at":1.0,"value":"found"}\n'
    text = HEADER + orphan * 100
    found = struct.pack("<qdiI", len(text), 1.0, 0, (1 << 8) | 5)
    follower = write_files(tmp_path, text + line, point(1.0) + found)

    assert values_of(follower) == {"loss": [1.0, "found"]}


# -- several writers --

logs = st.lists(
    st.lists(st.tuples(st.sampled_from("ab"), plain, st.floats(0, 10)), max_size=8), max_size=4
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(logs=logs)
def test_writers_are_merged_by_time_and_each_keeps_its_order(
    tmp_path_factory: pytest.TempPathFactory, logs: list[list[tuple[str, Any, float]]]
) -> None:
    import run_widgets.store.mapped as mapped_module
    import run_widgets.store.writer as writer_module

    folder = tmp_path_factory.mktemp("run")
    real = time.time
    clock = [0.0]
    writers = [writer_in(folder) for _ in logs]
    try:
        # The clock is the one thing that a test must choose: here it also runs backwards.
        mapped_module._now = writer_module._now = lambda: clock[0]
        for writer, logged in zip(writers, logs, strict=True):
            for name, value, clock[0] in logged:
                writer.put(name, value, None)
    finally:
        mapped_module._now = writer_module._now = real

    found = values_of(LocalFollower(folder / "metrics"))

    for name in "ab":
        of_name = [[(at, v) for n, v, at in logged if n == name] for logged in logs]
        keyed = []
        for rank, entries in enumerate(of_name):
            latest = float("-inf")
            for place, (at, value) in enumerate(entries):
                latest = max(latest, at)
                keyed.append((latest, rank, place, value))
        keyed.sort(key=lambda entry: entry[:3])
        assert same(found.get(name, [])) == same([entry[3] for entry in keyed])
    for writer in writers:
        writer.close("done")


def test_rows_of_several_writers_are_merged_by_time_too(tmp_path: Path) -> None:
    writers = [writer_in(tmp_path), writer_in(tmp_path)]
    for n in range(6):
        writers[n % 2].record(Kind.ROW, "rows", {"n": n})

    found = values_of(LocalFollower(tmp_path / "metrics"))

    assert found == {"rows": [{"n": n} for n in range(6)]}
    for writer in writers:
        writer.close("done")


# -- the two forms of columns --


def test_packed_columns_are_the_points_that_were_written(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    generator = np.random.default_rng(0)
    for n in range(9_000):
        step = [None, n, int(generator.integers(-(2**31), 2**31))][n % 3]
        writer.put(f"m{n % 300}", float(generator.normal()), step)
    path = tmp_path / "metrics" / "0000.points"
    with path.open("rb") as file:
        written = read_points(file.fileno(), 0, 10_000)
    writer.close("done")

    packed = Packed(path.with_suffix(".npz"))
    read = [packed.read(1_234) for _ in range(8)]

    for column in ("value", "at", "step", "mark"):
        together = np.concatenate([getattr(slots, column) for slots in read])
        np.testing.assert_array_equal(together, getattr(written, column))
    packed.close()


def test_packed_columns_are_small_and_come_back_at_once(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    for n in range(100_000):
        writer.put("loss", n / 7, n - 50_000)
    writer.close("done")

    size = sum(path.stat().st_size for path in (tmp_path / "metrics").iterdir())
    points = LocalFollower(tmp_path / "metrics").read().points["loss"]

    assert size < 16.2 * 100_000
    np.testing.assert_array_equal(points.step, np.arange(-50_000, 50_000))
    np.testing.assert_array_equal(points.numbers, np.arange(100_000) / 7)


def test_a_series_of_a_finished_run_has_no_step_where_none_was_given(run: Run) -> None:
    for n in range(6_000):
        run.log("loss", 0.5, step=None if n % 2 else n)
    run.complete()

    (points,) = run.store.follow(run.id).read().points.values()

    assert points.step.tolist() == [NO_STEP if n % 2 else n for n in range(6_000)]


# -- rows, which are parsed together --

row_lines = st.builds(
    lambda name, at, cells: {"record": "row", "name": name, "at": at, "value": cells},
    st.sampled_from(["t", 'a"b', ',"at":', "\ud800\\"]),
    st.floats(0, 2e9) | st.sampled_from([1, None, "soon"]),
    rows,
).map(lambda entry: json.dumps(entry, separators=(",", ":")).encode())
odd_lines = st.sampled_from(
    [
        b'{"record":"row","name":"t","at":1.5,"step":3,"value":{"a":1}}',
        b'{"record":"row","name":"t","at":1.5,"value":{"a":1},"value":{"a":2}}',
        b'{"record":"row","name":"t","at":1.5,"value":{},"record":"list","value":[{}]}',
        b'{"record":"row","name":"t","at":1.5,2.5,"value":{},{}}',
        b'{"record":"row","name":"t","at":,"value":{"a":{}}}',
        b'{"record":"row","name":"t","at":1.5,"value":[{}]}',
        b'{"record":"row","name":"t","at":1.5,"value":{"a":"\xff"}}',
        b'{"record":"list","name":"t","at":1.5,"value":[1]}',
    ]
)


@given(lines=st.lists(row_lines | odd_lines, min_size=2, max_size=6))
def test_rows_that_are_parsed_together_are_what_each_is_alone(lines: list[bytes]) -> None:
    places = [*accumulate((len(line) + 1 for line in lines[:-1]), initial=0)]

    def told(ways: list[list[int]]) -> str:
        text = Lines(lambda topic, what: None)
        with tempfile.TemporaryFile() as file:
            file.write(b"\n".join(lines) + b"\n")
            file.flush()
            text.pull(file.fileno())
        return repr([record for way in ways for record in text.records(way)])

    assert told([places]) == told([[place] for place in places])
