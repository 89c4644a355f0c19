"""What run-widgets costs, beside the plainest ways to do the same, in one run on one machine.

    python tools/bench.py              everything; about two minutes
    python tools/bench.py log million  only these

Each measurement runs in a process of its own, three times; the medians are
printed as a Markdown table. Machines differ and are shared: believe ratios.
"""

from __future__ import annotations

import json
import os
import platform
import resource
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

REPEATS = 3
CALLS = 200_000
clock = time.perf_counter


def new_run(folder: Path) -> Run:
    """A run of its own, with nothing but its metrics."""
    experiment = Experiment(Workspace(folder / "workspace"), "bench")
    return experiment.start_logging(snapshot_directory=None, outputs=False)


def microseconds(call: Callable[[int], object], count: int = CALLS) -> float:
    """The time of one `call`, less the loop's own."""
    call(0)
    start = clock()
    for i in range(count):
        call(i)
    spent = clock() - start
    start = clock()
    for _ in range(count):
        pass
    return (spent - (clock() - start)) / count * 1e6


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
    return figures


# -- a million --


def million(folder: Path) -> Figures:
    """A million values until they are durable, and read back; without numpy in the process."""
    run = new_run(folder)
    start = clock()
    for i in range(1_000_000):
        run.log("loss", i * 0.001, step=i)
    running = sum(path.stat().st_size for path in (run.folder / "metrics").iterdir())
    run.complete()
    durable = clock() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ended = sum(path.stat().st_size for path in (run.folder / "metrics").iterdir())
    import numpy  # noqa: F401  # a notebook has it already

    start = clock()
    series = Run(run.experiment, run.id).get_series("loss")
    read = clock() - start
    assert len(series) == 1_000_000
    return {
        "a million values until durable, s": durable,
        "a million values read back as arrays, s": read,
        "bytes a value, running": running / 1e6,
        "bytes a value, ended": ended / 1e6,
        "peak memory at a million values, MiB": peak,
    }


# -- runs --


def runs(folder: Path) -> Figures:
    """A thousand runs of ten values and five tags made, and found by a tag afterwards."""
    start = clock()
    experiment = Experiment(Workspace(folder / "workspace"), "bench")
    for number in range(1000):
        tags = {"group": f"g{number % 20}", "owner": f"u{number % 4}", "a": 1, "b": 2, "c": 3}
        run = experiment.start_logging(snapshot_directory=None, outputs=False, tags=tags)
        for n in range(10):
            run.log(f"m{n}", number * 0.001)
        run.complete()
    made = (clock() - start) / 1000
    find = f"""
        import time
        start = time.perf_counter()
        from run_widgets import Experiment, Workspace
        experiment = Experiment(Workspace({str(folder / "workspace")!r}), "bench")
        assert sum(1 for _ in experiment.get_runs(tags={{"group": "g3"}})) == 50
        print(time.perf_counter() - start)
    """
    first, again = (float(printed_by(find)) for _ in range(2))
    return {
        "one run made, ms": made * 1e3,
        "50 of 1,000 found by tag, first time, ms": first * 1e3,
        "50 of 1,000 found by tag, again, ms": again * 1e3,
    }


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
import time
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
def block(log, steps=300):
    start = time.perf_counter()
    for i in range(steps):
        for _ in range(repeat):
            value = step()
        log("loss", value, step=i)
    return (time.perf_counter() - start) / steps
nothing = lambda name, value, step: None
def slower(other, one=lambda: block(nothing), times=10):
    pairs = [(one(), other()) for _ in range(times)]
    return 100 * (min(b for _, b in pairs) / min(a for a, _ in pairs) - 1)
"""


def loop(folder: Path) -> Figures:
    """How much slower a training step of a millisecond is that logs one value."""
    names: dict[str, Any] = {}
    exec(TRAINING, names)  # the same text runs in a kernel below
    run = new_run(folder)
    figures = {
        "a 1 ms step with run.log, % slower": names["slower"](lambda: names["block"](run.log))
    }
    run.complete()
    return figures


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
            print("slower", slower(lambda: block(seen.log), lambda: block(plain.log)))
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
    return {"the same step while a panel watches, % slower": float("".join(printed).split()[-1])}


# -- the table --

MEASUREMENTS = [log, ten, million, runs, importing, loop, watched]


def printed_by(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def measured(name: str) -> Figures:
    """Run one measurement in processes of its own, and return the medians."""
    found: list[Figures] = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, __file__, "--one", name], stdout=subprocess.PIPE, text=True, check=True
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {key: statistics.median(figures[key] for figures in found) for key in found[0]}


def print_one(name: str) -> None:
    (measurement,) = (m for m in MEASUREMENTS if m.__name__ == name)
    with tempfile.TemporaryDirectory(prefix="run-widgets-bench-") as folder:
        print(json.dumps(measurement(Path(folder))))


def main(names: list[str]) -> None:
    if names[:1] == ["--one"]:
        print_one(names[1])
        return
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    print("| what | figure |\n|---|---|")
    for measurement in MEASUREMENTS:
        if names and measurement.__name__ not in names:
            continue
        for label, figure in measured(measurement.__name__).items():
            print(f"| {label} | {figure:,.3g} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
