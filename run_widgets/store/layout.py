"""Where things lie in a workspace, and the shape of a point: docs/store-format.md as constants.

```
<workspace>/workspace.json
<workspace>/index.sqlite                    a cache of every run.json; deleting it loses nothing
<workspace>/.snapshots/<digest>.zip         source folders, each content once
<workspace>/<experiment>/experiment.json
<workspace>/<experiment>/numbers            one byte for each run number handed out
<workspace>/<experiment>/.queue/…           tickets of submitted runs, waiting or running
<workspace>/<experiment>/<run id>/run.json  status, tags, properties, …; replaced atomically
                                 /metrics/<writer>.jsonl    one file pair for each writing process
                                 /metrics/<writer>.points
                                 /metrics/<writer>.npz      in place of .points once it is closed
                                 /files/…
                                 /snapshot.zip              its source, a hard link to .snapshots
                                 /notebook.ipynb            the cells its kernel executed
                                 /environment.json          Python, platform, packages
                                 /plan.json                 how to run it, or to run it again
                                 /work/…                    what a submitted script left elsewhere
                                 /stop                      there when somebody asked it to end
                                 /progress                  steps done and, where known, in all
                                 /log_times                 when its logs had come how far
```
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from run_widgets.errors import BadName, NotAName

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = 1

WORKSPACE_FILE = "workspace.json"
INDEX_FILE = "index.sqlite"
EXPERIMENT_FILE = "experiment.json"
NUMBERS_FILE = "numbers"
RUN_FILE = "run.json"
METRICS = "metrics"
FILES = "files"
STOP_FILE = "stop"
PROGRESS_FILE = "progress"
LOG_TIMES = "log_times"
TRASH = ".trash"

LOG_FOLDERS = ("user_logs/", "logs/", "azureml-logs/", "system_logs/")
"""Of a run's files, the logs: what a person wants first comes first."""

_LOG_ENDS = (".txt", ".log", ".out", ".err")

DOCUMENT_BYTES = 2**24
"""A JSON document is at most this long; a longer one is not ours and is not read."""

LINE_BYTES = 2**24
"""A line of a `.jsonl` file is at most this long, its end included."""

METRICS_AT_MOST = 2**20
"""Of one writer; a mark has room for more."""

# One logged value, 24 bytes, little-endian: the value's eight bytes, the time
# (seconds since the epoch), the step, and the mark, which is metric id * 256 +
# kind, + STEPPED where a step was given. The mark comes last and is never 0, so
# a slot that still reads 0 there is empty.
#
# In the machine's own form, where that is little-endian too, each field is one store
# and so never seen half written.
_ORDER = "@" if sys.byteorder == "little" else "<"
POINT = struct.Struct(f"{_ORDER}ddiI")
POINT_OF_INT = struct.Struct(f"{_ORDER}qdiI")
POINT_BYTES = 24
STEP_AT = 16
MARK_AT = 20
STEPPED = 0x10
VOID = 0x0F  # the kind of a slot that was taken and then not used
KINDS = 0x0F

RUN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,254}")
_EXPERIMENT = re.compile(r"[A-Za-z0-9][\w-]{0,254}")
_DRIVE = re.compile("[A-Za-z]:")


def run_id(value: object) -> str:
    """Return `value` where it can name a run's folder.

    Raises
    ------
    BadName
        It is not 1 to 255 ASCII letters, digits and ``_ . + -``, begun by a
        letter, digit or ``_``.
    """
    if not isinstance(value, str) or not RUN_ID.fullmatch(value):
        raise BadName(
            f"run id {value!r} must be 1 to 255 ASCII letters, digits, '_', '.', '+' or '-', "
            "and begin with a letter, digit or '_'"
        )
    return value


def experiment_name(value: object) -> str:
    """Return `value` where it can name an experiment.

    Raises
    ------
    BadName
        It is not 1 to 255 letters, digits, ``_`` and ``-``, begun by an ASCII
        letter or digit.
    """
    if not isinstance(value, str) or not _EXPERIMENT.fullmatch(value):
        raise BadName(
            f"experiment name {value!r} must be 1 to 255 letters, digits, '_' or '-', "
            "and begin with a letter or digit"
        )
    return value


def folder_of_experiment(name: object) -> str:
    """Return the folder of an experiment: its name, or where file systems could not, a digest.

    Names that are long in bytes or differ in case only from another would meet
    there; such a name keeps its letters and gets the digest of its exact form.
    """
    name = experiment_name(name)
    if len(name.encode()) <= 200 and name == name.lower():
        return name
    import hashlib  # seldom needed, and slow to load

    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[:200].decode(errors='ignore')}.{digest}"


def metric_name(value: object) -> str:
    """Return `value`, a non-empty string.

    Raises
    ------
    BadName, NotAName
        It is empty, or not a string.
    """
    if not isinstance(value, str):
        advice = ": use run.log_metrics for several" if isinstance(value, Mapping) else ""
        raise NotAName(f"a metric's name must be a string, got {repr(value)[:100]}{advice}")
    if not value:
        raise BadName("a metric needs a name, got an empty string")
    return value


def file_name(value: object) -> str:
    """Return the name of a run's file, as a person writes it, with forward slashes.

    Raises
    ------
    BadName
        It is no relative path inside a run.
    """
    name = str(value).replace("\\", "/") if isinstance(value, str | Path) else ""
    return inside_run(name.removeprefix("./"))


def inside_run(name: str) -> str:
    """Return `name`, a relative path inside a run: as a file is called that exists.

    Raises
    ------
    BadName
        It is empty or absolute, climbs with ``..``, or has a drive, a NUL or an
        empty part.
    """
    parts = name.split("/")
    climbs = ".." in name.replace("\\", "/").split("/")  # here, or where the run is copied to
    # A colon is a letter like others, but on Windows, where it parts a drive or a hidden stream.
    has_drive = ":" in name if sys.platform == "win32" else _DRIVE.fullmatch(parts[0])
    if {"", "."}.intersection(parts) or climbs or has_drive or "\0" in name:
        raise BadName(
            f"file name {name!r} must be a relative path inside the run, such as 'outputs/model.pt'"
        )
    return name


def log_names(paths: Iterable[str]) -> list[str]:
    """Return which of a run's files are logs, the one that a person wants first."""

    def order(path: str) -> tuple[int, bool, str]:
        (folder,) = (n for n, name in enumerate(LOG_FOLDERS) if path.startswith(name))
        # Others lie there too, such as events for TensorBoard.
        return folder, not path.endswith(_LOG_ENDS), path

    return sorted((path for path in paths if path.startswith(LOG_FOLDERS)), key=order)
