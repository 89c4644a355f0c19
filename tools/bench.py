"""What run-widgets costs, beside the plainest ways to do the same, in one run on one machine.

    python tools/bench.py              everything; about six minutes, 5 GB of disk for one of them
    python tools/bench.py log million  only these

Each measurement runs in a process of its own, the short ones three times; the
medians are printed as a Markdown table. Machines differ and are shared: believe ratios.
"""

from __future__ import annotations

import compileall
import json
import mmap
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets import Experiment, Run, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

Figures = dict[str, float]

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "run_widgets"
REPEATS = 3
CALLS = 200_000
clock = time.perf_counter


def new_run(folder: Path) -> Run:
    """A run of its own, with nothing but its metrics."""
    experiment = Experiment(Workspace(folder / "workspace"), "bench")
    return experiment.start_logging(snapshot_directory=None, outputs=False)


def microseconds(call: Callable[[int], object], count: int = CALLS) -> float:
    """The time of one `call`, less the loop's own: the median of twenty parts of `count` calls."""
    call(0)
    spent = []
    for part in range(20):
        start = clock()
        for i in range(part * count // 20, (part + 1) * count // 20):
            call(i)
        end = clock()
        for _ in range(count // 20):
            pass
        spent.append(end - start - (clock() - end))
    return statistics.median(spent) * 20 / count * 1e6


# -- one call --


def log(folder: Path) -> Figures:
    """`run.log` beside what a value costs that is only remembered, or written plainly."""
    run, values = new_run(folder), []
    figures = {
        "one run.log, µs": microseconds(lambda i: run.log("loss", i * 0.001, step=i)),
        "a tuple appended to a list, µs": microseconds(lambda i: values.append((i, i * 0.001))),
    }
    run.complete()

    lines = (folder / "lines.jsonl").open("a")

    def line(i: int) -> None:
        lines.write(json.dumps({"at": time.time(), "step": i, "value": i * 0.001}) + "\n")
        lines.flush()

    points = (folder / "points").open("ab", buffering=0)
    pack = struct.Struct("<dqd").pack
    figures["the same 24 bytes by struct.pack_into into memory, µs"] = bare(1)
    database = sqlite3.connect(folder / "points.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE point (metric TEXT, at REAL, step INTEGER, value REAL)")

    def row(i: int) -> None:
        values = ("loss", time.time(), i, i * 0.001)
        database.execute("INSERT INTO point VALUES (?, ?, ?, ?)", values)

    figures["24 bytes by write(2), µs"] = microseconds(
        lambda i: points.write(pack(time.time(), i, i * 0.001)), CALLS // 4
    )
    figures["a JSON line, flushed, µs"] = microseconds(line, CALLS // 4)
    figures["a row in SQLite, WAL, µs"] = microseconds(row, CALLS // 10)
    figures["one run.log, times the append"] = (
        figures["one run.log, µs"] / figures["a tuple appended to a list, µs"]
    )
    return figures


def ten(folder: Path) -> Figures:
    """Ten metrics in one call."""
    run = new_run(folder)
    names = [f"m{n}" for n in range(10)]
    figures = {
        "ten values by one run.log_metrics, µs": microseconds(
            lambda i: run.log_metrics(dict.fromkeys(names, i * 0.001), step=i), CALLS // 10
        )
    }
    run.complete()
    figures["the same ten times 24 bytes by struct.pack_into into memory, µs"] = bare(10)
    return figures


def bare(count: int) -> float:
    """The floor: `count` points of 24 bytes laid into memory by the call that takes the fewest."""
    pack_into = struct.Struct("@" + "ddiI" * count).pack_into
    memory, now, marks = mmap.mmap(-1, 2**16), time.time, range(1, count + 1)

    def lay(i: int) -> None:
        at = now()
        pack_into(memory, 0, *[field for mark in marks for field in (i * 0.001, at, i, mark)])

    def lay_one(i: int) -> None:
        pack_into(memory, 0, i * 0.001, now(), i, 1)

    return microseconds(lay_one if count == 1 else lay, CALLS // count)


# -- a million --


def million(folder: Path) -> Figures:
    """A million values until they are durable, and read back; without numpy in the process."""
    before = peak_mib()
    run = new_run(folder)
    start = clock()
    for i in range(1_000_000):
        run.log("loss", i * 0.001, step=i)
    running = size_of(run)
    run.complete()
    durable = clock() - start
    peak = peak_mib()
    read = f"""
        import resource
        import time
        import numpy
        from run_widgets import Workspace
        start = time.perf_counter()
        run = Workspace({str(folder / "workspace")!r}).get_run({run.id!r})
        assert run.get_series("loss").value[-1] == 999999 * 0.001
        print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    seconds, kib = map(float, printed_by(read).split())
    return {
        "a million values until durable, s": durable,
        "a million values read back in a fresh process, numpy imported, s": seconds,
        "peak memory of that process, numpy included, MiB": kib / 1024,
        "bytes a value, running": running / 1e6,
        "bytes a value, ended": size_of(run) / 1e6,
        "peak memory at a million values, MiB": peak,
        "of that, more than after the import, MiB": peak - before,
    }


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def size_of(run: Run) -> int:
    return sum(path.stat().st_size for path in (run.folder / "metrics").iterdir())


# -- what is large --


def long(folder: Path) -> Figures:
    """A hundred million values in one run: whether each costs what the first ones did."""
    run = new_run(folder)
    turns = []
    for _ in range(100):
        start = clock()
        for i in range(1_000_000):
            run.log("loss", 0.5, step=i)
        turns.append(clock() - start)  # in microseconds a value
    start = clock()
    run.complete()
    return {
        "µs a value, first million of a hundred": turns[0],
        "µs a value, median of the last ten million": statistics.median(turns[-10:]),
        "peak memory at a hundred million, MiB": peak_mib(),
        "the end of that run, s": clock() - start,
        "bytes a value of a hundred million, ended": size_of(run) / 1e8,
    }


def wide(folder: Path) -> Figures:
    """Ten thousand metrics in one run."""
    run = new_run(folder)
    names = [f"layer {n}/norm" for n in range(10_000)]
    spent = []
    for step in range(20):
        start = clock()
        for name in names:
            run.log(name, 0.5, step=step)
        spent.append((clock() - start) / len(names) * 1e6)
    run.complete()
    start = clock()
    assert len(run.get_metrics()) == len(names)
    return {
        "the first value of each of 10,000 metrics, µs": spent[0],
        "each further value of 10,000 metrics, µs": statistics.median(spent[1:]),
        "10,000 metrics of 20 values read back, s": clock() - start,
    }


def rows(folder: Path) -> Figures:
    """A million rows of three columns in one table, one by one and at once."""
    run = new_run(folder)
    start = clock()
    for i in range(1_000_000):
        run.log_row("predictions", index=i, truth=0.5, guess=0.25)
    one_by_one = clock() - start
    start = clock()
    run.log_table("all", {"index": [*range(1_000_000)], "guess": [0.5] * 1_000_000})
    at_once = clock() - start
    run.complete()
    start = clock()
    table = run.get_metrics("predictions")["predictions"]
    assert table["index"][-1] == 999_999
    return {
        "one run.log_row of a million, µs": one_by_one,
        "a million rows by one run.log_table, s": at_once,
        "a million rows read back, s": clock() - start,
    }


def together(folder: Path) -> Figures:
    """32 processes that log to one run at the same time: each value there, in order."""
    run = new_run(folder)
    script = textwrap.dedent("""
        import sys
        from run_widgets import Workspace
        run = Workspace(sys.argv[1]).get_run(sys.argv[2])
        print("ready", flush=True)
        sys.stdin.readline()
        for n in range(10_000):
            run.log(f"rank {sys.argv[3]}", n, step=n)
    """)
    command = [sys.executable, "-c", script, str(folder / "workspace"), run.id]
    ranks = [
        subprocess.Popen(
            [*command, str(rank)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for rank in range(32)
    ]
    for rank in ranks:
        rank.stdout.readline()
    start = clock()
    for rank in ranks:
        rank.stdin.write("go\n")
        rank.stdin.close()
    for rank in ranks:
        rank.wait()
    spent = clock() - start
    run.complete()
    found = run.get_metrics()
    kept = sum(found[f"rank {rank}"] == [*range(10_000)] for rank in range(32))
    return {
        "32 processes of 10,000 values on one run, s": spent,
        "of those 32, with every value there and in order": kept,
    }


# -- runs --


def runs(folder: Path) -> Figures:
    """A thousand runs of ten values and five tags made."""
    experiment = Experiment(Workspace(folder / "workspace"), "bench")
    created = []
    start = clock()
    for number in range(1000):
        tags = {"group": f"g{number % 20}", "owner": f"u{number % 4}", "a": 1, "b": 2, "c": 3}
        before = clock()
        run = experiment.start_logging(snapshot_directory=None, outputs=False, tags=tags)
        created.append(clock() - before)
        for n in range(10):
            run.log(f"m{n}", number * 0.001)
        run.complete()
    made = (clock() - start) / 1000
    return {
        "one run created, ms": statistics.median(created) * 1e3,
        "one run created, ten values logged, ended, ms": made * 1e3,
    }


def finding(folder: Path) -> Figures:
    """One run in twenty found by a tag, in a fresh process, import included."""
    figures: Figures = {}
    for count in (1_000, 10_000, 100_000):
        workspace = folder / f"{count}"
        make_runs(workspace, count)
        find = f"""
            import time
            start = time.perf_counter()
            from run_widgets import Experiment, Workspace
            experiment = Experiment(Workspace({str(workspace)!r}), "bench")
            assert sum(1 for _ in experiment.get_runs(tags={{"group": "g3"}})) == {count // 20}
            print(time.perf_counter() - start)
        """
        first, *again = (float(printed_by(find)) for _ in range(1 + REPEATS))
        what = f"{count // 20:,} of {count:,} found by tag"
        figures[f"{what}, first time, ms"] = first * 1e3
        figures[f"{what}, again, ms"] = statistics.median(again) * 1e3
        shutil.rmtree(workspace)
    return figures


def make_runs(workspace: Path, count: int) -> None:
    """Make twenty runs by the API, and the others as copies of their documents."""
    experiment = Experiment(Workspace(workspace), "bench")
    documents = []
    for number in range(20):
        tags = {"group": f"g{number}", "owner": f"u{number % 4}", "a": 1, "b": 2, "c": 3}
        run = experiment.start_logging(snapshot_directory=None, outputs=False, tags=tags)
        for n in range(10):
            run.log(f"m{n}", number * 0.001)
        run.complete()
        documents.append(run.folder / "run.json")
    for number in range(20, count):
        document = json.loads(documents[number % 20].read_text())
        document |= {"id": f"copy{number}", "root": f"copy{number}", "number": number + 1}
        document["created_at"] += number * 1e-3
        copy = documents[0].parent.parent / f"copy{number}"
        copy.mkdir()
        (copy / "run.json").write_text(json.dumps(document))


def importing(folder: Path) -> Figures:
    """The import of a training script, in a fresh process."""
    del folder
    script = """
        import time
        start = time.perf_counter()
        from run_widgets import Experiment, Run
        print(time.perf_counter() - start)
    """
    seconds = min(float(printed_by(script)) for _ in range(5))
    return {"from run_widgets import Experiment, Run, ms": seconds * 1e3}


# -- what training notices --

TRAINING = """
import os
import statistics
import time
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # several would wait for each other on a busy machine
import numpy as np
a = np.random.default_rng(0).standard_normal((192, 192))
def step(b=a.copy()):
    end = time.perf_counter() + 1e-3
    b[:] = a @ b
    b[:] = b / (abs(b).max() + 1.0)
    return float(b[0, 0])
for _ in range(200):
    step()
start = time.perf_counter(); [step() for _ in range(300)]
repeat = max(1, round(1e-3 / ((time.perf_counter() - start) / 300)))
def block(log, steps):
    start = time.perf_counter()
    for i in range(steps):
        for _ in range(repeat):
            value = step()
        log("loss", value, step=i)
    return (time.perf_counter() - start) / steps
nothing = lambda name, value, step: None
# How much slower, in %, and the standard error of that. Step by step in turns, so that whatever
# else the machine does hits both alike; and the median of the differences within pairs, so
# that the few which it hits hard do not count.
def slower(other, one=nothing, steps=1, times=5000):
    pairs = []
    for turn in range(times):
        if turn % 2:
            pairs.append((block(one, steps), block(other, steps)))
        else:
            pairs.append((block(other, steps), block(one, steps))[::-1])
    differences = [b - a for a, b in pairs]
    usual = statistics.median(a for a, _ in pairs)
    middle = statistics.median(differences)
    spread = 1.4826 * statistics.median(abs(d - middle) for d in differences)
    return 100 * middle / usual, 100 * 1.2533 * spread / usual / times ** 0.5
"""


def loop(folder: Path) -> Figures:
    """How much slower a training step of a millisecond is that logs one value."""
    names: dict[str, Any] = {}
    exec(TRAINING, names)  # the same text runs in a kernel below
    run = new_run(folder)
    values: list[object] = []
    slower, error = names["slower"](run.log)
    appended, _ = names["slower"](lambda name, value, step: values.append((name, value, step)))
    nothing, _ = names["slower"](names["nothing"])
    run.complete()
    return {
        "a 1 ms step with run.log, % slower": slower,
        "the standard error of that": error,
        "a 1 ms step that appends a tuple to a list, % slower": appended,
        "a 1 ms step that does nothing, % slower": nothing,
    }


def watched(folder: Path) -> Figures:
    """How much slower logging is in a kernel while the panel watches the run."""
    from jupyter_client.manager import KernelManager

    kernel = KernelManager(kernel_name="python3")
    kernel.start_kernel(cwd=str(folder), env={**os.environ, "RUN_WIDGETS_HOME": str(folder)})
    client = kernel.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        cell = TRAINING + textwrap.dedent("""
            from run_widgets import Experiment, RunDetails
            plain = Experiment(name="plain").start_logging(snapshot_directory=None, outputs=False)
            seen = Experiment(name="seen").start_logging(snapshot_directory=None, outputs=False)
            panel = RunDetails(seen)
            panel.show()
            print("slower", *slower(seen.log, plain.log, steps=100, times=100))
            seen.complete(); plain.complete()
        """)
        printed: list[str] = []

        def note(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = client.execute_interactive(cell, timeout=120, output_hook=note)
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"]["traceback"]))
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    slower, error = map(float, "".join(printed).split()[-2:])
    return {
        "the same step while a panel watches, % slower": slower,
        "the standard error of that one": error,
    }


FLOWING = """
import random
import time
from run_widgets import Experiment, RunDetails
run = Experiment(name="flowing").start_logging(run_id="flowing", outputs=False)
RunDetails(run).show()
# Busy all the while, and at moments that fit no rhythm of the panel's.
for step in range(25):
    run.log("loss", random.random())
    end = time.monotonic() + random.uniform(0.7, 1.3)
    while time.monotonic() < end:
        sum(range(1000))
run.complete()
"""


def pixels(folder: Path) -> Figures:
    """From `run.log` in a busy cell of a real JupyterLab to the line in Chromium that has it."""
    from playwright.sync_api import sync_playwright

    from lab import Lab, launch_chromium, running

    sys.path.insert(0, str(ROOT / "tests"))
    from browser.lab_notebook import LabNotebook

    with running(Lab(folder)) as lab, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        notebook = LabNotebook(lab, browser, "flowing.ipynb", [FLOWING])
        notebook.record_line()
        notebook.run_cell(0)
        notebook.panel(0).locator("[data-status=completed]").first.wait_for(timeout=60_000)
        drawn = notebook.recorded_line(of=25)
        browser.close()
        logged = Workspace(lab.home).get_run("flowing").get_series("loss").at.tolist()
    # The first ones wait for the cell's first chart to be made.
    lags = [
        next(at for at, points in drawn if points > place) - logged[place] for place in range(5, 25)
    ]
    return {
        "from run.log to drawn pixels, median of 20, ms": statistics.median(lags) * 1e3,
        "the slowest of those 20, ms": max(lags) * 1e3,
    }


# -- the table --

MEASUREMENTS = [log, ten, million, runs, importing, loop, watched]
ONCE = [finding, wide, rows, together, long, pixels]


def printed_by(script: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def measured(name: str) -> Figures:
    """Run one measurement in processes of its own, and return the medians."""
    found: list[Figures] = []
    for _ in range(1 if name in {one.__name__ for one in ONCE} else REPEATS):
        done = subprocess.run(
            [sys.executable, __file__, "--one", name], stdout=subprocess.PIPE, text=True, check=True
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {key: statistics.median(figures[key] for figures in found) for key in found[0]}


def print_one(name: str) -> None:
    (measurement,) = (m for m in [*MEASUREMENTS, *ONCE] if m.__name__ == name)
    with tempfile.TemporaryDirectory(prefix="run-widgets-bench-") as folder:
        print(json.dumps(measurement(Path(folder))))


def main(names: list[str]) -> None:
    if names[:1] == ["--one"]:
        print_one(names[1])
        return
    # As pip leaves a package: without it, each process would compile what it imports.
    compileall.compile_dir(PACKAGE, quiet=1)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    print("| what | figure |\n|---|---|")
    for measurement in [*MEASUREMENTS, *ONCE]:
        if names and measurement.__name__ not in names:
            continue
        for label, figure in measured(measurement.__name__).items():
            print(f"| {label} | {figure:,.3g} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
