"""What the list of runs costs in a real JupyterLab and Chromium, and comparing long curves.

    python tools/bench_list.py                    1,000 and 10,000 runs; a few minutes
    python tools/bench_list.py 1000 10000 100000  100,000 take ten minutes to make

The runs are made through the API, once, in the folder that BENCH_RUNS names
(default: a folder of the machine's temporary ones). Printed as a Markdown table.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from playwright.sync_api import sync_playwright

from lab import Lab, launch_chromium, run_cell, running, wait_for_kernel

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RUNS = Path(os.environ.get("BENCH_RUNS", Path(tempfile.gettempdir()) / "run-widgets-bench"))

MAKERS = os.cpu_count() or 1

# Ten metrics a run, five of them logged twenty times; four labels.
MAKE = """
import random
import sys
from run_widgets import Experiment, Workspace

folder, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
exp = Experiment(Workspace(folder), name)
for number in range(count):
    tags = {"lr": 10 ** -random.uniform(1, 4), "seed": number % 5}
    tags["model"] = random.choice(["mlp", "svm", "forest"])
    run = exp.start_logging(
        outputs=False, snapshot_directory=None, display_name=f"trial {number}", tags=tags
    )
    for k in range(5):
        run.log(f"final {k}", random.random())
    for step in range(20):
        for k in range(5):
            run.log(f"curve {k}", random.random() / (1 + step), step=step)
    run.complete()
"""

MAKE_LONG = """
import sys
from run_widgets import Experiment, Workspace

exp = Experiment(Workspace(sys.argv[1]), sys.argv[2])
for number in range(20):
    run = exp.start_logging(outputs=False, snapshot_directory=None, tags={"seed": number % 5})
    for step in range(1_000_000):
        run.log("loss", 1 / (1 + step) + (step * 7919 % 1000) / 5000 + number / 50, step=step)
    run.complete()
"""

NEW_RUN = """
import sys
import time
from run_widgets import Experiment, Workspace

exp = Experiment(Workspace(sys.argv[1]), sys.argv[2])
print(time.time(), flush=True)
run = exp.start_logging(outputs=False, snapshot_directory=None, display_name="brand new")
sys.stdin.readline()
run.delete()
"""

GRID = ".rw-grid .slick-viewport-top.slick-viewport-right"

NOTE_FIRST_ROW = """
() => {
  window.firstRow = 0;
  new MutationObserver(() => {
    const row = document.querySelector(".rw-grid .slick-row");
    if (row && !window.firstRow) window.firstRow = Date.now();
  }).observe(document.body, { childList: true, subtree: true });
}
"""

SCROLL = """
async selector => {
  const el = document.querySelector(selector);
  let [frames, last, worst, on] = [0, performance.now(), 0, true];
  const frame = now => {
    worst = Math.max(worst, now - last);
    last = now;
    frames += 1;
    if (on) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const start = performance.now();
  while (performance.now() - start < 3000) {
    el.scrollTop += 80;
    await new Promise(done => setTimeout(done, 8));
  }
  on = false;
  return [frames / 3, worst];
}
"""

# The median of a few times, each until the next frame was drawn.
TIMES = """
async act => {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    (0, eval)(act)(i);
    await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[2];
}
"""

SORT = """() => [...document.querySelectorAll(".slick-header-column")]
  .find(header => header.textContent.includes("final 0")).click()"""

FILTER = """i => {
  const search = document.querySelector(".rw-search");
  search.value = ["svm", "mlp 7", "", "forest", ""][i];
  search.dispatchEvent(new Event("input"));
}"""


def script(source: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(source), *map(str, arguments)]


def made(count: int) -> Path:
    """The workspace with `count` runs, made now if it is not there."""
    folder = RUNS / str(count)
    if not (folder / "made").exists():
        share = -(-count // MAKERS)
        shares = [min(share, count - start) for start in range(0, count, share)]
        makers = [subprocess.Popen(script(MAKE, folder, "bench", each)) for each in shares]
        if any(maker.wait() for maker in makers):
            raise RuntimeError(f"{count} runs could not be made in {folder}")
        (folder / "made").touch()
    return folder


def made_long() -> Path:
    """The workspace with 20 runs of a million points each."""
    folder = RUNS / "long"
    if not (folder / "made").exists():
        subprocess.run(script(MAKE_LONG, folder, "bench"), check=True)
        (folder / "made").touch()
    return folder


class Listed:
    """A notebook with the list of one workspace's runs, opened and its first cell run."""

    def __init__(self, lab: Lab, browser: Browser, folder: Path) -> None:
        cells = [
            f"from run_widgets import Experiment, ExperimentDetails, Workspace\n"
            f"exp = Experiment(Workspace({str(folder)!r}), 'bench')",
            "details = ExperimentDetails(exp)\ndetails.show()",
            "import psutil; print(round(psutil.Process().memory_info().rss / 1e6), end='')",
        ]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, lab.notebooks / "bench.ipynb")
        self.bytes = 0.0
        self.page: Page = browser.new_page(viewport={"width": 1600, "height": 1000})
        self.page.goto(lab.address("doc/tree/bench.ipynb?reset"))
        self._idle()
        self.run(0)
        self._idle()
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.on("Network.webSocketFrameReceived", self._count)

    def _count(self, event: dict[str, Any]) -> None:
        response = event["response"]
        # Of a binary frame, the payload is in base64.
        self.bytes += len(response["payloadData"]) * (0.75 if response["opcode"] == 2 else 1)

    def _idle(self) -> None:
        wait_for_kernel(self.page)

    def run(self, cell: int) -> None:
        run_cell(self.page, cell)

    def open(self) -> dict[str, float]:
        """Show the list; seconds until its first rows and until all of it is there."""
        self.page.evaluate(NOTE_FIRST_ROW)
        start = time.time()
        self.run(1)
        self.page.wait_for_function("window.firstRow", timeout=120_000)
        self.page.wait_for_function(
            "() => /^[\\d,. k]+ runs$/.test("
            "document.querySelector('.rw-bar .rw-note:last-child')?.textContent)",
            timeout=600_000,
        )
        whole = time.time() - start
        first = self.page.evaluate("window.firstRow") / 1000 - start
        return {"first rows, s": first, "all rows, s": whole, "sent, MB": self.bytes / 1e6}

    def look_through(self) -> dict[str, float]:
        frames, worst = self.page.evaluate(SCROLL, GRID)
        return {
            "scrolling, frames/s": frames,
            "slowest frame, ms": worst,
            "sort, ms": self.page.evaluate(TIMES, SORT),
            "filter, ms": self.page.evaluate(TIMES, FILTER),
        }

    def wait_for_new(self, folder: Path) -> float:
        """Seconds from the start of a run in another process until it is on the screen."""
        self.page.get_by_role("button", name="Reset view").click()
        self.page.evaluate("s => { document.querySelector(s).scrollTop = 0 }", GRID)
        self.page.wait_for_timeout(5_000)  # so that the list has grown as patient as it gets
        other = subprocess.Popen(
            script(NEW_RUN, folder, "bench"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdin is not None
        assert other.stdout is not None
        began = float(other.stdout.readline())
        self.page.locator(".slick-row", has_text="brand new").first.wait_for(timeout=30_000)
        seen = time.time() - began
        other.communicate("\n")
        return seen

    def memory(self) -> dict[str, float]:
        heap = self.page.evaluate("performance.memory.usedJSHeapSize") / 1e6
        self.run(2)
        output = self.page.locator(".jp-Cell").nth(2).locator(".jp-OutputArea-output")
        output.wait_for(timeout=60_000)
        return {"browser, MB": heap, "kernel, MB": float(output.inner_text())}

    def compare(self) -> float:
        """Seconds from asking for the curves until all twenty are drawn."""
        self.page.get_by_label("Choose all").click()
        start = time.time()
        self.page.get_by_role("tab", name="Compare").click()
        self.page.wait_for_function(
            "document.querySelectorAll('.rw-lines path.line').length === 20", timeout=60_000
        )
        return time.time() - start


def measure(browser: Browser, count: int) -> dict[str, float]:
    folder = made(count)
    with tempfile.TemporaryDirectory() as home, running(Lab(Path(home))) as lab:
        for _ in range(2):  # the first fills the index
            listed = Listed(lab, browser, folder)
            figures = listed.open()
            if _ == 0:
                listed.page.close()
                lab.stop_kernels()
        figures |= listed.look_through()
        figures["new run seen, s"] = listed.wait_for_new(folder)
        figures |= listed.memory()
        listed.page.close()
        lab.stop_kernels()
    return figures


def measure_comparison(browser: Browser) -> list[float]:
    """Seconds of three servers, of which each reads the runs for the first time."""
    folder = made_long()
    seconds = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as home, running(Lab(Path(home))) as lab:
            listed = Listed(lab, browser, folder)
            listed.open()
            seconds.append(listed.compare())
            listed.page.close()
            lab.stop_kernels()
    return sorted(seconds)


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or [1_000, 10_000]
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        columns = [measure(browser, count) for count in counts]
        comparison = measure_comparison(browser)
        browser.close()
    print("| runs | " + " | ".join(f"{count:,}" for count in counts) + " |")
    print("|---|" + "---:|" * len(counts))
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(f"{column[name]:.3g}" for column in columns) + " |")
    figures = ", ".join(f"{seconds:.2f}" for seconds in comparison)
    print(f"\n20 runs of 1 million points each, compared: drawn after {figures} s")


if __name__ == "__main__":
    main()
