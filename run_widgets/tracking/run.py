"""One run: what it logged, its files, labels, status and children."""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.errors import BadArgument, MetricNotFound, NoRunHere, RunGoesOn
from run_widgets.records import Kind, RunStatus
from run_widgets.store.local import Document, Labels, LocalStore, uuid4
from run_widgets.store.process import user_name
from run_widgets.tracking.files import folders_of
from run_widgets.tracking.handle import PORTAL_PATH
from run_widgets.tracking.labels import Labelled, checked_labels, texts
from run_widgets.tracking.life import Life
from run_widgets.tracking.recording import Recording
from run_widgets.tracking.show import DOCS_URL, html_table
from run_widgets.tracking.source import Sourced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pandas as pd

    from run_widgets.reading.metrics import Series
    from run_widgets.records import RunRecord
    from run_widgets.tracking.experiment import Experiment, Submittable
    from run_widgets.tracking.models import Model
    from run_widgets.tracking.workspace import Workspace


STATUSES = (*RunStatus, "Unapproved", "Pausing", "Paused")
"""What runs may be asked for: those that we have, and three of a cloud's."""


class Run(Recording, Labelled, Sourced, Life):
    """One run: what it logged, its files, labels and status.

    ``Run(experiment, run_id)`` is a run that exists, in whatever process it
    lives, and ``Run(experiment, 3)`` the experiment's run 3;
    `Experiment.start_logging` makes a new one.

    Raises
    ------
    RunNotFound
        The workspace has no run `run_id`, or the experiment none of that number.
    """

    def __init__(
        self,
        experiment: Experiment,
        run_id: str | int,
        outputs: str | Iterable[str] | None = None,
        **ignored: object,
    ) -> None:
        del ignored
        store = experiment.workspace.store
        if isinstance(run_id, int):
            record = store.run_numbered(experiment.name, run_id)
        else:
            record = store.run(run_id)
        self._set_up(experiment, record, folders_of(outputs or False))

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy, in a worker process say, writes to files of its own and owns nothing.
        return _copied, (self.experiment, self.id, self._is_inside)

    @classmethod
    def _create(
        cls,
        experiment: Experiment,
        run_id: str,
        fields: Mapping[str, Any],
        outputs: tuple[str, ...] = (),
    ) -> Run:
        """Return a new run that this process owns and has started."""
        store = experiment.workspace.store
        owner: Document = {}
        store.own(owner)
        now = time.time()
        started = {"status": RunStatus.RUNNING.value, "created_at": now, "started_at": now}
        record = store.create_run(
            experiment.name,
            run_id,
            {"created_by": user_name(), **started, **owner, **fields},
        )
        run = cls.__new__(cls)
        run._set_up(experiment, record, outputs)
        run._own()
        return run

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Return the run in a folder, wherever it lies.

        Raises
        ------
        RunNotFound
            The folder holds no run.
        """
        from run_widgets.tracking.experiment import Experiment
        from run_widgets.tracking.workspace import Workspace

        store, run_id = LocalStore.of_run_folder(Path(path).expanduser().absolute())
        workspace = Workspace(store.root)
        workspace.store = store
        return cls(Experiment._of(workspace, store.run(run_id).experiment), run_id)

    # -- identity --

    @property
    def number(self) -> int:
        """The run's place in its experiment, from 1; never given twice."""
        return self._record.number

    @property
    def name(self) -> str:
        """The display name, or one made of the id."""
        return self._record.display_name or f"run_{self.id}"

    @property
    def display_name(self) -> str:
        """What the panel calls the run; can be set."""
        return self._record.display_name

    @display_name.setter
    def display_name(self, value: str) -> None:
        self._update(lambda known: known.update(display_name=str(value)))

    @property
    def description(self) -> str:
        """What the run is about; can be set."""
        return self._record.description

    @description.setter
    def description(self, value: str) -> None:
        self._update(lambda known: known.update(description=str(value)))

    @property
    def type(self) -> str | None:
        """What kind of run it is: None for one that logs in a notebook or script."""
        return self._record.type or self._record.properties.get("azureml.runsource")

    @property
    def status(self) -> str:
        """The status when it was last read; `get_status` reads it again."""
        return self._record.status.value

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of."""
        parent = self._record.parent
        return None if parent is None else self.experiment.workspace.get_run(parent)

    def get_status(self) -> str:
        """Read the status: true also when the run's process has died."""
        return self._refresh().status.value

    def get_detailed_status(self) -> dict[str, str | None]:
        """Read the status, and what a queued run waits for."""
        record = self._refresh()
        return {"status": record.status.value, "details": record.waiting_for or None}

    def get_portal_url(self) -> str:
        """Return the run's page, relative to the Jupyter server's base URL."""
        return f"{PORTAL_PATH}runs/{self.id}"

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the run as it is now to one HTML file that opens anywhere, and return its path.

        Charts can be zoomed and smoothed in it, tables paged, images and logs looked
        at: with no kernel, no server and no network.

        Parameters
        ----------
        path
            Where to; an existing file is replaced.

        Raises
        ------
        OSError
            `path` cannot be written, or a part of the front end is not installed.
        """
        # By name: the file is made by a room above this one, which training need not load.
        export = importlib.import_module("run_widgets.export.run_file").export
        written: Path = export(self.store, self.id, path)
        return written

    @staticmethod
    def get_docs_url() -> str:
        """Return where this package is described."""
        return DOCS_URL

    # -- reading metrics --

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """Return what was logged, by name: what comes back is what went in.

        Parameters
        ----------
        name
            Only this metric; unknown: an empty dict.
        recursive
            Return ``{run id: metrics}`` of this run and its descendants that have any.
        run_type
            With `recursive`, only descendants of this type.
        populate
            Give images as bytes instead of file names.

        Returns
        -------
        ``log`` once gives the value, repeated a list; ``log_list`` a list;
        ``log_row`` once a dict of values, more a dict of lists; ``log_table`` a
        dict of lists; an image its file name; a JSON metric its document.
        """
        from run_widgets.reading.metrics import gather

        if recursive:
            runs = [self, *self.get_children(recursive=True, type=run_type)]
            found = {run.id: run.get_metrics(name, populate=populate) for run in runs}
            return {run_id: metrics for run_id, metrics in found.items() if metrics}
        metrics = gather(self.store.follow(self.id), name)
        values = {key: metric.value() for key, metric in metrics.items()}
        if populate:
            for key, metric in metrics.items():
                if metric.kind is Kind.IMAGE:
                    files = [self.store.file_path(self.id, r.value) for r in metric.records]
                    pictures = [file.read_bytes() for file in files]
                    values[key] = pictures[0] if len(pictures) == 1 else pictures
        return values

    def get_series(self, name: str) -> Series:
        """Return one metric's scalars as arrays: step, time and value.

        Raises
        ------
        MetricNotFound
            The run has no metric `name`.
        """
        from run_widgets.reading.metrics import gather, series

        metric = gather(self.store.follow(self.id), name).get(name)
        if metric is None:
            raise MetricNotFound(f"run {self.id!r} has no metric {name!r}")
        return series(metric.points)

    def to_pandas(self) -> pd.DataFrame:
        """Return every scalar as one row: name, step, time and value; a text in the column text."""
        from run_widgets.reading.frames import frame_of_run

        return frame_of_run(self.store.follow(self.id))

    def to_csv(self, path: str | Path) -> None:
        """Write what `to_pandas` returns as a CSV file."""
        self.to_pandas().to_csv(path, index=False, errors="backslashreplace")

    def to_parquet(self, path: str | Path) -> None:
        """Write what `to_pandas` returns as a Parquet file; needs pyarrow."""
        self.to_pandas().to_parquet(path, index=False)

    # -- children and lists --

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: str | Iterable[str] | None = None,
        *,
        tags: Mapping[str, object] | None = None,
    ) -> Run:
        """Start a run below this one; end it separately."""
        folders = folders_of(outputs or False)
        return self._child(run_id or uuid4(), name, texts(tags or {}), folders)

    def _child(
        self,
        run_id: str,
        name: str | None,
        tags: Mapping[str, str | None],
        outputs: tuple[str, ...] = (),
    ) -> Run:
        fields = {
            "parent": self.id,
            "root": self._record.root or self.id,
            "name": name,
            "display_name": name or "",
            "tags": dict(tags),
        }
        return Run._create(self.experiment, run_id, fields, outputs)

    def create_children(
        self,
        count: int | None = None,
        tag_key: str | None = None,
        tag_values: Iterable[object] | None = None,
    ) -> list[Run]:
        """Start several children: `count` of them, or one for each of `tag_values`.

        Raises
        ------
        BadArgument
            Neither or both ways were asked for, or `count` is no number of runs.
        """
        by_tag = tag_key is not None and tag_values is not None
        if (count is None) != by_tag or (count is not None and (tag_key or tag_values)):
            raise BadArgument("create_children takes either count, or tag_key and tag_values")
        if count is not None and (not isinstance(count, int) or count < 0):
            raise BadArgument(f"count must be a whole number from 0, got {count!r}")
        if by_tag:
            tags = [{str(tag_key): str(value)} for value in tag_values or ()]
        else:
            tags = [{"azureml.batch_child_number": str(place)} for place in range(count or 0)]
        return [self._child(uuid4(), None, tag) for tag in tags]

    def submit_child(
        self, config: Submittable, tags: Mapping[str, object] | None = None, **options: Any
    ) -> Run:
        """Submit a script or notebook as a run below this one, as `Experiment.submit` does."""
        from run_widgets.tracking.experiment import submit

        return submit(self.experiment, config, tags, self, options)

    def get_children(
        self,
        recursive: bool = False,
        tags: Labels = None,
        properties: Labels = None,
        type: str | None = None,
        status: str | None = None,
        _rehydrate_runs: bool = True,
    ) -> Iterator[Run]:
        """Yield the runs below this one, newest first; with `recursive` also theirs."""
        del _rehydrate_runs
        everyone = Run.list(self.experiment, include_children=True) if recursive else ()
        known = {run.id: run for run in everyone}
        for run in Run.list(self.experiment, type, tags, properties, status, include_children=True):
            ancestor = run._record.parent
            while recursive and ancestor not in (None, self.id):
                above = known.get(str(ancestor))
                ancestor = above._record.parent if above else None
            if ancestor == self.id:
                yield run

    @staticmethod
    def list(
        experiment: Experiment,
        type: str | None = None,
        tags: Labels = None,
        properties: Labels = None,
        status: str | None = None,
        include_children: bool = False,
        _rehydrate_runs: bool = True,
    ) -> Iterator[Run]:
        """Yield an experiment's runs, newest first; filters as for `Experiment.get_runs`.

        Raises
        ------
        BadArgument
            A filter has a type that it cannot have, or `status` is none that a run can have.
        """
        del _rehydrate_runs
        for value, what in ((type, "type"), (status, "status")):
            if value is not None and not isinstance(value, str):
                raise BadArgument(f"the filter {what} must be a string, got {value!r}")
        if status is not None and status not in STATUSES:
            known = ", ".join(STATUSES)
            raise BadArgument(f"no run has the status {status!r}: it is one of {known}")
        if not isinstance(include_children, bool):
            raise BadArgument(f"include_children must be True or False, got {include_children!r}")
        labels = (checked_labels(tags, "tags"), checked_labels(properties, "properties"))
        return Run._listed(experiment, type, labels, status, include_children)

    @staticmethod
    def _listed(
        experiment: Experiment,
        type: str | None,
        labels: tuple[Labels, Labels],
        status: str | None,
        include_children: bool,
    ) -> Iterator[Run]:
        for record in experiment.workspace.store.runs(experiment.name, *labels):
            if record.parent is not None and not include_children:
                continue
            if type is not None and type not in (
                record.type,
                record.properties.get("azureml.runsource"),
            ):
                continue
            if status is not None and record.status != status:
                continue
            yield _run_of(experiment, record)

    @staticmethod
    def add_type_provider(runtype: str, factory: Callable[[Experiment, RunRecord], Run]) -> None:
        """Have lists of runs call `factory(experiment, record)` for runs of a type.

        Raises
        ------
        BadArgument
            The type has a factory already.
        """
        if runtype in _factories:
            raise BadArgument(f"runs of type {runtype!r} have a factory already")
        _factories[runtype] = factory

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """Return a workspace's run by its id."""
        return workspace.get_run(run_id)

    @staticmethod
    def get_context(allow_offline: bool = True, **ignored: object) -> Run:
        """Return the run that this process was submitted as.

        Elsewhere: a new local run of its own, with the whole API, the same one
        at each call until it has ended; in the experiment named after the script.

        Raises
        ------
        NoRunHere
            The process was not submitted, and `allow_offline` is false.
        """
        del ignored
        return _context(allow_offline)

    def register_model(
        self,
        model_name: str,
        model_path: str | None = None,
        tags: Mapping[str, object] | None = None,
        properties: Mapping[str, object] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        description: str | None = None,
        **ignored: object,
    ) -> Model:
        """Keep a file or folder of the run in the workspace, as the next version of a named model.

        `model_path` is its name in the run; default: `model_name`.

        Raises
        ------
        BadName
            `model_name` cannot name a folder.
        FileNotInRun
            The run has nothing at `model_path`; the message lists its files.
        StoreUnavailable
            The workspace cannot be written.
        """
        from run_widgets.tracking.models import register

        del ignored
        return register(
            self,
            model_name,
            model_path,
            tags=tags,
            properties=properties,
            description=description,
            model_framework=model_framework,
            model_framework_version=model_framework_version,
        )

    def delete(self, *, force: bool = False) -> Path:
        """Move the run to the workspace's trash folder, and return where it lies.

        One that goes on in this process is Canceled first.

        Parameters
        ----------
        force
            Cancel a run that goes on elsewhere, and wait for its end.

        Raises
        ------
        RunGoesOn
            It goes on in another process, and `force` is false.
        """
        if self._owned:
            self._end(RunStatus.CANCELED)
        elif not (status := self._refresh().status).is_final:
            if not force:
                raise RunGoesOn(
                    f"run {self.id!r} is {status.value}: cancel it first, or pass force=True"
                )
            self.cancel()
            self.wait_for_completion(raise_on_error=False)
        return self.store.delete_run(self.id)

    # -- what is started with a run --

    def _start_system_metrics(self, every_s: float) -> None:
        from run_widgets.tracking.monitor import Monitor

        monitor = Monitor(lambda name, value: self._put(name, value, None), every_s)
        monitor.start()
        self._on_end.append(monitor.stop)

    def __repr__(self) -> str:
        return (
            f"Run(Experiment: {self.experiment.name},\nId: {self.id},\n"
            f"Type: {self.type},\nStatus: {self.status})"
        )

    def _repr_html_(self) -> str:
        optional = {"Name": self.display_name, "Type": self.type}
        facts = {
            "Experiment": self.experiment.name,
            "Run": self.number,
            **{name: text for name, text in optional.items() if text},
            "Id": self.id,
            "Status": self.status,
        }
        return html_table(facts)


def _copied(experiment: Experiment, run_id: str, is_inside: bool) -> Run:
    run = Run(experiment, run_id)
    run._is_inside = is_inside
    return run


_factories: dict[str, Callable[[Experiment, RunRecord], Run]] = {}  # by type of run


def _run_of(experiment: Experiment, record: RunRecord) -> Run:
    if record.type in _factories:
        return _factories[record.type](experiment, record)
    run = Run.__new__(Run)
    run._set_up(experiment, record, ())
    return run


def get_run(
    experiment: Experiment, run_id: str | int, rehydrate: bool = True, clean_up: bool = True
) -> Run:
    """Return a run that exists, by its id, or by its number in the experiment."""
    del rehydrate, clean_up
    return Run(experiment, run_id)


RUN_VARIABLE = "RUN_WIDGETS_RUN_ID"

_here: dict[int, Run] = {}  # by process id, since a forked child has its own


def _context(allow_offline: bool) -> Run:
    from run_widgets.tracking.experiment import Experiment
    from run_widgets.tracking.workspace import WORKSPACE_VARIABLE, Workspace

    run_id, root = os.environ.get(RUN_VARIABLE), os.environ.get(WORKSPACE_VARIABLE)
    run = _here.get(os.getpid())
    if run is None and run_id and root:
        run = Workspace(root).get_run(run_id)
        run._is_inside = True
    elif (run is None or not run._is_inside) and not allow_offline:
        raise NoRunHere(
            "this process was not submitted as a run: use experiment.start_logging(), "
            "or Run.get_context() for a local run"
        )
    elif run is None or (run._record.status.is_final and not run._is_inside):
        run = Experiment(name=_script_name()).start_logging(snapshot_directory=None)
    _here[os.getpid()] = run
    return run


def _script_name() -> str:
    name = "notebook" if "ipykernel" in sys.modules else Path(sys.argv[0] if sys.argv else "").stem
    kept = "".join(letter if letter.isalnum() or letter in "_-" else "-" for letter in name)[:255]
    return kept if kept[:1].isascii() and kept[:1].isalnum() else "local"
