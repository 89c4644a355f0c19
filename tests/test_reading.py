from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from run_widgets import Experiment, Run, Workspace
from run_widgets.errors import RunNotFound
from run_widgets.reading.run import MAX_IMAGE_BYTES, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    experiment = Experiment(Workspace(tmp_path / "workspace"), "mnist")
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    yield run
    if run.get_status() == "Running":
        run.complete()


@pytest.fixture
def reading(run: Run) -> Iterator[Reading]:
    reading = Reading(run.store, run.id)
    yield reading
    reading.close()


def test_each_look_adds_what_came_since(run: Run, reading: Reading) -> None:
    run.log("loss", 1.0)
    reading.look()
    run.log("loss", 0.5)
    reading.look()

    assert [metric.text for metric in reading.summary.metrics] == ["Vector[2]"]
    assert not reading.is_over


def test_a_long_history_is_read_in_one_look(run: Run, reading: Reading) -> None:
    writer = run.log
    for value in range(600_000):
        writer("loss", value)

    reading.look()

    assert reading.summary.points == 600_000


def test_a_completed_run_is_over_once_it_has_been_read(run: Run, reading: Reading) -> None:
    run.log("loss", 1.0)
    run.complete()

    reading.look()

    assert (reading.is_over, reading.summary.points) == (True, 1)


def test_a_run_that_failed_is_over_too(run: Run, reading: Reading) -> None:
    run.fail("out of luck")

    reading.look()

    assert reading.is_over


def test_what_has_been_read_stays_when_a_look_fails(run: Run, reading: Reading) -> None:
    run.log("loss", 1.0)
    reading.look()
    away = run.folder.with_name("away")
    run.folder.rename(away)

    with pytest.raises(RunNotFound):
        reading.look()

    assert reading.summary.points == 1
    away.rename(away.with_name(run.id))
    reading.look()
    assert reading.record.id == run.id


def test_a_run_that_is_not_there_cannot_be_read(run: Run) -> None:
    with pytest.raises(RunNotFound, match="no-such-run"):
        Reading(run.store, "no-such-run")


@pytest.mark.parametrize("name", ["../run.json", "/etc/passwd", "a/../../run.json", "none.png", ""])
def test_an_image_s_name_never_leads_out_of_the_run(run: Run, reading: Reading, name: str) -> None:
    assert reading.image(name) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
def test_what_is_no_plain_file_is_no_image(run: Run, reading: Reading, tmp_path: Path) -> None:
    run.upload_file("a.png", __file__)
    folder = run.store.file_path(run.id, "a.png").parent
    os.mkfifo(folder / "fifo.png")
    (folder / "link.png").symlink_to("/etc/passwd")

    assert reading.image("a.png")
    assert reading.image("fifo.png") is None
    assert reading.image("link.png") is None


def test_an_image_that_is_too_big_is_not_read(run: Run, reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "big.png").write_bytes(bytes(MAX_IMAGE_BYTES + 1))
    run.upload_file("big.png", str(tmp_path / "big.png"))

    assert reading.image("big.png") is None


def test_a_run_that_ended_is_read_to_its_end_however_its_values_were_logged(run: Run) -> None:
    # More text than a follower hands out at once.
    for metric in range(12):
        run.log_list(f"loss {metric}", [1 / (1 + step) for step in range(30_000)])
    run.complete()
    reading = Reading(run.store, run.id)

    reading.look()

    assert reading.is_over
    assert reading.summary.points == 12 * 30_000
    reading.close()


def test_a_run_that_goes_on_is_caught_up_with(run: Run) -> None:
    for metric in range(12):
        run.log_list(f"loss {metric}", [1 / (1 + step) for step in range(30_000)])
    reading = Reading(run.store, run.id)

    reading.catch_up()

    assert reading.summary.points == 12 * 30_000
    reading.close()
