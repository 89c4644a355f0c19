"""An experiment's table, as the server tells it to pages without a kernel."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from run_widgets import Experiment, Workspace
from test_portal import Portal, begin, portal  # noqa: F401

if TYPE_CHECKING:
    from run_widgets import Run


Answer = tuple[dict[str, Any], list[bytes]]


def answers(portal: Portal, path: str) -> list[Answer]:  # noqa: F811
    answer = portal.ask(f"/api/experiments/{path}")
    assert answer.status == 200, answer.body  # type: ignore[attr-defined]
    body: bytes = answer.body  # type: ignore[attr-defined]
    found: list[Answer] = []
    place = 0
    while place < len(body):
        (size,) = struct.unpack_from("<I", body, place)
        place += 4 + size
        head = json.loads(body[place - size : place], parse_constant=pytest.fail)
        buffers = []
        for length in head["buffers"]:
            buffers.append(body[place : place + length])
            place += length
        found.append((head, buffers))
    return found


def table(portal: Portal, name: str, **query: object) -> Answer:  # noqa: F811
    words = "&".join(f"{key}={value}" for key, value in {"client": "me", **query}.items())
    (found,) = answers(portal, f"{name}/table?{words}")
    return found


def finished(portal: Portal, name: str, loss: float) -> Run:  # noqa: F811
    run = begin(portal.lab.home, name)
    run.log("loss", loss)
    run.complete()
    return run


def test_a_page_gets_the_whole_and_then_what_is_new(portal: Portal) -> None:  # noqa: F811
    first = finished(portal, "bit-by-bit", 0.5)

    whole, buffers = table(portal, "bit-by-bit")
    version = whole["told"]["version"]
    same, _ = table(portal, "bit-by-bit", version=version)
    second = finished(portal, "bit-by-bit", 0.25)
    news, _ = table(portal, "bit-by-bit", version=version)

    assert whole["facts"]["experiment"] == "bit-by-bit"
    assert whole["facts"]["portal_path"] == "run-widgets/bit-by-bit"
    assert whole["told"]["ids"] == [first.id]
    (loss,) = [c for c in whole["told"]["columns"] if c["key"] == ["metric", "loss", "last"]]
    assert np.frombuffer(buffers[loss["numbers"]], np.float64).tolist() == [0.5]
    assert same["told"] is None
    assert news["told"]["ids"] == [second.id]
    assert news["told"]["from"] == version


def test_a_page_that_lost_something_gets_the_whole_again(portal: Portal) -> None:  # noqa: F811
    for loss in (0.5, 0.25):
        finished(portal, "lost", loss)
        table(portal, "lost", version=0)

    again, _ = table(portal, "lost", version=-1)

    assert len(again["told"]["ids"]) == 2
    assert again["told"]["ids_from"] == 0


def test_two_pages_are_told_each_for_itself(portal: Portal) -> None:  # noqa: F811
    finished(portal, "two", 0.5)
    mine, _ = table(portal, "two", client="mine")
    yours, _ = table(portal, "two", client="yours")
    finished(portal, "two", 0.25)

    for client, seen in (("mine", mine), ("yours", yours)):
        news, _ = table(portal, "two", client=client, version=seen["told"]["version"])
        assert len(news["told"]["ids"]) == 1


def test_curves_of_several_runs_are_one_answer_each(portal: Portal) -> None:  # noqa: F811
    short = finished(portal, "curves", 0.5)
    long = begin(portal.lab.home, "curves")
    for step in range(5000):
        long.log("loss", float(step % 2), step=step)
    long.complete()

    found = answers(
        portal, f"curves/curves?metric=loss&run={short.id}:1&run={long.id}:5000&run=gone:3"
    )

    assert [head["curve"]["run"] for head, _ in found] == [short.id, long.id, "gone"]
    assert [head["curve"]["total"] for head, _ in found] == [1, 5000, 0]
    head, buffers = found[1]
    step, _, y = (np.frombuffer(buffers[place], np.float64) for place in head["curve"]["outline"])
    means = np.frombuffer(buffers[head["curve"]["means"][2]], np.float64)
    assert (step[0], step[-1], y.min(), y.max()) == (0, 4999, 0, 1)
    assert means.mean() == pytest.approx(0.5, abs=0.01)
    assert found[0][0]["curve"]["means"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("bit-by-bit/curves?metric=loss", 400),
        ("bit-by-bit/curves?run=a:1", 400),
        ("bit-by-bit/curves?metric=loss&run=a", 400),
        ("bit-by-bit/curves?metric=loss&run=../a:1", 400),
        ("bit-by-bit/curves?metric=loss&run=a:1" + "&run=a:1" * 200, 400),
        ("nothing/curves?metric=loss&run=a:1", 404),
        ("nothing/table?client=me", 404),
        ("..%2F..%2Fetc/table?client=me", 404),
        ("bit-by-bit/table?client=me&workspace=/etc", 404),
        ("bit-by-bit/table", 400),
        ("bit-by-bit/table?client=a%20b", 400),
        ("bit-by-bit/table?client=me&version=x", 400),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    portal: Portal,  # noqa: F811
    path: str,
    status: int,
) -> None:
    Experiment(Workspace(portal.lab.home), "bit-by-bit")

    assert portal.ask(f"/api/experiments/{path}").status == status


def test_it_is_for_those_who_signed_in(portal: Portal) -> None:  # noqa: F811
    finished(portal, "private", 0.5)

    for path in ("table?client=me", "curves?metric=loss&run=a:1"):
        answer = portal.ask(f"/api/experiments/private/{path}", signed_in=False)
        assert answer.status == 403


def test_the_page_is_a_constant_file(portal: Portal) -> None:  # noqa: F811
    answer = portal.ask("/any-experiment")

    assert answer.status == 200
    assert b"page.js" in answer.body  # type: ignore[attr-defined]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_page_compares_the_code_of_two_runs(portal: Portal) -> None:  # noqa: F811
    first, second = (finished(portal, "code", loss) for loss in (0.5, 0.25))

    known = portal.ask(f"/api/runs/{second.id}/code?than={first.id}")
    gone = portal.ask(f"/api/runs/{second.id}/code?than=gone")

    assert known.status == 200  # type: ignore[attr-defined]
    assert json.loads(known.body)["total"] == 0  # type: ignore[attr-defined]
    assert "no snapshot" in json.loads(known.body)["note"]  # type: ignore[attr-defined]
    assert gone.status == 404  # type: ignore[attr-defined]
