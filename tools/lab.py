"""A JupyterLab apart: real server and kernels, none of the user's settings or files.

The demo and the browser tests both open theirs here, so what the tests prove
is what a person sees.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Playwright

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15

NO_CHROMIUM = """\
no Chromium found. Install one, then try again:
    Debian, Ubuntu   apt-get install chromium
    Fedora           dnf install chromium
    elsewhere        python -m playwright install chromium
or name the one you have: CHROMIUM=/path/to/chromium"""


class LabFailed(RuntimeError):
    """JupyterLab ended or stayed silent instead of coming up; the text has its log."""


class Lab:
    """A running JupyterLab whose every file lies in one folder.

    Parameters
    ----------
    folder
        Where settings, log and, in `notebooks`, the documents go.
    base_url
        What the server's addresses begin with, as behind a hub or a proxy.
    default_url
        What the address without a path leads to.
    """

    def __init__(self, folder: Path, *, base_url: str = "/", default_url: str = "/lab") -> None:
        self.notebooks = folder / "notebooks"
        self.home = folder / "runs"
        self.log = folder / "lab.log"
        self.token = secrets.token_hex(16)
        self._folder = folder
        self._base_url = base_url
        self._default_url = default_url
        self.notebooks.mkdir(parents=True, exist_ok=True)
        self.set("@jupyterlab/apputils-extension:notification", fetchNews="false")

    def set(self, plugin: str, **values: Any) -> None:
        """Set options of one of Lab's plugins, for pages opened from now on."""
        package, name = plugin.split(":")
        path = self._folder / "lab-settings" / package / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def add_extension(self, name: str, script: str) -> None:
        """Add a front-end extension of one file to this Lab alone.

        `script` is the module federation container that Lab loads: it puts
        itself at ``window._JUPYTERLAB[name]``.
        """
        folder = self._folder / "data" / "labextensions" / name
        (folder / "static").mkdir(parents=True)
        (folder / "static" / "entry.js").write_text(script)
        build = {"load": "static/entry.js", "extension": "./extension"}
        package = {"name": name, "version": "1.0.0", "jupyterlab": {"_build": build}}
        (folder / "package.json").write_text(json.dumps(package))

    def disable_server_extension(self, name: str) -> None:
        """Have the server, once it starts, do without one of its extensions."""
        config = {"ServerApp": {"jpserver_extensions": {name: False}}}
        path = self._folder / "config" / "jupyter_server_config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(config))

    def start(self, *, open_browser: bool = False) -> None:
        """Start the server and return when it answers.

        Raises
        ------
        LabFailed
            It ended, or gave no answer within `START_TIMEOUT_S`.
        """
        command = [
            *(sys.executable, "-m", "jupyterlab"),
            f"--ServerApp.open_browser={open_browser}",
            "--LabApp.expose_app_in_browser=True",
            f"--ServerApp.root_dir={self.notebooks}",
            f"--ServerApp.base_url={self._base_url}",
            f"--LabApp.default_url={self._default_url}",
            f"--ServerApp.port={free_port()}",
            # In a container tests run as root, which Jupyter refuses unasked.
            *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        ]
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C reaches us, and we end it in order.
            self._process = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_up()
        except BaseException:
            self.stop()
            raise

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process that has this Lab's folders instead of the user's."""
        ours = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "lab-settings",
            "JUPYTERLAB_WORKSPACES_DIR": "lab-workspaces",
            "IPYTHONDIR": "ipython",
            "RUN_WIDGETS_HOME": "runs",
        }
        return {
            **os.environ,
            **{name: str(self._folder / folder) for name, folder in ours.items()},
            "JUPYTER_TOKEN": self.token,
            "JUPYTER_PLATFORM_DIRS": "1",
        }

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if (code := self._process.poll()) is not None:
                raise LabFailed(f"JupyterLab ended with code {code}:\n{self.log.read_text()}")
            # The port asked for may have been taken meanwhile: the file says which it got.
            for path in (self._folder / "runtime").glob("jpserver-*.json"):
                try:
                    self.url = json.loads(path.read_text())["url"]
                    self.get("api/status")
                except (OSError, ValueError):
                    continue
                return
            time.sleep(0.1)
        raise LabFailed(
            f"JupyterLab gave no answer for {START_TIMEOUT_S} s:\n{self.log.read_text()}"
        )

    def address(self, path: str) -> str:
        """The address of `path` on this server, with the token that lets one in."""
        return f"{self.url}{path}{'&' if '?' in path else '?'}token={self.token}"

    def get(self, path: str, *, method: str = "GET") -> Any:
        """Ask the server's own API; return the parsed answer, or None where it is empty."""
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def stop_kernels(self) -> None:
        """End every notebook's kernel."""
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while sessions := self.get("api/sessions"):
            for session in sessions:
                try:
                    self.get(f"api/sessions/{session['id']}", method="DELETE")
                except urllib.error.HTTPError:
                    # The server fails to end a kernel that it is just restarting.
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)

    def wait(self) -> None:
        """Return when the server has ended by itself, by its own shut-down menu say."""
        self._process.wait()

    def stop(self) -> None:
        """End the server and all of its kernels."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def wait_for_kernel(page: Page, *, timeout_s: float = 60) -> None:
    """Wait until the notebook on the page has a kernel, with nothing to do."""
    page.wait_for_function(
        "window.jupyterapp?.shell.currentWidget?.context?.sessionContext"
        "?.kernelDisplayStatus === 'idle'",
        timeout=timeout_s * 1000,
    )


def run_cell(page: Page, index: int) -> None:
    """Run one cell of the notebook on the page, without waiting for its end."""
    # Not returned: the command's promise ends only with the cell.
    page.evaluate(
        "i => { jupyterapp.shell.currentWidget.content.activeCellIndex = i;"
        " jupyterapp.commands.execute('notebook:run-cell') }",
        index,
    )


@contextmanager
def running(lab: Lab, *, open_browser: bool = False) -> Iterator[Lab]:
    """Keep `lab` up while the block runs."""
    lab.start(open_browser=open_browser)
    try:
        yield lab
    finally:
        lab.stop()


def launch_chromium(playwright: Playwright) -> Browser:
    """Start this machine's Chromium or Chrome without a window.

    Raises
    ------
    FileNotFoundError
        There is none; the text says what to install.
    """
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    found = (shutil.which(name) for name in names)
    path = os.environ.get("CHROMIUM") or next(filter(None, found), None)
    path = path or playwright.chromium.executable_path  # where `playwright install` puts one
    if not Path(path).exists():
        raise FileNotFoundError(NO_CHROMIUM)
    # Chromium's sandbox refuses root, which is what tests are in a container.
    sandbox = not (hasattr(os, "geteuid") and os.geteuid() == 0)
    return playwright.chromium.launch(
        executable_path=path,
        chromium_sandbox=sandbox,
        # People see them, and they take room.
        ignore_default_args=["--hide-scrollbars"],
    )


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
