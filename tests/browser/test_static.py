"""An executed notebook as HTML and as PDF: what readers have who have nothing of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nbconvert import HTMLExporter
from playwright.sync_api import expect

from browser.lab_notebook import PICTURES
from test_headless import START, executed

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

TRAIN = """
RunDetails(run).show()
for step in range(300):
    run.log("loss", 1 / (1 + step))
    run.log_row("Cosine Wave", angle=step, cos=step % 7)
run.tag("<img src=x onerror=alert(1)>", "<script>alert(1)</script>")
run.complete()
"""

STATE_BYTES = 300_000


def test_a_converted_notebook_shows_the_run_without_network_and_on_paper(
    browser: Browser, tmp_path: Path
) -> None:
    notebook = executed(tmp_path, START, TRAIN)
    html, _ = HTMLExporter().from_notebook_node(notebook)
    (tmp_path / "run.html").write_text(html, encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 1000, "height": 1200})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"run-widgets: {dialog.message}"))

    page.goto((tmp_path / "run.html").as_uri())

    expect(page.get_by_text("mnist · run 1")).to_be_visible()
    charts = page.locator("img[src^='data:image/svg+xml']")
    expect(charts).to_have_count(2)
    assert all(charts.evaluate_all("images => images.map(image => image.naturalWidth > 0)"))
    expect(page.locator("img[src=x]")).to_have_count(0)
    page.screenshot(path=PICTURES / "nbconvert.png")
    paper = page.pdf(format="A4")
    context.close()
    assert paper.startswith(b"%PDF-")
    assert not [url for url in asked if "run-widgets" in url]
    # What the client that executed it keeps of the widgets, in the notebook's metadata.
    state = notebook.metadata.get("widgets", {})
    assert 0 < len(json.dumps(state)) < STATE_BYTES
