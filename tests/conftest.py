"""Real workspaces, experiments and runs in a folder of the test's own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from run_widgets import Experiment, Run, Workspace
from run_widgets.errors import RunNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from run_widgets.store.local import LocalStore


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's own workspace, so that no test writes into the real one."""
    folder = tmp_path / "home"
    monkeypatch.setenv("RUN_WIDGETS_HOME", str(folder))
    for name in ("WORKSPACE", "RUN_ID", "APPEND"):
        monkeypatch.delenv(f"RUN_WIDGETS_{name}", raising=False)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def store(workspace: Workspace) -> LocalStore:
    return workspace.store


@pytest.fixture
def experiment(workspace: Workspace) -> Experiment:
    return Experiment(workspace, "mnist")


@pytest.fixture
def run(experiment: Experiment) -> Iterator[Run]:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    yield run
    with contextlib.suppress(RunNotFound):  # a test may have deleted it
        if run.get_status() == "Running":
            run.complete()
