"""The supervisor itself: one process for each submitted run, tied to nothing else."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from run_widgets.errors import RunNotFound, RunWidgetsError, SubmitError
from run_widgets.records import RunError, RunStatus
from run_widgets.source import provenance, snapshot
from run_widgets.store import layout
from run_widgets.store.documents import write_json
from run_widgets.store.local import LocalStore
from run_widgets.store.log_times import LogTimes
from run_widgets.store.process import process_of
from run_widgets.supervisor import workcopy
from run_widgets.supervisor.capture import Capture
from run_widgets.supervisor.ending import end_all, end_group
from run_widgets.supervisor.failure import error_of
from run_widgets.supervisor.plan import LOG, WORK, Plan
from run_widgets.supervisor.queue import Ticket
from run_widgets.supervisor.request import OWN_LOG, RUN_VARIABLE, ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from run_widgets.store.local import Document

T = TypeVar("T")

WORKSPACE_VARIABLE = "RUN_WIDGETS_WORKSPACE"
POLL_S = 0.3
BEAT_S = 10.0
CAPTURE_S = 1.0
STORE_RETRY_S = 1.0
GONE_S = 60.0

# What a kernel sets for its own output, and what a script would take for its own.
_KERNEL_VARIABLES = (
    "JPY_PARENT_PID", "JPY_SESSION_NAME", "JPY_INTERRUPT_EVENT",
    "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "PAGER", "GIT_PAGER",
)  # fmt: skip


def carry(folder: Path) -> None:
    """Carry the run in `folder` to its end, whatever happens."""
    try:
        supervisor = Supervisor(folder)
    except RunWidgetsError as error:  # its plan is damaged
        store, run_id = LocalStore.of_run_folder(folder)
        store.update_run(run_id, ended(RunStatus.FAILED, RunError(str(error), code="SystemError")))
        raise
    supervisor.supervise()


class Supervisor:
    """Carries one run from its queue to its final status."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.run_id = LocalStore.of_run_folder(folder)
        self.plan = Plan.read(folder)
        record = self.store.run(self.run_id)
        self.ticket = Ticket(folder.parent, record.number, self.run_id)
        self.files = folder / layout.FILES
        self.work = Path(self.plan.source) if self.plan.is_in_place else folder / WORK
        self._news = threading.Event()
        self._was_told_to_end = False
        self._waits_for = ""
        self._seen = 0  # the time of the run's document when it was last read
        self._gone_at = 0.0
        self._is_asked = False
        self._overran = False
        self._next_beat = 0.0
        self._command: subprocess.Popen[bytes] | None = None
        self._describing = threading.Thread(target=self._describe)
        self._captures: list[Capture] = []
        self._made: list[Path] = []  # folders for the script to write to
        self._log = self.files / LOG
        self._log_times = LogTimes(folder, LOG)

    def supervise(self) -> None:
        """Do all of it; when this returns the run has a final status."""
        for name in ("SIGHUP", "SIGINT", "SIGQUIT"):
            if hasattr(signal, name):
                # Not SIG_IGN: the command would inherit that, and never be interrupted.
                signal.signal(getattr(signal, name), lambda *_: None)
        signal.signal(signal.SIGTERM, self._told_to_end)
        try:
            self.ticket.hold()
            self._update(self._claim)
            status, error = self._carry()
        except SubmitError as failure:
            status, error = RunStatus.FAILED, RunError(str(failure))
        except Exception as failure:  # the run must not stay without an end
            traceback.print_exc()
            status = RunStatus.FAILED
            error = RunError(
                f"the run could not be carried out: {failure}",
                code="SystemError",
                type=type(failure).__name__,
                traceback=traceback.format_exc(),
            )
        if self._command is not None and self._command.poll() is None:
            end_all(self.run_id, self._command.pid, kill_after_s=self.plan.kill_after_s)
        self._tidy()
        with contextlib.suppress(RunNotFound):
            self._update(ended(status, error))
        self.ticket.leave()

    def _carry(self) -> tuple[RunStatus, RunError | None]:
        if not self._wait_for_turn():
            return self._verdict(None)
        self._prepare()
        if self._must_end():
            return self._verdict(None)
        return self._verdict(self._execute())

    def _wait_for_turn(self) -> bool:
        """Return True when the run may start, False when it is to end before."""
        while not self._must_end():
            reason = self.ticket.obstacle(self.plan.max_concurrent)
            if not reason:
                return True
            if reason != self._waits_for:
                self._waits_for = reason
                self._set_status(RunStatus.QUEUED, waiting_for=reason)
            self._rest(POLL_S)
        return False

    def _prepare(self) -> None:
        self._set_status(RunStatus.PREPARING, waiting_for="")
        if not self.plan.is_in_place:
            missing = workcopy.unpack(
                self.folder / snapshot.ARCHIVE,
                self.work,
                source=Path(self.plan.source),
                left_out=self.plan.left_out,
            )
            if missing:
                names = ", ".join(missing[:20])
                print(f"not in the working copy, since they cannot be linked: {names}")
        self._describing.start()
        self.files.mkdir(exist_ok=True)
        for name in (*self.plan.outputs, *self.plan.logs):
            with contextlib.suppress(OSError, ValueError):
                capture = Capture(self.work, self.files, name, is_shared=self.plan.is_in_place)
                self._captures.append(capture)
                (self.work / name).mkdir(parents=True)
                self._made.append(self.work / name)

    def _describe(self) -> None:
        """Note git state and packages, which may take a while; the command need not wait."""
        facts = provenance.properties(self.plan.source if Path(self.plan.source).is_dir() else "/")

        def describe(known: Document) -> None:
            known["properties"] = {**facts, **(known.get("properties") or {})}

        with contextlib.suppress(RunNotFound, OSError):
            self._update(describe)
            if self._program() == sys.executable:  # else its packages are others
                write_json(self.folder / provenance.ENVIRONMENT_FILE, provenance.environment())

    def _execute(self) -> int:
        """Start the command, follow it to its end, and return its exit code."""
        self._set_status(RunStatus.STARTING)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with open(self._log, "ab", buffering=0) as output:
            # Both streams are the file itself: what is written is in the log,
            # in the order of writing, and costs the script what a file costs.
            try:
                command = self._command = subprocess.Popen(
                    self.plan.command,
                    shell=isinstance(self.plan.command, str),
                    cwd=self.work,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:  # a NUL in an argument is a ValueError
                why = getattr(error, "strerror", None) or error
                raise SubmitError(f"{self._program()!r} cannot be run: {why}") from error
        self._set_status(RunStatus.RUNNING, started_at=time.time(), command=process_of(command.pid))
        waiter = threading.Thread(target=self._await, args=(command,), daemon=True)
        waiter.start()
        self._follow(command)
        end_group(command.pid, kill_after_s=min(self.plan.kill_after_s, 5.0))
        self._note_log()
        return command.wait()

    def _follow(self, command: subprocess.Popen[bytes]) -> None:
        started = time.monotonic()
        pause_s = CAPTURE_S
        while command.poll() is None:
            self._overran = time.monotonic() - started > self.plan.max_seconds
            if self._overran or self._must_end():
                end_all(self.run_id, command.pid, kill_after_s=self.plan.kill_after_s)
                command.wait()
                return
            before = time.monotonic()
            with contextlib.suppress(OSError):  # a lost drive; it is tried again
                for capture in self._captures:
                    capture.follow()
            # A folder of a hundred thousand files takes a while to look through.
            pause_s = max(CAPTURE_S, 20 * (time.monotonic() - before))
            next_capture = time.monotonic() + pause_s
            while command.poll() is None and time.monotonic() < next_capture:
                self._rest(POLL_S)
                if self._log_times.is_due():
                    self._note_log()
                if self._must_end():
                    break

    def _note_log(self) -> None:
        with contextlib.suppress(OSError):
            facts = os.stat(self._log)
            self._log_times.note(facts.st_size, facts.st_mtime)

    def _await(self, command: subprocess.Popen[bytes]) -> None:
        command.wait()
        self._news.set()

    def _program(self) -> str:
        command = self.plan.command
        return command if isinstance(command, str) else command[0]

    def _environment(self) -> dict[str, str]:
        known = dict(os.environ)
        if "JPY_PARENT_PID" in known:
            for name in _KERNEL_VARIABLES:
                known.pop(name, None)
            if known.get("MPLBACKEND", "").startswith("module://"):
                del known["MPLBACKEND"]  # it draws into a notebook, and there is none
        known.setdefault("PYTHONUNBUFFERED", "1")
        known.setdefault("PYTHONFAULTHANDLER", "1")
        known[RUN_VARIABLE] = known["AZUREML_RUN_ID"] = self.run_id
        known[WORKSPACE_VARIABLE] = str(self.store.root)
        known["AZUREML_OUTPUT_DIRECTORY"] = "./outputs"
        return known

    # -- the end --

    def _verdict(self, exit_code: int | None) -> tuple[RunStatus, RunError | None]:
        """Return how the run ends; `exit_code` is None where nothing was started."""
        document = self._document()
        is_failed = isinstance(document.get("error"), dict)  # by `run.fail`, from wherever
        if _is_asked(document):
            return (RunStatus.FAILED if is_failed else RunStatus.CANCELED), None
        if self._was_told_to_end:
            why = "the supervisor was told to end (SIGTERM), as when the machine is shut down"
            return RunStatus.FAILED, RunError(why, code="ProcessEnded")
        if self._overran:
            why = f"it ran longer than max_run_duration_seconds={self.plan.max_seconds:g}"
            return RunStatus.FAILED, RunError(why, code="Timeout")
        if exit_code == 0:
            return (RunStatus.FAILED if is_failed else RunStatus.COMPLETED), None
        if is_failed or exit_code is None:
            return RunStatus.FAILED, None
        source = Path(self.plan.source)
        error = error_of(exit_code, self._log, source=source, work=self.work)
        return RunStatus.FAILED, error

    def _tidy(self) -> None:
        """Bring in the last files and remove what is not needed; nothing here fails the run."""
        try:
            if self._describing.ident is not None:
                self._describing.join()
            if self._captures:
                self._set_status(RunStatus.FINALIZING)
            for capture in self._captures:
                capture.follow(is_last=True)
                capture.release()
                for path, problem in capture.problems.items():
                    print(f"{capture.name}/{path} was not collected: {problem}")
            for made in self._made:
                with contextlib.suppress(OSError):
                    made.rmdir()  # fails, as it should, where something is left in it
            if not self.plan.is_in_place:
                workcopy.clean(self.work)
        except (OSError, RunWidgetsError):
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        own = self.folder / OWN_LOG
        with contextlib.suppress(OSError):
            if own.stat().st_size:
                kept = self.files / "system_logs" / "supervisor.txt"
                kept.parent.mkdir(parents=True, exist_ok=True)
                own.replace(kept)
            else:
                own.unlink()

    # -- what others want --

    def _told_to_end(self, *_: object) -> None:
        self._was_told_to_end = True
        self._news.set()

    def _must_end(self) -> bool:
        """Tell whether somebody wants the run to end."""
        if self._is_asked or self._was_told_to_end:
            # A signal may be all there is, or come with a request in the document.
            return True
        try:
            changed = os.stat(self.folder / layout.RUN_FILE).st_mtime_ns
        except OSError:
            # The run was deleted, unless its drive comes back.
            self._gone_at = self._gone_at or time.monotonic()
            return time.monotonic() - self._gone_at > GONE_S
        self._gone_at = 0.0
        if changed != self._seen:
            self._seen = changed
            with contextlib.suppress(RunWidgetsError):
                self._is_asked = _is_asked(self.store.document(self.run_id))
        return self._is_asked

    def _rest(self, pause_s: float) -> None:
        self._news.wait(pause_s)
        self._news.clear()
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            self.ticket.beat()
            with contextlib.suppress(OSError):
                os.utime(self.folder / layout.RUN_FILE)

    # -- the run's document --

    def _claim(self, known: Document) -> None:
        self.store.own(known)
        known.pop("supervisor_due_at", None)
        known["is_supervised"] = True

    def _set_status(self, status: RunStatus, **facts: object) -> None:
        def change(known: Document) -> None:
            if not _is_asked(known):
                known["status"] = status.value
            known.update(facts)

        self._update(change)

    def _update(self, change: Callable[[Document], None]) -> None:
        self._insist(lambda: self.store.update_run(self.run_id, change))

    def _document(self) -> Document:
        return self._insist(lambda: self.store.document(self.run_id))

    def _insist(self, ask: Callable[[], T]) -> T:
        """Ask the store until it answers: a full disk or a lost drive may come back.

        Raises
        ------
        RunNotFound
            The run's folder has been gone for `GONE_S`: somebody deleted it.
        """
        given_up_at = time.monotonic() + GONE_S
        while True:
            try:
                return ask()
            except (OSError, RunNotFound) as error:
                if isinstance(error, RunNotFound) and time.monotonic() > given_up_at:
                    raise
                print(f"{time.ctime()}: the store fails, trying again: {error}", flush=True)
                time.sleep(STORE_RETRY_S)


def _is_asked(document: Document) -> bool:
    return document.get("status") == RunStatus.CANCEL_REQUESTED.value
