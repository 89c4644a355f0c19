"""The list of all runs that JupyterLab's side shows: what is told, to whom, and what it costs."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from lab import Lab, running
from run_widgets import Experiment, Workspace
from run_widgets.portal.live import LiveRuns

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets import Run


def begin(workspace: Workspace, experiment: str = "mnist", **options: Any) -> Run:
    return Experiment(workspace, experiment).start_logging(
        outputs=False, snapshot_directory=None, **options
    )


class Page:
    """What somebody knows who asks for what is new, again and again."""

    def __init__(self, live: LiveRuns) -> None:
        self._live = live
        self.version = ""
        self.runs: dict[str, dict[str, Any]] = {}
        self.last: dict[str, Any] = {}

    def ask(self) -> dict[str, Any]:
        """Take in all there is to know now, and return the last answer of it."""
        while True:
            self._live._looked_at = -math.inf  # as if the last look were long ago
            self.last = news = self._live.news(self.version)
            json.dumps(news, allow_nan=False)
            if news["whole"]:
                self.runs.clear()
            for _, _, run_id in news["gone"]:
                self.runs.pop(run_id, None)
            self.runs |= {run["id"]: run for run in news["runs"]}
            self.version = news["version"]
            if not news["loading"]:
                return news

    def changed(self) -> list[str]:
        return [run["id"] for run in self.ask()["runs"]]


@pytest.fixture
def page(workspace: Workspace) -> Page:
    return Page(LiveRuns([workspace.store]))


def test_a_run_is_told_at_a_glance(workspace: Workspace, page: Page) -> None:
    run = begin(workspace, display_name="wide net")
    for step in range(100):
        run.log("loss", 1 / (1 + step))
        run.log("accuracy", step / 100)

    page.ask()

    told = page.runs[run.id]
    assert page.last["workspaces"] == [str(workspace.path)]
    assert (told["workspace"], told["experiment"], told["number"]) == (0, "mnist", 1)
    assert (told["status"], told["name"]) == ("Running", "wide net")
    assert (told["metric"], told["last"]) == ("loss", 0.01)
    assert 5 <= len(told["spark"]) <= 45
    assert (told["spark"][0], told["spark"][-1]) == (1.0, 0.01)
    assert "nan" not in told
    run.complete()


def test_only_what_changed_is_told(workspace: Workspace, page: Page) -> None:
    quiet, busy = begin(workspace), begin(workspace, "other")
    busy.log("loss", 1.0)

    assert set(page.changed()) == {quiet.id, busy.id}
    assert page.changed() == []
    version = page.version
    assert page.changed() == []
    assert page.version == version

    busy.log("loss", 0.5)
    assert page.changed() == [busy.id]
    assert page.runs[busy.id]["spark"] == [1.0, 0.5]

    busy.complete()
    quiet.complete()
    assert set(page.changed()) == {quiet.id, busy.id}
    assert page.runs[busy.id]["status"] == "Completed"
    assert page.runs[busy.id]["last"] == 0.5


def test_each_page_is_told_what_it_does_not_know(workspace: Workspace) -> None:
    live = LiveRuns([workspace.store])
    early, late = Page(live), Page(live)
    first = begin(workspace)
    first.complete()
    early.ask()
    second = begin(workspace)
    second.complete()

    assert set(late.changed()) == {first.id, second.id}
    assert early.changed() == [second.id]
    # Another server's version means nothing.
    early.version = "0123abcd.7.0"
    assert early.ask()["whole"]


def test_a_deleted_run_and_a_deleted_experiment_go(workspace: Workspace, page: Page) -> None:
    runs = [begin(workspace), begin(workspace), begin(workspace, "other")]
    for run in runs:
        run.complete()
    page.ask()

    workspace.store.delete_run(runs[0].id)
    page.ask()
    assert set(page.runs) == {runs[1].id, runs[2].id}

    shutil.rmtree(workspace.path / "other")
    page.ask()
    assert set(page.runs) == {runs[1].id}


def test_the_goal_is_the_metric_that_is_shown_even_when_it_is_said_late(
    workspace: Workspace, page: Page
) -> None:
    run = begin(workspace)
    run.log_list("something else", [1, 2])
    for step in range(10):
        run.log("loss", float(step))
        run.log("val/accuracy", step / 10)
    page.ask()
    assert page.runs[run.id]["metric"] == "loss"

    run.set_goal("val/accuracy", "maximize")
    page.ask()
    told = page.runs[run.id]
    assert (told["metric"], told["last"]) == ("val/accuracy", 0.9)
    assert told["spark"] == [step / 10 for step in range(10)]

    run.log("val/accuracy", 1.0)
    page.ask()
    assert page.runs[run.id]["spark"] == [step / 10 for step in range(11)]
    run.complete()


def test_the_first_nan_is_told_with_its_step(workspace: Workspace, page: Page) -> None:
    run = begin(workspace)
    for step in range(5):
        run.log("loss", 1.0, step=10 * step)
    run.log("note", "nan is only a word here")
    run.log("nothing", None)
    page.ask()
    assert "nan" not in page.runs[run.id]

    run.log("loss", math.nan, step=50)
    run.log("loss", math.nan, step=60)
    page.ask()
    told = page.runs[run.id]
    assert told["nan"] == ["loss", 50]
    assert told["spark"][-1] is None
    assert told["last"] == "NaN"

    run.complete()
    page.ask()
    assert page.runs[run.id]["nan"] == ["loss", 50]


def test_a_run_that_never_logs_a_number_has_no_curve(workspace: Workspace, page: Page) -> None:
    run = begin(workspace)
    run.log("phase", "loading")
    run.log_list("values", [1, 2, 3])

    page.ask()

    assert not {"metric", "spark", "nan"} & set(page.runs[run.id])
    run.complete()


def test_progress_and_the_wish_to_end_are_told(workspace: Workspace, page: Page) -> None:
    run = begin(workspace)
    steps = run.track(range(10))
    next(steps)
    next(steps)
    workspace.store.request_stop(run.id)

    page.ask()

    told = page.runs[run.id]
    assert told["total"] == 10
    assert told["stop_requested"] is True
    run.complete()


def test_a_failed_run_says_why(workspace: Workspace, page: Page) -> None:
    run = begin(workspace)
    run.fail(error_details="out of memory")

    page.ask()

    assert page.runs[run.id]["status"] == "Failed"
    assert "out of memory" in page.runs[run.id]["error"]


def test_curves_of_runs_that_have_ended_are_told_when_asked_for(workspace: Workspace) -> None:
    live = LiveRuns([workspace.store])
    run, bare, going = begin(workspace), begin(workspace), begin(workspace)
    for step in range(10_000):
        run.log("loss", 1 / (1 + step))
    run.log("loss", math.inf)
    run.complete()
    bare.complete()

    told, nothing, going_on, absent, nowhere = live.sparks(
        [(0, run.id), (0, bare.id), (0, going.id), (0, "no-such-run"), (7, run.id)]
    )

    assert told is not None
    assert told["metric"] == "loss"
    assert len(told["spark"]) <= 40
    assert told["spark"][0] == 1.0
    assert told["spark"][-1] is None
    assert nothing == {}
    assert going_on is None
    assert absent is None
    assert nowhere is None
    going.complete()


def test_a_strangers_run_is_told_as_text_and_breaks_nothing(
    workspace: Workspace, page: Page
) -> None:
    run = begin(workspace, display_name="<script>\ud800")
    run.log("loss", 1.0)
    run.complete()
    document = workspace.path / "mnist" / run.id / "run.json"
    told = json.loads(document.read_text())
    told |= {"number": "seven", "created_at": -5, "metrics": {"loss": 3}, "goals": {"loss": 1}}
    document.write_text(json.dumps(told))

    page.ask()

    assert page.runs[run.id]["name"].startswith("<script>")
    assert page.runs[run.id]["number"] == 0


# -- as a server answers ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(Lab(tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


def status_of(lab: Lab, path: str, **headers: str) -> tuple[int, bytes, Any]:
    request = urllib.request.Request(lab.url + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def test_the_server_says_304_until_there_is_something_new(lab: Lab) -> None:
    run = begin(Workspace(lab.home))
    run.get_snapshot_id()  # when it answers, nothing more is being noted of where it began
    signed_in = {"Authorization": f"token {lab.token}"}

    code, body, headers = status_of(lab, "run-widgets/api/live", **signed_in)
    news = json.loads(body)
    assert code == 200
    assert [one["id"] for one in news["runs"]] == [run.id]
    assert headers["ETag"] == f'"{news["version"]}"'

    path = f"run-widgets/api/live?since={news['version']}"
    tag = {"If-None-Match": headers["ETag"]}
    code, body, _ = status_of(lab, path, **signed_in, **tag)
    assert (code, body) == (304, b"")

    run.log("loss", 0.5)
    deadline = time.monotonic() + 10
    while (answer := status_of(lab, path, **signed_in, **tag))[0] == 304:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert json.loads(answer[1])["runs"][0]["last"] == 0.5
    run.complete()


def test_nobody_is_told_who_is_not_signed_in(lab: Lab) -> None:
    for path in ("run-widgets/api/live", "run-widgets/api/live/sparks?run=0:x"):
        assert status_of(lab, path)[0] == 403


@pytest.mark.parametrize("query", ["", "?run=x", "?run=0:", "?run=-1:x", "?" + 101 * "run=0:x&"])
def test_a_question_that_is_none_is_refused(lab: Lab, query: str) -> None:
    signed_in = {"Authorization": f"token {lab.token}"}

    assert status_of(lab, f"run-widgets/api/live/sparks{query}", **signed_in)[0] == 400


def test_a_name_leads_nowhere_else(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    live = LiveRuns([workspace.store])

    assert live.sparks([(0, "../secret"), (0, ".."), (0, os.sep)]) == [None, None, None]
