"""A notebook whose Jupyter server has no run-widgets: nothing leads to pages that are not there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from browser.lab_notebook import LabNotebook
from browser.test_charts import drag
from lab import Lab, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

CELLS = (
    """
    from run_widgets import Experiment, ExperimentDetails, RunDetails

    run = Experiment(name="elsewhere").start_logging(outputs=False, snapshot_directory=None)
    run.log_list("loss", [3, 2, 1])
    run.complete()
    RunDetails(run).show()
    """,
    "ExperimentDetails(run.experiment).show()",
    """
    long = run.experiment.start_logging(outputs=False, snapshot_directory=None)
    for step in range(50_000):
        long.log("wave", step % 7, step=step)
    long.complete()
    RunDetails(long).show()
    """,
    "import time; time.sleep(3)",
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    lab.disable_server_extension("run_widgets.portal")
    with running(lab):
        yield lab


@pytest.fixture
def portal_port(lab: Lab, tmp_path: Path) -> Iterator[int]:
    """Where a `run-widgets portal` of the same person listens."""
    portal = subprocess.Popen(
        [sys.executable, "-m", "run_widgets", "portal", "--no-browser", "--allow-root"],
        env={**lab.environment, "JUPYTER_CONFIG_DIR": str(tmp_path / "none")},
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    file = tmp_path / "runtime" / f"jpserver-{portal.pid}.json"
    deadline = time.monotonic() + 60
    while not (file.is_file() and file.read_text().endswith("}")):
        assert portal.poll() is None
        assert time.monotonic() < deadline, "it did not come up"
        time.sleep(0.05)
    yield int(json.loads(file.read_text())["port"])
    portal.kill()
    portal.wait()


def test_without_our_pages_the_link_is_a_portals_and_the_file_is_offered(
    lab: Lab, portal_port: int, browser: Browser
) -> None:
    notebook = LabNotebook(lab, browser, "elsewhere.ipynb", CELLS)

    for place in range(3):
        notebook.run_cell(place)

    for place, link in enumerate(("Open run page", "Open experiment page")):
        panel = notebook.panel(place)
        expect(panel.locator(".rw-portal a")).to_have_text(link, timeout=20_000)
        address = panel.locator(".rw-portal a").get_attribute("href") or ""
        assert urlsplit(address).port == portal_port
        assert "token" not in address
        panel.locator(".rw-export button:text-is('Export')").click()
        expect(panel.locator(".rw-export code")).to_contain_text(".to_html(")

    # Zoomed in, the kernel is asked for every point: at once, or when it is free again.
    wave = notebook.panel(2).chart("wave")
    note = wave.locator("header > .rw-note")
    notebook.wait_until_idle()
    notebook.panel(2).root.scroll_into_view_if_needed()
    wave.scroll_into_view_if_needed()
    drag(notebook, wave, 0.5, 0.53)
    expect(note).to_have_text("every point")
    notebook.run_cell(3)
    wave.locator(".rw-plot").dblclick()
    drag(notebook, wave, 0.7, 0.73)
    expect(note).to_have_text(re.compile(r"^from the [\d,]+ of 50,000 that are here until the"))
    expect(note).to_have_text("every point", timeout=10_000)
    # The panels and the list at the side have asked for what is not there, and nobody else.
    strange = [line for line in notebook.complaints if "404 (Not Found)" not in line]
    notebook.close()
    assert strange == []
