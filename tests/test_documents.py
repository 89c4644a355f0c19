"""What is drawn of confusion matrices, accuracy tables, residuals and predictions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import average_precision_score, roc_auc_score

from run_widgets.reading.documents import (
    CALIBRATION_BINS,
    MACRO,
    MAX_BYTES,
    MAX_CLASSES,
    MAX_MATRIX,
    MICRO,
    Drawings,
    drawing,
)
from run_widgets.reading.summary import MAX_DOCUMENTS, Documents
from run_widgets.records import Kind, Record

KINDS = ["confusion_matrix", "accuracy_table", "residuals", "predictions"]


def document(**data: object) -> dict[str, Any]:
    return {"schema_type": "any", "schema_version": "1.0.0", "data": data}


def accuracy_table(truth: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    """Return the table of truth (n,) and scores (n, C): each class against the rest."""
    thresholds = np.arange(101) / 100

    def table(cuts_of: Any) -> list[Any]:
        tables = []
        for place in range(scores.shape[1]):
            yes, score = truth == place, scores[:, place]
            above = score >= np.array(cuts_of(score))[:, None]
            counts = [above & yes, above & ~yes, ~above & ~yes, ~above & yes]
            tables.append(np.stack([each.sum(axis=1) for each in counts], axis=1).tolist())
        return tables

    return document(
        class_labels=[f"class {place}" for place in range(scores.shape[1])],
        probability_thresholds=thresholds.tolist(),
        probability_tables=table(lambda score: thresholds),
        percentile_thresholds=thresholds.tolist(),
        percentile_tables=table(lambda score: np.quantile(score, thresholds)),
    )


def charts(value: dict[str, Any]) -> dict[str, dict[str, Any]]:
    drawn = drawing("accuracy_table", value)
    assert drawn["problem"] == ""
    return {chart["title"]: chart for chart in drawn["charts"]}


def line(chart: dict[str, Any], name: str) -> tuple[np.ndarray, np.ndarray]:
    (found,) = (line for line in chart["lines"] if line["name"] == name)
    return np.array(found["x"]), np.array(found["y"])


@st.composite
def classified(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Truth and scores of a few samples, on the thresholds' own grid, every class there."""
    classes, samples = draw(st.integers(2, 4)), draw(st.integers(8, 60))
    truth = np.arange(samples) % classes
    grid = st.integers(0, 100).map(lambda percent: percent / 100)
    return truth, draw(arrays.arrays(np.float64, (samples, classes), elements=grid))


@settings(deadline=None, max_examples=40)
@given(classified())
def test_areas_are_those_of_the_scores_themselves(data: tuple[np.ndarray, np.ndarray]) -> None:
    truth, scores = data
    drawn = charts(accuracy_table(truth, scores))

    for place in range(scores.shape[1]):
        yes, name = truth == place, f"class {place}"
        notes = {
            title: found["note"]
            for title in ("ROC", "Precision-recall")
            for found in drawn[title]["lines"]
            if found["name"] == name
        }
        assert float(notes["ROC"].split()[1]) == pytest.approx(
            roc_auc_score(yes, scores[:, place]), abs=6e-4
        )
        assert float(notes["Precision-recall"].split()[1]) == pytest.approx(
            average_precision_score(yes, scores[:, place]), abs=6e-4
        )


@settings(deadline=None, max_examples=40)
@given(classified())
def test_curves_stay_in_their_squares_and_never_turn_back(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    drawn = charts(accuracy_table(*data))

    for title, chart in drawn.items():
        for each in chart["lines"]:
            x, y = np.array(each["x"]), np.array(each["y"])
            assert len(x) == len(y) > 0
            assert ((x >= 0) & (x <= 1) & (y >= 0)).all(), title
            assert (np.diff(x) >= 0).all(), title
            if title != "Lift":
                assert (y <= 1).all(), title
    for title in ("ROC", "Cumulative gains"):
        for each in (line for line in drawn[title]["lines"] if line["name"] != MACRO):
            assert (np.diff(each["y"]) >= -1e-9).all(), title
            assert (each["x"][0], each["y"][0], each["x"][-1], each["y"][-1]) == (0, 0, 1, 1)
    for each in drawn["Lift"]["lines"]:
        assert each["y"][-1] == pytest.approx(1)


@settings(deadline=None, max_examples=40)
@given(classified())
def test_the_averages_lie_among_the_classes(data: tuple[np.ndarray, np.ndarray]) -> None:
    truth, scores = data
    roc = charts(accuracy_table(truth, scores))["ROC"]
    places = np.linspace(0, 1, 101)
    classes = [np.interp(places, *line(roc, f"class {place}")) for place in range(scores.shape[1])]

    _, y = line(roc, MACRO)

    assert y == pytest.approx(np.mean(classes, axis=0), abs=1e-4)
    assert MICRO in [each["name"] for each in roc["lines"]]


def test_a_perfect_classifier_is_one_in_every_chart() -> None:
    truth = np.arange(30) % 3
    drawn = charts(accuracy_table(truth, np.eye(3)[truth]))

    assert {each["note"] for each in drawn["ROC"]["lines"]} - {""} == {"AUC 1.000"}
    assert {each["note"] for each in drawn["Precision-recall"]["lines"]} - {""} == {"AP 1.000"}
    _, y = line(drawn["Lift"], "class 0")
    assert y[0] == pytest.approx(3)
    _, y = line(drawn["Calibration"], "class 0")
    assert y.tolist() == [0, 1]


def test_honest_probabilities_lie_on_the_diagonal() -> None:
    random = np.random.default_rng(0)
    probability = random.random(20_000)
    truth = (random.random(20_000) < probability).astype(int)
    drawn = charts(accuracy_table(truth, np.column_stack((1 - probability, probability))))

    x, y = line(drawn["Calibration"], "class 1")

    assert len(x) == CALIBRATION_BINS
    assert np.abs(x - y).max() < 0.04


def test_of_many_classes_the_largest_are_drawn() -> None:
    truth = np.repeat(np.arange(30), np.arange(1, 31))
    chart = charts(accuracy_table(truth, np.eye(30)[truth]))["ROC"]

    names = [each["name"] for each in chart["lines"]]

    assert names == [*(f"class {place}" for place in range(22, 30)), MICRO, MACRO]
    assert chart["note"] == f"{MAX_CLASSES} of 30 classes"


def test_a_class_without_samples_has_no_rates_and_costs_the_others_nothing() -> None:
    truth = np.array([0, 1, 0, 1])
    scores = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.7, 0.3, 0], [0.4, 0.6, 0]])

    names = [each["name"] for each in charts(accuracy_table(truth, scores))["ROC"]["lines"]]

    assert names == ["class 0", "class 1", MICRO]


def test_a_confusion_matrix_keeps_its_counts_and_tells_its_accuracy() -> None:
    drawn = drawing(
        "confusion_matrix", document(class_labels=["cat", "dog"], matrix=[[5, 1], [2, 2.5]])
    )

    assert drawn["matrix"] == {
        "labels": ["cat", "dog"],
        "counts": [[5, 1], [2, 2.5]],
        "note": "accuracy 0.7143",
    }


def test_a_large_confusion_matrix_shows_the_classes_with_most_samples() -> None:
    matrix = np.diag(np.arange(1, 101))

    shown = drawing("confusion_matrix", document(matrix=matrix.tolist()))["matrix"]

    assert shown["labels"] == [str(place) for place in range(50, 100)]
    assert len(shown["counts"]) == MAX_MATRIX
    assert shown["note"] == "accuracy 1 · 50 of 100 classes"


@settings(deadline=None)
@given(st.integers(1, 3_000))
def test_no_residual_is_lost_where_bins_are_counted_together(bins: int) -> None:
    counts = np.arange(bins)
    value = document(bin_edges=list(range(bins + 1)), bin_counts=counts.tolist())

    (chart,) = drawing("residuals", value)["charts"]

    bars = chart["bars"]
    assert len(bars["edges"]) == len(bars["counts"]) + 1 <= 401
    assert (bars["edges"][0], bars["edges"][-1]) == (0, bins)
    assert sum(bars["counts"]) == pytest.approx(counts.sum(), rel=1e-4)


def test_predictions_are_averages_with_errors_around_the_diagonal() -> None:
    value = document(
        bin_edges=[0, 1, 2], bin_averages=[0.4, 1.7], bin_errors=[0.1, 0.2], bin_counts=[3, 4]
    )

    (chart,) = drawing("predictions", value)["charts"]

    assert chart["lines"][0] == {
        "name": "predicted",
        "x": [0.5, 1.5],
        "y": [0.4, 1.7],
        "errors": [0.1, 0.2],
        "note": "",
    }
    assert chart["reference"] == [0, 0, 2, 2]


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("confusion_matrix", document(matrix=[[1, 2]]), "matrix has 1 rows and 2 columns"),
        ("confusion_matrix", document(matrix=[[1, 2], [3]]), "matrix is not made of numbers"),
        ("confusion_matrix", document(matrix=[[1, float("nan")], [3, 4]]), "not finite"),
        ("confusion_matrix", document(), "it has no matrix"),
        ("confusion_matrix", [], "has no data"),
        ("accuracy_table", document(class_labels=["a"]), "neither probability_tables nor"),
        (
            "accuracy_table",
            document(probability_tables=[[[1, 2, 3]]], probability_thresholds=[0.5]),
            "probability_tables has the shape (1, 1, 3)",
        ),
        ("residuals", document(bin_edges=[0, 1], bin_counts=[1, 2]), "2 values for 2 bin_edges"),
        ("residuals", document(bin_edges=[1, 0], bin_counts=[1]), "do not increase"),
        ("predictions", document(bin_edges=[0, 1], bin_averages=["x"]), "not made of numbers"),
        ("nonsense", document(), "has no data"),
    ],
)
def test_what_cannot_be_drawn_is_said(kind: str, value: object, why: str) -> None:
    drawn = drawing(kind, value)

    assert why in drawn["problem"]
    assert (drawn["matrix"], drawn["charts"]) == (None, [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)
NAMES = st.sampled_from(
    ["class_labels", "matrix", "bin_edges", "bin_counts", "bin_averages", "bin_errors"]
    + [
        f"{kind}_{part}"
        for kind in ("probability", "percentile")
        for part in ("tables", "thresholds")
    ]
)
NUMBERS = st.lists(st.lists(st.lists(st.floats() | st.integers(), max_size=4), max_size=3))


@settings(deadline=None)
@given(
    st.sampled_from(KINDS),
    JSON | st.dictionaries(NAMES, JSON | NUMBERS).map(lambda data: {"data": data}),
)
def test_whatever_was_uploaded_becomes_strict_json(kind: str, value: object) -> None:
    json.dumps(drawing(kind, value), allow_nan=False)


# -- several of one name -------------------------------------------------------------------


def logged(values: list[dict[str, Any]]) -> Documents:
    documents = Documents("classes", Kind.CONFUSION_MATRIX)
    for step, value in enumerate(values):
        record = Record("classes", Kind.CONFUSION_MATRIX, value, 1_700_000_000.0 + step, step)
        documents.add([record])
    return documents


def test_documents_of_one_name_are_drawn_from_the_first_to_the_last() -> None:
    documents = logged([document(matrix=[[step]]) for step in range(1, 1001)])

    (entry,) = Drawings().of([documents])

    steps = [drawn["step"] for drawn in entry["drawn"]]
    assert (entry["total"], steps[0], steps[-1]) == (1000, 0, 999)
    assert len(steps) in range(MAX_DOCUMENTS // 2, MAX_DOCUMENTS + 1)
    assert len(set(np.diff(steps[:-1]))) == 1
    assert [drawn["matrix"]["counts"] for drawn in entry["drawn"]] == [[[s + 1]] for s in steps]
    assert [drawn["at"] for drawn in entry["drawn"]] == [1_700_000_000 + step for step in steps]


def test_of_large_documents_fewer_are_drawn_but_the_last_always() -> None:
    rng = np.random.default_rng(0)
    large = [document(matrix=rng.integers(0, 9e9, (50, 50)).tolist()) for _ in range(9)]
    documents = logged(large)

    (entry,) = Drawings().of([documents])

    assert 1 < len(entry["drawn"]) < 9
    assert len(json.dumps(entry["drawn"])) < MAX_BYTES + 1000
    assert entry["drawn"][-1]["step"] == 8


def test_each_document_is_drawn_once() -> None:
    documents, drawings = logged([document(matrix=[[1]])]), Drawings()
    (first,) = drawings.of([documents])

    assert drawings.of([documents])[0] is first
    documents.add([Record("classes", Kind.CONFUSION_MATRIX, document(matrix=[[2]]), 1.0)])
    (second,) = drawings.of([documents])
    assert second["drawn"][0] is first["drawn"][0]
    assert len(second["drawn"]) == 2
