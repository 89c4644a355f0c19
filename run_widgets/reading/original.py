"""The run that a replay does again, as the replay's panel shows it: its lines, and verdicts."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from run_widgets.errors import RunWidgetsError
from run_widgets.reading.downsample import Columns, reduced
from run_widgets.reading.facts import shown, time_of
from run_widgets.reading.metrics import gather
from run_widgets.reading.replay import Report, counterpart, reports
from run_widgets.reading.summary import RunSummary
from run_widgets.source.provenance import REPLAY_OF, STARTED_IN

if TYPE_CHECKING:
    from run_widgets.reading.metrics import Metric
    from run_widgets.records import RunRecord, RunStatus
    from run_widgets.store import RunReader

Json = dict[str, Any]

LINE_POINTS = 500
MAX_LINES = 300
"""Of the original that are sent; a run of a thousand metrics would send ten megabytes."""

MAX_COMPARED = 2_000_000
"""Values beyond which a panel does not compare: all of both would have to be in memory."""

MAX_VERDICTS = 500

COMPARING_SHARE = 0.003
"""Of one processor's time, for comparing while the replay goes on."""


class Behind(NamedTuple):
    """A line of the original, to be drawn behind the replay's of the same name."""

    chart: str
    line: str
    columns: Columns  # `at` counts from the original's start

    def told(self) -> Json:
        """Return it as a widget sends it."""
        columns = {name: column.data for name, column in self.columns._asdict().items()}
        return {"chart": self.chart, "line": self.line, **columns}


class Original:
    """Compares a run with the one that it does again; `look` brings it up to date.

    A run that does no other again has no state and no lines.
    """

    def __init__(self, store: RunReader, run_id: str) -> None:
        self._store = store
        self._id = run_id
        self._known: tuple[str | None, str | None] = (None, None)
        self._record: RunRecord | None = None
        self._summary = RunSummary()
        self._before: dict[str, Metric] = {}
        self._due = 0.0
        self._is_final = False
        self._state: Json | None = None
        self.version = 0
        """Changes with what `lines` returns."""

    def look(self, record: RunRecord, values: int) -> None:
        """Find the original, and compare what the run has so far with it.

        Parameters
        ----------
        record
            Of the run, as it is now; what it logged was read after that.
        values
            That it has logged.
        """
        named = record.properties.get(REPLAY_OF), record.properties.get(STARTED_IN)
        if named != self._known:
            self._known = named
            self._open(record)
        now = time.monotonic()
        is_final = record.status.is_final
        if self._record is None or self._is_final or (now < self._due and not is_final):
            return
        before = time.thread_time()
        if is_final and not self._record.status.is_final:
            self._open(record)  # it went on when it was read
        try:
            self._state = self._compared(record, values)
        except (RunWidgetsError, OSError) as error:  # deleted meanwhile
            self._state = _told(self._record.id, "", f"{error}", "unknown")
        self._is_final = is_final
        self._due = now + (time.thread_time() - before) / COMPARING_SHARE

    def _open(self, record: RunRecord) -> None:
        original = self._original_of(record)
        if original is None:
            return
        self._summary = RunSummary()
        self.version += 1
        try:
            self._record = self._store.run(original)
            follower = self._store.follow(original)
        except (RunWidgetsError, OSError) as error:
            self._record = None
            self._state = _told(original, "", f"{error}", "gone")
            return
        with contextlib.closing(follower):
            while batch := follower.read():
                self._summary.feed(batch)
        if self._summary.points <= MAX_COMPARED:
            self._before = gather(self._store.follow(original))

    def _original_of(self, record: RunRecord) -> str | None:
        replayed, starter = self._known
        if replayed or not starter or starter == record.id:
            return replayed
        with contextlib.suppress(RunWidgetsError, OSError):
            return self._store.run(starter).properties.get(REPLAY_OF)
        return None

    def _compared(self, record: RunRecord, values: int) -> Json:
        assert self._record is not None
        original = self._record
        title = original.display_name or f"run {original.number}"
        if max(self._summary.points, values) > MAX_COMPARED:
            note = "too much was logged to compare it here: replay.report() does"
            return _told(original.id, title, note, "unknown")
        after, note = gather(self._store.follow(record.id)), ""
        so_far = not record.status.is_final
        if not after.keys() & self._before.keys():
            found = self._of_its_own(record)
            if found is not None:
                after = gather(self._store.follow(found.id))
                so_far = not found.status.is_final
                note = f"compared with run {found.number}, which this one started"
        report = Report(
            original.id,
            record.id,
            tuple(reports(self._before, after, so_far=so_far)),
            record.status.value,
        )
        told = _told(original.id, title, report.headline, _outcome(report, record.status))
        told["note"] = note
        told["metrics"] = [
            {
                "name": shown(metric.name),
                "verdict": metric.verdict.value,
                "before": shown(metric.before),
                "after": shown(metric.after),
                "largest": _finite(metric.largest),
            }
            for metric in report.metrics[:MAX_VERDICTS]
        ]
        return told

    def _of_its_own(self, record: RunRecord) -> RunRecord | None:
        """Return the run that a script which logs nothing started itself."""
        with contextlib.suppress(RunWidgetsError, OSError):
            found = counterpart(
                self._store, record.id, wanted=self._before, experiments=[record.experiment]
            )
            if found != record.id:
                return self._store.run(found)
        return None

    def state(self) -> Json | None:
        """Return what the panel says of it; None where the run does no other again."""
        return self._state

    def picture(self) -> dict[str, Any]:
        """Return what `picture.static_html` shows of it, as arguments of that."""
        behind = {(line.chart, line.line): line.columns for line in self.lines()}
        return {"original": self._state, "behind": behind}

    def lines(self) -> list[Behind]:
        """Return the original's lines, reduced to `LINE_POINTS`; none where they are too many."""
        charts = self._summary.charts
        if self._record is None or sum(len(chart.lines) for chart in charts) > MAX_LINES:
            return []
        start = time_of(self._record.started_at) or time_of(self._record.created_at) or 0.0
        found = []
        for chart in charts:
            for line in chart.lines:
                columns = line.outline.columns()
                kept = reduced(columns.y, LINE_POINTS)
                x, y, at = (column[kept] for column in columns)
                if len(y):
                    found.append(Behind(chart.name, line.name, Columns(x, y, at - start)))
        return found


def _told(run_id: str, title: str, headline: str, outcome: str) -> Json:
    return {
        "run_id": shown(run_id),
        "title": shown(title),
        "headline": shown(headline),
        "outcome": outcome,
        "note": "",
        "metrics": [],
    }


def _outcome(report: Report, status: RunStatus) -> str:
    """Return one word for all: "going", "reproduced", "different" or "unknown"."""
    if status.is_final:
        return "reproduced" if report else "different"
    bad = any(metric.verdict.value == "different" for metric in report.metrics)
    return "different" if bad else "going"


def _finite(value: float | None) -> float | None:
    return value if value is None or value < 1e308 else 1e308
