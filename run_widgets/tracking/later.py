"""What a failing store refused and a run still owes it: tried again at every beat."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from run_widgets.store.keeper import keeper

if TYPE_CHECKING:
    from collections.abc import Callable


class Later:
    """One change, held by the keeper until it is made; `what` says it to a person."""

    def __init__(self, what: str, change: Callable[[], object]) -> None:
        self._what = what
        self._change = change
        keeper.hold(self)

    @property
    def waits_for(self) -> str:
        return self._what

    def beat(self) -> None:
        """Try once more."""
        with contextlib.suppress(OSError, LookupError):
            self._change()
            self._done()

    def after_fork(self) -> None:
        self._done()

    def _done(self) -> None:
        self._what = ""
        keeper.let_go(self)
