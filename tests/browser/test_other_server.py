"""A notebook whose Jupyter server has no run-widgets: nothing leads to pages that are not there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from browser.lab_notebook import LabNotebook
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

    notebook.run_all()

    for place, link in enumerate(("Open run page", "Open experiment page")):
        panel = notebook.panel(place)
        expect(panel.locator(".rw-portal a")).to_have_text(link, timeout=20_000)
        address = panel.locator(".rw-portal a").get_attribute("href") or ""
        assert urlsplit(address).port == portal_port
        assert "token" not in address
        panel.locator(".rw-export button:text-is('Export')").click()
        expect(panel.locator(".rw-export code")).to_contain_text(".to_html(")
    # The panels and the list at the side have asked for what is not there, and nobody else.
    strange = [line for line in notebook.complaints if "404 (Not Found)" not in line]
    notebook.close()
    assert strange == []
