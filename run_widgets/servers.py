"""Which server's pages a kernel's panels can link to, as files on this machine tell."""

from __future__ import annotations

import json
import os
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

from run_widgets.store.process import is_alive, process_of

MARK = "run-widgets-portal-"
"""Beginning of the file, among those of running servers, that says that one is a portal's own; the
rest is its process id."""

_SERVER = "jpserver-{}.json"


def is_without_pages() -> bool:
    """Tell whether this kernel's front end has no server of ours behind it: Voilà on its own."""
    is_voila = os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
    return is_voila and not _has_server()


def portal_root() -> str:
    """Return where the addresses of a running ``run-widgets portal`` begin.

    Empty where none runs, and where this kernel has a Jupyter server, whose pages are nearer.
    """
    if _has_server():
        return ""
    for mark in sorted(Path(jupyter_runtime_dir()).glob(f"{MARK}*")):
        pid = mark.name.removeprefix(MARK)
        if pid.isdecimal() and is_alive(process_of(int(pid))):
            try:
                known = json.loads(mark.with_name(_SERVER.format(pid)).read_bytes())
                return str(known["url"])  # without its token
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return ""


def _has_server() -> bool:
    """Tell whether a Jupyter server has started this kernel, here and by this user."""
    parent = os.environ.get("JPY_PARENT_PID", "")
    return bool(parent) and Path(jupyter_runtime_dir(), _SERVER.format(parent)).is_file()
