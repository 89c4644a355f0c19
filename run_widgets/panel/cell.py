"""Which cell of a notebook this is, as far as its kernel knows."""

from __future__ import annotations

import os
import re
from typing import Any

from IPython import get_ipython

_PYTHON_CLIENT = re.compile(r".+_\d+_\d+")
"""The id of a message that came from Python: a session, a process and a number."""


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


def has_browser(kernel: Any) -> bool:
    """Tell whether a browser shows what the running cell shows, as far as can be known.

    nbconvert and papermill, as all that is built on nbclient, name no cells and number
    their messages as Python's client does. So does Voilà, which has a browser and
    says in the environment that it is Voilà.
    """
    parent = kernel.get_parent("shell")
    names_cells = bool(parent.get("metadata", {}).get("cellId"))
    is_python = _PYTHON_CLIENT.fullmatch(str(parent.get("header", {}).get("msg_id", "")))
    is_voila = os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
    return names_cells or not is_python or is_voila
