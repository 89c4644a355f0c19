from __future__ import annotations

import base64
import json
import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_widgets.export.picture import (
    MAX_BYTES,
    static_html,
    static_text,
)
from run_widgets.export.svg_chart import svg, ticks
from run_widgets.reading.documents import Drawings
from run_widgets.reading.downsample import Columns
from run_widgets.reading.facts import duration, facts, size
from run_widgets.reading.summary import Curves, RunSummary
from run_widgets.records import Batch, FileEntry, Kind, Record, RunError, RunRecord, RunStatus
from stranger import TEXTS

SVG = "{http://www.w3.org/2000/svg}"

# What JupyterLab's sanitiser lets through unchanged, as far as we need it.
TAGS = set(
    "div span strong code pre br p table tr th td details summary img".split()  # noqa: SIM905
)
ATTRIBUTES = {"class", "style", "open", "src", "alt", "width", "height"}
STYLES = set(
    "border-collapse color display font-family font-size font-weight line-height margin "  # noqa: SIM905
    "background-color margin-left margin-top max-width opacity padding text-align "
    "vertical-align".split()
)

HOSTILE = [*TEXTS, "&lt;b&gt; $x$ \\(y\\)", "\0\x07\x1b[31m\ud800\ufffe"]


class Parts(HTMLParser):
    """All elements, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def images(self) -> list[str]:
        return [value for name, value in self.attributes if name == "src"]


def summary_of(*records: Record) -> RunSummary:
    summary = RunSummary()
    summary.feed(Batch({}, records))
    return summary


def labelled(document: dict[str, Any], label: str) -> dict[str, Any]:
    """Return a JSON metric whose classes are all called so."""
    return {"data": document["data"] | {"class_labels": [label, label]}}


def a_list(name: str, values: list[Any]) -> Record:
    return Record(name, Kind.LIST, values, at=1.0)


def facts_of(summary: RunSummary, **about: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "id": "r1",
        "experiment": "mnist",
        "number": 3,
        "status": RunStatus.COMPLETED,
        "created_at": 1_000.0,
        "started_at": 1_000.0,
        "ended_at": 1_012.0,
    }
    record = RunRecord(**(known | about))
    return facts(record, points=summary.points, last_value_at=summary.last_value_at, now=2_000.0)


def page_of(*records: Record, **about: Any) -> Parts:
    summary = summary_of(*records)
    documents = Drawings().of(summary.documents)
    return Parts(static_html(facts_of(summary, **about), summary, documents=documents))


def chart(*values: float) -> Curves:
    (curves,) = summary_of(a_list("loss", list(values))).charts
    return curves


def paths(drawn: str) -> list[str]:
    """Return the shapes of the lines of a chart."""
    group = ET.fromstring(drawn).find(f"{SVG}g")
    assert group is not None
    return [path.attrib["d"] for path in group]


def test_all_of_a_run_is_in_its_picture() -> None:
    summary = summary_of(
        a_list("Fibonacci", [0, 1, 1, 2]),
        Record("wave", Kind.TABLE, {"angle": [0, 1], "cos": [1.0, 0.5]}, at=2.0),
        Record("map", Kind.IMAGE, "map.png", at=3.0),
    )
    about = facts_of(summary, tags={"Build": "42"}, arguments=("--lr", "0.1"))

    html = static_html(
        about,
        summary,
        [FileEntry("outputs/model.bin", 12_345, 0.0)],
        image_of=lambda name: ("image/png", name.encode()),
    )

    page = Parts(html)
    for text in (
        "mnist · run 3",
        "● Completed",
        "1970-01-01 00:16:40 UTC · 12.0 s · 7 values",
        "Vector[4]",
        "Fibonacci over index",
        "wave over angle",
        "outputs/model.bin",
        "12.3 kB",
        "Build 42",
        "--lr 0.1",
    ):
        assert text in page.text
    assert len(page.images()) == 3
    assert page.images()[-1] == "data:image/png;base64," + base64.b64encode(b"map.png").decode()
    assert page.open == []


MATRIX = {"data": {"class_labels": ["cat", "dog"], "matrix": [[3, 1], [0, 4]]}}
RESIDUALS = {"data": {"bin_edges": [-1, 0, 1], "bin_counts": [2, 3]}}
TABLE = {
    "data": {
        "probability_tables": [[[5, 5, 0, 0], [3, 1, 4, 2], [0, 0, 5, 5]]],
        "probability_thresholds": [0.0, 0.5, 1.0],
    }
}


def test_json_metrics_are_drawn_in_it() -> None:
    summary = summary_of(
        Record("classes", Kind.CONFUSION_MATRIX, MATRIX, at=1.0),
        Record("errors", Kind.RESIDUALS, RESIDUALS, at=2.0),
        Record("scores", Kind.ACCURACY_TABLE, TABLE, at=3.0),
        Record("broken", Kind.PREDICTIONS, {}, at=4.0),
    )

    html = static_html(facts_of(summary), summary, documents=Drawings().of(summary.documents))

    page = Parts(html)
    assert "classes accuracy 0.875" in page.text
    assert "true ↓ predicted →catdogcat31dog04" in page.text
    assert re.findall(r"rgba\(([^)]*)\)", html) == [
        "43,123,214,0.51",
        "211,69,58,0.21",
        "211,69,58,0.06",
        "43,123,214,0.66",
    ]
    assert "broken Predictions that cannot be drawn: it has no data" in page.text
    drawn = [base64.b64decode(image.partition(",")[2]).decode() for image in page.images()]
    assert len(drawn) == 6
    bars, roc = (ET.fromstring(picture).findall(f".//{SVG}g/{SVG}path") for picture in drawn[:2])
    assert len(bars) == 2
    assert "scores ROC" in page.text
    assert len(roc) == 2  # its curve, and what chance would be


def test_curves_of_many_classes_leave_room_for_the_rest() -> None:
    rng = np.random.default_rng(0)
    tables = np.sort(rng.integers(0, 1000, (10, 200, 4)), axis=1).tolist()
    data = {"probability_tables": tables, "probability_thresholds": np.linspace(0, 1, 200).tolist()}
    summary = summary_of(Record("scores", Kind.ACCURACY_TABLE, {"data": data}, at=1.0))

    html = static_html(facts_of(summary), summary, documents=Drawings().of(summary.documents))

    assert html.count("<img") == 5
    assert len(html.encode("utf-8")) < 60_000


def test_child_runs_are_a_table_in_it() -> None:
    summary = summary_of()
    child = {"number": 2, "name": "trial", "status": "Failed", "labels": {"lr": "0.1"}}
    children = [child | {"metrics": {"loss": 0.5}}, child | {"number": 1, "metrics": {}}]

    page = Parts(static_html(facts_of(summary), summary, children=children))

    assert "Child runs (2)RunNameStatuslrloss2trialFailed0.10.51trialFailed0.1" in page.text


@pytest.mark.parametrize(("metrics", "opened"), [(40, True), (41, False)])
def test_very_many_metrics_leave_the_charts_in_sight(metrics: int, opened: bool) -> None:
    page = page_of(*(a_list(f"m{i}", [1, 2]) for i in range(metrics)))

    assert (("open", "") in page.attributes) == opened


def test_what_somebody_has_called_a_run_stands_on_top() -> None:
    page = page_of(
        display_name="warm-up",
        description="a second try",
        status=RunStatus.RUNNING,
        ended_at=None,
        done_steps=30,
        total_steps=1_000,
    )

    assert page.text.startswith("warm-up ● Runningmnist · run 3 · 1970")
    assert "30 of 1,000 steps" in page.text
    assert "a second try" in page.text


def test_a_failed_run_says_why() -> None:
    error = RunError("out of <memory>", type="MemoryError", traceback="Traceback:\n  line 1")

    page = page_of(status=RunStatus.FAILED, error=error)

    assert "MemoryError: out of <memory>" in page.text
    assert "Traceback:\n  line 1" in page.text


def test_a_run_that_goes_on_says_when_it_was_seen() -> None:
    page = page_of(status=RunStatus.RUNNING, ended_at=None)

    assert "16 min 40 s" in page.text
    assert "seen 1970-01-01 00:33:20 UTC" in page.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_wherever_it_is_logged(text: str) -> None:
    summary = summary_of(
        a_list(text, [1, 2]),
        a_list("text", [text]),
        Record("table " + text, Kind.TABLE, {text: [text, 1], "b": [1, 2], "c": [1, 2]}, at=2.0),
        Record("image " + text, Kind.IMAGE, text, at=3.0),
        Record("matrix " + text, Kind.CONFUSION_MATRIX, labelled(MATRIX, text), at=4.0),
        Record("curves " + text, Kind.ACCURACY_TABLE, labelled(TABLE, text), at=5.0),
    )
    child = {"number": 1, "name": text, "status": "Failed", "labels": {text: text}}
    about = facts_of(
        summary,
        id=text,
        experiment=text,
        display_name=text,
        description=text,
        waiting_for=text,
        interrupted=text,
        tags={text: text},
        properties={text: text},
        arguments=(text,),
        error=RunError(text, type=text, traceback=text),
    )

    html = static_html(
        about,
        summary,
        [FileEntry(text, 1, 0.0)],
        documents=Drawings().of(summary.documents),
        children=[child | {"metrics": {text: text}}],
    )

    page = Parts(html)
    assert set(page.tags) <= TAGS
    assert {name for name, _ in page.attributes} <= ATTRIBUTES
    assert html.encode("utf-8")
    assert not re.search("[\0-\x08\x0b-\x1f]", html)
    assert page.open == []


def test_the_sanitiser_has_nothing_to_remove() -> None:
    page = page_of(
        a_list("loss", [1, 2]),
        Record("t", Kind.TABLE, {"a": list(range(50)), "b": list(range(50))}, at=2.0),
        Record("classes", Kind.CONFUSION_MATRIX, MATRIX, at=3.0),
        Record("errors", Kind.RESIDUALS, RESIDUALS, at=4.0),
        error=RunError("message", traceback="traceback"),
        tags={"a": "b"},
    )

    styles = [value for name, value in page.attributes if name == "style"]
    assert {rule.partition(":")[0] for style in styles for rule in style.split(";")} <= STYLES
    assert set(page.tags) <= TAGS
    assert {name for name, _ in page.attributes} <= ATTRIBUTES
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.images())


@pytest.mark.parametrize(("charts", "points"), [(1, 100_000), (50, 3_000), (1_000, 300)])
def test_it_stays_within_its_budget(charts: int, points: int) -> None:
    noise = np.random.default_rng(0).normal(size=points)
    summary = summary_of(*(a_list(f"m{i}", (noise + i).tolist()) for i in range(charts)))

    html = static_html(facts_of(summary), summary)

    assert len(html.encode("utf-8")) <= MAX_BYTES
    assert Parts(html).open == []


def test_of_very_many_charts_each_group_shows_some() -> None:
    names = [f"{group}/w{k}" for group in ("first", "second", "third") for k in range(200)]
    summary = summary_of(*(a_list(name, [1, 2, 3]) for name in names))

    html = static_html(facts_of(summary), summary)

    shown = [name for name in names if f"<strong>{name}</strong>" in html]
    assert shown == [name for name in names if int(name.partition("w")[2]) < 8]
    assert "and 576 more charts" in html
    # All are named with their values, out of the way.
    page = Parts(html)
    assert page.texts.count("Metrics (600)") == 1
    (listed,) = [text for text in page.texts if text.startswith("first/w0 ")]
    assert listed.splitlines()[-1].split() == ["third/w199", "Vector[3]", "last", "3"]
    assert len(page.tags) < 300
    assert len(html) < 100_000


@pytest.mark.parametrize("sign", ["y", "\\", '"', "\n"])
def test_parts_beyond_the_budget_are_said_to_be_missing(sign: str) -> None:
    wide = {f"column {i}" + "x" * 200: [sign * 300] * 20 for i in range(20)}
    summary = summary_of(*(Record(f"t{i}", Kind.TABLE, wide, at=1.0) for i in range(20)))

    html = static_html(facts_of(summary), summary)

    assert len(json.dumps(html)) <= MAX_BYTES
    assert "more parts are in the run itself" in html


def test_an_image_that_is_too_big_is_named() -> None:
    summary = summary_of(Record("map", Kind.IMAGE, "map.png", at=1.0))

    html = static_html(facts_of(summary), summary, image_of=lambda _: ("image/png", bytes(10**6)))

    assert Parts(html).images() == []
    assert "map.png" in html


def test_an_error_is_named_once() -> None:
    said = RunError("User program failed with ValueError: no", type="ValueError")

    page = page_of(status=RunStatus.FAILED, error=said)

    assert page.text.count("ValueError") == 1


REPEATED = {
    "run_id": "r1",
    "title": "run 3",
    "headline": "1 metric different",
    "outcome": "different",
    "note": "",
    "metrics": [
        {"name": "loss", "verdict": "different", "before": "2 values", "after": "3", "largest": 1.0}
    ],
}


def test_a_replay_has_the_first_run_s_lines_behind_its_own_and_its_verdicts() -> None:
    summary = summary_of(a_list("loss", [1.0, 2.0]), a_list("new", [1.0, 2.0]))
    first = np.array([0.0, 1.0, 2.0])
    behind = {
        ("loss", "loss"): Columns(first, first * 50, first),
        ("gone", "gone"): Columns(first, first, first),
    }

    page = static_html(facts_of(summary), summary, original=REPEATED, behind=behind)

    assert "Replay of run 3" in page
    assert "<td" in page.partition("1 metric different")[2]
    loss, new = (base64.b64decode(image.partition("base64,")[2]).decode() for image in images(page))
    assert loss.count('stroke-opacity=".3"') == 1
    assert ">100</text>" in loss  # what is behind has its room too
    assert 'stroke-opacity=".3"' not in new
    ET.fromstring(loss)


def images(page: str) -> list[str]:
    return Parts(page).images()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_of_a_first_run_is_text(text: str) -> None:
    metrics = [dict.fromkeys(("name", "verdict", "before", "after"), text)]
    told = REPEATED | {"title": text, "headline": text, "note": text, "metrics": metrics}

    page = Parts(static_html(facts_of(summary_of()), summary_of(), original=told))

    assert not {"script", "svg"} & set(page.tags)
    assert "img" not in page.tags


def test_a_spike_is_in_the_picture() -> None:
    values = np.zeros(100_000)
    values[54_321] = 1.0

    (path,) = paths(svg(chart(*values.tolist()), max_points=200))

    ups = [int(dy) for dy in re.findall(r"l-?\d+ ?(-?\d+)", path) if int(dy) < -500]
    assert len(ups) == 1


def test_a_line_is_broken_at_its_gaps_and_a_lone_point_is_a_dot() -> None:
    line, dots = paths(svg(chart(1, 2, math.nan, 3, math.inf, 4, 5), max_points=50))

    assert line.count("m") == 3
    assert dots.count("h0") == 1


@pytest.mark.parametrize(("kind", "is_line"), [("table", False), ("metric", True)])
def test_a_table_over_a_column_that_goes_back_and_forth_is_drawn_as_dots(
    kind: str, is_line: bool
) -> None:
    drawn = Curves("scores", kind, "precision")
    line = drawn.line("recall")
    assert line is not None
    line.outline.extend(np.array([3.0, 1, 2]), np.array([1.0, 2, 3]), np.zeros(3))

    (path,) = paths(svg(drawn, max_points=50))

    assert ("l" in path) == is_line
    assert path.count("h0") == (0 if is_line else 3)


@pytest.mark.parametrize(
    "values",
    [
        [5.0] * 9,
        [math.nan] * 3,
        [7.0],
        [-1.7e308, 1.7e308],
        [1.7976931348623157e308],
        [-1e300],
        [5e-324],
    ],
)
def test_any_line_can_be_drawn(values: list[float]) -> None:
    drawn = svg(chart(*values), max_points=50)

    assert "nan" not in drawn
    assert "inf" not in drawn
    assert ET.fromstring(drawn).tag == f"{SVG}svg"


@given(st.lists(st.floats(), min_size=1, max_size=30))
def test_every_drawn_point_is_inside_the_chart(values: list[float]) -> None:
    for path in paths(svg(chart(*values), max_points=50)):
        x = y = 0
        for kind, dx, dy in re.findall(r"([Mml])(-?\d+) ?(-?\d+)", path):
            x, y = (int(dx), int(dy)) if kind == "M" else (x + int(dx), y + int(dy))
            assert 0 <= x <= 3_000
            assert 0 <= y <= 1_500


@given(low=st.floats(-1e200, 1e200), distance=st.floats(1e-300, 1e200), most=st.integers(2, 8))
def test_ticks_lie_in_their_range_and_are_few(low: float, distance: float, most: int) -> None:
    high = low + distance
    if low < high:
        values = ticks(low, high, most=most)

        assert 2 <= len(values) <= most + 2
        assert values == sorted(values)
        slack = distance * 1e-6 + abs(low) * 1e-9
        assert low - slack <= values[0] <= values[-1] <= high + slack


@pytest.mark.parametrize("distance", [0, 5e-324])
def test_values_that_nothing_lies_between_are_their_own_ticks(distance: float) -> None:
    assert ticks(0, distance, most=5) == sorted({0, distance})


def test_ticks_are_round() -> None:
    assert ticks(0.03, 0.97, most=5) == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert ticks(-7, 93, most=5) == [0, 20, 40, 60, 80]


def test_the_text_has_what_matters_in_a_few_lines() -> None:
    summary = summary_of(*(a_list(f"m{i}", [1, 0.25]) for i in range(100)))

    lines = static_text(facts_of(summary), summary).splitlines()

    assert lines[:2] == ["mnist · run 3 · Completed · 12.0 s", "r1"]
    assert lines[2] == "  m0   Vector[2]  last 0.25"
    assert lines[-1] == "  … and 80 more"


def test_a_long_value_is_one_line_of_the_text() -> None:
    summary = summary_of(a_list("multi\nline", [1]), a_list("m", ["word\n" * 100] * 2))

    lines = static_text(facts_of(summary), summary).splitlines()

    assert lines[2] == "  multi line  Vector[1]  last 1"
    assert lines[3].startswith("  m           Vector[2]  last word word")
    assert lines[3].endswith("…")
    assert len(lines) == 4


def test_a_reason_does_not_name_its_type_twice() -> None:
    def page(message: str) -> str:
        return page_of(error=RunError(message=message, type="ValueError")).text

    assert "ValueError: no shape" in page("no shape")
    assert page("User program failed with ValueError: no shape").count("ValueError") == 1


def test_many_lines_leave_the_chart_in_sight() -> None:
    rows = [
        Record("wave", Kind.ROW, {"x": x, **{f"line {i}": i * x for i in range(30)}}, at=1.0)
        for x in range(3)
    ]

    page = page_of(*rows).text

    assert "— line 7" in page
    assert "— line 8" not in page
    assert "and 22 more" in page


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (3.21, "3.2 s"),
        (59.97, "1 min 00 s"),
        (312, "5 min 12 s"),
        (3_599.6, "1 h 00 min"),
        (11_100, "3 h 05 min"),
        (4e7, "11,111 h 06 min"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (12_345, "12.3 kB"), (999_999, "1 MB"), (5 * 10**12, "5 TB")],
)
def test_sizes_are_said_as_people_say_them(count: int, text: str) -> None:
    assert size(count) == text
