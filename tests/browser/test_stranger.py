"""A stranger's run, with what a browser might run in every field: it is text wherever it shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import expect

from browser.lab_notebook import Panel
from lab import Lab, running
from run_widgets import Experiment, Workspace
from stranger import TEXTS, runnable, strangers_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

    from browser.conftest import Open
    from run_widgets import Run

KINDS = ("Curves", "Differences", "Scatter", "Parallel coordinates")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A Lab whose runs are a stranger's alone."""
    with running(Lab(tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture(scope="module")
def runs(lab: Lab) -> list[Run]:
    experiment = Experiment(Workspace(lab.home), "strange")
    return [strangers_run(experiment), strangers_run(experiment)]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test when it runs, says or asks for anything that it should not."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(f"uncaught: {error}"))
    page.on("dialog", lambda dialog: seen.append(f"dialog: {dialog.message}"))
    page.on("popup", lambda popup: seen.append(f"popup: {popup.url}"))
    page.on("request", lambda request: seen.extend(asked_of_a_stranger(request.url)))
    yield page
    context.close()
    assert not seen, "\n".join(seen)


def asked_of_a_stranger(address: str) -> list[str]:
    host = urlsplit(address).hostname
    return [] if host in (None, "localhost") else [f"asked of a stranger: {address}"]


def look_through(panel: Panel) -> None:
    """Open all that a panel has."""

    def tab(name: str) -> None:
        panel.root.get_by_role("tab", name=name).first.click()

    expect(panel.locator(".rw-error").first).to_contain_text("<script>", timeout=20_000)
    tab("Tables")
    expect(panel.locator(".rw-table .slick-row").first).to_contain_text("<script>")
    tab("Outputs")
    for item in panel.root.get_by_role("treeitem").all():
        if item.get_attribute("aria-expanded") is None:
            item.click()
            expect(panel.locator(".rw-pane .rw-look[aria-busy]")).to_have_count(0)
    tab("Logs")
    expect(panel.locator(".rw-log")).to_contain_text("<script>")
    tab("Details")
    expect(panel.locator(".rw-details")).to_contain_text("<script>")
    tab("Overview")


def compare(face: Locator) -> None:
    """Look at the runs of a list in every way."""
    expect(face).to_contain_text("<img src=x")
    for number in (1, 3):  # theirs are 2 and 4: children
        face.get_by_label(f"Choose run {number}", exact=True).click()
    face.get_by_role("tab", name="Compare").click()
    for kind in KINDS:
        face.get_by_role("button", name=kind, exact=True).click()
        expect(face.get_by_role("region", name="Comparison")).to_be_visible()
    face.get_by_role("tab", name="Runs").click()
    for name in ("Filter", "Columns"):
        face.get_by_role("button", name=name, exact=True).click()


def test_in_a_notebook_and_in_what_it_keeps(
    open_notebook: Open, lab: Lab, runs: list[Run], page: Page, tmp_path: Path
) -> None:
    first, second = (run.id for run in runs)
    begin = "from run_widgets import *\nexperiment = Experiment(name='strange')\n"
    notebook = open_notebook(
        f"{begin}run = Run(experiment, {first!r})\nRunDetails(run).show()",
        "ExperimentDetails(experiment).show()",
        "RunDetails(run).show(plain=True)",
        "RunDetails(run).show(plain='picture')",
        f"run.diff({second!r})",
    )
    notebook.run_all()
    panel = notebook.panel(0)

    look_through(panel)
    panel.root.get_by_role("tab", name="Snapshot").click()
    panel.locator(".rw-sources").get_by_role("treeitem").first.click()
    expect(panel.locator(".rw-sources .rw-code")).to_contain_text("<script>")
    panel.root.get_by_role("tab", name="Children").click()
    panel.locator(".rw-children .slick-cell").first.click()
    expect(panel.locator(".rw-into .rw-error")).to_contain_text("<script>", timeout=10_000)
    compare(notebook.page.locator(".rw-experiment"))
    outputs = notebook.page.locator(".jp-Notebook")
    for place in range(2, 5):
        output = notebook.page.locator(".jp-Cell").nth(place).locator(".jp-OutputArea")
        output.scroll_into_view_if_needed()
        expect(output).to_contain_text("alert(1)", timeout=20_000)
    assert runnable(outputs) == []

    # What was saved, where nobody sanitises it.
    notebook.save()
    cells = nbformat.read(lab.notebooks / notebook.name, as_version=4).cells
    pictures = [output.data.get("text/html", "") for cell in cells for output in cell.outputs]
    assert sum(TEXTS[0].replace("<", "&lt;").replace(">", "&gt;") in text for text in pictures) > 2
    saved = tmp_path / "saved.html"
    saved.write_text("<!doctype html>" + "".join(pictures), encoding="utf-8")
    page.goto(saved.as_uri())
    assert runnable(page.locator("body")) == []


def test_on_the_pages(lab: Lab, runs: list[Run], page: Page) -> None:
    page.goto(lab.address(f"run-widgets/runs/{runs[0].id}"))
    look_through(Panel(page.locator(".rw-panel").first))
    assert runnable(page.locator("body")) == []

    page.goto(lab.address("run-widgets/strange"))
    compare(page.locator("main"))
    assert runnable(page.locator("body")) == []

    page.goto(lab.address("run-widgets/"))
    expect(page.get_by_title(re.compile("Run 1 · <img src=x"))).to_have_count(1)
    assert runnable(page.locator("body")) == []


def test_in_the_files_that_are_sent(runs: list[Run], page: Page, tmp_path: Path) -> None:
    page.goto(runs[0].to_html(tmp_path / "run.html").as_uri())
    look_through(Panel(page.locator(".rw-panel").first))
    assert runnable(page.locator("main")) == []

    page.goto(runs[0].experiment.to_html(tmp_path / "list.html").as_uri())
    compare(page.locator("main"))
    assert runnable(page.locator("main")) == []


def test_at_jupyterlabs_side(open_notebook: Open, lab: Lab, runs: list[Run]) -> None:
    notebook = open_notebook("1 + 1")
    page = notebook.page
    page.goto(lab.address(f"lab/tree/{notebook.name}?reset"))
    notebook.wait_until_idle()
    page.evaluate("() => { jupyterapp.commands.execute('run-widgets:show-runs') }")
    expect(page.locator(".rw-lab-run")).to_have_count(2, timeout=20_000)
    live = runs[0].experiment.start_logging(
        outputs=False, snapshot_directory=None, display_name=TEXTS[1]
    )
    live.log(TEXTS[1], 1.0)
    expect(page.locator(".rw-lab-run[data-status=running]")).to_have_count(1, timeout=20_000)
    live.log(TEXTS[1], float("nan"))
    live.fail(ValueError(TEXTS[1]))

    expect(page.locator(".Toastify__toast").last).to_contain_text(TEXTS[1], timeout=20_000)
    page.locator(".rw-lab-run").first.click()
    page.locator(".rw-lab-group .rw-lab-name").click()
    expect(page.locator(".rw-lab-tab .rw-grid")).to_be_visible(timeout=20_000)
    assert runnable(page.locator("body")) == []
