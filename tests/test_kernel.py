"""A panel in a real kernel, whose messages are read as a front end reads them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDGET = "application/vnd.jupyter.widget-view+json"
RUN = "application/vnd.run-widgets.run+json"

START = """
import threading, time
from run_widgets import Experiment, RunDetails, Workspace
run = Experiment(Workspace("workspace"), "mnist").start_logging(
    outputs=False, snapshot_directory=None
)
def pollers():
    return [t.name for t in threading.enumerate() if "run-widgets panel" in t.name]
"""


class Kernel:
    """A kernel, and a front end that names its cells as JupyterLab does."""

    def __init__(self, folder: Path) -> None:
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(cwd=str(folder))
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def run(self, code: str, *, cell: str = "a", after_s: float = 0.0) -> list[dict[str, Any]]:
        """Execute a cell; return what came, in order, till `after_s` after its end."""
        message = self._client.session.msg(
            "execute_request",
            {"code": code, "silent": False, "store_history": True, "allow_stdin": False},
            metadata={"cellId": cell},
        )
        self._client.shell_channel.send(message)
        came, deadline = [], time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                new = self._client.get_iopub_msg(timeout=0.05)
            except Exception:  # nothing for now; the client raises `queue.Empty`
                continue
            came.append(new)
            if new["msg_type"] == "error":
                raise AssertionError("\n".join(new["content"]["traceback"]))
            is_ours = new["parent_header"].get("msg_id") == message["header"]["msg_id"]
            if is_ours and new["content"].get("execution_state") == "idle":
                deadline = min(deadline, time.monotonic() + after_s)
        return came

    def stop(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path)
    yield kernel
    kernel.stop()


def texts(messages: list[dict[str, Any]]) -> str:
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


def contents(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return what a panel said in messages of a kind of its own."""
    told = [
        m["content"]["data"].get("content") or {} for m in messages if m["msg_type"] == "comm_msg"
    ]
    return [content for content in told if content.get("type") == kind]


def grown(messages: list[dict[str, Any]]) -> list[int]:
    """Return the total that each message of growth tells for the first chart."""
    return [
        content["charts"]["0"]["series"][0]["total"]
        for content in contents(messages, "grow")
        if "0" in content["charts"]
    ]


@pytest.mark.parametrize(
    "busy",
    ["time.sleep(0.2)", "end = time.monotonic() + 0.2\n    while time.monotonic() < end: pass"],
)
def test_what_a_busy_cell_logs_is_sent_while_it_is_busy(kernel: Kernel, busy: str) -> None:
    kernel.run(START)

    came = kernel.run(f"""
RunDetails(run).show()
for step in range(20):
    run.log("loss", 1 / (step + 1))
    {busy}
""")

    totals = grown(came)
    assert len(totals) >= 4
    assert totals == sorted(totals)
    assert totals[-1] >= 15
    assert texts(came) == ""


def test_the_end_is_written_into_the_notebook_once(kernel: Kernel) -> None:
    kernel.run(START)
    kernel.run("details = RunDetails(run); details.show()")

    came = kernel.run("run.log('loss', 1); run.complete()", cell="b", after_s=2)

    (update,) = [m for m in came if m["msg_type"] == "update_display_data"]
    assert set(update["content"]["data"]) == {RUN, WIDGET, "text/html", "text/plain"}
    assert "Completed" in update["content"]["data"]["text/html"]
    assert "pollers: []" in texts(kernel.run("print('pollers:', pollers())", cell="b", after_s=1))
    assert texts(came) == ""


def test_a_notebook_that_is_executed_and_shut_down_keeps_the_end(tmp_path: Path) -> None:
    cells = [START, "RunDetails(run).show()", "run.log('loss', 1); run.complete()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])

    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()

    (output,) = notebook.cells[1].outputs
    assert "Completed" in output["data"]["text/html"]


def test_a_finished_run_is_shown_without_thread_or_update(kernel: Kernel) -> None:
    kernel.run(START + "run.log('loss', 1); run.complete()")

    came = kernel.run("RunDetails(run).show(); print('pollers:', pollers())", after_s=1)

    (shown,) = [m for m in came if m["msg_type"] == "display_data"]
    assert "Completed" in shown["content"]["data"]["text/html"]
    assert not [m for m in came if m["msg_type"] == "update_display_data"]
    assert "pollers: []" in texts(came)


def test_running_a_cell_again_closes_the_panel_it_had(kernel: Kernel) -> None:
    kernel.run(START)
    count = (
        "from ipywidgets.widgets.widget import _instances; print(len(_instances), len(pollers()))"
    )
    kernel.run("RunDetails(run).show()")
    first = texts(kernel.run(count, cell="b"))

    for _ in range(5):
        kernel.run("RunDetails(run).show()")

    assert texts(kernel.run("time.sleep(0.5)\n" + count, cell="b")) == first
    assert first.endswith(" 1\n")


def test_panels_of_one_cell_and_of_several_live_side_by_side(kernel: Kernel) -> None:
    kernel.run(START)

    kernel.run("RunDetails(run).show(); RunDetails(run).show()", cell="a")
    kernel.run("kept = RunDetails(run); kept.show(); kept.show()", cell="b")
    kernel.run("kept.show()", cell="c")
    kernel.run("kept.show()", cell="c")
    came = kernel.run("print(len(pollers()))", cell="d")
    assert texts(came) == "3\n"

    # Cell b shows another panel now, and `kept` is still in cell c.
    kernel.run("RunDetails(run).show()", cell="b")
    assert texts(kernel.run("time.sleep(0.5); print(len(pollers()))", cell="d")) == "4\n"


def test_to_a_browser_that_is_away_little_is_sent_and_all_when_it_is_back(
    kernel: Kernel,
) -> None:
    kernel.run(START)
    kernel.run("from run_widgets.panel import followed")
    kernel.run("followed.allowance._most = followed.allowance._left = 30_000; a = 0")
    train = """
if a == 0: RunDetails(run, every_s=0.1).show()
for step in range(15):
    for k in range(100):
        run.log(f"m{k}", step)
    time.sleep(0.1)
a += 1
"""
    away = kernel.run(train)
    later = kernel.run(train)
    question = contents(away, "ask")[0]["question"]
    back = kernel.run(
        f"""
from jupyter_core.paths import jupyter_runtime_dir
from run_widgets import servers
servers.answer({question!r}, jupyter_runtime_dir())
time.sleep(1)
"""
    )

    assert 1 <= len(grown(away)) <= 4
    assert grown(later) == []
    assert len(contents(later, "ask")) >= 2, "it goes on asking"
    assert grown(back)[-1] == 30


def test_a_panel_as_a_cell_s_value_or_in_a_box_is_live_too(kernel: Kernel) -> None:
    kernel.run(START)
    came = kernel.run("run.log('loss', 1); RunDetails(run)")
    (shown,) = [m for m in came if m["msg_type"] == "execute_result"]
    assert set(shown["content"]["data"]) == {RUN, WIDGET, "text/html", "text/plain"}

    came = kernel.run(
        """
import ipywidgets
run.log("loss", 2)
box = ipywidgets.VBox([RunDetails(run)])
display(box)
for step in range(10):
    run.log("loss", step)
    time.sleep(0.2)
""",
        cell="b",
    )
    assert len(grown(came)) >= 3
