"""The logging side of a run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from run_widgets.errors import BadArgument, NotAMetric
from run_widgets.images import image_kind, picture_of
from run_widgets.records import Kind
from run_widgets.store import layout
from run_widgets.store.status import moment
from run_widgets.tracking.pictures import Pictures
from run_widgets.tracking.values import column, confusion_matrix, document, row, scalar, table


class Recording(Pictures):
    """The methods that people call while they compute."""

    def log(
        self, name: str, value: Any = ..., description: str = "", step: int | None = None
    ) -> None:
        """Log one value: a number, bool, text or None. Again under one name: a vector.

        The value is in the operating system's hands when this returns.

        Parameters
        ----------
        name
            Any non-empty text.
        value
            Also numpy numbers and 0-dimensional arrays and tensors. NaN and
            infinities are values.
        description
            What the metric means.
        step
            Its x in the chart, a whole number; default: its place in the vector.

        Raises
        ------
        NotAMetric
            `value` is several values or no value; the message names the right method.
        BadName, NotAName
            `name` is not a non-empty string.
        RunClosed
            The run has ended.
        """
        if description != "":
            self._describe(name, description)
        if type(value) is not float:
            if value is ...:  # log({"loss": 0.3}), as other trackers have it
                raise NotAMetric(f"{_call('log', layout.metric_name(name))} needs a value")
            value = scalar(value, _call("log", name))
        self._put(name, value, step)

    def log_metrics(
        self, metrics: Mapping[str, Any], step: int | None = None, *, at: float | None = None
    ) -> None:
        """Log several values at one step and time: as `log` for each pair of `metrics`.

        Where one is no value, none is logged.

        Parameters
        ----------
        metrics
            Values by name.
        step
            As `log` takes it.
        at
            When that was, in seconds since the epoch, before the year 10000; default: now.
            For values that were kept elsewhere.

        Raises
        ------
        NotAMetric, BadName, RunClosed
            As `log`; also where `metrics` is no dict.
        BadArgument
            `at` is no moment.
        """
        if type(metrics) is not dict and not isinstance(metrics, Mapping):
            raise NotAMetric(f"run.log_metrics takes a dict of name to value, got {metrics!r}")
        writer = self._writer
        if at is not None or writer is None or not writer.put_known(metrics, step):
            plain = {name: scalar(value, _call("log", name)) for name, value in metrics.items()}
            self._open_writer().put_all(plain, step, None if at is None else _moment(at))

    def log_list(self, name: str, value: Any, description: str = "") -> None:
        """Log several values at once: a list, tuple, array, Series or generator.

        Raises
        ------
        NotAMetric
            `value` is not a list of scalars.
        """
        values = column(value, _call("log_list", name))
        self._log_record(Kind.LIST, name, values, description)

    def log_row(self, name: str, description: str | None = None, **kwargs: Any) -> None:
        """Log one row of a table, a keyword for each column; again: the next row."""
        if isinstance(description, Mapping):
            raise NotAMetric(
                f"run.log_row takes columns as keywords: run.log_row({name!r}, **{description!r})"
            )
        self._log_record(Kind.ROW, name, row(kwargs, _call("log_row", name)), description)

    def log_table(self, name: str, value: Any, description: str = "") -> None:
        """Log a table: a dict of column name to list, or a DataFrame.

        Raises
        ------
        NotAMetric
            The columns differ in length, or `value` is no table.
        """
        columns = table(value, _call("log_table", name))
        self._log_record(Kind.TABLE, name, columns, description)

    def log_image(
        self,
        name: str,
        path: Any = None,
        plot: Any = None,
        description: str = "",
        *,
        step: int | None = None,
    ) -> None:
        """Log a picture: a file, a plot, or an array of pixels.

        Parameters
        ----------
        name
            The picture's name; the same name again adds the next picture.
        path
            A PNG, JPEG, GIF, WebP, BMP, TIFF or SVG file; or what `plot` takes.
        plot
            ``matplotlib.pyplot``, a Figure or Axes, whatever else has `savefig` or `save`, as
            PIL images have; an array, height × width (× 1, 3 or 4): integers 0 to 255, floats
            0 to 1.
        step
            Where it belongs on the step axis.

        Raises
        ------
        NotAMetric
            Not exactly one of `path` and `plot`, or it is no picture.
        NoSuchFile
            There is no file `path`.
        """
        where = _call("log_image", name)
        if (path is None) == (plot is None):
            raise NotAMetric(
                f"{where} takes one of path and plot, got {'none' if path is None else 'both'}"
            )
        layout.metric_name(name)
        self._check_open()
        if not isinstance(path, str | Path):
            plot = plot if path is None else path
            file = f"{_as_file_name(name)}_{int(time.time())}.png"
            picture: Path | bytes = picture_of(plot, where)
        else:
            source = Path(path)
            image_kind(source, where)
            inside = source.as_posix() if not source.is_absolute() else source.name
            try:
                file = layout.file_name(inside)
            except ValueError:
                file = source.name  # a path that climbs out of the working folder
            picture = source

        def note(kept_as: str) -> None:
            self._log_record(Kind.IMAGE, name, kept_as, description, step)

        self._add_picture(file, picture, note)

    def log_confusion_matrix(
        self, name: str, value: Any, description: str = "", *, step: int | None = None
    ) -> None:
        """Log a confusion matrix: a row for each true class, a column for each predicted one.

        Parameters
        ----------
        value
            A square array or list of lists, as scikit-learn's ``confusion_matrix`` gives; a
            DataFrame, whose columns name the classes; or the document itself, as a dict or
            JSON text: ``{"data": {"class_labels": ["cat", "dog"], "matrix": [[3, 1], [0, 4]]}}``.

        Raises
        ------
        NotAMetric
            `value` is no square matrix and no such document.
        """
        if not isinstance(value, str | Mapping):
            value = confusion_matrix(value, _call("log_confusion_matrix", name))
        self._log_document(Kind.CONFUSION_MATRIX, name, value, description, step)

    def log_accuracy_table(
        self, name: str, value: Any, description: str = "", *, step: int | None = None
    ) -> None:
        """Log an accuracy table: ROC, precision and recall, gain and calibration are drawn of it.

        `value` is a dict or JSON text: ``{"data": {"class_labels": [...],
        "probability_thresholds": [...], "probability_tables": [...]}}``, in the tables a row
        of true positives, false positives, true negatives and false negatives for each
        threshold of each class; the same for ``percentile_…``.
        """
        self._log_document(Kind.ACCURACY_TABLE, name, value, description, step)

    def log_residuals(
        self, name: str, value: Any, description: str = "", *, step: int | None = None
    ) -> None:
        """Log a histogram of residuals, predicted − true.

        `value` is a dict or JSON text: ``{"data": {"bin_edges": [...], "bin_counts": [...]}}``,
        with one edge more than counts.
        """
        self._log_document(Kind.RESIDUALS, name, value, description, step)

    def log_predictions(
        self, name: str, value: Any, description: str = "", *, step: int | None = None
    ) -> None:
        """Log predicted against true values.

        `value` is a dict or JSON text: ``{"data": {"bin_edges": [...], "bin_averages": [...],
        "bin_errors": [...]}}``, for each bin of true values the average prediction and its
        standard deviation, with one edge more than bins.
        """
        self._log_document(Kind.PREDICTIONS, name, value, description, step)

    def set_goal(self, name: str, goal: str) -> None:
        """Say whether a metric is to be made small or large, so that *best* means something.

        `goal` is ``minimize`` or ``maximize``.
        """
        if goal not in ("minimize", "maximize"):
            raise BadArgument(
                f"the goal of {name!r} must be 'minimize' or 'maximize', got {goal!r}"
            )
        layout.metric_name(name)
        self._update(lambda known: known.setdefault("goals", {}).update({name: goal}))

    def _log_document(
        self, kind: Kind, name: str, value: Any, description: str, step: int | None
    ) -> None:
        where = _call(f"log_{kind.value}", name)
        self._log_record(kind, name, document(value, where), description, step)

    def _log_record(
        self, kind: Kind, name: str, value: Any, description: str | None, step: int | None = None
    ) -> None:
        if description != "":
            self._describe(name, description)
        self._open_writer().record(kind, name, value, step)

    def _describe(self, name: str, description: object) -> None:
        if description is None:
            return
        if not isinstance(description, str):
            hint = f"; did you mean step={description}?" if isinstance(description, int) else ""
            raise NotAMetric(f"the description of {name!r} must be text, got {description!r}{hint}")
        self._open_writer().describe(layout.metric_name(name), description)


def _call(method: str, name: object) -> str:
    return f"run.{method}({name!r}, …)"


def _moment(at: object) -> float:
    with suppress(TypeError, ValueError, OverflowError):
        known = moment(float(at))  # type: ignore[arg-type]
        if known is not None:
            return known
    raise BadArgument(f"run.log_metrics takes seconds since the epoch as at, got {at!r}")


def _as_file_name(name: str) -> str:
    """Return a metric's name as a part of a file name: no folders, nothing a drive refuses."""
    kept = "".join("_" if letter in '/\\:*?"<>|' or ord(letter) < 32 else letter for letter in name)
    kept = kept.encode("utf-8", "replace").decode()[:100].strip(" .")
    return kept or "image"
