from __future__ import annotations

import gc
import json
import math
import os
import subprocess
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import comm
import numpy as np
import pytest
from comm.base_comm import BaseComm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ipywidgets.widgets import widget as registry

from run_widgets import Experiment, Run, RunDetails, Workspace
from run_widgets.errors import RunNotFound
from run_widgets.export.picture import MAX_BYTES
from run_widgets.panel import charts
from run_widgets.panel.poll import News
from run_widgets.panel.run_details import _answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BEYOND = {"request": 7, "from": 0, "to": 1, "points": 10}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


class Wire:
    """Stands in for the browser's end of the comms: keeps what is sent, like a model does."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def take(self) -> list[dict[str, Any]]:
        sent, self.sent = self.sent, []
        return sent

    @property
    def names(self) -> list[str]:
        """What was sent: the changed traits of an update, or the type of a message."""
        return [
            " ".join(sorted(data["state"]))
            if data.get("method") == "update"
            else data["content"]["type"]
            for data in (message["data"] for message in self.sent)
            if "method" in data
        ]

    def open_comm(self, **about: Any) -> BaseComm:
        wire = self

        class Comm(BaseComm):
            def publish_msg(self, msg_type: str, data: Any = None, **keys: Any) -> None:
                # What cannot be strict JSON cannot be sent to a browser.
                json.dumps(data, allow_nan=False).encode("utf-8")
                message = {"type": msg_type, "comm": self.comm_id, "data": data}
                buffers = keys.get("buffers") or []
                if sizes := data.get("content", {}).get("sizes"):
                    ends = np.cumsum(sizes).tolist()
                    buffers = [
                        buffers[0][end - size : end] for size, end in zip(sizes, ends, strict=True)
                    ]
                wire.sent.append(message | {"buffers": buffers})

        return Comm(**about)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(comm, "create_comm", wire.open_comm)
    return wire


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(Workspace(tmp_path / "workspace"), "mnist")


@pytest.fixture
def run(experiment: Experiment) -> Iterator[Run]:
    run = start(experiment)
    yield run
    if run.get_status() == "Running":
        run.complete()


@pytest.fixture(autouse=True)
def leaves_no_threads() -> Iterator[None]:
    yield
    for widget in list(registry._instances.values()):
        widget.close()
    wait_until(lambda: not pollers())


def start(experiment: Experiment) -> Run:
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    run.get_snapshot_id()  # waits for what is kept of a run's source in the background
    return run


def pollers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "run-widgets panel" in thread.name]


def wait_until(seen: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait for a thing that another thread does."""
    deadline = time.monotonic() + within_s
    while not seen():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def drawn(details: RunDetails, name: str) -> list[list[float]]:
    """Return x and y of each line of a chart, as the browser gets them with the state."""
    (chart,) = [chart for chart in details.charts if chart.name == name]
    return [
        [np.frombuffer(line[axis], np.float64).tolist() for axis in ("x", "y")]
        for line in chart.whole()["data"]
    ]


def untimed(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out when each was logged."""
    return [{name: entry[name] for name in entry if name != "at"} for entry in entries]


# -- what is shown -------------------------------------------------------------------------


def test_a_finished_run_is_shown_at_once_and_needs_no_thread(run: Run, wire: Wire) -> None:
    for value in (3.0, 2.0):
        run.log("loss", value)
    run.log("Category", "one")
    run.log_table("wave", {"angle": [0, 1], "cos": [1.0, 0.5]})
    run.tag("kind", "test")
    run.complete()

    details = RunDetails(run)
    details.follow()

    state = details.get_state()
    assert state["facts"]["status"] == "Completed"
    assert state["facts"]["tags"] == {"kind": "test"}
    assert untimed(state["metrics"]) == [
        {"name": "loss", "kind": "vector", "text": "Vector[2]"},
        {"name": "Category", "kind": "text", "text": "one"},
        {"name": "wave", "kind": "table", "text": "Table[2x2]"},
    ]
    assert untimed(state["tables"]) == [
        {"name": "wave", "columns": ["angle", "cos"], "rows": [[0, 1.0], [1, 0.5]], "total": 2}
    ]
    assert [chart.name for chart in details.charts] == ["loss", "wave"]
    assert drawn(details, "loss") == [[[0, 1], [3, 2]]]
    assert (state["following"], state["problem"], pollers()) == (False, "", [])


def test_a_panel_opens_before_the_run_is_read_and_then_is_told_all(run: Run, wire: Wire) -> None:
    run.log_list("loss", [1.0, 0.5])

    details = RunDetails(run)

    # The browser loads what it draws with, while the kernel reads.
    opening, *told = [m for m in wire.sent if m["comm"] == details.model_id]
    assert (opening["type"], opening["data"]["state"]["metrics"]) == ("comm_open", [])
    assert wire.names == ["facts original", "grow"]
    grow = told[1]["data"]["content"]
    assert grow["metrics"]["0"]["text"] == "Vector[2]"
    assert grow["charts"]["0"]["name"] == "loss"


def test_without_news_nothing_is_sent(run: Run, wire: Wire) -> None:
    run.log("loss", 1.0)
    run.log("loss", 0.5)
    run.log_row("row", a=1, b=2)
    details = RunDetails(run)
    wire.take()

    assert [details.tick() for _ in range(3)] == [News.NONE] * 3
    assert wire.sent == []


def test_news_of_many_metrics_take_two_messages(run: Run, wire: Wire) -> None:
    for name in range(30):
        run.log_list(f"metric {name}", [1, 2])
    run.log_row("row", a=1, b=2)
    details = RunDetails(run)
    wire.take()

    for name in range(30):
        run.log_list(f"metric {name}", [3])
    run.log_row("row", a=3, b=4)
    news = details.tick()

    assert news is News.SOME
    assert wire.names == ["facts", "grow"]
    content = wire.sent[1]["data"]["content"]
    assert len(content["charts"]) == 31
    assert (content["metrics"]["0"], content["metrics"]["30"]) == ("Vector[3]", "Table[2x2]")
    assert content["charts"]["0"] == {
        "type": "append",
        "from": 2,
        "series": [{"x": 0, "y": 1, "at": 2, "total": 3}],
    }
    assert untimed(content["tables"]) == [
        {"name": "row", "columns": ["a", "b"], "rows": [[3, 4]], "total": 2, "from": 1}
    ]
    x, y = (np.frombuffer(wire.sent[1]["buffers"][place], np.float64) for place in (0, 1))
    assert (x.tolist(), y.tolist()) == ([2.0], [3.0])


def growths(wire: Wire) -> list[dict[str, Any]]:
    """Return what was told of charts, message by message."""
    contents = [message["data"].get("content", {}) for message in wire.sent]
    return [content["charts"] for content in contents if content.get("type") == "grow"]


def test_of_a_thousand_metrics_those_on_the_first_screen_are_told_first(
    run: Run, wire: Wire
) -> None:
    for name in range(1_000):
        run.log_list(f"metric {name}", [1, 2])
    run.complete()

    details = RunDetails(run, metrics=["metric 99*"])

    (opening,) = growths(wire)
    assert list(map(int, opening)) == [99, *range(990, 1_000), *range(99), *range(100, 990)]
    assert opening["99"]["series"][0]["total"] == opening["999"]["series"][0]["total"] == 2
    assert opening["0"]["name"] == "metric 0"
    assert (opening["0"]["series"][0]["total"], opening["0"]["data"]) == (0, [])
    assert details.following

    wire.take()
    assert details.tick() is News.LAST
    (rest,) = growths(wire)
    assert len(rest) == 989
    assert rest["0"] == {
        "type": "append",
        "from": 0,
        "series": [{"x": 0, "y": 1, "at": 2, "total": 2}],
    }
    assert not details.following
    # A kernel's socket drops what a busy server has not taken: few messages, none lost.
    assert len(wire.sent) == 2


@pytest.mark.parametrize("is_on", [True, False])
def test_pythons_collector_waits_while_a_panel_opens_and_is_left_as_it_was(
    run: Run, is_on: bool
) -> None:
    for number in range(500):
        run.log_list(f"metric/{number}", [1.0, 2.0])
    run.complete()
    RunDetails(run).close()  # what is imported for the first one is not counted
    collected: list[str] = []
    gc.callbacks.append(lambda phase, _: collected.append(phase))
    try:
        if not is_on:
            gc.disable()
        gc.collect(0)
        collected.clear()
        RunDetails(run).close()
        assert gc.isenabled() == is_on
    finally:
        gc.callbacks.pop()
        gc.enable()

    assert len(collected) <= 4, "each collection starts and stops"


def test_many_points_come_in_messages_that_do_not_halt_a_browser(
    run: Run, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "BYTES_AT_ONCE", 24 * 150)
    for name in range(8):
        run.log_list(f"metric {name}", list(range(100)))
    run.complete()

    details = RunDetails(run)
    details.tick()

    with_points = [
        [place for place, chart in growth.items() if chart.get("data") != []]
        for growth in growths(wire)
    ]
    assert with_points == [["0", "1"], ["2", "3"], ["4", "5"], ["6", "7"]]


def test_of_very_many_lines_each_is_told_with_fewer_points(
    run: Run, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "MAX_STATE_POINTS", 1_200)
    for name in "abc":
        run.log_list(name, [(-1) ** k * k for k in range(1_000)])

    details = RunDetails(run)

    told = wire.sent[-1]
    for place, chart in enumerate(told["data"]["content"]["charts"].values()):
        y = np.frombuffer(told["buffers"][chart["data"][0]["y"]], np.float64)
        assert 200 < len(y) <= 400
        assert (y[0], y[-1], y.min(), y.max()) == (0, -999, -999, 998)
        assert chart["series"][0]["total"] == 1_000
        assert len(details.get_state()["charts"][place]["data"][0]["y"]) == len(y)


def test_a_metric_that_becomes_a_vector_gets_a_chart_behind_the_others(
    run: Run, wire: Wire
) -> None:
    run.log("first", 1.0)
    run.log("second", 1.0)
    run.log("second", 2.0)
    details = RunDetails(run)
    assert [chart.name for chart in details.charts] == ["second"]
    wire.take()

    run.log("first", 2.0)
    details.tick()

    assert wire.names == ["facts", "grow"]
    (new,) = wire.sent[1]["data"]["content"]["charts"].items()
    assert (new[0], new[1]["type"], new[1]["name"]) == ("1", "whole", "first")

    # Messages name charts by their places, which so stay what they are.
    assert [chart.name for chart in details.charts] == ["second", "first"]
    assert drawn(details, "first") == [[[0, 1], [1, 2]]]


def test_a_table_with_a_new_column_is_sent_again(run: Run, wire: Wire) -> None:
    run.log_row("row", a=1)
    details = RunDetails(run)
    wire.take()

    run.log_row("row", a=2, b=3)
    details.tick()

    (grow,) = [m["data"]["content"] for m in wire.sent if "grow" in str(m["data"])]
    assert untimed(grow["tables"]) == [
        {"name": "row", "columns": ["a", "b"], "rows": [[1, None], [2, 3]], "total": 2, "from": 0}
    ]


def test_metrics_and_rows_tell_when_they_were_logged(run: Run, wire: Wire) -> None:
    before = time.time()
    run.log("loss", 1.0)
    run.log_row("row", a=1)
    between = time.time()
    details = RunDetails(run)
    run.log("loss", 2.0)
    run.log_row("row", a=2)
    details.tick()

    state = details.get_state()

    assert all(before <= metric["at"] <= between for metric in state["metrics"])
    first, second = state["tables"][0]["at"]
    assert before <= first <= between <= second <= time.time()
    grow = wire.sent[-1]["data"]["content"]
    assert grow["tables"][0]["at"] == [second]


def answers(wire: Wire) -> list[dict[str, Any]]:
    contents = [(message["data"].get("content"), message["buffers"]) for message in wire.sent]
    return [
        content | {"buffers": buffers}
        for content, buffers in contents
        if content and content["type"] == "series"
    ]


def test_a_part_that_is_zoomed_into_is_sent_as_it_was_logged(run: Run, wire: Wire) -> None:
    for step in range(5_000):
        run.log("loss", math.sin(step), step=step)
    run.complete()
    details = RunDetails(run)
    part = {"over": "x", "from": 100, "to": 102, "points": 1000}

    for name, request in (("loss", 1), ("loss", 2), ("loss", 3), ("acc", 4)):
        _answer(details, {"type": "series", "request": request, "name": name, **part}, [])

    wait_until(lambda: len(answers(wire)) >= 2)
    wait_until(lambda: answers(wire)[-1]["request"] == 4)
    of_loss, of_none = answers(wire)[-2:]
    assert (of_loss["request"], of_loss["total"], of_loss["inside"]) == (3, 5_000, 3)
    x, y, _ = (np.frombuffer(column, np.float64) for column in of_loss["buffers"])
    assert x.tolist() == [99, 100, 101, 102, 103]
    assert y.tolist() == [math.sin(step) for step in x]
    assert (of_none["total"], len(of_none["buffers"][0])) == (0, 0)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "series",
        {"type": "series"},
        {"type": "series", "name": 3, "over": "x", "from": 0, "to": 1, "points": 10},
        {"type": "series", "name": "loss", "over": "x", "from": "0", "to": 1, "points": 10},
    ],
)
def test_what_is_no_question_is_let_go(run: Run, wire: Wire, content: object) -> None:
    details = RunDetails(run)

    _answer(details, content, [])
    _answer(details, {"type": "series", "name": "loss", "over": "y", **BEYOND}, [])

    wait_until(lambda: answers(wire))
    (answer,) = answers(wire)
    assert answer["problem"] == "over must be 'x' or 'at', got 'y'"


@pytest.mark.parametrize("every_s", [0, -1.0, math.nan, math.inf])
def test_a_pace_that_cannot_be_is_refused(run: Run, every_s: float) -> None:
    with pytest.raises(ValueError, match="every_s must be at least"):
        RunDetails(run, every_s=every_s)


def test_a_panel_looks_as_often_as_was_asked(run: Run) -> None:
    details = RunDetails(run, every_s=0.1)
    details.follow()

    run.log("loss", 1.0)

    deadline = time.monotonic() + 20
    while not details.metrics and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [metric["name"] for metric in details.metrics] == ["loss"]
    details.close()


def test_an_image_is_sent_once(run: Run, wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(PNG)
    run.log_image("map", path=str(tmp_path / "map.png"))
    details = RunDetails(run)

    (image,) = details.images
    details.tick()

    assert (image.name, image.mime, bytes(image.data)) == ("map", "image/png", PNG)
    assert untimed(details.metrics) == [{"name": "map", "kind": "image", "text": "Image"}]
    assert sum(PNG in map(bytes, message["buffers"]) for message in wire.sent) == 1


def test_an_image_that_is_gone_is_still_named(run: Run, wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(PNG)
    run.log_image("map", path=str(tmp_path / "map.png"))
    for entry in run.store.files(run.id):
        run.store.file_path(run.id, entry.path).unlink()

    (image,) = RunDetails(run).images

    assert (image.name, image.mime, image.data) == ("map", "", None)


def test_files_are_listed_with_their_sizes(run: Run, wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("abc")
    run.upload_file("outputs/notes.txt", str(tmp_path / "notes.txt"))

    (entry,) = RunDetails(run).files

    assert (entry["path"], entry["bytes"]) == ("outputs/notes.txt", 3)


def test_whatever_is_logged_can_be_sent(run: Run, wire: Wire) -> None:
    for value in (math.nan, math.inf, -math.inf, 10**400, -(2**63), None, True, "\ud800\0"):
        run.log("odd", value)
    run.log_row("row", nan=math.nan, inf=math.inf, big=2**60, text="\udfff", none=None)
    run.log_list("empty", [])
    run.tag("tag\ud800", "<b>")
    details = RunDetails(run)
    run.log_row("row", new=math.nan)

    assert (details.tick(), details.problem) == (News.SOME, "")
    assert details.get_state()["tables"][0]["rows"] == [
        ["NaN", "Infinity", str(2**60), "?", None, None],
        [None, None, None, None, None, "NaN"],
    ]


OPERATIONS = st.lists(
    st.one_of(
        st.floats(width=32),
        st.integers(1, 4_000).map(lambda count: ("many", count)),
        st.just("tick"),
        st.just("reload"),
    ),
    max_size=15,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(operations=OPERATIONS)
def test_a_browser_that_adds_what_it_is_told_has_the_outline_of_all(
    experiment: Experiment, wire: Wire, operations: list[Any]
) -> None:
    run = start(experiment)
    logged: list[float] = []

    def log(value: float) -> None:
        logged.append(value)
        run.log("loss", value)

    log(1.0)
    log(2.0)
    details = RunDetails(run)
    (known,) = drawn(details, "loss")
    for operation in [*operations, "tick"]:
        if operation == "reload":
            (known,) = drawn(details, "loss")
        elif operation != "tick":
            many = operation[1] if isinstance(operation, tuple) else 0
            for value in np.sin(np.arange(many)).tolist() or [operation]:
                log(value)
        else:
            wire.take()
            details.tick()
            for message in wire.sent:
                if message["data"].get("content", {}).get("type") == "grow":
                    (places,) = message["data"]["content"]["charts"]["0"]["series"]
                    for column, axis in zip(known, "xy", strict=True):
                        buffer = message["buffers"][places[axis]]
                        column += np.frombuffer(buffer, np.float64).tolist()

    details.close()
    finite = [value for value in logged if math.isfinite(value)]
    seen = [value for value in known[1] if math.isfinite(value)]
    assert (min(seen), max(seen)) == (min(finite), max(finite))
    assert known[0] == sorted(known[0])
    assert known[0][-1] == len(logged) - 1
    assert (len(finite) < len(logged)) == (len(seen) < len(known[1]))


def test_a_run_of_another_process_is_shown_as_it_goes(
    experiment: Experiment, wire: Wire, tmp_path: Path
) -> None:
    script = f"""
import sys
from run_widgets import Experiment, Workspace
run = Experiment(Workspace({str(experiment.workspace.path)!r}), "mnist").start_logging(
    outputs=False, snapshot_directory=None
)
print(run.id, flush=True)
for line in sys.stdin:
    run.log("loss", float(line))
    print("logged", flush=True)
run.complete()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def log(value: float) -> None:
            child.stdin.write(f"{value}\n")  # type: ignore[union-attr]
            child.stdin.flush()  # type: ignore[union-attr]
            child.stdout.readline()  # type: ignore[union-attr]

        details = RunDetails(Run(experiment, child.stdout.readline().strip()))
        assert (details.facts["status"], details.metrics) == ("Running", [])
        log(1.0)
        log(0.5)
        assert details.tick() is News.SOME
        assert drawn(details, "loss") == [[[0, 1], [1.0, 0.5]]]
        child.stdin.close()
        child.wait(20)

    assert details.tick() is News.LAST
    assert details.facts["status"] == "Completed"


def test_a_run_whose_process_was_killed_ends_as_failed(
    experiment: Experiment, wire: Wire, tmp_path: Path
) -> None:
    script = f"""
import os, signal
from run_widgets import Experiment, Workspace
run = Experiment(Workspace({str(experiment.workspace.path)!r}), "mnist").start_logging(
    outputs=False, snapshot_directory=None
)
print(run.id, flush=True)
run.log("loss", 1.0)
run.log("loss", 0.5)
os.kill(os.getpid(), signal.SIGKILL)
"""
    child = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    details = RunDetails(Run(experiment, child.stdout.strip()))

    details.follow()
    wait_until(lambda: not details.following)

    assert details.facts["status"] == "Failed"
    assert drawn(details, "loss") == [[[0, 1], [1.0, 0.5]]]


# -- following -----------------------------------------------------------------------------


def test_follows_in_the_background_until_the_run_ends(run: Run, wire: Wire) -> None:
    details = RunDetails(run)
    details.follow()

    run.log("loss", 1.0)
    wait_until(lambda: details.metrics, within_s=2)
    run.log("loss", 0.5)
    run.complete()
    wait_until(lambda: not pollers())

    assert drawn(details, "loss") == [[[0, 1], [1.0, 0.5]]]
    assert (details.facts["status"], details.following) == ("Completed", False)


def test_there_is_one_thread_however_often_it_is_asked_to_follow(run: Run, wire: Wire) -> None:
    details = RunDetails(run)

    for _ in range(5):
        details.follow()

    assert len(pollers()) == 1


def test_closing_ends_the_thread(run: Run, wire: Wire) -> None:
    details = RunDetails(run)
    details.follow()

    details.close()
    wait_until(lambda: not pollers(), within_s=2)
    wire.take()
    run.log("loss", 1.0)

    assert details.tick() is News.LAST
    assert wire.sent == []


def test_a_panel_without_views_rests_until_it_has_one_again(run: Run, wire: Wire) -> None:
    details = RunDetails(run)
    details.follow()
    details.set_state({"_view_count": 1})
    assert len(pollers()) == 1

    details.set_state({"_view_count": 0})
    wait_until(lambda: not pollers(), within_s=2)
    run.log("loss", 1.0)
    details.set_state({"_view_count": 1})

    wait_until(lambda: details.metrics, within_s=2)
    assert details.following


def test_a_panel_that_is_closed_and_forgotten_is_freed(run: Run, wire: Wire) -> None:
    details = RunDetails(run)
    details.follow()
    gone = weakref.ref(details)

    details.close()
    del details

    def is_gone() -> bool:
        gc.collect()
        return gone() is None

    wait_until(is_gone)


def test_closing_leaves_nothing_behind(run: Run, wire: Wire) -> None:
    run.log_row("row", a=1, b=2)
    run.log_list("list", [1, 2])
    before, descriptors = set(registry._instances), len(os.listdir("/proc/self/fd"))
    details = RunDetails(run)
    assert len(registry._instances) > len(before)

    details.close()

    assert set(registry._instances) == before
    assert len(os.listdir("/proc/self/fd")) <= descriptors


def test_a_closed_panel_can_be_shown_again(
    run: Run, wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    run.log_list("list", [1, 2])
    details = RunDetails(run)
    details.close()
    run.log_list("list", [3])

    details.show()

    assert "Vector[3]" in capsys.readouterr().out
    assert drawn(details, "list") == [[[0, 1, 2], [1, 2, 3]]]
    assert details._repr_mimebundle_()["text/plain"]


def test_a_run_that_goes_on_after_its_end_is_followed_again(
    experiment: Experiment, wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(experiment)
    run.log("loss", 1.0)
    run.complete()
    details = RunDetails(run)
    assert not details.following

    again = experiment.start_logging(
        run_id=run.id, resume=True, outputs=False, snapshot_directory=None
    )
    details.show()

    assert details.following
    again.complete()


def test_a_browser_may_ask_for_the_state_at_any_moment(run: Run, wire: Wire) -> None:
    run.log_list("loss", [1, 2])
    details = RunDetails(run)
    done = threading.Event()

    def train() -> None:
        for step in range(20_000):
            run.log("loss", step)
            run.log_row("row", step=step, value=-step)
        done.set()

    def look() -> None:
        while not done.is_set():
            details.tick()

    threads = [threading.Thread(target=work) for work in (train, look)]
    for thread in threads:
        thread.start()
    while not done.is_set():
        for chart in details.get_state("charts")["charts"]:
            for line in chart["data"]:
                lengths = {len(np.frombuffer(column, np.float64)) for column in line.values()}
                assert len(lengths) == 1
    for thread in threads:
        thread.join()
    details.tick()

    assert details.problem == ""
    assert [chart.curves.lines[0].outline.total for chart in details.charts] == [20_002, 20_000]


# -- what goes wrong -----------------------------------------------------------------------


def test_a_reading_that_fails_is_told_and_tried_again(
    run: Run, wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    run.log_list("list", [1, 2])
    details = RunDetails(run)
    away = run.folder.with_name("away")
    run.folder.rename(away)

    assert [details.tick(), details.tick()] == [News.NONE, News.NONE]
    assert details.problem.startswith("RunNotFound: no run")
    assert details.metrics[0]["text"] == "Vector[2]"

    away.rename(away.with_name(run.id))
    run.log_list("list", [3])

    assert details.tick() is News.SOME
    assert (details.problem, details.metrics[0]["text"]) == ("", "Vector[3]")
    assert capsys.readouterr() == ("", "")


def test_a_run_that_is_not_there_is_an_error_at_once(experiment: Experiment, wire: Wire) -> None:
    run = start(experiment)
    run.complete()
    run.folder.rename(run.folder.with_name("away"))

    with pytest.raises(RunNotFound, match=run.id):
        RunDetails(run)


def test_what_is_not_a_run_is_refused(wire: Wire) -> None:
    with pytest.raises(TypeError, match="takes a Run, got 'r1' of type str"):
        RunDetails("r1")  # type: ignore[arg-type]


# -- from Python ---------------------------------------------------------------------------


def test_how_charts_are_looked_at_begins_as_python_says(run: Run) -> None:
    details = RunDetails(run, metrics=["loss", "val/*"], columns=2, smoothing=0.6, x="elapsed")

    assert details.look == {
        "metrics": ["loss", "val/*"],
        "columns": 2,
        "smoothing": 0.6,
        "x": "elapsed",
        "x_scale": "linear",
        "y_scale": "linear",
        "overlay": False,
        "clip": False,
    }


def test_a_chart_is_a_live_figure_by_its_name(run: Run, wire: Wire) -> None:
    run.log_list("loss", [3, 2])
    details = RunDetails(run)

    figure = details.charts["loss"]
    assert details.figures == [{"place": 0, "figure": figure}]
    figure.marks[0].colors = ["red"]
    run.log_list("loss", [1])
    details.tick()

    assert details.charts["loss"] is figure
    assert figure.marks[0].y.tolist() == [3, 2, 1]
    assert figure.marks[0].colors == ["red"]
    with pytest.raises(KeyError, match="no chart 'los'; there are: 'loss'"):
        details.charts["los"]


def test_its_traits_can_be_observed(run: Run, wire: Wire) -> None:
    details = RunDetails(run)
    seen: list[str] = []
    details.observe(lambda change: seen.append(change["new"]["status"]), "facts")

    run.complete()
    details.tick()

    assert seen == ["Completed"]


def test_the_data_shown_has_the_names_that_other_tools_use(run: Run, wire: Wire) -> None:
    run.log("depth", 3)
    run.log_list("loss", [0.5, 0.25])
    run.log_table("wave", {"angle": [0, 1], "cos": [1.0, 0.5]})
    details = RunDetails(run)
    run.tag("kind", "test")

    data = details.get_widget_data()

    assert (data["status"], data["run_id"]) == ("Running", run.id)
    assert data["run_properties"]["tags"] == {"kind": "test"}
    assert data["run_metrics"] == [
        {"name": "depth", "run_id": run.id, "categories": [0], "series": [{"data": [3]}]},
        {
            "name": "loss",
            "run_id": run.id,
            "categories": [0.0, 1.0],
            "series": [{"data": [0.5, 0.25]}],
        },
        {
            "name": "wave",
            "run_id": run.id,
            "categories": [0],
            "series": [{"data": [{"angle": [0, 1], "cos": [1.0, 0.5]}]}],
        },
    ]


def test_without_a_kernel_it_prints_the_run(
    run: Run, wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    run.log("loss", 0.5)

    RunDetails(run).show()

    assert "mnist · run 1 · Running" in capsys.readouterr().out
    assert pollers() == []


def test_a_function_that_shows_html_gets_a_picture(run: Run, wire: Wire) -> None:
    shown: list[str] = []

    RunDetails(run).show(render_lib=shown.append)

    assert "mnist · run 1" in shown[0]


def test_what_a_notebook_saves_is_complete_and_small(run: Run, wire: Wire) -> None:
    for metric in range(150):
        run.log_list(f"train/loss {metric}", np.random.default_rng(metric).normal(size=3_000))

    bundle = RunDetails(run)._repr_mimebundle_()

    assert set(bundle) == {
        "application/vnd.run-widgets.run+json",
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/plain",
    }
    assert len(json.dumps(bundle)) < MAX_BYTES + 3_000


def test_its_repr_is_one_line(run: Run, wire: Wire) -> None:
    assert repr(RunDetails(run)) == f"RunDetails({run.id!r}, Running)"
