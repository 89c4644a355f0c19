"""Run a script with the alias installed: python -m run_widgets.azureml train.py --epochs 3."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from run_widgets.azureml import install


def main() -> None:
    """Run the script that the command line names, as Python itself would."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m run_widgets.azureml SCRIPT [ARGUMENTS]")
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    install()
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
