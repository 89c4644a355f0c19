"""One notebook in one page of JupyterLab, and what a person would do with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, ConsoleMessage, Locator

    from lab import Lab

PICTURES = Path(__file__).parents[2] / "test-output" / "browser"
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
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
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
        self.page.goto(lab.address(f"doc/tree/{self.name}?reset"))
        self.wait_until_idle()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")

    def wait_until_idle(self, *, timeout_s: float = 30) -> None:
        """Wait until the kernel is there and has nothing to do."""
        self.page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.context?.sessionContext"
            "?.kernelDisplayStatus === 'idle'",
            timeout=timeout_s * 1000,
        )

    def run_all(self) -> None:
        """Run all cells, without waiting for any."""
        self._execute("notebook:run-all-cells")

    def run_cell(self, index: int) -> None:
        """Run one cell, without waiting for it."""
        self.page.evaluate(
            "index => { jupyterapp.shell.currentWidget.content.activeCellIndex = index }", index
        )
        self._execute("notebook:run-cell")

    def _execute(self, command: str) -> None:
        # Not awaited: the command's promise ends only with the last cell.
        self.page.evaluate("command => { jupyterapp.commands.execute(command) }", command)

    def output(self, index: int = 0) -> Locator:
        """The output area of one cell."""
        return self.page.locator(".jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    def picture(self, name: str, of: Locator | None = None) -> Path:
        """Save what is seen, of the page or of one thing, and return where."""
        path = PICTURES / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        (of or self.page).screenshot(path=path)
        return path

    def evaluate(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    def close(self) -> None:
        self._context.close()
