"""An experiment's list as one HTML file: whole, bounded, and harmless whatever was logged."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from run_widgets import Experiment, Workspace
from run_widgets.errors import RunNotFound
from run_widgets.export import list_file as export_list
from stranger import TEXTS
from test_export import Page

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets import Run


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(Workspace(tmp_path / "workspace"), "sweep")


def finished(experiment: Experiment, *values: float, tags: dict[str, str] | None = None) -> Run:
    run = experiment.start_logging(outputs=False, snapshot_directory=None, tags=tags)
    for value in values:
        run.log("loss", value)
    run.complete()
    return run


def state_of(path: Path) -> Any:
    return Page(path.read_text(encoding="utf-8")).state


def column(state: Any, place: int) -> list[float]:
    return np.frombuffer(base64.b64decode(state["buffers"][place]), "<f8").tolist()


def test_it_has_the_table_and_every_curve(experiment: Experiment, tmp_path: Path) -> None:
    runs = [finished(experiment, 1.0, 0.5 / n, tags={"lr": str(n)}) for n in (1, 2, 3)]

    state = state_of(experiment.to_html(tmp_path / "sweep.html", [runs[0], 2]))

    assert sorted(state["told"]["ids"]) == sorted(run.id for run in runs)
    keys = {tuple(column["key"]) for column in state["told"]["columns"]}
    assert {("tag", "lr", ""), ("metric", "loss", "last")} <= keys
    curves = {curve["run"]: column(state, curve["outline"][2]) for curve in state["curves"]["loss"]}
    assert curves == {run.id: [1.0, 0.5 / n] for n, run in enumerate(runs, 1)}
    assert state["chosen"] == [runs[0].id, runs[1].id]
    assert [pair["after"] for pair in state["code"]] == [runs[1].id]
    assert state["problem"] == ""
    assert "numpy" in state["environments"][state["environment_of"][runs[0].id]]
    assert len(state["environments"]) == 1  # the three had the same


def test_it_says_which_runs_had_not_ended(experiment: Experiment, tmp_path: Path) -> None:
    finished(experiment, 1.0)
    going = experiment.start_logging(outputs=False, snapshot_directory=None)

    state = state_of(experiment.to_html(tmp_path / "sweep.html"))
    going.complete()

    assert re.match(r"as of .* UTC, when 1 of the runs had not ended", state["problem"])


def test_curves_are_reduced_until_they_fit(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_list, "CURVES_BYTES", 64 * 50 * 2)  # two curves of fifty points
    runs = [finished(experiment, *([0.0] * 500), spike, *([0.0] * 500)) for spike in (7, 8, 9)]

    state = state_of(experiment.to_html(tmp_path / "sweep.html"))

    curves = {curve["run"]: column(state, curve["outline"][2]) for curve in state["curves"]["loss"]}
    assert set(curves) == {runs[1].id, runs[2].id}  # the newest
    assert all(len(y) <= 50 for y in curves.values())
    assert max(curves[runs[2].id]) == 9
    assert state["problem"] == "with curves of 2 of the 3 runs"


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_that_was_logged_becomes_a_part_of_the_page(
    experiment: Experiment, tmp_path: Path, text: str
) -> None:
    run = finished(experiment, 1.0, 0.5, tags={text: text})
    other = experiment.start_logging(outputs=False, snapshot_directory=None, display_name=text)
    for value in (1, 2):
        other.log(text, value)
    other.log("said", text)
    other.fail(ValueError(text))

    page = Page(experiment.to_html(tmp_path / "sweep.html").read_text(encoding="utf-8"))

    assert page.state["chosen"] == []
    assert len(page.scripts) == 3  # the state, the notices, and what draws it
    assert {run.id, other.id} == set(page.state["told"]["ids"])
    known = {"html", "head", "meta", "title", "body", "noscript", "script"}
    known |= {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "p"}
    assert {name for name, _ in page.elements} <= known
    assert not [name for _, attributes in page.elements for name in attributes if name[:2] == "on"]


def test_a_run_that_there_is_not_is_named(experiment: Experiment, tmp_path: Path) -> None:
    with pytest.raises(RunNotFound, match="experiment 'sweep' has no run 9"):
        experiment.to_html(tmp_path / "sweep.html", [9])
