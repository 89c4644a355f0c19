"""Old notebooks run unchanged: `from azureml.core import Run` finds this package's Run.

```python
import run_widgets.azureml
run_widgets.azureml.install()
```

does it for this process and those it starts; so do ``%load_ext run_widgets.azureml``
in a notebook, ``python -m run_widgets.azureml train.py`` and the ``--azureml`` of
``run-widgets submit`` and ``replay``. No azureml package is needed, and one that is
installed is not hidden unless asked for with ``install(force=True)``.

`names` is the table of what is found where; `absent` is what stands in for a
cluster or a datastore, and says what to do instead when it is used.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from run_widgets.azureml.finder import AliasFinder, real_installation
from run_widgets.errors import AzuremlInstalled

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

VARIABLE = "RUN_WIDGETS_AZUREML"
"""Set to ``1`` in the environment of every process that the alias is installed for."""

CHILD_PATH = str(Path(__file__).with_name("child"))
"""A folder with a package ``azureml`` that installs the alias: on ``PYTHONPATH`` it does
for any child process what `install` does here, however it is started."""


def install(*, force: bool = False) -> None:
    """Let ``import azureml…`` find the alias, here and in the processes started from now on.

    Parameters
    ----------
    force
        Also where a real azureml is installed, which is then hidden.

    Raises
    ------
    AzuremlInstalled
        There is a real azureml, and `force` is false.
    """
    if is_installed():
        return
    real = real_installation(besides=CHILD_PATH)
    if real is not None and not force:
        raise AzuremlInstalled(
            f"azureml is installed in {real}: run_widgets.azureml.install(force=True) "
            "hides it from this process and those it starts"
        )
    finder = AliasFinder()
    finder.hide_real()
    sys.meta_path.insert(0, finder)
    finder.extend_tracking()
    if CHILD_PATH not in sys.path:
        sys.path.insert(0, CHILD_PATH)  # what multiprocessing gives to a process it spawns
    os.environ[VARIABLE] = "1"
    known = os.environ.get("PYTHONPATH")
    if CHILD_PATH not in _paths(known):
        os.environ["PYTHONPATH"] = CHILD_PATH if not known else f"{CHILD_PATH}{os.pathsep}{known}"


def uninstall() -> None:
    """Undo `install`: a real azureml, if there is one, is found again."""
    for finder in [finder for finder in sys.meta_path if isinstance(finder, AliasFinder)]:
        sys.meta_path.remove(finder)
        finder.restore_tracking()
        finder.show_real()
    sys.path[:] = [path for path in sys.path if path != CHILD_PATH]
    os.environ.pop(VARIABLE, None)
    left = [path for path in _paths(os.environ.get("PYTHONPATH")) if path != CHILD_PATH]
    if left:
        os.environ["PYTHONPATH"] = os.pathsep.join(left)
    else:
        os.environ.pop("PYTHONPATH", None)


def is_installed() -> bool:
    """Tell whether ``import azureml`` finds the alias in this process."""
    return any(isinstance(finder, AliasFinder) for finder in sys.meta_path)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext run_widgets.azureml``."""
    del shell
    install()


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext run_widgets.azureml``."""
    del shell
    uninstall()


def _paths(value: str | None) -> list[str]:
    return [path for path in (value or "").split(os.pathsep) if path]
