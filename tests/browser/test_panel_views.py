"""What a panel has besides charts, in a real JupyterLab: files, logs, documents, children, Stop."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from run_widgets import Experiment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser.conftest import Open
    from browser.lab_notebook import LabNotebook, Panel
    from run_widgets import Run, Workspace


@pytest.fixture
def run(workspace: Workspace) -> Iterator[Run]:
    run = Experiment(workspace, "views").start_logging(outputs=False, snapshot_directory=None)
    yield run
    if run.get_status() == "Running":
        run.complete()


def upload(run: Run, name: str, content: str | bytes) -> None:
    run.upload_file(name, io.BytesIO(content.encode() if isinstance(content, str) else content))


def look_at(run: Run, open_notebook: Open) -> tuple[LabNotebook, Panel]:
    notebook = open_notebook(
        f"""
        from run_widgets import Experiment, Run, RunDetails
        RunDetails(Run(Experiment(name={run.experiment.name!r}), {run.id!r})).show()
        """
    )
    notebook.run_all()
    panel = notebook.panel(0)
    expect(panel.status).to_have_text(re.compile("Completed|Failed|Running"), timeout=20_000)
    return notebook, panel


def open_tab(panel: Panel, name: str) -> None:
    panel.root.get_by_role("tab", name=name).first.click()


def test_a_log_is_followed_searched_and_left_alone(open_notebook: Open, run: Run) -> None:
    lines = "".join(f"step {step} loss {1 / (step + 1):.4f}\n" for step in range(100_000))
    upload(run, "user_logs/std_log.txt", lines)
    log = run.folder / "files" / "user_logs" / "std_log.txt"
    notebook, panel = look_at(run, open_notebook)
    open_tab(panel, "Logs")
    shown = panel.locator(".rw-log")
    expect(shown).to_contain_text("step 99999")
    expect(shown.locator(".rw-gutter").last).to_contain_text("100000")

    with log.open("a") as file:
        file.write(" 50%|##  |\r100%|####|\n\x1b[31mfailed\x1b[0m\n")
    expect(shown.locator(".rw-ansi-fg-1")).to_have_text("failed", timeout=10_000)
    expect(shown).to_contain_text("100%|####|")
    expect(shown).not_to_contain_text("50%")

    search = panel.root.get_by_label("Search the log")
    search.fill("step 4321 ")
    search.press("Enter")
    current = shown.locator("mark[data-current]")
    expect(current).to_have_text("step 4321 ")
    expect(current).to_be_in_viewport()
    expect(shown).to_contain_text("4322")

    # One reads: what comes now must not move it.
    top = shown.evaluate("log => log.scrollTop")
    with log.open("a") as file:
        file.write("more\n" * 100)
    notebook.page.wait_for_timeout(2500)
    assert shown.evaluate("log => log.scrollTop") == top
    panel.root.get_by_role("button", name="Follow").click()
    expect(shown).to_contain_text("more")


def test_a_hundred_megabytes_of_log_do_not_freeze_the_page(open_notebook: Open, run: Run) -> None:
    line = b"2026-11-24 08:00:00 \x1b[32mINFO\x1b[0m epoch 12 loss 0.123456789\n"
    end = b"long " * 500 + b"\nthe end\n"
    upload(run, "logs/large.txt", line * (100_000_000 // len(line)) + end)
    run.complete()
    notebook, panel = look_at(run, open_notebook)
    notebook.page.evaluate(
        "() => { window.tasks = []; new PerformanceObserver(list => tasks.push("
        "...list.getEntries().map(each => each.duration))).observe({ entryTypes: ['longtask'] }) }"
    )
    open_tab(panel, "Logs")
    log = panel.locator(".rw-log")
    expect(log).to_contain_text("the end")
    # Not beneath the scroll bar that the long line brings.
    is_at_end = "log => log.scrollHeight - log.scrollTop - log.clientHeight <= 1"
    notebook.page.wait_for_function(is_at_end, arg=log.element_handle())
    log.hover()
    for _ in range(20):
        notebook.page.mouse.wheel(0, -3000)
        notebook.page.wait_for_timeout(50)
    panel.root.get_by_label("Search the log").fill("the end")
    expect(panel.locator("mark[data-current]")).to_have_text("the end", timeout=15_000)

    assert max(notebook.page.evaluate("tasks"), default=0) < 400


def test_files_are_looked_into_and_kept(open_notebook: Open, run: Run) -> None:
    upload(run, "outputs/metrics.json", json.dumps({"accuracy": 0.97}))
    upload(run, "outputs/rows.csv", "id,city\n" + "".join(f"{i},Zürich\n" for i in range(500)))
    upload(run, "outputs/model.pt", bytes(range(256)))
    notebook, panel = look_at(run, open_notebook)
    open_tab(panel, "Outputs")
    pane = panel.locator(".rw-pane").first

    def choose(name: str) -> None:
        panel.root.get_by_role("treeitem").filter(has_text=name).click()

    choose("metrics.json")
    expect(pane).to_contain_text('"accuracy": 0.97')
    choose("rows.csv")
    expect(pane.locator(".slick-row").first).to_contain_text("Zürich")
    expect(pane).to_contain_text("500 rows")
    # By keys: into the table, and twice by its column.
    pane.get_by_label("Filter rows").press("Tab")
    for _ in range(2):
        notebook.page.keyboard.press("s")
    expect(pane.locator("[aria-sort=descending]")).to_have_text("id")
    expect(pane.locator(".slick-row").first).to_contain_text("499")
    choose("model.pt")
    expect(pane).to_contain_text("Not a text")
    with notebook.page.expect_download() as kept:
        panel.root.get_by_label("Download model.pt").click()
    assert kept.value.path().read_bytes() == bytes(range(256))


def test_json_metrics_are_drawn_as_what_they_are(open_notebook: Open, run: Run) -> None:
    run.log_confusion_matrix(
        "classes", {"data": {"class_labels": ["cat", "dog"], "matrix": [[3, 1], [0, 4]]}}
    )
    run.log_residuals("residuals", {"data": {"bin_edges": [-1, 0, 1], "bin_counts": [2, 3]}})
    run.log_predictions(
        "fit",
        {"data": {"bin_edges": [0, 1, 2], "bin_averages": [0.5, 1.4], "bin_errors": [0.1, 0.2]}},
    )
    run.log_accuracy_table("broken", {"data": {"probability_tables": "none"}})
    _, panel = look_at(run, open_notebook)

    cells = panel.root.get_by_role("region", name="classes").locator("td")
    expect(cells).to_have_text(["3", "1", "0", "4"])
    panel.root.get_by_role("button", name="Normalise").first.click()
    expect(cells).to_have_text(["75%", "25%", "0%", "100%"])
    expect(panel.locator("rect.rw-bin")).to_have_count(2)
    expect(panel.locator("path.rw-errors")).to_have_count(1)
    expect(panel.root.get_by_text("Accuracy table that cannot be drawn")).to_be_visible()


def test_a_child_is_looked_into_in_place(open_notebook: Open, run: Run) -> None:
    for rate in ("0.1", "0.01"):
        child = run.child_run(f"rate {rate}")
        child.tag("rate", rate)
        for step in range(5):
            child.log("loss", 1 / (step + 1))
        child.complete()
    run.complete()
    _, panel = look_at(run, open_notebook)
    open_tab(panel, "Children")

    panel.locator(".rw-children .slick-row").filter(has_text="rate 0.01").locator(
        ".slick-cell"
    ).nth(1).click()

    inner = panel.locator(".rw-into .rw-panel")
    expect(inner.locator(".rw-title")).to_contain_text("rate 0.01", timeout=10_000)
    expect(inner.locator(".rw-chart[aria-label=loss]")).to_be_visible()


BUSY = """
import time
from run_widgets import Experiment, RunDetails

run = Experiment(name="stopped").start_logging(run_id="stopped", outputs=False)
RunDetails(run).show()
for step in run.track(range(100_000)):
    run.log("loss", 1 / (1 + step))
    until = time.monotonic() + 0.05
    while time.monotonic() < until:
        sum(range(1000))
run.complete()
"""


def test_a_busy_loop_is_stopped_from_its_panel(open_notebook: Open) -> None:
    notebook = open_notebook(BUSY)
    notebook.run_all()
    panel = notebook.panel(0)
    expect(panel.locator(".rw-progress")).to_contain_text("of 100", timeout=20_000)

    button = panel.locator(".rw-stop")
    button.click()
    button.click()

    expect(panel.status).to_have_text("Completed", timeout=20_000)
