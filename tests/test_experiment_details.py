"""ExperimentDetails tells a browser which runs there are, what is new of them, and what it asks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import comm
import ipywidgets
import numpy as np
import pytest
from comm.base_comm import BaseComm
from ipywidgets.widgets import widget as registry

from run_widgets import Experiment, ExperimentDetails
from run_widgets.export.list_picture import MAX_RUNS
from run_widgets.panel.experiment_details import _answer
from run_widgets.panel.poll import News
from run_widgets.tracking.background import background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from run_widgets import Run, Workspace

MODEL_TS = Path(__file__).parents[1] / "js" / "src" / "experiment" / "model.ts"


class Wire:
    """Stands in for the browser's end of the comm: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def messages(self, kind: str) -> list[dict[str, Any]]:
        """The custom messages of a type, with their buffers."""
        found = [
            message["data"]["content"] | {"buffers": message["buffers"]}
            for message in self.sent
            if message["data"].get("method") == "custom"
        ]
        return [message for message in found if message["type"] == kind]

    def open_comm(self, **about: Any) -> BaseComm:
        wire = self

        class Comm(BaseComm):
            def publish_msg(self, msg_type: str, data: Any = None, **keys: Any) -> None:
                # What cannot be strict JSON cannot be sent to a browser.
                json.dumps(data, allow_nan=False).encode("utf-8")
                wire.sent.append(
                    {"type": msg_type, "data": data, "buffers": keys.get("buffers") or []}
                )

        return Comm(**about)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(comm, "create_comm", wire.open_comm)
    return wire


@pytest.fixture(autouse=True)
def leaves_no_threads() -> Iterator[None]:
    yield
    for widget in list(registry._instances.values()):
        widget.close()
    wait_until(lambda: not threads("run-widgets list"))


def threads(name: str) -> list[str]:
    return [thread.name for thread in threading.enumerate() if name in thread.name]


def wait_until(seen: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait for a thing that another thread does."""
    deadline = time.monotonic() + within_s
    while not seen():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def start(experiment: Experiment, run_id: str | None = None, **options: Any) -> Run:
    run = experiment.start_logging(run_id=run_id, outputs=False, snapshot_directory=None, **options)
    background.wait(10)  # it notes git and packages, and so changes the run
    return run


def sent_ids(wire: Wire) -> list[str]:
    return [name for message in wire.messages("rows") for name in message["told"]["ids"]]


def test_every_synced_trait_has_its_field_in_model_ts() -> None:
    inherited = ipywidgets.DOMWidget.class_trait_names(sync=True)
    ours = set(ExperimentDetails.class_trait_names(sync=True)) - set(inherited)

    (body,) = re.findall(r"type ExperimentModel = \{(.*?)\n\};", MODEL_TS.read_text(), re.S)
    (facts,) = re.findall(r"type ExperimentFacts = \{(.*?)\n\};", MODEL_TS.read_text(), re.S)

    assert ours == set(re.findall(r"^  (\w+):", body, re.M))
    assert set(re.findall(r"^  (\w+):", facts, re.M)) >= {"experiment", "id", "query"}


def test_what_is_no_experiment_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="takes an Experiment, got 'mnist' of type str"):
        ExperimentDetails("mnist")  # type: ignore[arg-type]


def test_a_browser_that_opens_the_list_gets_the_whole(wire: Wire, experiment: Experiment) -> None:
    run = start(experiment, "a")
    run.log("loss", 0.5)
    run.complete()

    details = ExperimentDetails(experiment)
    state = details.get_state()

    assert state["facts"]["experiment"] == "mnist"
    assert state["facts"]["portal_path"] == "run-widgets/mnist"
    assert state["facts"]["runs_path"] == "run-widgets/runs/"
    told, buffers = state["table"]["told"], state["table"]["buffers"]
    assert told["ids"] == ["a"]
    (loss,) = [column for column in told["columns"] if column["key"] == ["metric", "loss", "last"]]
    assert np.frombuffer(buffers[loss["numbers"]], np.float64).tolist() == [0.5]
    (sent,) = wire.messages("rows")
    assert sent["told"]["ids"] == ["a"]


def test_a_new_run_and_new_values_are_sent_and_nothing_else_is(
    wire: Wire, experiment: Experiment
) -> None:
    start(experiment, "old").complete()
    details = ExperimentDetails(experiment)
    details.tick()
    wire.sent.clear()

    assert details.tick() is News.NONE
    assert wire.sent == []
    run = start(experiment, "new")
    assert details.tick() is News.SOME
    run.log("loss", 0.5)
    assert details.tick() is News.SOME

    assert sent_ids(wire) == ["new"]
    (_, values) = wire.messages("rows")
    assert {column["key"][1] for column in values["told"]["columns"]} == {"loss"}
    run.complete()


def test_the_versions_of_messages_follow_one_another(wire: Wire, experiment: Experiment) -> None:
    details = ExperimentDetails(experiment)
    for number in range(3):
        start(experiment, f"r{number}").complete()
        details.tick()

    news = [message["told"] for message in wire.messages("rows")]

    assert [(told["from"], told["version"]) for told in news] == [(1, 2), (2, 3), (3, 4)] or [
        (told["from"], told["version"]) for told in news
    ] == [(0, 1), (1, 2), (2, 3)]
    assert details.get_state("table")["table"]["told"]["version"] == news[-1]["version"]


def test_a_run_of_another_process_appears(wire: Wire, experiment: Experiment) -> None:
    details = ExperimentDetails(experiment)
    script = f"""
        from run_widgets import Experiment, Workspace
        exp = Experiment(Workspace({str(experiment.workspace.path)!r}), "mnist")
        exp.start_logging(run_id="other", outputs=False, snapshot_directory=None).complete()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)

    details.tick()

    assert sent_ids(wire) == ["other"]


def test_a_thread_follows_while_somebody_looks(wire: Wire, experiment: Experiment) -> None:
    details = ExperimentDetails(experiment)
    details.follow()
    assert threads("run-widgets list mnist")

    start(experiment, "a").complete()
    wait_until(lambda: sent_ids(wire) == ["a"])
    details._view_count = 1
    details._view_count = 0

    wait_until(lambda: not threads("run-widgets list mnist"))
    details._view_count = 1
    start(experiment, "b").complete()
    wait_until(lambda: sent_ids(wire) == ["a", "b"])


def test_a_list_that_nobody_holds_ends_its_thread(wire: Wire, experiment: Experiment) -> None:
    details = ExperimentDetails(experiment)
    details.follow()

    details.close()

    wait_until(lambda: not threads("run-widgets list mnist"))
    assert details.tick() is News.LAST


def test_a_closed_list_comes_back_when_it_is_shown(
    wire: Wire, experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    details = ExperimentDetails(experiment)
    details.close()
    start(experiment, "a").complete()

    details.show()

    assert "1 Completed" in capsys.readouterr().out


def test_curves_are_sent_one_by_one_to_who_asked(wire: Wire, experiment: Experiment) -> None:
    for run_id in ("a", "b", "c"):
        run = start(experiment, run_id)
        for step in range(3):
            run.log("loss", 1.0 / (step + 1), step=step)
        run.complete()
    details = ExperimentDetails(experiment)

    ask(details, type="curves", request=7, metric="loss", runs=[["a", 3], ["c", 3], ["gone", 1]])
    wait_until(lambda: len(wire.messages("curve")) == 3)

    answers = wire.messages("curve")
    assert {answer["request"] for answer in answers} == {7}
    assert [answer["curve"]["run"] for answer in answers] == ["a", "c", "gone"]
    step, _, y = (
        np.frombuffer(answers[0]["buffers"][place], np.float64).tolist()
        for place in answers[0]["curve"]["outline"]
    )
    assert (step, y) == ([0, 1, 2], [1.0, 0.5, 1 / 3])
    assert answers[2]["curve"]["total"] == 0


def test_packages_are_told_of_the_runs_asked_for(wire: Wire, experiment: Experiment) -> None:
    start(experiment, "a").complete()
    details = ExperimentDetails(experiment)

    ask(details, type="packages", request=1, runs=["a", "gone"])
    wait_until(lambda: wire.messages("packages"))

    (answer,) = wire.messages("packages")
    assert list(answer["packages"]) == ["a"]
    assert "numpy" in answer["packages"]["a"]


def test_the_code_of_two_runs_is_compared(
    wire: Wire, experiment: Experiment, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for run_id, line in (("a", "lr = 1"), ("b", "lr = 2")):
        (source / "train.py").write_text(f"{line}\n")
        run = experiment.start_logging(run_id=run_id, outputs=False, snapshot_directory=str(source))
        run.get_snapshot_id()
        run.complete()
    details = ExperimentDetails(experiment)

    ask(details, type="code", request=1, runs=["a", "gone"])
    ask(details, type="code", request=2, runs=["a", "b"])
    wait_until(lambda: wire.messages("code"))

    (answer,) = wire.messages("code")
    assert (answer["request"], answer["runs"]) == (2, ["a", "b"])
    (change,) = answer["code"]["files"]
    assert change["path"] == "train.py"
    assert change["diff"].splitlines() == ["-lr = 1", "+lr = 2"]


@pytest.mark.parametrize(
    "question",
    [
        None,
        "curves",
        {},
        {"type": "curves"},
        {"type": "curves", "runs": 3, "metric": "loss"},
        {"type": "curves", "runs": [["a"]], "metric": "loss"},
        {"type": "curves", "runs": [["a", "many"]], "metric": "loss"},
        {"type": "curves", "runs": ["a"], "metric": 3},
        {"type": "packages", "runs": [["../../etc", 1]]},
        {"type": "code", "runs": ["a"]},
        {"type": "code", "runs": [["a"], {}]},
        {"type": "delete", "runs": ["a"]},
    ],
)
def test_what_is_no_question_is_let_go(
    wire: Wire, experiment: Experiment, question: object
) -> None:
    details = ExperimentDetails(experiment)

    _answer(details, question, [])
    details._reader.submit(lambda: None).result()

    assert wire.messages("curve") == wire.messages("code") == []
    assert all(not answer["packages"] for answer in wire.messages("packages"))


def test_what_goes_wrong_is_told_and_the_list_goes_on(
    wire: Wire, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = ExperimentDetails(experiment)
    broken = monkeypatch.context()
    with broken as patch:
        patch.setattr(details._table, "look", lambda: 1 / 0)
        assert details.tick() is News.NONE
        assert details.problem == "ZeroDivisionError: division by zero"

    start(experiment, "a").complete()
    details.tick()

    assert details.problem == ""
    assert sent_ids(wire) == ["a"]


# -- where there is no widget --


def test_outside_a_notebook_it_prints(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(experiment, display_name="first", tags={"lr": 0.1})
    run.log("accuracy", 0.9)
    run.complete()

    ExperimentDetails(experiment).show()

    printed = capsys.readouterr().out
    assert "mnist · 1 Completed" in printed
    assert re.search(r"1 +first +Completed .* 0\.1 +0\.9", printed)


def test_an_experiment_without_runs_says_how_to_start_one(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    ExperimentDetails(experiment).show()

    assert "experiment.start_logging() starts one" in capsys.readouterr().out


def test_a_picture_goes_to_who_can_show_html(experiment: Experiment) -> None:
    for number in range(MAX_RUNS + 5):
        start(experiment, display_name=f"<b>{number}</b>").complete()
    shown: list[str] = []

    ExperimentDetails(experiment).show(shown.append)

    (html,) = shown
    assert "&lt;b&gt;34&lt;/b&gt;" in html
    assert "<b>34" not in html
    assert f"The newest {MAX_RUNS} of {MAX_RUNS + 5} runs." in html
    assert not re.search(r"<(script|style|img|svg)|\son\w+=|\s(id|name)=", html)
    assert len(html) < 50_000


def test_the_best_value_is_pictured_where_a_goal_says_which(experiment: Experiment) -> None:
    run = start(experiment)
    run.set_goal("loss", "minimize")
    for value in (0.5, 0.1, 0.3):
        run.log("loss", value)
    run.complete()

    html = ExperimentDetails(experiment)._html()

    assert "loss (best)" in html
    assert ">0.1<" in html


def test_children_are_pictured_when_asked_for(experiment: Experiment) -> None:
    parent = start(experiment, display_name="parent")
    parent.child_run("child").complete()
    parent.complete()
    background.wait(10)

    assert "child" not in ExperimentDetails(experiment)._html()
    assert "2 Completed" in ExperimentDetails(experiment, include_children=True)._html()


def test_numbers_are_to_the_right_in_the_picture(experiment: Experiment) -> None:
    run = start(experiment, display_name="0.1 or so")
    run.log("loss", 0.25)
    run.complete()

    page = ExperimentDetails(experiment)._html()

    assert re.search(r"text-align:right[^>]*>0\.25<", page)
    assert re.search(r"text-align:left[^>]*>0\.1 or so<", page)


def test_an_experiment_shows_itself_in_a_notebook_only(experiment: Experiment) -> None:
    assert experiment._repr_mimebundle_() is None
    assert "<table" in experiment._repr_html_()


IN_A_KERNEL = """
import nbformat
from nbclient import NotebookClient

nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in {cells!r}])
NotebookClient(nb, timeout=60).execute()
import json
print(json.dumps([[o.get("data", {{}}) for o in cell.outputs] for cell in nb.cells]))
"""


def outputs_of(cells: list[str]) -> list[list[dict[str, str]]]:
    """Run cells in a kernel that no browser looks at, and return what each shows."""
    script = IN_A_KERNEL.format(cells=cells)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: list[list[dict[str, str]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_notebook_that_nobody_looks_at_keeps_the_list_as_it_ended(workspace: Workspace) -> None:
    setting = f"""
from run_widgets import Experiment, ExperimentDetails, Workspace
exp = Experiment(Workspace({str(workspace.path)!r}), "e")
run = exp.start_logging(outputs=False, snapshot_directory=None, display_name="only")
"""
    shows = ["ExperimentDetails(exp).show()", "exp"]
    (_, shown, itself, _) = outputs_of([setting, *shows, "run.log('loss', 0.5); run.complete()"])

    for bundle in (shown[0], itself[0]):
        assert "application/vnd.jupyter.widget-view+json" not in bundle
    assert "Completed" in shown[0]["text/html"]
    assert "0.5" in shown[0]["text/html"]
    assert "Running" in itself[0]["text/plain"]


def ask(details: ExperimentDetails, **question: Any) -> None:
    details._handle_custom_msg(question, [])
