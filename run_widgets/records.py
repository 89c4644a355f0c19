"""The nouns that every room shares: plain, frozen, without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

NO_STEP = -(2**31)
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
    stop_requested: bool = False  # somebody asked it to end at its next step
    goals: Mapping[str, str] = field(default_factory=dict)  # metric -> "minimize" | "maximize"
    total_steps: int | None = None  # of the loop it tracks, where one is known


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


@dataclass(frozen=True, slots=True)
class Record:
    """One call of `log_list`, `log_row`, `log_table`, `log_image` or a JSON metric.

    `value` by kind: a list; a dict of column to value; a dict of column to
    list; the image's file name in the run; the parsed JSON document.
    """

    metric: str
    kind: Kind
    value: Any
    at: float
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """Consecutive values of one metric, as columns of one length n.

    `numbers` is what a chart draws: NaN where the value is not a number.
    `objects` holds, by place in the columns, the values that no float can be:
    ints, bools, None, texts and ints beyond 2**53; every other place is the
    float in `numbers`.
    """

    at: NDArray[np.float64]  # seconds since the epoch, UTC
    step: NDArray[np.int64]  # NO_STEP where none was given
    numbers: NDArray[np.float64]
    kinds: NDArray[np.uint8]  # as in the file, see docs/store-format.md
    raw: NDArray[np.int64]  # the eight value bytes read as an int
    objects: Mapping[int, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.at)

    def values(self) -> list[Any]:
        """The values as they were logged, each of its own Python type."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader found since it last looked, in the order of writing."""

    points: Mapping[str, Points]  # scalars by metric, only metrics with news
    records: tuple[Record, ...] = ()
    warnings: tuple[str, ...] = ()  # e.g. values that wait for a full disk

    def __bool__(self) -> bool:
        return bool(self.points or self.records or self.warnings)
