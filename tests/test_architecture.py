"""The picture in docs/architecture.md, as a test."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import run_widgets

PACKAGE = Path(run_widgets.__file__).parent
PICTURE = PACKAGE.parent / "docs" / "architecture.md"
MODULES = sorted(PACKAGE.rglob("*.py"))

# The one door, or the few, to each heavy dependency.
DOORS = {
    "bqplot": {"panel/charts"},
    "ipywidgets": {"panel", "export"},
    "sqlite3": {"store"},
    "nbclient": {"launch", "notebook_runner"},
    "tsdownsample": {"reading/downsample"},
    "psutil": {"tracking/monitor", "store", "launch", "supervisor", "checkup", "servers"},
    "click": {"cli"},
    "rich": {"cli"},
}


def room(path: Path) -> str:
    """Return the module or sub-package that a file belongs to."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def rows() -> dict[str, int]:
    """Return each room's row, 1 the lowest, as the picture in the document has it."""
    (picture,) = re.findall(r"```\n( *READ AND DRAW.*?)```", PICTURE.read_text(), re.S)
    numbered = re.findall(r"^ *(\d+) +(.*)$", picture, re.M)
    return {
        name.rstrip("/"): int(row)
        for row, names in numbered
        for name in re.findall(r"[\w/]+", names)
    }


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports when it runs; not those of its type hints."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def printed_by(script: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    row = rows()
    here = room(path)

    assert here in row, f"{here} has no place in the picture of {PICTURE.name}"
    for name in imports(path):
        top, _, rest = name.partition(".")
        there = rest.partition(".")[0]
        if top == "run_widgets" and there in row:
            assert there == here or row[there] < row[here], f"{here} imports {there}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_heavy_dependency_has_its_door(path: Path) -> None:
    for name in imports(path):
        top = name.partition(".")[0]
        module = str(path.relative_to(PACKAGE).with_suffix(""))
        assert {room(path), module} & DOORS.get(top, {module}), f"{module} imports {top}"


def test_a_training_script_loads_nothing_heavy() -> None:
    script = """
import sys
from run_widgets import Experiment, Run, Workspace
heavy = {"ipywidgets", "bqplot", "pandas", "IPython", "numpy", "traitlets", "jupyter_server"}
print(sorted(heavy & set(sys.modules)))
"""

    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


def test_nothing_that_only_posix_has_is_needed_to_import_it() -> None:
    # As on Windows, as far as that can be feigned: the standard library is loaded, then what
    # it has not there is taken away. `store.lock` chooses by `sys.platform`.
    script = """
import asyncio, importlib, multiprocessing.util, os, pathlib, pkgutil, shutil, signal, subprocess
import sys, tempfile, types
import ipywidgets, bqplot, jupyter_server.serverapp, nbclient, psutil, rich.console, click.testing
import jupyter_client.manager
for name in ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
for name in ("register_at_fork", "getuid", "getpgid", "killpg", "uname", "pread", "pwrite"):
    delattr(os, name)
for name in ("SIGKILL", "SIGHUP", "SIGQUIT"):
    delattr(signal, name)
sys.platform = "win32"
sys.modules["msvcrt"] = types.ModuleType("msvcrt")
import run_widgets
for module in pkgutil.walk_packages(run_widgets.__path__, "run_widgets."):
    if not module.name.endswith("__main__") and "integrations" not in module.name:
        importlib.import_module(module.name)
print("imported")
"""

    assert printed_by(script) == "imported"


def test_importing_takes_a_tenth_of_a_second_at_most() -> None:
    script = """
import time
start = time.perf_counter()
import run_widgets
print(time.perf_counter() - start)
"""

    def seconds() -> float:
        found = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        return float(found.stdout)

    assert min(seconds() for _ in range(5)) < 0.1


def test_nothing_in_the_package_evaluates_or_unpickles() -> None:
    for path in MODULES:
        called = {
            ast.unparse(node.func).rpartition(".")[2]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
        }

        assert not called & {"eval", "extractall"}, path
        assert not imports(path) & {"pickle", "dill", "cloudpickle", "shelve"}, path
