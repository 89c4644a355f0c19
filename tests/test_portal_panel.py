"""What a panel asks of the server: to stop a run, what it came from, where a log has a text."""

from __future__ import annotations

import io
import json
import zipfile
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from lab import Lab, running
from run_widgets.portal.source import MAX_MEMBER_BYTES
from run_widgets.source.provenance import ENVIRONMENT_FILE
from run_widgets.source.snapshot import ARCHIVE
from test_portal import Portal, begin, upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from run_widgets import Run


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(Lab(tmp_path_factory.mktemp("lab"), base_url="/user/jo/")) as lab:
        yield Portal(lab)


@pytest.fixture
def run(portal: Portal) -> Iterator[Run]:
    run = begin(portal.lab.home, "asked")
    yield run
    if run.get_status() == "Running":
        run.complete()


def stop(portal: Portal, run: Run, **headers: str) -> Any:
    return portal.ask(f"/api/runs/{run.id}/stop", method="POST", **headers)


# -- stop --------------------------------------------------------------------------------------


def test_a_run_hears_that_it_was_asked_to_stop(portal: Portal, run: Run) -> None:
    assert not run.should_stop()

    answer = stop(portal, run)

    assert answer.status == 200, answer.body
    assert run.should_stop()
    assert portal.json(f"/api/runs/{run.id}")["facts"]["stop_requested"] is True


def test_a_run_that_has_ended_cannot_be_stopped(portal: Portal, run: Run) -> None:
    run.complete()

    answer = stop(portal, run)

    assert answer.status == 409
    assert "Completed already" in json.loads(answer.body)["message"]


def test_nobody_stops_a_run_without_signing_in(portal: Portal, run: Run) -> None:
    answer = portal.ask(f"/api/runs/{run.id}/stop", method="POST", signed_in=False)

    assert answer.status == 403
    assert not run.should_stop()


def test_a_page_of_another_site_cannot_stop_a_run_or_run_it_again(portal: Portal, run: Run) -> None:
    """A cookie alone is sent along by any page; only this server's own know the token in it."""
    visit = portal.ask(f"/runs/{run.id}?token={portal.lab.token}", signed_in=False)
    cookie = SimpleCookie()
    for value in visit.headers.get_all("Set-Cookie") or []:
        cookie.load(value)
    sent = "; ".join(f"{name}={morsel.value}" for name, morsel in cookie.items())
    path = f"/api/runs/{run.id}/stop"

    foreign = portal.ask(path, method="POST", signed_in=False, Cookie=sent)
    assert foreign.status == 403
    assert not run.should_stop()
    again = path.replace("/stop", "/resubmit")
    assert portal.ask(again, method="POST", signed_in=False, Cookie=sent).status == 403

    own = portal.ask(
        path,
        method="POST",
        signed_in=False,
        **{"Cookie": sent, "X-XSRFToken": cookie["_xsrf"].value},
    )
    assert own.status == 200, own.body
    assert run.should_stop()


def test_looking_asks_nothing_to_stop(portal: Portal, run: Run) -> None:
    assert portal.ask(f"/api/runs/{run.id}/stop").status == 405
    assert not run.should_stop()


# -- logs --------------------------------------------------------------------------------------


def test_lines_with_a_text_are_found_and_counted(portal: Portal, run: Run) -> None:
    upload(run, "logs/a b.txt", "one\nTwo ü\nthree two\n".encode())
    path = f"/api/runs/{run.id}/lines?file={quote('logs/a b.txt')}"

    assert portal.json(f"{path}&text=TWO") == {
        "lines": [{"at": 4, "number": 1}, {"at": 11, "number": 2}],
        "next": None,
    }
    assert portal.json(f"{path}&text={quote('ü')}")["lines"] == [{"at": 4, "number": 1}]
    assert portal.json(f"{path}&at=11")["lines"] == [{"at": 11, "number": 2}]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("file=../run.json&text=a", 404),
        ("file=none.txt&text=a", 404),
        ("file=a.txt&text=a&at=-1", 400),
        ("file=a.txt&text=a&at=x", 400),
        ("text=a", 400),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    portal: Portal, run: Run, query: str, status: int
) -> None:
    upload(run, "a.txt", b"a")

    assert portal.ask(f"/api/runs/{run.id}/lines?{query}").status == status


# -- source ------------------------------------------------------------------------------------


def archive(run: Run, **files: bytes) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)
    (run.folder / ARCHIVE).write_bytes(content.getvalue())


def test_a_run_tells_what_it_was_started_from(portal: Portal, run: Run) -> None:
    archive(run, **{"train.py": b"print(1)\n", "src/model.py": b""})

    source = portal.json(f"/api/runs/{run.id}/source")

    assert source["environment"]["facts"]["python"].startswith("3.")
    assert source["environment"]["packages"]["numpy"]
    assert [file["path"] for file in source["snapshot"]["files"]] == ["src/model.py", "train.py"]
    assert source["notebook"] is None
    assert portal.ask(f"/source/{run.id}/snapshot/train.py").body == b"print(1)\n"
    assert (
        zipfile.ZipFile(io.BytesIO(portal.ask(f"/source/{run.id}/{ARCHIVE}").body)).testzip()
        is None
    )


@pytest.mark.parametrize(
    "name", ["run.json", "../run.json", "%2e%2e%2frun.json", "snapshot/../../run.json", "metrics"]
)
def test_only_the_source_of_a_run_is_given_out(portal: Portal, run: Run, name: str) -> None:
    archive(run, **{"../../run.json": b"inside"})

    answer = portal.ask(f"/source/{run.id}/{name}")

    assert answer.status in (400, 404) or answer.body == b"inside"  # what the zip has by that name
    assert b'"experiment"' not in answer.body


def test_a_snapshot_that_unpacks_without_end_is_not_unpacked(portal: Portal, run: Run) -> None:
    archive(run, bomb=b"\0" * (MAX_MEMBER_BYTES + 1))

    answer = portal.ask(f"/source/{run.id}/snapshot/bomb")

    assert answer.status == 404
    assert portal.json(f"/api/runs/{run.id}/source")["snapshot"]["total"] == 1


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"not a zip" * 100, b"[1, 2]", b"\xff{"])
def test_a_source_that_is_broken_costs_nothing_else(
    portal: Portal, run: Run, content: bytes
) -> None:
    for name in (ARCHIVE, ENVIRONMENT_FILE):
        (run.folder / name).write_bytes(content)

    source = portal.json(f"/api/runs/{run.id}/source")

    assert source["environment"] is None
    assert source["snapshot"]["files"] == []
    assert portal.ask(f"/source/{run.id}/snapshot/a").status == 404


# -- the panel -----------------------------------------------------------------------------------


def test_a_panel_without_a_kernel_has_documents_and_children_too(portal: Portal, run: Run) -> None:
    child = run.child_run()
    child.log("loss", 0.5)
    run.log_confusion_matrix("classes", {"data": {"matrix": [[3, 1], [0, 2]]}})

    state = portal.json(f"/api/runs/{run.id}/panel")

    assert state["documents"][0]["drawn"][0]["matrix"]["counts"] == [[3, 1], [0, 2]]
    assert state["children"][0]["metrics"] == {"loss": 0.5}
    assert (state["facts"]["child_count"], state["following"]) == (1, True)
    assert state["facts"]["portal_path"].startswith(f"run-widgets/runs/{run.id}?workspace=")
    child.complete()
