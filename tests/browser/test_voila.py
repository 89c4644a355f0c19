"""The panels in Voilà: live, without a complaint of ours, and without links that lead nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from browser.lab_notebook import PICTURES
from lab import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytest.importorskip("voila")

RUN = """
import threading, time
from pathlib import Path
from run_widgets import Experiment, ExperimentDetails, RunDetails
run = Experiment(name="dashboard").start_logging(outputs=False, snapshot_directory=None)
run.log_list("loss", [3, 2])
def train():
    while not Path("seen").exists():
        time.sleep(0.05)
    run.log("loss", 1)
    run.complete()
threading.Thread(target=train, daemon=True).start()
RunDetails(run).show()
"""


@pytest.fixture
def voila(tmp_path: Path) -> Iterator[str]:
    """The address of a Voilà of its own that serves one notebook."""
    notebook = new_notebook(
        cells=[new_code_cell(RUN), new_code_cell("ExperimentDetails(run.experiment).show()")]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "app.ipynb")
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "RUN_WIDGETS_HOME": "runs",
        "IPYTHONDIR": "ipython",
    }
    log = tmp_path / "voila.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "voila", "app.ipynb", "--no-browser", f"--port={free_port()}"],
            cwd=tmp_path,
            env=os.environ | {name: str(tmp_path / folder) for name, folder in folders.items()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + 60
    while "running at:" not in (text := log.read_text()) or not text.endswith("/\n"):
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.1)
    yield text.split("running at:")[1].split()[0]
    process.terminate()
    process.wait(20)


def test_the_panels_are_live_and_lead_nowhere(voila: str, browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1100})
    said: list[str] = []
    page.on("console", lambda m: said.append(f"{m.text} {m.location['url']}"))
    page.on("pageerror", lambda error: said.append(f"uncaught: run-widgets? {error}"))

    page.goto(voila)

    panel = page.locator(".rw-panel").first
    expect(panel.locator(".rw-status").first).to_have_text("Running", timeout=60_000)
    expect(panel.locator(".rw-figure path.line[d]:not([d=''])")).to_have_count(1)
    (tmp_path / "seen").touch()
    expect(panel.locator(".rw-status").first).to_have_text("Completed")
    expect(panel.get_by_text("Vector[3]")).to_be_visible()
    listed = page.locator(".rw-experiment")
    expect(listed.get_by_text("Completed").first).to_be_visible()
    # Voilà on its own serves no pages of runs.
    expect(page.locator(".rw-portal a")).to_have_count(0)
    panel.get_by_role("button", name="Export").click()
    expect(panel.locator(".rw-export code")).to_contain_text("to_html")
    page.screenshot(path=PICTURES / "voila.png")
    page.close()
    # It complains of JupyterLab's own extensions, which are newer than its own.
    assert [line for line in said if "run-widgets" in line] == []
