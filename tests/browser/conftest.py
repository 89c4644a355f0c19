"""Notebooks in a real JupyterLab, a real kernel and a real Chromium."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from playwright.sync_api import sync_playwright

from browser.lab_notebook import LabNotebook
from lab import Lab, launch_chromium, running
from run_widgets import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running(Lab(tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def workspace(lab: Lab) -> Workspace:
    """The workspace that the notebooks' kernels have by default."""
    return Workspace(lab.home)


class Open(Protocol):
    def __call__(self, *cells: str, theme: str = "light", width: int = 1600) -> LabNotebook: ...


@pytest.fixture
def open_notebook(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open notebooks made of `cells`; the test fails when their console has complaints."""
    opened: list[LabNotebook] = []
    number = itertools.count(1)

    def open_notebook(*cells: str, theme: str = "light", width: int = 1600) -> LabNotebook:
        name = f"{request.node.name}-{next(number)}.ipynb"
        opened.append(LabNotebook(lab, browser, name, cells, theme=theme, width=width))
        return opened[-1]

    yield open_notebook
    complaints = [line for notebook in opened for line in notebook.complaints]
    for notebook in opened:
        notebook.close()
    # After the last look at the console: a kernel that goes away is an error there.
    lab.stop_kernels()
    assert not complaints, "\n".join(complaints)
