"""One run as one HTML file: opens offline anywhere, with all that a browser does with a panel.

The file carries what the run's page loads: the same scripts, and the run's state as
JSON.
"""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.export.html_file import html_file
from run_widgets.export.picture import static_html
from run_widgets.images import media_type
from run_widgets.reading.documents import Drawings
from run_widgets.reading.facts import shown
from run_widgets.reading.run import Reading
from run_widgets.reading.state import run_state

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from run_widgets.records import FileEntry
    from run_widgets.store import RunReader

LINES_BYTES = 1_500_000
"""Of all lines of all charts together; each is reduced until they fit."""

IMAGES_BYTES = 900_000
PICTURES_BYTES = 600_000
TEXTS_BYTES = 600_000
"""Of all logged images, and of all pictures and all texts among the files; those that do not fit
are only named."""

TEXT_BYTES = 300_000
"""Of one text."""

POINT_BYTES = 32
"""Of one point of a line: three float64 as base64."""

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
"""Of files whose content is looked at as a picture; SVG is a text."""

_LOGS = ("logs/", "user_logs/", "azureml-logs/")

_MODULES = {"page.js": "", "bqscales.js": "bqscales", "bqplot.js": "bqplot"}


def export(store: RunReader, run_id: str, path: str | os.PathLike[str]) -> Path:
    """Write the run as it is now to the HTML file `path`, and return where that is.

    Raises
    ------
    RunNotFound
        The store has no run `run_id`.
    FileNotFoundError
        A part of the front end is not installed.
    OSError
        `path` cannot be written.
    """
    target = Path(path).expanduser()
    target.write_text(page(store, run_id), encoding="utf-8")
    return target.absolute()


def page(store: RunReader, run_id: str) -> str:
    """Return the run as it is now as an HTML document.

    Raises
    ------
    RunNotFound
        The store has no run `run_id`.
    FileNotFoundError
        A part of the front end is not installed.
    """
    reading = Reading(store, run_id)
    try:
        reading.catch_up()
        reading.look_at_children()
        reading.look_at_original()
        return _page(reading)
    finally:
        reading.close()


def _page(reading: Reading) -> str:
    facts = reading.facts()
    documents = Drawings().of(reading.summary.documents)
    children = reading.children.entries(time.time())
    picture = static_html(
        facts,
        reading.summary,
        reading.files,
        image_of=lambda name: _image(reading, name),
        documents=documents,
        children=children,
        **reading.original.picture(),
    )
    state = _state(reading, facts, documents, children)
    return html_file(str(facts["title"]), picture, state, place="rw-run", scripts=_MODULES)


def _state(
    reading: Reading,
    facts: dict[str, object],
    documents: list[dict[str, Any]],
    children: list[dict[str, Any]],
) -> dict[str, Any]:
    summary, files = reading.summary, reading.files
    lines = sum(len(curves.lines) for curves in summary.charts)
    state = run_state(
        summary,
        # A run's page and its address are this machine's own affair.
        facts | {"portal_path": f"run-widgets/runs/{facts['run_id']}"},
        files,
        following=False,
        documents=documents,
        children=children,
        original=reading.original,
        line_points=max(50, LINES_BYTES // POINT_BYTES // max(1, lines)),
    )
    room = IMAGES_BYTES
    for image in state["images"]:
        content = reading.image(image["path"]) or b""
        room -= len(content) if len(content) <= room else 0
        fits = bool(content) and room >= 0
        image["mime"] = media_type(content[:1024])
        image["data"] = base64.b64encode(content).decode() if fits else None
    logged = {image["path"] for image in state["images"]}
    state["contents"] = dict([*_texts(reading, files), *_pictures(reading, files, logged)])
    logs = [name for name in state["contents"] if name.startswith(_LOGS)]
    state["log_times"] = {name: times for name in logs if (times := reading.log_times(name))}
    if not reading.record.status.is_final:
        at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
        note = f"as of {at}, when the run had not ended"
        state["problem"] = " · ".join(filter(None, [state["problem"], note]))
    return state


def _texts(reading: Reading, files: list[FileEntry]) -> Iterator[tuple[str, str]]:
    """Yield small texts among the files, as base64, logs first."""
    room = TEXTS_BYTES
    for file in sorted(files, key=lambda file: not file.path.startswith(_LOGS)):
        if file.bytes > min(TEXT_BYTES, room):
            continue
        content = reading.content(file.path, TEXT_BYTES)
        if content is None or b"\0" in content or len(content) > room:
            continue
        room -= len(content)
        yield shown(file.path), base64.b64encode(content).decode()


def _pictures(
    reading: Reading, files: list[FileEntry], logged: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield small pictures among the files that are not there as logged images, as base64."""
    room = PICTURES_BYTES
    for file in files:
        name = shown(file.path)
        if not name.lower().endswith(PICTURE_ENDINGS) or name in logged or file.bytes > room:
            continue
        content = reading.content(file.path, room)
        if content is None or len(content) > room:
            continue
        room -= len(content)
        yield name, base64.b64encode(content).decode()


def _image(reading: Reading, name: str) -> tuple[str, bytes] | None:
    content = reading.image(name)
    mime = media_type(content[:1024]) if content else ""
    return (mime, content) if content and mime else None
