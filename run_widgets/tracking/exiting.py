"""Whether a script ends by a ``sys.exit`` that tells of a failure.

Python lets go of a `SystemExit` before it calls what `atexit` knows, so the run
of a script that left with ``sys.exit(3)`` would be Completed. So `sys.exit` is
wrapped from the first run on. A ``raise SystemExit(3)`` without it stays unseen.
"""

from __future__ import annotations

import functools
import sys
import threading
from opcode import opmap
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import _ExitCode

_last: SystemExit | None = None


def watch() -> None:
    """Remember, from now on, with what `sys.exit` was called."""
    original = sys.exit
    if getattr(original, "_is_watched", False):
        return

    @functools.wraps(original)
    def watched(status: _ExitCode = None, /) -> NoReturn:  # noqa: RUF013
        global _last
        try:
            original(status)
        except SystemExit as raised:
            error = raised.with_traceback(None)
        if threading.current_thread() is threading.main_thread():
            _last = error
        raise error

    watched._is_watched = True  # type: ignore[attr-defined]
    sys.exit = watched


def failure() -> SystemExit | None:
    """Return what ends the interpreter, if it is a `sys.exit` that tells of a failure."""
    if _last is None or _last.code in (None, 0):
        return None
    # Who catches it leaves a traceback on it, and goes on; `finally` and `with` raise it anew.
    trace = _last.__traceback__
    if trace is None:
        return _last
    frame = trace.tb_frame
    at = frame.f_lasti
    has_ended_it = at == trace.tb_lasti or frame.f_code.co_code[at] == opmap["RERAISE"]
    return _last if has_ended_it else None
