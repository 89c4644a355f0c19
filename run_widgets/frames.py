"""Runs as pandas DataFrames, for people who take their numbers elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from run_widgets.metrics import gather, series

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from run_widgets.metrics import Metric
    from run_widgets.records import RunRecord
    from run_widgets.store import Follower


def frame_of_run(follower: Follower) -> pd.DataFrame:
    """Return every scalar of a run as one row.

    Returns
    -------
    Columns ``name``, ``step`` (int), ``time`` (UTC) and ``value`` (float; NaN
    for what is not a number), metrics in the order they first appeared.
    """
    import pandas as pd

    parts = []
    for metric in gather(follower).values():
        if metric.points:
            one = series(metric)
            parts.append(
                pd.DataFrame(
                    {
                        "name": metric.name,
                        "step": one.step,
                        "time": pd.to_datetime(one.at, unit="s", utc=True),
                        "value": one.value,
                    }
                )
            )
    if not parts:
        return pd.DataFrame({"name": [], "step": [], "time": [], "value": []})
    return pd.concat(parts, ignore_index=True)


def frame_of_runs(runs: Iterable[tuple[RunRecord, Follower]]) -> pd.DataFrame:
    """Return one row a run: its facts, its tags as ``tag:…``, and its scalars.

    A scalar logged once is one column of its name. A repeated one has
    ``name:last``, ``name:min``, ``name:max`` and, where the run knows its goal,
    ``name:best``; NaN values count only as ``last``.
    """
    import pandas as pd

    rows = [_row(record, follower) for record, follower in runs]
    return pd.DataFrame(rows).set_index("run_id") if rows else pd.DataFrame()


def _row(record: RunRecord, follower: Follower) -> dict[str, Any]:
    import pandas as pd

    def moment(at: float | None) -> Any:
        return pd.NaT if at is None else pd.Timestamp(at, unit="s", tz="UTC")

    row: dict[str, Any] = {
        "run_id": record.id,
        "number": record.number,
        "display_name": record.display_name,
        "status": record.status.value,
        "started": moment(record.started_at),
        "ended": moment(record.ended_at),
        "parent": record.parent,
    }
    row |= {f"tag:{key}": value for key, value in record.tags.items()}
    for metric in gather(follower).values():
        if metric.points and not metric.records:
            row |= _summary(metric, record.goals.get(metric.name))
    return row


def _summary(metric: Metric, goal: str | None) -> dict[str, Any]:
    import numpy as np

    name, values = metric.name, [value for points in metric.points for value in points.values()]
    if len(values) == 1:
        return {name: values[0]}
    numbers = series(metric).value
    numbers = numbers[~np.isnan(numbers)]
    summary: dict[str, Any] = {f"{name}:last": values[-1]}
    if len(numbers):
        low, high = float(numbers.min()), float(numbers.max())
        summary |= {f"{name}:min": low, f"{name}:max": high}
        if goal is not None:
            summary[f"{name}:best"] = low if goal == "minimize" else high
    return summary
