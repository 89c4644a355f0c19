"""One notebook in one page of JupyterLab, and what a person would do with it."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from lab import run_cell, wait_for_kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator

    from lab import Lab

PICTURES = Path(__file__).parents[2] / "test-output" / "browser"

LINE = ".rw-figure path.line"

SHAPES = "lines => lines.map(line => line.getAttribute('d'))"

# The page's own clock and the kernel's are one: both are this machine's.
RECORD_LINE = f"""
() => {{
  window.recordedLine = [];
  let last = null;
  setInterval(() => {{
    const d = document.querySelector({LINE!r})?.getAttribute("d") ?? null;
    if (d !== null && d !== last) {{
      recordedLine.push([Date.now() / 1000, d.match(/[ML]/g)?.length ?? 0]);
    }}
    last = d;
  }}, 20);
}}
"""

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


class LabNotebook:
    """A new notebook of `cells`, opened, its kernel idle, nothing run yet."""

    def __init__(
        self,
        lab: Lab,
        browser: Browser,
        name: str,
        cells: Sequence[str],
        *,
        theme: str = "light",
        width: int = 1600,
    ) -> None:
        notebook = new_notebook(
            cells=[new_code_cell(textwrap.dedent(cell).strip()) for cell in cells]
        )
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        self.name = re.sub(r"[^\w.-]", "_", name)
        nbformat.write(notebook, lab.notebooks / self.name)
        lab.set("@jupyterlab/apputils-extension:themes", theme=THEMES[theme])
        self.complaints: list[str] = []
        self._lab = lab
        self._context = browser.new_context(viewport={"width": width, "height": 1000})
        self.page = self._context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("dialog", self._note_dialog)
        self.page.on("request", lambda request: self._note_request(request.url))
        self.page.goto(lab.address(f"doc/tree/{self.name}?reset"))
        self.wait_until_idle()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _note_dialog(self, dialog: Dialog) -> None:
        """Nothing asks in the browser's own window, but JupyterLab whether to leave."""
        if dialog.type == "beforeunload":
            dialog.accept()
            return
        self.complaints.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()

    def _note_request(self, address: str) -> None:
        """Nothing here asks anybody but its own server."""
        if not address.startswith((self._lab.url, "data:", "blob:")):
            self.complaints.append(f"asked of somebody else: {address}")

    def wait_until_idle(self, *, timeout_s: float = 30) -> None:
        """Wait until the kernel is there and has nothing to do."""
        wait_for_kernel(self.page, timeout_s=timeout_s)

    def run_all(self) -> None:
        """Run all cells, without waiting for any."""
        self._execute("notebook:run-all-cells")

    def run_cell(self, index: int) -> None:
        """Run one cell, without waiting for it."""
        run_cell(self.page, index)

    def _execute(self, command: str) -> None:
        # Not awaited: the command's promise ends only with the last cell.
        self.page.evaluate("command => { jupyterapp.commands.execute(command) }", command)

    def save(self) -> None:
        """Save the notebook and return when it is on disk."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.context.save()")

    def restart_kernel(self) -> None:
        """Restart the kernel without asking, and without waiting for it."""
        self.page.evaluate(
            "() => { jupyterapp.shell.currentWidget.sessionContext.restartKernel() }"
        )

    def panel(self, index: int) -> Panel:
        """The panel in the output of one cell."""
        cell = self.page.locator(".jp-Cell").nth(index)
        return Panel(cell.locator(".rw-panel"))

    def record_line(self) -> None:
        """Note from now on when the first drawn line of the page changes."""
        self.page.evaluate(RECORD_LINE)

    def recorded_line(self, of: int) -> list[tuple[float, int]]:
        """Seconds since the epoch when it changed, and its points from then on; `of` at last."""
        self.page.wait_for_function("of => recordedLine.at(-1)?.[1] === of", arg=of, timeout=3000)
        return [tuple(entry) for entry in self.page.evaluate("recordedLine")]

    def wait_until_still(self) -> None:
        """Return when no line has moved for a while: bqplot follows a new size a little later."""
        before = None
        while (now := self.page.locator(LINE).evaluate_all(SHAPES)) != before:
            before = now
            self.page.wait_for_timeout(400)

    def picture(self, name: str, of: Locator | None = None) -> Path:
        """Save what is seen, of the page or of one thing, and return where."""
        path = PICTURES / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        (of or self.page).screenshot(path=path)
        return path

    def close(self) -> None:
        self._context.close()


class Panel:
    """One panel on the page."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.status = root.locator(".rw-status")

    def locator(self, selector: str) -> Locator:
        return self.root.locator(selector)

    def chart(self, name: str) -> Locator:
        return self.root.locator(f".rw-chart[aria-label={json.dumps(name)}]")

    def lines(self, name: str) -> Locator:
        """The lines drawn in one chart, which are not empty."""
        return self.chart(name).locator("path.line[d]:not([d=''])")

    def points(self, name: str) -> int:
        """How many points the first line of a chart has."""
        path = self.lines(name).first.get_attribute("d") or ""
        return len(re.findall("[ML]", path))
