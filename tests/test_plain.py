"""The panel of ipywidgets and bqplot alone, fed by the same reading."""

from __future__ import annotations

import base64
import math
import re
from typing import TYPE_CHECKING, Any

import bqplot
import ipywidgets
import pytest
from ipywidgets.widgets import widget as registry

from run_widgets import Experiment, Run, RunDetails, Workspace
from run_widgets.panel.plain import MAX_CHARTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = "<img src=x onerror=alert(1)>"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    experiment = Experiment(Workspace(tmp_path / "workspace"), "plain")
    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        run.get_snapshot_id()  # waits for what is kept of a run's source in the background
        yield run


def plainly(run: Run, **look: Any) -> tuple[RunDetails, list[ipywidgets.Widget]]:
    """Return a panel that has been asked for plainly, and all widgets of what it shows."""
    details = RunDetails(run, **look)
    details._be_plain()
    return details, parts(details)


def parts(details: RunDetails) -> list[ipywidgets.Widget]:
    assert details._plain is not None
    found, left = [], [details._plain.widget]
    while left:
        found.append(left.pop(0))
        left += getattr(found[-1], "children", ())
    return found


def figures(details: RunDetails) -> list[bqplot.Figure]:
    return [part for part in parts(details) if isinstance(part, bqplot.Figure)]


def html(details: RunDetails) -> str:
    return "".join(part.value for part in parts(details) if isinstance(part, ipywidgets.HTML))


def test_everything_is_shown_by_widgets_that_every_front_end_has(run: Run, tmp_path: Path) -> None:
    run.log_list("loss", [3, math.inf, 1])
    run.log_table("wave", {"angle": [0, 1], "cos": [1.0, 0.5]})
    run.log_row("only one", angle=0, cos=1.0)
    (tmp_path / "map.png").write_bytes(PNG)
    run.log_image("map", path=str(tmp_path / "map.png"))
    run.tag("stage", "dev")

    details, shown = plainly(run)

    assert {type(part).__module__.partition(".")[0] for part in shown} == {"ipywidgets", "bqplot"}
    assert [figure.axes[0].label for figure in figures(details)] == ["index", "angle", "angle"]
    assert "Running" in html(details)
    assert re.search("angle.*cos.*0.5", html(details), re.S)
    (image,) = re.findall('src="data:image/png;base64,(.*?)"', html(details))
    assert base64.b64decode(image) == PNG


def test_a_point_between_gaps_is_a_dot(run: Run) -> None:
    run.log_list("alone", [math.nan, math.inf, 3])

    details, _ = plainly(run)

    (figure,) = figures(details)
    assert (figure.marks[0].y.tolist(), figure.marks[0].marker) == ([3], "circle")


def test_it_goes_on_with_the_run(run: Run) -> None:
    run.log_list("loss", [3, 2])
    details, _ = plainly(run)

    run.log_list("loss", [1])
    run.log_list("acc", [0.1, 0.2])
    details.tick()

    loss, acc = figures(details)
    assert loss.marks[0].y.tolist() == [3, 2, 1]
    assert acc.marks[0].y.tolist() == [0.1, 0.2]
    assert details.charts["loss"] is loss
    run.complete()
    details.tick()
    assert "Completed" in html(details)


def test_what_was_logged_enters_as_text(run: Run) -> None:
    run.log_list(HOSTILE, [1, 2])
    run.log_row("row", **{HOSTILE: HOSTILE})
    run.tag(HOSTILE, HOSTILE)

    details, _ = plainly(run)

    assert "<img src=x" not in html(details)
    assert "&lt;img src=x" in html(details)


def test_of_very_many_charts_the_first_are_shown_and_others_can_be_chosen(run: Run) -> None:
    for name in range(MAX_CHARTS + 5):
        run.log_list(f"layer/{name}", [1, 2])

    details, _ = plainly(run)
    assert len(figures(details)) == MAX_CHARTS
    assert "and 5 more charts" in html(details)

    details, _ = plainly(run, metrics=["layer/3*"], columns=2)
    assert len(figures(details)) == 6


def test_nothing_is_sent_of_what_is_as_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.log_list("loss", [1, 2])
    details, shown = plainly(run)
    changed: list[str] = []
    for part in shown:
        part.observe(lambda change: changed.append(change["name"]))

    details.tick()

    assert changed == []


def test_closing_leaves_no_widget_behind(run: Run, tmp_path: Path) -> None:
    before = set(registry._instances)
    run.log_list("loss", [1, 2])
    (tmp_path / "map.png").write_bytes(PNG)
    run.log_image("map", path=str(tmp_path / "map.png"))
    details, _ = plainly(run)

    details.close()

    left = [registry._instances[key] for key in set(registry._instances) - before]
    # ipywidgets makes the styles of some widgets, and closes none.
    assert [type(each).__name__ for each in left if not type(each).__name__.endswith("Style")] == []
