"""A store that fails never stops training: values wait in memory, and come when it is back."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import textwrap
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from run_widgets import Experiment, Workspace, doctor
from run_widgets.errors import StoreUnavailable
from run_widgets.records import Kind
from run_widgets.store.appended import AppendWriter
from run_widgets.store.keeper import keeper
from run_widgets.store.mapped import MappedWriter
from run_widgets.store.reader import LocalFollower

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from run_widgets import Run
    from run_widgets.store.local import LocalStore
    from run_widgets.store.writer import Writer

ENGINES = {"mapped": MappedWriter, "append": AppendWriter}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Callable[..., Writer]:
    return ENGINES[request.param]


@pytest.fixture(autouse=True)
def forget_writers() -> Iterator[None]:
    """Do not try again, when the tests are over, to write what a test left waiting."""
    before = set(map(id, keeper._open.values()))
    yield
    for thing in list(keeper._open.values()):
        if id(thing) not in before:
            keeper.let_go(thing)


@pytest.fixture
def copying_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that writes whatever changes to a new place: a subvolume of btrfs."""
    image, disk = tmp_path / "image", tmp_path / "btrfs"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(128 * 2**20)
    commands = [
        ["mkfs.btrfs", "--quiet", "--mixed", str(image)],
        ["mount", "-o", "loop", str(image), str(disk)],
        ["btrfs", "subvolume", "create", str(disk / "volume")],
    ]
    try:
        for command in commands:
            subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"only root with btrfs-progs can make one: {error}")
    yield disk / "volume"
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root can mount a disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def values_of(folder: Path) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    follower = LocalFollower(folder / "metrics")
    while batch := follower.read():
        for name, points in batch.points.items():
            found.setdefault(name, []).extend(points.values())
        for record in batch.records:
            found.setdefault(record.metric, []).append(record.value)
    return found


def warnings_of(folder: Path) -> list[str]:
    follower = LocalFollower(folder / "metrics")
    told: list[str] = []
    while batch := follower.read():
        told += batch.warnings
    return told


def put_mixed(writer: Writer, first: int, last: int) -> None:
    """Log the numbers from `first` up to `last`: floats, texts, ints, rows, new names."""
    for n in range(first, last):
        writer.put("float", float(n), n)
        if n % 10 == 0:
            writer.put("text", f"text {n}", n)
            writer.put("int", n, None)
            writer.record(Kind.ROW, "row", {"n": n})
        if n % 1000 == 0:
            writer.put(f"new {n}", float(n), None)


def mixed(first: int, last: int) -> dict[str, list[Any]]:
    tens = range(first, last, 10)
    return {
        "float": [float(n) for n in range(first, last)],
        "text": [f"text {n}" for n in tens],
        "int": list(tens),
        "row": [{"n": n} for n in tens],
        **{f"new {n}": [float(n)] for n in range(first, last, 1000)},
    }


@contextlib.contextmanager
def one_warning(text: str = "values wait in memory") -> Iterator[None]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert [str(w.message).count(text) for w in caught] == [1]


@contextlib.contextmanager
def full(disk: Path) -> Iterator[None]:
    """Fill a disk to the last byte, and make room again."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


# -- a full disk --


def test_on_a_full_disk_values_wait_and_come_when_there_is_room(
    engine: Callable[..., Writer], small_disk: Path
) -> None:
    writer = engine(small_disk, lambda: None)
    put_mixed(writer, 0, 1000)
    with full(small_disk):
        with one_warning():
            put_mixed(writer, 1000, 9000)
            keeper.beat()
            put_mixed(writer, 9000, 10_000)
        assert "No space left" in writer.problem
        assert writer.is_failing
        while_full = values_of(small_disk)
    for name, values in while_full.items():
        assert values == mixed(0, 10_000)[name][: len(values)]
    assert len(while_full["float"]) >= 1000
    assert warnings_of(small_disk) == []

    shutil.rmtree(small_disk, ignore_errors=True)  # the mount point stays: a larger disk
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    keeper.beat()
    assert writer.problem == ""
    put_mixed(writer, 10_000, 11_000)

    assert values_of(small_disk) == mixed(0, 11_000)
    writer.close("done")
    assert values_of(small_disk) == mixed(0, 11_000)


def test_a_disk_that_is_full_from_the_start_gets_it_all_later(
    engine: Callable[..., Writer], small_disk: Path
) -> None:
    writer = engine(small_disk / "run", lambda: (small_disk / "run").mkdir(exist_ok=True))
    with full(small_disk), one_warning():
        put_mixed(writer, 0, 500)
    keeper.beat()
    put_mixed(writer, 500, 1000)

    assert values_of(small_disk / "run") == mixed(0, 1000)


def test_a_disk_may_fill_again_and_again(engine: Callable[..., Writer], small_disk: Path) -> None:
    writer = engine(small_disk, lambda: None)
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    for turn in range(5):
        put_mixed(writer, 2000 * turn, 2000 * turn + 1000)
        with full(small_disk), one_warning():
            put_mixed(writer, 2000 * turn + 1000, 2000 * turn + 2000)
        keeper.beat()
        assert writer.problem == ""

    assert values_of(small_disk) == mixed(0, 10_000)
    writer.close("done")
    assert values_of(small_disk) == mixed(0, 10_000)


def test_a_run_that_ends_on_a_full_disk_is_written_when_there_is_room(
    engine: Callable[..., Writer], small_disk: Path
) -> None:
    writer = engine(small_disk, lambda: None)
    put_mixed(writer, 0, 100)
    with full(small_disk):
        with one_warning():
            put_mixed(writer, 100, 3000)
        writer.close("done")
        keeper.beat()
        assert writer.is_failing

    keeper.beat()

    assert not writer.is_failing
    assert values_of(small_disk) == mixed(0, 3000)


@pytest.mark.skipif(not hasattr(os, "pwrite"), reason="written in another way here")
def test_a_value_logged_while_those_that_waited_are_written_is_not_lost(
    engine: Callable[..., Writer], small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, logged = os.pwrite, list(range(3000))

    def log_meanwhile(descriptor: int, data: Any, place: int) -> int:
        written = real(descriptor, data, place)
        if len(logged) < 3010:
            logged.append(len(logged))
            writer.put("loss", logged[-1], None)
        return written

    writer = engine(small_disk, lambda: None)
    writer.put("loss", 0, None)
    with full(small_disk), one_warning():
        for n in range(1, 3000):
            writer.put("loss", n, None)
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", log_meanwhile)
        writer.beat()

    assert not writer.is_failing
    assert len(logged) > 3000
    assert sorted(values_of(small_disk)["loss"]) == logged


def test_threads_go_on_logging_while_a_disk_fills_and_empties(
    engine: Callable[..., Writer], small_disk: Path
) -> None:
    import threading

    writer = engine(small_disk, lambda: None)
    subprocess.run(["mount", "-o", "remount,size=24m", str(small_disk)], check=True)
    counts = [0] * 4
    stop = threading.Event()

    def work(rank: int) -> None:
        while not stop.is_set() and counts[rank] < 60_000:
            n = counts[rank]
            writer.put(f"rank {rank}", float(n), n)
            if n % 50 == 0:
                writer.put(f"text {rank}", f"{n}", None)
            counts[rank] += 1

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for thread in threads:
            thread.start()
        for _ in range(8):
            with full(small_disk):
                time.sleep(0.05)
                keeper.beat()
            keeper.beat()
            time.sleep(0.02)
        stop.set()
        for thread in threads:
            thread.join()
        keeper.beat()

    for found in (values_of(small_disk), writer.close("done") or values_of(small_disk)):
        for rank, count in enumerate(counts):
            assert found[f"rank {rank}"] == [float(n) for n in range(count)]
            assert found[f"text {rank}"] == [f"{n}" for n in range(0, count, 50)]


def test_what_may_wait_is_bounded_and_what_is_dropped_is_counted(
    engine: Callable[..., Writer], small_disk: Path
) -> None:
    bound = 9 * 2**16
    writer = engine(small_disk, lambda: None, waiting_bytes=bound)
    total = 60_000
    with full(small_disk):
        with one_warning():
            for n in range(total):
                writer.put("float", float(n), n)
            for n in range(100):
                writer.put("text", f"{n}" * 10_000, None)
        dropped = writer._dropped
        assert f"{dropped:,} values are lost" in writer.problem
        assert "more than 0.5625 MiB had to wait" in writer.problem
        assert writer._text.in_memory + writer._points_in_memory() <= bound + 2**18
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    keeper.beat()
    writer.put("after", 1.0, None)

    found = values_of(small_disk)
    kept = len(found["float"]) + len(found.get("text", []))
    assert kept == total + 100 - dropped
    assert kept > bound / 24 / 4
    assert found["float"] == [float(n) for n in range(len(found["float"]))]
    assert found["after"] == [1.0]
    assert f"{dropped:,} values are lost" in writer.problem  # it stays said
    assert not writer.is_failing
    assert [f"{dropped:,} values that had to be dropped" in w for w in warnings_of(small_disk)] == [
        True
    ]


def test_a_file_size_limit_is_like_a_full_disk(tmp_path: Path) -> None:
    script = """
        import resource, signal, sys, warnings
        from pathlib import Path
        from run_widgets.store.appended import AppendWriter
        from run_widgets.store.keeper import keeper
        from run_widgets.store.mapped import MappedWriter

        warnings.simplefilter("ignore")
        for engine in (MappedWriter, AppendWriter):
            folder = Path(sys.argv[1]) / engine.__name__
            folder.mkdir()
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
            writer = engine(folder, lambda: None)
            for n in range(20_000):
                writer.put("loss", float(n), n)
            assert writer.is_failing, engine
            assert "File too large" in writer.problem
            resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
            keeper.beat()
            assert not writer.problem
            for n in range(20_000, 30_000):
                writer.put("loss", float(n), n)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(tmp_path)])

    assert done.returncode == 0
    for engine in ENGINES.values():
        assert values_of(tmp_path / engine.__name__) == {"loss": [float(n) for n in range(30_000)]}


def test_a_full_disk_never_ends_the_process(small_disk: Path) -> None:
    # A mapped page without disk behind it would: SIGBUS. The disk fills under many writers.
    script = """
        import os, sys, warnings
        from pathlib import Path
        from run_widgets.store.mapped import MappedWriter

        warnings.simplefilter("ignore")
        folder = Path(sys.argv[1])
        writers = []
        for number in range(40):
            place = folder / f"{number}"
            writers.append(MappedWriter(place, lambda place=place: place.mkdir(exist_ok=True)))
        with open(folder / "other", "wb", buffering=0) as other:
            for n in range(3_000):
                for writer in writers:
                    writer.put("loss", float(n), n)
                if n % 10 == 0:
                    try:
                        other.write(bytes(1024))
                    except OSError:
                        pass
        print(sum(writer.is_failing for writer in writers), flush=True)
        os._exit(0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(small_disk)],
        stdout=subprocess.PIPE,
        text=True,
    )

    assert done.returncode == 0
    assert int(done.stdout) == 40


def test_a_full_disk_that_copies_on_write_never_ends_the_process(copying_disk: Path) -> None:
    # There a page that was written to the disk once needs new room when it changes.
    script = """
        import os, sys, warnings
        from run_widgets import Experiment, Workspace

        warnings.simplefilter("ignore")
        run = Experiment(Workspace(sys.argv[1]), "full").start_logging(
            snapshot_directory=None, outputs=False
        )
        run.log("loss", 0.0)
        os.sync()
        try:
            with open(f"{sys.argv[1]}/filler", "wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(2**16))
        except OSError:
            pass
        os.sync()
        for n in range(1, 100):
            run.log("loss", float(n))
            if n % 10 == 0:
                os.sync()
        os.unlink(f"{sys.argv[1]}/filler")
        os.sync()
        run.flush()
        run.complete()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(copying_disk)],
        stderr=subprocess.PIPE,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    (run,) = Experiment(Workspace(copying_disk), "full").get_runs()
    assert run.get_metrics() == {"loss": [float(n) for n in range(100)]}
    said = str(doctor(Workspace(copying_disk)))
    assert "appended, since on a drive of kind btrfs" in said


def test_points_are_never_on_disk_before_their_text(small_disk: Path) -> None:
    # The window has room when the text already waits; a reader must not meet its point.
    writer = MappedWriter(small_disk, lambda: None)
    writer.put("float", 0.0, None)
    with full(small_disk), one_warning():
        writer.put("text", "x" * 10_000, None)
        writer.put("float", 1.0, None)
        assert values_of(small_disk) == {"float": [0.0]}
    keeper.beat()

    assert values_of(small_disk) == {"float": [0.0, 1.0], "text": ["x" * 10_000]}


# -- a folder that goes away --


def test_a_folder_that_was_removed_is_made_again_with_all_that_was_in_it(run: Run) -> None:
    run.tag("colour", "red")
    for n in range(3000):
        run.log("loss", float(n), step=n)
    run.log("text", "before")
    run.tag("colour", "blue")
    shutil.rmtree(run.folder)
    run.log("text", "while it is away")
    for n in range(3000, 9000):
        run.log("loss", float(n), step=n)

    keeper.beat()
    run.log("text", "after")

    metrics = run.get_metrics()
    assert metrics["loss"] == [float(n) for n in range(9000)]
    assert metrics["text"] == ["before", "while it is away", "after"]
    assert run.get_tags() == {"colour": "blue"}
    run.complete()
    assert run.get_metrics() == metrics
    assert run.get_status() == "Completed"


def test_a_folder_that_goes_away_and_comes_back_has_every_value_once(
    engine: Callable[..., Writer], tmp_path: Path
) -> None:
    # As when a drive is unmounted, written below its mount point, and mounted again.
    folder, away = tmp_path / "run", tmp_path / "away"
    folder.mkdir()
    writer = engine(folder, lambda: folder.mkdir(exist_ok=True))
    put_mixed(writer, 0, 3000)
    folder.rename(away)
    put_mixed(writer, 3000, 4000)
    keeper.beat()
    put_mixed(writer, 4000, 5000)
    assert values_of(folder) == mixed(0, 5000)
    shutil.rmtree(folder)
    away.rename(folder)
    put_mixed(writer, 5000, 6000)
    keeper.beat()

    assert values_of(folder) == mixed(0, 6000)
    assert len(list((folder / "metrics").glob("*.jsonl"))) == 1
    put_mixed(writer, 6000, 7000)
    writer.close("done")
    assert values_of(folder) == mixed(0, 7000)


def test_a_folder_that_is_away_when_the_run_ends_is_made_again(
    engine: Callable[..., Writer], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    writer = engine(folder, lambda: folder.mkdir(exist_ok=True))
    put_mixed(writer, 0, 8000)
    shutil.rmtree(folder)

    writer.close("done")

    assert values_of(folder) == mixed(0, 8000)


def test_a_run_that_was_deleted_stays_deleted(experiment: Experiment, store: LocalStore) -> None:
    store.create_run(experiment.name, "r1", {"status": "Running"})
    writer = store.writer("r1")
    writer.put("loss", 0.5, None)
    trash = store.delete_run("r1")  # as another process may do
    writer.put("loss", 1.5, None)
    keeper.beat()
    writer.put("loss", 2.5, None)
    writer.close("done")

    assert list(store.runs("mnist")) == []
    assert values_of(trash) == {"loss": [0.5, 1.5, 2.5]}
    assert writer.problem == ""


def test_a_running_run_that_is_deleted_here_is_canceled_first(run: Run) -> None:
    run.log("loss", 0.5)

    trash = run.delete()
    keeper.beat()

    assert list(run.store.runs("mnist")) == []
    assert '"status": "Canceled"' in (trash / "run.json").read_text()
    assert values_of(trash) == {"loss": [0.5]}


def test_files_vanish_between_two_beats_while_threads_log(tmp_path: Path) -> None:
    import threading

    folder = tmp_path / "run"
    folder.mkdir()
    writer = MappedWriter(folder, lambda: folder.mkdir(exist_ok=True))
    counts = [0] * 4
    stop = threading.Event()

    def work(rank: int) -> None:
        while not stop.is_set() and counts[rank] < 100_000:
            writer.put(f"rank {rank}", float(counts[rank]), None)
            counts[rank] += 1

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        time.sleep(0.02)
        shutil.rmtree(folder)
        keeper.beat()
    stop.set()
    for thread in threads:
        thread.join()

    keeper.beat()
    found = values_of(folder)
    for rank, count in enumerate(counts):
        assert found[f"rank {rank}"] == [float(n) for n in range(count)]


def test_a_drive_that_is_read_only_for_a_while_is_waited_for(
    engine: Callable[..., Writer], small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    folder = small_disk / "run"
    folder.mkdir()
    writer = engine(folder, lambda: None)
    put_mixed(writer, 0, 100)
    # Something else lies over the folder, as after a drive was lost and mounted read-only.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], check=True)
    try:
        with one_warning():
            keeper.beat()
            put_mixed(writer, 100, 9000)
            keeper.beat()
        assert "Read-only file system" in writer.problem
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    keeper.beat()

    assert not writer.is_failing
    assert values_of(folder) == mixed(0, 9000)


def test_without_permission_values_wait(engine: Callable[..., Writer], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.geteuid() and parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o755)
    tmp_path.chmod(0o777)
    folder.chmod(0o777)
    script = """
        import os, sys, warnings
        from pathlib import Path
        import run_widgets.store.appended, run_widgets.store.mapped, run_widgets.records
        from run_widgets.store.keeper import keeper
        folder, engine = Path(sys.argv[1]), sys.argv[2]
        if os.geteuid() == 0:
            os.setuid(65534)
        warnings.simplefilter("error", ResourceWarning)
        engine = {"MappedWriter": run_widgets.store.mapped, "AppendWriter":
                  run_widgets.store.appended}[engine].__dict__[engine]
        folder = folder / "own"
        folder.mkdir()
        folder.chmod(0o500)
        writer = engine(folder, lambda: None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for n in range(10_000):
                writer.put("loss", float(n), n)
            keeper.beat()
        assert len(caught) == 1, caught
        assert "Permission denied" in writer.problem, writer.problem
        folder.chmod(0o700)
        keeper.beat()
        assert not writer.problem, writer.problem
        writer.put("loss", 10_000.0, 10_000)
        folder.chmod(0o755)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(folder), engine.__name__]  # type: ignore[attr-defined]
    )

    assert done.returncode == 0
    assert values_of(folder / "own") == {"loss": [float(n) for n in range(10_001)]}


# -- pictures --


def png(n: int, size: int = 0) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"%06d" % n + bytes(size)


class Plot:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def savefig(self, stream: Any, format: str) -> None:
        stream.write(self._content)


def run_on(disk: Path) -> Run:
    from run_widgets import Experiment, Workspace

    experiment = Experiment(Workspace(disk / "workspace"), "mnist")
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    assert run.get_snapshot_id() is None  # and all that is noted in the background is there
    return run


def test_a_block_goes_on_where_its_log_cannot_be_kept_and_keeps_it_when_it_can(
    tmp_path: Path,
) -> None:
    run = run_on(tmp_path)
    obstacle = run.folder / "files"
    obstacle.touch()

    with run:
        print("lost")
        run.log("loss", 1)
        obstacle.unlink()
        print("kept")

    assert (run.get_status(), run.get_metrics()) == ("Completed", {"loss": 1})
    assert "kept" in (run.folder / "files" / "logs" / "user_log.txt").read_text()


def pictures_of(run: Run) -> list[bytes]:
    found = run.get_metrics("plot", populate=True).get("plot", [])
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("ends_first", [False, True])
def test_on_a_full_disk_pictures_wait_and_come_when_there_is_room(
    small_disk: Path, tmp_path: Path, ends_first: bool
) -> None:
    run = run_on(small_disk)
    run.log_image("plot", plot=Plot(png(0)))
    file = tmp_path / "drawn.png"
    with full(small_disk):
        with one_warning("wait in memory: "):
            for n in range(1, 4):
                run.log_image("plot", plot=Plot(png(n, 5000)))
            file.write_bytes(png(4, 5000))
            run.log_image("plot", path=file)
            file.unlink()
        with pytest.raises(StoreUnavailable, match=r"picture 'plot_.*No space left"):
            run.flush()
        assert pictures_of(run) == [png(0)]
        if ends_first:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the end waits as well
                run.complete()

    keeper.beat()

    assert pictures_of(run) == [png(0), *(png(n, 5000) for n in range(1, 5))]
    if not ends_first:
        run.flush()
        run.complete()
    assert run.get_status() == "Completed"
    assert not any(thing.waits_for for thing in keeper._open.values())


def test_what_waits_of_pictures_is_bounded(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("run_widgets.tracking.pictures.WAITING_BYTES", 20_000)
    run = run_on(small_disk)
    with full(small_disk), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(20):
            run.log_image("plot", plot=Plot(png(n, 5000)))
    keeper.beat()

    told = [str(w.message) for w in caught if "picture" in str(w.message)]
    assert [text.count("are lost, since more than") for text in told] == [0, 1]
    assert pictures_of(run) == [png(n, 5000) for n in range(3)]
    run.complete()


def test_a_file_for_a_full_disk_is_refused_by_name(small_disk: Path) -> None:
    run = run_on(small_disk)
    with full(small_disk), pytest.raises(StoreUnavailable, match="No space left"):
        run.upload_file("model.bin", io.BytesIO(bytes(10_000)))
    assert run.get_file_names() == []
    run.upload_file("model.bin", io.BytesIO(bytes(10_000)))
    run.complete()

    assert run.get_file_names() == ["model.bin"]


# -- where there is no help --


def test_values_that_cannot_be_written_at_the_end_of_the_program_are_told_of(
    tmp_path: Path,
) -> None:
    script = """
        import sys, warnings
        from pathlib import Path
        from run_widgets.store.mapped import MappedWriter
        folder = Path(sys.argv[1])
        folder.write_text("not a folder")
        warnings.simplefilter("ignore")
        writer = MappedWriter(folder, lambda: None)
        for n in range(100):
            writer.put("loss", float(n), n)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "file")],
        stderr=subprocess.PIPE,
        text=True,
    )

    assert done.returncode == 0
    assert "run-widgets: not written" in done.stderr
    assert "values wait in memory" in done.stderr
    assert "Traceback" not in done.stderr


def test_warnings_that_are_errors_do_not_end_the_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer = MappedWriter(tmp_path / "file", lambda: None)
        writer.put("loss", 0.5, None)

    assert writer.is_failing
    keeper.let_go(writer)
