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


def table(portal: Portal, name: str, **query: object) -> tuple[dict[str, Any], list[bytes]]:  # noqa: F811
    words = "&".join(f"{key}={value}" for key, value in {"client": "me", **query}.items())
    answer = portal.ask(f"/api/experiments/{name}/table?{words}")
    assert answer.status == 200, answer.body  # type: ignore[attr-defined]
    body: bytes = answer.body  # type: ignore[attr-defined]
    (size,) = struct.unpack_from("<I", body)
    head = json.loads(body[4 : 4 + size], parse_constant=pytest.fail)
    buffers, place = [], 4 + size
    for length in head["buffers"]:
        buffers.append(body[place : place + length])
        place += length
    assert place == len(body)
    return head, buffers


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


@pytest.mark.parametrize(
    ("path", "status"),
    [
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

    answer = portal.ask("/api/experiments/private/table?client=me", signed_in=False)

    assert answer.status == 403


def test_the_page_is_a_constant_file(portal: Portal) -> None:  # noqa: F811
    answer = portal.ask("/any-experiment")

    assert answer.status == 200
    assert b"page.js" in answer.body  # type: ignore[attr-defined]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
