"""A run as one process holds it: its record, and its way of writing to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from run_widgets.errors import RunClosed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from run_widgets.records import RunRecord, RunStatus
    from run_widgets.store.local import Document, LocalStore
    from run_widgets.store.status import Sign
    from run_widgets.store.writer import Writer
    from run_widgets.tracking.console import Block
    from run_widgets.tracking.experiment import Experiment
    from run_widgets.tracking.files import Stamp
    from run_widgets.tracking.pictures import WaitingPicture


PORTAL_PATH = "run-widgets/"
"""Of every page of ours, below the Jupyter server's base URL."""


class Handle:
    """What every side of a `Run` builds on."""

    experiment: Experiment
    store: LocalStore
    id: str

    def _set_up(self, experiment: Experiment, record: RunRecord, outputs: tuple[str, ...]) -> None:
        self.experiment = experiment
        self.store = experiment.workspace.store
        self.id = record.id
        self._record = record
        self._outputs = outputs
        self._outputs_of_before: dict[Path, Stamp] = {}  # there already when the run began
        self._writer: Writer | None = None
        self._put: Callable[[str, Any, int | None], None] = self._put_first
        self._owned = False
        self._sign: Sign | None = None  # of this process's life, while it owns the run
        self._stop_file: str | None = None  # there when somebody asked the run to stop
        self._progress_at = -math.inf  # when it was last written, on the monotonic clock
        self._is_inside = False  # whether this process was submitted as the run
        self._block: Block | None = None
        self._blocks = 0  # that it is in, one within the other
        self._waiting_pictures: list[WaitingPicture] = []  # for a store that refused them
        self._is_losing_pictures = False
        self._on_end: list[Callable[[], None]] = []  # e.g. the sampler of system metrics

    @property
    def folder(self) -> Path:
        """Where the run lies; see docs/store-format.md."""
        return self.store.folder(self.id)

    def _refresh(self) -> RunRecord:
        self._record = self.store.run(self.id)
        return self._record

    def _update(self, change: Callable[[Document], None]) -> RunRecord:
        self._record = self.store.update_run(self.id, change)
        return self._record

    def _put_first(self, name: str, value: Any, step: int | None) -> None:
        self._put = self._open_writer().put
        self._put(name, value, step)

    def _open_writer(self) -> Writer:
        if self._writer is None:
            self._check_open()
            self._writer = self.store.writer(self.id)
        return self._writer

    def _check_open(self) -> None:
        record = self._record if self._owned else self._refresh()
        if record.status.is_final:
            raise RunClosed(self._closed_text(record.status))

    def _closed_text(self, status: RunStatus) -> str:
        return (
            f"run {self.id!r} is {status.value}: it takes no more metrics or files; "
            "start a new run, or go on with experiment.start_logging(run_id=…, resume=True)"
        )
