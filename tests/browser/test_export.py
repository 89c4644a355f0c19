"""A run as one file, opened in a browser that has no network."""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browser.lab_notebook import PICTURES
from run_widgets import Experiment, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from run_widgets import Run

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    """A page without a network; the test fails when it complains, asks or is asked of anything."""
    context = browser.new_context(offline=True, viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(f"uncaught: {error}"))
    page.on("dialog", lambda dialog: seen.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: seen.append(request.url))
    yield page
    context.close()
    asked = [line for line in seen if not line.startswith(("file:", "blob:", "data:"))]
    assert not asked, "\n".join(asked)


def begin(folder: Path) -> Run:
    experiment = Experiment(Workspace(folder / "workspace"), "exported")
    return experiment.start_logging(outputs=False, snapshot_directory=None)


def test_the_file_is_the_panel_with_everything_alive(offline: Page, tmp_path: Path) -> None:
    run = begin(tmp_path)
    for step in range(200):
        run.log("loss", 1 / (1 + step))
        run.log_row("Cosine Wave", angle=step, cos=math.cos(step / 10))
    log = b"".join(b"epoch %d\n" % number for number in range(500))
    run.upload_file("logs/driver.txt", io.BytesIO(log))
    run.upload_file("outputs/tanh.png", io.BytesIO(PNG))
    run.complete()
    path = run.to_html(tmp_path / "run.html")

    offline.goto(path.as_uri())

    expect(offline.locator(".rw-status")).to_have_text("Completed")
    expect(offline.locator(".rw-figure path.line[d]:not([d=''])")).to_have_count(2)
    assert path.stat().st_size < 5_000_000
    offline.screenshot(path=PICTURES / "export.png")
    chart = offline.locator(".rw-chart[aria-label='loss']")
    whole = chart.locator(".axis").first.text_content() or ""
    chart.locator(".rw-plot").hover()
    offline.keyboard.down("Control")
    offline.mouse.wheel(0, -400)
    offline.keyboard.up("Control")
    expect(chart.locator(".axis").first).not_to_have_text(whole)
    offline.get_by_role("tab", name="Logs").click()
    expect(offline.get_by_text("epoch 499")).to_be_visible()
    offline.get_by_role("tab", name="Outputs").click()
    with offline.expect_download() as download:
        offline.get_by_role("link", name="driver.txt").last.click()
    assert download.value.path().read_bytes() == log
    offline.get_by_text("tanh.png").click()
    picture = offline.locator(".rw-look img")
    expect(picture).to_have_js_property("naturalWidth", 1)


def test_an_experiments_file_is_the_list_with_everything_alive(
    offline: Page, tmp_path: Path
) -> None:
    experiment = Experiment(Workspace(tmp_path / "workspace"), "sweep")
    for rate in (1, 2, 3):
        run = experiment.start_logging(
            outputs=False, snapshot_directory=None, tags={"lr": str(rate)}
        )
        for step in range(50):
            run.log("loss", 1 / (1 + rate * step))
        run.complete()
    path = experiment.to_html(tmp_path / "sweep.html", [1, 3])

    offline.goto(path.as_uri())

    curves = offline.get_by_role("region", name="Comparison")
    expect(curves.locator(".rw-curves path.line[d]")).to_have_count(2)
    offline.screenshot(path=PICTURES / "export-list.png")
    for kind in ("Differences", "Scatter", "Parallel coordinates"):
        offline.get_by_role("button", name=kind).click()
    offline.get_by_role("tab", name="Runs").click()
    offline.get_by_role("searchbox").fill("lr=2")
    expect(offline.get_by_text("1 of 3 runs")).to_be_visible()
    expect(offline.get_by_role("link", name="Export")).to_have_count(0)
    assert path.stat().st_size < 5_000_000
