"""Take the pictures of a sweep anew: its notebook in a real JupyterLab, in light and in dark.

Fonts are the machine's own: to see them as on a common desk, have one of its fonts installed.
"""

from __future__ import annotations

import io
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

from lab import Lab, LabFailed, launch_chromium, running, wait_for_kernel

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

WIDTH, HEIGHT = 1360, 850
SHARPNESS = 2
"""Pixels of a picture for one of the page, across."""

SWEEP_WITHIN_S = 900


def take_all() -> None:
    """Run the sweep, and take pictures of its list and of its comparison."""
    with tempfile.TemporaryDirectory(prefix="run-widgets-pictures-") as folder:
        lab = Lab(Path(folder))
        shutil.copy(ROOT / "notebooks" / "compare-runs.ipynb", lab.notebooks)
        with running(lab), sync_playwright() as playwright:
            browser = launch_chromium(playwright)
            take_sweep(opened(lab, browser, "doc/tree/compare-runs.ipynb"))
            browser.close()


def opened(lab: Lab, browser: Browser, path: str) -> Page:
    """Open a notebook and run all of its cells, without waiting for their end."""
    size = {"width": WIDTH, "height": HEIGHT}
    page = browser.new_page(viewport=size, device_scale_factor=SHARPNESS)  # type: ignore[arg-type]
    page.goto(lab.address(path))
    wait_for_kernel(page)
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
    return page


def take_sweep(page: Page) -> None:
    """Take the list of a sweep's runs, and their curves as bands over the seeds."""
    runs = page.locator(".jp-Cell").nth(5).locator(".rw-experiment")
    runs.wait_for(timeout=60_000)
    page.locator(".jp-Cell").nth(12).locator(".rw-experiment").wait_for(
        timeout=1000 * SWEEP_WITHIN_S, state="attached"
    )
    page.set_viewport_size({"width": WIDTH, "height": 1200})
    in_both_themes(page, "list", runs)
    runs.locator(".slick-header-column input[type=checkbox]").check()
    runs.get_by_role("tab", name="Compare").click()
    runs.get_by_label("Group by").select_option(label="lr")
    in_both_themes(page, "compare", runs)
    page.close()


def in_both_themes(page: Page, name: str, of: Locator) -> None:
    """Save what is seen of one thing in each theme."""
    for theme, full_name in THEMES.items():
        page.evaluate(
            "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", full_name
        )
        of.scroll_into_view_if_needed()
        page.mouse.move(0, 0)
        page.wait_for_timeout(2000)  # its style sheet is fetched, and tells nobody when
        path = PICTURES / f"{name}-{theme}.png"
        # A page of a few colours needs no more of them, and a third of the bytes.
        drawn = Image.open(io.BytesIO(of.screenshot())).convert("RGB")
        drawn.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        print(path.relative_to(ROOT), f"{path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Take them, and say where they are."""
    # Ends as Ctrl-C does: server and kernels in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    PICTURES.mkdir(parents=True, exist_ok=True)
    try:
        take_all()
    except (LabFailed, FileNotFoundError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
