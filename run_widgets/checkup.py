"""What is wrong on this machine, and the way out of it: `run_widgets.doctor()`.

Everything is read from files and packages, so it works without a browser and
without a kernel; in a kernel it also looks at that, at the server it belongs
to, and at the notebook it runs.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.paths import jupyter_config_path, jupyter_path

from run_widgets.front_end import SCRIPTS, script
from run_widgets.reading.facts import size
from run_widgets.servers import environment_of, has_lab_extension
from run_widgets.store import layout
from run_widgets.store.drive import can_be_mapped, drive_kind, has_gil
from run_widgets.store.lock import locked
from run_widgets.tracking import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from packaging.requirements import Requirement

PACKAGE = "run-widgets"
PORTAL = "run_widgets.portal"
LITTLE_SPACE, TOO_LITTLE_SPACE = 2_000_000_000, 50_000_000
MUCH_TRASH = 1_000_000_000
MAX_JSON_BYTES = 2**24

FRONT_ENDS = {
    "@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets",
    "bqplot": "bqplot",
    "bqscales": "bqscales",
}
"""What else a panel needs in JupyterLab, by the Python package that brings it."""


class Level(StrEnum):
    """How bad it is."""

    GOOD = "good"
    NOTE = "note"  # works, but should be known
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `way_out` is empty where none is needed."""

    what: str
    level: Level
    text: str
    way_out: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found; its text is for reading."""

    version: str
    python: str
    environment: str  # the folder in which Python's packages are
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        return all(finding.level is not Level.WRONG for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "is_well": self.is_well}

    def __str__(self) -> str:
        marks = {Level.GOOD: "✓", Level.NOTE: "!", Level.WRONG: "✗"}
        lines = [f"{PACKAGE} {self.version}, Python {self.python}, in {self.environment}"]
        for finding in self.findings:
            lines.append(f"{marks[finding.level]} {finding.what:<18}{finding.text}")
            if finding.way_out:
                lines.append(f"  {'':<18}→ {finding.way_out}")
        return "\n".join(lines)

    __repr__ = __str__


def doctor(workspace: Workspace | None = None) -> Report:
    """Look at versions, extensions, server, kernel and store, and say what is wrong.

    In a cell the answer shows itself; `Report.is_well` is for programs.
    """
    return examine(workspace)


def examine(workspace: Workspace | None = None, notebook: Path | None = None) -> Report:
    """Return what there is to say of this machine, of `workspace` and of `notebook`."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _packages,
        _lab_extensions,
        _scripts,
        _server_extension,
        _kernel,
        lambda: _store(workspace or Workspace.from_config()),
        lambda: _trust(notebook or _own_notebook()),
        _place,
        _real_azureml,
    ]
    findings = [finding for check in checks for finding in check()]
    version = sys.version.partition(" ")[0]
    return Report(_version(PACKAGE) or "?", version, sys.prefix, tuple(findings))


# -- packages --


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    try:
        asked = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "packages",
            Level.WRONG,
            "run-widgets is used from its source and not installed: JupyterLab does not know it",
            f"{sys.executable} -m pip install run-widgets",
        )
        return
    needed = [Requirement(text) for text in asked]
    needed = [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [finding for one in needed if (finding := _unfit(one)) is not None]
    yield from wrong
    if not wrong:
        yield Finding("packages", Level.GOOD, f"all {len(needed)} that it needs, as it needs them")


def _unfit(needed: Requirement) -> Finding | None:
    installed = _version(needed.name)
    if installed is not None and needed.specifier.contains(installed, prereleases=True):
        return None
    text = f"{installed or 'not'} installed, {needed.specifier or 'any version'} needed"
    if needed.name == "ipykernel" and (installed or "").startswith("7.0."):
        text = f"{installed} cannot send from a thread, so that panels stand still"
    return Finding(needed.name, Level.WRONG, text, f'{sys.executable} -m pip install "{needed}"')


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


# -- what JupyterLab and the server have of ours --


def _lab_extensions() -> Iterator[Finding]:
    places = [Path(path) for path in jupyter_path("labextensions")]
    yield from _own_lab_extension(places)
    for name, package in FRONT_ENDS.items():
        if not any((place / name / "package.json").is_file() for place in places):
            yield Finding(
                "JupyterLab",
                Level.WRONG,
                f"its extension {name} is not there, so that panels stay empty",
                f"{sys.executable} -m pip install --force-reinstall {package}",
            )
        elif name in _disabled():
            yield _is_disabled(name)


def _own_lab_extension(places: list[Path]) -> Iterator[Finding]:
    found = [place / PACKAGE for place in places if (place / PACKAGE / "package.json").is_file()]
    if not found:
        yield Finding(
            "JupyterLab",
            Level.WRONG,
            f"its extension {PACKAGE} is in none of {', '.join(map(str, places))}",
            f"{sys.executable} -m pip install --force-reinstall run-widgets",
        )
        return
    used, ours = found[0], _version(PACKAGE)
    version = str(_read(used / "package.json").get("version", "?"))
    if ours is not None and version != ours:
        yield Finding(
            "JupyterLab",
            Level.WRONG,
            f"its extension in {used} is version {version}, and this package {ours}",
            f"remove {used}"
            if len(found) > 1
            else f"{sys.executable} -m pip install --force-reinstall run-widgets=={ours}",
        )
    elif PACKAGE in _disabled():
        yield _is_disabled(PACKAGE)
    else:
        yield Finding("JupyterLab", Level.GOOD, f"extension {version}, enabled, in {used}")


def _is_disabled(name: str) -> Finding:
    return Finding(
        "JupyterLab",
        Level.WRONG,
        f"its extension {name} is disabled",
        f"jupyter labextension enable {name}",
    )


def _disabled() -> set[str]:
    """Return the extensions that some ``page_config.json`` turns off."""
    files = [Path(path, "labconfig", "page_config.json") for path in jupyter_config_path()]
    files.append(Path(sys.prefix, "share", "jupyter", "lab", "settings", "page_config.json"))
    # The first file that says something of an extension is the one that counts.
    said: dict[str, bool] = {}
    for file in files:
        known = _read(file).get("disabledExtensions", {})
        pairs = known if isinstance(known, dict) else dict.fromkeys(map(str, known), True)
        said = {**pairs, **said}
    return {name.partition(":")[0] for name, is_off in said.items() if is_off is True}


def _scripts() -> Iterator[Finding]:
    for name in SCRIPTS:
        try:
            script(name)
        except FileNotFoundError as error:
            problem, _, way_out = str(error).partition("; ")
            yield Finding("page, export", Level.WRONG, problem, way_out)
    places = [Path(path, PACKAGE, "index.js") for path in jupyter_path("nbextensions")]
    if not any(place.is_file() for place in places):
        yield Finding(
            "VS Code",
            Level.WRONG,
            f"the front end is in none of {', '.join(str(place.parent) for place in places)}",
            f"{sys.executable} -m pip install --force-reinstall run-widgets",
        )


def _server_extension() -> Iterator[Finding]:
    told: object = None
    where = ""
    # Later ones win; a folder of our config's directory comes before the file beside it.
    for folder in reversed(jupyter_config_path()):
        parts = sorted(Path(folder, "jupyter_server_config.d").glob("*.json"))
        for file in (*parts, Path(folder, "jupyter_server_config.json")):
            app = _read(file).get("ServerApp")
            known = app.get("jpserver_extensions") if isinstance(app, dict) else None
            if isinstance(known, dict) and PORTAL in known:
                told, where = known[PORTAL], str(file)
    enable = f"jupyter server extension enable {PORTAL}"
    if told is None:
        text = "its extension, which serves the pages of the runs, is not enabled"
        yield Finding("Jupyter server", Level.WRONG, text, enable)
    elif not told:
        yield Finding(
            "Jupyter server", Level.WRONG, f"its extension is disabled in {where}", enable
        )
    else:
        yield Finding("Jupyter server", Level.GOOD, f"extension enabled in {where}")


# -- the kernel this runs in, and its server --


def _kernel() -> Iterator[Finding]:
    if "ipykernel" not in sys.modules or not os.environ.get("JPY_PARENT_PID", "").isdecimal():
        return
    import psutil

    try:
        server = psutil.Process(int(os.environ["JPY_PARENT_PID"]))
        words, since = server.cmdline(), server.create_time()
    except (psutil.Error, OSError):
        yield Finding("kernel", Level.NOTE, "its server is gone, or on another machine")
        return
    home = environment_of(words)
    if home is not None and home != Path(sys.prefix):
        yield from _elsewhere(home)
        return
    installed = Path(sys.prefix, "share", "jupyter", "labextensions", PACKAGE, "package.json")
    if installed.is_file() and installed.stat().st_mtime > since:
        yield Finding(
            "kernel",
            Level.NOTE,
            "its server runs since before run-widgets was installed or updated",
            "stop the server, start it again and reload the page",
        )
    else:
        yield Finding("kernel", Level.GOOD, f"of the server in {sys.prefix}")


def _elsewhere(home: Path) -> Iterator[Finding]:
    if has_lab_extension(home, PACKAGE):
        yield Finding("kernel", Level.GOOD, f"its server is in {home}, which has run-widgets too")
        return
    yield Finding(
        "kernel",
        Level.WRONG,
        f"its server is in {home}, which has no run-widgets, so that panels are plain",
        f"{home / 'bin' / 'python'} -m pip install run-widgets",
    )


# -- where runs are --


def _store(workspace: Workspace) -> Iterator[Finding]:
    root = workspace.path
    # What is not there yet is made in the nearest folder that is.
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    reason = _unwritable(there)
    if reason:
        yield Finding(
            "store",
            Level.WRONG,
            f"{root} cannot be written: {reason}",
            "set RUN_WIDGETS_HOME to a folder that can, or make a folder .run-widgets here",
        )
        return
    made = "" if root.is_dir() else ", not made yet"
    if can_be_mapped(there):
        how = "values go into mapped files"
    elif os.environ.get("RUN_WIDGETS_APPEND", "") not in ("", "0"):
        how = "values are appended, as RUN_WIDGETS_APPEND says"
    elif not has_gil():
        how = "values are appended, since this Python runs several threads at once"
    else:
        kind = drive_kind(there) or "unknown"
        how = f"values are appended, since on a drive of kind {kind} a mapped file is not safe"
    yield Finding("store", Level.GOOD, f"{root}{made}; {how}")
    yield from _space(there)
    trash = sum(file.lstat().st_size for file in (root / layout.TRASH).rglob("*"))
    if trash > MUCH_TRASH:
        text = f"deleted runs take {size(trash)} in {root / layout.TRASH}"
        yield Finding("trash", Level.NOTE, text, "remove that folder if you miss none of them")


def _unwritable(folder: Path) -> str:
    """Return why nothing can be kept in `folder`; empty where it can."""
    try:
        with locked(folder), tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _space(folder: Path) -> Iterator[Finding]:
    total, _, free = shutil.disk_usage(folder)
    if total and free < LITTLE_SPACE:  # some network drives do not tell
        level = Level.WRONG if free < TOO_LITTLE_SPACE else Level.NOTE
        text = f"{size(free)} left where {folder} is"
        yield Finding("free space", level, text, "make room, or set RUN_WIDGETS_HOME elsewhere")


# -- the notebook --


def _own_notebook() -> Path | None:
    name = os.environ.get("JPY_SESSION_NAME", "")
    path = Path(name)
    return path if path.suffix == ".ipynb" and path.is_file() else None


def _trust(notebook: Path | None) -> Iterator[Finding]:
    if notebook is None:
        return
    from importlib import import_module

    nbformat: Any = import_module("nbformat")  # its functions have no types
    signing: Any = import_module("nbformat.sign")
    try:
        content = nbformat.read(notebook, as_version=4)
        notary = signing.NotebookNotary()
        is_trusted = notary.check_signature(content)
        notary.store.close()
    except (OSError, ValueError, AttributeError) as error:
        yield Finding("notebook", Level.WRONG, f"{notebook} cannot be read: {error}")
        return
    has_output = any(cell.get("outputs") for cell in content.cells)
    if is_trusted or not has_output:
        yield Finding("notebook", Level.GOOD, f"{notebook.name} is trusted")
    else:
        yield Finding(
            "notebook",
            Level.NOTE,
            f"{notebook.name} is not trusted as it was saved: a panel shows its picture only",
            f'run its cells again, or: jupyter trust "{notebook}"',
        )


# -- where the notebook is shown, as far as a kernel can tell --


def _place() -> Iterator[Finding]:
    if "google.colab" in sys.modules:
        yield Finding(
            "Colab",
            Level.NOTE,
            "it loads front ends from a network that has not ours",
            "panels there are by ipywidgets and bqplot alone; run.to_html(path) has all",
        )
    elif "VSCODE_PID" in os.environ and "ipykernel" in sys.modules:
        yield Finding(
            "VS Code",
            Level.NOTE,
            "it loads front ends from the kernel's environment or from a network",
            'empty panels: set "jupyter.widgetScriptSources": ["jsdelivr.com", "unpkg.com"], '
            "or use show(plain=True)",
        )
    old = _version("notebook")
    if old is not None and old.split(".")[0].isdecimal() and int(old.split(".")[0]) < 7:
        text = f"Notebook {old} shows widgets of an older kind only"
        way_out = f'{sys.executable} -m pip install "notebook>=7"'
        yield Finding("Notebook", Level.NOTE, text, way_out)


def _real_azureml() -> Iterator[Finding]:
    version = _version("azureml-core")
    if version is not None:
        yield Finding(
            "azureml",
            Level.NOTE,
            f"azureml-core {version} is installed, and its name leads to Azure",
            "run_widgets.azureml.install(force=True) lets it lead here",
        )


def _read(path: Path) -> Mapping[str, Any]:
    """Return a JSON file's object; empty where there is none that can be read."""
    try:
        with path.open("rb") as file:
            known = json.loads(file.read(MAX_JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}
