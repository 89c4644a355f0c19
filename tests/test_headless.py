"""Notebooks that are executed and converted without a browser have the panel's picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

if TYPE_CHECKING:
    from pathlib import Path

WIDGET = "application/vnd.jupyter.widget-view+json"

START = """
import time
from run_widgets import Experiment, RunDetails
run = Experiment(name="mnist").start_logging(outputs=False, snapshot_directory=None)
"""

ENDS = """
RunDetails(run).show()
for step in range(20):
    run.log("loss", 1 / (1 + step))
run.complete()
"""

GOES_ON = """
import os, signal
import run_widgets.panel.run_details as details
details.PICTURE_S = 0.2
RunDetails(run).show()
for step in range(20):
    run.log("loss", 1 / (1 + step))
    time.sleep(0.1)
time.sleep(1)
"""


def executed(folder: Path, *cells: str) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    client.execute()
    return notebook


def panel(notebook: nbformat.NotebookNode, cell: int) -> dict[str, Any]:
    (data,) = [output.data for output in notebook.cells[cell].outputs if "data" in output]
    return dict(data)


def test_the_page_made_of_an_executed_notebook_shows_the_run_offline(tmp_path: Path) -> None:
    notebook = executed(tmp_path, START, ENDS)

    page, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)

    assert WIDGET not in panel(notebook, 1)
    assert "mnist · run 1" in page
    assert "Completed" in page
    assert "data:image/svg+xml;base64" in page


def test_a_notebook_keeps_how_far_a_run_is_while_its_cell_still_goes_on(tmp_path: Path) -> None:
    notebook = executed(tmp_path, START, GOES_ON)

    shown = panel(notebook, 1)

    assert "● Running" in shown["text/html"]
    assert "data:image/svg+xml;base64" in shown["text/html"]
    assert "Vector[20]" in shown["text/plain"]


PLAIN = """
import os, time
os.environ["SERVER_SOFTWARE"] = "voila/0.5"  # a browser, as far as the kernel knows
RunDetails(run).show(plain="picture")
ExperimentDetails(run.experiment).show(plain=True)
run.log("loss", 0.5)
"""

LATER = """
for _ in range(15):
    run.log("loss", 0.25)
    time.sleep(0.2)
"""


def test_a_plain_picture_needs_no_front_end_and_follows_its_run(tmp_path: Path) -> None:
    notebook = executed(tmp_path, START + "from run_widgets import ExperimentDetails", PLAIN, LATER)

    run, listed = [dict(output.data) for output in notebook.cells[1].outputs]

    assert set(run) == set(listed) == {"text/html", "text/plain"}
    assert re.search(r"Vector\[\d{2}\]", run["text/plain"])  # as it was some cells later
    assert "0.25" in listed["text/plain"]


@pytest.mark.parametrize("names_it", [True, False])
def test_a_browser_gets_the_widget(tmp_path: Path, names_it: bool) -> None:
    # Voilà executes as nbclient does, and says in the environment that it is Voilà.
    environment = f"import os; os.environ['SERVER_SOFTWARE'] = 'voila/0.5' if {names_it} else ''"

    notebook = executed(tmp_path, environment + START, ENDS)

    assert (WIDGET in panel(notebook, 1)) is names_it
