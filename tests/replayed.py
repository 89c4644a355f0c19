"""The project's notebooks as ``run-widgets replay`` runs them in a terminal: as tracked runs."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

from run_widgets import Experiment, Workspace

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


class Replayed:
    """A notebook after it ran in `folder`, with a workspace there: its outputs by their cell's id.

    A cell that fails is an error here.
    """

    def __init__(self, name: str, folder: Path, **parameters: object) -> None:
        self.workspace = Workspace(folder / ".run-widgets")
        self.workspace.store.create_workspace()
        shutil.copy(NOTEBOOKS / name, folder)
        command = [sys.executable, "-m", "run_widgets", "replay", name]
        for key, value in parameters.items():
            command += ["--parameter", f"{key}={value}"]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        stem = Path(name).stem
        # What the notebook starts itself is in the same experiment, where it has that name.
        runs = Experiment(self.workspace, stem).get_runs()
        (run,) = [run for run in runs if run.type is not None]
        run.download_file(f"outputs/{stem}.output.ipynb", folder / "executed.ipynb")
        notebook = nbformat.read(folder / "executed.ipynb", as_version=4)
        self._cells = {cell["id"]: cell.get("outputs", []) for cell in notebook.cells}

    def bundles(self, cell: str) -> list[dict[str, str]]:
        return [output.data for output in self._cells[cell] if "data" in output]

    def text(self, cell: str) -> str:
        """What the cell ends with, as it is shown."""
        return self.bundles(cell)[-1]["text/plain"]

    def result(self, cell: str) -> Any:
        """What the cell ends with."""
        return ast.literal_eval(self.text(cell))

    def printed(self, cell: str) -> str:
        return "".join(o.text for o in self._cells[cell] if o.get("name") == "stdout")

    def kinds(self, cell: str) -> set[str]:
        return {kind for bundle in self.bundles(cell) for kind in bundle}
