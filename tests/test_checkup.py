"""The doctor: a healthy machine is healthy, and each illness has its name and way out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook, new_output

import run_widgets
from run_widgets import Workspace
from run_widgets.checkup import Finding, Level, Report, examine


@pytest.fixture(autouse=True)
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Jupyter's own for the person; it comes before the environment's."""
    folder = tmp_path / "jupyter"
    (folder / "data").mkdir(parents=True)  # nbformat 5.10.0 does not
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder / "config"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(folder / "data"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    return folder


def finding(report: Report, what: str, level: Level) -> Finding:
    (found,) = [f for f in report.findings if f.what == what and f.level is level]
    return found


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def test_what_is_installed_as_it_should_be_is_well(workspace: Workspace) -> None:
    report = examine(workspace)

    assert report.is_well, str(report)
    assert {"packages", "JupyterLab", "Jupyter server", "store"} <= {
        finding.what for finding in report.findings
    }


def test_the_report_shows_itself_and_is_data(workspace: Workspace) -> None:
    report = run_widgets.doctor(workspace)

    assert repr(report) == str(report)
    assert str(report).startswith(f"run-widgets {run_widgets.__version__}, Python 3.")
    assert json.loads(json.dumps(report.as_dict()))["is_well"] is True


def test_an_extension_that_was_disabled_is_named(jupyter: Path, workspace: Workspace) -> None:
    write_json(
        jupyter / "config" / "labconfig" / "page_config.json",
        {"disabledExtensions": {"run-widgets": True, "bqplot:plugin": True, "other": True}},
    )

    report = examine(workspace)

    wrong = [f for f in report.findings if f.level is Level.WRONG]
    assert [f.way_out for f in wrong] == [
        "jupyter labextension enable run-widgets",
        "jupyter labextension enable bqplot",
    ]


def test_an_old_extension_before_the_right_one_is_named(
    jupyter: Path, workspace: Workspace
) -> None:
    folder = jupyter / "data" / "labextensions" / "run-widgets"
    write_json(folder / "package.json", {"version": "0.0.1"})

    wrong = finding(examine(workspace), "JupyterLab", Level.WRONG)

    assert "version 0.0.1" in wrong.text
    assert wrong.way_out == f"remove {folder}"


def test_a_server_extension_that_was_disabled_is_named(jupyter: Path, workspace: Workspace) -> None:
    file = jupyter / "config" / "jupyter_server_config.json"
    write_json(file, {"ServerApp": {"jpserver_extensions": {"run_widgets.portal": False}}})

    wrong = finding(examine(workspace), "Jupyter server", Level.WRONG)

    assert str(file) in wrong.text
    assert wrong.way_out == "jupyter server extension enable run_widgets.portal"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"ServerApp": 3}', "[" * 100_000])
def test_a_config_that_is_broken_breaks_nothing(
    jupyter: Path, workspace: Workspace, content: str
) -> None:
    for name in ("jupyter_server_config.json", "labconfig/page_config.json"):
        (jupyter / "config" / name).parent.mkdir(parents=True, exist_ok=True)
        (jupyter / "config" / name).write_text(content)

    assert examine(workspace).is_well


def test_packages_that_are_too_old_or_missing_are_named(
    tmp_path: Path, workspace: Workspace
) -> None:
    site = tmp_path / "site"
    for name, version in (("ipykernel", "7.0.1"), ("bqplot", "0.12.1")):
        (site / f"{name}-{version}.dist-info").mkdir(parents=True)
        (site / f"{name}-{version}.dist-info" / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
    script = "import run_widgets, json; print(json.dumps(run_widgets.doctor().as_dict()))"

    printed = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    findings = {finding["what"]: finding for finding in json.loads(printed)["findings"]}
    assert "cannot send from a thread" in findings["ipykernel"]["text"]
    assert "0.12.1 installed" in findings["bqplot"]["text"]
    assert 'pip install "bqplot<0.14,>=0.13"' in findings["bqplot"]["way_out"]


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    report = examine(Workspace(tmp_path / "file" / "workspace"))

    assert finding(report, "store", Level.WRONG).way_out.startswith("set RUN_WIDGETS_HOME")


def test_how_values_are_written_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.store.create_workspace()
    assert "mapped" in finding(examine(workspace), "store", Level.GOOD).text

    with monkeypatch.context() as free_threaded:
        free_threaded.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
        assert "several threads" in finding(examine(workspace), "store", Level.GOOD).text
    monkeypatch.setenv("RUN_WIDGETS_APPEND", "1")

    assert "as RUN_WIDGETS_APPEND says" in finding(examine(workspace), "store", Level.GOOD).text


def test_the_doctor_leaves_nothing_behind(workspace: Workspace) -> None:
    examine(workspace)
    assert not workspace.path.exists()
    workspace.store.create_workspace()
    before = sorted(workspace.path.iterdir())

    examine(workspace)

    assert sorted(workspace.path.iterdir()) == before


def test_a_notebook_is_trusted_or_not(tmp_path: Path, workspace: Workspace) -> None:
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[new_output("stream", text="1")])])
    nbformat.write(notebook, tmp_path / "n.ipynb")

    strange = examine(workspace, tmp_path / "n.ipynb")
    notary = NotebookNotary()
    notary.sign(nbformat.read(tmp_path / "n.ipynb", as_version=4))
    notary.store.close()
    known = examine(workspace, tmp_path / "n.ipynb")

    assert "jupyter trust" in finding(strange, "notebook", Level.NOTE).way_out
    assert "trusted" in finding(known, "notebook", Level.GOOD).text
    (tmp_path / "n.ipynb").write_text("{")
    finding(examine(workspace, tmp_path / "n.ipynb"), "notebook", Level.WRONG)


def test_in_a_cell_the_doctor_looks_at_the_kernel_and_its_server(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "bin" / "python"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.symlink_to(Path(sys.executable).resolve())
    server = subprocess.Popen([str(elsewhere), "-c", "input()"], stdin=subprocess.PIPE)
    cell = f"import os; os.environ['JPY_PARENT_PID'] = '{server.pid}'"
    notebook = new_notebook(
        cells=[new_code_cell(cell), new_code_cell("import run_widgets\nrun_widgets.doctor()")]
    )
    try:
        NotebookClient(
            notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
    finally:
        server.communicate(b"\n")

    shown: Any = notebook.cells[1].outputs[-1].data["text/plain"]
    assert f"its server is in {tmp_path / 'elsewhere'}, which has no run-widgets" in shown
    assert "-m pip install run-widgets" in shown
