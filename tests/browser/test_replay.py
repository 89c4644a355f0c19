"""A run that is run again, and two runs side by side, as a person sees them in JupyterLab."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from run_widgets import Experiment, ScriptRunConfig

if TYPE_CHECKING:
    from pathlib import Path

    from browser.conftest import Open
    from run_widgets import Workspace

TRAIN = """
import math, sys, time
from pathlib import Path
from run_widgets import Run
run, gate = Run.get_context(), Path(sys.argv[1])
for step in range(120):
    while step >= 45 and gate.exists():
        time.sleep(0.05)
    run.log("train/loss", math.exp(-step / 30) + 0.04 * math.sin(step))
    run.log("val/loss", math.exp(-step / 35) + 0.1)
run.log("seconds", time.perf_counter())
"""


@pytest.mark.parametrize(("theme", "width"), [("light", 1600), ("dark", 700)])
def test_a_replay_is_drawn_over_the_first_run_while_it_goes_on(
    theme: str, width: int, open_notebook: Open, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "train.py").write_text(TRAIN)
    gate = tmp_path / "gate"
    experiment = Experiment(workspace, f"replayed-{theme}")
    first = experiment.submit(ScriptRunConfig(tmp_path / "source", "train.py", [gate]))
    first.wait_for_completion()
    gate.touch()
    notebook = open_notebook(
        f"""
        from run_widgets import Experiment, RunDetails
        replay = Experiment(name={experiment.name!r}).get_runs().__next__().replay()
        replay.show()
        """,
        theme=theme,
        width=width,
    )

    notebook.run_all()

    panel = notebook.panel(0)
    strip = panel.locator(".rw-replay")
    loss = panel.chart("train/loss")
    expect(strip).to_contain_text(
        "Replay of run 1 · so far 2 of 3 metrics bitwise, 1 not yet", timeout=30_000
    )
    expect(loss.locator(".rw-layer path")).to_have_count(1)
    expect(loss.locator(".rw-legend li")).to_have_text(["train/loss", "run 1"])
    notebook.wait_until_still()
    notebook.picture(f"replay-live-{theme}-{width}", panel.root)
    gate.unlink()
    expect(panel.status).to_have_text("Completed", timeout=30_000)
    expect(strip).to_have_attribute("data-outcome", "different")
    expect(strip).to_contain_text("2 of 3 metrics bitwise, 1 different")
    strip.locator("summary").click()
    expect(strip.locator("tbody tr")).to_have_text(
        [re.compile("train/loss= bitwise"), re.compile("val/loss= bitwise"), re.compile("seconds≠")]
    )
    scrolled = strip.locator(".rw-scroll").evaluate("el => el.scrollWidth - el.clientWidth")
    assert scrolled <= 0  # all four columns are seen, in a narrow window too
    notebook.wait_until_still()
    notebook.picture(f"replay-ended-{theme}-{width}", panel.root)


MODEL = """
import argparse
from run_widgets import Run

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
arguments = parser.parse_args()


def rate(step: int) -> float:
    return arguments.lr


def loss(step: int) -> float:
    return 1 / (1 + rate(step) * step)


run = Run.get_context()
for step in range(20):
    run.log("loss", loss(step))
print("done")
"""


@pytest.mark.parametrize(("theme", "width"), [("light", 700), ("dark", 1600)])
def test_what_differs_between_two_runs_is_shown_with_their_code(
    theme: str, width: int, open_notebook: Open, workspace: Workspace, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(MODEL)
    experiment = Experiment(workspace, f"differ-{theme}")
    first = experiment.submit(ScriptRunConfig(source, "train.py", ["--lr", 0.1]))
    changed = MODEL.replace("return arguments.lr", "return arguments.lr * 0.99**step")
    (source / "train.py").write_text(changed.replace('print("done")\n', ""))
    (source / "notes.md").write_text("# Notes\nThe rate decays.\n")
    second = experiment.submit(
        ScriptRunConfig(source, "train.py", ["--lr", 0.15]), tags={"decay": "yes"}
    )
    first.wait_for_completion()
    second.wait_for_completion()
    notebook = open_notebook(
        f"""
        from run_widgets import Experiment, Run
        Run(Experiment(name={experiment.name!r}), {first.id!r}).diff({second.id!r})
        """,
        theme=theme,
        width=width,
    )

    notebook.run_all()

    view = notebook.page.locator(".rw-diff")
    expect(view.locator(".rw-diff-facts tbody tr")).to_contain_text(
        ["Arguments", "--lr", "Tags", "decay", "Metrics", "loss"], timeout=20_000
    )
    files = view.locator(".rw-file-diff")
    expect(files).to_contain_text(["notes.md", "train.py"])
    expect(files.nth(1).locator("mark").last).to_have_text(" * 0.99**step")
    fold = files.nth(1).get_by_role("button", name="unchanged lines").first
    notebook.picture(f"diff-{theme}-{width}", view)
    assert view.evaluate("view => view.offsetWidth <= view.parentElement.clientWidth")
    fold.click()
    expect(files.nth(1)).to_contain_text("import argparse")
