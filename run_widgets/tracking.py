"""Workspace, Experiment and Run: the verbs people call while they compute."""

from __future__ import annotations

import contextlib
import html
import io
import os
import shutil
import sys
import time
import traceback
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from run_widgets.errors import (
    FileConflict,
    FileNotInRun,
    NoRunHere,
    NotAMetric,
    PropertyConflict,
    RunClosed,
    RunFailed,
    StoreUnavailable,
)
from run_widgets.images import image_kind, picture_of
from run_widgets.records import Kind, RunError, RunRecord, RunStatus
from run_widgets.store import layout
from run_widgets.store.keeper import keeper
from run_widgets.store.local import Document, Labels, LocalStore
from run_widgets.store.writer import Writer
from run_widgets.values import column, document, row, scalar, table

if TYPE_CHECKING:
    import pandas as pd

    from run_widgets.metrics import Series

T = TypeVar("T")

HOME_VARIABLE = "RUN_WIDGETS_HOME"
WORKSPACE_VARIABLE = "RUN_WIDGETS_WORKSPACE"
RUN_VARIABLE = "RUN_WIDGETS_RUN_ID"
PROJECT_FOLDER = ".run-widgets"
PORTAL_PATH = "run-widgets/"

OUTPUTS = "outputs"
POLL_S = 0.5


# -- workspace ---------------------------------------------------------------------------------


class Workspace:
    """A folder of experiments and their runs.

    Parameters
    ----------
    path
        The folder; made when first written to. Default: as `from_config`.
    subscription_id, resource_group, workspace_name, **ignored
        What a workspace in the cloud was called; accepted, kept, and not used.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        resource_group: str = "",
        workspace_name: str = "",
        *,
        subscription_id: str = "",
        **ignored: object,
    ) -> None:
        del ignored
        root = _default_root(Path.cwd()) if path is None else Path(path).expanduser().absolute()
        self.store = LocalStore(root)
        self.name = workspace_name or root.name
        self.subscription_id = subscription_id
        self.resource_group = resource_group
        self.location = "local"

    @classmethod
    def from_config(
        cls, path: str | Path | None = None, auth: object = None, **ignored: object
    ) -> Workspace:
        """Return the nearest workspace upwards from `path`, else the person's own.

        Upwards means: the folder is a workspace, or has one named
        ``.run-widgets``. The person's own is the folder that the environment
        variable ``RUN_WIDGETS_HOME`` names, else one in the platform's data folder.
        """
        del auth, ignored
        start = Path.cwd() if path is None else Path(path).expanduser().absolute()
        return cls(_default_root(start))

    @classmethod
    def get(cls, name: str = "", **ignored: object) -> Workspace:
        """Return the same workspace as `from_config`; names are the cloud's."""
        del name, ignored
        return cls.from_config()

    @property
    def path(self) -> Path:
        return self.store.root

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments that are not archived, by name."""
        return {experiment.name: experiment for experiment in Experiment.list(self)}

    def get_run(self, run_id: str) -> Run:
        """Return the run with that id, of any experiment.

        Raises
        ------
        RunNotFound
        """
        record = self.store.run(run_id)
        return Run(Experiment._of(self, record.experiment), run_id)

    def get_details(self) -> dict[str, str]:
        return {"name": self.name, "id": str(self.path), "location": self.location}

    def write_config(self, path: str | Path | None = None, file_name: str = "") -> None:
        """Make this workspace the nearest one for everything below `path`.

        It does so where the workspace is `path`'s own ``.run-widgets`` folder;
        for another, set ``RUN_WIDGETS_HOME``.
        """
        del file_name
        folder = Path.cwd() if path is None else Path(path)
        if self.path != folder.absolute() / PROJECT_FOLDER:
            raise StoreUnavailable(
                f"{self.path} is not {folder / PROJECT_FOLDER}: set {HOME_VARIABLE}={self.path} "
                "to make it the default"
            )
        self.store.create_workspace()

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workspace) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)


def _default_root(start: Path) -> Path:
    inherited = os.environ.get(WORKSPACE_VARIABLE)
    if inherited:
        return Path(inherited)
    for folder in (start, *start.parents):
        if (folder / PROJECT_FOLDER).is_dir():
            return folder / PROJECT_FOLDER
        if (folder / layout.WORKSPACE_FILE).is_file():
            return folder
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("run-widgets", appauthor=False)


# -- experiment --------------------------------------------------------------------------------


class Experiment:
    """A name under which runs are kept and numbered; made if there is none yet.

    Parameters
    ----------
    workspace
        Default: `Workspace.from_config()`.
    name
        1 to 255 letters, digits, ``_`` and ``-``, begun by a letter or digit.

    Raises
    ------
    BadName
        `name` is anything else.
    StoreUnavailable
        The workspace cannot be written.
    """

    def __init__(
        self, workspace: Workspace | None = None, name: str = "", **ignored: object
    ) -> None:
        del ignored
        self.workspace = workspace if workspace is not None else Workspace.from_config()
        self.name = layout.experiment_name(name)
        self._document = self._store.create_experiment(name)

    @classmethod
    def _of(cls, workspace: Workspace, name: str) -> Experiment:
        """Return an experiment of a run that exists, and change nothing on disk."""
        self = cls.__new__(cls)
        self.workspace, self.name = workspace, name
        self._document = {"name": name, "id": "", "tags": {}}
        with contextlib.suppress(LookupError, ValueError):
            self._document = workspace.store.experiment(name)
        return self

    @property
    def _store(self) -> LocalStore:
        return self.workspace.store

    @property
    def id(self) -> str:
        return str(self._document.get("id", ""))

    @property
    def workspace_object(self) -> Workspace:
        return self.workspace

    @property
    def archived_time(self) -> datetime | None:
        return _utc(self._document.get("archived_at"))

    @property
    def tags(self) -> dict[str, str | None]:
        return dict(self._document.get("tags") or {})

    # -- runs ------------------------------------------------------------------------

    def start_logging(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: str | bool | Iterable[str] | None = None,
        snapshot_directory: str | Path | None = ".",
        display_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, object] | None = None,
        *,
        properties: Mapping[str, object] | None = None,
        resume: bool = False,
        system_metrics: bool | float = False,
    ) -> Run:
        """Start a run in this process and return it, running.

        Parameters
        ----------
        name, display_name, description
            What to call it; `display_name` is what the panel shows.
        run_id
            Default: a new uuid4.
        outputs
            Folders whose files become the run's when it ends: default
            ``./outputs``, False for none.
        snapshot_directory
            Folder whose content is kept with the run; None for no snapshot.
        tags, properties
            As `set_tags` and `add_properties` take them.
        resume
            Go on with the run `run_id`, whatever its status is.
        system_metrics
            True records CPU, memory and GPU use every 10 s; a number, every so
            many seconds.

        Raises
        ------
        RunExists
            There is a run `run_id`, and `resume` is false.
        StoreUnavailable
            The workspace cannot be written.
        """
        fields = {
            "name": name,
            "display_name": display_name or name or "",
            "description": description or "",
            "tags": _texts(tags or {}),
            "properties": _texts(properties or {}),
        }
        if resume and run_id is not None:
            run = Run(self, run_id, outputs=_folders(outputs))
            run._become_owner(reopen=True)
        else:
            run = Run._create(self, run_id or str(uuid.uuid4()), fields, _folders(outputs))
        if snapshot_directory is not None:
            run._start_snapshot(Path(snapshot_directory))
        if system_metrics:
            run._start_system_metrics(10.0 if system_metrics is True else float(system_metrics))
        return run

    def get_runs(
        self,
        type: str | None = None,
        tags: Labels = None,
        properties: Labels = None,
        include_children: bool = False,
    ) -> Iterator[Run]:
        """Yield the experiment's runs, newest first.

        Parameters
        ----------
        type
            The run's type, or its property ``azureml.runsource``.
        tags, properties
            A key that a run must have, or a dict of which every pair must match.
        include_children
            Also runs that have a parent.
        """
        return Run.list(self, type, tags, properties, None, include_children)

    def submit(self, config: Any, tags: Mapping[str, object] | None = None, **kwargs: Any) -> Run:
        """Run a script or notebook in a process of its own that outlives this one.

        `config` is a `ScriptRunConfig` or `NotebookRunConfig`.
        """
        from run_widgets import launch

        return launch.submit(self, config, tags=tags, **kwargs)

    # -- the experiment itself ---------------------------------------------------------

    @staticmethod
    def list(
        workspace: Workspace,
        experiment_name: str | None = None,
        view_type: str = "ActiveOnly",
        tags: Labels = None,
    ) -> list[Experiment]:
        """Return a workspace's experiments, by name.

        `view_type` is ``ActiveOnly``, ``ArchivedOnly`` or ``All``.
        """
        if view_type not in ("ActiveOnly", "ArchivedOnly", "All"):
            raise ValueError(
                f"view_type must be 'ActiveOnly', 'ArchivedOnly' or 'All', got {view_type!r}"
            )
        _checked_labels(tags, "tags")
        found = []
        for known in workspace.store.experiments():
            archived = known.get("archived_at") is not None
            hidden = archived if view_type == "ActiveOnly" else not archived
            if (view_type != "All" and hidden) or experiment_name not in (None, known["name"]):
                continue
            if _has_labels(known.get("tags") or {}, tags):
                found.append(Experiment._of(workspace, str(known["name"])))
        return found

    def archive(self) -> None:
        """Hide the experiment from `Workspace.experiments` and `Experiment.list`."""
        self._update(lambda known: known.update(archived_at=time.time()))

    def reactivate(self, new_name: str | None = None) -> None:
        """Show the experiment again; it cannot get a new name."""
        if new_name is not None:
            raise ValueError(f"an experiment keeps its name: reactivate it without {new_name!r}")
        self._update(lambda known: known.update(archived_at=None))

    def tag(self, key: str, value: object = None) -> None:
        """Add or change one tag."""
        self.set_tags({key: value})

    def set_tags(self, tags: str | Mapping[str, object]) -> None:
        """Add or change tags; others stay."""
        new = _texts({tags: None} if isinstance(tags, str) else tags)
        self._update(lambda known: known.setdefault("tags", {}).update(new))

    def remove_tags(self, tags: str | Iterable[str]) -> dict[str, str | None]:
        """Remove tags by key, those that are there; return what is left."""
        self._update(lambda known: _drop(known.setdefault("tags", {}), tags))
        return self.tags

    @staticmethod
    def delete(workspace: Workspace, experiment_id: str) -> None:
        """Delete an experiment without runs; by id or name.

        Raises
        ------
        ExperimentNotFound
        ValueError
            It has runs: delete those first.
        """
        for known in workspace.store.experiments():
            if experiment_id in (known.get("id"), known["name"]):
                name = str(known["name"])
                if next(workspace.store.runs(name), None) is not None:
                    raise ValueError(f"experiment {name!r} has runs: delete them first")
                workspace.store.delete_experiment(name)
                return
        workspace.store.experiment(experiment_id)  # raises ExperimentNotFound

    def refresh(self) -> None:
        """Read the experiment's tags and archived time again."""
        self._document = self._store.experiment(self.name)

    def _update(self, change: Callable[[Document], None]) -> None:
        self._document = self._store.update_experiment(self.name, change)

    def get_portal_url(self) -> str:
        """Return the experiment's page, relative to the Jupyter server's base URL."""
        return f"{PORTAL_PATH}{self.name}"

    @staticmethod
    def get_docs_url() -> str:
        return "https://github.com/run-widgets/run-widgets"

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a run: its facts, tags, and last, min, max and best of each scalar."""
        from run_widgets.frames import frame_of_experiment

        return frame_of_experiment(self)

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self.workspace.name})"

    def _repr_html_(self) -> str:
        return _html_table({"Name": self.name, "Workspace": self.workspace.name})


# -- run -----------------------------------------------------------------------------------------


class Run:
    """One run: what it logged, its files, labels and status.

    ``Run(experiment, run_id)`` is a run that exists, in whatever process it
    lives; `Experiment.start_logging` makes a new one.

    Raises
    ------
    RunNotFound
        The workspace has no run `run_id`.
    """

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        outputs: str | Iterable[str] | None = None,
        **ignored: object,
    ) -> None:
        del ignored
        self._set_up(experiment, experiment.workspace.store.run(run_id), _folders(outputs or False))

    def _set_up(self, experiment: Experiment, record: RunRecord, outputs: tuple[str, ...]) -> None:
        self.experiment = experiment
        self.store = experiment.workspace.store
        self.id = record.id
        self._record = record
        self._outputs = outputs
        self._writer: Writer | None = None
        self._put: Callable[[str, Any, int | None], None] = self._put_first
        self._owned = False
        self._block: _Block | None = None
        self._on_end: list[Callable[[], None]] = []  # e.g. the sampler of system metrics

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
            {"created_by": _user(), **started, **owner, **fields},
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
        store, run_id = LocalStore.of_run_folder(Path(path).expanduser().absolute())
        workspace = Workspace(store.root)
        workspace.store = store
        return cls(Experiment._of(workspace, store.run(run_id).experiment), run_id)

    # -- identity ------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """The run's place in its experiment, from 1; never given twice."""
        return self._record.number

    @property
    def name(self) -> str:
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
        return self._record.type or self._record.properties.get("azureml.runsource")

    @property
    def status(self) -> str:
        """The status when it was last read; `get_status` reads it again."""
        return self._record.status.value

    @property
    def parent(self) -> Run | None:
        parent = self._record.parent
        return None if parent is None else self.experiment.workspace.get_run(parent)

    @property
    def folder(self) -> Path:
        """Where the run lies; see docs/store-format.md."""
        return self.store.folder(self.id)

    def get_status(self) -> str:
        """Read the status: true also when the run's process has died."""
        return self._refresh().status.value

    def get_detailed_status(self) -> dict[str, str | None]:
        record = self._refresh()
        return {"status": record.status.value, "details": record.waiting_for or None}

    def get_portal_url(self) -> str:
        """Return the run's page, relative to the Jupyter server's base URL."""
        return f"{PORTAL_PATH}runs/{self.id}"

    @staticmethod
    def get_docs_url() -> str:
        return Experiment.get_docs_url()

    def _refresh(self) -> RunRecord:
        self._record = self.store.run(self.id)
        return self._record

    def _update(self, change: Callable[[Document], None]) -> RunRecord:
        self._record = self.store.update_run(self.id, change)
        return self._record

    # -- metrics ---------------------------------------------------------------------------

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """Log one value: a number, bool, text or None. Again under one name: a vector.

        The value is in the operating system's hands when this returns.

        Parameters
        ----------
        name
            Any non-empty text.
        value
            Also numpy numbers and 0-dimensional arrays and tensors. NaN and
            infinities are values.
        description
            What the metric means.
        step
            Its x in the chart, a whole number; default: its place in the vector.

        Raises
        ------
        NotAMetric
            `value` is several values or no value; the message names the right method.
        BadName
            `name` is not a non-empty string.
        RunClosed
            The run has ended.
        """
        if description:
            self._describe(name, description)
        self._put(name, value if type(value) is float else scalar(value, _call("log", name)), step)

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log several values at one step: as `log` for each pair of `metrics`."""
        put = self._put
        for name, value in metrics.items():
            put(name, value if type(value) is float else scalar(value, _call("log", name)), step)
            put = self._put

    def log_list(self, name: str, value: Any, description: str = "") -> None:
        """Log several values at once: a list, tuple, array, Series or generator.

        Raises
        ------
        NotAMetric
            `value` is not a list of scalars.
        """
        values = column(value, _call("log_list", name))
        self._log_record(Kind.LIST, name, values, description)

    def log_row(self, name: str, description: str | None = None, **kwargs: Any) -> None:
        """Log one row of a table, a keyword for each column; again: the next row."""
        self._log_record(Kind.ROW, name, row(kwargs, _call("log_row", name)), description)

    def log_table(self, name: str, value: Any, description: str = "") -> None:
        """Log a table: a dict of column name to list, or a DataFrame.

        Raises
        ------
        NotAMetric
            The columns differ in length, or `value` is no table.
        """
        columns = table(value, _call("log_table", name))
        self._log_record(Kind.TABLE, name, columns, description)

    def log_image(
        self,
        name: str,
        path: str | Path | None = None,
        plot: Any = None,
        description: str = "",
        *,
        step: int | None = None,
    ) -> None:
        """Log a picture: a file, or a plot of matplotlib or anything with `savefig` or `save`.

        Parameters
        ----------
        name
            The picture's name; the same name again adds the next picture.
        path
            A PNG, JPEG, GIF, WebP, BMP, TIFF or SVG file.
        plot
            ``matplotlib.pyplot``, a Figure, or a PIL image.
        step
            Where it belongs on the step axis.

        Raises
        ------
        NotAMetric
            Not exactly one of `path` and `plot`, or it is not a picture.
        FileNotFoundError
            There is no file `path`.
        """
        where = _call("log_image", name)
        if (path is None) == (plot is None):
            raise NotAMetric(
                f"{where} takes one of path and plot, got {'none' if path is None else 'both'}"
            )
        layout.metric_name(name)
        self._check_open()
        if path is None:
            file = self._add_picture(
                f"{_as_file_name(name)}_{int(time.time())}.png", picture_of(plot, where)
            )
        else:
            source = Path(path)
            image_kind(source, where)
            inside = source.as_posix() if not source.is_absolute() else source.name
            try:
                file = layout.file_name(inside)
            except ValueError:
                file = source.name  # a path that climbs out of the working folder
            file = self._add_picture(file, source)
        self._log_record(Kind.IMAGE, name, file, description, step)

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Log a confusion matrix: a dict or JSON text of that schema."""
        self._log_document(Kind.CONFUSION_MATRIX, name, value, description)

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        """Log an accuracy table: a dict or JSON text of that schema."""
        self._log_document(Kind.ACCURACY_TABLE, name, value, description)

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        """Log a histogram of residuals: a dict or JSON text of that schema."""
        self._log_document(Kind.RESIDUALS, name, value, description)

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        """Log predicted against true values: a dict or JSON text of that schema."""
        self._log_document(Kind.PREDICTIONS, name, value, description)

    def set_goal(self, name: str, goal: str) -> None:
        """Say whether a metric is to be made small or large, so that *best* means something.

        `goal` is ``minimize`` or ``maximize``.
        """
        if goal not in ("minimize", "maximize"):
            raise ValueError(f"the goal of {name!r} must be 'minimize' or 'maximize', got {goal!r}")
        layout.metric_name(name)
        self._update(lambda known: known.setdefault("goals", {}).update({name: goal}))

    def _log_document(self, kind: Kind, name: str, value: Any, description: str) -> None:
        where = _call(f"log_{kind.value}", name)
        self._log_record(kind, name, document(value, where), description)

    def _log_record(
        self, kind: Kind, name: str, value: Any, description: str | None, step: int | None = None
    ) -> None:
        self._open_writer().record(kind, name, value, step)
        if description:
            self._describe(name, description)

    def _describe(self, name: str, description: str) -> None:
        self._open_writer().describe(layout.metric_name(name), str(description))

    def _put_first(self, name: str, value: Any, step: int | None) -> None:
        self._put = self._open_writer().put
        self._put(name, value, step)

    def _open_writer(self) -> Writer:
        if self._writer is None:
            self._check_open()
            self._writer = self.store.writer(self.id)
        return self._writer

    def _check_open(self) -> None:
        record = self._record if self._owned else self._refresh()
        if record.status.is_final:
            raise RunClosed(self._closed_text(record.status))

    def _closed_text(self, status: RunStatus) -> str:
        return (
            f"run {self.id!r} is {status.value}: it takes no more metrics or files; "
            "start a new run, or go on with experiment.start_logging(run_id=…, resume=True)"
        )

    # -- reading metrics -------------------------------------------------------------------

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
        from run_widgets.metrics import gather

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
        KeyError
            The run has no metric `name`.
        """
        from run_widgets.metrics import gather, series

        metric = gather(self.store.follow(self.id), name).get(name)
        if metric is None:
            raise KeyError(f"run {self.id!r} has no metric {name!r}")
        return series(metric)

    def to_pandas(self) -> pd.DataFrame:
        """Return every scalar as one row: name, step, time and value."""
        from run_widgets.frames import frame_of_run

        return frame_of_run(self)

    def to_csv(self, path: str | Path) -> None:
        """Write what `to_pandas` returns as a CSV file."""
        self.to_pandas().to_csv(path, index=False)

    def to_parquet(self, path: str | Path) -> None:
        """Write what `to_pandas` returns as a Parquet file; needs pyarrow."""
        self.to_pandas().to_parquet(path, index=False)

    # -- labels ------------------------------------------------------------------------------

    @property
    def tags(self) -> dict[str, str | None]:
        return dict(self._record.tags)

    def get_tags(self) -> dict[str, str | None]:
        return dict(self._refresh().tags)

    def tag(self, key: str, value: object = None) -> None:
        """Add or change one tag, also after the run has ended."""
        self.set_tags({key: value})

    def set_tags(self, tags: str | Mapping[str, object]) -> None:
        """Add or change tags; others stay. A text is a tag without value."""
        new = _texts({tags: None} if isinstance(tags, str) else tags)
        self._update(lambda known: known.setdefault("tags", {}).update(new))

    def remove_tags(self, tags: str | Iterable[str]) -> dict[str, str | None]:
        """Remove tags by key, those that are there; return what is left."""
        return dict(self._update(lambda known: _drop(known.setdefault("tags", {}), tags)).tags)

    @property
    def properties(self) -> dict[str, str | None]:
        return dict(self._record.properties)

    def get_properties(self) -> dict[str, str | None]:
        return dict(self._refresh().properties)

    def add_properties(self, properties: Mapping[str, object] | None) -> None:
        """Add properties, which never change once they are there.

        Raises
        ------
        PropertyConflict
            One is there with another value; nothing was added.
        """
        new = _texts(properties or {})
        if not new:
            return

        def add(known: Document) -> None:
            there = known.setdefault("properties", {})
            for key, value in new.items():
                if key in there and there[key] != value:
                    raise PropertyConflict(
                        f"property {key!r} is {there[key]!r} for good and cannot become {value!r}: "
                        "use a tag for what changes"
                    )
            there.update(new)

        self._update(add)

    # -- files -----------------------------------------------------------------------------------

    def upload_file(
        self,
        name: str,
        path_or_stream: str | Path | IO[Any],
        datastore_name: str | None = None,
        *,
        overwrite: bool = False,
    ) -> Path:
        """Keep a file with the run as `name`, and return where it lies now.

        Raises
        ------
        BadName
            `name` is not a relative path inside the run.
        FileNotFoundError
            There is no such file.
        FileConflict
            The name is taken by other content, and `overwrite` is false.
        RunClosed
            The run has ended.
        """
        del datastore_name
        layout.file_name(name)
        self._check_open()
        return self.store.add_file(self.id, name, _source(path_or_stream), overwrite=overwrite)

    def upload_files(
        self,
        names: Iterable[str],
        paths: Iterable[str | Path],
        return_artifacts: bool = False,
        timeout_seconds: float | None = None,
        datastore_name: str | None = None,
        *,
        overwrite: bool = False,
    ) -> list[Path]:
        """Keep several files: `names` and `paths` go in pairs."""
        del return_artifacts, timeout_seconds, datastore_name
        names, paths = list(names), list(paths)
        if len(names) != len(paths):
            raise TypeError(
                f"upload_files takes as many paths as names, got {len(names)} names and {len(paths)} paths"
            )
        return [
            self.upload_file(name, path, overwrite=overwrite)
            for name, path in zip(names, paths, strict=True)
        ]

    def upload_folder(
        self,
        name: str,
        path: str | Path,
        datastore_name: str | None = None,
        *,
        overwrite: bool = False,
    ) -> list[Path]:
        """Keep every file below the folder `path`, below `name`.

        Raises
        ------
        NotADirectoryError
            `path` is not a folder.
        """
        del datastore_name
        folder = Path(path)
        if not folder.is_dir():
            raise NotADirectoryError(f"upload_folder takes a folder, got {str(path)!r}")
        prefix = layout.file_name(name.rstrip("/"))
        return [
            self.upload_file(
                f"{prefix}/{file.relative_to(folder).as_posix()}", file, overwrite=overwrite
            )
            for file in _files_below(folder)
        ]

    def get_file_names(self) -> list[str]:
        """Return the run's files as sorted paths with forward slashes."""
        return [entry.path for entry in self.store.files(self.id)]

    def download_file(
        self, name: str, output_file_path: str | Path | None = None, **ignored: object
    ) -> Path:
        """Copy one of the run's files out of it, and return where to.

        `output_file_path` is a file or an existing folder; default: the file's
        own name in the current folder.

        Raises
        ------
        FileNotInRun
            The run has no such file; the message lists those it has.
        """
        del ignored
        source = self.store.file_path(self.id, name)
        target = Path(output_file_path) if output_file_path is not None else Path(source.name)
        if target.is_dir():
            target = target / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return target

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: str | Path | None = None,
        output_paths: Iterable[str | Path] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: float | None = None,
    ) -> list[Path]:
        """Copy every file below the folder `prefix`, and return where to.

        Raises
        ------
        FileNotInRun
            The run has no file below `prefix`.
        ValueError
            `output_paths` are not as many as the files, or not all different.
        """
        del batch_size, timeout_seconds
        folder = (prefix or "").replace("\\", "/").strip("/")
        names = [
            n
            for n in self.get_file_names()
            if not folder or n == folder or n.startswith(folder + "/")
        ]
        if not names:
            raise FileNotInRun(f"run {self.id!r} has no files below {prefix!r}")
        if output_paths is not None:
            targets = [Path(path) for path in output_paths]
            if len(set(targets)) != len(names):
                raise ValueError(
                    f"output_paths must be {len(names)} different paths, got {len(targets)}"
                )
        else:
            top = Path(output_directory) if output_directory is not None else Path()
            cut = 0 if append_prefix or output_directory is None or not folder else len(folder) + 1
            targets = [top / (name[cut:] or Path(name).name) for name in names]
        return [
            self.download_file(name, target) for name, target in zip(names, targets, strict=True)
        ]

    def _add_picture(self, name: str, source: Path | bytes) -> str:
        """Keep a picture under `name`, or under a numbered name where that is taken."""
        stem, dot, suffix = name.rpartition(".")
        for attempt in range(1, 10_000):
            candidate = name if attempt == 1 else f"{stem}_{attempt}{dot}{suffix}"
            content = io.BytesIO(source) if isinstance(source, bytes) else source
            with contextlib.suppress(FileConflict):
                self.store.add_file(self.id, candidate, content)
                return candidate
        raise FileConflict(f"ten thousand pictures are called {name!r}")

    def _collect_outputs(self) -> None:
        for folder in self._outputs:
            for file in _files_below(Path(folder)):
                try:
                    self.store.add_file(
                        self.id, Path(os.path.normpath(file)).as_posix().lstrip("./"), file
                    )
                except (OSError, ValueError) as error:  # one file's trouble is not the run's
                    warnings.warn(
                        f"run-widgets: {file} was not collected: {error}",
                        RuntimeWarning,
                        stacklevel=4,
                    )
            with contextlib.suppress(OSError):
                os.rmdir(folder)  # it was made for this run and stayed empty

    # -- life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Mark the run, made elsewhere and not ended, as running in this process."""
        record = self._refresh()
        if (
            record.status.is_final
            and record.error is not None
            and record.error.code != "ProcessEnded"
        ):
            raise RunClosed(self._closed_text(record.status))
        self._become_owner(reopen=False)

    def complete(self, _set_status: bool = True) -> None:
        """End the run well: what waits is written, outputs are collected, then it is Completed."""
        self._end(RunStatus.COMPLETED if _set_status else None)

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
        _set_status: bool = True,
    ) -> None:
        """End the run as Failed, with an error that `get_details` and the panel show.

        Raises
        ------
        TypeError
            `error_details` is neither text, an exception nor None.
        """
        error = _error_of(error_details, error_code)
        self._end(RunStatus.FAILED if _set_status else None, error)

    def cancel(self) -> None:
        """End the run as Canceled; a submitted run's processes are ended too."""
        if self._record.type is not None and not self._owned:
            from run_widgets import launch

            launch.cancel(self)
            self._refresh()
            return
        self.store.request_stop(self.id)
        self._end(RunStatus.CANCELED)

    def should_stop(self) -> bool:
        """Tell whether somebody asked the run to stop: ask at each step, then end it."""
        return self.store.stop_requested(self.id)

    def flush(self, timeout_seconds: float = 300) -> None:
        """Write what waits in memory for a store that failed.

        There is nothing to wait for otherwise: a logged value is safe at once.

        Raises
        ------
        StoreUnavailable
            The store still fails.
        """
        del timeout_seconds
        if self._writer is not None:
            self._writer.flush()
            if self._writer.problem:
                raise StoreUnavailable(self._writer.problem)

    def _own(self) -> None:
        self._owned = True
        keeper.at_exit(self, self._end_at_exit)
        for folder in self._outputs:
            with contextlib.suppress(OSError):
                os.makedirs(folder, exist_ok=True)

    def _become_owner(self, *, reopen: bool) -> None:
        def change(known: Document) -> None:
            if reopen:
                for key in ("ended_at", "error", "interrupted"):
                    known.pop(key, None)
            known["status"] = RunStatus.RUNNING.value
            known.setdefault("started_at", time.time())
            self.store.own(known)

        self._update(change)
        self._writer = None
        self._put = self._put_first
        self._own()

    def _end(self, status: RunStatus | None, error: RunError | None = None) -> None:
        """Collect, write, and only then set the status; a second end changes nothing."""
        record = self._record if self._owned else self._refresh()
        if record.status.is_final and (record.error is None or record.error.code != "ProcessEnded"):
            if status not in (None, record.status):
                raise RunClosed(self._closed_text(record.status))
            return
        for stop in self._on_end:
            stop()
        self._collect_outputs()
        if self._writer is not None:
            self._writer.close(self._closed_text(status or RunStatus.COMPLETED))
        keeper.forget(self)
        if status is not None or error is not None:
            self._set_final(status, error)
        self._owned = False

    def _set_final(self, status: RunStatus | None, error: RunError | None) -> None:
        ended_at = time.time()

        def change(known: Document) -> None:
            if error is not None:
                known["error"] = {
                    "message": error.message,
                    "code": error.code,
                    "type": error.type,
                    "traceback": error.traceback,
                }
            if status is not None:
                known.update(status=status.value, ended_at=ended_at)

        try:
            self._update(change)
        except (StoreUnavailable, LookupError) as failure:
            warnings.warn(
                f"run-widgets: the end of run {self.id!r} waits for the store: {failure}",
                RuntimeWarning,
                stacklevel=4,
            )
            keeper.hold(_Later(lambda: self._update(change)))

    def _end_at_exit(self) -> None:
        """The interpreter ends and nobody has ended the run."""
        error = sys.exc_info()[1] or getattr(sys, "last_value", None)
        if "ipykernel" in sys.modules:
            reason = "the kernel was shut down before run.complete()"
            self._end(RunStatus.FAILED, RunError(reason, code="ProcessEnded"))
        elif isinstance(error, BaseException):
            self._end(RunStatus.FAILED, _error_of(error, None))
        else:
            self._end(RunStatus.COMPLETED)

    def __enter__(self) -> Run:
        self._block = _Block(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        del trace
        if self._block is not None:
            self._block.end(error)
            self._block = None
        if self._refresh_quietly().status.is_final:
            return False  # ended inside the block, as somebody wished
        well = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        if well:
            self.complete()
        else:
            self.fail(error)
        return False

    def _refresh_quietly(self) -> RunRecord:
        with contextlib.suppress(LookupError, OSError):
            return self._refresh()
        return self._record

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Wait until the run has ended, and return `get_details()`.

        Parameters
        ----------
        show_output
            Print the run's newest log as it is written.

        Raises
        ------
        RunFailed
            The run failed, and `raise_on_error` is true.
        """
        del wait_post_processing
        shown = _LogPrinter(self) if show_output else None
        while True:
            final = self._refresh().status.is_final
            if shown is not None:
                shown.print_new()
            if final:
                break
            time.sleep(POLL_S)
        if raise_on_error and self._record.status is RunStatus.FAILED:
            error = self._record.error
            raise RunFailed(
                f"run {self.id!r} failed: {error.message if error else 'no reason given'}"
            )
        return self.get_details()

    # -- details -----------------------------------------------------------------------------------

    def get_details(self) -> dict[str, Any]:
        """Return the run's facts under the names that people know; absent what it has not."""
        record = self._refresh()
        details: dict[str, Any] = {
            "runId": record.id,
            "target": record.target,
            "status": record.status.value,
            "startTimeUtc": _iso(record.started_at),
            "endTimeUtc": _iso(record.ended_at),
            "services": {},
            "error": _error_details(record.error),
            "warnings": None,
            "properties": dict(record.properties),
            "inputDatasets": [],
            "outputDatasets": [],
            "runDefinition": {"script": record.script, "arguments": list(record.arguments)}
            if record.script
            else None,
            "logFiles": {
                name: str(self.store.file_path(self.id, name)) for name in self._log_names()
            },
            "submittedBy": record.created_by or None,
        }
        return {key: value for key, value in details.items() if value is not None}

    def get_details_with_logs(self) -> dict[str, Any]:
        """Return `get_details` with the content of each log instead of its place."""
        details = self.get_details()
        details["logFiles"] = {
            name: Path(path).read_text(errors="replace")
            for name, path in details["logFiles"].items()
        }
        return details

    def get_all_logs(self, destination: str | Path | None = None) -> list[str]:
        """Copy every log into the folder `destination`, and return where to.

        Raises
        ------
        NotADirectoryError
            `destination` is a file.
        """
        top = Path(destination) if destination is not None else Path()
        if top.exists() and not top.is_dir():
            raise NotADirectoryError(
                f"get_all_logs writes into a folder, got the file {str(top)!r}"
            )
        return [str(self.download_file(name, top / name)) for name in self._log_names()]

    def _log_names(self) -> list[str]:
        folders = ("logs/", "user_logs/", "system_logs/", "azureml-logs/")
        return [name for name in self.get_file_names() if name.startswith(folders)]

    # -- children and lists ----------------------------------------------------------------------------

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: str | Iterable[str] | None = None,
    ) -> Run:
        """Start a run below this one; end it separately."""
        return self._child(run_id or str(uuid.uuid4()), name, {}, _folders(outputs or False))

    def _child(
        self, run_id: str, name: str | None, tags: Mapping[str, str], outputs: tuple[str, ...] = ()
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
        ValueError
            Neither or both ways were asked for.
        """
        by_tag = tag_key is not None and tag_values is not None
        if (count is None) != by_tag or (count is not None and (tag_key or tag_values)):
            raise ValueError("create_children takes either count, or tag_key and tag_values")
        if by_tag:
            tags = [{str(tag_key): str(value)} for value in tag_values or ()]
        else:
            tags = [{"azureml.batch_child_number": str(place)} for place in range(count or 0)]
        return [self._child(str(uuid.uuid4()), None, tag) for tag in tags]

    def submit_child(
        self, config: Any, tags: Mapping[str, object] | None = None, **kwargs: Any
    ) -> Run:
        """Submit a script or notebook as a run below this one."""
        from run_widgets import launch

        return launch.submit(self.experiment, config, tags=tags, parent=self, **kwargs)

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
        known = {run.id: run for run in Run.list(self.experiment, include_children=True)}
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
        ValueError
            A filter has a type that it cannot have.
        """
        del _rehydrate_runs
        for value, what in ((type, "type"), (status, "status")):
            if value is not None and not isinstance(value, str):
                raise ValueError(f"the filter {what} must be a string, got {value!r}")
        if not isinstance(include_children, bool):
            raise ValueError(f"include_children must be True or False, got {include_children!r}")
        labels = [_checked_labels(tags, "tags"), _checked_labels(properties, "properties")]
        return Run._listed(experiment, type, labels, status, include_children)

    @staticmethod
    def _listed(
        experiment: Experiment,
        type: str | None,
        labels: list[Labels],
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
            run = Run.__new__(Run)
            run._set_up(experiment, record, ())
            yield run

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """Return a workspace's run by its id."""
        return workspace.get_run(run_id)

    @staticmethod
    def get_context(allow_offline: bool = True, **ignored: object) -> Run:
        """Return the run that this process was submitted as.

        Elsewhere: a new local run of its own, with the whole API, the same one
        at each call; in the experiment named after the script.

        Raises
        ------
        NoRunHere
            The process was not submitted, and `allow_offline` is false.
        """
        del ignored
        return _context(allow_offline)

    def delete(self) -> Path:
        """Move the run to the workspace's trash folder, and return where it lies."""
        return self.store.delete_run(self.id)

    # -- what is started with a run ----------------------------------------------------------------------

    def _start_snapshot(self, folder: Path) -> None:
        del folder

    def _start_system_metrics(self, every_s: float) -> None:
        del every_s

    def __repr__(self) -> str:
        return (
            f"Run(Experiment: {self.experiment.name},\nId: {self.id},\n"
            f"Type: {self.type},\nStatus: {self.status})"
        )

    def _repr_html_(self) -> str:
        return _html_table(
            {
                "Experiment": self.experiment.name,
                "Id": self.id,
                "Type": self.type,
                "Status": self.status,
            }
        )


def get_run(
    experiment: Experiment, run_id: str, rehydrate: bool = True, clean_up: bool = True
) -> Run:
    """Return a run that exists, by its id."""
    del rehydrate, clean_up
    return Run(experiment, run_id)


# -- what a `with` block adds ---------------------------------------------------------------------------


class _Block:
    """Copies what a block prints into the run's log, and undoes a change of folder."""

    def __init__(self, run: Run) -> None:
        self._folder = os.getcwd()
        path = run.folder / layout.FILES / "logs" / "user_log.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._log = path.open("a", encoding="utf-8", errors="replace")
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (_Tee(stream, self._log) for stream in self._streams)  # type: ignore[assignment]

    def end(self, error: BaseException | None) -> None:
        with contextlib.suppress(OSError):
            os.chdir(self._folder)
        if error is not None:
            self._log.write("".join(traceback.format_exception(error)))
        for name, stream in zip(("stdout", "stderr"), self._streams, strict=True):
            tee = getattr(sys, name)
            # Somebody else may have put their own stream on top meanwhile: leave it.
            if isinstance(tee, _Tee) and tee.stream is stream:
                setattr(sys, name, stream)
        self._log.close()


class _Tee:
    def __init__(self, stream: Any, log: IO[str]) -> None:
        self.stream = stream
        self._log = log

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):  # a full disk, or a block that has ended
            self._log.write(text)
            self._log.flush()
        self.stream.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _LogPrinter:
    """Prints the newest log of a run as it grows."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._printed: dict[str, int] = {}
        print(f"RunId: {run.id}")

    def print_new(self) -> None:
        for name in self._run._log_names():
            if name not in self._printed:
                print(f"\nStreaming {name}\n{'=' * (10 + len(name))}\n")
            with open(self._run.store.file_path(self._run.id, name), "rb") as file:
                file.seek(self._printed.get(name, 0))
                new = file.read()
            self._printed[name] = self._printed.get(name, 0) + len(new)
            if new:
                print(new.decode(errors="replace"), end="", flush=True)


class _Later:
    """One change that a failing store refused; tried again at every beat."""

    def __init__(self, change: Callable[[], object]) -> None:
        self._change = change

    def beat(self) -> None:
        with contextlib.suppress(OSError, LookupError):
            self._change()
            keeper.let_go(self)

    def after_fork(self) -> None:
        keeper.let_go(self)


# -- the run of this process ------------------------------------------------------------------------------

_here: dict[int, Run] = {}  # by process id, since a forked child has its own


def _context(allow_offline: bool) -> Run:
    pid = os.getpid()
    run_id, root = os.environ.get(RUN_VARIABLE), os.environ.get(WORKSPACE_VARIABLE)
    if pid not in _here:
        if run_id and root:
            _here[pid] = Workspace(root).get_run(run_id)
        elif not allow_offline:
            raise NoRunHere(
                "this process was not submitted as a run: use experiment.start_logging(), "
                "or Run.get_context() for a local run"
            )
        else:
            _here[pid] = Experiment(name=_script_name()).start_logging(snapshot_directory=None)
    return _here[pid]


def _script_name() -> str:
    name = "notebook" if "ipykernel" in sys.modules else Path(sys.argv[0] if sys.argv else "").stem
    kept = "".join(letter if letter.isalnum() or letter in "_-" else "-" for letter in name)[:255]
    return kept if kept[:1].isascii() and kept[:1].isalnum() else "local"


# -- small things --------------------------------------------------------------------------------------------


def _call(method: str, name: object) -> str:
    return f"run.{method}({name!r}, …)"


def _user() -> str:
    for variable in ("JUPYTERHUB_USER", "USER", "LOGNAME", "USERNAME"):
        if os.environ.get(variable):
            return os.environ[variable]
    return ""


def _folders(outputs: str | bool | Iterable[str] | None) -> tuple[str, ...]:
    if outputs is None or outputs is True:
        return (OUTPUTS,)
    if outputs is False:
        return ()
    return (outputs,) if isinstance(outputs, str) else tuple(outputs)


def _source(path_or_stream: str | Path | IO[Any]) -> Path | IO[bytes]:
    if isinstance(path_or_stream, str | Path):
        path = Path(path_or_stream)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {str(path_or_stream)!r} to upload")
        return path
    content = getattr(path_or_stream, "read", None)
    if content is None:
        raise TypeError(f"upload_file takes a path or an open file, got {path_or_stream!r}")
    data = content()
    return io.BytesIO(data.encode() if isinstance(data, str) else data)


def _files_below(folder: Path) -> list[Path]:
    return sorted(
        Path(parent, name)
        for parent, _, names in os.walk(folder)
        for name in names
        if Path(parent, name).is_file()
    )


def _as_file_name(name: str) -> str:
    """Return a metric's name as a part of a file name: no folders, nothing a drive refuses."""
    kept = "".join("_" if letter in '/\\:*?"<>|' or ord(letter) < 32 else letter for letter in name)
    kept = kept.encode("utf-8", "replace").decode()[:100].strip(" .")
    return kept or "image"


def _texts(values: Mapping[str, object]) -> dict[str, str | None]:
    if not isinstance(values, Mapping):
        raise TypeError(f"tags and properties are given as a dict, got {values!r}")
    for key in values:
        if not isinstance(key, str) or not key:
            raise TypeError(f"a tag or property needs a non-empty string as its key, got {key!r}")
    return {key: None if value is None else str(value) for key, value in values.items()}


def _drop(values: dict[str, Any], keys: str | Iterable[str]) -> None:
    for key in [keys] if isinstance(keys, str) else keys:
        values.pop(key, None)


def _checked_labels(labels: Any, what: str) -> Labels:
    if labels is None or isinstance(labels, str):
        return labels
    if isinstance(labels, Mapping):
        return {str(key): None if value is None else str(value) for key, value in labels.items()}
    raise ValueError(f"the filter {what} must be a key or a dict, got {labels!r}")


def _has_labels(values: Mapping[str, Any], labels: Labels) -> bool:
    if labels is None or isinstance(labels, str):
        return labels is None or labels in values
    return all(key in values and values[key] == value for key, value in labels.items())


def _error_of(details: str | BaseException | None, code: str | None) -> RunError:
    code = code or "UserError"
    if details is None:
        return RunError("", code=code)
    if isinstance(details, str):
        return RunError(details, code=code)
    if isinstance(details, BaseException):
        kind = type(details).__name__
        return RunError(
            f"User program failed with {kind}: {details}",
            code=code,
            type=kind,
            traceback="".join(traceback.format_exception(details)),
        )
    raise TypeError(f"error_details must be a text or an exception, got {details!r}")


def _error_details(error: RunError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    details: dict[str, Any] = {"code": error.code}
    if error.message:
        details["message"] = error.message
    if error.type:
        details["debugInfo"] = {"type": error.type, "stackTrace": error.traceback}
    return {"error": details}


def _utc(at: Any) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else None


def _iso(at: float | None) -> str | None:
    moment = _utc(at)
    return (
        None if moment is None else moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    )


def _html_table(facts: Mapping[str, object]) -> str:
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in facts)
    cells = "".join(f"<td>{html.escape(str(value))}</td>" for value in facts.values())
    return f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{cells}</tr></tbody></table>"
