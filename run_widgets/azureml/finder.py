"""How Python finds the modules of the alias: a finder before all others, and lazy modules."""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from run_widgets.azureml.absent import Absent, NeverRaised
from run_widgets.azureml.names import ABSENT_PACKAGES, MODULES, Needs, Ours

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

TOP = "azureml"


class AliasModule(ModuleType):
    """A module whose names are looked up in the table when they are first asked for."""

    def __getattr__(self, name: str) -> Any:
        module = self.__name__
        known = MODULES.get(module, {})
        if name in known:
            value = _resolved(f"{module}.{name}", known[name])
        elif f"{module}.{name}" in _FOLDERS:
            return importlib.import_module(f"{module}.{name}")
        elif (advice := _advice(module)) is not None and not name.startswith("_"):
            value = _stand_in(f"{module}.{name}", advice)
        else:
            raise AttributeError(f"module {module!r} of run-widgets' alias has no {name!r}")
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *MODULES.get(self.__name__, {})})


class AliasFinder(MetaPathFinder, Loader):
    """Finds ``azureml`` and what is below it, and remembers what it put aside for that."""

    def __init__(self) -> None:
        self._real: dict[str, ModuleType] = {}
        self._added: list[tuple[type, str]] = []

    # -- importing --

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname not in _FOLDERS and _advice(fullname) is None:
            return None
        # Each is a package, with nowhere to look: what is below it is found here too.
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return AliasModule(spec.name, "An alias: run-widgets answers in place of Azure ML.")

    def exec_module(self, module: ModuleType) -> None:
        names = MODULES.get(module.__name__)
        if names is not None:
            module.__dict__["__all__"] = sorted(name for name in names if name[0] != "_")

    # -- making room --

    def hide_real(self) -> None:
        """Put aside the modules of a real azureml that have been imported."""
        self._real = _take_modules()

    def show_real(self) -> None:
        """Forget the alias's modules and bring back those that were put aside."""
        _take_modules()
        sys.modules.update(self._real)

    # -- what Azure's objects have and ours, at home, have not --

    def extend_tracking(self) -> None:
        """Give our classes the methods that only an old notebook asks for."""
        from run_widgets.azureml.cloud import additions

        for kind, members in additions().items():
            for name, member in members.items():
                if not hasattr(kind, name):
                    setattr(kind, name, member)
                    self._added.append((kind, name))

    def restore_tracking(self) -> None:
        """Take them away again."""
        for kind, name in self._added:
            delattr(kind, name)
        self._added.clear()


def real_installation(besides: str) -> Path | None:
    """Return where a real azureml is installed, or None; the folder `besides` does not count."""
    for entry in sys.path:
        folder = Path(entry or ".", TOP)
        # A folder of that name without a core is somebody's notes, not the package.
        if entry != besides and (folder / "core").is_dir():
            return folder
    return None


def _take_modules() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == TOP or name.startswith(f"{TOP}.")]
    return {name: sys.modules.pop(name) for name in names}


def _resolved(name: str, entry: object) -> object:
    if isinstance(entry, Ours):
        return getattr(importlib.import_module(entry.module), entry.name)
    if isinstance(entry, Needs):
        return _stand_in(name, entry.advice)
    return entry


def _stand_in(name: str, advice: str) -> object:
    """Return what stands for something absent; an exception is a class, for `except` to name."""
    last = name.rpartition(".")[2]
    if last.endswith(("Exception", "Error")):
        return type(last, (NeverRaised,), {"__module__": name.rpartition(".")[0]})
    return Absent(name, advice)


def _advice(module: str) -> str | None:
    """Return what to say of a module that is wholly absent, or None."""
    while module:
        if module in ABSENT_PACKAGES:
            return ABSENT_PACKAGES[module]
        module = module.rpartition(".")[0]
    return None


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


_FOLDERS = frozenset(
    parent for module in (*MODULES, *ABSENT_PACKAGES) for parent in _parents(module)
)
"""Every module there is, with those that only lead to others."""
