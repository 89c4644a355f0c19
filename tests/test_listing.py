"""A listing follows an experiment's runs, and asks for no more than it must."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

from run_widgets.records import RunStatus
from run_widgets.store import listing as listing_module
from run_widgets.store.digest import digest_of
from run_widgets.tracking.background import background

if TYPE_CHECKING:
    import pytest

    from run_widgets import Experiment, Run
    from run_widgets.store.listing import Listed, Listing


def watch(experiment: Experiment) -> Listing:
    return experiment.workspace.store.watch(experiment.name)


def start(experiment: Experiment, run_id: str | None = None) -> Run:
    run = experiment.start_logging(run_id=run_id, outputs=False, snapshot_directory=None)
    background.wait(10)  # it notes git and packages, and so changes the run
    return run


def all_of(listing: Listing) -> dict[str, Listed]:
    runs: dict[str, Listed] = {}
    while True:
        news = listing.look()
        runs |= news.runs
        if news.is_all:
            return runs


def test_an_experiment_without_runs_has_no_news(experiment: Experiment) -> None:
    assert not watch(experiment).look()


def test_a_run_is_told_when_it_comes_changes_and_goes(experiment: Experiment) -> None:
    listing = watch(experiment)
    run = start(experiment)

    assert list(listing.look().runs) == [run.id]
    assert not listing.look()
    run.tag("stage", "dev")
    assert listing.look().runs[run.id].record.tags == {"stage": "dev"}
    run.log("loss", 0.5)
    run.complete()
    told = listing.look().runs[run.id]
    assert told.record.status is RunStatus.COMPLETED
    assert told.digest is not None
    assert told.digest["loss"].last == 0.5
    run.tag("stage", "prod")
    assert listing.look().runs[run.id].record.tags == {"stage": "prod"}
    run.delete()
    assert listing.look().gone == (run.id,)
    assert not listing.look()


def test_runs_come_in_pieces_the_newest_first(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"run{number}" for number in range(7)]
    for run_id in ids:
        start(experiment, run_id).complete()
    all_of(watch(experiment))  # fills the index
    monkeypatch.setattr(listing_module, "PIECE", 3)

    listing = watch(experiment)
    pieces = [set(listing.look().runs) for _ in range(3)]

    assert pieces == [{"run6", "run5", "run4"}, {"run3", "run2", "run1"}, {"run0"}]
    assert not listing.look().runs


def test_what_the_index_knows_is_not_read_again(experiment: Experiment) -> None:
    run = start(experiment)
    run.log("loss", 0.5)
    run.complete()
    all_of(watch(experiment))
    document = run.folder / "run.json"
    content = document.read_bytes()
    facts = document.stat()
    # Same size, time and inode: only who reads it can tell.
    with document.open("r+b") as file:
        file.write(b"?" * len(content))
    os.utime(document, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    assert all_of(watch(experiment))[run.id].record.status is RunStatus.COMPLETED


def test_a_digest_that_a_list_made_is_there_for_the_next_list(experiment: Experiment) -> None:
    run = start(experiment)
    for place in range(300):
        run.log(f"m{place}", 1.0)
    run.complete()
    listing = watch(experiment)
    (listed,) = all_of(listing).values()
    assert listed.digest is None

    listing.keep({run.id: digest_of(run.store.follow(run.id))})

    (listed,) = all_of(watch(experiment)).values()
    assert listed.digest is not None
    assert len(listed.digest) == 300


def test_a_run_whose_process_was_killed_is_told_without_a_change_to_its_folder(
    experiment: Experiment,
) -> None:
    script = f"""
        import time
        from run_widgets import Experiment, Workspace
        exp = Experiment(Workspace({str(experiment.workspace.path)!r}), "mnist")
        exp.start_logging(run_id="killed", outputs=False, snapshot_directory=None).log("x", 1)
        print("up", flush=True)
        time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        listing = watch(experiment)
        assert listing.look().runs["killed"].record.status is RunStatus.RUNNING

        process.kill()
        process.wait()

        assert listing.look().runs["killed"].record.status is RunStatus.FAILED
        assert not listing.look()


def test_folders_of_strangers_harm_nothing(experiment: Experiment) -> None:
    good = start(experiment, "good")
    good.complete()
    for name, content in {
        "text": b"not json",
        "list": b"[1]",
        "nested": b"[" * 100_000,
        "empty": b"",
        "types": b'{"id": 1, "tags": [], "status": 3, "metrics": [], "created_at": "now"}',
        "bytes": b"\xff\xfe",
    }.items():
        folder = good.folder.parent / name
        folder.mkdir()
        (folder / "run.json").write_bytes(content)
    os.symlink("/etc/passwd", good.folder.parent / "link")
    (good.folder.parent / "fifo").mkdir()
    os.mkfifo(good.folder.parent / "fifo" / "run.json")

    runs = all_of(watch(experiment))

    assert "good" in runs
    assert set(runs) <= {"good", "types"}


def test_a_broken_or_missing_index_costs_time_only(experiment: Experiment) -> None:
    run = start(experiment)
    run.complete()
    all_of(watch(experiment))
    index = experiment.workspace.path / "index.sqlite"

    index.write_bytes(b"no database" * 100)
    assert list(all_of(watch(experiment))) == [run.id]
    index.unlink()
    assert list(all_of(watch(experiment))) == [run.id]


def test_an_experiment_that_vanishes_has_lost_its_runs(experiment: Experiment) -> None:
    run = start(experiment)
    run.complete()
    listing = watch(experiment)
    all_of(listing)

    shutil.rmtree(run.folder.parent)

    assert listing.look().gone == (run.id,)
    assert not listing.look()
