"""Some runs side by side: what they were made of where that differs, what they came to, curves."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, overload

from run_widgets.comparing.curves import aligned, band, common_axis, curve
from run_widgets.errors import RunNotFound
from run_widgets.reading.metrics import ABSENT
from run_widgets.reading.parameters import parameters
from run_widgets.source.provenance import ENVIRONMENT_FILE, REPLAY_OF, STARTED_IN
from run_widgets.store.drive import open_plain
from run_widgets.store.layout import DOCUMENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from run_widgets.comparing.curves import Band, Floats, Read
    from run_widgets.records import RunRecord
    from run_widgets.store.digest import Digest, MetricDigest
    from run_widgets.store.local import LocalStore

SECTIONS = ("parameters", "tags", "properties", "environment", "code")

MAX_SHOWN = 32
"""Letters of a value in the table that a notebook shows of a comparison."""

_CODE = ("azureml.git.", "mlflow.source.git.", "ContentSnapshotId", "run_widgets.no_snapshot")
_TWIN = "mlflow.source.git."  # what azureml.git. says already, for readers of MLflow's
_KINSHIP = (REPLAY_OF, STARTED_IN)  # which other run a run comes from, not what it is made of
_ENVIRONMENT = ("run_widgets.python", "run_widgets.platform")


def section_of(name: str) -> str:
    """Return the section that a property is listed in."""
    if name.startswith(_CODE):
        return "code"
    return "environment" if name.startswith(_ENVIRONMENT) else "properties"


def facts_of(record: RunRecord, folder: Path | None = None) -> dict[str, dict[str, str]]:
    """Return what a run was made of: by section, texts by name.

    `folder` is the run's, for the packages that its process had.
    """
    facts: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    facts["parameters"] = parameters(record.arguments)
    facts["tags"] = {name: value or "" for name, value in record.tags.items()}
    for name, value in record.properties.items():
        is_twin = name.startswith(_TWIN) and "azureml.git.commit" in record.properties
        if not is_twin and name not in _KINSHIP:
            facts[section_of(name)][name] = value or ""
    if record.script:
        facts["code"]["script"] = record.script
    if folder is not None:
        facts["environment"] |= packages(folder)
    return facts


def packages(folder: Path) -> dict[str, str]:
    """Return the packages of the process that made the run in `folder`, by name."""
    try:
        with os.fdopen(open_plain(folder / ENVIRONMENT_FILE), "rb") as file:
            found = json.loads(file.read(DOCUMENT_BYTES))["packages"]
        return {str(name): str(version) for name, version in found.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def differing(facts: Sequence[Mapping[str, str]]) -> dict[str, list[str | None]]:
    """Return the names whose values are not the same for all, each with its values.

    None stands where one has no such name.
    """
    names = dict.fromkeys(name for each in facts for name in each)
    rows = {name: [each.get(name) for each in facts] for name in names}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def compare(
    store: LocalStore, experiment: str, wanted: Sequence[str | int] | None, children: bool
) -> Comparison:
    """Put runs of an experiment side by side, in the order in which they are wanted.

    Parameters
    ----------
    wanted
        Ids and numbers of runs; None for all, by number.
    children
        With all, also those that have a parent.

    Raises
    ------
    RunNotFound
        The experiment has no such run.
    """
    listing = store.watch(experiment)
    runs = listing.all()
    if wanted is None:
        every = [name for name, run in runs.items() if children or run.record.parent is None]
        names = sorted(every, key=lambda name: runs[name].record.number)
    else:
        places: dict[str | int, str] = {run.record.number: name for name, run in runs.items()}
        places |= {run.record.id: name for name, run in runs.items()}
        for one in wanted:
            if one not in places:
                raise RunNotFound(f"experiment {experiment!r} has no run {one!r}")
        names = [places[one] for one in wanted]
    made = listing.digests({name: runs[name] for name in names})
    digests = {runs[name].record.id: digest for name, digest in made.items()}
    places_of = [(runs[name].record, store.folder(runs[name].record.id)) for name in names]
    return Comparison(store, places_of, digests)


class Comparison:
    """Some runs of an experiment, side by side; `Experiment.compare` makes one.

    Parameters
    ----------
    runs
        Each run's record and folder, in the order of comparing.
    digests
        What each came to, by run id, where that is known.
    """

    def __init__(
        self,
        store: Read,
        runs: Sequence[tuple[RunRecord, Path]],
        digests: Mapping[str, Digest],
    ) -> None:
        self._store = store
        self._folders = {record.id: folder for record, folder in runs}
        self._digests = digests
        self.runs = [record for record, _ in runs]
        """The records of the runs."""

    def differences(self, *, all: bool = False) -> pd.DataFrame:
        """Return what the runs were made of where that differs, a row for each name.

        Parameters
        ----------
        all
            Also what is the same for all.

        Returns
        -------
        Index: section and name; a column for each run by its number; None where
        a run has no such thing.
        """
        import pandas as pd

        each = [facts_of(record, self._folders.get(record.id)) for record in self.runs]
        rows: dict[tuple[str, str], list[str | None]] = {}
        for section in SECTIONS:
            facts = [one[section] for one in each]
            found = differing(facts)
            if all:
                names = dict.fromkeys(name for one in facts for name in one)
                found |= {name: [one.get(name) for one in facts] for name in names}
            rows |= {(section, name): values for name, values in found.items()}
        index = pd.MultiIndex.from_tuples(list(rows) or [], names=["section", "name"])
        numbers = [record.number for record in self.runs]
        if not rows:
            return pd.DataFrame(columns=numbers)
        return pd.DataFrame(list(rows.values()), index=index, columns=numbers, dtype=object)

    def metrics(self) -> pd.DataFrame:
        """Return what the runs came to: a row for each metric, a column for each run by number.

        Of a metric that was logged repeatedly the best value, where its goal is
        known, else the last.
        """
        import pandas as pd

        columns = {}
        for record in self.runs:
            digest = self._digests.get(record.id, {})
            columns[record.number] = {
                name: _value(one, record.goals.get(name)) for name, one in digest.items()
            }
        return pd.DataFrame(columns)

    def curves(self, metric: str, *, x: str = "step") -> dict[int, tuple[Floats, Floats]]:
        """Return one metric's points as x and y arrays, by run number, of the runs that have it.

        `x` is ``"step"``, ``"time"`` (seconds since the epoch, UTC),
        ``"relative"`` (seconds since the run's start) or ``"index"``.
        """
        found = {}
        for record in self.runs:
            one = curve(self._store, record.id, metric)
            if len(one.y):
                found[record.number] = (one.x(x, record.started_at), one.y)
        return found

    @overload
    def bands(
        self, metric: str, group_by: str, *, x: str = ..., spread: str = ...
    ) -> dict[str | None, Band]: ...

    @overload
    def bands(
        self, metric: str, group_by: list[str] | tuple[str, ...], *, x: str = ..., spread: str = ...
    ) -> dict[tuple[str | None, ...], Band]: ...

    def bands(
        self,
        metric: str,
        group_by: str | list[str] | tuple[str, ...],
        *,
        x: str = "step",
        spread: str = "std",
    ) -> Mapping[Any, Band]:
        """Return the mean of one metric over the runs of each group, and their spread.

        Parameters
        ----------
        group_by
            A parameter, tag or property: runs with the same value are a group;
            those without one are the group None. With several, runs that agree in
            all of them are a group, named by a tuple.
        x, spread
            As for `curves` and `band`.

        Raises
        ------
        KeyError
            No run has a parameter, tag or property `group_by`.
        """
        groups: dict[Any, list[tuple[Floats, Floats]]] = {}
        curves = self.curves(metric, x=x)
        labels = {record.number: _labels(record) for record in self.runs}
        known = sorted({name for each in labels.values() for name in each})
        names = [group_by] if isinstance(group_by, str) else list(group_by)
        for name in names:
            if name not in known:
                raise KeyError(
                    f"no run has a parameter, tag or property {name!r}; "
                    f"there are: {', '.join(known) or 'none'}"
                )
        for number, points in curves.items():
            values = tuple(labels[number].get(name) for name in names)
            group = values[0] if isinstance(group_by, str) else values
            groups.setdefault(group, []).append(points)
        found = {}
        for value, members in groups.items():
            axis = common_axis([xs for xs, _ in members])
            found[value] = band(axis, aligned(members, axis), spread)
        return found

    def _repr_html_(self) -> str:
        return f"{self.differences().map(_cut).to_html()}{self.metrics().to_html()}"

    def __repr__(self) -> str:
        numbers = ", ".join(str(record.number) for record in self.runs)
        return f"Comparison(runs {numbers})"


def _cut(text: str | None) -> str:
    """Return a text as a table can have it beside others."""
    if text is None:
        return ABSENT
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _labels(record: RunRecord) -> dict[str, str]:
    texts = {**record.properties, **record.tags}
    return {name: value or "" for name, value in texts.items()} | parameters(record.arguments)


def _value(one: MetricDigest, goal: str | None) -> Any:
    if one.count > 1 and goal is not None and one.min is not None:
        return one.min if goal == "minimize" else one.max
    return one.last
