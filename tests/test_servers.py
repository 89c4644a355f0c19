"""Where a panel's link leads when its front end has no server of ours behind it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from run_widgets import ExperimentDetails, RunDetails, servers
from run_widgets.panel import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from run_widgets import Run


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "runtime"
    folder.mkdir()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    return folder


@pytest.fixture
def portal(runtime: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A `run-widgets portal` of this machine, up."""
    options = ["--no-browser", "--allow-root", f"--ServerApp.root_dir={tmp_path}"]
    started = subprocess.Popen(
        [sys.executable, "-m", "run_widgets", "portal", *options], stderr=subprocess.DEVNULL
    )
    file = runtime / f"jpserver-{started.pid}.json"
    deadline = time.monotonic() + 60
    while not (file.is_file() and file.read_text().endswith("}")):
        assert started.poll() is None
        assert time.monotonic() < deadline, "it did not come up"
        time.sleep(0.05)
    yield started
    started.kill()
    started.wait()


def test_without_a_portal_there_is_no_link(runtime: Path, run: Run) -> None:
    assert RunDetails(run)._facts()["portal_url"] == ""


def test_a_running_portal_is_found_and_a_dead_one_not(
    runtime: Path, run: Run, portal: subprocess.Popen[bytes]
) -> None:
    url = str(RunDetails(run)._facts()["portal_url"])

    assert url.startswith(("http://localhost:", "http://127.0.0.1:"))
    assert f"/run-widgets/runs/{run.id}?workspace=" in url
    assert "token" not in url

    portal.kill()
    portal.wait()
    assert RunDetails(run)._facts()["portal_url"] == ""


@pytest.mark.skipif(sys.platform == "win32", reason="it cannot be asked to end there")
def test_a_portal_that_is_asked_to_end_leaves_nothing(
    runtime: Path, portal: subprocess.Popen[bytes]
) -> None:
    assert servers.portal_root()

    portal.send_signal(signal.SIGTERM)
    portal.wait(20)

    assert list(runtime.glob(f"{servers.MARK}*")) == []


def test_a_browser_may_choose_between_the_kernels_own_server_and_a_portal(
    runtime: Path, run: Run, portal: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getpid()))
    (runtime / f"jpserver-{os.getpid()}.json").write_text("{}")

    facts = RunDetails(run)._facts()
    listed = ExperimentDetails(run.experiment)._facts()

    assert str(facts["portal_url"]).endswith(str(facts["portal_path"]))
    assert str(facts["portal_path"]).startswith(f"run-widgets/runs/{run.id}")
    assert listed["portal_url"].endswith(listed["portal_path"] + listed["query"])
    assert "token" not in listed["portal_url"]


@pytest.fixture
def other_home(runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another environment, whose Jupyter server this process is a kernel of."""
    python = tmp_path / "home" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(Path(sys.executable).resolve())
    server = subprocess.Popen([str(python), "-c", "input()"], stdin=subprocess.PIPE)
    (runtime / f"jpserver-{server.pid}.json").write_text("{}")
    monkeypatch.setenv("JPY_PARENT_PID", str(server.pid))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    yield python.parents[1]
    server.communicate(b"\n")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_where_jupyterlab_has_no_run_widgets_what_it_has_decides_the_form(other_home: Path) -> None:
    def install(*names: str) -> None:
        for name in names:
            folder = other_home / "share" / "jupyter" / "labextensions" / name
            folder.mkdir(parents=True)
            (folder / "package.json").write_text("{}")

    assert servers.other_environment() == other_home
    assert plain.needed() == "picture"
    assert f"{other_home / 'bin' / 'python'} -m pip install run-widgets" in plain.hint(True)
    install("@jupyter-widgets/jupyterlab-manager", "bqplot", "bqscales")
    assert plain.needed() is True
    install("run-widgets")
    assert plain.needed() is False
    assert plain.hint(False) == ""


def test_where_jupyterlab_is_of_this_environment_nothing_is_plain(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getpid()))
    (runtime / f"jpserver-{os.getpid()}.json").write_text("{}")

    assert servers.other_environment() is None
    assert plain.needed() is False


def test_voila_on_its_own_has_no_pages(
    runtime: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")

    assert RunDetails(run)._facts()["portal_path"] == ""


def test_a_portal_of_its_own_runs_no_code_and_opens_no_folder(
    runtime: Path, portal: subprocess.Popen[bytes]
) -> None:
    known = json.loads((runtime / f"jpserver-{portal.pid}.json").read_text())
    server = urlsplit(known["url"])

    def status(path: str) -> int:
        deadline = time.monotonic() + 20
        while True:
            connection = http.client.HTTPConnection(server.hostname or "", server.port, timeout=20)
            try:
                connection.request(
                    "GET", path, headers={"Authorization": f"token {known['token']}"}
                )
                return connection.getresponse().status
            except ConnectionRefusedError:  # it says where it is before it listens
                assert time.monotonic() < deadline
                time.sleep(0.05)
            finally:
                connection.close()

    assert status("/run-widgets/") == status("/api/status") == 200
    assert {status(f"/api/{what}") for what in ("kernels", "contents", "sessions")} == {404}
