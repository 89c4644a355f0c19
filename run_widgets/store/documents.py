"""JSON documents: read with suspicion, replaced whole, changed by one process at a time."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from run_widgets.errors import RunNotFound, RunWidgetsError, StoreUnavailable
from run_widgets.store.drive import read_plain
from run_widgets.store.layout import DOCUMENT_BYTES, FORMAT
from run_widgets.store.lock import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Document = dict[str, Any]

Labels = str | Mapping[str, str | None] | None
"""Tags or properties a run must have: one key with any value, or every pair of a dict."""


def read_json(path: Path) -> Document | None:
    """Return a document, or None where there is none that can be read."""
    try:
        document = json.loads(read_plain(path, DOCUMENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def write_json(path: Path, document: Document) -> None:
    """Put a document in the place of the one that is there; a reader finds either, whole.

    Raises
    ------
    StoreUnavailable
        It is longer than a reader would read.
    OSError
    """
    temporary = _write_new(path, document)
    try:
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def create_json(path: Path, document: Document) -> None:
    """Write a new document whole, unless another process was first."""
    temporary = _write_new(path, document)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:  # a drive without hard links
        if not os.path.lexists(path):
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def update_json(path: Path, change: Callable[[Document], None]) -> Document:
    """Apply `change` to a document, alone among all processes, and return it.

    Raises
    ------
    RunNotFound
        There is none that can be read.
    StoreUnavailable
        A later version of run-widgets wrote it.
    OSError
        It cannot be written; it is as it was.
    """
    with locked(path.parent):
        document = read_json(path)
        if document is None:
            raise RunNotFound(f"{path} cannot be read")
        check_format(path, document)
        change(document)
        write_json(path, document)
    return document


def check_format(path: Path, document: Document) -> None:
    """Let nobody write to what a later version wrote: it may not be what it looks like.

    Raises
    ------
    StoreUnavailable
        The document's format is later than ours.
    """
    theirs = document.get("format")
    if isinstance(theirs, int) and theirs > FORMAT:
        raise StoreUnavailable(
            f"{path} is of format {theirs}, and this version of run-widgets writes {FORMAT}: "
            "update it"
        )


@contextlib.contextmanager
def written_to(folder: Path) -> Iterator[None]:
    """Say of what the system refuses in the block that `folder` cannot be written.

    Raises
    ------
    StoreUnavailable
    """
    try:
        yield
    except RunWidgetsError:
        raise
    except OSError as error:
        raise StoreUnavailable(f"{folder} cannot be written: {error}") from error


def _write_new(path: Path, document: Document) -> str:
    """Write a document beside `path`, under a name that nobody else has."""
    # A field a line: as readable as `indent` makes it, and several times as fast.
    fields = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in document.items())
    content = "{{\n{}\n}}\n".format(",\n".join(fields)).encode()
    if len(content) > DOCUMENT_BYTES:
        raise StoreUnavailable(
            f"{path} would be {len(content):,} bytes, and {DOCUMENT_BYTES:,} is the most: "
            "keep what is long as a file of the run"
        )
    temporary = f"{path}.{os.urandom(6).hex()}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return temporary
