"""A training being watched: in JupyterLab, or in the terminal."""

from __future__ import annotations

import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.tracking import Experiment, Workspace

if TYPE_CHECKING:
    from run_widgets.tracking import Run

EXPERIMENT = "demo"
NOTEBOOK = "run-widgets-demo.ipynb"
TRAINING = Path(__file__).with_name("spirals.py")

INTRODUCTION = """
# Watch a training

Run all cells, and look: the curves grow while the cell that trains is still busy.
"""

WATCH = f"""
from run_widgets import Experiment, RunDetails

run = Experiment(name="{EXPERIMENT}").start_logging(snapshot_directory=None)
RunDetails(run).show()
"""

TRAIN = """
with run:
    train(run, steps=600, pause_s=0.1)
"""


def write_notebook(folder: Path) -> Path:
    """Write the notebook of the demo into `folder`, and return where it lies."""
    nbformat: Any = import_module("nbformat")  # its functions have no types
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(INTRODUCTION.strip()),
            nbformat.v4.new_code_cell(TRAINING.read_text().strip()),
            nbformat.v4.new_code_cell(WATCH.strip()),
            nbformat.v4.new_code_cell(TRAIN.strip()),
        ]
    )
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    path = folder / NOTEBOOK
    nbformat.write(notebook, path)
    return path


def open_lab(notebook: Path, *, browser: bool) -> int:
    """Keep JupyterLab open on a notebook until Ctrl-C; return its exit code."""
    command = [sys.executable, "-m", "jupyterlab", str(notebook)]
    process = subprocess.Popen(command if browser else [*command, "--no-browser"])
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the terminal has told JupyterLab too, and it may ask whether that is meant


def in_terminal(workspace: Workspace, steps: int, pause_s: float, *, is_shown: bool) -> Run:
    """Train in a thread, and show it here until it ends where `is_shown`."""
    from run_widgets.cli import run_view
    from run_widgets.cli.spirals import train
    from run_widgets.reading.run import Reading

    run = Experiment(workspace, EXPERIMENT).start_logging(outputs=False, snapshot_directory=None)

    def work() -> None:
        try:
            train(run, steps=steps, pause_s=pause_s)
        except BaseException as error:
            run.fail(error)
            raise
        run.complete()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    reading = Reading(run.store, run.id)
    try:
        if is_shown:
            run_view.watch(reading)
        worker.join()
    except KeyboardInterrupt:
        run.store.request_stop(run.id)  # the training asks at each step
        raise
    finally:
        worker.join()
        reading.close()
    return run
