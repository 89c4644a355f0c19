"""How the panel of one run feels in a real JupyterLab and Chromium.

    python tools/bench_panel.py            everything; about four minutes
    python tools/bench_panel.py open many  only these: open, many, live, hour, closed

Printed as a Markdown table. Machines differ and are shared: believe ratios.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import psutil
from playwright.sync_api import sync_playwright

from lab import Lab, launch_chromium, run_cell, running, wait_for_kernel
from run_widgets import Experiment, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from run_widgets import Run

Figures = dict[str, float]

# Noted from now on: frames, tasks of more than 50 ms, when the first line was drawn, and when
# all charts on the screen had theirs.
WATCH = """
() => {
  window.seen = { frames: 0, long: [], first: 0, full: 0 };
  const frame = () => { seen.frames += 1; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) seen.long.push(duration);
  }).observe({ entryTypes: ["longtask"] });
  const line = ".rw-figure path.line[d]:not([d=''])";
  const isOnScreen = slot => {
    const { top, bottom } = slot.getBoundingClientRect();
    const middle = (top + bottom) / 2;
    return bottom > top && middle > 0 && middle < innerHeight;
  };
  const look = () => {
    if (document.querySelector(line)) {
      seen.first ||= Date.now();
      const slots = [...document.querySelectorAll(".rw-slot")].slice(0, 50).filter(isOnScreen);
      if (slots.every(slot => slot.querySelector(line))) seen.full = Date.now();
    }
    if (!seen.full) requestAnimationFrame(look);
  };
  look();
}
"""

LOG = """
import time
from run_widgets import Experiment, RunDetails
run = Experiment(name="live").start_logging(outputs=False, snapshot_directory=None)
for k in range({metrics}):
    run.log_list(f"m{{k}}", [0.0, 1.0])
"""

TRAIN = """
spent, start = time.process_time(), time.monotonic()
panel = RunDetails(run, columns=10)
panel.show()
"""

# As many values a second for every metric, while nothing else is computed.
TICK = """
import math
for second in range({seconds}):
    for k in range({metrics}):
        run.log(f"m{{k}}", math.sin(second + k))
    time.sleep({every})
print("over")
"""


class Notebook:
    """A notebook of cells in a page of its own, its kernel idle."""

    def __init__(self, lab: Lab, browser: Browser, *cells: str, height: int = 1000) -> None:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        self.path = lab.notebooks / "bench.ipynb"
        nbformat.write(notebook, self.path)
        self.page: Page = browser.new_page(viewport={"width": 1900, "height": height})
        self.page.goto(lab.address("doc/tree/bench.ipynb?reset"))
        wait_for_kernel(self.page)

    def run(self, cell: int) -> None:
        run_cell(self.page, cell)

    def run_and_wait(self, cell: int) -> None:
        self.run(cell)
        self.page.wait_for_function(
            "i => jupyterapp.shell.currentWidget.content.widgets[i].model.executionCount",
            arg=cell,
            timeout=120_000,
        )

    def heap_mb(self) -> float:
        """What the page's scripts hold, after all garbage was collected."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("HeapProfiler.collectGarbage")
        used = session.send("Runtime.getHeapUsage")["usedSize"]
        session.detach()
        return float(used) / 1e6


def begin(lab: Lab, name: str) -> Run:
    return Experiment(Workspace(lab.home), name).start_logging(
        outputs=False, snapshot_directory=None
    )


def shown(run: Run) -> str:
    return f"RunDetails(Run(Experiment(name={run.experiment.name!r}), {run.id!r})).show()"


def drawn_after(lab: Lab, browser: Browser, run: Run, what: str) -> Figures:
    """From the cell's start until its lines are drawn; what is imported is there already."""
    imported = "from run_widgets import Experiment, Run, RunDetails"
    first, full, saved = [], [], 0
    for _ in range(3):
        notebook = Notebook(lab, browser, imported, shown(run))
        notebook.run_and_wait(0)
        notebook.page.evaluate(WATCH)
        start = time.time()
        notebook.run(1)
        notebook.page.wait_for_function("seen.full", timeout=60_000)
        seen = notebook.page.evaluate("seen")
        first.append(seen["first"] / 1000 - start)
        full.append(seen["full"] / 1000 - start)
        notebook.page.evaluate("() => jupyterapp.shell.currentWidget.context.save()")
        saved = notebook.path.stat().st_size
        notebook.page.close()
        lab.stop_kernels()
    return {
        f"{what}: first line drawn after, s": statistics.median(first),
        f"{what}: all on the screen drawn after, s": statistics.median(full),
        f"{what}: the notebook saved with it, kB": saved / 1e3,
    }


def measure_open(lab: Lab, browser: Browser) -> Figures:
    """A finished run of 50 metrics and ten million values in all."""
    run = begin(lab, "open")
    for k in range(50):
        name = f"m{k}"
        for step in range(200_000):
            run.log(name, (step * 7919 + k) % 1000 / 1000, step=step)
    run.complete()
    return drawn_after(lab, browser, run, "50 metrics, 10 M points")


def measure_many(lab: Lab, browser: Browser) -> Figures:
    """Ten, a hundred and a thousand metrics of a hundred values each."""
    figures: Figures = {}
    for count in (10, 100, 1_000):
        run = begin(lab, f"many-{count}")
        for k in range(count):
            run.log_list(f"layer{k // 100}/w{k % 100}", [(i * 7 + k) % 50 for i in range(100)])
        run.complete()
        figures |= drawn_after(lab, browser, run, f"{count:,} metrics")
    return figures


def measure_live(lab: Lab, browser: Browser) -> Figures:
    """Fifty charts on the screen that get a value a second, for half a minute."""
    tick = TICK.format(seconds=40, metrics=50, every=1)
    told = (
        "panel._stop.set(); import threading\n"
        "print(round(100 * cost / (time.monotonic() - start), 3), end='')"
    )
    counted = (
        "look = panel.tick\ncost = 0.0\ndef tick():\n    global cost\n"
        "    before = time.thread_time()\n    try:\n        return look()\n"
        "    finally:\n        cost += time.thread_time() - before\n"
        "object.__setattr__(panel, 'tick', tick)"
    )
    notebook = Notebook(
        lab, browser, LOG.format(metrics=50), TRAIN, counted, tick, told, height=2200
    )
    for cell in (0, 1, 2):
        notebook.run_and_wait(cell)
    notebook.page.wait_for_function(
        "document.querySelectorAll('.rw-figure path.line').length >= 50", timeout=60_000
    )
    notebook.run(3)
    notebook.page.wait_for_timeout(4_000)
    notebook.page.evaluate(WATCH)
    notebook.page.wait_for_timeout(30_000)
    seen = notebook.page.evaluate("seen")
    notebook.page.locator(".jp-OutputArea-output", has_text="over").wait_for(timeout=60_000)
    notebook.run_and_wait(4)
    share = notebook.page.locator(".jp-Cell").nth(4).locator(".jp-OutputArea-output").inner_text()
    notebook.page.close()
    lab.stop_kernels()
    return {
        "50 charts at 1 Hz: frames/s": seen["frames"] / 30,
        "of them tasks over 50 ms in 30 s": len(seen["long"]),
        "the longest, ms": max(seen["long"], default=0.0),
        "the poller's share of a processor, %": float(share),
    }


def measure_hour(lab: Lab, browser: Browser) -> Figures:
    """Twenty charts, 3,600 values each, an hour's at one a second, in a minute."""
    tick = TICK.format(seconds=3_600, metrics=20, every=1 / 60)
    notebook = Notebook(lab, browser, LOG.format(metrics=20), TRAIN, tick)
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    notebook.page.wait_for_function(
        "document.querySelectorAll('.rw-figure path.line').length >= 20", timeout=60_000
    )
    notebook.run(2)
    notebook.page.wait_for_timeout(10_000)
    before = notebook.heap_mb()
    notebook.page.locator(".jp-OutputArea-output", has_text="over").wait_for(timeout=300_000)
    after = notebook.heap_mb()
    notebook.page.close()
    lab.stop_kernels()
    return {
        "the browser after 10 s of a compressed hour, MB": before,
        "at its end, MB": after,
    }


def measure_closed(lab: Lab, browser: Browser) -> Figures:
    """What the server keeps for a page that is gone while its run goes on for a minute."""
    figures: Figures = {}
    for metrics in (20, 1_000):
        tick = TICK.format(seconds=3_600, metrics=metrics, every=1 / 60)
        notebook = Notebook(lab, browser, LOG.format(metrics=metrics), TRAIN, tick)
        notebook.run_and_wait(0)
        notebook.run_and_wait(1)
        server = psutil.Process(lab._process.pid)
        notebook.run(2)
        # Before the page asks the server for the run's files, which it then holds a while.
        notebook.page.wait_for_timeout(2_000)
        before = server.memory_info().rss
        notebook.page.close()
        time.sleep(60)
        grown = (server.memory_info().rss - before) / 1e6
        lab.stop_kernels()
        figures[f"the server's growth in a minute of {metrics:,} metrics nobody reads, MB"] = grown
    return figures


MEASURES: dict[str, Callable[[Lab, Browser], Figures]] = {
    "open": measure_open,
    "many": measure_many,
    "live": measure_live,
    "hour": measure_hour,
    "closed": measure_closed,
}


def main() -> None:
    wanted: list[str] = sys.argv[1:] or list(MEASURES)
    figures: dict[str, Any] = {}
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for name in wanted:
            with tempfile.TemporaryDirectory() as home, running(Lab(Path(home))) as lab:
                figures |= MEASURES[name](lab, browser)
        browser.close()
    print("| what | |")
    print("|---|---:|")
    for name, value in figures.items():
        print(f"| {name} | {value:.3g} |")


if __name__ == "__main__":
    main()
