"""What a run was started from: its source folder, notebook, git state and packages.

What this needs is imported where it is used, most of it on the background
thread: a training script that logs should not wait for `zipfile` and `subprocess`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.errors import RunNotFound, SnapshotError, StoreUnavailable
from run_widgets.store.documents import write_json
from run_widgets.store.process import user_name
from run_widgets.supervisor.plan import PLAN_FILE, WORK, Plan
from run_widgets.supervisor.request import RUN_VARIABLE
from run_widgets.tracking.background import background
from run_widgets.tracking.handle import Handle
from run_widgets.tracking.labels import texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from run_widgets.comparing.diff import RunDiff
    from run_widgets.reading.replay import Replay
    from run_widgets.source.notebook import Recording
    from run_widgets.source.snapshot import Snapshot
    from run_widgets.store.local import Document

SNAPSHOTS = ".snapshots"
"""The workspace's folder of snapshots, each content once."""

NOTEBOOK = "notebook.ipynb"
"""In a run's folder: the cells that its kernel executed."""

WAIT_S = 60.0

MOST_RECORDINGS = 5
"""In one kernel at a time: a run that nobody ends would be written after each cell for ever."""

_recordings: list[Recording] = []


class Sourced(Handle):
    """The source of a run."""

    def take_snapshot(self, file_or_folder_path: str | Path) -> str:
        """Keep a file or folder with the run as its snapshot, and return the snapshot's id.

        Raises
        ------
        SnapshotError
            The run has a snapshot already, or none can be taken; the text says why.
        """
        known = self.get_snapshot_id()
        if known is not None:
            raise SnapshotError(f"run {self.id!r} has a snapshot already: {known}")
        taken = self._take(Path(file_or_folder_path), ())
        self._note_source({}, taken)
        return taken.id

    def get_snapshot_id(self) -> str | None:
        """Return the id of the run's snapshot, which may have been started a moment ago.

        None: it has none. Property ``run_widgets.no_snapshot`` then says why,
        unless none was asked for.
        """
        from run_widgets.source import snapshot

        background.wait(WAIT_S)
        return self._refresh().properties.get(snapshot.ID_PROPERTY)

    def restore_snapshot(
        self, snapshot_id: str | None = None, path: str | Path | None = None
    ) -> str:
        """Copy a snapshot out of the workspace as ``<snapshot id>.zip``, and return where to.

        Parameters
        ----------
        snapshot_id
            Default: that of the run.
        path
            A folder; default: a new one for temporary files.

        Raises
        ------
        SnapshotError
            The run has no snapshot, or the workspace none of that id.
        """
        import shutil
        import tempfile

        from run_widgets.source import snapshot

        own = self.get_snapshot_id()
        wanted = snapshot_id or own
        if wanted is None:
            reason = self._record.properties.get(snapshot.NO_SNAPSHOT)
            raise SnapshotError(f"run {self.id!r} has no snapshot" + f": {reason}" * bool(reason))
        source = self.folder / snapshot.ARCHIVE
        if wanted != own or not source.is_file():
            source = self.store.root / SNAPSHOTS / f"{wanted}.zip"
        if not wanted.isalnum() or not source.is_file():
            raise SnapshotError(f"there is no snapshot {wanted!r} in {self.store.root}")
        folder = Path(tempfile.mkdtemp() if path is None else path).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return str(shutil.copyfile(source, folder / f"{wanted}.zip"))

    def clean(self) -> None:
        """Remove what a submitted run's script wrote outside its outputs and logs."""
        import shutil

        if self._refresh().status.is_final:
            shutil.rmtree(self.folder / WORK, ignore_errors=True)

    def diff(self, other: Sourced | str | int) -> RunDiff:
        """Return what differs from this run to `other`: a run, its id, or its number here.

        Code, as a text diff of the snapshots, arguments, environment, tags,
        properties and metrics. Shows itself as text and as HTML.

        Raises
        ------
        RunNotFound
        """
        from run_widgets.comparing.diff import diff_runs

        background.wait(WAIT_S)
        if isinstance(other, int):
            other = self.store.run_numbered(self.experiment.name, other).id
        store, run_id = (self.store, other) if isinstance(other, str) else (other.store, other.id)
        return diff_runs(self.store, self.id, store, run_id)

    def replay(
        self,
        *,
        tags: Mapping[str, object] | None = None,
        environment_variables: Mapping[str, str] | None = None,
        **parameters: Any,
    ) -> Replay:
        """Run the run's snapshot again, with the same arguments, as a new run.

        A script is run again as it was; a run started in a notebook, by the
        cells that its kernel executed.

        Parameters
        ----------
        tags
            Of the new run.
        environment_variables
            Added to those of this process; a secret that the first run was
            given is not kept with it, and has to be given again.
        **parameters
            Of a notebook run, to be other than they were.

        Returns
        -------
        At once; its `report` waits for the new run, and tells what reproduced.

        Raises
        ------
        SubmitError
            The run does not know how it was started, or its source is gone.
        """
        from run_widgets.reading.replay import Replay
        from run_widgets.supervisor.repeat import begin_replay

        background.wait(WAIT_S)
        run_id = begin_replay(
            self.store,
            self.id,
            facts={"tags": texts(tags or {}), "created_by": user_name()},
            environment={**os.environ, **(environment_variables or {})},
            parameters=parameters,
        )
        return Replay(self, self.experiment.workspace.get_run(run_id))  # type: ignore[arg-type]

    def _start_source(self, folder: Path | None) -> None:
        """Keep, in the background, what this process's run is started from.

        With None only the facts of git, Python and packages are kept.
        """
        if folder is not None and _is_in_ipython():
            from run_widgets.source import notebook

            # First: a kernel that has done its last cell may have two seconds to live.
            recording = notebook.record(
                self.folder / NOTEBOOK,
                # Of several that wait, the last has all the cells.
                later=lambda write: background.add(
                    ("notebook", self.id), write, lambda writes: writes[-1]()
                ),
            )
            if recording is not None:
                self._on_end.append(recording.stop)
                _recordings.append(recording)
                if len(_recordings) > MOST_RECORDINGS:
                    _recordings.pop(0).stop()
        if folder is not None:
            try:
                folder = folder.absolute()
            except FileNotFoundError:
                self._note_source({}, SnapshotError("the current folder is gone"))
                folder = None
        outputs = tuple(self._outputs)
        key = ("source", None if folder is None else os.path.normpath(folder), outputs)
        plan = None if folder is None else _plan(folder)
        background.add(key, self, lambda runs: _keep_sources(runs, folder, outputs, plan))

    def _take(self, source: Path, outputs: Sequence[str]) -> Snapshot:
        from run_widgets.source import snapshot

        root = self.store.root
        return snapshot.take(source, root / SNAPSHOTS, exclude=[root, *outputs])

    def _note_source(
        self,
        facts: dict[str, str],
        taken: Snapshot | SnapshotError | None,
        started_by: Document | None = None,
    ) -> None:
        found = dict(facts)
        if taken is not None:
            from run_widgets.source import snapshot

            if isinstance(taken, SnapshotError):
                found[snapshot.NO_SNAPSHOT] = str(taken)
            else:
                snapshot.place(taken.path, self.folder / snapshot.ARCHIVE)
                found[snapshot.ID_PROPERTY] = taken.id

        def note(known: Document) -> None:
            known["properties"] = {**found, **(known.get("properties") or {})}
            known.update({**(started_by or {}), **known})

        self.store.update_run(self.id, note)


def _keep_sources(
    runs: list[Sourced], folder: Path | None, outputs: Sequence[str], plan: Plan | None
) -> None:
    """Do for all runs of one folder that wait what each of them needs."""
    with background.importing:
        from run_widgets.source import provenance

        if folder is not None:  # most of what this loads is for that alone
            from run_widgets.source import snapshot  # noqa: F401
        started_by = None if plan is None or plan.notebook is not None else _script_of(plan)

    facts = provenance.properties(folder or ".")
    if os.environ.get(RUN_VARIABLE):
        facts[provenance.STARTED_IN] = os.environ[RUN_VARIABLE]
    environment = provenance.environment()
    taken: Snapshot | SnapshotError | None = None
    if folder is not None:
        try:
            _refuse_a_home(folder)
            taken = runs[0]._take(folder, outputs)
        except SnapshotError as error:  # never a reason to fail the run
            taken = error
    if plan is not None and taken is not None and not isinstance(taken, SnapshotError):
        plan = replace(plan, is_in_place=False, left_out=taken.left_out)
    for run in runs:
        # The run may have been deleted meanwhile, or its drive be full.
        with contextlib.suppress(RunNotFound, StoreUnavailable, OSError):
            place = run.folder
            write_json(place / provenance.ENVIRONMENT_FILE, environment)
            if plan is not None and not os.path.lexists(place / PLAN_FILE):
                plan.write(place)
            run._note_source(facts, taken, started_by)


def _script_of(plan: Plan) -> Document:
    from run_widgets.source.masking import masked_arguments

    start = 2 if plan.command[1] == "-m" else 1
    arguments = masked_arguments(plan.command[start + 1 :])
    return {"script": plan.command[start], "arguments": arguments}


def _refuse_a_home(folder: Path) -> None:
    """Raise where a folder holds a person's things and not one project's.

    Raises
    ------
    SnapshotError
    """
    real = folder.resolve()
    if real in (Path(os.path.expanduser("~")).resolve(), Path(real.anchor)):
        raise SnapshotError(
            f"{str(real)!r} is not the folder of one project: "
            "start in that, or name it with snapshot_directory"
        )


def _is_in_ipython() -> bool:
    # Outside IPython nothing of it is loaded, and nothing should be.
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _plan(folder: Path) -> Plan | None:
    """Return how this process could be run again; None where that is not known.

    Asked when a run starts: a script's own name is gone once it has ended.
    """
    source = str(folder)
    if _is_in_ipython():
        from run_widgets.source import notebook

        runner = (sys.executable, "-m", "run_widgets.notebook_runner")
        output = notebook.name_of(notebook.shell()) or NOTEBOOK
        cells = {"path": NOTEBOOK, "output": f"outputs/{output}", "parameters": {}}
        return Plan(command=runner, source=source, is_in_place=True, notebook=cells)
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    program: tuple[str, ...]
    if spec is not None:  # python -m package
        program = ("-m", spec.name.removesuffix(".__main__"))
    else:
        script = os.path.realpath(getattr(main, "__file__", None) or os.sep)
        name = os.path.relpath(script, os.path.realpath(folder))
        if name.startswith(os.pardir) or not os.path.isfile(script):
            return None
        program = (name,)
    command = (sys.executable, *program, *sys.argv[1:])
    return Plan(command=command, source=source, is_in_place=True)
