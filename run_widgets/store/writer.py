"""The appending side of a run: one writer a process, two files it alone owns.

A value that `put` has taken is in the operating system's hands when `put`
returns. `MappedWriter` lays it into a page of the mapped `.points` file, which
outlives the process however it ends; `AppendWriter` pays a write call instead,
for drives where mapping is not safe.

What the disk refuses waits in memory, up to `WAITING_BYTES`, and is written
when a beat of the keeper finds the store back.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import mmap
import os
import struct
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from run_widgets.errors import MetricConflict, NotAMetric, RunClosed
from run_widgets.records import Kind, PointKind
from run_widgets.store.columns import rewrite
from run_widgets.store.keeper import keeper
from run_widgets.store.layout import (
    FORMAT,
    METRICS,
    POINT,
    POINT_BYTES,
    POINT_OF_INT,
    STEPPED,
    VOID,
    metric_name,
)
from run_widgets.store.process import this_process

# Windows of the mapped file begin and end where both a page and a point do.
FIRST_BYTES = math.lcm(mmap.ALLOCATIONGRANULARITY, POINT_BYTES)
WINDOW_BYTES = math.lcm(2**16, POINT_BYTES)

WAITING_BYTES = 256 * 2**20
"""What may wait in memory for a store that fails: 11 million values."""

_FAMILY = {Kind.SCALAR: "vector", Kind.LIST: "vector", Kind.ROW: "table", Kind.TABLE: "table"}

_now = time.time
_pack = POINT.pack_into
_pack_int = POINT_OF_INT.pack_into

Plain = float | int | bool | str | None
Buffer = mmap.mmap | bytearray


class Writer:
    """What both ways of appending share: names, records, second tries, the end.

    `restore` is called when the run's folder has vanished, to write again what
    else belongs into it.
    """

    def __init__(self, folder: Path, restore: Callable[[], None]) -> None:
        self.folder = folder
        self._restore = restore
        self._closed = ""  # why, once it is
        self._start()

    def _start(self) -> None:
        self._lock = threading.RLock()
        self._marks: dict[str, int] = {}  # of the names `put` may use without a further look
        self._ids: dict[str, int] = {}
        self._families: dict[str, str] = {}
        self._path = ""  # of the two files, without suffix
        self._text = -1  # descriptors; -1 while there are no files
        self._points = -1
        self._text_saved = 0
        self._text_waiting = bytearray()
        self._dropped = 0
        self._problem = ""

    # -- what is logged ------------------------------------------------------------

    def put(self, name: str, value: Plain, step: int | None) -> None:
        """Append one value of a metric; `value` is plain, as `values.scalar` gives it.

        Raises
        ------
        BadName, NotAName
            `name` is not a non-empty string.
        NotAMetric
            `step` is not a whole number of 64 bits.
        MetricConflict
            `name` is a table or a picture in this run.
        RunClosed
            The writer was closed.
        """
        raise NotImplementedError

    def record(self, kind: Kind, name: str, value: Any, step: int | None = None) -> None:
        """Append a text, list, row, table, image or document as one line of JSON."""
        metric_name(name)
        at = _now()
        entry: dict[str, Any] = {"record": kind.value, "name": name, "at": at}
        if step is not None:
            entry["step"] = step
        if kind is Kind.SCALAR and isinstance(value, int):
            entry["int"] = hex(value)  # of any length
        else:
            entry["value"] = value
        line = _json_line(entry, name)
        with self._lock:
            mark = self._declare(name, _FAMILY.get(kind, kind.value))
            place = self._append_text(line)
            self._take(POINT_OF_INT, place, at, None, mark - PointKind.FLOAT + PointKind.RECORD)

    def describe(self, name: str, description: str) -> None:
        """Keep what a metric means; the last one given counts."""
        with self._lock:
            self._check_open()
            self._open_files()
            self._append_text(_json_line({"describe": name, "description": description}, name))

    def _take(
        self, form: struct.Struct, value: float | int, at: float, step: int | None, mark: int
    ) -> None:
        """Append one point; `struct.error` where value or step do not fit it."""
        raise NotImplementedError

    def _take_or_record(
        self, form: struct.Struct, name: str, value: Plain, step: int | None, mark: int
    ) -> None:
        try:
            self._take(form, value, _now(), step, mark)  # type: ignore[arg-type]
        except struct.error:
            self.record(Kind.SCALAR, name, value, checked_step(step))

    def _put_other(self, name: str, value: Plain, step: int | None, mark: int) -> None:
        mark -= PointKind.FLOAT
        if isinstance(value, bool):
            self._take_or_record(POINT_OF_INT, name, value, step, mark + PointKind.BOOL)
        elif isinstance(value, int):
            self._take_or_record(POINT_OF_INT, name, value, step, mark + PointKind.INT)
        elif value is None:
            # A step too wide for a point still finds room in a record.
            with self._lock:
                try:
                    self._take(POINT_OF_INT, 0, _now(), step, mark + PointKind.NONE)
                except struct.error:
                    self.record(Kind.SCALAR, name, None, checked_step(step))
        else:
            self.record(Kind.SCALAR, name, value, checked_step(step))

    def _declare(self, name: str, family: str) -> int:
        """Return the mark of `name`, having written its declaration once."""
        with self._lock:
            self._check_open()
            known = self._families.get(name) if isinstance(name, str) else None
            if known is None:
                metric_name(name)
                self._open_files()
                number = len(self._ids) + 1
                declaration = {"metric": number, "name": name, "family": family}
                self._append_text(_json_line(declaration, name))
                self._families[name] = family
                self._ids[name] = number
            elif known != family:
                raise MetricConflict(
                    f"{name!r} is a {known} in this run and cannot become a {family}: "
                    "log it under another name"
                )
            mark = (self._ids[name] << 8) + PointKind.FLOAT
            if family == "vector":
                self._marks[name] = mark
            return mark

    def _check_open(self) -> None:
        if self._closed:
            raise RunClosed(self._closed)

    # -- the files --------------------------------------------------------------------

    def _open_files(self) -> None:
        """Create the two files at the first value. A refusal is for a later beat to mend."""
        if self._text >= 0 or self._text_waiting:
            return
        header = {"format": FORMAT, "writer": this_process(), "at": _now()}
        self._text_waiting += _json_line(header, "header")
        keeper.hold(self)
        try:
            self._create_files()
        except OSError as error:
            self._complain(error)

    def _create_files(self) -> None:
        metrics = self.folder / METRICS
        metrics.mkdir(exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        for number in itertools.count():
            path = str(metrics / f"{number:04}")
            try:
                text = os.open(f"{path}.jsonl", flags, 0o666)
                break
            except FileExistsError:  # another process was first
                continue
        self._points = os.open(f"{path}.points", flags, 0o666)
        self._text = text
        self._path = path

    def _append_text(self, line: bytes) -> int:
        """Add a line to the JSON file, or to what waits for it; return where it begins."""
        place = self._text_saved + len(self._text_waiting)
        if len(self._text_waiting) + len(line) > WAITING_BYTES:
            self._dropped += 1
            return place
        self._text_waiting += line
        if self._text >= 0:
            try:
                self._save_text()
            except OSError as error:
                self._complain(error)
        return place

    def _save_text(self) -> None:
        while self._text_waiting:
            # At an explicit place, so that a torn write is simply written again.
            count = _write_at(self._text, self._text_waiting, self._text_saved)
            self._text_saved += count
            del self._text_waiting[:count]

    def _save_points(self) -> None:
        """Write the points that wait in memory, after the text that they refer to."""
        raise NotImplementedError

    def _copy_points(self, old: int) -> None:
        """Bring what the vanished file `old` holds into the new one."""
        raise NotImplementedError

    def _points_end(self) -> int:
        """Return the size in bytes of the points taken so far."""
        raise NotImplementedError

    def _complain(self, error: OSError | ValueError) -> None:
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
        if self._dropped:
            wait = f"over {WAITING_BYTES >> 20} MiB wait, {self._dropped} later values are lost"
            return f"{self._problem}: {wait}"
        return self._problem

    def beat(self) -> None:
        """Show that the process lives, and write what a failing store left in memory."""
        with self._lock:
            self._save()
            if self._closed and not self._problem:
                self._finish()
            elif self._text >= 0:
                with contextlib.suppress(OSError):
                    os.utime(self._text)

    def flush(self) -> None:
        """Write now what waits in memory; `problem` tells whether that went well."""
        with self._lock:
            self._save()

    def _save(self) -> None:
        try:
            if self._text < 0 and not self._text_waiting:
                return
            if self._text < 0:
                if not self.folder.exists():
                    self._restore()
                self._create_files()
            elif self._vanished():
                self._recreate()
            self._save_text()
            self._save_points()
        except OSError as error:
            self._complain(error)
        else:
            self._problem = ""

    def _vanished(self) -> bool:
        try:
            there, ours = os.stat(f"{self._path}.points"), os.fstat(self._points)
        except FileNotFoundError:
            return True
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)

    def _recreate(self) -> None:
        """Write everything again: the files are gone, but what we hold open can be read."""
        text, points, path = self._text, self._points, self._path
        self._restore()
        try:
            self._create_files()
            _copy(text, self._text, self._text_saved)
            self._copy_points(points)
        except OSError:
            if self._text != text:
                os.close(self._text)
                os.close(self._points)
                for suffix in ("jsonl", "points"):
                    Path(f"{self._path}.{suffix}").unlink(missing_ok=True)
            self._text, self._points, self._path = text, points, path
            raise
        os.close(text)
        os.close(points)

    def after_fork(self) -> None:
        # Files, windows and what waits are the parent's; its descriptors are left open
        # since other writers of this process may share their numbers.
        self._start()

    def close(self, why: str) -> None:
        """Take no more values, write what waits, and give the files their final form.

        `why` is the text of the `RunClosed` that later calls raise. While the
        store fails, the writer stays with the keeper and closes when it can.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = why
            self._marks = {}
            self._save()
            if not self._problem:
                self._finish()

    def _finish(self) -> None:
        keeper.let_go(self)
        if self._text < 0:
            return
        # A thread may still be on its way into a mapped page: the old file stays
        # whole for it, since truncating would kill the process. A new file replaces it.
        rewrite(Path(f"{self._path}.points"), self._points, self._points_end())
        os.close(self._points)
        os.close(self._text)
        self._text = self._points = -1


class MappedWriter(Writer):
    """Lays points into a mapped file, window after window; the usual way."""

    def _start(self) -> None:
        super()._start()
        self._base = 0  # where the window begins in the file
        self._end = 0  # where it ends, and the next will begin
        self._window: tuple[Buffer, Callable[[], int]] = (bytearray(), _slots())
        # Windows that are not the file itself, with their place in it and how
        # many more saves must write them: two once a window is retired, for the
        # threads that took a slot of it and have not filled it yet.
        self._apart: list[tuple[int, Buffer, int]] = []

    def put(self, name: str, value: Plain, step: int | None) -> None:
        try:
            mark = self._marks[name]
        except (KeyError, TypeError):
            mark = self._declare(name, "vector")
        if type(value) is not float:
            self._put_other(name, value, step, mark)
            return
        # One read: a window and its slots belong together, and another thread
        # may replace both. Taking a slot is atomic, so no lock is needed.
        window, next_slot = self._window
        place = next_slot()
        try:
            if step is None:
                _pack(window, place, value, _now(), 0, mark)
            else:
                _pack(window, place, value, _now(), step, mark + STEPPED)
        except struct.error:
            # The window is full, or the step too wide for a point.
            if place + POINT_BYTES <= len(window):
                _pack_int(window, place, 0, 0.0, 0, VOID)
            self._take_or_record(POINT, name, value, step, mark)

    def _take(
        self, form: struct.Struct, value: float | int, at: float, step: int | None, mark: int
    ) -> None:
        window, next_slot = self._window
        place = next_slot()
        while place + POINT_BYTES > len(window):
            window, next_slot = self._grow(window)
            place = next_slot()
        try:
            if step is None:
                form.pack_into(window, place, value, at, 0, mark)
            else:
                form.pack_into(window, place, value, at, step, mark + STEPPED)
        except struct.error:
            # The slot is taken: void it, so that no reader waits for it.
            _pack_int(window, place, 0, 0.0, 0, VOID)
            raise

    def _grow(self, full: Buffer) -> tuple[Buffer, Callable[[], int]]:
        """Replace the window `full`, unless another thread has, and return the current one."""
        with self._lock:
            if self._window[0] is full:
                base, size = self._end, WINDOW_BYTES if self._end else FIRST_BYTES
                self._window = (self._new_window(base, size), _slots())
                self._base, self._end = base, base + size
            return self._window

    def _new_window(self, base: int, size: int) -> Buffer:
        if self._points >= 0 and not self._problem:
            try:
                _reserve(self._points, base, size)
                return mmap.mmap(self._points, size, offset=base)
            except (OSError, ValueError) as error:
                self._complain(error)
        memory = bytearray(size)
        if sum(len(window) for _, window, _ in self._apart) + size > WAITING_BYTES:
            self._dropped += size // POINT_BYTES
        else:
            self._apart.append((base, memory, 2))
        return memory

    def _save_points(self) -> None:
        if not self._apart:
            return
        current = self._window[0]
        if isinstance(current, bytearray) and not self._closed:
            _reserve(self._points, self._end, WINDOW_BYTES)  # leave memory only for good
        for base, window, _ in self._apart:
            _write_all(self._points, window, base)
        self._problem = ""
        if isinstance(current, bytearray) and not self._closed:
            self._grow(current)  # what is left of its slots stays empty in the file
        self._apart = [
            (base, window, rounds - 1)
            for base, window, rounds in self._apart
            if rounds > 1 or window is self._window[0]
        ]

    def _copy_points(self, old: int) -> None:
        _copy(old, self._points, self._end)
        window = self._window[0]
        if isinstance(window, mmap.mmap):
            self._apart.append((self._base, window, 2))
            self._problem = ""
            self._grow(window)

    def _points_end(self) -> int:
        return min(self._base + self._window[1](), self._end)


class AppendWriter(Writer):
    """Writes each point with a call of its own, for drives that cannot be mapped."""

    def _start(self) -> None:
        super()._start()
        self._points_saved = 0
        self._points_waiting = bytearray()

    def put(self, name: str, value: Plain, step: int | None) -> None:
        try:
            mark = self._marks[name]
        except (KeyError, TypeError):
            mark = self._declare(name, "vector")
        if type(value) is float:
            self._take_or_record(POINT, name, value, step, mark)
        else:
            self._put_other(name, value, step, mark)

    def _take(
        self, form: struct.Struct, value: float | int, at: float, step: int | None, mark: int
    ) -> None:
        if step is None:
            point = form.pack(value, at, 0, mark)
        else:
            point = form.pack(value, at, step, mark + STEPPED)
        with self._lock:
            if len(self._points_waiting) >= WAITING_BYTES:
                self._dropped += 1
                return
            self._points_waiting += point
            if self._points >= 0 and not self._problem:
                try:
                    self._save_points()
                except OSError as error:
                    self._complain(error)

    def _save_points(self) -> None:
        while self._points_waiting:
            count = _write_at(self._points, self._points_waiting, self._points_saved)
            self._points_saved += count
            del self._points_waiting[:count]

    def _copy_points(self, old: int) -> None:
        _copy(old, self._points, self._points_saved)

    def _points_end(self) -> int:
        return self._points_saved


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


def _json_line(entry: dict[str, Any], name: str) -> bytes:
    try:
        return json.dumps(entry, separators=(",", ":")).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise NotAMetric(f"a value of {name!r} cannot be kept: {error}") from error


def _slots() -> Callable[[], int]:
    return itertools.count(0, POINT_BYTES).__next__


def _reserve(descriptor: int, base: int, size: int) -> None:
    """Make `size` bytes of disk at `base` ours, so that no later write can find it full.

    A mapped page without disk behind it would end the process with SIGBUS.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, base, size)
    else:
        _write_all(descriptor, bytes(size), base)


def _write_at(descriptor: int, data: bytes | bytearray | mmap.mmap | memoryview, place: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, data, place)
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.write(descriptor, data)


def _write_all(descriptor: int, data: bytes | Buffer, place: int) -> None:
    view = memoryview(data)
    while view:
        count = _write_at(descriptor, view, place)
        place += count
        view = view[count:]


def _copy(source: int, target: int, size: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    for place in range(0, size, WINDOW_BYTES):
        _write_all(target, os.read(source, min(WINDOW_BYTES, size - place)), place)
