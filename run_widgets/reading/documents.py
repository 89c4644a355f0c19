"""What the charts of a logged JSON document show: confusion matrix, accuracy table, …

A document is what somebody once uploaded, so nothing of its shape is taken for
granted: what cannot be drawn is said, and costs no other chart. The results are
JSON as it travels to a browser, with numbers rounded to what a pixel can show.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from run_widgets.reading.facts import shown, time_of
from run_widgets.records import Kind

Floats = NDArray[np.float64]

Curve = Callable[[Floats], tuple[Floats, Floats, str]]
"""From the counts of one class, shape (M, 4), to x, y and what is said of the line."""

MAX_CLASSES = 8
"""Lines of one chart, besides the averages: those with the most samples."""

MAX_MATRIX = 50
"""Rows of a confusion matrix that are shown: the classes with the most samples."""

MAX_POINTS = 200
"""Of one line."""

MAX_BINS = 400

CALIBRATION_BINS = 10

DIGITS = 5
"""Kept of a number."""

TP, FP, TN, FN = range(4)
"""The order of the four counts in an accuracy table."""


Sized: TypeAlias = tuple[int, dict[str, Any]]
"""A drawing, and how many bytes it has as JSON."""

MAX_BYTES = 120_000
"""Of the drawings of one name: what a panel sends and a notebook keeps."""


class Logged(Protocol):
    """One document, as it was logged."""

    @property
    def value(self) -> object: ...
    @property
    def place(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def step(self) -> int | None: ...


class LoggedOften(Protocol):
    """The documents of one name, or some of many, the last among them."""

    name: str
    kind: str
    total: int

    @property
    def kept(self) -> Sequence[Logged]: ...


class Drawings:
    """What is drawn of a run's documents; each is worked out once."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Any]] = {}
        self._made: dict[str, dict[int, Sized]] = {}

    def of(self, documents: Iterable[LoggedOften]) -> list[dict[str, Any]]:
        """Return ``{"name", "kind", "total", "drawn"}`` for each name.

        ``drawn`` has what `drawing` says, and ``step`` and ``at``, of the last document and
        of those before it for which there is room, evenly from the first on.
        """
        return [self._of(document) for document in documents]

    def _of(self, documents: LoggedOften) -> dict[str, Any]:
        entry = self._entries.get(documents.name)
        if entry is None or entry["total"] != documents.total:
            about = {"name": documents.name, "kind": documents.kind, "total": documents.total}
            entry = self._entries[documents.name] = about | {"drawn": self._drawn(documents)}
        return entry

    def _drawn(self, documents: LoggedOften) -> list[dict[str, Any]]:
        known = self._made.get(documents.name, {})
        made = self._made[documents.name] = {
            each.place: known.get(each.place) or _made(documents.kind, each)
            for each in documents.kept
        }
        return [drawn for _, drawn in _that_fit(list(made.values()))]


def _made(kind: str, document: Logged) -> Sized:
    about = {"step": document.step, "at": time_of(document.at)}
    drawn = about | drawing(kind, document.value)
    return len(json.dumps(drawn)), drawn


def _that_fit(drawings: list[Sized]) -> list[Sized]:
    """Return every one, every second one, … and the last, so that they fit in `MAX_BYTES`."""
    last = drawings[-1]
    for stride in range(1, len(drawings)):
        kept = [*drawings[:-1:stride], last]
        if sum(size for size, _ in kept) <= MAX_BYTES:
            return kept
    return [last]


def drawing(kind: str, document: object) -> dict[str, Any]:
    """Return what is drawn of one document.

    Parameters
    ----------
    kind
        ``confusion_matrix``, ``accuracy_table``, ``residuals`` or ``predictions``.
    document
        As it was logged: ``{"schema_type", "schema_version", "data": {…}}``.

    Returns
    -------
    ``matrix``: None or ``{"labels", "counts", "note"}``; ``charts``: of the form
    of `_chart`; ``problem``: why it cannot be drawn, or empty.
    """
    nothing: dict[str, Any] = {"matrix": None, "charts": [], "problem": ""}
    draw = _DRAWINGS.get(kind)
    data = document.get("data") if isinstance(document, Mapping) else None
    try:
        if draw is None or not isinstance(data, Mapping):
            raise _CannotBeDrawn("it has no data")
        # Numbers from strangers may overflow in sums: what is not finite is found below.
        with np.errstate(all="ignore"):
            return nothing | draw(data)
    except _CannotBeDrawn as why:
        what = kind.replace("_", " ").capitalize()
        return nothing | {"problem": shown(f"{what} that cannot be drawn: {why}")}


class _CannotBeDrawn(ValueError):
    """Says what of a document is not as it should be."""


# -- confusion matrix ----------------------------------------------------------------------


def _confusion_matrix(data: Mapping[str, Any]) -> dict[str, Any]:
    counts = _numbers(data, "matrix", 2)
    size = len(counts)
    if counts.shape[1] != size:
        raise _CannotBeDrawn(f"matrix has {size} rows and {counts.shape[1]} columns")
    labels = _labels(data, size)
    total = counts.sum()
    right = f"accuracy {np.trace(counts) / total:.4g}" if total > 0 else ""
    kept = _largest(counts.sum(axis=1), MAX_MATRIX)
    part = f"{len(kept)} of {size} classes" if len(kept) < size else ""
    return {
        "matrix": {
            "labels": [labels[place] for place in kept],
            "counts": [[_number(n) for n in row] for row in counts[np.ix_(kept, kept)]],
            "note": " · ".join(filter(None, (right, part))),
        }
    }


# -- accuracy table ------------------------------------------------------------------------


def _accuracy_table(data: Mapping[str, Any]) -> dict[str, Any]:
    by_probability = _tables(data, "probability")
    by_percentile = _tables(data, "percentile")
    scored, ranked = by_probability or by_percentile, by_percentile or by_probability
    if scored is None or ranked is None:
        raise _CannotBeDrawn("it has neither probability_tables nor percentile_tables")
    charts = [_roc(scored), _precision_recall(scored), _gains(ranked), _lift(ranked)]
    if by_probability is not None:
        charts.append(_calibration(by_probability))
    return {"charts": charts}


class _Tables:
    """The counts of C classes at M thresholds, highest threshold first.

    Parameters
    ----------
    counts
        Shape (C, M, 4), in the order `TP`, `FP`, `TN`, `FN`.
    """

    def __init__(self, labels: list[str], thresholds: Floats, counts: Floats) -> None:
        order = np.argsort(-thresholds, kind="stable")
        self.thresholds = thresholds[order]
        self.counts = counts[:, order]
        self.labels = labels

    def lines(self) -> list[tuple[str, Floats]]:
        """Return the tables to draw by name: the largest classes, then all of them summed up."""
        support = (self.counts[..., TP] + self.counts[..., FN]).max(axis=1)
        kept = _largest(support, MAX_CLASSES)
        lines = [(self.labels[place], self.counts[place]) for place in kept]
        if len(self.counts) > 1:
            lines.append((MICRO, self.counts.sum(axis=0)))
        return lines

    @property
    def omitted(self) -> str:
        """What a chart says where it does not show every class."""
        size = len(self.counts)
        return f"{MAX_CLASSES} of {size} classes" if size > MAX_CLASSES else ""


MICRO, MACRO = "micro average", "macro average"


def _tables(data: Mapping[str, Any], kind: str) -> _Tables | None:
    if data.get(f"{kind}_tables") is None:
        return None
    counts = _numbers(data, f"{kind}_tables", 3)
    thresholds = _numbers(data, f"{kind}_thresholds", 1)
    if counts.shape[1:] != (len(thresholds), 4):
        raise _CannotBeDrawn(
            f"{kind}_tables has the shape {counts.shape} for {len(thresholds)} thresholds"
        )
    return _Tables(_labels(data, len(counts)), thresholds, counts)


def _roc(tables: _Tables) -> dict[str, Any]:
    def curve(counts: Floats) -> tuple[Floats, Floats, str]:
        fpr = _ratio(counts[:, FP], counts[:, FP] + counts[:, TN])
        tpr = _ratio(counts[:, TP], counts[:, TP] + counts[:, FN])
        x, y = _from_corner_to_corner(fpr, tpr)
        return x, y, f"AUC {_area(x, y):.3f}" if len(x) else ""

    return _curves(
        tables,
        curve,
        title="ROC",
        x_label="false positive rate",
        y_label="true positive rate",
        reference=[0, 0, 1, 1],
    )


def _precision_recall(tables: _Tables) -> dict[str, Any]:
    def curve(counts: Floats) -> tuple[Floats, Floats, str]:
        recall = _ratio(counts[:, TP], counts[:, TP] + counts[:, FN])
        precision = _ratio(counts[:, TP], counts[:, TP] + counts[:, FP])
        known = ~(np.isnan(recall) | np.isnan(precision))
        x, y = recall[known], precision[known]
        area = float(np.sum(np.diff(x, prepend=0.0) * y))
        return x, y, f"AP {area:.3f}" if len(x) else ""

    return _curves(tables, curve, title="Precision-recall", x_label="recall", y_label="precision")


def _gains(tables: _Tables) -> dict[str, Any]:
    def curve(counts: Floats) -> tuple[Floats, Floats, str]:
        return *_from_corner_to_corner(*_gain(counts)), ""

    return _curves(
        tables,
        curve,
        title="Cumulative gains",
        x_label="share of samples",
        y_label="share of positives found",
        reference=[0, 0, 1, 1],
    )


def _lift(tables: _Tables) -> dict[str, Any]:
    def curve(counts: Floats) -> tuple[Floats, Floats, str]:
        share, found = _gain(counts)
        lift = _ratio(found, share)
        known = ~np.isnan(lift)
        return share[known], lift[known], ""

    return _curves(
        tables,
        curve,
        title="Lift",
        x_label="share of samples",
        y_label="lift over chance",
        reference=[0, 1, 1, 1],
    )


def _gain(counts: Floats) -> tuple[Floats, Floats]:
    """Return, at each threshold, the share of samples above it and of positives among them."""
    share = _ratio(counts[:, TP] + counts[:, FP], counts.sum(axis=1))
    return share, _ratio(counts[:, TP], counts[:, TP] + counts[:, FN])


def _calibration(tables: _Tables) -> dict[str, Any]:
    # Bins end at thresholds, as only there it is known how many lie above.
    wanted = np.linspace(1, 0, CALIBRATION_BINS + 1)[1:-1]
    ends = np.unique(np.abs(tables.thresholds[:, None] - wanted).argmin(axis=0))
    edges = np.concatenate(([1.0], tables.thresholds[ends], [0.0]))
    centers = (edges[:-1] + edges[1:]) / 2

    def curve(counts: Floats) -> tuple[Floats, Floats, str]:
        positives = counts[ends, TP]
        above = positives + counts[ends, FP]
        everyone = counts[0].sum()
        every_positive = counts[0, TP] + counts[0, FN]
        samples = np.diff(np.concatenate(([0.0], above, [everyone])))
        share = _ratio(np.diff(np.concatenate(([0.0], positives, [every_positive]))), samples)
        known = (samples > 0) & (share >= 0) & (share <= 1)
        return centers[known][::-1], share[known][::-1], ""

    return _curves(
        tables,
        curve,
        title="Calibration",
        x_label="predicted probability",
        y_label="share of positives",
        reference=[0, 0, 1, 1],
    )


def _curves(
    tables: _Tables,
    curve: Curve,
    *,
    title: str,
    x_label: str,
    y_label: str,
    reference: list[float] | None = None,
) -> dict[str, Any]:
    lines = []
    for name, counts in tables.lines():
        x, y, note = curve(counts)
        if len(x):
            lines.append(_line(name, x, y, note=note))
    if len(tables.counts) > 1 and (macro := _macro(tables, curve)):
        lines.append(macro)
    return _chart(title, x_label, y_label, lines, reference=reference, note=tables.omitted)


def _macro(tables: _Tables, curve: Curve) -> dict[str, Any] | None:
    """Return the mean of the classes' curves, where all of them have one."""
    places = np.linspace(0, 1, 101)
    curves = [curve(counts) for counts in tables.counts]
    known = [np.interp(places, x, y, left=np.nan, right=np.nan) for x, y, _ in curves if len(x) > 1]
    if len(known) < len(curves):
        return None
    mean = np.mean(known, axis=0)  # NaN where one of them is not
    there = np.isfinite(mean)
    return _line(MACRO, places[there], mean[there]) if there.any() else None


def _from_corner_to_corner(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return a curve with its ends at (0, 0) and (1, 1); empty where it is not known."""
    known = ~(np.isnan(x) | np.isnan(y))
    if not known.any():
        return np.empty(0), np.empty(0)
    return np.concatenate(([0.0], x[known], [1.0])), np.concatenate(([0.0], y[known], [1.0]))


def _area(x: Floats, y: Floats) -> float:
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


# -- regression ----------------------------------------------------------------------------


def _residuals(data: Mapping[str, Any]) -> dict[str, Any]:
    edges, counts = _binned(data, "bin_counts")
    # Of very many bins, neighbours are counted together.
    together = -(-len(counts) // MAX_BINS)
    starts = np.arange(0, len(counts), together)
    bars = {
        "edges": _rounded(np.append(edges[starts], edges[-1])),
        "counts": _rounded(np.add.reduceat(counts, starts)),
    }
    return {"charts": [_chart("", "predicted − true", "count", [], bars=bars)]}


def _predictions(data: Mapping[str, Any]) -> dict[str, Any]:
    edges, averages = _binned(data, "bin_averages")
    errors = _numbers(data, "bin_errors", 1) if data.get("bin_errors") is not None else None
    if errors is not None and len(errors) != len(averages):
        raise _CannotBeDrawn(f"bin_errors has {len(errors)} values for {len(averages)} bins")
    centers = (edges[:-1] + edges[1:]) / 2
    line = _line("predicted", centers, averages, errors=errors)
    low, high = float(edges[0]), float(edges[-1])
    return {"charts": [_chart("", "true", "predicted", [line], reference=[low, low, high, high])]}


def _binned(data: Mapping[str, Any], name: str) -> tuple[Floats, Floats]:
    """Return n + 1 edges and n values."""
    edges, values = _numbers(data, "bin_edges", 1), _numbers(data, name, 1)
    if len(edges) != len(values) + 1:
        raise _CannotBeDrawn(f"{name} has {len(values)} values for {len(edges)} bin_edges")
    if not (np.diff(edges) > 0).all():
        raise _CannotBeDrawn("its bin_edges do not increase")
    return edges, values


# -- forms ---------------------------------------------------------------------------------


def _chart(
    title: str,
    x_label: str,
    y_label: str,
    lines: list[dict[str, Any]],
    *,
    bars: dict[str, Any] | None = None,
    reference: list[float] | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Return a chart: lines, or bars between edges; `reference` is x, y, x, y of a dashed line."""
    return {
        "title": title,
        "x_label": x_label,
        "y_label": y_label,
        "lines": lines,
        "bars": bars,
        "reference": reference,
        "note": note,
    }


def _line(
    name: str, x: Floats, y: Floats, *, errors: Floats | None = None, note: str = ""
) -> dict[str, Any]:
    if len(x) > MAX_POINTS:
        kept = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).round().astype(int))
        x, y = x[kept], y[kept]
        errors = None if errors is None else errors[kept]
    return {
        "name": name,
        "x": _rounded(x),
        "y": _rounded(y),
        "errors": None if errors is None else _rounded(errors),
        "note": note,
    }


def _rounded(values: Floats) -> list[float]:
    return [_number(value) for value in values]


def _number(value: float) -> float:
    """Return a number with as many digits as can be seen; whole ones as they are."""
    return float(value) if float(value).is_integer() else float(f"{value:.{DIGITS}g}")


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return `part / whole`, NaN where that is not known."""
    ratio = np.full(len(part), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def _largest(sizes: Floats, most: int) -> list[int]:
    """Return the places of the `most` largest, in their own order."""
    return sorted(np.argsort(-sizes, kind="stable")[:most].tolist())


def _labels(data: Mapping[str, Any], size: int) -> list[str]:
    given = data.get("class_labels")
    given = given if isinstance(given, Sequence) and not isinstance(given, str) else []
    return [shown(str(given[place])) if place < len(given) else str(place) for place in range(size)]


def _numbers(data: Mapping[str, Any], name: str, dimensions: int) -> Floats:
    """Return an array that the document has, with at least one number and finite ones only."""
    value = data.get(name)
    if value is None:
        raise _CannotBeDrawn(f"it has no {name}")
    try:
        numbers = np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise _CannotBeDrawn(f"{name} is not made of numbers, all rows of one length") from None
    if numbers.ndim != dimensions or numbers.size == 0:
        raise _CannotBeDrawn(f"{name} has the shape {numbers.shape}")
    # Sums of numbers as large as these would not be finite.
    if not (np.abs(numbers) < 1e300).all():
        raise _CannotBeDrawn(f"{name} has numbers that are not finite")
    return numbers


_DRAWINGS = {
    Kind.CONFUSION_MATRIX.value: _confusion_matrix,
    Kind.ACCURACY_TABLE.value: _accuracy_table,
    Kind.RESIDUALS.value: _residuals,
    Kind.PREDICTIONS.value: _predictions,
}
