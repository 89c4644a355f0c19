"""The panel in JupyterLab, watched while a run goes on."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from run_widgets import Experiment

if TYPE_CHECKING:
    from browser.conftest import Open
    from run_widgets import Run, Workspace

# Computes all the while, as training does: a cell that sleeps would leave the kernel free.
BUSY = """
import time
from run_widgets import Experiment, RunDetails

run = Experiment(name="busy").start_logging(run_id="busy", outputs=False)
RunDetails(run).show()
start = time.monotonic()
for step in range(50):
    run.log("loss", 1 / (1 + step))
    while time.monotonic() < start + 0.2 * (step + 1):
        sum(range(1000))
run.complete()
"""

AGAIN = """
RunDetails(run).show()
"""

# In another process, and so are its values: this kernel has only the folder.
ELSEWHERE = """
import subprocess, sys
from run_widgets import Experiment, Run, RunDetails

exp = Experiment(name="elsewhere")
writer = subprocess.Popen([sys.executable, "-c", '''
import time
from run_widgets import Experiment
run = Experiment(name="elsewhere").start_logging(run_id="elsewhere", outputs=False)
for step in range(20):
    run.log("loss", 1 / (1 + step))
    time.sleep(0.2)
run.complete()
'''])
"""

LOOK_ELSEWHERE = """
import time
while not any(exp.get_runs()):
    time.sleep(0.1)
RunDetails(Run(exp, "elsewhere")).show()
writer.wait()
"""


def only_run(workspace: Workspace, experiment: str) -> Run:
    (run,) = Experiment(workspace, experiment).get_runs()
    return run


def test_a_busy_cell_is_watched_to_its_end_and_seen_again(
    open_notebook: Open, workspace: Workspace
) -> None:
    notebook = open_notebook(BUSY, AGAIN)
    notebook.record_line()
    notebook.run_cell(0)
    panel = notebook.panel(0)
    expect(panel.status).to_have_text("Running", timeout=20_000)
    expect(panel.status).to_have_text("Completed", timeout=20_000)

    drawn = notebook.recorded_line(of=50)
    logged = only_run(workspace, "busy").get_series("loss").at.tolist()
    while_busy = [(at, points) for at, points in drawn if at < logged[-1]]
    first, last = while_busy[0][0], logged[-1]
    seconds = {int(at - first) for at, _ in while_busy}
    lags = [
        logged[sum(each <= at for each in logged) - 1] - logged[before - 1]
        for (_, before), (at, _) in pairwise(while_busy)
    ]
    assert last - first >= 7, drawn
    assert seconds >= set(range(int(last - first))), drawn
    assert max(lags) <= 2.0, lags

    notebook.run_cell(1)
    again = notebook.panel(1)
    expect(again.status).to_have_text("Completed", timeout=20_000)
    expect(again.lines("loss")).to_have_count(1)
    assert again.points("loss") == panel.points("loss") == 50


def test_a_run_of_another_process_is_watched_just_so(open_notebook: Open) -> None:
    notebook = open_notebook(ELSEWHERE, LOOK_ELSEWHERE)
    notebook.record_line()
    notebook.run_all()
    panel = notebook.panel(1)
    expect(panel.status).to_have_text("Running", timeout=20_000)
    expect(panel.status).to_have_text("Completed", timeout=20_000)

    assert len(notebook.recorded_line(of=20)) >= 3


def test_a_run_that_ended_long_ago_is_shown_whole(
    open_notebook: Open, workspace: Workspace
) -> None:
    run = Experiment(workspace, "finished").start_logging(outputs=False, snapshot_directory=None)
    for step in range(30):
        run.log("loss", 1 / (1 + step))
    run.fail(ValueError("the learning rate must be positive"))

    notebook = open_notebook(
        f"""
        from run_widgets import Experiment, Run, RunDetails
        RunDetails(Run(Experiment(name="finished"), {run.id!r})).show()
        """
    )
    notebook.run_all()

    panel = notebook.panel(0)
    expect(panel.status).to_have_text("Failed", timeout=20_000)
    expect(panel.locator(".rw-error")).to_contain_text("the learning rate must be positive")
    expect(panel.lines("loss")).to_have_count(1)
    assert panel.points("loss") == 30
