"""Which cell of a notebook this is, as far as its kernel knows."""

from __future__ import annotations

from typing import Any

from IPython import get_ipython


def kernel() -> Any:
    """Return the Jupyter kernel that this process is, or None."""
    return getattr(get_ipython(), "kernel", None)


def running_cell(kernel: Any) -> tuple[str, str]:
    """Return which cell is running, and which of its executions this is.

    A front end that does not name cells gets a cell for each execution.
    """
    parent = kernel.get_parent("shell")
    execution = str(parent.get("header", {}).get("msg_id", ""))
    return str(parent.get("metadata", {}).get("cellId") or execution), execution
