"""What people log, turned into the plain Python value that it is, or refused.

Nothing is rounded, truncated or turned into text on the way: a value that
cannot be kept as it is raises `NotAMetric` at the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from run_widgets.errors import NotAMetric, NotAName

Scalar = float | int | bool | str | None

_PLAIN = frozenset({float, int, bool, str, type(None)})


_AS_TEXT = "convert it with str() first"


def scalar(value: object, where: str, if_several: str = "use run.log_list") -> Scalar:
    """Return `value` as the Python number, bool, text or None that it is.

    Numbers of numpy and 0-dimensional arrays and tensors become Python numbers
    of the same value; `where` opens the message of an error, and `if_several` is
    its way out for whoever gives a list.

    Raises
    ------
    NotAMetric
        It is several values, or a kind of thing that is not a value at all.
    """
    if type(value) in _PLAIN:
        return value  # type: ignore[return-value]
    for plain in (bool, int, float, str):
        if isinstance(value, plain):
            # Also numpy.float64, numpy.str_ and the members of IntEnum and StrEnum.
            return plain.__str__(value) if plain is str else plain(value)
    if getattr(value, "shape", None) == ():
        for name in ("item", "numpy"):  # a TensorFlow tensor has only the latter
            convert = getattr(value, name, None)
            if callable(convert):
                plain_value = convert()
                if plain_value is not value and type(plain_value) is not type(value):
                    return scalar(plain_value, where, if_several)
                return _exact_float(value, where)
    if type(value).__name__ == "NAType" and type(value).__module__.startswith("pandas"):
        return None
    raise NotAMetric(
        f"{where} takes one number, bool, text or None, got {_advice(value, if_several)}"
    )


def column(values: object, where: str, if_nested: str = "use run.log_table") -> list[Scalar]:
    """Return an iterable of scalars as a list; also arrays, Series and generators.

    `if_nested` is the way out for whoever gives a list of lists.

    Raises
    ------
    NotAMetric
        It is a text, a dict or not iterable, or one element is not a scalar.
    """
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise NotAMetric(f"{where} takes a list of values, got {_advice(values)}")
    shape = getattr(values, "shape", None)
    if shape is not None and len(shape) != 1:
        raise NotAMetric(f"{where} takes one dimension, got an array of shape {tuple(shape)}")
    if _converts_as_a_whole(getattr(values, "dtype", None)):
        return values.tolist()  # type: ignore[attr-defined, no-any-return]
    return [
        scalar(value, f"{where}, element {place}", if_nested) for place, value in enumerate(values)
    ]


def row(values: Mapping[str, object], where: str) -> dict[str, Scalar]:
    """Return one row, column name to scalar."""
    if _PLAIN.issuperset(map(type, values.values())) and {str}.issuperset(map(type, values)):
        return dict(values)  # type: ignore[arg-type]
    return {
        _column_name(name, where): scalar(value, f"{where}, column {name!r}", "use run.log_table")
        for name, value in values.items()
    }


def table(value: object, where: str) -> dict[str, list[Scalar]]:
    """Return columns of one length: from a dict of lists or scalars, or a DataFrame.

    Raises
    ------
    NotAMetric
        It is neither, or the columns differ in length.
    """
    if hasattr(value, "columns") and hasattr(value, "items"):  # a DataFrame
        columns = {str(name): column(series, where, _AS_TEXT) for name, series in value.items()}
    elif isinstance(value, Mapping):
        columns = {
            _column_name(name, where): _column_or_cell(cells, f"{where}, column {name!r}")
            for name, cells in value.items()
        }
    else:
        raise NotAMetric(
            f"{where} takes a dict of column name to list, or a DataFrame, got {_shown(value)}"
        )
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        raise NotAMetric(f"{where}: columns must have one length, got {lengths}")
    return columns


def document(value: object, where: str) -> dict[str, Any]:
    """Return a JSON-schema metric, given as a dict or as JSON text, as plain JSON data.

    Raises
    ------
    NotAMetric
        It is not a JSON object, or has something that JSON has no form for.
    """
    import json

    try:
        text = value if isinstance(value, str) else json.dumps(value, default=_plain)
        parsed = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotAMetric(
            f"{where} takes a dict or its JSON text, got {_shown(value)}: {error}"
        ) from error
    if not isinstance(parsed, dict):
        raise NotAMetric(f"{where} takes a dict or its JSON text, got {_shown(value)}")
    return parsed


def confusion_matrix(value: Any, where: str) -> dict[str, Any]:
    """Return a square matrix as the document of a confusion matrix.

    A DataFrame's columns are the classes; else they are called by their places.

    Raises
    ------
    NotAMetric
        It is no square matrix.
    """
    import numpy as np

    try:
        counts = np.asarray(value)
    except ValueError:  # rows of several lengths
        counts = np.empty(0)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.dtype.kind not in "buif":
        raise NotAMetric(
            f"{where} takes a square matrix, or "
            '{"data": {"class_labels": [...], "matrix": [[...], ...]}}, '
            f"got {_shown(value)}"
        )
    labels = getattr(value, "columns", range(len(counts)))
    return {
        "schema_type": "confusion_matrix",
        "schema_version": "1.0.0",
        "data": {"class_labels": [str(label) for label in labels], "matrix": counts.tolist()},
    }


def _plain(value: object) -> object:
    for name in ("tolist", "item"):
        convert = getattr(value, name, None)
        if callable(convert):
            return convert()
    raise TypeError(f"{_shown(value)} has no JSON form")


def _converts_as_a_whole(dtype: Any) -> bool:
    """Tell whether `tolist` gives Python values: pandas' own types have missing ones, too."""
    if not type(dtype).__module__.startswith("numpy"):
        return False
    return dtype.kind == "U" or (dtype.kind in "biuf" and dtype.itemsize <= 8)


def _column_name(name: object, where: str) -> str:
    if not isinstance(name, str):
        raise NotAName(f"{where}: a column's name must be a string, got {_shown(name)}")
    return str(name)


def _column_or_cell(cells: object, where: str) -> list[Scalar]:
    single = isinstance(cells, str) or not isinstance(cells, Iterable)
    if single or getattr(cells, "shape", None) == ():
        return [scalar(cells, where)]
    return column(cells, where, _AS_TEXT)


def _exact_float(value: Any, where: str) -> float:
    # numpy.longdouble answers item() with itself.
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise NotAMetric(f"{where} cannot keep {_shown(value)}") from None
    if number != value and number == number:
        raise NotAMetric(f"{where}: {value!r} does not fit a 64-bit float; round it with float()")
    return number


def _advice(value: object, if_several: str = _AS_TEXT) -> str:
    shown = _shown(value)
    if hasattr(value, "columns") and hasattr(value, "items"):
        return f"{shown}: use run.log_table"
    if isinstance(value, Mapping):
        return f"{shown}: use run.log_row for one row, run.log_table for columns"
    if hasattr(value, "savefig"):
        return f"{shown}: use run.log_image(name, plot=...)"
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return f"{shown}: {if_several}"
    if hasattr(value, "__float__"):
        return f"{shown}: convert it with float() or str() first"
    return f"{shown}: {_AS_TEXT}"


def _shown(value: object) -> str:
    text = ""
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        try:
            text = repr(value)
        except Exception:  # whatever somebody's class does; an int may be too long to be printed
            text = "…"
    kind = type(value)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    return f"{name} {text[:60]}".strip()
