"""A name under which runs are kept and numbered."""

from __future__ import annotations

import contextlib
import importlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from run_widgets.errors import BadArgument, BadType, ExperimentNotFound
from run_widgets.store import layout
from run_widgets.store.local import uuid4
from run_widgets.tracking.background import background
from run_widgets.tracking.files import folders_of
from run_widgets.tracking.handle import PORTAL_PATH
from run_widgets.tracking.labels import checked_labels, drop, has_labels, texts
from run_widgets.tracking.run import Run
from run_widgets.tracking.show import DOCS_URL, html_table, live_list
from run_widgets.tracking.source import WAIT_S
from run_widgets.tracking.workspace import Workspace

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pandas as pd

    from run_widgets.comparing.comparison import Comparison
    from run_widgets.store.local import Document, Labels, LocalStore


NAMES = ("name", "display_name", "description")


class Submittable(Protocol):
    """What `Experiment.submit` takes; `launch` has those for scripts and notebooks."""

    def submit_to(self, experiment: Experiment, *args: Any, **options: Any) -> Run:
        """Start it as a new run of `experiment`.

        `options` are ``tags``, ``parent``, the run above it, and what else `submit` was given.
        """
        ...


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
    BadType
        `workspace` is no workspace; a name alone goes by its keyword.
    StoreUnavailable
        The workspace cannot be written.
    """

    def __init__(
        self, workspace: Workspace | None = None, name: str = "", **ignored: object
    ) -> None:
        del ignored
        if workspace is not None and not isinstance(workspace, Workspace):
            way_out = f"Experiment(name={workspace!r})" if not name else "Workspace(path)"
            raise BadType(f"an experiment's workspace cannot be {workspace!r}: use {way_out}")
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
        """A uuid given when the experiment was made."""
        return str(self._document.get("id", ""))

    @property
    def workspace_object(self) -> Workspace:
        """The workspace; an older name."""
        return self.workspace

    @property
    def archived_time(self) -> datetime | None:
        """When the experiment was archived; None while it is active."""
        return _utc(self._document.get("archived_at"))

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags when they were last read."""
        return dict(self._document.get("tags") or {})

    # -- runs --

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
            Folders whose files become the run's when it ends; False for none. Default:
            those of ``./outputs`` that were written since the run began.
        snapshot_directory
            Folder whose content is kept with the run; None for no snapshot.
        tags, properties
            As `set_tags` and `add_properties` take them.
        resume
            Go on with the run `run_id`, whatever its status is; what else is given changes it.
        system_metrics
            True records CPU, memory and GPU use every 10 s; a number, every so
            many seconds.

        Raises
        ------
        RunExists
            There is a run `run_id`, and `resume` is false.
        RunNotFound
            There is none, and `resume` is true.
        BadArgument
            `resume` is true without a `run_id`.
        StoreUnavailable
            The workspace cannot be written.
        """
        self._wake()
        fields = {
            "name": name,
            "display_name": display_name or name or "",
            "description": description or "",
            "tags": texts(tags or {}),
            "properties": texts(properties or {}),
        }
        if resume:
            if run_id is None:
                raise BadArgument("resume=True needs the run_id of the run to go on with")
            run = Run(self, run_id, outputs=folders_of(outputs))
            run._become_owner(reopen=True)
            run.add_properties(properties)
            if tags:
                run.set_tags(tags)
            if given := {key: text for key, text in fields.items() if text and key in NAMES}:
                run._update(lambda known: known.update(given))
        else:
            run = Run._create(self, run_id or uuid4(), fields, folders_of(outputs))
            if outputs is None or outputs is True:
                run._note_outputs_of_before()
        run._start_source(None if snapshot_directory is None else Path(snapshot_directory))
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

    def submit(
        self, config: Submittable, tags: Mapping[str, object] | None = None, **options: Any
    ) -> Run:
        """Run a script or notebook in a process of its own that outlives this one.

        Parameters
        ----------
        config
            A `ScriptRunConfig`, a `NotebookRunConfig`, or anything that knows how
            to submit itself.
        tags
            Of the new run.

        Raises
        ------
        TypeError
            `config` cannot be submitted.
        """
        return submit(self, config, tags, None, options)

    # -- the experiment itself --

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
            raise BadArgument(
                f"view_type must be 'ActiveOnly', 'ArchivedOnly' or 'All', got {view_type!r}"
            )
        checked_labels(tags, "tags")
        found = []
        for known in workspace.store.experiments():
            archived = known.get("archived_at") is not None
            hidden = archived if view_type == "ActiveOnly" else not archived
            if (view_type != "All" and hidden) or experiment_name not in (None, known["name"]):
                continue
            if has_labels(known.get("tags") or {}, tags):
                found.append(Experiment._of(workspace, str(known["name"])))
        return found

    def archive(self) -> None:
        """Hide the experiment from `Workspace.experiments` and `Experiment.list`.

        The next run that is started in it shows it again.
        """
        self._update(lambda known: known.update(archived_at=time.time()))

    def reactivate(self, new_name: str | None = None) -> None:
        """Show the experiment again; it cannot get a new name."""
        if new_name is not None:
            raise BadArgument(f"an experiment keeps its name: reactivate it without {new_name!r}")
        self._update(lambda known: known.update(archived_at=None))

    def tag(self, key: str, value: object = None) -> None:
        """Add or change one tag."""
        self.set_tags({key: value})

    def set_tags(self, tags: str | Mapping[str, object]) -> None:
        """Add or change tags; others stay."""
        new = texts({tags: None} if isinstance(tags, str) else tags)
        self._update(lambda known: known.setdefault("tags", {}).update(new))

    def remove_tags(self, tags: str | Iterable[str]) -> dict[str, str | None]:
        """Remove tags by key, those that are there; return what is left."""
        self._update(lambda known: drop(known.setdefault("tags", {}), tags))
        return self.tags

    @staticmethod
    def from_directory(path: str | Path, auth: object = None) -> Experiment:
        """Return the experiment that a folder is of: a run's folder, an experiment's, or one below.

        Raises
        ------
        ExperimentNotFound
            `path` is in no run and in no experiment.
        """
        del auth
        start = Path(path).expanduser().absolute()
        for folder in (start, *start.parents):
            if (folder / layout.RUN_FILE).is_file():
                return Run.open(folder).experiment
            if (folder.parent / layout.WORKSPACE_FILE).is_file():
                for experiment in Experiment.list(Workspace(folder.parent), view_type="All"):
                    if layout.folder_of_experiment(experiment.name) == folder.name:
                        return experiment
        raise ExperimentNotFound(
            f"{start} is in no run's folder and in no experiment's: "
            "name one, as in Experiment(name='mnist')"
        )

    @staticmethod
    def delete(workspace: Workspace, experiment_id: str) -> None:
        """Delete an experiment without runs; by id or name.

        Raises
        ------
        ExperimentNotFound
        BadArgument
            It has runs: delete those first.
        """
        for known in workspace.store.experiments():
            if experiment_id in (known.get("id"), known["name"]):
                name = str(known["name"])
                if next(workspace.store.runs(name), None) is not None:
                    raise BadArgument(f"experiment {name!r} has runs: delete them first")
                workspace.store.delete_experiment(name)
                return
        workspace.store.experiment(experiment_id)  # raises ExperimentNotFound

    def refresh(self) -> None:
        """Read the experiment's tags and archived time again."""
        self._document = self._store.experiment(self.name)

    def _wake(self) -> None:
        """Show an archived experiment again: what gets new runs is in use."""
        if self.archived_time is not None:
            self.reactivate()

    def _update(self, change: Callable[[Document], None]) -> None:
        self._document = self._store.update_experiment(self.name, change)

    def get_portal_url(self) -> str:
        """Return the experiment's page, relative to the Jupyter server's base URL."""
        return f"{PORTAL_PATH}{self.name}"

    @staticmethod
    def get_docs_url() -> str:
        """Return where this package is described."""
        return DOCS_URL

    def compare(
        self, runs: Iterable[Run | str | int] | None = None, *, include_children: bool = False
    ) -> Comparison:
        """Put runs side by side: what they were made of where that differs, results, curves.

        Parameters
        ----------
        runs
            Runs, their ids or their numbers, in the order of comparing; None for all.
        include_children
            With all, also runs that have a parent.

        Raises
        ------
        RunNotFound
            The experiment has no such run.

        Examples
        --------
        ``exp.compare([3, 7]).differences()``,
        ``exp.compare().bands("loss", group_by="lr")``
        """
        from run_widgets.comparing.comparison import compare

        wanted = None if runs is None else [r.id if isinstance(r, Run) else r for r in runs]
        return compare(self._store, self.name, wanted, include_children)

    def to_html(
        self,
        path: str | os.PathLike[str],
        runs: Iterable[Run | str | int] = (),
        *,
        include_children: bool = False,
    ) -> Path:
        """Write the list of runs as it is now to one HTML file, and return its path.

        The file opens anywhere. The list can be sorted, filtered, charted and compared
        in it: with no kernel, no server and no network. It has the curves of the 200
        newest runs at the most.

        Parameters
        ----------
        path
            Where to; an existing file is replaced.
        runs
            Runs, their ids or their numbers: the file opens with these compared.
        include_children
            Whether runs that have a parent are listed, until a reader chooses otherwise.

        Raises
        ------
        RunNotFound
            The experiment has no such run.
        OSError
            `path` cannot be written, or a part of the front end is not installed.
        """
        background.wait(WAIT_S)
        # By name: the file is made by a room above this one, which training need not load.
        export = importlib.import_module("run_widgets.export.list_file").export_experiment
        written: Path = export(
            self._store,
            self.name,
            path,
            runs=[run.id if isinstance(run, Run) else run for run in runs],
            include_children=include_children,
        )
        return written

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a run: its facts, tags, and last, min, max and best of each scalar."""
        from run_widgets.reading.frames import frame_of_runs

        return frame_of_runs(self._store, self.name)

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self.workspace.name})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any] | None:
        return live_list(self)

    def _repr_html_(self) -> str:
        return html_table({"Name": self.name, "Workspace": self.workspace.name})


def _utc(at: Any) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else None


def submit(
    experiment: Experiment,
    config: Submittable,
    tags: Mapping[str, object] | None,
    parent: Run | None,
    options: Mapping[str, Any],
) -> Run:
    """Let `config` submit itself, or say that it cannot."""
    if not callable(getattr(config, "submit_to", None)):
        raise BadType(
            f"submit takes a ScriptRunConfig or NotebookRunConfig, got {type(config).__name__}"
        )
    experiment._wake()
    return config.submit_to(experiment, tags=tags, parent=parent, **options)
