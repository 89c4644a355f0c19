"""Runs as pandas DataFrames, for people who take their numbers elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from run_widgets.reading.metrics import gather, series
from run_widgets.store.digest import MOST_TEXT

if TYPE_CHECKING:
    import pandas as pd

    from run_widgets.reading.metrics import Metric
    from run_widgets.records import RunRecord
    from run_widgets.store import Follower
    from run_widgets.store.digest import Digest
    from run_widgets.store.local import LocalStore


def frame_of_run(follower: Follower) -> pd.DataFrame:
    """Return every scalar of a run as one row.

    Returns
    -------
    Columns ``name``, ``step`` (int), ``time`` (UTC) and ``value`` (float; NaN
    for what is not a number), metrics in the order they first appeared. Where
    texts were logged, the column ``text`` has them.
    """
    import pandas as pd

    parts = []
    for metric in gather(follower).values():
        if metric.points:
            one = series(metric.points)
            part = pd.DataFrame(
                {
                    "name": metric.name,
                    "step": one.step,
                    # A time that pandas has no form for is NaT.
                    "time": pd.to_datetime(one.at, unit="s", utc=True, errors="coerce"),
                    "value": one.value,
                }
            )
            if (texts := _texts(metric)) is not None:
                part["text"] = texts
            parts.append(part)
    if not parts:
        return pd.DataFrame({"name": [], "step": [], "time": [], "value": []})
    return pd.concat(parts, ignore_index=True)


def _texts(metric: Metric) -> list[str | None] | None:
    """Return the texts among a metric's scalars, None for what is none; None where none is."""
    if not any(isinstance(v, str) for points in metric.points for v in points.objects.values()):
        return None
    values = (value for points in metric.points for value in points.values())
    return [value if isinstance(value, str) else None for value in values]


def frame_of_runs(store: LocalStore, experiment: str) -> pd.DataFrame:
    """Return one row a run, newest first: its facts, its tags as ``tag:…``, and its scalars.

    A scalar logged once is one column of its name. A repeated one has
    ``name:last``, ``name:min``, ``name:max`` and, where the run knows its goal,
    ``name:best``; NaN values count only as ``last``.
    """
    import pandas as pd

    listing = store.watch(experiment)
    runs = listing.all()
    digests = listing.digests(runs)
    newest = sorted(runs, key=lambda name: runs[name].record.number, reverse=True)
    rows = [
        _facts(record := runs[name].record) | _scalars(digests[name], record, store)
        for name in newest
    ]
    return pd.DataFrame(rows).set_index("run_id") if rows else pd.DataFrame()


def _facts(record: RunRecord) -> dict[str, Any]:
    import pandas as pd

    def moment(at: float | None) -> Any:
        return pd.NaT if at is None else pd.to_datetime(at, unit="s", utc=True, errors="coerce")

    row: dict[str, Any] = {
        "run_id": record.id,
        "number": record.number,
        "display_name": record.display_name,
        "status": record.status.value,
        "started": moment(record.started_at),
        "ended": moment(record.ended_at),
        "parent": record.parent,
    }
    return row | {f"tag:{key}": value for key, value in record.tags.items()}


def _scalars(digest: Digest, record: RunRecord, store: LocalStore) -> dict[str, Any]:
    row: dict[str, Any] = {}
    cut = []
    for name, one in digest.items():
        last = name if one.count == 1 else f"{name}:last"
        row[last] = one.last
        if isinstance(one.last, str) and len(one.last) == MOST_TEXT:
            cut.append((name, last))
        if one.count == 1:
            continue
        if one.min is not None:
            row |= {f"{name}:min": one.min, f"{name}:max": one.max}
            if goal := record.goals.get(name):
                row[f"{name}:best"] = one.min if goal == "minimize" else one.max
    if cut:
        whole = gather(store.follow(record.id))
        row |= {last: whole[name].points[-1].values()[-1] for name, last in cut}
    return row
