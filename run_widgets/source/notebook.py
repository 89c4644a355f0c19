"""The cells that this kernel executed, as a notebook, with secrets masked.

What produced a run's numbers is in the kernel's own history, whether or not the
notebook's file was saved, and in the order in which it happened. Nothing of
IPython is imported here: where it is not running there is no history.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from run_widgets.source.masking import masked, secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cell:
    """One executed cell."""

    count: int  # the kernel's execution count, from 1
    source: str
    has_failed: bool = False


def shell() -> Any | None:
    """Return the running IPython shell; None outside IPython, which is not imported."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def executed_cells(shell: Any, *, after: int = 0) -> list[Cell]:
    """Return the cells executed after number `after`, one that still runs included."""
    history = shell.history_manager
    failures = getattr(history, "exceptions", {})  # since IPython 9
    return [
        Cell(count, source, count in failures)
        for _, count, source in list(history.get_range(0, max(1, after + 1), None, raw=True))
        if source.strip()
    ]


def to_ipynb(cells: list[Cell], *, name: str = "") -> str:
    """Return the text of a notebook with `cells`, masked, in the order of execution.

    A cell that failed is tagged ``raises-exception``, so that running the
    notebook goes on after it as the person did. Outputs are not kept.
    """
    known = secrets_of(os.environ)
    version = ".".join(map(str, sys.version_info[:3]))
    nbformat = _nbformat()
    notebook = nbformat.new_notebook(
        cells=[_code_cell(cell, known) for cell in cells],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", "version": version},
            "run_widgets": {"notebook": name},
        },
    )
    return str(nbformat.writes(notebook))


@lru_cache(maxsize=10_000)  # a recording writes all cells again after each
def _code_cell(cell: Cell, known: tuple[str, ...]) -> Any:
    return _nbformat().new_code_cell(
        masked(cell.source, known),
        id=f"executed-{cell.count}",
        execution_count=cell.count,
        metadata={"tags": ["raises-exception"]} if cell.has_failed else {},
    )


def _nbformat() -> Any:
    # Not at the top: it costs 0.2 s, and a training script never needs it.
    return import_module("nbformat.v4")


def name_of(shell: Any) -> str:
    """Return the name of the notebook that the kernel serves; empty where it is unknown."""
    path = os.environ.get("JPY_SESSION_NAME", "")
    if not path:
        path = str(getattr(shell, "user_ns", {}).get("__vsc_ipynb_file__", ""))
    name = path.replace("\\", "/").rpartition("/")[2]
    return name if name.endswith(".ipynb") else ""


class Recording:
    """Keeps the file `path` equal to the cells that the kernel has executed.

    The file is written now and after each cell, so it is there also when the
    kernel is killed. A file that cannot be written is no one's error:
    `problem` says why.

    Parameters
    ----------
    later
        Calls what it is given, elsewhere: the kernel must not wait for a file.
    """

    def __init__(self, path: Path, shell: Any, later: Callable[[Callable[[], None]], None]) -> None:
        self.path = path
        self.problem = ""
        self._shell = shell
        self._later = later
        self._is_over = False
        shell.events.register("post_run_cell", self._note)
        self._note()

    def stop(self) -> None:
        """Have the file written for the last time; the cell that calls this is in it."""
        if not self._is_over:
            self._is_over = True
            self._shell.events.unregister("post_run_cell", self._note)
            self._note()

    def _note(self, _result: object = None) -> None:
        # Read now: what comes after a run is not its, and an ending kernel has no history.
        cells = executed_cells(self._shell)
        self._later(lambda: self._write(cells))

    def _write(self, cells: list[Cell]) -> None:
        try:
            _replace(self.path, to_ipynb(cells, name=name_of(self._shell)))
            self.problem = ""
        except OSError as error:
            self.problem = f"{self.path} cannot be written: {error}"


def record(path: Path, later: Callable[[Callable[[], None]], None]) -> Recording | None:
    """Begin to keep the executed cells in `path`; None where no IPython runs."""
    running = shell()
    return None if running is None else Recording(path, running, later)


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
