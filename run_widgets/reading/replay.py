"""Whether a run that was run again gave the same numbers."""

from __future__ import annotations

import html
import importlib
import math
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from run_widgets.reading.metrics import gather, in_words, same
from run_widgets.records import Kind
from run_widgets.source.provenance import STARTED_IN
from run_widgets.source.snapshot import ARCHIVE
from run_widgets.static_html import BAD, DOUBTFUL, GOOD, Colored, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from run_widgets.reading.metrics import Metric
    from run_widgets.records import RunRecord
    from run_widgets.store import RunReader
    from run_widgets.tracking import Run

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9

OF_THE_MACHINE = "system/"
"""Metrics of this beginning are of the machine, not of the code, and are not compared."""


class Verdict(StrEnum):
    """How well a metric was reproduced, best first."""

    BITWISE = "bitwise"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERENT = "different"
    MISSING = "missing"  # the second run has it not
    PENDING = "not yet"  # and goes on
    NEW = "new"  # the first run has it not

    @property
    def is_reproduced(self) -> bool:
        return self in (Verdict.BITWISE, Verdict.WITHIN_TOLERANCE)


@dataclass(frozen=True, slots=True)
class MetricReport:
    """What became of one metric."""

    name: str
    verdict: Verdict
    before: str  # what was logged, in a few words
    after: str
    largest: float | None = None  # relative difference, where all values are numbers


@dataclass(frozen=True, slots=True)
class Report:
    """What reproduced, metric by metric; true where all did, within tolerance."""

    original: str  # the runs' ids
    replay: str
    metrics: tuple[MetricReport, ...]
    status: str  # of the replay
    rtol: float = RELATIVE_TOLERANCE
    atol: float = ABSOLUTE_TOLERANCE
    note: str = ""  # what else to know when one judges it

    def __bool__(self) -> bool:
        return self.status == "Completed" and all(m.verdict.is_reproduced for m in self.metrics)

    def __str__(self) -> str:
        lines = [f"{self.replay} runs {self.original} again: {self.headline}"]
        width = max((len(metric.name) for metric in self.metrics), default=0)
        for metric in self.metrics:
            line = f"  {metric.name:{width}}  {metric.verdict}{_by(metric)}"
            if not metric.verdict.is_reproduced:
                line += f": {metric.before} → {metric.after}"
            lines.append(line)
        return "\n".join([*lines, *([self.note] if self.note else [])])

    @property
    def headline(self) -> str:
        """All of it in one line."""
        if self.status in ("Failed", "Canceled"):
            return f"the replay is {self.status}"
        counts = Counter(metric.verdict for metric in self.metrics)
        found = [(counts[verdict], verdict) for verdict in Verdict if counts[verdict]]
        if not found:
            return "no metrics"
        metrics = "1 metric" if len(self.metrics) == 1 else f"{len(self.metrics)} metrics"
        (first, verdict), *rest = found
        of = f"{first} of {metrics}" if rest else metrics
        text = ", ".join([f"{of} {verdict}", *(f"{count} {other}" for count, other in rest)])
        return text if self.status == "Completed" else f"so far {text}"

    def _repr_html_(self) -> str:
        rows = [
            (m.name, Colored(f"{m.verdict}{_by(m)}", _COLORS[m.verdict]), m.before, m.after)
            for m in self.metrics
        ]
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return (
            f"<div><p><code>{html.escape(self.replay)}</code> runs "
            f"<code>{html.escape(self.original)}</code> again: {html.escape(self.headline)}</p>"
            f"{table(('metric', '', 'before', 'after'), rows)}{note}</div>"
        )


_COLORS = {
    Verdict.BITWISE: GOOD,
    Verdict.WITHIN_TOLERANCE: GOOD,
    Verdict.DIFFERENT: BAD,
    Verdict.MISSING: BAD,
    Verdict.PENDING: DOUBTFUL,
    Verdict.NEW: DOUBTFUL,
}


class Replay:
    """A run that is being run again: `run` is the new one, `original` the first."""

    def __init__(self, original: Run, run: Run) -> None:
        self.original = original
        self.run = run

    def report(
        self,
        *,
        rtol: float = RELATIVE_TOLERANCE,
        atol: float = ABSOLUTE_TOLERANCE,
        show_output: bool = False,
    ) -> Report:
        """Wait for the new run to end, and tell what reproduced.

        Parameters
        ----------
        rtol, atol
            Two numbers are the same within tolerance where they differ by at
            most ``atol + rtol * abs(first)``.
        show_output
            Print the new run's log meanwhile.
        """
        self.run.wait_for_completion(show_output, raise_on_error=False)
        counterpart = self.counterpart()
        report = compare(
            self.original.store,
            self.original.id,
            counterpart.id,
            status=self.run.status,
            rtol=rtol,
            atol=atol,
        )
        if (self.original.folder / ARCHIVE).is_file():
            return report
        return replace(
            report,
            note="the first run has no snapshot: what its source folder holds now was run",
        )

    def show(self) -> None:
        """Show the new run's panel, the original's lines behind its own, and the verdicts live.

        Outside a notebook, print the run.
        """
        # By name: the panel is built on this room, and only who looks pays for loading it.
        importlib.import_module("run_widgets.panel.run_details").RunDetails(self.run).show()

    def counterpart(self) -> Run:
        """Return the run that did what the original did.

        A script or notebook that starts its runs itself starts them in the new
        run's process; the one is meant that has most metrics in common with
        the original, and of several the last.
        """
        workspace = self.run.experiment.workspace
        found = counterpart(
            self.run.store,
            self.run.id,
            wanted=self.original.get_metrics(),
            experiments=workspace.experiments,
        )
        return self.run if found == self.run.id else workspace.get_run(found)

    def __repr__(self) -> str:
        return f"Replay(original: {self.original.id},\nrun: {self.run.id})"


def counterpart(
    store: RunReader, run_id: str, *, wanted: Iterable[str], experiments: Iterable[str]
) -> str:
    """Return which of the run and those that its process started has most metrics of `wanted`.

    Parameters
    ----------
    experiments
        Where to look for them.
    """
    started = [
        run for name in experiments for run in store.runs(name, properties={STARTED_IN: run_id})
    ]
    if not started:
        return run_id
    names = set(wanted)

    def fitness(run: RunRecord) -> tuple[int, int]:
        return len(names.intersection(gather(store.follow(run.id)))), run.number

    return max([store.run(run_id), *started], key=fitness).id


def compare(
    store: RunReader,
    original: str,
    replay: str,
    *,
    status: str = "",
    rtol: float = RELATIVE_TOLERANCE,
    atol: float = ABSOLUTE_TOLERANCE,
) -> Report:
    """Return what of the metrics of one run is the same in another."""
    before, after = (gather(store.follow(run_id)) for run_id in (original, replay))
    status = status or store.run(replay).status.value
    return Report(original, replay, tuple(reports(before, after, rtol, atol)), status, rtol, atol)


def reports(
    before: Mapping[str, Metric],
    after: Mapping[str, Metric],
    rtol: float = RELATIVE_TOLERANCE,
    atol: float = ABSOLUTE_TOLERANCE,
    *,
    so_far: bool = False,
) -> Iterator[MetricReport]:
    """Yield what became of each metric.

    Parameters
    ----------
    so_far
        The second run goes on: what it has not is still to come, and of a series
        as much is compared as it has.
    """
    for name in dict.fromkeys([*before, *after]):
        if name.startswith(OF_THE_MACHINE):
            continue
        old, new = before.get(name), after.get(name)
        texts = in_words(old), in_words(new)
        if new is None:
            yield MetricReport(name, Verdict.PENDING if so_far else Verdict.MISSING, *texts)
            continue
        if old is None:
            yield MetricReport(name, Verdict.NEW, *texts)
            continue
        a, b = _comparable(old), _comparable(new)
        if so_far:
            a = min(a, b) if old.kind is Kind.IMAGE else _beginning(a, b)
        if same(a, b):
            yield MetricReport(name, Verdict.BITWISE, *texts, largest=0.0)
            continue
        largest = _largest(a, b, rtol, atol)
        is_close = largest is not None and largest <= 1
        verdict = Verdict.WITHIN_TOLERANCE if is_close else Verdict.DIFFERENT
        yield MetricReport(name, verdict, *texts, largest=_relative(a, b))


def _beginning(a: Any, b: Any) -> Any:
    """Return as much of `a` as there is of `b`, where both grow."""
    if isinstance(a, dict) and isinstance(b, dict):
        return {key: _beginning(value, b.get(key)) for key, value in a.items()}
    if isinstance(a, list) and a:
        return a[: len(b)] if isinstance(b, list) else a[0]
    return a


def _comparable(metric: Metric) -> Any:
    """Return a metric's values; of pictures, whose names have a time in them, their number."""
    if metric.kind is Kind.IMAGE:
        return metric.count
    return metric.value()


def _largest(a: Any, b: Any, rtol: float, atol: float) -> float | None:
    """Return the largest difference as a multiple of the tolerance; None: not comparable."""
    worst = 0.0
    for x, y in _pairs(a, b):
        if x is None or y is None:
            return None
        if x == y or (math.isnan(x) and math.isnan(y)):
            continue
        allowed = atol + rtol * abs(x)
        if not (math.isfinite(x) and math.isfinite(y)) or allowed == 0:
            return math.inf
        worst = max(worst, abs(x - y) / allowed)
    return worst


def _relative(a: Any, b: Any) -> float | None:
    worst = 0.0
    for x, y in _pairs(a, b):
        if x is None or y is None:
            return None
        if x == y or (math.isnan(x) and math.isnan(y)):
            continue
        worst = max(worst, abs(x - y) / max(abs(x), abs(y)) if math.isfinite(x - y) else math.inf)
    return worst


def _pairs(a: Any, b: Any) -> Iterator[tuple[float | None, float | None]]:
    """Yield the numbers of two values side by side; None where there is no pair of numbers."""
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for x, y in zip(a, b, strict=True):
            yield from _pairs(x, y)
    elif isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for key in a:
            yield from _pairs(a[key], b[key])
    elif _is_number(a) and _is_number(b):
        yield float(a), float(b)
    elif not same(a, b):
        yield None, None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _by(metric: MetricReport) -> str:
    if not metric.largest:
        return ""
    return f" (by {metric.largest:.2g} at the most)"
