"""Very many of a thing: rows, child runs, panels of one notebook; and none of our front end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from browser.test_look import begin, look_at

if TYPE_CHECKING:
    from browser.conftest import Open
    from run_widgets import Workspace

SCROLL_TO_END = """
() => {
  const parts = [...document.querySelectorAll(".rw-grid .slick-viewport")];
  const part = parts.find((each) => each.scrollHeight > each.clientHeight);
  part.scrollTop = part.scrollHeight;
}
"""

PANELS = """
import gc, threading, weakref
from ipywidgets.widgets import widget as registry
from run_widgets import Experiment, RunDetails

def counts():
    gc.collect()
    pollers = [t for t in threading.enumerate() if t.name.startswith("run-widgets panel")]
    panels = [w for w in registry._instances.values() if isinstance(w, RunDetails)]
    return len(pollers), len(panels), len(registry._instances)

before = counts()
run = Experiment(name="crowd").start_logging(outputs=False, snapshot_directory=None)
run.log_list("loss", [3, 2, 1])
"""

# Of one cell JupyterLab shows fifty outputs.
SHOW = """
for _ in range(50):
    RunDetails(run).show()
"""

TELL = """
run.complete()
for _ in range(100):
    left = counts()
    if left[0] == 0:
        break
    import time; time.sleep(0.1)
print("threads", left[0], "panels", left[1])
"""

CLOSE = """
for widget in list(registry._instances.values()):
    if isinstance(widget, RunDetails):
        widget.close()
print("left behind", counts()[2] - before[2])
"""

PLAIN = """
import time
from run_widgets import Experiment, RunDetails

run = Experiment(name="plain").start_logging(outputs=False, snapshot_directory=None)
run.log_list("<b>loss</b>", [4, 3])
RunDetails(run).show(plain=True)
for step in range(30):
    run.log_list("<b>loss</b>", [3 / (1 + step)])
    time.sleep(0.1)
run.log("accuracy", 0.93)
run.complete()
"""


def test_rows_beyond_the_first_thousand_come_from_the_runs_files(
    open_notebook: Open, workspace: Workspace
) -> None:
    run = begin(workspace, "rows")
    words = ["cat", "dog", "<b>ox</b>"]
    run.log_table("events", {"n": list(range(30_000)), "word": words * 10_000})
    run.complete()
    notebook, panel = look_at(run, open_notebook)
    panel.root.get_by_role("tab", name=re.compile("Tables")).click()
    note = panel.locator(".rw-table .rw-note").last
    expect(note).to_have_text(re.compile("^30"))
    rows = panel.locator(".rw-grid .slick-row")

    expect(rows.first).to_have_text(re.compile("^0cat"))
    notebook.page.evaluate(SCROLL_TO_END)
    last = rows.filter(has_text=re.compile(r"^29,?999<b>ox</b>"))
    expect(last).to_be_visible()

    head = panel.root.locator(".rw-grid .slick-header-column", has_text="n").first
    head.click()
    head.click()  # from the last to the first; the end stays in sight
    expect(rows.filter(has_text=re.compile("^0cat"))).to_be_visible()
    panel.root.get_by_label("Filter rows of events").fill("OX")
    expect(note).to_have_text(re.compile("^10.* of 30"))


def test_child_runs_are_compared_as_lines_and_one_opens_in_place(
    open_notebook: Open, workspace: Workspace
) -> None:
    run = begin(workspace, "sweep")
    for lr in (0.1, 0.01, 0.001):
        with run.child_run(f"lr {lr}") as child:
            child.tag("lr", str(lr))
            child.log("loss", lr)
    run.complete()
    notebook, panel = look_at(run, open_notebook)
    panel.root.get_by_role("tab", name=re.compile("Children")).click()
    panel.root.get_by_role("button", name="Parallel coordinates").click()
    expect(panel.locator(".rw-parallel .rw-axis-name")).to_have_text(["lr", "loss"])

    # The middle one crosses in the middle: both axes are of the same values.
    plot = panel.locator(".rw-parallel").bounding_box()
    assert plot is not None
    readout = panel.locator(".rw-parallel .rw-readout")
    for share in range(20, 95):
        notebook.page.mouse.move(
            plot["x"] + 0.3 * plot["width"], plot["y"] + plot["height"] * share / 100
        )
        if readout.is_visible():
            break
    name = readout.locator(".rw-where").inner_text()
    notebook.page.mouse.down()
    notebook.page.mouse.up()
    child = panel.locator(".rw-child .rw-panel").first
    expect(child.locator("h3").first).to_contain_text(name.partition(" · ")[2])


def test_a_hundred_panels_leave_no_thread_and_no_widget(open_notebook: Open) -> None:
    notebook = open_notebook(PANELS, SHOW, SHOW, TELL, CLOSE)
    panels = notebook.page.locator(".rw-panel")
    for cell in (0, 1, 2):
        notebook.run_cell(cell)
    expect(panels).to_have_count(100, timeout=60_000)

    notebook.run_cell(1)  # again: its panels take the places of those before
    notebook.run_cell(3)
    out = notebook.page.locator(".jp-Cell").nth(3).locator(".jp-OutputArea-output")
    expect(out).to_have_text("threads 0 panels 100", timeout=60_000)
    expect(panels).to_have_count(100, timeout=60_000)
    expect(panels.first.locator(".rw-status")).to_have_text("Completed")

    notebook.run_cell(4)
    left = notebook.page.locator(".jp-Cell").nth(4).locator(".jp-OutputArea-output")
    expect(left).to_have_text("left behind 0", timeout=60_000)


def test_the_plain_panel_is_live_without_our_front_end(open_notebook: Open) -> None:
    notebook = open_notebook(PLAIN)
    notebook.run_cell(0)
    output = notebook.page.locator(".jp-Cell").nth(0).locator(".jp-OutputArea")
    line = output.locator(".bqplot path.line")
    expect(line).to_have_count(1, timeout=20_000)

    first = line.get_attribute("d")
    notebook.page.wait_for_function(
        "d => document.querySelector('.bqplot path.line').getAttribute('d') !== d", arg=first
    )
    expect(output).to_contain_text("Running")  # the cell is busy all the while
    expect(output).to_contain_text("Completed", timeout=20_000)
    expect(output).to_contain_text("<b>loss</b>")
    expect(output).to_contain_text("0.93")
    expect(notebook.page.locator(".rw-panel")).to_have_count(0)
    # bqplot draws before it is laid out, and Chromium then tells of sizes below 0.
    notebook.complaints[:] = [line for line in notebook.complaints if "A negative" not in line]
