"""The run stays on the page, live if it is live, whatever becomes of page and kernel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from lab import Lab, running
from run_widgets import Experiment, Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Locator

    from browser.conftest import Open
    from browser.lab_notebook import LabNotebook

# Computes all the while: the kernel answers nothing before its end.
BUSY = """
import time
from run_widgets import Experiment, RunDetails

run = Experiment(name="{name}").start_logging(outputs=False, snapshot_directory=None)
RunDetails(run).show()
start = time.monotonic()
for step in range({steps}):
    run.log("loss", 1 / (1 + step))
    while time.monotonic() < start + 0.25 * (step + 1):
        sum(range(1000))
run.complete()
"""

# In another process, which the kernel's end does not reach.
ELSEWHERE = """
import subprocess, sys, time
from run_widgets import Experiment, Run, RunDetails

subprocess.Popen([sys.executable, "-c", '''
import time
from run_widgets import Experiment
run = Experiment(name="{name}").start_logging(outputs=False, snapshot_directory=None)
for step in range({steps}):
    run.log("loss", 1 / (1 + step))
    time.sleep(0.25)
run.complete()
'''], start_new_session=True)
exp = Experiment(name="{name}")
while not any(exp.get_runs()):
    time.sleep(0.1)
RunDetails(next(exp.get_runs())).show()
"""

IN_KERNEL = """
from run_widgets import Experiment, RunDetails

run = Experiment(name="{name}").start_logging(outputs=False, snapshot_directory=None)
for step in range(30):
    run.log("loss", 1 / (1 + step))
    run.log_row("Cosine Wave", angle=step, cos=1 / (1 + step))
RunDetails(run).show()
"""

SHOW = """
from run_widgets import Experiment, RunDetails
RunDetails(next(Experiment(name="{name}").get_runs())).show()
"""

# What a browser says of itself when a kernel or a page goes away while it is asked.
EXPECTED = re.compile(
    "websocket|connection lost|ERR_|Failed to load resource|kernel|sessions", re.IGNORECASE
)


@pytest.fixture
def open_shaken(open_notebook: Open) -> Open:
    """As `open_notebook`, but a kernel or page that goes away is no complaint."""
    opened: list[LabNotebook] = []

    def open_shaken(*cells: str, **options: object) -> LabNotebook:
        opened.append(open_notebook(*cells, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_shaken
    for notebook in opened:
        notebook.complaints[:] = [c for c in notebook.complaints if not EXPECTED.search(c)]


def source(notebook: LabNotebook, cell: int = 0) -> Locator:
    """What a cell's output is shown by."""
    return notebook.page.locator(".jp-Cell").nth(cell).locator(".rw-output")


def expect_alive(notebook: LabNotebook) -> None:
    """Expect no output of the page to be an error or to wait for ever."""
    expect(notebook.page.get_by_text("Error displaying widget")).to_have_count(0)
    expect(notebook.page.get_by_text("Loading widget")).to_have_count(0)


def expect_growing(notebook: LabNotebook) -> None:
    """Expect the first line of the page to get longer while one looks."""
    panel = notebook.panel(0)
    expect(panel.lines("loss")).to_have_count(1, timeout=15_000)
    before = panel.points("loss")
    for _ in range(50):
        notebook.page.wait_for_timeout(200)
        if panel.points("loss") > before:
            return
    pytest.fail(f"the line still has {before} points after 10 s")


def reload(notebook: LabNotebook) -> None:
    """Save, and load the page anew."""
    notebook.save()
    notebook.page.reload()


def test_a_kernel_hears_that_it_is_heard_while_it_is_busy(open_notebook: Open) -> None:
    sparing = """
from run_widgets.panel.followed import allowance
allowance._most = allowance._left = 20_000
allowance._a_second = 0
"""
    notebook = open_notebook(sparing, BUSY.format(name="heard", steps=60))
    notebook.run_cell(0)
    notebook.run_cell(1)

    # Unanswered, the panel would be told of a dozen values.
    panel = notebook.panel(1)
    expect(panel.lines("loss")).to_have_count(1, timeout=20_000)
    expect(panel.status).to_have_text("Running")
    for _ in range(75):
        notebook.page.wait_for_timeout(200)
        if panel.points("loss") >= 40:
            break
    assert panel.points("loss") >= 40
    expect(panel.status).to_have_text("Running")
    expect(source(notebook, 1)).to_have_attribute("data-source", "kernel")


def test_a_page_reloaded_while_its_cell_runs_shows_the_run_live(open_shaken: Open) -> None:
    notebook = open_shaken(BUSY.format(name="reloaded", steps=100))
    notebook.run_cell(0)
    panel = notebook.panel(0)
    expect(panel.lines("loss")).to_have_count(1, timeout=20_000)
    expect(source(notebook)).to_have_attribute("data-source", "kernel")

    reload(notebook)

    expect(source(notebook)).to_have_attribute("data-source", "files", timeout=15_000)
    expect(panel.status).to_have_text("Running")
    expect_growing(notebook)
    expect_alive(notebook)
    notebook.picture("never-gone-reloaded")
    expect(panel.status).to_have_text("Completed", timeout=40_000)
    expect(panel.lines("loss")).to_have_count(1)
    notebook.wait_until_idle()
    for _ in range(20):
        if panel.points("loss") == 100:
            break
        notebook.page.wait_for_timeout(200)
    assert panel.points("loss") == 100
    expect_alive(notebook)


def test_a_restarted_kernel_leaves_the_run_of_another_process_live(open_shaken: Open) -> None:
    notebook = open_shaken(ELSEWHERE.format(name="restarted", steps=60))
    notebook.run_cell(0)
    panel = notebook.panel(0)
    expect(panel.lines("loss")).to_have_count(1, timeout=20_000)

    notebook.restart_kernel()

    expect(source(notebook)).to_have_attribute("data-source", "files", timeout=15_000)
    expect_growing(notebook)
    expect(panel.status).to_have_text("Completed", timeout=30_000)
    expect_alive(notebook)


def test_a_restarted_kernel_shows_that_its_own_run_has_failed(open_shaken: Open) -> None:
    notebook = open_shaken(IN_KERNEL.format(name="restarted-own"))
    notebook.run_cell(0)
    panel = notebook.panel(0)
    expect(panel.status).to_have_text("Running", timeout=20_000)

    notebook.restart_kernel()

    expect(panel.status).not_to_have_text("Running", timeout=20_000)
    expect(panel.lines("loss")).to_have_count(1)
    expect_alive(notebook)


def test_a_kernel_that_was_shut_down_leaves_the_run_live(open_shaken: Open, lab: Lab) -> None:
    notebook = open_shaken(ELSEWHERE.format(name="shut-down", steps=160))
    notebook.run_cell(0)
    panel = notebook.panel(0)
    expect(panel.lines("loss")).to_have_count(1, timeout=20_000)

    lab.stop_kernels()

    expect(source(notebook)).to_have_attribute("data-source", "files", timeout=40_000)
    expect_growing(notebook)
    expect(panel.status).to_have_text("Completed", timeout=60_000)
    expect_alive(notebook)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_notebook_reopened_shows_its_finished_run(
    open_shaken: Open, lab: Lab, workspace: Workspace, theme: str
) -> None:
    name = f"reopened-{theme}"
    run = Experiment(workspace, name).start_logging(outputs=False, snapshot_directory=None)
    for step in range(30):
        run.log("loss", 1 / (1 + step))
        run.log_row("Cosine Wave", angle=step, cos=1 / (1 + step))
    run.complete()
    notebook = open_shaken(SHOW.format(name=name), theme=theme)
    notebook.run_cell(0)
    expect(notebook.panel(0).lines("loss")).to_have_count(1, timeout=20_000)
    notebook.wait_until_idle()
    notebook.save()
    lab.stop_kernels()

    notebook.page.reload()

    panel = notebook.panel(0)
    expect(source(notebook)).to_have_attribute("data-source", "files", timeout=20_000)
    expect(panel.status).to_have_text("Completed")
    expect(panel.lines("loss")).to_have_count(1)
    assert panel.points("loss") == 30
    panel.root.get_by_role("tab", name="Tables").click()
    expect(panel.root.get_by_role("tabpanel", name="Tables")).to_contain_text("angle")
    panel.root.get_by_role("tab", name="Overview").click()
    expect_alive(notebook)
    notebook.picture(f"never-gone-reopened-{theme}")


def test_a_notebook_without_a_kernel_or_its_run_shows_the_saved_picture(
    open_shaken: Open, lab: Lab, workspace: Workspace
) -> None:
    run = Experiment(workspace, "lost").start_logging(outputs=False, snapshot_directory=None)
    for step in range(30):
        run.log("loss", 1 / (1 + step))
    run.complete()
    notebook = open_shaken(SHOW.format(name="lost"))
    notebook.run_cell(0)
    expect(notebook.panel(0).lines("loss")).to_have_count(1, timeout=20_000)
    notebook.wait_until_idle()
    notebook.save()
    lab.stop_kernels()
    run.folder.rename(lab.home / "gone")

    notebook.page.reload()

    expect(source(notebook)).to_have_attribute("data-source", "picture", timeout=20_000)
    expect(source(notebook).get_by_text("lost · run 1")).to_be_visible()
    expect(source(notebook).locator("img").first).to_be_visible()
    expect_alive(notebook)


def test_notebook_7_shows_the_run_of_a_notebook_that_somebody_sent(
    tmp_path: Path, browser: Browser
) -> None:
    with running(Lab(tmp_path, base_url="/user/jo/", default_url="/tree")) as lab:
        workspace = Workspace(lab.home)
        run = Experiment(workspace, "seven").start_logging(outputs=False, snapshot_directory=None)
        for step in range(30):
            run.log("loss", 1 / (1 + step))
        saved = {
            "application/vnd.run-widgets.run+json": {
                "run_id": run.id,
                "portal_path": run.get_portal_url() + "?workspace=/nowhere",
                "model_id": "gone",
            },
            "application/vnd.jupyter.widget-view+json": {"model_id": "gone"},
            "text/html": "<b>the saved picture</b>",
            "text/plain": "the saved text",
        }
        output = nbformat.v4.new_output("display_data", saved)
        cell = nbformat.v4.new_code_cell("RunDetails(run).show()", outputs=[output])
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), lab.notebooks / "sent.ipynb")
        context = browser.new_context()
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(lab.address("notebooks/sent.ipynb"))

        expect(page.locator(".rw-output")).to_have_attribute("data-source", "files", timeout=30_000)
        expect(page.locator(".rw-status")).to_have_text("Running")
        expect(page.locator(".rw-figure path.line[d]")).to_have_count(1)
        run.complete()
        expect(page.locator(".rw-status")).to_have_text("Completed", timeout=15_000)
        expect(page.get_by_text("Error displaying widget")).to_have_count(0)
        # What only JupyterLab has is not there, and nothing complains of it.
        expect(page.locator(".rw-lab, .rw-lab-status")).to_have_count(0)
        # Notebook 7's own shortcuts complain of settings that they do not have, also without us.
        expected = re.compile(f"{EXPECTED.pattern}|reading 'schema'", re.IGNORECASE)
        assert not [text for text in complaints if not expected.search(text)]
        context.close()
