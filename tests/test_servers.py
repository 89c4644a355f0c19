"""Where a panel's link leads when its front end has no server of ours behind it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from run_widgets import RunDetails, servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


def test_a_kernels_own_server_is_nearer(
    runtime: Path, run: Run, portal: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getpid()))
    (runtime / f"jpserver-{os.getpid()}.json").write_text("{}")

    facts = RunDetails(run)._facts()

    assert facts["portal_url"] == ""
    assert str(facts["portal_path"]).startswith(f"run-widgets/runs/{run.id}")


def test_voila_on_its_own_has_no_pages(
    runtime: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")

    assert RunDetails(run)._facts()["portal_path"] == ""


def test_a_portal_of_its_own_runs_no_code_and_opens_no_folder(
    runtime: Path, portal: subprocess.Popen[bytes]
) -> None:
    known = json.loads((runtime / f"jpserver-{portal.pid}.json").read_text())

    def status(path: str) -> int:
        headers = {"Authorization": f"token {known['token']}"}
        request = urllib.request.Request(known["url"] + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status("run-widgets/") == status("api/status") == 200
    assert {status(f"api/{what}") for what in ("kernels", "contents", "sessions")} == {404}
