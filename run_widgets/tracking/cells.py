"""What a failing notebook cell means for the runs of its kernel.

The kernel lives on after Ctrl-C or an exception, and the next cell may go on
logging, so the run stays Running. But it is noted, for the panel to say and
for the reason given if the kernel then ends without completing the run.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from run_widgets.tracking.life import Life

_runs: weakref.WeakSet[Life] = weakref.WeakSet()
_watched_shells: weakref.WeakSet[Any] = weakref.WeakSet()


def watch(run: Life) -> None:
    """Note in `run`, until it ends, how the cells of this kernel end."""
    shell = _shell()
    if shell is None:
        return
    _runs.add(run)
    if shell not in _watched_shells:
        _watched_shells.add(shell)
        shell.events.register("post_run_cell", _after_cell)


def forget(run: Life) -> None:
    """Leave a run that has ended alone."""
    _runs.discard(run)


def _shell() -> Any:
    # Outside IPython nothing of it is loaded, and nothing should be.
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _after_cell(result: Any) -> None:
    error = getattr(result, "error_in_exec", None)
    for run in list(_runs):
        run._note_interruption(error)
