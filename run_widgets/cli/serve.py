"""A portal as a server of its own, in no more memory than it takes."""

from __future__ import annotations

import ctypes
import os
import sys


def serve(arguments: list[str]) -> None:
    """Serve the pages of runs until somebody ends it; `arguments` are the Jupyter server's."""
    _spare_memory()
    from run_widgets.portal import RunPortal

    RunPortal.launch_instance(argv=arguments)  # type: ignore[no-untyped-call]


def _spare_memory() -> None:
    """Do without 30 MB of what Jupyter's server and numpy would take; before they are imported."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a buffer each, and nothing to multiply
    # Checks of texts that no schema of the server's asks for, which jsonschema has where they
    # are installed; the first alone parses a grammar into 16 MB.
    for name in ("rfc3987_syntax", "isoduration"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    if sys.platform == "linux":
        most_arenas = -8  # M_ARENA_MAX of glibc: each thread else keeps what it has freed
        if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
            mallopt(most_arenas, 1)
