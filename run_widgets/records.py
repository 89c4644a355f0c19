"""The nouns that every room shares: plain, frozen, without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

NO_STEP = -(2**63)
"""In a `step` column: none was given, and the point's place in its metric counts."""


class RunStatus(StrEnum):
    """Where a run is in its life."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    PROVISIONING = "Provisioning"
    STARTING = "Starting"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    NOT_RESPONDING = "NotResponding"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_final(self) -> bool:
        return self in (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed, as `run.fail` and the store record it."""

    message: str
    code: str = "UserError"
    type: str = ""  # the exception's class name; empty when there was none
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All that is known of a run apart from its metrics and files.

    `status` is already true: a run whose process died reads `FAILED` here,
    whatever its folder still says. Times are seconds since the epoch, UTC.
    """

    id: str
    experiment: str
    number: int
    status: RunStatus
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    display_name: str = ""
    description: str = ""
    type: str | None = None  # "azureml.scriptrun" for submitted scripts
    target: str = "local"
    created_by: str = ""
    parent: str | None = None
    root: str = ""
    script: str = ""
    arguments: tuple[str, ...] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)
    properties: Mapping[str, str | None] = field(default_factory=dict)
    error: RunError | None = None
    waiting_for: str = ""  # why a queued run has not started
    interrupted: str = ""  # the error the last cell ended with, while the run goes on
    stop_requested: bool = False  # somebody asked it to end at its next step
    goals: Mapping[str, str] = field(default_factory=dict)  # metric -> "minimize" | "maximize"
    done_steps: int | None = None  # of the loop it tracks, where there is one
    total_steps: int | None = None  # of that loop, where it is known


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a run; `path` is its name in the run, with forward slashes."""

    path: str
    bytes: int
    modified_at: float


class Kind(StrEnum):
    """What one `log…` call recorded."""

    SCALAR = "scalar"  # a value of `log`: number, bool, None or text
    LIST = "list"
    ROW = "row"
    TABLE = "table"
    IMAGE = "image"
    CONFUSION_MATRIX = "confusion_matrix"
    ACCURACY_TABLE = "accuracy_table"
    RESIDUALS = "residuals"
    PREDICTIONS = "predictions"


class Record(NamedTuple):  # made twice as fast as a frozen dataclass: a table has very many
    """One call of `log_list`, `log_row`, `log_table`, `log_image` or a JSON metric.

    `value` by kind: a list; a dict of column to value; a dict of column to
    list; the image's file name in the run; the parsed JSON document.
    """

    metric: str
    kind: Kind
    value: Any
    at: float
    step: int | None = None


class PointKind:
    """How the eight value bytes of a point are read; as in the file. The numbers come first.

    No enum: numpy asks its members for attributes, which takes ten times as long as a comparison.
    """

    FLOAT: Final = 1
    INT: Final = 2  # within 64 bits
    BOOL: Final = 3
    NONE: Final = 4
    RECORD: Final = 5  # the value stands in the record beside the points: text, ints beyond 64 bits


@dataclass(frozen=True, slots=True)
class Points:
    """Consecutive values of one metric, as columns of one length n."""

    at: NDArray[np.float64]  # seconds since the epoch, UTC
    step: NDArray[np.int64]  # NO_STEP where none was given
    kind: NDArray[np.uint8]  # a PointKind each
    raw: NDArray[np.int64]  # the value bytes, read as an integer
    objects: Mapping[int, Any] = field(default_factory=dict)  # by place: values of kind RECORD

    def __len__(self) -> int:
        return len(self.at)

    @property
    def numbers(self) -> NDArray[np.float64]:
        """What a chart draws, shape (n,): NaN where a value is not a number."""
        import numpy as np

        numbers = self.raw.view(np.float64)
        if (self.kind == PointKind.FLOAT).all():
            return numbers
        numbers = numbers.copy()
        whole = (self.kind == PointKind.INT) | (self.kind == PointKind.BOOL)
        numbers[whole] = self.raw[whole]
        numbers[self.kind == PointKind.NONE] = np.nan
        for place, value in self.objects.items():
            numbers[place] = _as_float(value)
        return numbers

    def values(self) -> list[Any]:
        """The values as they were logged, each of its own Python type."""
        import numpy as np

        values: list[Any] = self.raw.view(np.float64).tolist()
        if (self.kind == PointKind.FLOAT).all():
            return values
        integers: list[Any] = self.raw.tolist()
        if (self.kind == PointKind.INT).all():
            return integers
        for place, kind in enumerate(self.kind.tolist()):
            if kind == PointKind.INT:
                values[place] = integers[place]
            elif kind == PointKind.BOOL:
                values[place] = bool(integers[place])
            elif kind == PointKind.NONE:
                values[place] = None
            elif kind == PointKind.RECORD:
                values[place] = self.objects[place]
        return values


def _as_float(value: object) -> float:
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return float("nan")


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader found since it last looked, in the order of writing."""

    points: Mapping[str, Points]  # scalars by metric, only metrics with news
    records: tuple[Record, ...] = ()
    warnings: tuple[str, ...] = ()  # e.g. values that wait for a full disk

    def __bool__(self) -> bool:
        return bool(self.points or self.records or self.warnings)
