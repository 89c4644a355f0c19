"""The run pages, asked of a real Jupyter server that runs below a prefix, as behind a hub."""

from __future__ import annotations

import base64
import http.client
import io
import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import numpy as np
import pytest

from lab import Lab, running
from run_widgets import Experiment, ScriptRunConfig, Workspace
from run_widgets.portal import RunPortal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from run_widgets import Run

SECRET = "the other file's content"


class Portal:
    """Asks for addresses exactly as they are spelled: nothing is normalized on the way."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: object = None,
        signed_in: bool = True,
        **headers: str,
    ) -> http.client.HTTPResponse:
        server = urlsplit(self.lab.url)
        if signed_in:
            headers["Authorization"] = f"token {self.lab.token}"
        connection = http.client.HTTPConnection(server.hostname or "", server.port, timeout=20)
        content = None if body is None else json.dumps(body)
        connection.request(method, f"{server.path}run-widgets{path}", content, headers)
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def json(self, path: str) -> Any:
        answer = self.ask(path)
        assert answer.status == 200, answer.body
        return json.loads(answer.body, parse_constant=pytest.fail)

    def file(self, run: Run, name: str, **headers: str) -> http.client.HTTPResponse:
        return self.ask(f"/files/{run.id}/{name}", **headers)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(Lab(tmp_path_factory.mktemp("lab"), base_url="/user/jo/")) as lab:
        yield Portal(lab)


@pytest.fixture
def run(portal: Portal) -> Iterator[Run]:
    run = begin(portal.lab.home, "model-logging")
    yield run
    if run.get_status() == "Running":
        run.complete()


def begin(workspace: Path, experiment: str) -> Run:
    run = Experiment(Workspace(workspace), experiment).start_logging(
        outputs=False, snapshot_directory=None
    )
    run.get_snapshot_id()  # when it answers, nothing more is being noted of where the run began
    return run


def upload(run: Run, name: str, content: bytes) -> None:
    run.upload_file(name, io.BytesIO(content))


# -- who is let in ---------------------------------------------------------------------------


def _every_address() -> list[str]:
    """Return an address that each handler of the portal answers, for a run ``{id}``."""
    known = RunPortal()
    known.initialize_handlers()
    addresses = []
    for pattern in (handler[0] for handler in known.handlers):
        path = pattern.removeprefix("/run-widgets").replace("(.+)", "a.txt")
        for part in ("([^/]+)", "[^/]+"):
            path = path.replace(part, "{id}")
        assert not set(path) & set(r"()[]+*\^$"), f"how is {pattern!r} asked for?"
        addresses.append(path.replace("/?", "/"))
    return addresses


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", ["", *_every_address()])
def test_nobody_sees_anything_without_signing_in(
    portal: Portal, run: Run, path: str, method: str
) -> None:
    upload(run, "a.txt", b"secret")

    answer = portal.ask(path.format(id=run.id), method=method, signed_in=False)

    # A page to sign in on, or no; to what nobody may do here, that nobody may.
    assert answer.status in (302, 403, 405)
    assert answer.status != 302 or "/login?" in answer.headers["Location"]
    assert b"secret" not in answer.body
    assert run.id.encode() not in answer.body
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not run.should_stop()


@pytest.mark.parametrize("path", ["/", "/runs/{id}", "/model-logging"])
def test_a_page_runs_nothing_but_the_servers_own_files(portal: Portal, run: Run, path: str) -> None:
    answer = portal.ask(path.format(id=run.id))

    policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert "default-src 'none'" in policy
    # Only styles may be inline: widgets bring theirs with them.
    assert "unsafe" not in policy.replace("style-src 'self' 'unsafe-inline'", "")
    assert b"<script>" not in answer.body


# -- the run -----------------------------------------------------------------------------------


def test_a_run_shows_its_facts_metrics_and_files(portal: Portal, run: Run) -> None:
    run.tag("Build Number", "20190715.4")
    run.add_properties({"author": "John Doe"})
    run.log("Numeric 1", 10)
    for place in range(20):
        run.log("Sigmoid", place / 20)
        run.log_row("Cosine Wave", angle=place, cos=math.cos(place))
    upload(run, "outputs/metrics.txt", b"accuracy: 0.97\n")

    shown = portal.json(f"/api/runs/{run.id}")

    assert shown["facts"]["status"] == "Running"
    assert shown["facts"]["tags"]["Build Number"] == "20190715.4"
    assert shown["facts"]["properties"]["author"] == "John Doe"
    assert [(metric["name"], metric["text"]) for metric in shown["metrics"]] == [
        ("Numeric 1", "10"),
        ("Sigmoid", "Vector[20]"),
        ("Cosine Wave", "Table[20x2]"),
    ]
    assert [(file["path"], file["bytes"]) for file in shown["files"]] == [
        ("outputs/metrics.txt", 15)
    ]


def test_a_run_of_another_process_is_followed_to_its_end(portal: Portal, run: Run) -> None:
    run.log("loss", 1.0)
    first = portal.json(f"/api/runs/{run.id}")
    run.log("loss", 0.5)
    run.complete()

    then = portal.json(f"/api/runs/{run.id}")

    assert [state["facts"]["status"] for state in (first, then)] == ["Running", "Completed"]
    assert [state["metrics"][0]["text"] for state in (first, then)] == ["1", "Vector[2]"]


def test_numbers_that_json_has_not_are_sent_as_texts(portal: Portal, run: Run) -> None:
    run.log("loss", math.nan)
    run.log("bound", math.inf)

    texts = [metric["text"] for metric in portal.json(f"/api/runs/{run.id}")["metrics"]]

    assert texts == ["nan", "inf"]


def test_nothing_is_sent_while_nothing_changes(portal: Portal, run: Run) -> None:
    run.log("loss", 1.0)
    tag = portal.ask(f"/api/runs/{run.id}").headers["ETag"]

    same = portal.ask(f"/api/runs/{run.id}", **{"If-None-Match": tag})
    run.log("loss", 2.0)
    changed = portal.ask(f"/api/runs/{run.id}", **{"If-None-Match": tag})

    assert (same.status, same.body) == (304, b"")
    assert changed.status == 200


def test_more_runs_than_are_kept_open_are_all_still_followed(portal: Portal) -> None:
    runs = [begin(portal.lab.home, "many") for _ in range(25)]
    for value in (1, 2):
        for run in runs:
            run.log("loss", value)
            portal.json(f"/api/runs/{run.id}")

    texts = {portal.json(f"/api/runs/{run.id}")["metrics"][0]["text"] for run in runs}
    for run in runs:
        run.complete()

    assert texts == {"Vector[2]"}


@pytest.mark.parametrize("run_id", ["nope", "..", "%2e%2e%2f", ".", "a%00b", "%s%d", "a" * 300])
def test_a_run_that_is_not_there_is_said_not_to_be(portal: Portal, run_id: str) -> None:
    answer = portal.ask(f"/api/runs/{run_id}")

    assert answer.status == 404
    assert "no run " in json.loads(answer.body)["message"]


# -- the panel ---------------------------------------------------------------------------------


def floats(text: str) -> list[float]:
    return np.frombuffer(base64.b64decode(text), "<f8").tolist()


def test_a_panel_is_told_whole_and_then_what_came_since(portal: Portal, run: Run) -> None:
    for step in range(3):
        run.log("loss", 1 / (1 + step))
        run.log_row("Cosine Wave", angle=step, cos=step)
    whole = portal.json(f"/api/runs/{run.id}/panel")
    run.log("loss", 0.1)
    run.log_row("Cosine Wave", angle=3, cos=3)

    since = portal.json(f"/api/runs/{run.id}/panel?seen={quote(whole['seen'])}")

    assert [chart["from"] for chart in whole["charts"]] == [0, 0]
    assert floats(whole["charts"][0]["data"][0]["y"]) == [1, 1 / 2, 1 / 3]
    assert [chart["from"] for chart in since["charts"]] == [3, 3]
    assert floats(since["charts"][0]["data"][0]["y"]) == [0.1]
    assert (since["tables"][0]["from"], since["tables"][0]["rows"]) == (3, [[3, 3]])
    assert since["charts"][0]["series"][0]["total"] == 4
    assert since["following"]


def test_a_panel_that_has_all_is_told_nothing(portal: Portal, run: Run) -> None:
    for value in (1, 2):
        run.log("loss", value)
    seen = quote(portal.json(f"/api/runs/{run.id}/panel")["seen"])
    first = portal.ask(f"/api/runs/{run.id}/panel?seen={seen}")

    then = portal.ask(
        f"/api/runs/{run.id}/panel?seen={seen}", **{"If-None-Match": first.headers["ETag"]}
    )

    assert json.loads(first.body)["charts"][0]["data"] == [None]
    assert (then.status, then.body) == (304, b"")


@pytest.mark.parametrize("seen", ["x", "1;2;3;4", "-1;", "٣;", "1" * 9_000 + "x"])
def test_a_panel_that_says_nonsense_is_told_so(portal: Portal, run: Run, seen: str) -> None:
    run.log("loss", 1)

    answer = portal.ask(f"/api/runs/{run.id}/panel?seen={quote(seen)}")

    assert answer.status == 400
    assert "seen must be like" in json.loads(answer.body)["message"]


def test_the_page_is_drawn_by_this_environments_scripts(portal: Portal) -> None:
    for name in ("page.js", "bqplot.js", "bqscales.js"):
        answer = portal.ask(f"/assets/{name}")

        assert answer.status == 200, answer.body
        assert answer.headers["Content-Type"].startswith("text/javascript")


def test_a_run_is_kept_as_a_file_that_nobody_opens_here(portal: Portal, run: Run) -> None:
    run.log("accuracy", 0.97)

    answer = portal.ask(f"/export/{run.id}")

    assert answer.status == 200, answer.body
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=utf-8''{run.id}.html"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert b'id="rw-run"' in answer.body
    assert portal.ask("/export/nope").status == 404


def test_an_experiment_is_kept_as_a_file_with_the_runs_that_were_chosen(portal: Portal) -> None:
    runs = [begin(portal.lab.home, "kept") for _ in range(2)]
    for one in runs:
        one.complete()

    answer = portal.ask(f"/export/experiments/kept?run={runs[0].id}")

    assert answer.status == 200, answer.body
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''kept.html"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert f'"chosen": ["{runs[0].id}"]'.encode() in answer.body
    assert portal.ask("/export/experiments/kept?run=nope").status == 404
    assert portal.ask("/export/experiments/nope").status == 404


# -- once more ---------------------------------------------------------------------------------


def test_a_submitted_run_is_run_again(portal: Portal, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "from run_widgets import Run\nRun.get_context().log('loss', 0.5)\n"
    )
    workspace = Workspace(portal.lab.home)
    config = ScriptRunConfig(str(tmp_path), "train.py", ["--lr", "0.1"])
    first = Experiment(workspace, "again").submit(config)
    first.wait_for_completion()
    assert portal.json(f"/api/runs/{first.id}/source")["can_repeat"] is True

    answer = portal.ask(f"/api/runs/{first.id}/resubmit", method="POST")

    assert answer.status == 200, answer.body
    second = workspace.get_run(json.loads(answer.body)["run_id"])
    second.wait_for_completion()
    assert second.id != first.id
    assert second.get_metrics() == {"loss": 0.5}
    assert second.get_properties()["run_widgets.replay_of"] == first.id


def test_a_run_that_was_started_by_hand_is_not_run_again(portal: Portal, run: Run) -> None:
    assert portal.json(f"/api/runs/{run.id}/source")["can_repeat"] is False

    answer = portal.ask(f"/api/runs/{run.id}/resubmit", method="POST")

    assert answer.status == 409
    assert "cannot be run again" in json.loads(answer.body)["message"]
    assert portal.ask(f"/api/runs/{run.id}/resubmit").status == 405


# -- changed from the list ---------------------------------------------------------------------


def test_a_run_is_renamed_and_its_tags_are_changed(portal: Portal, run: Run) -> None:
    run.set_tags({"old": "1", "kept": "2"})
    changes = {"display_name": "best so far 🔥", "tags": {"old": None, "note": "<b>", "k": ""}}

    answer = portal.ask(f"/api/runs/{run.id}/edit", method="POST", body=changes)

    assert answer.status == 200, answer.body
    known = Workspace(portal.lab.home).get_run(run.id)
    assert known.display_name == "best so far 🔥"
    assert known.tags == {"kept": "2", "note": "<b>", "k": ""}


@pytest.mark.parametrize(
    "changes", [[], "x", {"status": "Failed"}, {"tags": ["a"]}, {"tags": {"": "a"}}, {"tags": None}]
)
def test_what_is_no_change_is_refused(portal: Portal, run: Run, changes: object) -> None:
    run.set_tags({"kept": "2"})

    answer = portal.ask(f"/api/runs/{run.id}/edit", method="POST", body=changes)

    assert answer.status == 400
    assert "display_name" in json.loads(answer.body)["message"]
    assert Workspace(portal.lab.home).get_run(run.id).tags == {"kept": "2"}


def test_a_run_that_has_ended_is_moved_to_the_trash(portal: Portal) -> None:
    run = begin(portal.lab.home, "thrown-away")
    early = portal.ask(f"/api/runs/{run.id}/delete", method="POST")
    run.complete()

    answer = portal.ask(f"/api/runs/{run.id}/delete", method="POST")

    assert early.status == 409
    assert "cancel it first" in json.loads(early.body)["message"]
    assert answer.status == 200, answer.body
    assert (Path(json.loads(answer.body)["trash"]) / "run.json").is_file()
    assert portal.ask(f"/api/runs/{run.id}").status == 404


# -- which workspace ---------------------------------------------------------------------------


def test_a_run_elsewhere_is_found_by_its_workspace(portal: Portal, tmp_path: Path) -> None:
    run = begin(tmp_path / "elsewhere", "there")
    upload(run, "a.txt", b"there")
    run.complete()
    folder = quote(str(tmp_path / "elsewhere"), safe="")

    assert portal.ask(f"/api/runs/{run.id}").status == 404
    assert portal.json(f"/api/runs/{run.id}?workspace={folder}")["facts"]["experiment"] == "there"
    assert portal.file(run, f"a.txt?workspace={folder}").body == b"there"


@pytest.mark.parametrize("named", ["{folder}", "/", "/etc", "runs", "../runs", "%00", ""])
def test_a_folder_that_is_no_workspace_shows_nothing(
    portal: Portal, run: Run, tmp_path: Path, named: str
) -> None:
    (tmp_path / "secret.txt").write_text(SECRET)

    answer = portal.ask(f"/api/runs/{run.id}?workspace={named.format(folder=tmp_path)}")

    assert answer.status == 404
    assert "there is no workspace at" in json.loads(answer.body)["message"]


def test_the_list_has_every_experiment_and_its_runs_newest_first(portal: Portal) -> None:
    runs = [begin(portal.lab.home, "listed") for _ in range(2)]
    for run in runs:
        run.complete()

    (place,) = portal.json("/api/runs?experiment=listed")["workspaces"]

    assert place["folder"] == str(portal.lab.home)
    assert [experiment["name"] for experiment in place["experiments"]] == ["listed"]
    assert [run["run_id"] for run in place["experiments"][0]["runs"]] == [runs[1].id, runs[0].id]
    (place,) = portal.json("/api/runs?experiment=listed&newest=1")["workspaces"]
    assert [run["run_id"] for run in place["experiments"][0]["runs"]] == [runs[1].id]
    assert place["experiments"][0]["more"] is True
    assert portal.ask("/api/runs?newest=x").status == 400


# -- files ---------------------------------------------------------------------------------------


def test_a_file_comes_as_it_was_kept(portal: Portal, run: Run) -> None:
    content = os.urandom(3_000_000)
    upload(run, "outputs/model.bin", content)

    answer = portal.file(run, "outputs/model.bin")

    assert answer.body == content
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("asked", "status", "got", "told"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_a_part_of_a_file_can_be_asked_for(
    portal: Portal, run: Run, asked: str, status: int, got: bytes, told: str | None
) -> None:
    upload(run, "digits.txt", b"0123456789")

    answer = portal.file(run, "digits.txt", Range=asked)

    assert (answer.status, answer.body) == (status, got)
    assert answer.headers["Content-Range"] == told


def test_the_head_of_a_file_tells_its_size_alone(portal: Portal, run: Run) -> None:
    upload(run, "digits.txt", b"0123456789")

    answer = portal.ask(f"/files/{run.id}/digits.txt", method="HEAD")

    assert (answer.headers["Content-Length"], answer.body) == ("10", b"")


@pytest.mark.parametrize(
    "name", ["ä ö/日本 語.txt", "50% & more.txt", 'it\'s "it".txt', "a+b#c?.txt"]
)
def test_names_of_any_script_and_sign_are_found(portal: Portal, run: Run, name: str) -> None:
    upload(run, name, b"found")
    (entry,) = portal.json(f"/api/runs/{run.id}")["files"]

    answer = portal.file(run, quote(entry["path"]) + "?download=1")

    assert answer.body == b"found"
    kept_as = quote(name.rpartition("/")[2], safe="")
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=utf-8''{kept_as}"


@pytest.mark.parametrize("kind", ["html", "svg", "js", "xml"])
def test_what_a_strangers_file_contains_never_runs(portal: Portal, run: Run, kind: str) -> None:
    upload(run, f"page.{kind}", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")

    answer = portal.file(run, f"page.{kind}")

    assert answer.headers["Content-Type"].startswith(("text/plain", "image/svg+xml"))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name",
    [
        "../run.json",
        "%2e%2e/run.json",
        "..%2frun.json",
        "%2e%2e%2frun.json",
        "..%5crun.json",
        "outputs/../../run.json",
        "outputs/%2e%2e/%2e%2e/run.json",
        "%2fetc/passwd",
        "/etc/passwd",
        "//etc/passwd",
        "file:///etc/passwd",
        "a.txt%00",
        "outputs",
        "nothing.txt",
        "%ff%fe",
    ],
)
def test_no_name_leads_out_of_the_run(portal: Portal, run: Run, name: str) -> None:
    upload(run, "outputs/a.txt", b"inside")

    answer = portal.file(run, name)

    assert answer.status in (400, 404)
    assert b'"experiment"' not in answer.body
    assert b"root:" not in answer.body


def test_no_link_leads_out_of_the_run(portal: Portal, run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    upload(run, "a.txt", b"inside")
    files = run.folder / "files"
    (files / "link.txt").symlink_to(secret)
    (files / "folder").symlink_to(tmp_path)
    os.mkfifo(files / "pipe")

    answers = [portal.file(run, name) for name in ("link.txt", "folder/secret.txt", "pipe")]

    assert [answer.status for answer in answers] == [404, 404, 404]
    assert [file["path"] for file in portal.json(f"/api/runs/{run.id}")["files"]] == ["a.txt"]


def test_when_a_log_had_come_how_far_is_told(portal: Portal, run: Run) -> None:
    (run.folder / "log_times").write_text("5.25 10 logs/a.txt\n7.000 30 logs/a.txt\n")

    known = portal.json(f"/api/runs/{run.id}/log-times?file=logs/a.txt")
    unknown = portal.json(f"/api/runs/{run.id}/log-times?file=../run.json")

    assert known == {"times": [[5.25, 10], [7.0, 30]]}
    assert unknown == {"times": []}


# -- a stretch of a line ---------------------------------------------------------------------------


def test_a_stretch_of_a_line_is_as_fine_as_it_was_logged(portal: Portal, run: Run) -> None:
    for step in range(5_000):
        run.log("loss/a b", math.nan if step == 101 else step / 2, step=step)

    name = quote("loss/a b", safe="")
    answer = portal.json(f"/api/runs/{run.id}/series?name={name}&from=100&to=102")

    assert (answer["total"], answer["inside"]) == (5_000, 3)
    assert answer["x"] == [99, 100, 101, 102, 103]
    assert answer["y"] == [49.5, 50.0, "NaN", 51.0, 51.5]
    assert len(answer["at"]) == 5


@pytest.mark.parametrize("name", [" loss ", "los\x1b[1ms", "\x07"])
def test_a_name_is_asked_for_with_every_character_of_it(
    portal: Portal, run: Run, name: str
) -> None:
    run.log(name, 1.0)
    run.log_table(f"t{name}", {"a": [1]})
    upload(run, f"logs/{name}.log ", b"one\n")
    metric, table, log = quote(name), quote(f"t{name}"), quote(f"logs/{name}.log ")

    line = portal.json(f"/api/runs/{run.id}/series?name={metric}&from=0&to=9")
    values = portal.ask(f"/api/runs/{run.id}/values?name={metric}")
    window = portal.json(f"/api/runs/{run.id}/rows?name={table}&from=0")
    found = portal.json(f"/api/runs/{run.id}/lines?file={log}&text=one")

    assert (line["total"], values.status, window["rows"]) == (1, 200, [[1]])
    assert found["lines"]


def test_a_line_that_goes_on_is_read_anew_each_time(portal: Portal, run: Run) -> None:
    run.log("loss", 1.0, step=0)
    first = portal.json(f"/api/runs/{run.id}/series?name=loss&from=0&to=9")
    run.log("loss", 2.0, step=1)
    second = portal.json(f"/api/runs/{run.id}/series?name=loss&from=0&to=9")
    run.complete()
    third = portal.json(f"/api/runs/{run.id}/series?name=loss&from=0&to=9")

    assert [answer["y"] for answer in (first, second, third)] == [[1.0], [1.0, 2.0], [1.0, 2.0]]


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("name=nothing&from=0&to=9", 404),
        ("name=loss&from=zero&to=9", 400),
        ("name=loss&from=nan&to=9", 400),
        ("name=loss&from=0&to=9&points=1000000000", 400),
        ("name=loss&from=0&to=9&over=y", 400),
        ("from=0&to=9", 400),
    ],
)
def test_a_question_that_cannot_be_answered_is_named(
    portal: Portal, run: Run, question: str, status: int
) -> None:
    run.log("loss", 1.0)

    assert portal.ask(f"/api/runs/{run.id}/series?{question}").status == status


def test_a_stretch_is_for_those_who_signed_in(portal: Portal, run: Run) -> None:
    run.log("loss", 1.0)

    path = f"/api/runs/{run.id}/series?name=loss&from=0&to=9"

    assert portal.ask(path, signed_in=False).status in (302, 403)


def test_whole_lines_come_as_csv_with_every_value(portal: Portal, run: Run) -> None:
    values = [math.nan, math.inf, -math.inf, 0.1, 1e-300, 3.0, True]
    for step, value in enumerate(values):
        run.log("=loss,a", value, step=step)
    run.log("acc", 0.5, step=10**15)

    name = quote("=loss,a", safe="")
    answer = portal.ask(f"/api/runs/{run.id}/values?name={name}&name=acc&x=epoch")

    assert answer.status == 200
    head, *rows = answer.body.decode().split("\r\n")  # type: ignore[attr-defined]
    assert head == "line,epoch,time,value"
    words = ["NaN", "Infinity", "-Infinity", "0.1", "1e-300", "3", "1"]
    assert [row.rpartition(",")[2] for row in rows[:7]] == words
    assert rows[3].startswith('"\'=loss,a",3,20')
    assert rows[7].startswith("acc,1000000000000000,20")
    assert rows[7].endswith("Z,0.5")
    assert rows[8:] == [""]


@pytest.mark.parametrize(("query", "status"), [("name=none", 404), ("", 400)])
def test_lines_that_there_are_not_are_no_csv(
    portal: Portal, run: Run, query: str, status: int
) -> None:
    run.log("loss", 1.0)

    assert portal.ask(f"/api/runs/{run.id}/values?{query}").status == status


# -- rows of long tables ---------------------------------------------------------------------


def test_more_tables_than_are_kept_can_be_asked_for_at_once(portal: Portal, run: Run) -> None:
    names = [f"table {number}" for number in range(12)]
    for name in names:
        run.log_table(name, {"a": [1, 2]})

    def rows(name: str) -> int:
        answer = portal.json(f"/api/runs/{run.id}/rows?name={quote(name)}&from=0")
        return len(answer["rows"])

    with ThreadPoolExecutor(12) as several:
        found = list(several.map(rows, 10 * names))

    assert set(found) == {2}


def test_rows_beyond_those_of_the_panel_are_sorted_and_searched_here(
    portal: Portal, run: Run
) -> None:
    run.log("loss", 1.0)
    run.log_table("events", {"n": list(range(3_000)), "word": ["cat", "dog", "ox"] * 1_000})
    # Of one server: its list of runs, and a table of one of them.
    assert portal.ask(f"/api/experiments/{run.experiment.name}/table?client=me").status == 200

    window = portal.json(f"/api/runs/{run.id}/rows?name=events&from=2998&count=5")
    assert (window["rows"], window["total"]) == ([[2_998, "dog"], [2_999, "ox"]], 3_000)

    asked = "name=events&from=0&count=2&filter=DOG&sort=0&descending=1"
    window = portal.json(f"/api/runs/{run.id}/rows?{asked}")
    assert (window["rows"], window["matched"]) == ([[2_998, "dog"], [2_995, "dog"]], 1_000)

    run.log_row("events", n=9_999, word="<b>dog</b>")
    window = portal.json(f"/api/runs/{run.id}/rows?{asked}")
    assert window["rows"][0] == [9_999, "<b>dog</b>"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("name=none&from=0", 404, "has no table 'none'"),
        ("name=loss&from=0", 404, "has no table 'loss'"),
        ("name=events&from=0&count=5000", 400, "rows, got 5000"),
        ("name=events&from=-1", 400, "rows, got 200 from -1"),
        ("name=events&from=0&sort=7", 400, "no column 7"),
        ("name=events&from=x", 400, "invalid literal"),
    ],
)
def test_rows_that_there_are_not_are_named(
    portal: Portal, run: Run, query: str, status: int, words: str
) -> None:
    run.log("loss", 1.0)
    run.log_row("events", n=1)

    answer = portal.ask(f"/api/runs/{run.id}/rows?{query}")

    assert answer.status == status
    assert words in answer.body.decode()  # type: ignore[attr-defined]
