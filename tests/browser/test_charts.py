"""Looking at charts is in the browser's hands: while the kernel computes, and among very many."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from browser.test_look import begin, look_at

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

    from browser.conftest import Open
    from browser.lab_notebook import LabNotebook
    from run_widgets import Workspace

# Computes all the while: what a person does to look reaches no kernel.
BUSY = """
import time
from run_widgets import Experiment, RunDetails

run = Experiment(name="busy-charts").start_logging(outputs=False, snapshot_directory=None)
RunDetails(run, columns=3).show()
start = time.monotonic()
for step in range(60):
    run.log("train/loss", 1 / (1 + step), step=step)
    run.log("val/loss", 2 / (1 + step), step=step)
    run.log("lr", 0.1, step=step)
    while time.monotonic() < start + 0.2 * (step + 1):
        sum(range(1000))
run.complete()
"""


def drag(notebook: LabNotebook, chart: Locator, start: float, end: float) -> None:
    """Draw across a chart, from one share of its width to another."""
    box = chart.locator(".rw-plot").bounding_box()
    assert box is not None
    mouse, y = notebook.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + start * box["width"], y)
    mouse.down()
    mouse.move(box["x"] + end * box["width"], y, steps=4)
    mouse.up()


def ticks(chart: Locator) -> list[str]:
    """What the horizontal axis says."""
    found = chart.locator(".axis .tick text[dy='0.71em']").all_inner_texts()
    return [text for text in found if text]


def test_all_looking_works_while_the_kernel_computes(open_notebook: Open) -> None:
    notebook = open_notebook(BUSY)
    notebook.run_cell(0)
    panel = notebook.panel(0)
    loss = panel.chart("train/loss")
    expect(loss.locator(".tick text", has_text=re.compile("^10$"))).to_be_visible(timeout=20_000)

    drag(notebook, loss, 0.3, 0.6)
    expect(loss.locator(".rw-back")).to_be_visible()
    zoomed = ticks(loss)
    panel.root.get_by_label("Smoothing").fill("0.5")
    expect(loss.locator(".rw-layer path")).to_have_count(1)
    panel.root.get_by_label("Scale of the vertical axis").select_option("log")
    expect(panel.chart("lr").locator(".rw-newest")).to_have_text("0.1")
    points = panel.points("lr")
    notebook.page.wait_for_function(
        "([cell, n]) => (document.querySelectorAll('.rw-chart[aria-label=lr] path.line')[0]"
        ".getAttribute('d').match(/[ML]/g) ?? []).length > n + 5",
        arg=[0, points],
    )
    assert ticks(loss) == zoomed, "a zoom survives what comes"

    loss.locator(".rw-back").click()
    expect(loss.locator(".rw-back")).to_be_hidden()
    panel.root.get_by_role("button", name="overlay").click()
    shared = panel.chart("loss")
    expect(shared.locator(".rw-legend li")).to_have_count(2)
    expect(loss).to_have_count(0)
    shared.get_by_role("button", name="val/loss").click(modifiers=["Alt"])
    expect(shared.locator(".rw-legend [aria-pressed=false]")).to_have_text("train/loss")
    expect(panel.status).to_have_text("Running")  # all that while the cell was busy
    expect(panel.status).to_have_text("Completed", timeout=20_000)


def test_zooming_in_brings_every_point_of_the_runs_files(
    open_notebook: Open, workspace: Workspace
) -> None:
    run = begin(workspace, "long")
    for step in range(100_000):
        run.log("wave", 5.0 if step == 50_123 else math.sin(step), step=step)
    run.complete()
    notebook, panel = look_at(run, open_notebook)
    wave = panel.chart("wave")
    note = wave.locator(".rw-chart > header > .rw-note, header > .rw-note")
    expect(note).to_have_text(re.compile(r"^showing [\d,]+ of 100 k$"), timeout=20_000)

    # Twice, as a tenth of a line is still more than a screen can show.
    drag(notebook, wave, 0.5, 0.56)
    expect(note).to_have_text(re.compile(r"^showing [\d,]+ of about [\d,]+$"))
    drag(notebook, wave, 0.4, 0.5)
    expect(note).to_have_text("every point")
    assert 300 < panel.points("wave") < 2000

    wave.locator(".rw-plot").dblclick()
    expect(note).to_have_text(re.compile(r"^showing [\d,]+ of 100 k$"))
    wave.get_by_role("button", name="More").click()
    with notebook.page.expect_download() as download:
        wave.get_by_role("menuitem", name="Save values as CSV").click()
    assert download.value.suggested_filename == "wave.csv"
    with open(download.value.path()) as file:
        rows = file.read().splitlines()
    assert len(rows) == 1 + 100_000
    assert float(rows[1 + 50_123].rpartition(",")[2]) == 5.0


def test_of_a_thousand_charts_only_those_in_sight_are_drawn(
    open_notebook: Open, workspace: Workspace
) -> None:
    run = begin(workspace, "many")
    for step in range(3):
        for k in range(1000):
            run.log(f"layer{k // 100}/w{k % 100}", math.sin(step + k), step=step)
    run.complete()
    notebook, panel = look_at(run, open_notebook)
    expect(panel.lines("layer0/w0")).to_have_count(1, timeout=20_000)
    expect(panel.locator(".rw-slot")).to_have_count(1000)
    expect(panel.locator(".rw-pairs dt")).to_have_count(1000)
    expect(panel.root.get_by_label("Horizontal axis").locator("optgroup option")).to_have_count(
        1000
    )
    assert panel.locator(".bqplot").count() < 30

    panel.root.get_by_label("Filter charts by name").fill("/layer9.w9[89]/")
    expect(panel.lines("layer9/w99")).to_have_count(1)
    expect(panel.locator(".rw-slot:visible")).to_have_count(2)
    panel.root.get_by_label("Filter charts by name").fill("")
    panel.root.get_by_role("button", name="layer0 100").click()
    expect(panel.lines("layer1/w0")).to_have_count(1)
    for _ in range(30):
        notebook.page.mouse.wheel(0, 1500)
        notebook.page.wait_for_timeout(30)
    assert panel.locator(".bqplot").count() <= 60


def test_a_chart_can_be_kept_as_a_file_and_read_as_a_table(
    open_notebook: Open, workspace: Workspace, tmp_path: Path
) -> None:
    run = begin(workspace, "kept")
    for step in range(5):
        run.log("=loss", step / 4, step=step)
    run.complete()
    notebook, panel = look_at(run, open_notebook)
    chart = panel.chart("=loss")
    expect(panel.lines("=loss")).to_have_count(1, timeout=20_000)
    kept = {}
    for kind in ("PNG", "SVG", "CSV"):
        chart.hover()
        chart.get_by_role("button", name="More").click()
        with notebook.page.expect_download() as download:
            chart.get_by_role("menuitem", name=kind).click()
        kept[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(kept[kind])
    assert kept["PNG"].read_bytes().startswith(b"\x89PNG")
    assert kept["SVG"].read_text().count("<path") == 1
    rows = kept["CSV"].read_text().splitlines()
    assert rows[0] == "line,step,time,value"
    assert [row.split(",")[0::3] for row in rows[1:]] == [
        ["'=loss", str(k / 4).removesuffix(".0")] for k in range(5)
    ]

    chart.hover()
    chart.get_by_role("button", name="More").click()
    chart.get_by_role("menuitem", name="View as table").click()
    expect(chart.locator("tbody tr")).to_have_count(5)
    expect(chart.locator("tbody tr").first).to_have_text("41")
