from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from ipywidgets.widgets import widget as registry

from run_widgets.panel.charts import (
    MAX_STATE_POINTS,
    Charts,
    RunChart,
    figure,
    is_wanted,
    look,
    wholes,
)
from run_widgets.reading.summary import PALETTE, Curves, Line


def curves(*names: str, points: int = 3) -> Curves:
    made = Curves("wave", "table", "angle")
    for name in names:
        line = made.line(name)
        assert line is not None
        extend(line, points)
    return made


def extend(line: Line, points: int) -> None:
    x = np.arange(line.outline.total, line.outline.total + points, dtype=np.float64)
    line.outline.extend(x, x / 10, x + 1e9)


def columns(chart: RunChart) -> list[dict[str, list[float]]]:
    data: Any = chart.whole()["data"]
    return [
        {name: np.frombuffer(column, np.float64).tolist() for name, column in line.items()}
        for line in data
    ]


def told(shown: Curves) -> RunChart:
    """Return a chart that somebody knows as it is now."""
    chart = RunChart(shown)
    chart.news([])
    return chart


@pytest.mark.parametrize(
    ("name", "asked", "wanted"),
    [
        ("loss", [], True),
        ("loss", ["acc", "loss"], True),
        ("val/loss", ["val/*"], True),
        ("val/loss", ["loss"], False),
        ("acc[1]", ["acc[1]"], True),
        ("acc[1]", ["acc[*"], True),
        ("acc1", ["acc[1]"], False),
    ],
)
def test_metrics_are_asked_for_by_names_and_patterns(
    name: str, asked: list[str], wanted: bool
) -> None:
    assert is_wanted(name, asked) is wanted


def test_a_figure_has_a_mark_for_each_line_and_no_legend() -> None:
    lines = curves("sin", "cos").lines

    drawn = figure(lines, x_label="angle", y_label="")

    assert [mark.labels for mark in drawn.marks] == [["sin"], ["cos"]]
    assert [mark.colors for mark in drawn.marks] == [[PALETTE[0]], [PALETTE[1]]]
    assert not any(mark.display_legend for mark in drawn.marks)
    assert [axis.label for axis in drawn.axes] == ["angle", ""]
    assert drawn.animation_duration == 0


def test_lines_beyond_the_fourth_are_told_apart_by_dashes_too() -> None:
    drawn = figure(curves(*"abcdefghij").lines, x_label="", y_label="")

    looks = [(mark.colors[0], mark.line_style) for mark in drawn.marks]
    assert len(set(looks)) == 10
    assert {style for _, style in looks[:4]} == {"solid"}
    assert {style for _, style in looks[4:8]} == {"dashed"}


def luminance(color: str) -> float:
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("color", PALETTE)
@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
def test_every_colour_stands_out_from_light_and_dark_pages(color: str, page: str) -> None:
    dark, light = sorted((luminance(color), luminance(page)))

    assert (light + 0.05) / (dark + 0.05) >= 3


def test_the_state_has_the_whole_outline_as_float64() -> None:
    chart = RunChart(curves("sin", "cos", points=2))

    assert chart.whole()["series"] == [
        {"name": "sin", "color": PALETTE[0], "total": 2},
        {"name": "cos", "color": PALETTE[1], "total": 2},
    ]
    assert columns(chart)[0] == {"x": [0.0, 1.0], "y": [0.0, 0.1], "at": [1e9, 1e9 + 1]}


def test_growing_is_told_in_what_is_new() -> None:
    shown = curves("sin", "cos", points=2)
    chart = told(shown)
    extend(shown.lines[1], 3)
    buffers = [memoryview(b"somebody else's")]

    message = chart.news(buffers)

    assert message == {
        "type": "append",
        "from": 4,
        "series": [None, {"x": 1, "y": 2, "at": 3, "total": 5}],
    }
    assert [np.frombuffer(buffer, np.float64).tolist() for buffer in buffers[1:]] == [
        [2.0, 3.0, 4.0],
        [0.2, 0.3, 0.4],
        [1e9 + 2, 1e9 + 3, 1e9 + 4],
    ]
    assert columns(chart)[1]["x"] == [0, 1, 2, 3, 4]


def test_without_news_there_is_no_message() -> None:
    chart = told(curves("sin"))
    buffers: list[memoryview] = []

    assert chart.news(buffers) is None
    assert buffers == []


def test_a_chart_that_nobody_knows_is_told_whole() -> None:
    chart = RunChart(curves("sin", points=2))
    buffers: list[memoryview] = []

    message = chart.news(buffers)

    assert message == {
        "type": "whole",
        "name": "wave",
        "kind": "table",
        "x_label": "angle",
        "y_label": "sin",
        "series": [{"name": "sin", "color": PALETTE[0], "total": 2}],
        "data": [{"x": 0, "y": 1, "at": 2}],
    }
    assert np.frombuffer(buffers[1], np.float64).tolist() == [0.0, 0.1]


def test_a_new_line_gets_a_mark_and_is_told_with_the_whole() -> None:
    shown = curves("sin")
    chart = told(shown)
    taken = chart.take()
    line = shown.line("cos")
    assert line is not None
    extend(line, 2)

    message = chart.news([])

    assert [mark.labels for mark in taken.marks] == [["sin"], ["cos"]]
    assert taken.marks[1].scales == taken.marks[0].scales
    assert taken.marks[1].x.tolist() == [0, 1]
    assert message is not None
    assert (message["type"], message["y_label"]) == ("whole", "")
    extend(line, 1)
    message = chart.news([])
    assert message is not None
    assert message["from"] == 5


def test_of_very_many_lines_each_is_told_with_fewer_points() -> None:
    charts = [RunChart(curves("sin", points=4_000)) for _ in range(2_000)]

    states = wholes(charts)

    points = [len(line["y"]) for state in states for line in state["data"]]  # type: ignore[attr-defined]
    assert sum(points) <= MAX_STATE_POINTS
    assert min(points) > 300
    assert states[0]["series"][0]["total"] == 4_000  # type: ignore[index]


def test_a_figure_is_fed_from_the_kernel_once_somebody_took_it() -> None:
    shown = curves("sin")
    chart = RunChart(shown)
    assert chart.figure is None

    taken = chart.take()
    extend(shown.lines[0], 1)
    chart.news([])

    assert taken is chart.figure
    assert taken.marks[0].x.tolist() == [0, 1, 2, 3]
    assert taken.marks[0].y.tolist() == [0, 0.1, 0.2, 0.3]


def test_a_line_of_one_point_has_a_marker_while_it_is_one() -> None:
    shown = curves("sin", points=1)
    chart = RunChart(shown)
    mark = chart.take().marks[0]
    assert mark.marker == "circle"

    extend(shown.lines[0], 1)
    chart.news([])

    assert mark.marker is None


def test_rows_over_a_column_that_goes_back_and_forth_are_dots() -> None:
    shown = curves("sin", points=2)
    chart = RunChart(shown)
    mark = chart.take().marks[0]
    assert mark.marker is None

    shown.lines[0].outline.extend(np.zeros(1), np.ones(1), np.zeros(1))
    chart.news([])

    assert (mark.marker, mark.stroke_width) == ("circle", 0)


def test_a_mark_that_somebody_took_away_or_added_is_left_alone() -> None:
    shown = curves("sin", "cos")
    chart = RunChart(shown)
    taken = chart.take()
    taken.marks = taken.marks[1:]

    extend(shown.lines[0], 1)
    chart.news([])

    assert len(taken.marks) == 1


def test_resizing_one_figure_leaves_the_others_as_they_are() -> None:
    one, other = (RunChart(curves("sin")) for _ in range(2))

    one.take().layout.height = "800px"

    assert other.take().layout.height != "800px"


def test_charts_are_found_by_place_and_by_name() -> None:
    chart = RunChart(curves("sin"))
    charts = Charts([chart])

    assert charts[0] is chart
    assert charts["wave"] is chart.figure
    assert "wave" in charts
    assert chart in charts
    with pytest.raises(KeyError, match="no chart 'loss'; there are: 'wave'"):
        charts["loss"]


def test_a_figure_is_taken_only_while_the_lines_do_not_grow() -> None:
    lock = threading.RLock()
    chart = RunChart(curves("sin"), lock=lock)
    taken: list[object] = []
    taker = threading.Thread(target=lambda: taken.append(chart.take()))

    with lock:
        taker.start()
        taker.join(0.1)
        assert taken == []
    taker.join(5)

    assert taken == [chart.figure]


def test_charts_are_no_widgets_until_somebody_takes_one() -> None:
    before = set(registry._instances)
    chart = RunChart(curves("sin", "cos"))
    chart.news([])
    assert set(registry._instances) == before

    chart.take()
    assert set(registry._instances) > before

    chart.close()
    assert set(registry._instances) == before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"columns": 0}, "columns must be from 1 to 12 or None, got 0"),
        ({"smoothing": 1}, "smoothing must be at least 0 and below 1, got 1"),
        ({"x": "epoch"}, "x must be one of 'step', .*, got 'epoch'"),
        ({"y_scale": "ln"}, "y_scale must be one of 'linear', .*, got 'ln'"),
    ],
)
def test_a_look_that_there_is_not_is_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        look(**wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"metrics": "loss"}, r"did you mean \['loss'\]\?"),
        ({"metrics": ["loss", 3]}, "metrics takes names or patterns of names, got 3"),
        ({"columns": "2"}, "columns must be a whole number or None, got '2'"),
        ({"smoothing": "0.6"}, "smoothing must be a number, got '0.6'"),
    ],
)
def test_what_is_no_look_at_all_is_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        look(**wrong)
