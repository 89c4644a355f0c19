"""Many processes on one workspace: killed at any moment, writing and reading at once, dead."""

from __future__ import annotations

import copy
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import pytest

from run_widgets import Experiment, Run, Workspace
from run_widgets.store.process import this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PREAMBLE = """
import mmap, os, signal, struct, sys, time
from run_widgets import Experiment, Workspace
from run_widgets.store.keeper import keeper

root, run_id, rank = sys.argv[1], sys.argv[2], int(sys.argv[3])
experiment = Experiment(Workspace(root), "mnist")

def start():
    run = experiment.start_logging(run_id=run_id, outputs=False, snapshot_directory=None)
    print("started", flush=True)
    return run

def join():
    return experiment.workspace.get_run(run_id)

def wait_for_all():
    print("ready", flush=True)
    sys.stdin.readline()

# How many calls have returned: as safe from a SIGKILL as memory that is shared can be.
# In one store: `struct.pack_into` would write zeros first, and may be killed behind them.
with open(f"{root}.{rank}.count", "w+b") as file:
    file.truncate(8)
    counter = memoryview(mmap.mmap(file.fileno(), 8)).cast("q")
"""


class Child:
    """A script in a process of its own."""

    def __init__(self, root: Path, script: str, run_id: str, rank: int, append: str) -> None:
        self._counter = root.with_name(f"{root.name}.{rank}.count")
        self._process = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + textwrap.dedent(script), root, run_id, str(rank)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ, RUN_WIDGETS_APPEND=append),
        )
        self.pid = self._process.pid

    def wait_for(self, line: str) -> None:
        assert self._process.stdout is not None
        found = self._process.stdout.readline()
        if found.strip() != line:
            self._process.kill()
            raise AssertionError(f"{found!r} {self._process.communicate()[1]}")

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def kill(self, number: int = signal.SIGKILL) -> None:
        self._process.send_signal(number)
        self._process.communicate()

    def join(self, code: int | None = 0) -> str:
        """Wait for the end, and return what it said on stderr."""
        _, said = self._process.communicate(timeout=120)
        if code is not None:
            assert self._process.returncode == code, said
        return said

    @property
    def count(self) -> int:
        """How many calls have returned."""
        (count,) = struct.unpack("<q", self._counter.read_bytes())
        return int(count)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    children = []

    def start(script: str, *, run_id: str = "r1", rank: int = 0, append: str = "0") -> Child:
        children.append(Child(tmp_path / "workspace", script, run_id, rank, append))
        return children[-1]

    yield start
    for one in children:
        if not one._process.stdout.closed:
            one.kill()


@pytest.fixture
def opened(workspace: Workspace) -> Callable[[str], Run]:
    return workspace.get_run


# -- killed at any moment --

LOG_ALL = """
run = start()
n = 0
while True:
    run.log("float", float(n), step=n)
    if n % 7 == 0:
        run.log("text", str(n))
    if n % 11 == 0:
        run.log_row("row", n=n)
    if n % 1000 == 0:
        run.log(f"new {n}", n)
    n += 1
    counter[0] = n
"""


def check_all(run: Run, count: int) -> None:
    """All that `count` turns of LOG_ALL logged is there, in order; one turn more may be."""
    metrics = run.get_metrics()
    for name, each, cast in (("float", 1, float), ("text", 7, str), ("row", 11, int)):
        found = metrics.pop(name, [])
        if isinstance(found, dict):
            found = found["n"]
        values = found if isinstance(found, list) else [found]
        for turns in (count, count + 1):
            expected = [cast(n) for n in range(0, turns, each)]
            if values == expected:
                break
        else:
            raise AssertionError((name, count, len(values), len(expected)))
    for n in range(0, count, 1000):
        assert metrics.pop(f"new {n}") == n
    assert set(metrics) <= {f"new {count}"}


@pytest.mark.parametrize("append", ["0", "1"])
@pytest.mark.parametrize("seed", range(5))
def test_a_killed_writer_loses_nothing_that_returned(
    child: Callable[..., Child], opened: Callable[[str], Run], append: str, seed: int
) -> None:
    writer = child(LOG_ALL, append=append)
    writer.wait_for("started")
    time.sleep(random.Random(seed).uniform(0.0, 0.25))

    writer.kill()

    run = opened("r1")
    check_all(run, writer.count)
    assert run.status == "Failed"
    assert "ended without completing" in run.get_details()["error"]["error"]["message"]


END = """
run = start()
for n in range(60_000):
    run.log("float", float(n), step=n)
for n in range(2_000):
    run.log("text", str(n))
print("ending", flush=True)
run.complete()
print("ended", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("append", ["0", "1"])
@pytest.mark.parametrize("seed", range(4))
def test_a_writer_killed_while_it_ends_loses_nothing(
    child: Callable[..., Child], opened: Callable[[str], Run], append: str, seed: int
) -> None:
    writer = child(END, append=append)
    writer.wait_for("started")
    writer.wait_for("ending")
    time.sleep(random.Random(seed).uniform(0.0, 0.06))

    writer.kill()

    run = opened("r1")
    metrics = run.get_metrics()
    assert metrics["float"] == [float(n) for n in range(60_000)]
    assert metrics["text"] == [str(n) for n in range(2_000)]
    assert run.status in ("Failed", "Completed")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("append", ["0", "1"])
def test_writers_killed_two_hundred_times_lose_nothing(
    child: Callable[..., Child], opened: Callable[[str], Run], append: str
) -> None:
    generator = random.Random(0)
    for turn in range(100):
        writer = child(LOG_ALL, run_id=f"run-{turn}", append=append)
        writer.wait_for("started")
        time.sleep(generator.uniform(0.0, 0.15))
        writer.kill()
        check_all(opened(f"run-{turn}"), writer.count)
    for turn in range(100):
        writer = child(END, run_id=f"end-{turn}", append=append)
        writer.wait_for("started")
        writer.wait_for("ending")
        time.sleep(generator.uniform(0.0, 0.06))
        writer.kill()
        metrics = opened(f"end-{turn}").get_metrics()
        assert metrics["float"] == [float(n) for n in range(60_000)]
        assert metrics["text"] == [str(n) for n in range(2_000)]


def test_a_run_that_was_killed_goes_on_where_it_was(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    for turn in range(3):
        writer = child(
            f"""
            run = experiment.start_logging(
                run_id=run_id, resume={turn > 0}, outputs=False, snapshot_directory=None
            )
            for n in range(1000):
                run.log("loss", 1000 * {turn} + n)
            os.kill(os.getpid(), 9)
            """
        )
        writer.join(-9)

    run = opened("r1")
    assert run.get_metrics() == {"loss": list(range(3000))}
    assert run.status == "Failed"


# -- many at once --


def start_together(children: list[Child]) -> None:
    for one in children:
        one.wait_for("ready")
    for one in children:
        one.go()


@pytest.mark.parametrize("append", ["0", "1"])
def test_32_processes_write_to_one_run(
    child: Callable[..., Child], experiment: Experiment, append: str
) -> None:
    run = experiment.start_logging(run_id="r1", outputs=False, snapshot_directory=None)
    script = """
    run = join()
    wait_for_all()
    for n in range(1000):
        run.log("shared", float(10_000 * rank + n), step=n)
        if n % 10 == 0:
            run.log("text", f"{rank} {n}")
            run.log_row("row", rank=rank, n=n)
    """
    children = [child(script, rank=rank, append=append) for rank in range(32)]
    start_together(children)
    for one in children:
        one.join()

    metrics = run.get_metrics()
    assert sorted(metrics["shared"]) == [
        float(10_000 * rank + n) for rank in range(32) for n in range(1000)
    ]
    texts = [tuple(map(int, text.split())) for text in metrics["text"]]
    rows = list(zip(metrics["row"]["rank"], metrics["row"]["n"], strict=True))
    for rank in range(32):
        own = [value for value in metrics["shared"] if value // 10_000 == rank]
        assert own == sorted(own)
        for entries in (texts, rows):
            assert [n for r, n in entries if r == rank] == list(range(0, 1000, 10))
    assert run.get_status() == "Running"
    run.complete()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_run_is_handed_to_workers_that_log_to_it(experiment: Experiment, method: str) -> None:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    run.log("loss", 0)

    with ProcessPoolExecutor(2, mp_context=get_context(method)) as workers:
        list(workers.map(partial(run.log, "loss"), range(1, 20)))

    assert run.get_status() == "Running"
    run.complete()
    assert sorted(run.get_metrics()["loss"]) == list(range(20))


def test_a_copy_of_a_run_is_the_same_run_and_ends_nothing(experiment: Experiment) -> None:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)

    copied = copy.deepcopy(run)
    copied.log("loss", 0.5)
    del copied

    assert run.get_status() == "Running"
    assert run.get_metrics() == {"loss": 0.5}
    run.complete()


def test_32_processes_make_runs_in_one_new_workspace(
    child: Callable[..., Child], tmp_path: Path
) -> None:
    root = tmp_path / "workspace" / "new"
    script = """
    wait_for_all()
    experiment = Experiment(Workspace(root + "/new"), "mnist")
    for n in range(10):
        with experiment.start_logging(
            run_id=f"run-{rank}-{n}", outputs=False, snapshot_directory=None
        ) as run:
            run.tag("rank", rank)
            run.log("n", n)
    """
    children = [child(script, rank=rank) for rank in range(32)]
    start_together(children)
    for one in children:
        one.join()

    runs = list(Experiment(Workspace(root), "mnist").get_runs())
    assert sorted(run.number for run in runs) == list(range(1, 321))
    assert {run.id for run in runs} == {f"run-{rank}-{n}" for rank in range(32) for n in range(10)}
    assert {run.status for run in runs} == {"Completed"}
    assert len(Workspace(root).experiments) == 1
    for run in runs[:20]:
        assert run.get_metrics() == {"n": int(run.id.rpartition("-")[2])}


def test_32_processes_tag_one_run(child: Callable[..., Child], experiment: Experiment) -> None:
    run = experiment.start_logging(run_id="r1", outputs=False, snapshot_directory=None)
    script = """
    run = join()
    wait_for_all()
    for n in range(10):
        run.tag(f"{rank} {n}", n)
        run.add_properties({f"{rank} {n}": n})
    """
    children = [child(script, rank=rank) for rank in range(32)]
    start_together(children)
    for one in children:
        one.join()

    expected = {f"{rank} {n}": str(n) for rank in range(32) for n in range(10)}
    assert run.get_tags() == expected
    assert expected.items() <= run.get_properties().items()


def test_one_id_is_given_to_one_of_32_processes(
    child: Callable[..., Child], experiment: Experiment
) -> None:
    script = """
    wait_for_all()
    start()
    os._exit(0)
    """
    children = [child(script, rank=rank) for rank in range(32)]
    start_together(children)
    said = [one.join(None) for one in children]

    assert sum("RunExists" in text for text in said) == 31
    assert [run.number for run in experiment.get_runs()] == [1]


def test_runs_are_listed_while_others_make_and_change_them(
    child: Callable[..., Child], experiment: Experiment
) -> None:
    script = """
    wait_for_all()
    for n in range(60):
        run = experiment.start_logging(outputs=False, snapshot_directory=None)
        run.tag("rank", rank)
        run.log("n", n)
        run.complete()
    """
    children = [child(script, rank=rank) for rank in range(4)]
    start_together(children)
    counts, tagged = [], []
    while any(one._process.poll() is None for one in children):
        counts.append(sum(1 for _ in experiment.get_runs()))
        tagged.append(sum(1 for _ in experiment.get_runs(tags={"rank": "2"})))
    for one in children:
        one.join()

    assert counts == sorted(counts)
    assert tagged == sorted(tagged)
    assert sum(1 for _ in experiment.get_runs()) == 240
    assert sum(1 for _ in experiment.get_runs(tags={"rank": "2"})) == 60


def test_a_run_is_followed_from_another_process_as_it_grows(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    writer = child(LOG_ALL)
    writer.wait_for("started")
    run = opened("r1")
    follower = run.store.follow("r1")
    seen: list[float] = []
    for _ in range(100):
        before = writer.count
        batch = follower.read()
        assert batch.warnings == ()
        seen += batch.points["float"].values() if "float" in batch.points else []
        assert len(seen) >= before - 1
        time.sleep(0.003)
    writer.kill()
    while batch := follower.read():
        seen += batch.points["float"].values() if "float" in batch.points else []

    assert seen == [float(n) for n in range(len(seen))]
    assert len(seen) in (writer.count, writer.count + 1)


# -- the status is true --

# Under nohup, as these tests may run themselves, it is ignored.
HANGUP = "signal.signal(signal.SIGHUP, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGHUP)"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("", "Completed", ""),
        ("sys.exit(0)", "Completed", ""),
        ("sys.exit()", "Completed", ""),
        ("sys.exit(3)", "Failed", "SystemExit: 3"),
        ("def main(): sys.exit('no data')\nmain()", "Failed", "SystemExit: no data"),
        ("try: sys.exit(3)\nfinally: print('so far')", "Failed", "SystemExit: 3"),
        ("try: sys.exit(3)\nexcept SystemExit: pass", "Completed", ""),
        ("def ask():\n try: sys.exit(3)\n except SystemExit: pass\nask()", "Completed", ""),
        ("try: sys.exit(3)\nexcept SystemExit: sys.exit(0)", "Completed", ""),
        ("raise ValueError('bad batch')", "Failed", "ValueError: bad batch"),
        ("os._exit(0)", "Failed", "ended without completing"),
        ("os._exit(1)", "Failed", "ended without completing"),
        ("os.abort()", "Failed", "ended without completing"),
        ("os.kill(os.getpid(), 9)", "Failed", "ended without completing"),
        ("os.kill(os.getpid(), 15)", "Failed", "ended without completing"),
        (HANGUP, "Failed", "ended without completing"),
        ("with run: pass", "Completed", ""),
        ("with run: sys.exit(0)", "Completed", ""),
        ("with run: sys.exit(1)", "Failed", "SystemExit: 1"),
        ("with run: sys.exit('no data')", "Failed", "SystemExit: no data"),
        ("with run: raise ValueError('bad batch')", "Failed", "ValueError: bad batch"),
        ("with run: os._exit(0)", "Failed", "ended without completing"),
        ("run.complete(); os._exit(1)", "Completed", ""),
        ("run.fail('my words'); os._exit(0)", "Failed", "my words"),
    ],
)
def test_a_scripts_end_is_its_runs_end(
    child: Callable[..., Child],
    opened: Callable[[str], Run],
    body: str,
    status: str,
    message: str,
) -> None:
    child(f"run = start()\nrun.log('loss', 0.5)\n{body}\n").join(None)

    run = opened("r1")
    details = run.get_details()
    assert (run.status, details["status"]) == (status, status)
    assert message in details.get("error", {"error": {"message": ""}})["error"].get("message", "")
    assert ("error" in details) == (status == "Failed")
    assert "endTimeUtc" in details
    assert run.get_metrics() == {"loss": 0.5}


# Many short naps: a signal that comes just before a long one begins would not end it.
NAPS = "for _ in range(2000): time.sleep(0.03)"


@pytest.mark.parametrize("body", [NAPS, f"with run:\n    {NAPS}"])
def test_ctrl_c_in_a_script_fails_its_run(
    child: Callable[..., Child], opened: Callable[[str], Run], body: str
) -> None:
    script = child(f"run = start()\nprint('sleeping', flush=True)\n{body}\n")
    script.wait_for("started")
    script.wait_for("sleeping")

    script.kill(signal.SIGINT)

    run = opened("r1")
    assert run.status == "Failed"
    assert "KeyboardInterrupt" in run.get_details()["error"]["error"]["message"]


def test_a_script_whose_parent_is_killed_goes_on(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    script = child("""
        parent = os.getpid()
        if os.fork():
            signal.pause()
        run = start()
        while os.getppid() == parent:
            time.sleep(0.01)
        run.log("loss", 0.5)
        run.complete()
    """)
    script.wait_for("started")

    script.kill()  # returns when the orphan has closed its streams, too

    run = opened("r1")
    assert (run.status, run.get_metrics()) == ("Completed", {"loss": 0.5})


def test_a_stopped_process_is_not_a_dead_one(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    script = child("run = start()\ntime.sleep(60)\n")
    script.wait_for("started")
    os.kill(script.pid, signal.SIGSTOP)

    assert opened("r1").status == "Running"


def test_a_zombie_is_a_dead_process(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    script = child("run = start()\ntime.sleep(60)\n")
    script.wait_for("started")
    os.kill(script.pid, signal.SIGKILL)
    state = ""
    while state != "Z":  # its parent, this test, has not asked for it yet
        with open(f"/proc/{script.pid}/stat") as stat:
            state = stat.read().rpartition(")")[2].split()[0]

    assert opened("r1").status == "Failed"


def test_a_run_goes_on_while_another_rank_writes(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    owner = child("run = start()\nrun.log('loss', 0.5)\nwait_for_all()\n")
    owner.wait_for("started")
    owner.wait_for("ready")
    rank = child("run = join()\nrun.log('rank', 1)\nwait_for_all()\n", rank=1)
    rank.wait_for("ready")
    run = opened("r1")

    owner.kill()
    assert run.get_status() == "Running"
    rank.kill()
    assert run.get_status() == "Failed"


def test_reading_a_dead_run_writes_nothing(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    child("run = start()\nrun.log('loss', 0.5)\nos._exit(1)\n").join(1)
    run = opened("r1")

    def state() -> dict[str, Any]:
        files = [path for path in run.folder.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = state()
    assert run.get_status() == "Failed"
    run.get_metrics()
    run.get_details()
    assert [r.status for r in run.experiment.get_runs()] == ["Failed"]

    assert state() == before
    assert json.loads((run.folder / "run.json").read_text())["status"] == "Running"


def test_a_dead_run_ended_when_it_was_last_heard_of(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    before = time.time()
    child("run = start()\nrun.log('loss', 0.5)\nos._exit(1)\n").join(1)
    after = time.time()

    record = opened("r1")._record

    assert record.ended_at is not None
    assert before - 1 <= record.ended_at <= after + 1


class Elsewhere:
    """A run whose owner is a process of another machine, as its folder tells."""

    def __init__(self, run: Run, **owner: Any) -> None:
        self.run = run
        run.store.update_run(run.id, lambda known: known.update(owner={**known["owner"], **owner}))
        for text in (run.folder / "metrics").glob("*.jsonl"):
            header, _, rest = text.read_bytes().partition(b"\n")
            entry = json.loads(header)
            entry["writer"] |= owner
            text.write_bytes(json.dumps(entry).encode() + b"\n" + rest)

    def silent_for(self, seconds: float) -> Run:
        long_ago = time.time() - seconds
        for path in [*self.run.folder.rglob("*"), self.run.folder]:
            os.utime(path, (long_ago, long_ago))
        return Run(self.run.experiment, self.run.id)


@pytest.mark.parametrize(
    ("silent_s", "status"), [(0, "Running"), (600, "NotResponding"), (7200, "Failed")]
)
@pytest.mark.parametrize("owner", [{"host": "another-machine"}, {"space": "pid:[1]"}])
def test_a_run_elsewhere_is_judged_by_its_silence(
    child: Callable[..., Child],
    opened: Callable[[str], Run],
    owner: dict[str, Any],
    silent_s: float,
    status: str,
) -> None:
    child("run = start()\nrun.log('loss', 0.5)\nos._exit(1)\n").join(1)

    run = Elsewhere(opened("r1"), **owner).silent_for(silent_s)

    assert run.status == status
    error = run.get_details().get("error")
    assert (error is not None) == (status == "Failed")
    if error is not None:
        assert "no sign of life for 120 min" in error["error"]["message"]


def test_a_restarted_machine_runs_none_of_its_old_processes(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    script = child("run = start()\nrun.log('loss', 0.5)\nwait_for_all()\n")
    script.wait_for("started")
    script.wait_for("ready")

    assert Elsewhere(opened("r1"), boot="before").silent_for(0).status == "Failed"


def test_another_process_with_the_same_id_is_not_the_owner(
    child: Callable[..., Child], opened: Callable[[str], Run]
) -> None:
    script = child("run = start()\nrun.log('loss', 0.5)\nwait_for_all()\n")
    script.wait_for("started")
    script.wait_for("ready")

    assert Elsewhere(opened("r1"), started="1").silent_for(0).status == "Failed"


def test_a_process_without_a_known_start_is_not_taken_for_alive(run: Run) -> None:
    dead = {**this_process(), "pid": 2**22 + 1, "started": ""}

    assert Elsewhere(run, **dead).silent_for(0).status == "Failed"


def test_an_open_run_shows_life_before_its_first_value(run: Run) -> None:
    from run_widgets.store.keeper import keeper

    elsewhere = Elsewhere(run, host=f"not-{socket.gethostname()}")
    assert elsewhere.silent_for(600).status == "NotResponding"

    keeper.beat()

    assert Run(run.experiment, run.id).status == "Running"


# -- kernels --

START = (
    "from run_widgets import Experiment, Workspace; "
    "run = Experiment(Workspace({root!r}), 'mnist').start_logging("
    "run_id='r1', outputs=False, snapshot_directory=None); run.log('loss', 0.5)"
)


@pytest.fixture
def kernel(workspace: Workspace) -> Iterator[Any]:
    """A real kernel in which a run has been started."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive(
            START.format(root=str(workspace.path)), timeout=60, output_hook=lambda message: None
        )
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_killed_kernel_fails_its_run(kernel: Any, opened: Callable[[str], Run]) -> None:
    manager, _ = kernel
    run = opened("r1")
    assert run.status == "Running"

    manager.signal_kernel(signal.SIGKILL)
    while manager.is_alive():
        time.sleep(0.02)

    assert run.get_status() == "Failed"
    assert run.get_metrics() == {"loss": 0.5}


def test_a_kernel_that_is_shut_down_fails_its_run(
    kernel: Any, opened: Callable[[str], Run]
) -> None:
    manager, _ = kernel

    manager.shutdown_kernel()

    run = opened("r1")
    assert run.status == "Failed"
    assert "kernel was shut down" in run.get_details()["error"]["error"]["message"]


def test_a_restarted_kernel_fails_its_run_and_can_go_on_with_it(
    kernel: Any, workspace: Workspace, opened: Callable[[str], Run]
) -> None:
    manager, client = kernel
    manager.restart_kernel()
    client.wait_for_ready(timeout=60)
    run = opened("r1")
    assert run.status == "Failed"

    resume = START.format(root=str(workspace.path)).replace("run_id=", "resume=True, run_id=")
    client.execute_interactive(resume, timeout=60, output_hook=lambda message: None)

    assert run.get_status() == "Running"
    assert run.get_metrics() == {"loss": [0.5, 0.5]}


def test_an_interrupted_or_failing_cell_leaves_its_run_running(
    kernel: Any, opened: Callable[[str], Run]
) -> None:
    manager, client = kernel
    silent = {"timeout": 60, "output_hook": lambda message: None}
    client.execute_interactive("1 / 0", **silent)
    assert opened("r1").status == "Running"
    client.execute("import time; time.sleep(60)", stop_on_error=False)
    time.sleep(0.5)
    manager.interrupt_kernel()
    client.execute_interactive("run.log('loss', 1.5)", **silent)

    run = opened("r1")
    assert run.status == "Running"
    assert run.get_metrics() == {"loss": [0.5, 1.5]}
