"""Runs the notebook of a submitted run, cell by cell: the command of its process.

Parameters are put in as papermill does it: into a cell after the one tagged
``parameters``, in place of an earlier ``injected-parameters``, or else at the
top. The executed notebook is written after each cell, so it can be read while
the run goes on and is there however the run ends. What cells print goes to
the run's log as it is printed.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
import tempfile
import time
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets import default
from traitlets.config import Config

from run_widgets.errors import SubmitError
from run_widgets.records import RunError
from run_widgets.source.masking import MASK, masked
from run_widgets.supervisor.plan import SECRETS_VARIABLE, Plan
from run_widgets.tracking import Run
from run_widgets.tracking.files import EXECUTED_VARIABLE

nbformat: Any = import_module("nbformat")  # its functions have no types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbformat import NotebookNode

PARAMETERS = "parameters"
INJECTED = "injected-parameters"

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Failure(Exception):
    """A cell failed; `error` says which, and why."""

    def __init__(self, error: RunError) -> None:
        super().__init__(error.message)
        self.error = error


def with_parameters(notebook: NotebookNode, parameters: Mapping[str, Any]) -> NotebookNode:
    """Return a copy of `notebook` in which `parameters` have these values.

    Raises
    ------
    SubmitError
        The notebook is not in Python.
    """
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
    if not parameters:
        return notebook
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    if language.lower() != "python":
        raise SubmitError(f"parameters can be given to notebooks in Python, not in {language!r}")
    lines = ["# Parameters", *(f"{name} = {in_python(v)}" for name, v in parameters.items())]
    cell = nbformat.v4.new_code_cell("\n".join(lines), metadata={"tags": [INJECTED]})
    if notebook.get("nbformat_minor", 0) < 5:
        cell.pop("id", None)
    for place, known in enumerate(notebook.cells):
        if INJECTED in known.metadata.get("tags", ()):
            notebook.cells[place] = cell
            return notebook
    places = [n for n, c in enumerate(notebook.cells) if PARAMETERS in c.metadata.get("tags", ())]
    notebook.cells.insert(places[0] + 1 if places else 0, cell)
    return notebook


def in_python(value: Any) -> str:
    """Return a value of any JSON type as Python spells it."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{str(k)!r}: {in_python(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(in_python, value)) + "]"
    return repr(value)


class _Client(NotebookClient):
    """Executes cells, prints what they print, and saves after each."""

    output_path: Path
    progress: Callable[[int, int], None]
    place = 0  # of the cell that is executed now

    @default("on_cell_executed")
    def _on_cell_executed_default(self) -> Any:
        return self._after_cell

    @default("on_cell_execute")
    def _on_cell_execute_default(self) -> Any:
        return self._before_cell

    def _before_cell(self, cell: NotebookNode, cell_index: int) -> None:
        self.place = cell_index
        total = len(self.nb.cells)
        first = next((line for line in masked(cell.source).splitlines() if line.strip()), "")
        print(f"[{cell_index + 1}/{total}] {first[:100]}", flush=True)
        self._started_at = time.monotonic()

    def _after_cell(self, cell: NotebookNode, cell_index: int, execute_reply: Any) -> None:
        del cell, execute_reply
        self.progress(cell_index + 1, len(self.nb.cells))
        elapsed_s = time.monotonic() - self._started_at
        if elapsed_s >= 1:
            print(f"[{cell_index + 1}/{len(self.nb.cells)}] took {elapsed_s:.1f} s", flush=True)
        self.save()

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        if msg["msg_type"] == "stream":
            stream = sys.stderr if msg["content"]["name"] == "stderr" else sys.stdout
            stream.write(msg["content"]["text"])
            stream.flush()
        return super().output(outs, msg, display_id, cell_index)

    def save(self) -> None:
        """Write the notebook as far as it has been executed, secrets masked."""
        kept = nbformat.from_dict(json.loads(json.dumps(self.nb)))
        for cell in kept.cells:
            if INJECTED in cell.metadata.get("tags", ()):
                cell.source = masked(cell.source)
        self.output_path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.output_path.parent, suffix=".tmp")
        try:
            with open(handle, "w", encoding="utf-8") as file:
                nbformat.write(kept, file)
            os.chmod(name, 0o644)
            os.replace(name, self.output_path)
        except BaseException:
            os.unlink(name)
            raise


def execute(
    path: Path,
    output: Path,
    parameters: Mapping[str, Any],
    *,
    progress: Callable[[int, int], None],
    timeout_s: float | None = None,
    kernel_name: str | None = None,
    folder: Path | None = None,
) -> None:
    """Run the notebook `path` from top to bottom, and write it to `output` meanwhile.

    Parameters
    ----------
    progress
        Told after each cell how many are done, and how many there are.
    timeout_s
        Of one cell; None for no limit.
    kernel_name
        Default: the notebook's own where it is installed, else ``python3``.
    folder
        Where the kernel works; default: the current one.

    Raises
    ------
    SubmitError
        `path` is not a notebook.
    Failure
        A cell failed, took too long, or killed its kernel.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError) as error:
        raise SubmitError(f"{str(path)!r} is not a notebook: {error}") from error
    notebook = with_parameters(notebook, parameters)
    client = _Client(
        notebook,
        timeout=timeout_s,
        kernel_name=kernel_name or _kernel_name(notebook),
        resources={"metadata": {"path": str(folder or Path.cwd())}},
        store_widget_state=True,
        config=_kernel_settings(),
    )
    client.output_path = output
    client.progress = progress
    progress(0, len(notebook.cells))
    try:
        client.execute(env=os.environ | {EXECUTED_VARIABLE: os.path.abspath(output)})
        progress(len(notebook.cells), len(notebook.cells))
    except CellExecutionError as error:
        raise Failure(_error_of_cell(client, error.ename, error.evalue)) from None
    except CellTimeoutError:
        what = f"took longer than {timeout_s:g} s"
        raise Failure(_error_of_cell(client, "TimeoutError", what)) from None
    except DeadKernelError:
        raise Failure(_error_of_cell(client, "DeadKernelError", "its kernel died")) from None
    finally:
        client.save()


def _error_of_cell(client: _Client, kind: str, text: str) -> RunError:
    cells, place = client.nb.cells, client.place
    cell = cells[place]
    traces = [out.traceback for out in cell.get("outputs", ()) if out.output_type == "error"]
    trace = _ESCAPE.sub("", "\n".join(traces[-1])) if traces else f"{kind}: {text}"
    where = f"cell {place + 1} of {len(cells)}"
    return RunError(
        f"User program failed in {where} with {kind}: {text}".rstrip(": "),
        type=kind,
        traceback=f"{where}:\n{masked(cell.source)}\n\n{trace}\n",
    )


def _kernel_name(notebook: NotebookNode) -> str:
    name = str(notebook.metadata.get("kernelspec", {}).get("name", "python3"))
    try:
        KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        print(f"there is no kernel {name!r} here: the notebook runs in 'python3'", flush=True)
        return "python3"
    return name


def _kernel_settings() -> Config:
    """Return settings by which what a kernel is told and tells is encrypted, where it can be.

    On this machine others could read along, and a kernel warns of that in its log.
    """
    if not zmq.has("curve") or "transport_encryption" not in KernelManager.class_trait_names():
        return Config()
    return Config({"KernelManager": {"transport_encryption": "auto"}})


def _parameters(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with the secret ones, which no file has."""
    secret = json.loads(os.environ.pop(SECRETS_VARIABLE, "{}"))
    parameters = {**plan["parameters"], **secret}
    lost = [name for name, value in parameters.items() if value == MASK and name not in secret]
    if lost:
        raise SubmitError(
            f"parameter {lost[0]!r} was a secret, and not kept with the run: "
            f"give it again with parameters={{{lost[0]!r}: …}}"
        )
    return parameters


def main() -> int:
    """Run the notebook of the run that this process is; return the exit code."""
    run = Run.get_context(allow_offline=False)
    plan = Plan.read(run.folder).notebook or {}
    try:
        execute(
            Path(plan["path"]),
            Path(plan["output"]),
            _parameters(plan),
            timeout_s=plan.get("timeout"),
            kernel_name=plan.get("kernel_name"),
            folder=Path(plan["cwd"]) if plan.get("cwd") else None,
            progress=lambda done, total: run.store.set_progress(run.id, done, total),
        )
    except (Failure, SubmitError) as failure:
        error = failure.error if isinstance(failure, Failure) else RunError(str(failure))
        print(f"\n{error.message}\n{error.traceback}", file=sys.stderr)
        run.store.update_run(run.id, lambda known: known.update(error=asdict(error)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
