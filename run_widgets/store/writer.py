"""The appending side of a run: one writer a process, two files it alone owns.

A value that `put` has taken is in the operating system's hands when `put`
returns. `MappedWriter` lays it into a page of the mapped `.points` file, which
outlives the process however it ends; `AppendWriter` pays a write call instead,
for drives where mapping is not safe.

What the disk refuses waits in memory, up to `WAITING_BYTES`, and is written
when a beat of the keeper finds the store back. Nothing on disk ever refers to
what is not there yet: once the text waits, so do the points after it.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import threading
import time
import warnings
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from run_widgets.errors import MetricConflict, NotAMetric, RunClosed, RunNotFound, RunWidgetsError
from run_widgets.records import Kind, PointKind
from run_widgets.store.columns import settle
from run_widgets.store.keeper import keeper
from run_widgets.store.layout import (
    FORMAT,
    LINE_BYTES,
    METRICS_AT_MOST,
    POINT,
    POINT_OF_INT,
    metric_name,
)
from run_widgets.store.pair import FilePair, Tail, copy
from run_widgets.store.process import this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

WAITING_BYTES = 256 * 2**20
"""What may wait in memory for a store that fails: 11 million values."""

CELLS_AT_ONCE = 2**17
"""Of a list or table; longer ones are kept in several records, so that each is read in bounds."""

_FAMILY = {kind: kind.value for kind in Kind}
_FAMILY |= dict.fromkeys((Kind.SCALAR, Kind.LIST), "vector")
_FAMILY |= dict.fromkeys((Kind.ROW, Kind.TABLE), "table")

_now = time.time
_as_json = json.JSONEncoder(separators=(",", ":")).encode

Plain = float | int | bool | str | None


class Writer:
    """What both ways of appending share: names, records, second tries, the end.

    Parameters
    ----------
    folder
        The run's.
    restore
        Called when that has vanished, to write again what else belongs into it;
        `RunNotFound` where somebody deleted the run, which is to stay so.
    waiting_bytes
        How much may wait in memory for a store that fails.
    """

    def __init__(
        self, folder: Path, restore: Callable[[], None], *, waiting_bytes: int = WAITING_BYTES
    ) -> None:
        self.folder = folder
        self._restore = restore
        self._waiting_bytes = waiting_bytes
        self._closed = ""  # why, once it is
        self._start()
        keeper.know(self)

    def _start(self) -> None:
        self._lock = threading.RLock()
        self._is_inside = False  # whether some thread is in `_alone`
        self._later: deque[Callable[[], object]] = deque()
        self._marks: dict[str, int] = {}  # of the names `put` may use without a further look
        self._ids: dict[str, int] = {}
        self._families: dict[str, str] = {}
        self._pair: FilePair | None = None
        self._header = b""
        self._text = Tail()
        self._problem = ""
        self._dropped = 0
        self._dropped_told = 0  # of those, how many the run's files tell of

    # -- what is logged ------------------------------------------------------------

    def put(self, name: str, value: Plain, step: int | None) -> None:
        """Append one value of a metric; `value` is plain, as `values.scalar` gives it.

        Raises
        ------
        BadName, NotAName
            `name` is not a non-empty string.
        NotAMetric
            `step` is not a whole number of 64 bits, or a text is longer than a line may be.
        MetricConflict
            `name` is a table or a picture in this run.
        RunClosed
            The writer was closed.
        """
        raise NotImplementedError

    def put_all(
        self, values: Mapping[str, Plain], step: int | None, at: float | None = None
    ) -> None:
        """Append one value of each of several metrics, all at one time, default: now.

        Raises as `put` does; the values before the wrong one are kept.
        """
        self._alone(self._put_all_alone, values, step, _now() if at is None else float(at))

    def put_known(self, values: Mapping[str, Any], step: int | None) -> bool:
        """Do as `put_all` where that is quick; False where it is not, and nothing is done.

        Values of any type may be given.
        """
        del values, step
        return False

    def record(self, kind: Kind, name: str, value: Any, step: int | None = None) -> None:
        """Append a text, list, row, table, image or document as a line of JSON, or several.

        Raises
        ------
        BadName, NotAName, MetricConflict, RunClosed
            As `put`.
        NotAMetric
            JSON has no form for it, or it is longer than a line may be.
        """
        metric_name(name)
        at = _now()
        if kind in (Kind.LIST, Kind.TABLE):
            lines = list(_record_lines(kind, name, value, at, step))
        else:
            lines = [_record_line(kind, name, value, at, step)]
        self._alone(self._add_lines, name, _FAMILY[kind], lines, at)

    def describe(self, name: str, description: str) -> None:
        """Keep what a metric means; the last one given counts."""
        line = _json_line({"describe": name, "description": description}, name)
        self._alone(self._add_description, line)

    def _alone(self, act: Callable[..., None], *args: Any) -> None:
        """Call `act` with nobody else in here.

        Who is in here already is interrupted by a signal handler that logs: what
        that wants is done as soon as the interrupted call is through.
        """
        with self._lock:
            if self._is_inside:
                self._later.append(partial(act, *args))
                return
            self._is_inside = True
            try:
                act(*args)
            except RunWidgetsError as error:
                # That a quicker way was tried first tells whoever reads the traceback nothing.
                error.__suppress_context__ = True
                raise
            finally:
                try:
                    while self._later:
                        with contextlib.suppress(RunWidgetsError):
                            self._later.popleft()()
                finally:
                    self._is_inside = False

    # Below, up to the signs of life, all is called from `_alone`.

    def _put_all_alone(self, values: Mapping[str, Plain], step: int | None, at: float) -> None:
        for name, value in values.items():
            self._put_alone(name, value, step, at)

    def _put_alone(
        self, name: str, value: Plain, step: int | None, at: float | None = None
    ) -> None:
        """Append one value, whatever it is; `at` is now if not given."""
        if at is None:
            at = _now()
        mark = self._declare(name, "vector")
        form, number = POINT_OF_INT, value
        if isinstance(value, float):
            form = POINT
        elif value is None:
            mark, number = _with_kind(mark, PointKind.NONE), 0
        elif isinstance(value, bool):
            mark = _with_kind(mark, PointKind.BOOL)
        elif isinstance(value, int):
            mark = _with_kind(mark, PointKind.INT)
        else:
            self._record_alone(name, value, step, at)
            return
        try:
            self._take(form, number, at, step, mark)  # type: ignore[arg-type]
        except struct.error:
            # A value or a step too wide for a point still finds room in a record.
            self._record_alone(name, value, step, at)

    def _record_alone(self, name: str, value: Plain, step: int | None, at: float) -> None:
        line = _record_line(Kind.SCALAR, name, value, at, checked_step(step))
        self._add_lines(name, "vector", [line], at)

    def _add_lines(self, name: str, family: str, lines: list[bytes], at: float) -> None:
        mark = self._declare(name, family)
        for line in lines:
            if self._is_full(len(line)):
                self._dropped += 1
                continue
            place = self._append_text(line)
            self._take(POINT_OF_INT, place, at, None, _with_kind(mark, PointKind.RECORD))

    def _add_description(self, line: bytes) -> None:
        self._check_open()
        self._append_text(line)

    def _take(
        self, form: struct.Struct, value: float | int, at: float, step: int | None, mark: int
    ) -> None:
        """Append one point; `struct.error` where value or step do not fit it."""
        raise NotImplementedError

    def _declare(self, name: str, family: str) -> int:
        """Return the mark of a float of `name`, having written its declaration once."""
        self._check_open()
        known = self._families.get(name) if isinstance(name, str) else None
        if known is None:
            metric_name(name)
            number = len(self._ids) + 1
            if number > METRICS_AT_MOST:
                raise NotAMetric(
                    f"{name!r} would be metric number {number:,} of this process: log what "
                    "has so many names as rows of a table"
                )
            declaration = {"metric": number, "name": name, "family": family}
            self._append_text(_json_line(declaration, name))
            # Noted last: interrupted before, the next declaration takes the number.
            self._ids[name] = number
            self._families[name] = family
        elif known != family:
            raise MetricConflict(
                f"{name!r} is {_a(known)} in this run and cannot become {_a(family)}: "
                "log it under another name"
            )
        mark = (self._ids[name] << 8) + PointKind.FLOAT
        if family == "vector":
            self._marks[name] = mark
        return mark

    def _check_open(self) -> None:
        if self._closed:
            raise RunClosed(self._closed)

    def _append_text(self, line: bytes) -> int:
        """Add a line to the JSON file, or to what waits for it; return where it begins."""
        if not self._header:
            self._begin()
        place = self._text.add(line)
        try:
            if self._pair is None and not self._problem:
                self._pair = FilePair.create(self.folder, self._header)
            if self._pair is not None:
                self._text.save(self._pair.text)
        except OSError as error:
            self._complain(error)
        return place

    def _begin(self) -> None:
        keeper.hold(self)
        token = os.urandom(8).hex()  # by which a file that comes back is known as ours
        header = {"format": FORMAT, "writer": this_process(), "at": _now(), "token": token}
        line = _json_line(header, "header")
        self._text = Tail(line)
        self._header = line

    def _is_full(self, size: int) -> bool:
        """Tell whether `size` more bytes may not wait, so that a value has to be dropped."""
        if not self._problem:
            return False
        return self._text.in_memory + self._points_in_memory() + size > self._waiting_bytes

    def _points_in_memory(self) -> int:
        """Return how many bytes of points wait."""
        raise NotImplementedError

    def _save_points(self, pair: FilePair) -> None:
        """Write the points that wait in memory, after the text that they refer to."""
        raise NotImplementedError

    def _copy_points(self, old: FilePair, new: FilePair) -> None:
        """Bring the points that the vanished files hold into the new ones."""
        raise NotImplementedError

    def _leave(self, old: FilePair) -> None:
        """Let go of the vanished files; `self._pair` are the new ones."""

    def _stop(self) -> int:
        """Take no more points, and return the size in bytes of those taken."""
        raise NotImplementedError

    def _complain(self, error: OSError | ValueError | RunNotFound) -> None:
        first = not self._problem
        self._problem = f"{self.folder} cannot be written ({error}); values wait in memory"
        if first:
            # Also where warnings are errors: training must not end because of a disk.
            with contextlib.suppress(RuntimeWarning):
                warnings.warn(f"run-widgets: {self._problem}", RuntimeWarning, stacklevel=2)

    # -- signs of life, second tries, the end -----------------------------------------

    @property
    def problem(self) -> str:
        """Why values wait in memory, and how many are beyond help; empty when all is well."""
        if not self._dropped:
            return self._problem
        limit = f"more than {self._waiting_bytes / 2**20:g} MiB had to wait"
        lost = f"{self._dropped:,} values are lost, since {limit}"
        return f"{self._problem}; {lost}" if self._problem else f"{self.folder}: {lost}"

    @property
    def is_failing(self) -> bool:
        """Whether values wait in memory for the store to come back."""
        return bool(self._problem)

    @property
    def waits_for(self) -> str:
        """As `problem`, while something is still to be written."""
        return self.problem if self._problem else ""

    def beat(self) -> None:
        """Show that the process lives, and write what a failing store left in memory."""
        self._alone(self._beat_alone)

    def _beat_alone(self) -> None:
        self._save()
        if self._closed and not self._problem:
            self._finish()
        elif self._pair is not None:
            self._pair.beat()

    def flush(self) -> None:
        """Write now what waits in memory; `problem` tells whether that went well."""
        self._alone(self._save)

    def _save(self) -> None:
        if not self._header:
            return  # nothing was logged
        try:
            if self._pair is None:
                self._restore()
                self._pair = FilePair.create(self.folder, self._header)
            elif self._pair.has_vanished:
                with contextlib.suppress(RunNotFound):  # its files lie in the trash now, as good
                    self._move(self._pair)
            self._text.save(self._pair.text)
            self._save_points(self._pair)
            if self._dropped > self._dropped_told:
                told = self._dropped
                self._text.add(_json_line({"lost": told, "at": _now()}, "lost"))
                self._dropped_told = told
                self._text.save(self._pair.text)
        except (OSError, RunNotFound) as error:
            self._complain(error)
        else:
            self._problem = ""

    def _move(self, old: FilePair) -> None:
        """Write everything again: the files are gone, but what is held open can be read."""
        self._restore()
        new = FilePair.create(self.folder, self._header)
        try:
            copy(old.text, new.text, self._text.saved)
            self._copy_points(old, new)
        except BaseException:
            new.discard()
            raise
        self._pair = new
        self._leave(old)
        old.close()

    def after_fork(self) -> None:
        # Files, windows and what waits are the parent's; its descriptors are left open
        # since other writers of this process may share their numbers.
        self._start()

    def close(self, why: str) -> None:
        """Take no more values, write what waits, and give the files their final form.

        `why` is the text of the `RunClosed` that later calls raise. While the
        store fails, the writer stays with the keeper and closes when it can.
        """
        self._alone(self._close_alone, why)

    def _close_alone(self, why: str) -> None:
        if not self._closed:
            self._closed = why
            self._forget_marks()
        self._save()
        if not self._problem:
            self._finish()

    def _forget_marks(self) -> None:
        """Have every value take the way that sees that the writer is closed."""
        self._marks = {}

    def _finish(self) -> None:
        pair = self._pair
        if pair is not None:
            settle(pair.path, pair.points, self._stop())
            self._pair, self._header = None, b""
            pair.close()
        keeper.let_go(self)


def checked_step(step: object) -> int | None:
    """Return `step` as an int of 64 bits, or None.

    Raises
    ------
    NotAMetric
        It is not a whole number, or does not fit.
    """
    if step is None:
        return None
    if isinstance(step, float) and step.is_integer():
        step = int(step)
    try:
        whole = step.__index__()  # type: ignore[attr-defined]
    except AttributeError:
        raise NotAMetric(f"step must be a whole number or None, got {step!r}") from None
    if not -(2**63) < whole < 2**63:
        raise NotAMetric(f"step must fit 64 bits, got {whole}")
    return int(whole)


def _a(family: str) -> str:
    return f"{'an' if family[0] in 'aeiou' else 'a'} {family}"


def _with_kind(mark: int, kind: int) -> int:
    return mark - PointKind.FLOAT + kind


class _TooLong(NotAMetric):
    """A line of JSON that no reader would read."""


def _record_lines(
    kind: Kind, name: str, value: Any, at: float, step: int | None
) -> Iterator[bytes]:
    """Yield the line of a list or table, or those of the parts that a long one is cut into."""
    length = _length(kind, value)
    if _cells(kind, value) <= CELLS_AT_ONCE or length < 2:
        try:
            yield _record_line(kind, name, value, at, step)
            return
        except _TooLong:
            if length < 2:
                raise
    for part in (slice(0, length // 2), slice(length // 2, length)):
        some = value[part] if kind is Kind.LIST else {n: cells[part] for n, cells in value.items()}
        yield from _record_lines(kind, name, some, at, step)


def _length(kind: Kind, value: Any) -> int:
    """Return how many elements or rows there are to cut between."""
    if kind is Kind.LIST:
        return len(value)
    return len(next(iter(value.values()))) if value else 0


def _cells(kind: Kind, value: Any) -> int:
    return _length(kind, value) * (len(value) if kind is Kind.TABLE else 1)


def _record_line(kind: Kind, name: str, value: Any, at: float, step: int | None) -> bytes:
    entry: dict[str, Any] = {"record": kind.value, "name": name, "at": at}
    if step is not None:
        entry["step"] = step
    if kind is Kind.SCALAR and isinstance(value, int) and not isinstance(value, bool):
        entry["int"] = hex(value)  # of any length
    elif kind is Kind.SCALAR and isinstance(value, float) and value != value:
        entry["bits"] = struct.pack(">d", value).hex()  # JSON knows but one NaN
    else:
        entry["value"] = value
    return _json_line(entry, name)


def _json_line(entry: dict[str, Any], name: str) -> bytes:
    try:
        line = _as_json(entry).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise NotAMetric(f"a value of {name!r} cannot be kept: {error}") from error
    if len(line) > LINE_BYTES:
        raise _TooLong(
            f"a value of {name!r} is {len(line):,} bytes of JSON, and a line has at most "
            f"{LINE_BYTES:,}: keep it as a file with run.upload_file"
        )
    return line
