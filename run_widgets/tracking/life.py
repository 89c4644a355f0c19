"""How a run ends: well, badly, or because somebody said so."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self, TypeVar

from run_widgets.errors import (
    BadType,
    RunClosed,
    RunFailed,
    StoreUnavailable,
)
from run_widgets.records import RunError, RunRecord, RunStatus
from run_widgets.store.digest import entries_at_end
from run_widgets.store.keeper import keeper
from run_widgets.store.layout import METRICS
from run_widgets.supervisor.failure import TRACEBACK, exception_in, failed_with
from run_widgets.supervisor.request import wake
from run_widgets.tracking import cells, exiting
from run_widgets.tracking.console import Block, LogPrinter
from run_widgets.tracking.details import Details
from run_widgets.tracking.later import Later

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from run_widgets.store.local import Document


POLL_S = 0.5

PROGRESS_S = 0.25
"""How often `track` shows its progress, at the most."""

T = TypeVar("T")

SUBMITTED = ("azureml.scriptrun", "azureml.notebookrun")
"""Types of run that have a supervisor, a process that starts and ends theirs."""


class Life(Details):
    """From start to final status."""

    def start(self) -> None:
        """Mark the run, made elsewhere and not ended, as running in this process.

        A submitted run is started by its supervisor; for it this does nothing.
        """
        if self._is_supervised():
            return
        record = self._refresh()
        if (
            record.status.is_final
            and record.error is not None
            and record.error.code != "ProcessEnded"
        ):
            raise RunClosed(self._closed_text(record.status))
        self._become_owner(reopen=False)

    def complete(self, _set_status: bool = True) -> None:
        """End the run well: what waits is written, outputs are collected, then it is Completed.

        A submitted run ends with its process; for it, what waits is written.
        """
        if self._is_supervised():
            self._let_go()
        else:
            self._end(RunStatus.COMPLETED if _set_status else None)

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
        _set_status: bool = True,
    ) -> None:
        """End the run as Failed, with an error that `get_details` and the panel show.

        A submitted run is Failed, by this error, once its process has ended.
        From inside that process the error is noted; from elsewhere, the
        process is ended.

        Raises
        ------
        BadType
            `error_details` is neither text, an exception nor None.
        """
        error = error_of(error_details, error_code)
        if not self._is_supervised():
            self._end(RunStatus.FAILED if _set_status else None, error)
            return
        self._let_go()
        if self._is_inside:
            self._update(lambda known: known.update(error=asdict(error)))
        else:
            self._request_end(RunStatus.FAILED, error)

    def cancel(self) -> None:
        """End the run as Canceled; a submitted run's supervisor ends its processes first."""
        self.store.request_stop(self.id)
        if self._is_supervised():
            self._request_end(RunStatus.CANCELED)
        else:
            self._end(RunStatus.CANCELED)

    def _is_supervised(self) -> bool:
        """Tell whether a supervisor, and not this process, says how the run ends."""
        return not self._owned and self._record.type in SUBMITTED

    def _request_end(self, status: RunStatus, error: RunError | None = None) -> None:
        def request(known: Document) -> None:
            if RunStatus(known["status"]).is_final:
                return
            if error is not None:
                known["error"] = asdict(error)
            if known.get("owner"):  # its supervisor, which looks for this
                known["status"] = RunStatus.CANCEL_REQUESTED.value
            else:
                known.update(status=status.value, ended_at=time.time())

        record = self._update(request)
        if record.status.is_final and record.status is not status:
            raise RunClosed(self._closed_text(record.status))
        wake(self.store, self.id)

    def _let_go(self) -> None:
        """Write what waits; a later value opens files of its own."""
        if self._writer is not None:
            self._writer.close(self._closed_text(RunStatus.COMPLETED))
            self._writer = None
            self._put = self._put_first

    def should_stop(self) -> bool:
        """Tell whether somebody asked the run to stop: ask at each step, then end it.

        It costs two microseconds: the wish is a file in the run's folder, so it
        arrives also while the kernel is busy, and from any process.
        """
        if self._stop_file is None:
            self._stop_file = str(self.store.stop_file(self.id))
        return os.path.exists(self._stop_file)

    def track(self, steps: Iterable[T], total: int | None = None) -> Iterator[T]:
        """Yield from `steps`, show how far they are, and end early when asked to stop.

        Parameters
        ----------
        steps
            Anything to loop over; its length, where it has one, is the total.
        total
            How many steps there are, where `steps` does not know.

        Examples
        --------
        ``for epoch in run.track(range(100)): ...``
        """
        if total is None:
            with contextlib.suppress(TypeError):
                total = len(steps)  # type: ignore[arg-type]
        done = 0
        try:
            for step in steps:
                if self.should_stop():
                    return
                self.set_progress(done, total)
                yield step
                done += 1
        finally:
            self._show_progress(done, total)

    def set_progress(self, done: int, total: int | None = None) -> None:
        """Show how far the run is, where the loop is not yours: `track` does it for one that is.

        Call it as often as you like: it is written four times a second, and at the end.

        Parameters
        ----------
        done, total
            Whole numbers of steps; without `total` there is a count and no bar.
        """
        now = time.monotonic()
        if done == total or now - self._progress_at >= PROGRESS_S:
            self._progress_at = now
            self._show_progress(done, total)

    def _show_progress(self, done: int, total: int | None) -> None:
        with contextlib.suppress(OSError, LookupError):  # a full disk must not end the loop
            self.store.set_progress(self.id, done, total)

    def flush(self, timeout_seconds: float = 300) -> None:
        """Write what waits in memory for a store that failed.

        There is nothing to wait for otherwise: a logged value is safe at once.

        Raises
        ------
        StoreUnavailable
            The store still fails.
        """
        del timeout_seconds
        if self._writer is not None:
            self._writer.flush()
            if self._writer.problem:
                raise StoreUnavailable(self._writer.problem)
        for picture in self._waiting_pictures:
            picture.beat()
            if picture.waits_for:
                raise StoreUnavailable(picture.waits_for)

    def _own(self) -> None:
        self._owned = True
        if self._sign is None:
            self._sign = self.store.sign_of(self.id)
            keeper.hold(self._sign)
        keeper.at_exit(self, self._end_at_exit)
        if not _is_kernel():
            exiting.watch()
        cells.watch(self)
        for folder in self._outputs:
            with contextlib.suppress(OSError):
                os.makedirs(folder, exist_ok=True)

    def _become_owner(self, *, reopen: bool) -> None:
        def change(known: Document) -> None:
            if reopen:
                for key in ("ended_at", "error", "interrupted"):
                    known.pop(key, None)
            known.pop("metrics", None)  # they were those of an end that was none
            known["status"] = RunStatus.RUNNING.value
            known.setdefault("started_at", time.time())
            self.store.own(known)

        self._update(change)
        self._writer = None
        self._put = self._put_first
        self._own()

    def _end(self, status: RunStatus | None, error: RunError | None = None) -> None:
        """Collect, write, and only then set the status; a second end changes nothing."""
        record = self._record if self._owned else self._refresh()
        if record.status.is_final and (record.error is None or record.error.code != "ProcessEnded"):
            if status not in (None, record.status):
                raise RunClosed(self._closed_text(record.status))
            return
        for stop in self._on_end:
            stop()
        is_deleted = self.store.is_deleted(self.id)  # by somebody else, and so it stays
        if not is_deleted:
            self._collect_outputs()
        if self._writer is not None:
            self._writer.close(self._closed_text(status or RunStatus.COMPLETED))
        keeper.forget(self)
        if self._sign is not None:
            keeper.let_go(self._sign)
            self._sign = None
        cells.forget(self)
        if (status is not None or error is not None) and not is_deleted:
            self._set_final(status, error)
        self._owned = False

    def _set_final(self, status: RunStatus | None, error: RunError | None) -> None:
        ended_at = time.time()
        metrics = self._metrics_at_end()

        def change(known: Document) -> None:
            if error is not None:
                known["error"] = asdict(error)
            if status is not None:
                known.update(status=status.value, ended_at=ended_at)
                if metrics is not None:
                    known["metrics"] = metrics

        try:
            self._update(change)
        except (StoreUnavailable, LookupError) as failure:
            warnings.warn(
                f"run-widgets: the end of run {self.id!r} waits for the store: {failure}",
                RuntimeWarning,
                stacklevel=4,
            )
            Later("how a run ended: its folder cannot be written", lambda: self._update(change))

    def _metrics_at_end(self) -> Document | None:
        """Return what a list of runs shows of the metrics; None where it is left to the list."""
        if self._writer is None or self._writer.problem:
            return None
        return entries_at_end(self._writer.folder / METRICS)

    def _note_interruption(self, error: BaseException | None) -> None:
        """Note how a cell of this kernel ended, or that a later one ended well."""
        text = "" if error is None else f"{type(error).__name__}: {error}".rstrip(": ")
        if text == self._record.interrupted:
            return
        with contextlib.suppress(StoreUnavailable, LookupError):
            self._update(lambda known: known.update(interrupted=text))

    def _end_at_exit(self) -> None:
        """The interpreter ends and nobody has ended the run."""
        error = sys.exc_info()[1] or getattr(sys, "last_value", None) or exiting.failure()
        if _is_kernel():
            reason = "the kernel was shut down before run.complete()"
            self._end(RunStatus.FAILED, RunError(reason, code="ProcessEnded"))
        elif isinstance(error, BaseException):
            self._end(RunStatus.FAILED, error_of(error, None))
        else:
            self._end(RunStatus.COMPLETED)

    def __enter__(self) -> Self:
        # A submitted run's log has what it prints already.
        if not self._blocks and not self._is_inside:
            self._block = Block(self)
        self._blocks += 1
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        del kind, trace
        self._blocks = max(0, self._blocks - 1)  # `ExitStack.push` enters none
        if self._blocks:
            return  # a function was given the run, and has a block of its own for it
        if self._block is not None:
            self._block.end(error)
            self._block = None
        if self._refresh_quietly().status.is_final:
            return  # ended inside the block, as somebody wished
        well = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        if well:
            self.complete()
        else:
            self.fail(error)

    def _refresh_quietly(self) -> RunRecord:
        with contextlib.suppress(LookupError, OSError):
            return self._refresh()
        return self._record

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Wait until the run has ended, and return `get_details()`.

        Parameters
        ----------
        show_output
            Print the run's log as it is written.

        Raises
        ------
        RunFailed
            The run failed, and `raise_on_error` is true.
        """
        del wait_post_processing
        shown = LogPrinter(self) if show_output else None
        try:
            while True:
                final = self._refresh().status.is_final
                if shown is not None:
                    shown.print_new()
                if final:
                    break
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            print(f"\nrun {self.id!r} goes on: run.cancel() ends it")
            raise
        if shown is not None:
            shown.end(self._record.status)
        if raise_on_error and self._record.status is RunStatus.FAILED:
            error = self._record.error
            raise RunFailed(
                f"run {self.id!r} failed: {error.message if error else 'no reason given'}"
            )
        return self.get_details()


def _is_kernel() -> bool:
    return "ipykernel" in sys.modules


def error_of(details: str | BaseException | None, code: str | None) -> RunError:
    """Return what a run's end records of a text or exception; `code` is a word for its kind."""
    code = code or "UserError"
    if details is None:
        return RunError("", code=code)
    if isinstance(details, str):
        return _told_error(details, code)
    if isinstance(details, BaseException):
        kind = type(details).__name__
        return RunError(
            failed_with(kind, str(details)),
            code=code,
            type=kind,
            traceback="".join(traceback.format_exception(details)),
        )
    raise BadType(f"error_details must be a text or an exception, got {details!r}")


def _told_error(text: str, code: str) -> RunError:
    """Return the error that a text tells of: that of `traceback.format_exc` is an exception's."""
    before, begins, _ = text.partition(TRACEBACK)
    known = exception_in(text) if begins else None
    if known is None:
        return RunError(text, code=code)
    message = before.strip() or failed_with(*known)
    return RunError(message, code=code, type=known[0], traceback=text)
