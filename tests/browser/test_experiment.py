"""The list of an experiment's runs in JupyterLab: live, quick to look through, and compared."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browser.lab_notebook import PICTURES
from run_widgets import Experiment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

    from browser.conftest import Open
    from browser.lab_notebook import LabNotebook
    from lab import Lab
    from run_widgets import Run, Workspace

SHOW = """
from run_widgets import Experiment, ExperimentDetails
exp = Experiment(name={name!r})
ExperimentDetails(exp).show()
"""

# As training does: the kernel computes, and answers nothing.
BUSY = """
import time
end = time.monotonic() + 12
while time.monotonic() < end:
    sum(range(1000))
"""


def start(workspace: Workspace, experiment: str, run_id: str | None = None, **tags: object) -> Run:
    return Experiment(workspace, experiment).start_logging(
        run_id=run_id, outputs=False, snapshot_directory=None, tags=tags
    )


def sweep(workspace: Workspace, experiment: str) -> None:
    """Twelve runs: two learning rates, three widths, two seeds."""
    for lr in (0.1, 0.01):
        for width in (32, 64, 128):
            for seed in (1, 2):
                run = start(workspace, experiment, lr=lr, width=width, seed=seed)
                run.set_goal("accuracy", "maximize")
                for step in range(30):
                    run.log("loss", 1 / (1 + step * lr * width) + seed / 100, step=step)
                    run.log("accuracy", 1 - 1 / (2 + step * lr * width), step=step)
                run.complete()


def shown(open_notebook: Open, name: str, *cells: str, **options: object) -> LabNotebook:
    notebook = open_notebook(SHOW.format(name=name), *cells, **options)  # type: ignore[arg-type]
    notebook.run_cell(0)
    expect(the_list(notebook)).to_be_visible(timeout=20_000)
    return notebook


def the_list(notebook: LabNotebook) -> Locator:
    return notebook.page.locator(".rw-experiment")


TOP_DOWN = """
rows => rows
  .map(row => [parseFloat((row.style.top || row.style.transform).match(/[\\d.]+/)[0]), row])
  .sort(([a], [b]) => a - b)
  .map(([, row]) => row.innerText.trim())
"""


def numbers(notebook: LabNotebook) -> list[str]:
    """The run numbers on screen, from the top."""
    rows = the_list(notebook).locator(".slick-pane-left .slick-row")
    found: list[str] = rows.evaluate_all(TOP_DOWN)
    return found


def choose(notebook: LabNotebook, *runs: int) -> None:
    for run in runs:
        the_list(notebook).get_by_label(f"Choose run {run}", exact=True).click()


def compare(notebook: LabNotebook, kind: str) -> Locator:
    the_list(notebook).get_by_role("tab", name="Compare").click()
    the_list(notebook).get_by_role("button", name=kind, exact=True).click()
    return the_list(notebook).locator(".rw-comparison:visible")


def test_runs_are_listed_newest_first_and_sorted_by_a_click(
    open_notebook: Open, workspace: Workspace
) -> None:
    sweep(workspace, "sorted")
    notebook = shown(open_notebook, "sorted")
    expect(the_list(notebook).locator(".slick-row").first).to_be_visible()

    assert numbers(notebook)[:3] == ["12", "11", "10"]
    the_list(notebook).locator(".slick-header-column", has_text="accuracy").click()

    expect(the_list(notebook).locator(".slick-header-column-sorted")).to_contain_text("accuracy")
    assert numbers(notebook)[:2] == ["6", "5"]  # 0.1 * 128, and the newer of two alike


def test_a_run_of_another_process_appears_and_moves_while_the_kernel_is_busy(
    open_notebook: Open, workspace: Workspace
) -> None:
    live = Experiment(workspace, "live")
    first = start(workspace, "live", "first", lr=0.1)
    first.log("loss", 1.0)
    first.complete()
    notebook = shown(open_notebook, "live", BUSY)
    expect(the_list(notebook)).to_contain_text("1 run")
    notebook.run_cell(1)
    script = f"""
        import time
        from run_widgets import Experiment, Workspace
        exp = Experiment(Workspace({str(workspace.path)!r}), "live")
        run = exp.start_logging(
            display_name="other", outputs=False, snapshot_directory=None, tags={{"lr": 0.00012345}}
        )
        for step in range(40):
            run.log("loss", float(step), step=step)
            time.sleep(0.1)
        run.complete()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)]) as process:
        while not any(run.display_name == "other" for run in live.get_runs()):
            time.sleep(0.01)
        began = time.monotonic()
        row = the_list(notebook).locator(".slick-row", has_text="other").first
        expect(row).to_be_visible(timeout=10_000)
        assert time.monotonic() - began < 3
        expect(row).to_contain_text("Running")
        lr = the_list(notebook).locator(".slick-cell", has_text="0.00012345")
        expect(lr).to_have_js_property("scrollWidth", lr.evaluate("cell => cell.clientWidth"))
        before = row.inner_text()
        expect(row).not_to_have_text(before, timeout=5_000)
        process.wait()
    expect(the_list(notebook).locator(".rw-tile", has_text="Completed")).to_contain_text(
        "2", timeout=5_000
    )


def test_everything_is_looked_at_while_the_kernel_is_busy(
    open_notebook: Open, workspace: Workspace
) -> None:
    sweep(workspace, "busy-list")
    notebook = shown(open_notebook, "busy-list", BUSY)
    expect(the_list(notebook).locator(".slick-row").first).to_be_visible()
    notebook.run_cell(1)

    the_list(notebook).get_by_label("Find runs").fill("lr=0.1")
    expect(the_list(notebook)).to_contain_text("6 of 12 runs")
    choose(notebook, 1, 2, 3)
    comparison = compare(notebook, "Curves")
    expect(comparison.locator(".rw-lines path.line")).to_have_count(3, timeout=5_000)
    comparison.get_by_label("Group by").select_option(label="width")
    expect(comparison.locator(".rw-bands path")).to_have_count(2)
    expect(comparison.locator(".rw-legend")).to_contain_text("width 32")
    compare(notebook, "Differences")
    expect(the_list(notebook).locator(".rw-differences tbody")).to_contain_text("seed")

    kernel = notebook.page.evaluate(
        "jupyterapp.shell.currentWidget.context.sessionContext.kernelDisplayStatus"
    )
    assert kernel == "busy"


def test_a_view_is_remembered(open_notebook: Open, workspace: Workspace) -> None:
    sweep(workspace, "remembered")
    notebook = shown(open_notebook, "remembered")
    the_list(notebook).get_by_label("Find runs").fill("width=64")
    expect(the_list(notebook)).to_contain_text("4 of 12 runs")
    the_list(notebook).get_by_role("button", name="Columns").click()
    the_list(notebook).locator(".rw-option", has_text="seed").get_by_role("checkbox").click()
    notebook.page.keyboard.press("Escape")

    notebook.page.reload()
    notebook.wait_until_idle()
    notebook.run_cell(0)

    expect(the_list(notebook)).to_contain_text("4 of 12 runs", timeout=20_000)
    expect(the_list(notebook).locator(".slick-header")).not_to_contain_text(["seed"])
    the_list(notebook).get_by_role("button", name="Reset view").click()
    expect(the_list(notebook)).to_contain_text("12 runs")


def test_the_keyboard_walks_through_the_table_and_chooses(
    open_notebook: Open, workspace: Workspace
) -> None:
    sweep(workspace, "keys")
    notebook = shown(open_notebook, "keys")
    expect(the_list(notebook).locator(".slick-row").first).to_be_visible()
    the_list(notebook).get_by_role("button", name="Save as CSV").focus()

    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press(" ")

    expect(the_list(notebook).get_by_label("Choose run 11", exact=True)).to_be_checked()
    expect(the_list(notebook).get_by_role("tab", name="Compare")).to_contain_text("1")
    notebook.page.keyboard.press("s")  # by run number the other way round
    expect(
        the_list(notebook).get_by_role("columnheader", name="Run", exact=True)
    ).to_have_attribute("aria-sort", "ascending")
    assert numbers(notebook)[:2] == ["1", "2"]
    for _ in range(3):  # the box that chooses all is a stop of its own, but no cell is
        notebook.page.keyboard.press("Tab")
    expect(the_list(notebook).locator(".rw-grid :focus")).to_have_count(0)  # out of the table
    expect(notebook.page.locator(".jp-Cell")).to_have_count(1)  # no shortcut of the notebook's


def test_a_run_that_is_deleted_under_ones_eyes_is_gone(
    open_notebook: Open, workspace: Workspace
) -> None:
    runs = [start(workspace, "deleted") for _ in range(3)]
    for run in runs:
        run.complete()
    notebook = shown(open_notebook, "deleted")
    expect(the_list(notebook)).to_contain_text("3 runs")
    choose(notebook, 2)

    runs[1].delete()

    expect(the_list(notebook)).to_contain_text("2 runs", timeout=5_000)
    assert numbers(notebook) == ["3", "1"]


def test_an_experiment_without_runs_says_how_to_start_one(
    open_notebook: Open, workspace: Workspace
) -> None:
    Experiment(workspace, "empty")
    notebook = shown(open_notebook, "empty")

    expect(the_list(notebook)).to_contain_text("start_logging()")
    start(workspace, "empty").complete()
    row = the_list(notebook).locator(".slick-row").first
    expect(row).to_be_visible(timeout=5_000)

    # A scroll bar that nobody needs once lay over the only row.
    seen = (
        the_list(notebook)
        .locator(".slick-viewport-top")
        .evaluate_all("parts => parts.map(part => part.clientHeight)")
    )
    assert min(seen) >= row.evaluate("row => row.offsetHeight")


def test_an_experiment_is_its_list(open_notebook: Open, workspace: Workspace) -> None:
    sweep(workspace, "itself")
    notebook = open_notebook("from run_widgets import Experiment\nExperiment(name='itself')")
    notebook.run_cell(0)

    expect(the_list(notebook)).to_contain_text("12 runs", timeout=20_000)


# What each comparison of runs has once it is drawn.
DRAWN = {
    "Curves": ".rw-lines path.line >> nth=11",
    "Differences": ".rw-differences tbody tr >> nth=0",
    "Scatter": ".rw-dots-of-runs path >> nth=0",
    "Parallel coordinates": ".rw-parallel svg g >> nth=0",
}


@pytest.mark.parametrize(("theme", "width"), [("light", 1600), ("dark", 1600), ("light", 700)])
def test_pictures(open_notebook: Open, workspace: Workspace, theme: str, width: int) -> None:
    name = f"look-{theme}-{width}"
    sweep(workspace, name)
    notebook = shown(open_notebook, name, theme=theme, width=width)
    expect(the_list(notebook).locator(".slick-row").first).to_be_visible()
    notebook.picture(f"list-{theme}-{width}", the_list(notebook))
    the_list(notebook).get_by_label("Choose all").click()

    for kind, marks in DRAWN.items():
        comparison = compare(notebook, kind)
        expect(comparison.locator(marks)).to_be_attached()
        notebook.picture(f"{kind.lower().split()[0]}-{theme}-{width}", the_list(notebook))

    box = the_list(notebook).bounding_box()
    assert box is not None
    assert box["width"] <= width


def test_a_reload_while_the_kernel_is_busy_keeps_the_list_live(
    open_notebook: Open, workspace: Workspace
) -> None:
    sweep(workspace, "reloaded")
    notebook = shown(open_notebook, "reloaded", BUSY)
    expect(the_list(notebook)).to_contain_text("12 runs")
    notebook.save()
    notebook.run_cell(1)

    notebook.page.reload()

    expect(the_list(notebook)).to_contain_text("12 runs", timeout=20_000)
    expect(notebook.page.locator(".rw-output[data-source=files]")).to_have_count(1)
    start(workspace, "reloaded").complete()
    expect(the_list(notebook)).to_contain_text("13 runs", timeout=5_000)
    choose(notebook, 1, 2)
    expect(compare(notebook, "Curves").locator(".rw-lines path.line")).to_have_count(2)


def test_the_page_of_an_experiment_is_its_list(
    lab: Lab, browser: Browser, workspace: Workspace
) -> None:
    sweep(workspace, "page")
    parent = start(workspace, "page")
    parent.child_run(tags={"width": 2**40}).complete()
    parent.complete()
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(lab.address(f"run-widgets/page?workspace={workspace.path}"))
    the_page = page.locator(".rw-experiment")

    expect(the_page).to_contain_text("13 runs", timeout=10_000)
    expect(the_page.locator(".slick-row").first).to_be_visible()
    start(workspace, "page").complete()
    expect(the_page).to_contain_text("14 runs", timeout=5_000)
    page.screenshot(path=PICTURES / "experiment-page.png")
    # Child runs have more to say in a column than it was wide before.
    the_page.get_by_label("Include child runs").check()
    wide = the_page.locator(".slick-cell", has_text=str(2**40))
    expect(wide).to_be_visible(timeout=5_000)
    assert wide.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
    the_page.locator(".rw-run a", has_text="12").first.click()
    assert complaints == []
    context.close()
