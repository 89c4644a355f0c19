"""Runs side by side: what differs, what they came to, and bands of those alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from run_widgets.comparing.comparison import facts_of, packages
from run_widgets.errors import RunNotFound
from run_widgets.reading.parameters import parameters
from run_widgets.source.provenance import ENVIRONMENT_FILE
from run_widgets.tracking import Run

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets import Experiment


def start(experiment: Experiment, arguments: tuple[str, ...] = (), **options: Any) -> Run:
    run_id = options.pop("run_id")
    return Run._create(experiment, run_id, {"arguments": list(arguments), **options})


def sweep(experiment: Experiment) -> list[Run]:
    runs = []
    for number in range(4):
        lr = "0.1" if number < 2 else "0.01"
        tags = {"seed": str(number % 2), "same": "x"}
        run = start(experiment, ("--lr", lr), run_id=f"r{number}", tags=tags)
        for step in range(3):
            run.log("loss", number + 1.0 / (step + 1), step=step)
        run.log("kind", "svm")
        run.complete()
        runs.append(run)
    return runs


def test_what_differs_is_told_and_the_rest_on_asking(experiment: Experiment) -> None:
    sweep(experiment)

    frame = experiment.compare().differences()
    everything = experiment.compare().differences(all=True)

    assert frame.columns.tolist() == [1, 2, 3, 4]
    assert frame.index.tolist() == [("parameters", "lr"), ("tags", "seed")]
    assert frame.loc[("parameters", "lr")].tolist() == ["0.1", "0.1", "0.01", "0.01"]
    assert ("tags", "same") in everything.index


def test_a_comparison_shows_long_texts_cut_and_has_them_whole(experiment: Experiment) -> None:
    for run_id, tags in (("long", {"note": "x" * 1000}), ("none", {})):
        start(experiment, run_id=run_id, tags=tags).complete()

    compared = experiment.compare()

    assert compared.differences().loc[("tags", "note")].tolist() == ["x" * 1000, None]
    shown = compared._repr_html_()
    assert "xxx…" in shown
    assert len(shown) < 2000
    assert "None" not in shown


def test_runs_that_are_alike_differ_in_nothing(experiment: Experiment) -> None:
    sweep(experiment)

    assert experiment.compare([1]).differences().empty


def test_runs_are_named_by_themselves_by_id_or_by_number(experiment: Experiment) -> None:
    runs = sweep(experiment)

    compared = experiment.compare([runs[2], "r0", 4])

    assert [record.number for record in compared.runs] == [3, 1, 4]
    with pytest.raises(RunNotFound, match="experiment 'mnist' has no run 99"):
        experiment.compare([99])


def test_children_are_compared_when_asked_for(experiment: Experiment) -> None:
    (parent,) = [start(experiment, run_id="p")]
    parent.child_run("one").complete()
    parent.complete()

    assert len(experiment.compare().runs) == 1
    assert len(experiment.compare(include_children=True).runs) == 2


def test_what_runs_came_to_is_the_best_where_a_goal_says_so(experiment: Experiment) -> None:
    runs = sweep(experiment)
    runs[0].set_goal("loss", "maximize")

    frame = experiment.compare().metrics()

    assert frame.loc["loss"].tolist() == [
        1.0,
        pytest.approx(4 / 3),
        *map(pytest.approx, [7 / 3, 10 / 3]),
    ]
    assert frame.loc["kind"].tolist() == ["svm"] * 4


def test_a_run_that_goes_on_is_compared_as_far_as_it_is(experiment: Experiment) -> None:
    run = start(experiment, run_id="going")
    run.log("loss", 0.5)

    assert experiment.compare(["going"]).metrics().loc["loss"].tolist() == [0.5]
    run.complete()


def test_seeds_are_a_band(experiment: Experiment) -> None:
    sweep(experiment)

    bands = experiment.compare().bands("loss", group_by="lr")

    assert list(bands) == ["0.1", "0.01"]
    assert bands["0.1"].x.tolist() == [0, 1, 2]
    np.testing.assert_allclose(bands["0.1"].mean, [1.5, 1.0, 0.5 + 1 / 3])
    np.testing.assert_allclose(bands["0.1"].high - bands["0.1"].mean, [np.sqrt(0.5)] * 3)
    assert bands["0.1"].count.tolist() == [2, 2, 2]


def test_runs_that_agree_in_several_labels_are_a_group(experiment: Experiment) -> None:
    sweep(experiment)

    bands = experiment.compare().bands("loss", group_by=["lr", "same"])

    ((first, same), (second, _)) = bands
    assert [first, second] == ["0.1", "0.01"]
    assert bands[first, same].count.tolist() == [2, 2, 2]


def test_a_group_that_nobody_has_is_named_with_those_there_are(experiment: Experiment) -> None:
    sweep(experiment)

    with pytest.raises(KeyError, match="property 'width'; there are: lr, same, seed"):
        experiment.compare().bands("loss", group_by="width")


def test_curves_come_by_run_number_of_the_runs_that_have_them(experiment: Experiment) -> None:
    sweep(experiment)
    other = start(experiment, run_id="other")
    other.complete()

    curves = experiment.compare().curves("loss")

    assert list(curves) == [1, 2, 3, 4]
    x, y = curves[1]
    assert x.tolist() == [0, 1, 2]
    assert y.tolist() == [1.0, 0.5, 1 / 3]


def test_packages_are_read_from_the_run_and_nothing_else(tmp_path: Path) -> None:
    assert packages(tmp_path) == {}
    for text in ("[]", "{}", '{"packages": 3}', "[" * 10_000, "not json"):
        (tmp_path / ENVIRONMENT_FILE).write_text(text)
        assert packages(tmp_path) == {}
    (tmp_path / ENVIRONMENT_FILE).write_text(json.dumps({"packages": {"numpy": "2.0"}}))
    assert packages(tmp_path) == {"numpy": "2.0"}


def test_properties_stand_with_what_they_tell_of(experiment: Experiment) -> None:
    run = start(experiment, run_id="r", script="train.py")
    run.add_properties({"azureml.git.commit": "abc", "author": "Jo", "run_widgets.python": "3.11"})
    run.add_properties({"mlflow.source.git.commit": "abc"})  # the same, for readers of MLflow's
    run.add_properties({"run_widgets.started_in": "r0"})  # whom it comes from, not what it is
    run.complete()

    facts = facts_of(run.store.run("r"))

    assert facts["code"] == {"azureml.git.commit": "abc", "script": "train.py"}
    assert facts["environment"] == {"run_widgets.python": "3.11"}
    assert facts["properties"] == {"author": "Jo"}


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), {}),
        (("--lr", "0.1"), {"lr": "0.1"}),
        (("--lr=0.1", "-b", "32"), {"lr": "0.1", "b": "32"}),
        (("--offset", "-3.5"), {"offset": "-3.5"}),
        (("--fast", "--lr", "1"), {"fast": "True", "lr": "1"}),
        (("--layers", "64", "32"), {"layers": "64 32"}),
        (("data.csv", "--lr", "1"), {"lr": "1"}),
        (("--lr=0.1", "data.csv"), {"lr": "0.1"}),
        (("--tag", "a", "--tag", "b"), {"tag": "a b"}),
        (("--text=a=b\nc",), {"text": "a=b\nc"}),
        (("--", "x"), {}),
    ],
)
def test_options_of_a_command_line_are_parameters(
    arguments: tuple[str, ...], found: dict[str, str]
) -> None:
    assert parameters(arguments) == found
