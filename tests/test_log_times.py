"""When a log had come how far: noted while it is written, read from what may be a stranger's."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from run_widgets.store.log_times import LogTimes, log_times

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets import Experiment

LOG = "logs/user_log.txt"


def test_what_is_noted_is_read(tmp_path: Path) -> None:
    times, others = LogTimes(tmp_path, LOG), LogTimes(tmp_path, "logs/a b.txt")

    times.note(10, 5.25)
    others.note(99, 5.5)
    times.note(10, 6.0)  # it has not grown
    times.note(30, 7.0)

    assert log_times(tmp_path, LOG) == [(5.25, 10), (7.0, 30)]
    assert log_times(tmp_path, "logs/a b.txt") == [(5.5, 99)]
    assert log_times(tmp_path, "logs/none.txt") == []


def test_notes_are_some_time_apart(tmp_path: Path) -> None:
    times = LogTimes(tmp_path, LOG)

    assert not times.is_due()
    time.sleep(0.3)
    assert times.is_due()
    times.note(1, time.time())
    assert not times.is_due()


def test_a_note_that_cannot_be_kept_is_none(tmp_path: Path) -> None:
    LogTimes(tmp_path / "gone", LOG).note(10, 5.0)

    assert log_times(tmp_path / "gone", LOG) == []


@pytest.mark.parametrize(
    "line",
    [b"nan 5 ", b"inf 5 ", b"x 5 ", b"9 x ", b"9 -5 ", b"1 99 ", b"9 1 ", b"9", b"\xff\xfe ", b""],
)
def test_a_line_that_is_no_note_is_passed_over(tmp_path: Path, line: bytes) -> None:
    name = LOG.encode()
    lines = [b"2 20 " + name, line + name, b"9 90 " + name]
    (tmp_path / "log_times").write_bytes(b"\n".join(lines))

    assert log_times(tmp_path, LOG) == [(2.0, 20), (9.0, 90)]


def test_notes_that_are_a_link_are_not_read(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(f"2 20 {LOG}\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log_times").symlink_to(elsewhere)
    LogTimes(tmp_path / "run", LOG).note(30, 3.0)

    assert log_times(tmp_path / "run", LOG) == []
    assert elsewhere.read_text() == f"2 20 {LOG}\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_in_its_place_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log_times")

    LogTimes(tmp_path, LOG).note(10, 5.0)

    assert log_times(tmp_path, LOG) == []


def test_what_a_block_prints_is_noted_with_when_it_did(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        print("first")
        printed_at = time.time()
        time.sleep(0.6)
        print("second")

    (at, size), (_, whole) = log_times(run.folder, LOG)
    assert at == pytest.approx(printed_at, abs=0.2)  # not when the next line came
    assert (size, whole) == (len("first\n"), len("first\nsecond\n"))
