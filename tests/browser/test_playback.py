"""A run is looked at as it was: in a notebook whose kernel computes, and in a file without any."""

from __future__ import annotations

import contextlib
import io
import re
import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from browser.test_export import offline
from browser.test_look import PNG, begin, look_at
from run_widgets import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from browser.conftest import Open
    from run_widgets import Run

__all__ = ["offline"]

STEPS = 40

POINTS = "path => path.getAttribute('d').match(/[ML]/g).length"


def trained(run: Run) -> Run:
    """Log and print for two seconds, and end."""
    with contextlib.suppress(MemoryError), run:
        for step in range(STEPS):
            print(f"at step {step}")
            run.log("train/loss", 1 / (1 + step), step=step)
            if step >= 10:
                run.log("tokens", 1000 * step, step=step)
            if step % 10 == 9:
                matrix = {"data": {"matrix": [[step, 1], [2, step]]}}
                run.log_confusion_matrix("classes", matrix, step=step)
                run.log_row("epochs", epoch=step // 10, note=f"epoch {step // 10}")
            time.sleep(0.05)
        run.upload_file("outputs/end.png", io.BytesIO(PNG))
        raise MemoryError("out of memory")
    return run


def played_back(panel: Locator) -> None:
    """Go back by the pointer and the keys, play to the end, and leave."""
    line = panel.locator(".rw-chart[aria-label='train/loss'] path.line[d]:not([d=''])")
    status = panel.locator(".rw-status").first
    expect(line).to_have_count(1)
    assert line.evaluate(POINTS) == STEPS
    panel.get_by_role("button", name="Play back").click()
    moment = panel.get_by_role("slider", name="Moment of the run")
    expect(moment).to_be_focused()

    middle = moment.bounding_box()
    assert middle is not None
    moment.click(position={"x": middle["width"] / 2, "y": middle["height"] / 2})
    expect(status).to_have_text("Running")
    assert STEPS / 4 < line.evaluate(POINTS) < 3 * STEPS / 4

    moment.press("Home")
    for _ in range(5):
        moment.press("PageUp")
    expect(status).to_have_text("Running")
    expect(panel.locator(".rw-error")).to_be_hidden()
    expect(panel.locator(".rw-document footer")).not_to_contain_text(f"step {STEPS - 1}")
    expect(panel.get_by_role("button", name="Stop")).to_be_hidden()
    half = line.evaluate(POINTS)
    assert STEPS / 4 < half < 3 * STEPS / 4

    # Its lines have no times: how far it had come was noted.
    panel.get_by_role("tab", name="Logs").click()
    expect(panel.locator(".rw-log")).to_contain_text("at step 5")
    expect(panel.locator(".rw-log")).not_to_contain_text(f"at step {STEPS - 1}")
    panel.get_by_role("tab", name="Overview").click()

    panel.get_by_role("combobox", name="Speed").select_option("1×")
    moment.press(" ")
    expect(panel.get_by_role("button", name="Pause")).to_be_visible()
    expect(status).to_have_text("Failed", timeout=10_000)
    expect(panel.get_by_role("button", name="Play")).to_be_visible()
    assert line.evaluate(POINTS) == STEPS
    moment.press("Home")
    moment.press("Escape")
    expect(moment).to_be_hidden()
    expect(status).to_have_text("Failed")
    expect(panel.locator(".rw-error")).to_contain_text("out of memory")
    assert line.evaluate(POINTS) == STEPS


def test_a_run_is_played_back_in_a_notebook_whose_kernel_computes(
    open_notebook: Open, workspace: Workspace
) -> None:
    run = trained(begin(workspace, "played-back"))
    notebook, panel = look_at(run, open_notebook)
    notebook.wait_until_idle()
    notebook.page.evaluate(
        "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".requestExecute({ code: 'import time; time.sleep(60)' }) && null"
    )

    played_back(panel.root)


def test_a_file_is_played_back_drawn_over_a_metric_and_its_matrices_led_through(
    offline: Page, tmp_path: Path
) -> None:
    run = trained(begin(Workspace(tmp_path / "workspace"), "in-a-file"))
    offline.goto(run.to_html(tmp_path / "run.html").as_uri())
    panel = offline.locator(".rw-panel")

    played_back(panel)

    panel.get_by_role("combobox", name="Horizontal axis").select_option("tokens")
    chart = panel.locator(".rw-chart[aria-label='train/loss']")
    expect(chart.locator(".axislabel").first).to_have_text("tokens")
    expect(chart).to_contain_text("10 before the first tokens")
    chart.locator(".rw-plot").press("ArrowLeft")
    expect(chart.locator(".rw-readout")).to_contain_text(re.compile(r"tokens 39,000\s*0\.025"))

    matrix = panel.locator(".rw-document")
    expect(matrix.locator("footer")).to_contain_text("step 39")
    matrix.get_by_role("slider").press("Home")
    expect(matrix.locator("td").first).to_have_text("9")
    expect(matrix.locator("footer")).to_contain_text("1 of 4")
