"""What the run's page costs: its server's memory with twenty viewers, a refresh, the first paint.

    python tools/bench_portal.py

A portal of its own, the page of a run of ten metrics that goes on, each viewer asking as the
page does. Printed as a Markdown table.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import psutil
from playwright.sync_api import sync_playwright

from lab import launch_chromium
from run_widgets import Experiment, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from run_widgets import Run

VIEWERS = 20
METRICS = 10
POINTS = 10_000
WATCHED_S = 10.0
TOKEN = "bench"

JUPYTER = "from jupyter_server.serverapp import ServerApp; ServerApp.launch_instance()"
WITHOUT_OURS = "--ServerApp.jpserver_extensions={'run_widgets.portal': False}"

PAINTED = """() => {
  const line = document.querySelector(".rw-figure path.line[d]:not([d=''])");
  const [first] = performance.getEntriesByName("first-contentful-paint");
  return line && first ? [first.startTime, performance.now()] : null;
}"""


@contextmanager
def server(folder: Path, *command: str) -> Iterator[tuple[psutil.Process, str]]:
    """Run a Jupyter server; gives its process and its address."""
    runtime = folder / "runtime"
    options = ["--no-browser", "--allow-root", "--port=0", f"--ServerApp.root_dir={folder}"]
    here = {"JUPYTER_TOKEN": TOKEN, "JUPYTER_RUNTIME_DIR": str(runtime)}
    process = subprocess.Popen(
        [sys.executable, *command, *options],
        env={**os.environ, **here, "JUPYTER_CONFIG_DIR": str(folder / "config")},
        stderr=subprocess.DEVNULL,
    )
    try:
        file = runtime / f"jpserver-{process.pid}.json"
        while not (file.is_file() and file.read_text().endswith("}")):
            if process.poll() is not None:
                raise RuntimeError(f"{command} ended with code {process.returncode}")
            time.sleep(0.05)
        yield psutil.Process(process.pid), json.loads(file.read_text())["url"]
    finally:
        process.kill()
        process.wait()


class Viewer(threading.Thread):
    """Asks for the panel each second, as the page does."""

    def __init__(self, url: str, path: str, stop: threading.Event) -> None:
        super().__init__()
        self._url, self._path, self._stop_asking = urlsplit(url), path, stop
        self.sizes: list[int] = []
        self.times: list[float] = []

    def run(self) -> None:
        seen, tag = "", ""
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port)
        while not self._stop_asking.wait(1.0 if self.sizes else 0.0):
            headers = {"Authorization": f"token {TOKEN}", **({"If-None-Match": tag} if tag else {})}
            began = time.perf_counter()
            connection.request("GET", f"{self._path}&seen={quote(seen)}", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            self.times.append(time.perf_counter() - began)
            self.sizes.append(len(body))
            if answer.status == 200:
                known: Any = json.loads(body)
                tag = answer.headers["ETag"] if known["seen"] == seen else ""
                seen = known["seen"]


def begin(folder: Path) -> Run:
    experiment = Experiment(Workspace(folder / "runs"), "watched")
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    for step in range(POINTS):
        for metric in range(METRICS):
            run.log(f"metric {metric}", 1 / (1 + step + metric))
    return run


def memory_mb(process: psutil.Process) -> float:
    """What is the process's own, which nothing shares: in MB."""
    return float(process.memory_full_info().uss) / 1e6


def first_paint(url: str, run: Run) -> tuple[float, float]:
    """Return when something, and when a line is seen, in seconds since the page was asked for."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        times = []
        for _ in range(5):
            page = browser.new_context().new_page()
            page.goto(
                f"{url}run-widgets/runs/{run.id}?workspace={quote(str(run.folder.parents[1]))}"
                f"&token={TOKEN}"
            )
            times.append(page.wait_for_function(PAINTED, polling=10).json_value())
            page.context.close()
        browser.close()
    return median(t[0] for t in times) / 1000, median(t[1] for t in times) / 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server(folder, "-c", JUPYTER, WITHOUT_OURS) as (process, _):
            bare = memory_mb(process)
        with server(folder, "-c", JUPYTER) as (process, _):
            added = memory_mb(process) - bare
        run = begin(folder)
        with server(folder, "-m", "run_widgets", "portal") as (process, url):
            path = f"/run-widgets/api/runs/{run.id}/panel?workspace={quote(str(folder / 'runs'))}"
            stop = threading.Event()
            viewers = [Viewer(url, path, stop) for _ in range(VIEWERS)]
            for viewer in viewers:
                viewer.start()
            while not all(viewer.sizes for viewer in viewers):
                time.sleep(0.1)
            busy = process.cpu_times()
            began = time.monotonic()
            while time.monotonic() < began + WATCHED_S:
                for metric in range(METRICS):
                    run.log(f"metric {metric}", 0.5)
                time.sleep(0.1)
            now, most = process.cpu_times(), memory_mb(process)
            stop.set()
            for viewer in viewers:
                viewer.join()
            cpu = (now.user + now.system - busy.user - busy.system) / WATCHED_S
            painted, drawn = first_paint(url, run)
        run.complete()
        news = [size for viewer in viewers for size in viewer.sizes[1:]]
        times = [seconds for viewer in viewers for seconds in viewer.times[1:]]
        rows = [
            ("JupyterLab's server without our extension, MB of its own", f"{bare:.0f}"),
            ("what our extension adds to it, MB", f"{added:.0f}"),
            (f"a portal of its own with {VIEWERS} viewers of a run, MB of its own", f"{most:.0f}"),
            (f"its processor's time with {VIEWERS} viewers, %", f"{100 * cpu:.0f}"),
            ("the whole panel, kB", f"{viewers[0].sizes[0] / 1e3:.0f}"),
            (f"a refresh with {10 * METRICS} new values, kB", f"{median(news) / 1e3:.1f}"),
            ("a refresh, ms", f"{1e3 * median(times):.0f}"),
            ("the page: first paint, s", f"{painted:.2f}"),
            ("the page: first line drawn, s", f"{drawn:.2f}"),
        ]
        print("| the run's page | |\n|---|---|")
        for what, value in rows:
            print(f"| {what} | {value} |")


if __name__ == "__main__":
    main()
