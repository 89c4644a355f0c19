"""Submitting as an old notebook does it, which may ask for more than one machine has."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from run_widgets import launch
from run_widgets.azureml import runconfig
from run_widgets.azureml.environments import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from run_widgets.tracking import Experiment, Run

LOCAL = ("", "local")
"""What a compute target is called that is this machine."""


class RunConfiguration(launch.RunConfiguration):
    """As `run_widgets.RunConfiguration`, with an `Environment` to set parts of."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        named = self.environment.python.conda_dependencies
        self.environment = Environment("local")
        if named is not None:
            self.environment.python.conda_dependencies = named

    def save(self, path: str | Path | None = None, name: str | None = None, **_: object) -> Path:
        """Write it to ``.azureml/<name>.runconfig`` in the folder `path`."""
        return runconfig.write(self, path, name)

    @staticmethod
    def load(path: str | Path, name: str | None = None) -> RunConfiguration:
        """Return the configuration in the project folder, or the file, `path`."""
        configuration = RunConfiguration()
        runconfig.read_into(configuration, path, name)
        return configuration

    @staticmethod
    def delete(path: str | Path, name: str) -> None:
        """Remove the configuration `name` from the project folder `path`."""
        runconfig.find(path, name).unlink()


class ScriptRunConfig(launch.ScriptRunConfig):
    """As `run_widgets.ScriptRunConfig`; what it asks for and cannot have is said at `submit`."""

    def __init__(
        self,
        source_directory: str | Path = ".",
        script: str | Path | None = None,
        arguments: str | Iterable[object] | None = None,
        run_config: launch.RunConfiguration | None = None,
        _telemetry_values: object = None,
        compute_target: object = None,
        *more: Any,
        **options: Any,
    ) -> None:
        super().__init__(
            source_directory,
            script,
            arguments,
            run_config,
            _telemetry_values,
            compute_target,
            *more,
            **options,
        )
        self._target = compute_target or self.run_config.target

    def submit_to(self, experiment: Experiment, **options: Any) -> Run:
        for shortcoming in self._shortcomings():
            warnings.warn(f"run-widgets: {shortcoming}", RuntimeWarning, stacklevel=4)
        return super().submit_to(experiment, **options)

    def _shortcomings(self) -> Iterable[str]:
        if self._target not in LOCAL:
            yield f"there is no compute target {self._target!r}: it runs on this machine"
        environment = self.run_config.environment
        if isinstance(environment, Environment) and environment.shortcoming():
            yield environment.shortcoming()


class AzureMLNotebookHandler:
    """How a notebook is run: seconds for each cell, and the kernel."""

    def __init__(
        self, history: bool = True, timeout: float | None = None, **options: object
    ) -> None:
        del history
        self.timeout = timeout
        self.kernel_name = options.get("kernel_name")
        self.cwd = options.get("cwd")
