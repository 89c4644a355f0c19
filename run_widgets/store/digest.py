"""What a list of runs shows of each scalar metric: how many values, the last, the extremes.

A run's end writes it into `run.json`, so that a list of ten thousand runs reads
none of their points. Making it costs the end of a run 0.1 ms for ten values and
3 ms at the most where numpy is not loaded: a run with more than `SMALL` bytes of
points, or of several processes, has none, and whoever lists it first makes it
and keeps it in the index.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from run_widgets.records import NO_STEP, Kind, PointKind, Points
from run_widgets.store.drive import open_plain
from run_widgets.store.layout import KINDS, POINT, POINT_BYTES, POINT_OF_INT, STEPPED, VOID
from run_widgets.store.lines import value_of

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets.records import Batch
    from run_widgets.store import Follower

Value: TypeAlias = float | int | bool | str | None

SMALL = 2**17
"""Bytes of points, and of lines beside them, that are read without numpy."""

LARGE = 2**21
"""Points up to which a run's end reads them with numpy, if that is loaded: 0.2 s."""

PIECE = 2**16
"""Points that are looked at together, so that a run's end takes no memory that training misses."""

MOST = 200
"""Metrics up to which a digest is a part of `run.json`, which each change of a tag rewrites."""

MOST_TEXT = 300
"""Characters of a text that are kept."""

_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(slots=True)
class MetricDigest:
    """The scalars of one name; texts and None count, and are neither low nor high."""

    count: int = 0
    last: Value = None  # as it was logged, a text cut to MOST_TEXT
    last_step: int | None = None
    min: float | None = None  # None where no value is a number; NaN is none
    max: float | None = None
    min_step: int | None = None  # a step that was not given is the value's place
    max_step: int | None = None
    nans: int = 0

    def add(self, value: Value, step: int | None) -> None:
        """Take in the next value."""
        place = self.count if step is None else step
        self.count += 1
        self.last = value[:MOST_TEXT] if isinstance(value, str) else value
        self.last_step = place
        if isinstance(value, int | float):
            self._widen(_as_float(value), place)

    def _widen(self, number: float, place: int) -> None:
        if number != number:
            self.nans += 1
            return
        if self.min is None or number < self.min:
            self.min, self.min_step = number, place
        if self.max is None or number > self.max:
            self.max, self.max_step = number, place

    def extend(self, points: Points) -> None:
        """Take in the next values, n > 0 of them."""
        import numpy as np

        numbers, last = points.numbers, len(points) - 1

        def place(i: int) -> int:
            step = int(points.step[i])
            return self.count + i if step == NO_STEP else step

        nan = np.isnan(numbers)
        known = np.flatnonzero(~nan)  # nanargmin would take a NaN for an infinity
        for i in {int(numbers[known].argmin()), int(numbers[known].argmax())} if len(known) else ():
            self._widen(float(numbers[known[i]]), place(int(known[i])))
        if nan.any():
            others = sum(not isinstance(value, int | float) for value in points.objects.values())
            others += int(np.count_nonzero(points.kind == PointKind.NONE))
            self.nans += int(np.count_nonzero(nan)) - others
        value = _last(points)
        self.last = value[:MOST_TEXT] if isinstance(value, str) else value
        self.last_step = place(last)
        self.count += len(points)


def _last(points: Points) -> Value:
    """Return the last value as it was logged, without making Python values of the others."""
    place = len(points) - 1
    tail = slice(place, None)
    objects = {0: points.objects[place]} if place in points.objects else {}
    only = Points(points.at[tail], points.step[tail], points.kind[tail], points.raw[tail], objects)
    value: Value = only.values()[0]
    return value


Digest: TypeAlias = Mapping[str, MetricDigest]
"""By metric, in the order of their first values."""


class Digester:
    """Makes a run's digest from what a follower reads, bit by bit."""

    def __init__(self) -> None:
        self._metrics: dict[str, MetricDigest] = {}
        self._others: set[str] = set()  # lists, tables, images: names that are no scalar's
        self.total = 0
        """Values so far, those of other kinds included."""

    def feed(self, batch: Batch) -> None:
        """Take in what came since the last time."""
        self.total += len(batch.records) + sum(map(len, batch.points.values()))
        self._others.update(record.metric for record in batch.records)
        for name, points in batch.points.items():
            self._metrics.setdefault(name, MetricDigest()).extend(points)

    @property
    def digest(self) -> Digest:
        return {name: one for name, one in self._metrics.items() if name not in self._others}


def digest_of(follower: Follower) -> Digest:
    """Read a run to its end."""
    digester = Digester()
    try:
        while batch := follower.read():
            digester.feed(batch)
    finally:
        follower.close()
    return digester.digest


def of_run(metrics: Path) -> Digest:
    """Return the digest of the run whose `metrics` folder this is; empty where it has none."""
    try:
        digest = _quickly(metrics)
    except (OSError, ValueError, KeyError, TypeError):
        digest = None
    if digest is not None:
        return digest
    from run_widgets.store.reader import LocalFollower

    return digest_of(LocalFollower(metrics, PIECE))


def entries_at_end(metrics: Path) -> dict[str, dict[str, Any]] | None:
    """Return what `run.json` keeps of a run whose `metrics` folder is complete.

    None where it would take long, would be long, or another process has written
    to the run too, which may not have closed its files yet.
    """
    try:
        digest = _quickly(metrics)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if digest is None or len(digest) > MOST else to_json(digest)


def _quickly(metrics: Path) -> Digest | None:
    names = os.listdir(metrics)
    stems = [name.removesuffix(".jsonl") for name in names if name.endswith(".jsonl")]
    if len(stems) != 1:
        return None
    (stem,) = stems
    if f"{stem}.points" in names:
        text, points = _read(metrics / f"{stem}.jsonl"), _read(metrics / f"{stem}.points")
        if text is not None and points is not None:
            return _digest_of_bytes(text, points)
    size = sum(os.path.getsize(metrics / name) for name in names)
    if "numpy" not in sys.modules or size > LARGE * POINT_BYTES:
        return None
    from run_widgets.store.reader import LocalFollower

    return digest_of(LocalFollower(metrics, PIECE))


def _read(path: Path) -> bytes | None:
    descriptor = open_plain(path)
    try:
        data = os.read(descriptor, SMALL + 1)
    finally:
        os.close(descriptor)
    return data if len(data) <= SMALL else None


def _digest_of_bytes(text: bytes, points: bytes) -> Digest:
    """Return the digest of what a writer has left in its two files."""
    metrics: dict[str, MetricDigest] = {}
    others = set()
    names = {}
    for line in text.split(b"\n"):
        if line.startswith(b'{"metric"'):
            entry = json.loads(line)
            names[entry["metric"]] = entry["name"]
    # Small files keep the room they have: most slots behind the last point are empty.
    filled = min(len(points), len(points.rstrip(b"\0")) + POINT_BYTES - 1)
    for place in range(0, filled - POINT_BYTES + 1, POINT_BYTES):
        value, _, step, mark = POINT.unpack_from(points, place)
        kind = mark & KINDS
        if kind in (0, VOID):
            continue
        name = names[mark >> 8]
        given = step if mark & STEPPED else None
        if kind != _FLOAT:
            value = POINT_OF_INT.unpack_from(points, place)[0]
            if kind == _BOOL:
                value = bool(value)
            elif kind == _NONE:
                value = None
            elif kind == _RECORD:
                entry = json.loads(text[value : text.index(b"\n", value)])
                if entry["record"] != Kind.SCALAR:
                    others.add(name)
                    continue
                value, given = _scalar(entry), entry.get("step")
        metric = metrics.get(name)
        if metric is None:
            metric = metrics[name] = MetricDigest()
        metric.add(value, given)
    return {name: one for name, one in metrics.items() if name not in others}


# Asked for each value, and so looked up in one step.
_FLOAT, _BOOL = PointKind.FLOAT, PointKind.BOOL
_NONE, _RECORD = PointKind.NONE, PointKind.RECORD


def _scalar(entry: Mapping[str, Any]) -> Value:
    value = value_of(entry)
    if value is not None and not isinstance(value, int | float | str):
        raise ValueError(f"a scalar cannot be {value!r}")
    return value


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


# -- as JSON --------------------------------------------------------------------------------


def to_json(digest: Digest) -> dict[str, dict[str, Any]]:
    """Return a digest as strict JSON has it: no NaN, nothing that a single value says itself."""
    return {name: _entry(one) for name, one in digest.items()}


def _entry(one: MetricDigest) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if isinstance(one.last, str):
        entry["text"] = one.last
    else:
        entry["last"] = _number(one.last)
    if one.last_step:
        entry["step"] = one.last_step
    if one.count == 1:
        return entry
    entry["count"] = one.count
    if one.min is not None:
        entry |= {"min": _number(one.min), "max": _number(one.max)}
        entry |= {"min_step": one.min_step, "max_step": one.max_step}
    if one.nans:
        entry["nans"] = one.nans
    return entry


def _number(value: float | None) -> Value:
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 63:
        value = _as_float(value)  # JSON readers, Python's included, refuse very long ones
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def from_json(entries: object) -> Digest | None:
    """Return a digest as it stands in a document; None where it is none.

    The document may come from a stranger: what is not as `to_json` writes it is left out.
    """
    if not isinstance(entries, dict):
        return None
    return {name: one for name, entry in entries.items() if (one := _metric(entry)) is not None}


def _metric(entry: object) -> MetricDigest | None:
    if not isinstance(entry, dict):
        return None
    get = entry.get
    text, last = get("text"), get("last")
    if len(entry) == 1 and type(last) is float:
        return _single(last, 0)  # as most are of very many
    if type(last) is not float:
        if isinstance(text, str):
            last = text[:MOST_TEXT]
        elif isinstance(last, str):
            last = _SPECIAL.get(last)
        elif last is not None and not isinstance(last, int):
            return None
    count, step = get("count", 1), get("step", 0)
    if count == 1:
        return _single(last, step) if _is_whole(step) else None
    low, high = _float(get("min")), _float(get("max"))
    if low is None or high is None:
        low = high = None
    nans, low_step, high_step = get("nans", 0), get("min_step"), get("max_step")
    if not (_is_whole(step) and _is_whole(low_step) and _is_whole(high_step)):
        return None
    if not (type(count) is int and count > 0 and type(nans) is int):
        return None
    return MetricDigest(count, last, step, low, high, low_step, high_step, nans)


def _single(value: Value, step: int | None) -> MetricDigest:
    if not isinstance(value, int | float):
        return MetricDigest(1, value, step)
    number = _as_float(value)
    if number != number:
        return MetricDigest(1, value, step, nans=1)
    return MetricDigest(1, value, step, number, number, step, step)


def _is_whole(value: object) -> bool:
    return value is None or (type(value) is int and -(2**63) < value < 2**63)


def _float(value: object) -> float | None:
    if type(value) is float:
        return value
    if isinstance(value, str):
        return _SPECIAL.get(value)
    return _as_float(value) if isinstance(value, int) else None
