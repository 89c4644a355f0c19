"""Run configurations as the files that people have: ``.azureml/<name>.runconfig``, in YAML.

What means something on one machine is written and read; the rest of a file is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from run_widgets.azureml.environments import Environment, yaml
from run_widgets.errors import SubmitError

FOLDERS = (".azureml", "aml_config")
"""Where a project keeps them; files are written into the first."""

ENDING = ".runconfig"

_FIELDS = {
    "script": "script",
    "arguments": "arguments",
    "command": "command",
    "framework": "framework",
    "communicator": "communicator",
    "target": "target",
    "nodeCount": "node_count",
    "maxRunDurationSeconds": "max_run_duration_seconds",
}

_HISTORY = {
    "outputCollection": "output_collection",
    "snapshotProject": "snapshot_project",
    "directoriesToWatch": "directories_to_watch",
}


def write(configuration: Any, path: str | Path | None, name: str | None) -> Path:
    """Write a configuration into the project folder `path`, default: this one."""
    environment = configuration.environment
    document = {key: getattr(configuration, field) for key, field in _FIELDS.items()}
    document["arguments"] = [str(argument) for argument in configuration.arguments]
    document["environment"] = {
        "name": environment.name,
        "environmentVariables": {
            **environment.environment_variables,
            **configuration.environment_variables,
        },
        "python": {"interpreterPath": environment.python.interpreter_path},
    }
    document["history"] = {
        key: getattr(configuration.history, field) for key, field in _HISTORY.items()
    }
    file = Path(path or ".", FOLDERS[0], f"{name or 'local'}{ENDING}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml().safe_dump(document, sort_keys=False), encoding="utf-8")
    return file


def read_into(configuration: Any, path: str | Path, name: str | None) -> None:
    """Set what the file of a project, or the file `path` itself, says.

    Raises
    ------
    SubmitError
        There is no such file, or it is no configuration.
    """
    file = find(path, name)
    try:
        document = yaml().safe_load(file.read_text(encoding="utf-8"))
    except (ValueError, yaml().YAMLError) as error:
        raise SubmitError(f"{file} is no run configuration: {error}") from error
    if not isinstance(document, dict):
        raise SubmitError(f"{file} is no run configuration: it has no names with values")
    for key, field in _FIELDS.items():
        if document.get(key) is not None:
            setattr(configuration, field, document[key])
    history, environment = _part(document, "history"), _part(document, "environment")
    for key, field in _HISTORY.items():
        if key in history:
            setattr(configuration.history, field, history[key])
    configuration.environment = Environment(str(environment.get("name") or "local"))
    variables = _part(environment, "environmentVariables").items()
    configuration.environment_variables = {str(key): str(value) for key, value in variables}
    interpreter = _part(environment, "python").get("interpreterPath")
    if interpreter:
        configuration.environment.python.interpreter_path = str(interpreter)


def find(path: str | Path, name: str | None) -> Path:
    """Return the file of the configuration `name` in the project `path`, or that file itself.

    Raises
    ------
    SubmitError
        There is none; the message says where it was looked for.
    """
    places = [Path(path, folder, f"{name or 'local'}{ENDING}") for folder in FOLDERS]
    for file in (Path(path), *places):
        if file.is_file():
            return file
    raise SubmitError(f"there is no run configuration {str(path)!r}, nor {str(places[0])!r}")


def _part(document: dict[str, Any], key: str) -> dict[str, Any]:
    part = document.get(key)
    return part if isinstance(part, dict) else {}
