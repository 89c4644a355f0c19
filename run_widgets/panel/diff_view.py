"""The difference of two runs in a notebook's output, kept true while one of them goes on.

The output holds all that it shows, so that it outlives the kernel; while there is
something to come, this replaces it from time to time.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.display import display

from run_widgets.comparing.diff import diff_runs
from run_widgets.errors import RunWidgetsError
from run_widgets.panel.cell import kernel
from run_widgets.panel.poll import News, poll
from run_widgets.store.local import LocalStore

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

    from run_widgets.comparing.diff import RunDiff

_FINAL = ("Completed", "Failed", "Canceled")


def show(diff: RunDiff) -> None:
    """Show `diff` in the output of this cell, or print it where there is no kernel."""
    if kernel() is None:
        print(diff)
        return
    bundle = diff._repr_mimebundle_()
    handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
    if diff.sides is not None and not _is_final(diff):
        live = LiveDiff(diff, handle)
        threading.Thread(target=live.follow, name="run-widgets diff", daemon=True).start()


class LiveDiff:
    """Compares two runs again until both have ended; `handle` shows the newest difference."""

    def __init__(self, diff: RunDiff, handle: DisplayHandle) -> None:
        self._diff = diff
        self._handle = handle
        self._stop = threading.Event()

    def follow(self) -> None:
        """Return when both runs have ended and that is shown, or one of them is gone."""
        with contextlib.suppress(RunWidgetsError, OSError):
            poll(self.look, self._stop)

    def look(self) -> News:
        """Compare once, and show what came of it where that is new."""
        assert self._diff.sides is not None
        before, after = self._diff.sides
        stores = LocalStore(Path(before.workspace)), LocalStore(Path(after.workspace))
        now = diff_runs(stores[0], before.run_id, stores[1], after.run_id)
        is_new = now != self._diff
        if is_new:
            self._diff = now
            self._handle.update(now._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]
        return News.LAST if _is_final(now) else News.SOME if is_new else News.NONE


def _is_final(diff: RunDiff) -> bool:
    return diff.sides is None or all(side.status in _FINAL for side in diff.sides)
