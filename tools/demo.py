"""Watch a run live: JupyterLab on a copy of `notebooks/watch-training.ipynb`, already running.

python tools/demo.py               open it in the browser; Ctrl-C ends it
python tools/demo.py --headless    see it come alive in Chromium without a window
python tools/demo.py --pictures    the same, for the pictures in docs/
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab import Lab, LabFailed, launch_chromium, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "watch-training.ipynb"
PAGE = f"lab/tree/{NOTEBOOK.name}"
PICTURE = ROOT / "test-output" / "demo.png"
PICTURES = ROOT / "docs" / "pictures"

LINE = ".rw-panel .rw-chart[aria-label='Loss'] .rw-figure path.line"
ALIVE_WITHIN_S = 60
EPOCHS_IN_PICTURES = 170


@contextmanager
def demo(*, open_browser: bool = False) -> Iterator[Lab]:
    """Keep a JupyterLab up whose page runs the notebook as soon as somebody opens it."""
    with tempfile.TemporaryDirectory(prefix="run-widgets-demo-") as folder:
        lab = Lab(Path(folder), default_url=f"/{PAGE}")
        shutil.copy(NOTEBOOK, lab.notebooks)
        lab.add_extension("run-widgets-demo", Path(__file__).with_name("demo.js").read_text())
        with running(lab, open_browser=open_browser):
            yield lab


def watch() -> None:
    """Open the demo for a person, until Ctrl-C."""
    with demo(open_browser=True) as lab:
        print(
            f"A run is being watched at\n\n    {lab.address(PAGE)}\n\nCtrl-C ends it.", flush=True
        )
        lab.wait()


@contextmanager
def opened(height: int = 1000) -> Iterator[Page]:
    """Keep the demo open in a Chromium without a window, of so many pixels' height."""
    from playwright.sync_api import sync_playwright

    with demo() as lab, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        page = browser.new_page(viewport={"width": 1600, "height": height}, device_scale_factor=2)
        page.goto(lab.address(PAGE))
        yield page
        browser.close()


def see(picture: Path) -> None:
    """Wait until the drawn curves grow, and save what is then on the screen."""
    with opened() as page:
        for epochs in (2, 10, 20):
            wait_for_epochs(page, epochs)
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=picture)
    print(f"the curves grow; a picture of it is at {picture}")


def take_pictures() -> None:
    """Save the panel of a run that has been watched for a while, in light and in dark."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with opened(height=1600) as page:
        wait_for_epochs(page, EPOCHS_IN_PICTURES)
        for name, theme in (("light", "JupyterLab Light"), ("dark", "JupyterLab Dark")):
            page.evaluate(
                "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
            )
            page.wait_for_timeout(1000)  # its style sheet is fetched, and tells nobody when
            for figure in page.locator(".rw-gallery figure").all():
                figure.scroll_into_view_if_needed()  # drawn when first looked at
                figure.locator("img").wait_for()
                figure.locator("img").evaluate("image => image.decode()")
            page.locator(".rw-panel").scroll_into_view_if_needed()
            page.locator(".rw-panel").screenshot(path=PICTURES / f"panel-{name}.png")
            print(PICTURES / f"panel-{name}.png")


def wait_for_epochs(page: Page, epochs: int) -> None:
    """Return when the line of the loss has a point for each of so many epochs."""
    page.wait_for_function(
        "([line, epochs]) => document.querySelector(line)?.getAttribute('d')"
        "?.match(/[ML]/g)?.length >= epochs",
        arg=[LINE, epochs],
        timeout=(ALIVE_WITHIN_S + epochs) * 1000,
    )


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--headless", action="store_true", help="see it come alive without a window")
    how.add_argument("--pictures", action="store_true", help="make the pictures in docs/")
    asked = parser.parse_args()
    # Ends as Ctrl-C does: server and kernels in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if asked.pictures:
            take_pictures()
        elif asked.headless:
            see(PICTURE)
        else:
            watch()
    except KeyboardInterrupt:
        print()
    except (LabFailed, FileNotFoundError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
