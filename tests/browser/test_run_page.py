"""The run's page in a browser: live, text only, and reached from the panel."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browser.lab_notebook import PICTURES
from run_widgets import Experiment, ScriptRunConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Request

    from browser.conftest import Open
    from lab import Lab
    from run_widgets import Run, Workspace


@pytest.fixture
def run(workspace: Workspace) -> Iterator[Run]:
    experiment = Experiment(workspace, "paged")
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    yield run
    if run.get_status() == "Running":
        run.complete()


@pytest.fixture
def open_page(lab: Lab, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Open one of the portal's pages; the test fails when it complains or asks anybody else."""
    complaints: list[str] = []
    context = browser.new_context()

    def open_page(path: str) -> Page:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.extend(amiss(lab, request)))
        page.goto(lab.address(f"run-widgets/{path}"))
        return page

    yield open_page
    context.close()
    assert not complaints, "\n".join(complaints)


def amiss(lab: Lab, request: Request) -> list[str]:
    """What is asked of anybody but this server, or in a way that JupyterHub refuses."""
    if not request.url.startswith((lab.url, "data:", "blob:")):
        return [f"asked of somebody else: {request.url}"]
    if request.resource_type == "fetch" and "x-xsrftoken" not in request.headers:
        return [f"asked without the proof that this page asks: {request.url}"]
    return []


def test_the_page_is_the_panel_and_follows_its_run_to_the_end(
    open_page: Callable[[str], Page], run: Run
) -> None:
    for value in (1.0, 0.5):
        run.log("loss", value)
    page = open_page(f"runs/{run.id}")
    expect(page.locator(".rw-status")).to_have_text("Running")
    line = page.locator(".rw-chart[aria-label='loss'] path.line")
    expect(line).to_have_attribute("d", re.compile("^M[^L]*L[^L]*$"))

    run.log("loss", 0.25)
    run.log("accuracy", 0.97)
    run.upload_file("outputs/metrics.txt", io.BytesIO(b"accuracy: 0.97\n"))
    run.complete()

    expect(page.locator(".rw-status")).to_have_text("Completed", timeout=15_000)
    expect(line).to_have_attribute("d", re.compile("^M[^L]*L[^L]*L[^L]*$"))
    expect(page.get_by_text("0.97", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Outputs").click()
    page.get_by_text("metrics.txt").click()
    expect(page.get_by_text("accuracy: 0.97")).to_be_visible()
    page.screenshot(path=PICTURES / "run-page.png")


def test_a_line_that_begins_later_joins_its_chart(
    open_page: Callable[[str], Page], run: Run
) -> None:
    for step in range(3):
        run.log_row("eval", step=step, loss=1 / (1 + step))
    page = open_page(f"runs/{run.id}")
    lines = page.locator(".rw-chart[aria-label='eval'] path.line[d]:not([d=''])")
    expect(lines).to_have_count(1)

    for step in range(3, 6):
        run.log_row("eval", step=step, loss=1 / (1 + step), accuracy=step / 6)

    expect(lines).to_have_count(2, timeout=15_000)


def test_a_file_can_be_downloaded(open_page: Callable[[str], Page], run: Run) -> None:
    content = bytes(range(256)) * 100
    run.upload_file("outputs/ä b.bin", io.BytesIO(content))
    page = open_page(f"runs/{run.id}")
    page.get_by_role("tab", name="Outputs").click()

    with page.expect_download() as download:
        page.get_by_role("link", name="Download ä b.bin").click()

    assert download.value.suggested_filename == "ä b.bin"
    assert download.value.path().read_bytes() == content


def test_the_list_leads_to_a_run_and_back(open_page: Callable[[str], Page], run: Run) -> None:
    page = open_page("paged")

    page.get_by_role("link", name=f"Run {run.number}", exact=True).click()
    expect(page.locator(".rw-panel")).to_contain_text(f"run {run.number}")
    page.get_by_role("link", name="All experiments").click()

    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="paged"))
    expect(row.get_by_role("link", name=re.compile(f"Run {run.number}, Running"))).to_be_visible()
    expect(row).to_contain_text("running")
    page.screenshot(path=PICTURES / "experiments.png")


def test_the_page_leads_to_itself_and_runs_its_run_again(
    lab: Lab, browser: Browser, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(
        "from run_widgets import Run\nRun.get_context().log('a', 1)\n"
    )
    experiment = Experiment(workspace, "again")
    first = experiment.submit(ScriptRunConfig(str(tmp_path), "train.py"))
    first.wait_for_completion()
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(lab.address(f"run-widgets/runs/{first.id}"))

    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Resubmit").click()
    page.get_by_role("button", name="Really run it again?").click()

    page.wait_for_url(lambda address: f"/runs/{first.id}" not in address)
    expect(page.locator(".rw-status").first).to_have_text("Completed", timeout=30_000)
    expect(page.locator(".rw-crumbs")).to_contain_text("run 2")
    context.close()
    assert link == f"{lab.url}run-widgets/runs/{first.id}"
    assert len(list(experiment.get_runs())) == 2


def test_the_panels_link_opens_the_page(open_notebook: Open, run: Run) -> None:
    run.log("loss", 1.0)
    run.complete()
    notebook = open_notebook(
        f"""
        from run_widgets import Experiment, Run, RunDetails
        RunDetails(Run(Experiment(name="paged"), {run.id!r})).show()
        """
    )
    notebook.run_all()

    with notebook.page.expect_popup() as opened:
        notebook.panel(0).root.get_by_role("link", name="Open run page").click()

    expect(opened.value.locator(".rw-status")).to_have_text("Completed")
    assert "token" not in opened.value.url
