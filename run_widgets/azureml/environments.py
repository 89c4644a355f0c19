"""What an old notebook says of the Python that a script needs.

Nothing is built of it: the script runs in this Python. It is kept so that the
notebook can go on describing it, and so that what is missing here can be named.
"""

from __future__ import annotations

import re
import sys
from copy import deepcopy
from dataclasses import dataclass, field
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from run_widgets.azureml.absent import Absent
from run_widgets.azureml.names import IMAGES

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class CondaDependencies:
    """Names of packages, as conda and pip know them."""

    def __init__(
        self, conda_dependencies_file_path: str | Path | None = None, **ignored: object
    ) -> None:
        del ignored
        self._conda: list[str] = []
        self._pip: list[str] = []
        self._channels: list[str] = []
        if conda_dependencies_file_path is not None:
            self._read(Path(conda_dependencies_file_path))

    def _read(self, path: Path) -> None:
        known = yaml().safe_load(path.read_text())
        known = known if isinstance(known, dict) else {}
        for entry in known.get("dependencies") or []:
            if isinstance(entry, dict):
                self._pip += [str(package) for package in entry.get("pip") or []]
            else:
                self._conda.append(str(entry))
        self._channels += [str(channel) for channel in known.get("channels") or []]

    @classmethod
    def create(
        cls,
        pip_indexurl: str | None = None,
        pip_packages: list[str] | None = None,
        conda_packages: list[str] | None = None,
        python_version: str | None = None,
        pin_sdk_version: bool = True,
        **ignored: object,
    ) -> CondaDependencies:
        """Return these packages."""
        del pip_indexurl, pin_sdk_version, ignored
        self = cls()
        self._pip += pip_packages or []
        self._conda += conda_packages or []
        if python_version is not None:
            self.set_python_version(python_version)
        return self

    @property
    def conda_packages(self) -> list[str]:
        return list(self._conda)

    @property
    def pip_packages(self) -> list[str]:
        return list(self._pip)

    @property
    def conda_channels(self) -> list[str]:
        return list(self._channels)

    def add_conda_package(self, conda_package: str) -> None:
        self._conda.append(conda_package)

    def add_pip_package(self, pip_package: str) -> None:
        self._pip.append(pip_package)

    def add_channel(self, channel: str) -> None:
        self._channels.append(channel)

    def remove_conda_package(self, conda_package: str) -> None:
        self._conda = [known for known in self._conda if known != conda_package]

    def remove_pip_package(self, pip_package: str) -> None:
        self._pip = [known for known in self._pip if known != pip_package]

    def set_python_version(self, version: str) -> None:
        self._conda = [known for known in self._conda if _name(known) != "python"]
        self._conda.insert(0, f"python={version}")

    def set_pip_requirements(self, pip_requirements: list[str]) -> None:
        self._pip = list(pip_requirements)

    def as_dict(self) -> dict[str, Any]:
        return {
            "channels": self._channels,
            "dependencies": [*self._conda, {"pip": self._pip}],
        }

    def serialize_to_string(self) -> str:
        """Return them as a conda environment file."""
        return str(yaml().safe_dump(self.as_dict(), sort_keys=False))

    def save(self, path: str | Path | None = None) -> str:
        """Write them as a conda environment file, and return where to."""
        target = Path("conda_dependencies.yml" if path is None else path)
        target.write_text(self.serialize_to_string())
        return str(target)

    def save_to_file(self, base_directory: str | Path, conda_file_path: str = "") -> str:
        """Write them below `base_directory`, and return the file's name there."""
        name = conda_file_path or "conda_dependencies.yml"
        self.save(Path(base_directory, name))
        return name

    def missing(self) -> list[str]:
        """Return those that this Python has not, or not under that name."""
        installed = {_normal(package.name) for package in metadata.distributions()}
        names = [_name(package) for package in (*self._pip, *self._conda)]
        return [
            name
            for name in dict.fromkeys(names)
            if name not in ("", "pip", "python")
            and not name.startswith("azureml")  # this package answers in their place
            and _normal(name) not in installed
        ]


@dataclass
class PythonSection:
    """Which Python, with what in it."""

    user_managed_dependencies: bool = False
    interpreter_path: str = "python"
    conda_dependencies: CondaDependencies | None = field(default_factory=CondaDependencies)
    conda_dependencies_file: str | None = None
    base_conda_environment: str | None = None


@dataclass
class DockerSection:
    """Which image; there are none here."""

    enabled: bool = False
    base_image: str | None = None
    base_dockerfile: str | None = None
    arguments: list[str] = field(default_factory=list)
    gpu_support: bool = False
    shared_volumes: bool = True
    shm_size: str | None = None
    base_image_registry: Any = None
    platform: Any = None


class DockerConfiguration:
    """How a container would be started; there are none here."""

    def __init__(
        self,
        use_docker: bool | None = None,
        shared_volumes: bool | None = None,
        arguments: list[str] | None = None,
        shm_size: str | None = None,
    ) -> None:
        self.use_docker = use_docker
        self.shared_volumes = shared_volumes
        self.arguments = arguments or []
        self.shm_size = shm_size


class ResourceConfiguration:
    """What a service would need; there are none here."""

    def __init__(
        self,
        cpu: float | None = None,
        memory_in_gb: float | None = None,
        gpu: int | None = None,
    ) -> None:
        self.cpu = cpu
        self.memory_in_gb = memory_in_gb
        self.gpu = gpu


class Environment:
    """A name, variables for the script, and the packages that it needs."""

    def __init__(self, name: str = "", **ignored: object) -> None:
        del ignored
        self.name = name
        self.version = "1"
        self.python = PythonSection()
        self.docker = DockerSection()
        self.environment_variables: dict[str, str] = {}
        self.spark = Absent("Environment.spark", IMAGES)
        self.databricks = Absent("Environment.databricks", IMAGES)
        self.inferencing_stack_version: str | None = None

    @staticmethod
    def get(workspace: object, name: str, version: str | None = None, **ignored: object) -> Any:
        """Return an environment of that name, with nothing said of its packages."""
        del workspace, ignored
        environment = Environment(name)
        environment.version = version or environment.version
        return environment

    @staticmethod
    def list(workspace: object) -> dict[str, Environment]:
        """Return what is registered: nothing, as nothing is built."""
        del workspace
        return {}

    @staticmethod
    def from_conda_specification(name: str, file_path: str | Path) -> Environment:
        """Return an environment with the packages of a conda environment file.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        """
        environment = Environment(name)
        environment.python.conda_dependencies = CondaDependencies(file_path)
        return environment

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str | Path, pip_version: str | None = None
    ) -> Environment:
        """Return an environment with the packages of a requirements file.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        """
        del pip_version
        lines = (line.partition("#")[0].strip() for line in Path(file_path).read_text().split("\n"))
        packages = [line for line in lines if line and not line.startswith("-")]
        environment = Environment(name)
        environment.python.conda_dependencies = CondaDependencies.create(pip_packages=packages)
        return environment

    @staticmethod
    def from_existing_conda_environment(name: str, conda_environment_name: str) -> Environment:
        """Return an environment of that name; its packages are not looked up."""
        environment = Environment(name)
        environment.python.base_conda_environment = conda_environment_name
        return environment

    @staticmethod
    def from_docker_image(name: str, image: str, **ignored: object) -> Environment:
        """Return an environment that names an image."""
        del ignored
        environment = Environment(name)
        environment.docker.base_image = image
        return environment

    def register(self, workspace: object) -> Environment:
        """Return the environment: there is nothing to build, so nothing to register."""
        del workspace
        return self

    def clone(self, new_name: str) -> Environment:
        """Return a copy under another name."""
        environment = Environment(new_name)
        environment.python = deepcopy(self.python)
        environment.docker = deepcopy(self.docker)
        environment.environment_variables = dict(self.environment_variables)
        return environment

    build = staticmethod(Absent("Environment.build", IMAGES))
    build_local = staticmethod(Absent("Environment.build_local", IMAGES))

    def shortcoming(self) -> str:
        """Return what to tell a person whose script is run without it; empty if nothing."""
        wanted = self.python.conda_dependencies
        if self.python.user_managed_dependencies or wanted is None:
            return ""
        missing = wanted.missing()
        if not missing:
            return ""
        return (
            f"environment {self.name!r} is not built, the script runs in {sys.executable}, "
            f"which has no {', '.join(missing)}"
        )

    def __repr__(self) -> str:
        return f"Environment(Name: {self.name},\nVersion: {self.version})"


def yaml() -> Any:
    """Return the module; it is loaded when a file is read or written."""
    return import_module("yaml")  # it has no types


def _name(package: str) -> str:
    found = _REQUIREMENT.match(package.rpartition("::")[2].strip())
    return found.group() if found else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
