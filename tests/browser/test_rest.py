"""A panel that nobody looks at costs nothing, and goes on when somebody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.conftest import Open
    from browser.lab_notebook import LabNotebook

START = """
from run_widgets import Experiment, RunDetails
run = Experiment(name="rest").start_logging(outputs=False, snapshot_directory=None)
run.log_list("loss", [3, 2, 1])
details = RunDetails(run)
"""

THREADS = """
import threading
print("threads:", sum("run-widgets panel" in thread.name for thread in threading.enumerate()))
"""


def expect_threads(notebook: LabNotebook, cell: int, count: int) -> None:
    output = notebook.page.locator(".jp-Cell").nth(cell).locator(".jp-OutputArea-output").last
    for _ in range(50):  # the browser's count reaches the kernel between two cells
        notebook.run_cell(cell)
        notebook.page.wait_for_timeout(200)
        notebook.wait_until_idle()
        if output.inner_text().strip() == f"threads: {count}":
            return
    expect(output).to_have_text(f"threads: {count}")


def test_a_panel_rests_while_its_output_is_cleared(open_notebook: Open) -> None:
    notebook = open_notebook(START, "details.show()", THREADS, "details.show()")
    notebook.run_cell(0)
    notebook.run_cell(1)
    expect(notebook.panel(1).lines("loss")).to_have_count(1, timeout=20_000)
    expect_threads(notebook, 2, 1)

    notebook.page.evaluate(
        "() => { jupyterapp.commands.execute('notebook:clear-all-cell-outputs') }"
    )
    expect(notebook.page.locator(".rw-panel")).to_have_count(0)
    expect_threads(notebook, 2, 0)

    notebook.run_cell(3)
    expect(notebook.panel(3).lines("loss")).to_have_count(1, timeout=20_000)
    expect_threads(notebook, 2, 1)
