"""What JupyterLab itself has of runs: its side, its tabs, its commands, its status bar."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from lab import Lab, running
from run_widgets import Experiment, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from browser.conftest import Open
    from browser.lab_notebook import LabNotebook

# In another process: logs until it is told to log NaN, and until it is told to end.
ELSEWHERE = """
import sys, threading, time
from run_widgets import Experiment

said = []
threading.Thread(target=lambda: said.extend(map(str.strip, sys.stdin)), daemon=True).start()
run = Experiment(name="elsewhere").start_logging(
    outputs=False, snapshot_directory=None, display_name='wide "net"'
)
for step in run.track(range(100_000)):
    run.log("loss", float("nan") if "nan" in said else 1 / (1 + step))
    said[:] = [word for word in said if word != "nan"]
    if "end" in said:
        break
    time.sleep(0.02)
run.complete()
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A Lab whose runs are those of this file alone."""
    with running(Lab(tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


class Elsewhere:
    """A run of another process that does as it is told."""

    def __init__(self, lab: Lab) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", ELSEWHERE],
            env={**os.environ, "RUN_WIDGETS_HOME": str(lab.home)},
            stdin=subprocess.PIPE,
            text=True,
        )

    def tell(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def elsewhere(lab: Lab) -> Iterator[Elsewhere]:
    process = Elsewhere(lab)
    yield process
    process.kill()


def open_lab(open_notebook: Open, lab: Lab, *cells: str, theme: str = "light") -> LabNotebook:
    """Open a notebook with all that is around it, and the runs at its side."""
    notebook = open_notebook(*cells, theme=theme)
    notebook.page.goto(lab.address(f"lab/tree/{notebook.name}?reset"))
    notebook.wait_until_idle()
    execute(notebook.page, "run-widgets:show-runs")
    return notebook


def execute(page: Page, command: str) -> None:
    page.evaluate("command => { jupyterapp.commands.execute(command) }", command)


def row(page: Page, name: str) -> Locator:
    return page.locator(".rw-lab-run", has_text=name)


def toasts(page: Page, text: str) -> Locator:
    return page.locator(".Toastify__toast", has_text=text)


def wait_until_layout_is_kept(lab: Lab, what: str) -> None:
    """Return when a reload would bring back a tab."""
    deadline = time.monotonic() + 15
    # Once as a tab that there is, once for where it is.
    while str(lab.get("lab/api/workspaces")).count(what) < 2:
        assert time.monotonic() < deadline, f"the layout has no {what}"
        time.sleep(0.1)


def test_a_run_of_another_process_is_at_hand_from_its_first_value_to_its_end(
    open_notebook: Open, lab: Lab, elsewhere: Elsewhere
) -> None:
    notebook = open_lab(open_notebook, lab, "1 + 1")
    page = notebook.page
    wide = row(page, 'wide "net"')

    # Live in the list and in the status bar.
    expect(wide.locator(".rw-lab-state")).to_have_text(re.compile(r"^0 % · "), timeout=20_000)
    expect(wide.locator(".rw-spark-line[d]")).to_be_visible()
    expect(page.locator(".rw-lab-status")).to_have_text("1 running")
    before = wide.locator(".rw-lab-value").inner_text()
    expect(wide.locator(".rw-lab-value")).not_to_have_text(before)

    # The first NaN is told of.
    elsewhere.tell("nan")
    expect(toasts(page, "loss became NaN at step")).to_be_visible(timeout=15_000)
    expect(wide.locator(".rw-lab-nan")).to_be_visible()
    toasts(page, "loss became NaN").get_by_role("button", name="Open").click()
    status = page.locator(".rw-lab-tab .rw-headline .rw-status")
    expect(status).to_have_text("Running", timeout=15_000)
    line = page.locator(".rw-lab-tab .rw-figure path.line[d]")
    expect(line.first).to_be_visible(timeout=15_000)
    notebook.picture("lab-run")

    # A cell that shows it, in the notebook that is open.
    wide.hover()
    wide.get_by_role("button", name="Insert").click()
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)
    notebook.run_cell(1)
    expect(notebook.panel(1).status).to_have_text("Running", timeout=20_000)

    # Its experiment, whose runs open as tabs too; the run has its tab already.
    page.locator(".rw-lab-group .rw-lab-name").click()
    runs = page.locator(".rw-lab-tab .rw-grid")
    expect(runs).to_be_visible(timeout=15_000)
    runs.get_by_role("link", name="Run 1").click()
    expect(status).to_be_visible()
    wide.click()
    expect(page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text="wide")).to_have_count(1)
    wait_until_layout_is_kept(lab, "run-widgets-run:")

    # Its end is told of once, and not again to a page that has not seen it run.
    elsewhere.tell("end")
    expect(toasts(page, "of elsewhere completed")).to_be_visible(timeout=15_000)
    expect(wide).to_have_attribute("data-status", "completed")
    expect(page.locator(".rw-lab-status")).to_be_hidden()
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save-all')")
    page.reload()
    expect(status).to_have_text("Completed", timeout=30_000)
    expect(wide).to_have_attribute("data-status", "completed", timeout=15_000)
    expect(page.locator(".Toastify__toast")).to_have_count(0)


def test_runs_are_found_and_reached_from_launcher_and_menu(open_notebook: Open, lab: Lab) -> None:
    # What is not wanted is not told of.
    lab.set("run-widgets:lab", notifyCompleted=False)
    workspace = Workspace(lab.home)
    experiment = Experiment(workspace, "finding")
    runs = [
        experiment.start_logging(outputs=False, snapshot_directory=None, display_name=name)
        for name in ("shallow", "deep", "<img src=x onerror=alert(1)>")
    ]
    for run in runs:
        run.log("loss", 1.0)
        run.log("loss", 0.5)
    runs[0].complete()
    runs[2].fail(error_details="out of memory")
    notebook = open_lab(open_notebook, lab, "1 + 1", theme="dark")
    page = notebook.page

    expect(row(page, "deep")).to_have_attribute("data-status", "running", timeout=20_000)
    expect(row(page, "shallow").locator(".rw-spark-line[d]")).to_be_visible()
    expect(row(page, "<img")).to_contain_text("Failed · out of memory")
    notebook.picture("lab-side-dark")

    # By keyboard alone it is found, and asked to end.
    page.get_by_label("Filter runs").fill("finding deep")
    expect(page.locator(".rw-lab-run")).to_have_count(1)
    for key in ("Tab", "ArrowDown", "Shift+F10"):
        page.keyboard.press(key)
    expect(page.locator(".lm-Menu-item", has_text="Stop Run")).to_be_visible()
    for key in ("ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_contain_text("deep (run 2 of finding)")
    page.keyboard.press("Enter")
    expect(row(page, "deep")).to_contain_text("Stopping", timeout=15_000)
    assert runs[1].should_stop()
    runs[1].complete()
    expect(row(page, "deep")).to_have_attribute("data-status", "completed", timeout=15_000)
    expect(page.locator(".Toastify__toast")).to_have_count(0)

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row(page, "deep").click(button="right")
    page.locator(".lm-Menu-item", has_text="Copy Run ID").click()
    copied = "id => navigator.clipboard.readText().then(text => text === id)"
    page.wait_for_function(copied, arg=runs[1].id)
    row(page, "deep").click(button="right")
    stop = page.locator(".lm-Menu-item", has_text="Stop Run")
    expect(stop).to_have_class(re.compile("lm-mod-disabled"))
    page.locator(".lm-Menu-item", has_text="Open Run").first.click()
    title = page.locator(".rw-lab-tab .rw-title").first
    expect(title).to_contain_text("deep", timeout=15_000)

    execute(page, "application:toggle-left-area")
    expect(page.locator(".rw-lab-list")).to_be_hidden()
    execute(page, "launcher:create")
    page.locator(".jp-LauncherCard", has_text="Runs").click()
    expect(page.locator(".rw-lab-list")).to_be_visible()

    execute(page, "run-widgets:open-experiment")
    page.get_by_role("dialog").get_by_role("combobox").select_option("finding")
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect(page.locator(".rw-lab-tab .rw-grid")).to_be_visible(timeout=15_000)

    # Where no notebook is open, the cell comes in a new one.
    page.goto(lab.address("lab?reset"))
    page.wait_for_function("() => window.jupyterapp?.restored.then(() => true)")
    page.wait_for_function("() => jupyterapp.commands.hasCommand('run-widgets:show-runs')")
    execute(page, "run-widgets:show-runs")
    row(page, "shallow").hover()
    row(page, "shallow").get_by_role("button", name="Insert").click()
    cell = page.locator(".jp-Notebook .jp-Cell").first
    expect(cell).to_contain_text(f'get_run("{runs[0].id}")', timeout=20_000)
