"""What a person sees: pictures of the panel, and what hostile or odd values draw."""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from run_widgets import Experiment

if TYPE_CHECKING:
    from browser.conftest import Open
    from browser.lab_notebook import LabNotebook, Panel
    from run_widgets import Run, Workspace


# A red square of 8 by 8 pixels.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000080000000808020000004b6d29dc"
    "0000001249444154789c63f8cfc0801531e096186c0a00b3a93ec2f1d5a3d10000000049454e44ae426082"
)


# The names of charts of which a line is wider than the plot that shows it.
CUT_LINES = """
figures => figures.filter(figure => {
  const plot = figure.querySelector("clipPath rect").width.baseVal.value;
  return [...figure.querySelectorAll("path.line")].some(line => line.getBBox().width > plot + 1);
}).map(figure => figure.closest(".rw-chart").getAttribute("aria-label"))
"""


def begin(workspace: Workspace, experiment: str) -> Run:
    return Experiment(workspace, experiment).start_logging(outputs=False, snapshot_directory=None)


def look_at(run: Run, open_notebook: Open, **options: object) -> tuple[LabNotebook, Panel]:
    notebook = open_notebook(
        f"""
        from run_widgets import Experiment, Run, RunDetails
        RunDetails(Run(Experiment(name={run.experiment.name!r}), {run.id!r})).show()
        """,
        **options,
    )
    notebook.run_all()
    panel = notebook.panel(0)
    expect(panel.status).to_have_text(re.compile("Completed|Failed|Running"), timeout=20_000)
    return notebook, panel


def test_odd_numbers_draw_what_can_be_drawn(open_notebook: Open, workspace: Workspace) -> None:
    run = begin(workspace, "odd")
    run.log("only one", 3)
    run.log_list("list of one", [3.0])
    run.log_list("one after gaps", [math.nan, math.inf, 3.0])
    for step in range(10):
        run.log("constant", 0.5)
        run.log("gap", math.nan if step == 5 else step)
        run.log("gap at the end", math.nan if step > 7 else step)
        run.log("infinite", math.inf if step == 5 else -math.inf if step == 7 else step)
        run.log("huge", 1e300 * step)
        run.log("tiny", 1e-300 * step)
        run.log("backwards", step, step=100 - step)
        run.log("nothing but gaps", math.nan)
    run.complete()

    _, panel = look_at(run, open_notebook)

    whole = ("constant", "gap at the end", "huge", "tiny", "backwards")
    pieces = {**dict.fromkeys(whole, 1), "gap": 2, "infinite": 3}
    for name, count in pieces.items():
        panel.chart(name).scroll_into_view_if_needed()
        expect(panel.lines(name)).to_have_count(1)
        drawn = panel.lines(name).get_attribute("d") or ""
        assert "NaN" not in drawn
        assert drawn.count("M") == count, name
    for name, words in {"gap": "NaN at 5", "infinite": "∞ at 5"}.items():
        expect(panel.chart(name).locator(".rw-gap")).to_have_text(words)
    expect(panel.chart("only one")).to_have_count(0)
    for name in ("list of one", "one after gaps"):
        panel.chart(name).scroll_into_view_if_needed()
        expect(panel.chart(name).locator(".rw-layer path[d$=h0]")).to_have_count(1)
    expect(panel.chart("nothing but gaps")).to_be_visible()


@pytest.fixture
def example(workspace: Workspace) -> Run:
    """The source document's example, in full."""
    run = Experiment(workspace, "model-logging").start_logging(
        outputs=False, snapshot_directory=None, tags={"Build Number": "20190715.4"}
    )
    run.log("Category", "Category 1")
    run.log("Numeric 1", 10)
    run.log("Numeric 2", 100)
    for x in range(-10, 10):
        run.log("Sigmoid", 1 / (1 + math.exp(-x)))
    run.log_list("Fibonacci", [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89])
    angles = [step * math.pi / 10 for step in range(20)]
    for angle in angles:
        run.log_row("Cosine Wave", angle=angle, cos=math.cos(angle))
    run.log_table("Sine Wave", {"angle": angles, "sine": [math.sin(angle) for angle in angles]})
    for step in range(60):
        loss = math.exp(-step / 15)
        run.log_row("Loss", epoch=step, train=loss, validation=loss + 0.1 + 0.05 * math.sin(step))
    run.upload_file("outputs/metrics.txt", io.BytesIO(b"accuracy: 0.97\n"))
    run.add_properties({"author": "John Doe"})
    run.complete()
    return run


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_panel_looks_as_it_should(theme: str, open_notebook: Open, example: Run) -> None:
    notebook, panel = look_at(example, open_notebook, theme=theme)

    for width in (1600, 700):
        notebook.page.set_viewport_size({"width": width, "height": 1200})
        for name in ("Sigmoid", "Fibonacci", "Cosine Wave", "Sine Wave", "Loss"):
            panel.chart(name).scroll_into_view_if_needed()
            expect(panel.lines(name).first).to_be_visible()
        panel.root.scroll_into_view_if_needed()
        notebook.wait_until_still()
        assert panel.locator(".rw-figure").evaluate_all(CUT_LINES) == []
        notebook.picture(f"panel-{theme}-{width}", panel.root)

    expect(panel.chart("Cosine Wave")).to_contain_text("angle")
    expect(panel.lines("Loss")).to_have_count(2)
    colors = panel.root.evaluate(
        "panel => [...panel.querySelectorAll('.rw-figure text')]"
        ".filter(text => text.textContent && text.checkVisibility())"
        ".map(text => getComputedStyle(text).fill)"
    )
    assert "rgb(255, 165, 0)" not in colors, "bqplot's own orange"
