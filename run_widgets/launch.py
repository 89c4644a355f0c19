"""Submit a script or notebook: a real process that outlives the kernel, as a run.

The source folder is snapshotted at `submit`, and the run works in a copy of
that snapshot, as people know it from Azure ML: later edits change nothing, and
runs side by side each have their own ``./outputs``. What the snapshot leaves
out (data that an ignore file names, a ``.env``) is there as links. A path that
climbs out of the source folder, such as ``../data``, leads nowhere in a copy:
``submit(…, in_place=True)`` runs in the source folder itself.

The process has the environment of the one that submits it, what the config
adds, and finds its run by `Run.get_context()`.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from run_widgets.errors import SnapshotError, SubmitError
from run_widgets.source import snapshot
from run_widgets.source.masking import MASK, is_secret
from run_widgets.store.process import user_name
from run_widgets.supervisor.begin import begin, new_run_id
from run_widgets.supervisor.plan import (
    NOTEBOOK_RUN,
    SCRIPT_RUN,
    SECRETS_VARIABLE,
    Plan,
    checked_parameters,
)
from run_widgets.tracking import Run
from run_widgets.tracking.labels import texts
from run_widgets.tracking.source import SNAPSHOTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from run_widgets.source.snapshot import Snapshot
    from run_widgets.store.local import Document
    from run_widgets.tracking import Experiment

LONGEST_RUN_S = 2_592_000


class RunConfiguration:
    """How a submitted run is run: the parts that mean something on one machine.

    Parameters
    ----------
    script, arguments, command
        What to run where the `ScriptRunConfig` does not say it.
    **ignored
        Accepted, kept as attributes, and not used: clusters, containers, data.

    Attributes
    ----------
    environment_variables
        Added to the environment of the process.
    environment
        Of its many parts, ``python.interpreter_path`` and
        ``environment_variables`` are used.
    history
        ``output_collection``: False keeps nothing of ``./outputs``.
        ``directories_to_watch``: the folders of logs. ``snapshot_project``:
        False takes no snapshot and runs in the source folder itself.
    max_run_duration_seconds
        The run is ended and Failed after that.
    """

    def __init__(
        self,
        script: str | None = None,
        arguments: Iterable[object] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: object = None,
        _history_enabled: bool | None = None,
        _path: object = None,
        _name: object = None,
        command: str | Iterable[object] | None = None,
        **ignored: object,
    ) -> None:
        self.__dict__.update(ignored)
        self.script = script
        self.arguments = [] if arguments is None else list(arguments)
        self.command = command
        self.framework = framework or "Python"
        self.communicator = communicator or "None"
        self.target = "local"
        self.node_count = 1
        self.max_run_duration_seconds: float = LONGEST_RUN_S
        self.environment_variables: dict[str, str] = {}
        # Old notebooks set parts of these one by one.
        python = SimpleNamespace(
            user_managed_dependencies=True,
            interpreter_path="python",
            conda_dependencies=conda_dependencies,
        )
        self.environment: Any = SimpleNamespace(
            name="local",
            python=python,
            docker=SimpleNamespace(enabled=False, base_image=None),
            spark=SimpleNamespace(precache_packages=False),
            environment_variables={},
        )
        self.history: Any = SimpleNamespace(
            output_collection=_history_enabled is not False,
            snapshot_project=True,
            directories_to_watch=["logs"],
        )
        self.docker: Any = SimpleNamespace(use_docker=False)
        self.data: dict[str, object] = {}
        self.output_data: dict[str, object] = {}


class ScriptRunConfig:
    """A script, or another command, with all that is needed to run it.

    Parameters
    ----------
    source_directory
        The folder that is snapshotted, and whose copy is the working folder.
    script
        A Python script in it.
    arguments
        Of the script; each is made a text.
    run_config
        The rest; script, arguments and command given here win over it.
    environment
        As `RunConfiguration.environment`.
    command
        In place of a script: a list of texts, or one text for the shell.
        ``python`` is the submitting process's own.
    environment_variables
        Added to the environment of the process.
    compute_target, distributed_job_config, resume_from, docker_runtime_config
        Accepted and not used: the run is one process on this machine.

    Raises
    ------
    SubmitError
        Both a script and a command, neither, or an argument that is None.
    """

    kind = SCRIPT_RUN

    def __init__(
        self,
        source_directory: str | Path = ".",
        script: str | Path | None = None,
        arguments: str | Iterable[object] | None = None,
        run_config: RunConfiguration | None = None,
        _telemetry_values: object = None,
        compute_target: object = None,
        environment: Any = None,
        distributed_job_config: object = None,
        resume_from: object = None,
        max_run_duration_seconds: float | None = LONGEST_RUN_S,
        command: str | Iterable[object] | None = None,
        docker_runtime_config: object = None,
        *,
        environment_variables: Mapping[str, object] | None = None,
    ) -> None:
        del _telemetry_values, compute_target, distributed_job_config, resume_from
        del docker_runtime_config
        known = run_config if run_config is not None else RunConfiguration()
        if run_config is None and environment is not None:
            known.environment = environment
        if run_config is None and max_run_duration_seconds:
            known.max_run_duration_seconds = max_run_duration_seconds
        self.run_config: RunConfiguration = known
        self.source_directory = Path(source_directory).expanduser().absolute()
        if script is None and command is None:
            script, command = known.script, known.command
        self.script = "" if script is None else Path(script).as_posix()
        self.arguments = _arguments(known.arguments if arguments is None else arguments)
        self.command = command if command is None or isinstance(command, str) else [*command]
        self.environment_variables = dict(environment_variables or {})
        if bool(self.script) == (self.command is not None):
            raise SubmitError(
                "a ScriptRunConfig needs either a script or a command, got "
                + (f"{self.script!r} and {self.command!r}" if self.script else "neither")
            )

    def submit_to(
        self,
        experiment: Experiment,
        *,
        tags: Mapping[str, object] | None = None,
        parent: Run | None = None,
        run_id: str | None = None,
        display_name: str = "",
        properties: Mapping[str, object] | None = None,
        max_concurrent: int | None = None,
        in_place: bool = False,
        kill_after_s: float = 10.0,
    ) -> Run:
        """Start it as a new run of `experiment`, and return that at once.

        Parameters
        ----------
        tags, properties, run_id, display_name
            Of the new run.
        parent
            The run below which it belongs.
        max_concurrent
            Start only when fewer submitted runs of the experiment are going on,
            and after those that wait already; until then the run is Queued.
        in_place
            Run in the source folder itself and not in a copy of it.
        kill_after_s
            How long `Run.cancel` lets the process end by itself.

        Raises
        ------
        SubmitError
            The source folder or the script does not exist, or `max_concurrent`
            is below 1.
        StoreUnavailable
            The workspace cannot be written.
        """
        if max_concurrent is not None and max_concurrent < 1:
            raise SubmitError(f"max_concurrent must be 1 or more, got {max_concurrent}")
        self._check()
        taken = self._snapshot(experiment) if self.run_config.history.snapshot_project else None
        plan = replace(self._plan(taken), max_concurrent=max_concurrent, kill_after_s=kill_after_s)
        if in_place:
            plan = replace(plan, is_in_place=True)
        found = texts(properties or {})
        files = {}
        if isinstance(taken, snapshot.Snapshot):
            found[snapshot.ID_PROPERTY] = taken.id
            files[snapshot.ARCHIVE] = taken.path
        elif taken is not None:
            found[snapshot.NO_SNAPSHOT] = str(taken)
        facts: Document = {
            "type": self.kind,
            "script": self._title(),
            "arguments": self._shown_arguments(),
            "display_name": display_name,
            "tags": texts(tags or {}),
            "properties": found,
            "created_by": user_name(),
        }
        store = experiment.workspace.store
        if parent is not None:
            facts.update(parent=parent.id, root=store.run(parent.id).root or parent.id)
        run_id = run_id or new_run_id(experiment.name)
        begin(
            store,
            experiment.name,
            run_id,
            plan,
            facts=facts,
            environment={**_environment(self._python()), **self._added_environment()},
            files=files,
        )
        return Run(experiment, run_id)

    def _plan(self, taken: Snapshot | SnapshotError | None) -> Plan:
        """Return what is run; without a snapshot, in the source folder itself."""
        history = self.run_config.history
        return Plan(
            command=self._command(),
            source=str(self.source_directory),
            is_in_place=not isinstance(taken, snapshot.Snapshot),
            left_out=taken.left_out if isinstance(taken, snapshot.Snapshot) else (),
            environment={
                name: MASK if is_secret(name, value) else value
                for name, value in self._added_environment().items()
            },
            max_seconds=float(self.run_config.max_run_duration_seconds or LONGEST_RUN_S),
            outputs=("outputs",) if history.output_collection else (),
            logs=tuple(history.directories_to_watch or ()),
            notebook=self._notebook(),
        )

    def _check(self) -> None:
        if not self.source_directory.is_dir():
            raise SubmitError(f"there is no folder {str(self.source_directory)!r} to run from")
        if self.script and not (self.source_directory / self.script).is_file():
            raise SubmitError(
                f"there is no script {self.script!r} in {str(self.source_directory)!r}: "
                "it is meant from there"
            )

    def _snapshot(self, experiment: Experiment) -> Snapshot | SnapshotError:
        workspace = experiment.workspace.path
        try:
            return snapshot.take(
                self.source_directory,
                workspace / SNAPSHOTS,
                exclude=[workspace, "outputs", *self.run_config.history.directories_to_watch],
            )
        except SnapshotError as error:  # never a reason not to run
            warnings.warn(f"run-widgets: {error}", RuntimeWarning, stacklevel=4)
            return error

    def _python(self) -> str:
        python = getattr(self.run_config.environment, "python", None)
        path = getattr(python, "interpreter_path", None)
        return sys.executable if path in (None, "", "python", "python3") else str(path)

    def _command(self) -> str | tuple[str, ...]:
        if isinstance(self.command, str):
            return self.command
        if self.command is not None:
            return (*_arguments(self.command), *self.arguments)
        return (self._python(), self.script, *self.arguments)

    def _notebook(self) -> dict[str, Any] | None:
        return None

    def _title(self) -> str:
        """Return what the panel shows as the script."""
        if isinstance(self.command, str):
            return self.command
        return self.script or shlex.join(self._command())

    def _shown_arguments(self) -> list[str]:
        return self.arguments if self.script else []

    def _added_environment(self) -> dict[str, str]:
        of_environment = getattr(self.run_config.environment, "environment_variables", None) or {}
        added = {
            **of_environment,
            **self.run_config.environment_variables,
            **self.environment_variables,
        }
        return {str(name): str(value) for name, value in added.items()}


class NotebookRunConfig(ScriptRunConfig):
    """A notebook with its parameters, to be run from top to bottom.

    Parameters
    ----------
    source_directory
        The folder that is snapshotted, and whose copy is the working folder.
    notebook
        A notebook in it.
    output_notebook
        Where the executed one goes; default: ``outputs/<name>.output.ipynb``,
        so that the run keeps it.
    parameters
        Names to values of any JSON type. They become a cell after the one that
        is tagged ``parameters``, or the first.
    handler
        Of its attributes, ``timeout`` (seconds a cell), ``kernel_name`` and
        ``cwd`` are used.

    Raises
    ------
    SubmitError
        A parameter's name is not one in Python, or its value no JSON.
    """

    kind = NOTEBOOK_RUN

    def __init__(
        self,
        source_directory: str | Path = ".",
        notebook: str | Path = "",
        output_notebook: str | Path | None = None,
        parameters: Mapping[str, Any] | None = None,
        handler: Any = None,
        run_config: RunConfiguration | None = None,
        _telemetry_values: object = None,
        *,
        environment_variables: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(
            source_directory,
            notebook,
            run_config=run_config,
            environment_variables=environment_variables,
        )
        stem = Path(self.script).stem
        self.notebook = self.script
        self.output_notebook = Path(output_notebook or f"outputs/{stem}.output.ipynb").as_posix()
        self.parameters = checked_parameters(parameters or {})
        self.handler = handler

    def _command(self) -> str | tuple[str, ...]:
        return (self._python(), "-m", "run_widgets.notebook_runner")

    def _notebook(self) -> dict[str, Any]:
        return {
            "path": self.notebook,
            "output": self.output_notebook,
            "parameters": {
                name: MASK if name in self._secret_parameters() else value
                for name, value in self.parameters.items()
            },
            "timeout": getattr(self.handler, "timeout", None),
            "kernel_name": getattr(self.handler, "kernel_name", None),
            "cwd": getattr(self.handler, "cwd", None),
        }

    def _shown_arguments(self) -> list[str]:
        shown = []
        secrets = self._secret_parameters()
        for name, value in self.parameters.items():
            shown += ["-p", name, MASK if name in secrets else json.dumps(value)]
        return shown

    def _secret_parameters(self) -> dict[str, Any]:
        return {n: v for n, v in self.parameters.items() if is_secret(n, str(v))}

    def _added_environment(self) -> dict[str, str]:
        # No secret is written into the run's folder.
        return {
            **super()._added_environment(),
            SECRETS_VARIABLE: json.dumps(self._secret_parameters()),
        }


def _environment(python: str) -> dict[str, str]:
    """Return this process's environment, in which ``python`` is `python`."""
    known = dict(os.environ)
    if os.path.isabs(python):
        # A kernel need not have its own environment's programs on the path.
        folder = os.path.dirname(python)
        known["PATH"] = os.pathsep.join([folder, *filter(None, [known.get("PATH")])])
    return known


def _arguments(values: str | Iterable[object]) -> list[str]:
    if isinstance(values, str):
        return shlex.split(values)
    listed = list(values)
    if None in listed:
        raise SubmitError(f"argument {listed.index(None)} of {listed!r} is None: leave it out")
    return [str(value) for value in listed]
