"""Which server's pages a kernel's panels can link to, as files on this machine tell."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import sys
import weakref
from pathlib import Path

from jupyter_core.paths import jupyter_path, jupyter_runtime_dir

from run_widgets.store.process import is_alive, process_of

MARK = "run-widgets-portal-"
"""Beginning of the file, among those of running servers, that says that one is a portal's own; the
rest is its process id."""

_SERVER = "jpserver-{}.json"

_QUESTION = "run-widgets-question-"


class Question:
    """Whether anybody hears this kernel, asked by a file that a server takes away for who does.

    A browser cannot tell a busy kernel so, but the server beside it can.
    """

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        self._file: Path | None = Path(jupyter_runtime_dir(), f"{_QUESTION}{self.name}")
        try:
            self._file.touch()
        except OSError:
            self._file = None  # nobody can answer
            return
        self._end = weakref.finalize(self, _remove, self._file)

    def is_answered(self) -> bool:
        """Whether a server that a browser has told so has taken the file away."""
        return self._file is not None and not self._file.exists()

    def close(self) -> None:
        """Ask no longer."""
        if self._file is not None:
            self._end()


def answer(question: str, runtime_dir: str) -> None:
    """Tell the kernel that asks so that a browser hears it; nothing where none does."""
    if re.fullmatch("[0-9a-f]{16}", question):
        _remove(Path(runtime_dir, f"{_QUESTION}{question}"))


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)


def is_without_pages() -> bool:
    """Tell whether this kernel's front end has no server of ours behind it: Voilà on its own."""
    is_voila = os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
    return is_voila and not _has_server()


def portal_root() -> str:
    """Return where the addresses of a running ``run-widgets portal`` begin; empty where none runs.

    A browser takes them only where the server behind its page has no run-widgets.
    """
    for mark in sorted(Path(jupyter_runtime_dir()).glob(f"{MARK}*")):
        pid = mark.name.removeprefix(MARK)
        if pid.isdecimal() and is_alive(process_of(int(pid))):
            try:
                known = json.loads(mark.with_name(_SERVER.format(pid)).read_bytes())
                return str(known["url"])  # without its token
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return ""


def environment_of(words: list[str]) -> Path | None:
    """Return the folder of the environment that a command line runs in, or None."""
    for word in words[:2]:
        path = Path(word)
        if path.is_absolute() and path.parent.name in ("bin", "Scripts"):
            return path.parent.parent
    return None


def other_environment() -> Path | None:
    """Return the environment of the Jupyter server that started this kernel, if it is another."""
    if not _has_server():
        return None
    import psutil

    try:
        home = environment_of(psutil.Process(int(os.environ["JPY_PARENT_PID"])).cmdline())
    except (psutil.Error, OSError):
        return None
    return None if home is None or home.resolve() == Path(sys.prefix).resolve() else home


def has_lab_extension(home: Path, name: str) -> bool:
    """Tell whether JupyterLab of the environment `home` loads an extension."""
    ours = Path(sys.prefix, "share", "jupyter", "labextensions")
    places = {Path(folder) for folder in jupyter_path("labextensions")} - {ours}
    places.add(home / "share" / "jupyter" / "labextensions")
    return any((place / name / "package.json").is_file() for place in places)


def _has_server() -> bool:
    """Tell whether a Jupyter server has started this kernel, here and by this user."""
    parent = os.environ.get("JPY_PARENT_PID", "")
    return bool(parent) and Path(jupyter_runtime_dir(), _SERVER.format(parent)).is_file()
