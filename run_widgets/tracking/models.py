"""Named, versioned copies of what runs produced, kept in the workspace.

```
<workspace>/.models/<name>/numbers                one byte for each version handed out
<workspace>/.models/<name>/<version>/model.json   who made it, from what, its tags
                                    /files/…      the model itself: one file, or one folder of files
```

The files of a run's model are hard links to the run's where the drive allows
it: it outlives its run, and costs no space while the run is there.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.errors import BadName, FileNotInRun, ModelNotFound, StoreUnavailable
from run_widgets.store import layout
from run_widgets.store.documents import read_json, write_json, written_to
from run_widgets.store.drive import append

if TYPE_CHECKING:
    from run_widgets.store.local import LocalStore

MODELS = ".models"
MODEL_FILE = "model.json"
FORMAT = 1

Place = Callable[[Path, Path], None]
"""How a file or folder gets into a model: `_copy` what may change later, `_link` what does not."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")


class Model:
    """One version of a registered model; by default the newest of its name.

    Parameters
    ----------
    workspace
        Where it was registered.
    name, version
        Which; `version` None is the newest that fits the other arguments.
    id
        ``name:version``, instead of both.
    tags, properties
        Only versions with this key, or with every pair of this dict.
    run_id
        Only versions that this run produced.

    Raises
    ------
    ModelNotFound
        There is none like that.
    """

    def __init__(
        self,
        workspace: Any,
        name: str | None = None,
        id: str | None = None,
        tags: object = None,
        properties: object = None,
        version: int | str | None = None,
        run_id: str | None = None,
        **ignored: object,
    ) -> None:
        del ignored
        if id is not None:
            name, _, text = id.partition(":")
            version = text or version
        found = Model.list(workspace, name, tags, properties, run_id)
        for model in found:
            if version is None or str(model.version) == str(version):
                self._set_up(workspace, model._folder, model._document)
                return
        wanted = name if version is None else f"{name}:{version}"
        known = ", ".join(sorted({model.name for model in Model.list(workspace)})) or "none"
        raise ModelNotFound(f"no model {wanted!r} in {workspace.path}; registered: {known}")

    @classmethod
    def _at(cls, workspace: Any, folder: Path) -> Model | None:
        document = read_json(folder / MODEL_FILE)
        if document is None:
            return None
        model = cls.__new__(cls)
        model._set_up(workspace, folder, document)
        return model

    def _set_up(self, workspace: Any, folder: Path, document: dict[str, Any]) -> None:
        self.workspace = workspace
        self._folder = folder
        self._document = document

    # -- facts --

    @property
    def name(self) -> str:
        return self._folder.parent.name

    @property
    def version(self) -> int:
        return int(self._folder.name)

    @property
    def id(self) -> str:
        return f"{self.name}:{self.version}"

    @property
    def description(self) -> str:
        return str(self._document.get("description") or "")

    @property
    def tags(self) -> dict[str, str | None]:
        return _texts(self._document.get("tags"))

    @property
    def properties(self) -> dict[str, str | None]:
        return _texts(self._document.get("properties"))

    @property
    def run_id(self) -> str | None:
        """The run that produced it; None for a model registered from files."""
        run_id = self._document.get("run_id")
        return run_id if isinstance(run_id, str) else None

    @property
    def run(self) -> Any:
        return None if self.run_id is None else self.workspace.get_run(self.run_id)

    @property
    def created_time(self) -> datetime | None:
        at = self._document.get("created_at")
        try:
            return datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else None
        except (OverflowError, ValueError, OSError):  # not a time that a calendar has
            return None

    @property
    def model_framework(self) -> str | None:
        return self._document.get("framework")

    @property
    def model_framework_version(self) -> str | None:
        return self._document.get("framework_version")

    @property
    def path(self) -> Path:
        """Where the model lies, for reading only: its file, or its folder.

        Raises
        ------
        StoreUnavailable
            Its files are gone.
        """
        files = self._folder / layout.FILES
        entries = list(files.iterdir()) if files.is_dir() else []
        # A link would lead out of the workspace, which may come from a stranger.
        if len(entries) != 1 or entries[0].is_symlink():
            raise StoreUnavailable(f"model {self.id} is not, as it should be, alone in {files}")
        return entries[0]

    # -- finding and taking --

    @staticmethod
    def list(
        workspace: Any,
        name: str | None = None,
        tags: object = None,
        properties: object = None,
        run_id: str | None = None,
        latest: bool = False,
        **ignored: object,
    ) -> list[Model]:
        """Return the registered models, by name, each newest version first.

        `tags` and `properties` are a key, a list of keys or pairs, or a dict.
        """
        del ignored
        found: list[Model] = []
        for folder in _folders(workspace.path / MODELS):
            if name not in (None, folder.name):
                continue
            numbered = [version for version in _folders(folder) if version.name.isdecimal()]
            versions = sorted(numbered, key=lambda version: int(version.name), reverse=True)
            models = [model for version in versions if (model := Model._at(workspace, version))]
            found += models[:1] if latest else models
        return [
            model
            for model in found
            if _has(model.tags, tags)
            and _has(model.properties, properties)
            and run_id in (None, model.run_id)
        ]

    @staticmethod
    def get_model_path(
        model_name: str, version: int | str | None = None, *, _workspace: Any
    ) -> str:
        """Return where a model lies, for a script that loads it.

        Raises
        ------
        ModelNotFound
        """
        return str(Model(_workspace, model_name, version=version).path)

    def download(self, target_dir: str | Path = ".", exist_ok: bool = False, **ignored: Any) -> str:
        """Copy the model into the folder `target_dir`, and return where it lies there.

        Raises
        ------
        FileExistsError
            It is there already, and `exist_ok` is false.
        """
        del ignored
        source = self.path
        target = Path(target_dir) / source.name
        if target.exists() and not exist_ok:
            raise FileExistsError(f"{target} exists: pass exist_ok=True to replace it")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=_links, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
        return str(target)

    # -- registering and changing --

    @staticmethod
    def register(
        workspace: Any,
        model_path: str | Path,
        model_name: str,
        tags: object = None,
        properties: object = None,
        description: str | None = None,
        datasets: object = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        **ignored: object,
    ) -> Model:
        """Register a file or folder of this machine as the next version of `model_name`.

        Raises
        ------
        BadName
            `model_name` cannot name a folder.
        FileNotFoundError
            There is no file or folder `model_path`.
        StoreUnavailable
            The workspace cannot be written.
        """
        del datasets, ignored
        source = Path(model_path)
        if not source.exists():
            raise FileNotFoundError(f"there is no file or folder {str(model_path)!r} to register")
        document = {
            "description": description or "",
            "tags": _labels(tags),
            "properties": _labels(properties),
            "framework": model_framework,
            "framework_version": model_framework_version,
        }
        return _add(workspace, model_name, {source.resolve().name: source}, _copy, document)

    def update(
        self,
        tags: Mapping[str, object] | None = None,
        description: str | None = None,
        **ignored: object,
    ) -> None:
        """Replace the tags or the description; what is None stays."""
        del ignored
        new: dict[str, Any] = {}
        if tags is not None:
            new["tags"] = _labels(tags)
        if description is not None:
            new["description"] = description
        self._document = {**self._document, **new}
        with written_to(self._folder):
            write_json(self._folder / MODEL_FILE, self._document)

    def add_tags(self, tags: Mapping[str, object]) -> None:
        self.update(tags={**self.tags, **tags})

    def remove_tags(self, tags: Iterable[str]) -> None:
        gone = {tags} if isinstance(tags, str) else set(tags)
        self.update(tags={key: value for key, value in self.tags.items() if key not in gone})

    def delete(self) -> Path:
        """Move this version to the workspace's trash folder, and return where it lies."""
        trash = self.workspace.path / layout.TRASH
        trash.mkdir(exist_ok=True)
        target: Path = trash / f"model-{self.name}-{self.version}-{time.time_ns():x}"
        os.rename(self._folder, target)
        return target

    def serialize(self) -> dict[str, Any]:
        """Return the facts as a dict."""
        return {
            "name": self.name,
            "version": self.version,
            "id": self.id,
            "createdTime": None if self.created_time is None else self.created_time.isoformat(),
            "description": self.description,
            "tags": self.tags,
            "properties": self.properties,
            "runId": self.run_id,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
        }

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, "
            f"version={self.version}, tags={self.tags}, properties={self.properties})"
        )


def register(
    run: Any,
    model_name: str,
    model_path: str | None = None,
    tags: object = None,
    properties: object = None,
    description: str | None = None,
    model_framework: str | None = None,
    model_framework_version: str | None = None,
) -> Model:
    """Register a file or folder of `run` as the next version of `model_name`.

    Raises
    ------
    BadName
        `model_name` cannot name a folder.
    FileNotInRun
        The run has neither a file nor a folder `model_path` (default: `model_name`).
    StoreUnavailable
        The workspace cannot be written.
    """
    store: LocalStore = run.store
    wanted = layout.file_name((model_path or model_name).rstrip("/"))
    names = [entry.path for entry in store.files(run.id)]
    prefix, parent = f"{wanted}/", wanted.rpartition("/")[2]
    inside = {f"{parent}/{name[len(prefix) :]}": name for name in names if name.startswith(prefix)}
    chosen = {parent: wanted} if wanted in names else inside
    if not chosen:
        there = f"; its files: {', '.join(names[:20]) or 'none'}"
        if Path(wanted).exists():  # in ./outputs, say
            there = (
                ", which is here but not in the run, whose outputs are collected when it ends: "
                f"register it after that, or do run.upload_file({wanted!r}, {wanted!r}) before"
            )
        raise FileNotInRun(f"run {run.id!r} has no file or folder {wanted!r} to register{there}")
    document = {
        "run_id": run.id,
        "experiment": run.experiment.name,
        "path_in_run": wanted,
        "description": description or "",
        "tags": _labels(tags),
        "properties": _labels(properties),
        "framework": model_framework,
        "framework_version": model_framework_version,
    }
    files = {name: store.file_path(run.id, source) for name, source in chosen.items()}
    return _add(run.experiment.workspace, model_name, files, _link, document)


def _add(
    workspace: Any, name: str, files: Mapping[str, Path], place: Place, document: Mapping[str, Any]
) -> Model:
    """Make the next version of `name`, whole or not at all."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadName(
            f"model name {name!r} must be 1 to 255 ASCII letters, digits, '_', '.' or '-', "
            "and begin with a letter or digit"
        )
    parent: Path = workspace.path / MODELS / name
    try:
        workspace.store.create_workspace()
        parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
        try:
            for inside, source in files.items():
                place(source, made / layout.FILES / inside)
            facts = {"format": FORMAT, "name": name, "created_at": time.time(), **document}
            write_json(made / MODEL_FILE, facts)
            folder = parent / str(_next_number(parent))
            os.rename(made, folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except OSError as error:
        raise StoreUnavailable(f"model {name!r} cannot be kept in {parent}: {error}") from error
    model = Model._at(workspace, folder)
    assert model is not None  # written just now
    return model


def _next_number(parent: Path) -> int:
    # Appending is atomic: where the byte landed is a number nobody else has.
    return append(parent / layout.NUMBERS_FILE, b".")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _links(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if os.path.islink(os.path.join(folder, name))]


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a drive without hard links
        shutil.copyfile(source, target)


def _labels(labels: object) -> dict[str, str | None]:
    if labels is None:
        return {}
    if not isinstance(labels, Mapping):
        raise TypeError(f"tags and properties of a model are given as a dict, got {labels!r}")
    return {str(key): None if value is None else str(value) for key, value in labels.items()}


def _texts(labels: object) -> dict[str, str | None]:
    return _labels(labels) if isinstance(labels, Mapping) else {}


def _has(labels: Mapping[str, str | None], wanted: object) -> bool:
    """Tell whether `labels` fit a filter: a key, a list of keys and pairs, or a dict."""
    if wanted is None:
        return True
    if isinstance(wanted, Mapping):
        return all(key in labels and labels[key] == value for key, value in wanted.items())
    keys = [wanted] if isinstance(wanted, str) else list(wanted)  # type: ignore[call-overload]
    return all(
        key in labels if isinstance(key, str) else labels.get(key[0]) == key[1] for key in keys
    )


def _folders(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    except OSError:
        return []
    return [parent / name for name in sorted(names)]
