"""Run a script with the alias installed: python -m run_widgets.azureml train.py --epochs 3."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from run_widgets.azureml import install


def main() -> None:
    """Run the script that the command line names, as Python itself would."""
    usage = "usage: python -m run_widgets.azureml SCRIPT [ARGUMENTS]"
    if len(sys.argv) < 2:
        sys.exit(usage)
    if sys.argv[1] in ("-h", "--help"):
        print(usage)
        return
    if not Path(sys.argv[1]).exists():
        sys.exit(f"{usage}\nthere is no script {sys.argv[1]!r}")
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    install()
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
