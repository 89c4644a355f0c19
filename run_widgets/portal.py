"""The run's page: a Jupyter server extension that reads run files and asks no kernel.

Below the server's base URL, for its signed-in user alone:

```
run-widgets/                      every experiment and its runs
run-widgets/<experiment>          those of one
run-widgets/runs/<id>             one run
run-widgets/files/<id>/<name>     one of its files
run-widgets/api/runs[/<id>]       what these pages show, as strict JSON
run-widgets/assets/<name>         what draws them
```

A run is looked for in the workspace around the server's folder, then in the
person's own; ``?workspace=<folder>`` names another. Whatever it names, nothing
but the runs of a workspace is ever read.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import math
import mimetypes
import os
import re
import threading
import time
from collections import OrderedDict
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.extension.application import ExtensionApp
from tornado import web
from tornado.iostream import StreamClosedError

from run_widgets.errors import BadName, FileNotInRun, RunNotFound, RunWidgetsError
from run_widgets.facts import facts, shown
from run_widgets.store import layout
from run_widgets.store.drive import open_plain
from run_widgets.store.local import LocalStore
from run_widgets.summary import RunSummary
from run_widgets.tracking import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).with_name("page")
ASSETS = {
    "page.css": "text/css",
    "dom.js": "text/javascript",
    "run.js": "text/javascript",
    "runs.js": "text/javascript",
}

OPEN_RUNS = 20
"""Runs whose files stay open between two looks at them."""

LISTED_RUNS = 100
"""Of one experiment, the newest; the page says how many there are."""

CHUNK_BYTES = 2**18

# Nothing inline and nothing from elsewhere, so that nothing injected can run or tell.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# A run's file that is opened as a page: it can run and fetch nothing, and has no cookies.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"

PICTURES = {f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "bmp", "svg+xml")}

Json = dict[str, Any]


class RunPortal(ExtensionApp):
    """The pages, inside Jupyter or as a server of their own."""

    name = "run_widgets"
    extension_url = "/run-widgets/"
    default_url = "/run-widgets/"
    load_other_extensions = False

    def initialize_settings(self) -> None:
        assert self.serverapp is not None
        root = Path(self.serverapp.root_dir or ".").absolute()
        # From the top of the drive there is nothing upwards: that is the person's own.
        folders = [Workspace.from_config(root).path, Workspace.from_config(root.anchor).path]
        self.settings["run_widgets_shelf"] = Shelf(list(dict.fromkeys(folders)))

    def initialize_handlers(self) -> None:
        at = r"/run-widgets"
        self.handlers += [
            (rf"{at}/api/runs", RunsHandler),
            (rf"{at}/api/runs/([^/]+)", RunHandler),
            (rf"{at}/assets/([^/]+)", AssetHandler),
            (rf"{at}/files/([^/]+)/(.+)", FileHandler),
            (rf"{at}/runs/[^/]+", PageHandler, {"page": "run.html"}),
            (rf"{at}(?:/[^/]*)?", PageHandler, {"page": "runs.html"}),
        ]

    async def stop_extension(self) -> None:
        self.settings["run_widgets_shelf"].close()


def _jupyter_server_extension_points() -> list[Json]:
    return [{"module": "run_widgets.portal", "app": RunPortal}]


# -- reading -------------------------------------------------------------------------------


class Shelf:
    """The runs that can be seen; one that is looked at is followed once for all who look.

    `folders` are the workspaces to look in. Its methods read files: call them
    in a thread of their own, any number at a time.
    """

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders
        self._open: OrderedDict[tuple[Path, int], _OpenRun] = OrderedDict()
        self._lock = threading.Lock()

    def store_of(self, run_id: str, workspace: str | None) -> LocalStore:
        """Return the store that has the run.

        Raises
        ------
        RunNotFound
            None has, or `workspace` is not the path of a workspace.
        """
        stores = self._stores(workspace)
        for store in stores:
            with contextlib.suppress(RunNotFound):
                store.folder(run_id)
                return store
        places = " or ".join(str(store.root) for store in stores)
        raise RunNotFound(f"no run {shown(run_id)!r} in {places}")

    def run(self, run_id: str, workspace: str | None) -> Json:
        """Return what a run's page shows, as it is now."""
        store = self.store_of(run_id, workspace)
        folder = store.folder(run_id)
        # A folder that was deleted and made again is another run.
        key = (folder, folder.stat().st_ino)
        while (state := self._opened(key, store, run_id).state()) is None:
            pass  # closed between the two calls, since many others were looked at
        return state

    def _opened(self, key: tuple[Path, int], store: LocalStore, run_id: str) -> _OpenRun:
        with self._lock:
            if key not in self._open:
                self._open[key] = _OpenRun(store, run_id)
            self._open.move_to_end(key)
            idle = [self._open.popitem(last=False)[1] for _ in range(len(self._open) - OPEN_RUNS)]
            opened = self._open[key]
        for run in idle:
            run.close()
        return opened

    def runs(self, experiment: str | None, workspace: str | None) -> Json:
        """Return the experiments and their newest runs, of every workspace looked in."""
        return {
            "workspaces": [
                {
                    "folder": str(store.root),
                    "experiments": [
                        _listed(store, document["name"])
                        for document in store.experiments()
                        if experiment in (None, document["name"])
                    ],
                }
                for store in self._stores(workspace)
            ]
        }

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _stores(self, workspace: str | None) -> list[LocalStore]:
        if workspace is None:
            return [LocalStore(folder) for folder in self._folders]
        folder = Path(workspace)
        try:
            known = folder.is_absolute() and (folder / layout.WORKSPACE_FILE).is_file()
        except (OSError, ValueError):  # a NUL, or a name that is too long
            known = False
        if not known:
            raise RunNotFound(f"there is no workspace at {shown(workspace)!r}")
        return [LocalStore(folder)]


class _OpenRun:
    def __init__(self, store: LocalStore, run_id: str) -> None:
        self._store = store
        self._id = run_id
        self._summary = RunSummary()
        self._follower = store.follow(run_id)
        self._lock = threading.Lock()
        self._closed = False

    def state(self) -> Json | None:
        """Read what is new and return the whole; None once it is closed."""
        with self._lock:
            if self._closed:
                return None
            while batch := self._follower.read():
                self._summary.feed(batch)
            summary = self._summary
            return {
                "facts": facts(
                    self._store.run(self._id),
                    points=summary.points,
                    last_value_at=summary.last_value_at,
                    now=time.time(),
                ),
                "metrics": [
                    {"name": metric.name, "kind": metric.kind, "text": metric.text}
                    for metric in summary.metrics
                ],
                "files": [
                    asdict(entry) | {"path": _unicode(entry.path)}
                    for entry in self._store.files(self._id)
                ],
                "problem": "\n".join(summary.warnings),
            }

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._follower.close()


def _unicode(name: str) -> str:
    # Names of files are bytes, and a browser can only send back what is Unicode.
    return name.encode("utf-8", "replace").decode()


def _listed(store: LocalStore, experiment: str) -> Json:
    now = time.time()
    try:
        runs = store.runs(experiment)
        newest = [
            facts(run, points=0, last_value_at=None, now=now) for run in islice(runs, LISTED_RUNS)
        ]
        return {"name": experiment, "runs": newest, "more": next(runs, None) is not None}
    except BadName:
        return {"name": shown(experiment), "runs": [], "more": False}


# -- answering -------------------------------------------------------------------------------


class _Handler(JupyterHandler):
    auth_resource = "contents"  # who may read the server's files may read the runs'
    policy = PAGE_POLICY

    @property
    def content_security_policy(self) -> str:
        return self.policy

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Referrer-Policy", "same-origin")

    @property
    def shelf(self) -> Shelf:
        shelf: Shelf = self.settings["run_widgets_shelf"]
        return shelf

    @property
    def workspace(self) -> str | None:
        workspace: str | None = self.get_query_argument("workspace", None)
        return workspace


class PageHandler(_Handler):
    """The frame of a page, the same for all runs; its script brings the content."""

    def initialize(self, page: str) -> None:
        self._page = page

    @web.authenticated
    @authorized
    async def get(self) -> None:
        if self.request.path.endswith("/run-widgets"):
            # Its links are relative, and so is the page they are relative to.
            self.redirect(f"run-widgets/?{self.request.query}".rstrip("?"))
            return
        self.set_header("Content-Type", "text/html; charset=utf-8")
        await self.finish((PAGE / self._page).read_bytes())


class AssetHandler(_Handler):
    """A script or style of the pages."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        if name not in ASSETS:
            raise web.HTTPError(404)
        self.set_header("Content-Type", f"{ASSETS[name]}; charset=utf-8")
        await self.finish((PAGE / name).read_bytes())


class _JsonHandler(_Handler, APIHandler):
    _etag = ""

    async def answer(self, read: Callable[[], Json]) -> None:
        try:
            state = strict(await asyncio.to_thread(read))
        except (RunWidgetsError, OSError) as error:
            self.set_status(404 if isinstance(error, RunNotFound) else 500)
            await self.finish({"message": str(error)})
            return
        # A browser that has all but the time that went by has all there is to know.
        lasting = json.dumps(_without("elapsed_s", state), allow_nan=False)
        self._etag = f'"{hashlib.sha256(lasting.encode()).hexdigest()}"'
        await self.finish(json.dumps(state, allow_nan=False))

    def compute_etag(self) -> str | None:
        return self._etag or None


class RunsHandler(_JsonHandler):
    """The list of experiments and runs."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        experiment = self.get_query_argument("experiment", None)
        await self.answer(partial(self.shelf.runs, experiment, self.workspace))


class RunHandler(_JsonHandler):
    """One run; 304 while it is as the browser has it."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(partial(self.shelf.run, run_id, self.workspace))


class FileHandler(_Handler):
    """A run's file, whole or the part that a ``Range`` header asks for."""

    policy = FILE_POLICY

    @web.authenticated
    @authorized
    async def get(self, run_id: str, name: str) -> None:
        with await asyncio.to_thread(self._open, run_id, name) as file:
            part = self._part(os.fstat(file.fileno()).st_size)
            self._describe(file, name)
            self.set_header("Content-Length", len(part))
            if self.request.method != "HEAD":
                await self._send(file, part)
        await self.finish()

    head = get

    def _open(self, run_id: str, name: str) -> IO[bytes]:
        try:
            path = self.shelf.store_of(run_id, self.workspace).file_path(run_id, name)
            return os.fdopen(open_plain(path), "rb")
        except (RunNotFound, FileNotInRun, OSError) as error:
            raise web.HTTPError(404, str(error)) from None

    def _part(self, size: int) -> range:
        """Return the bytes asked for; of a file that grows, those it has now."""
        self.set_header("Accept-Ranges", "bytes")
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.request.headers.get("Range", ""))
        if asked is None or asked[0] == "bytes=-":
            return range(size)
        first, last = asked[1], asked[2]
        if not first:
            part = range(max(0, size - int(last)), size)
        else:
            part = range(int(first), min(int(last or size), size - 1) + 1)
        self.set_status(206 if part else 416)
        place = f"{part.start}-{part.stop - 1}" if part else "*"
        self.set_header("Content-Range", f"bytes {place}/{size}")
        return part

    def _describe(self, file: IO[bytes], name: str) -> None:
        """Say what it is, and whether a browser may open it or has to keep it."""
        kind = mimetypes.guess_type(name)[0] or ""
        if kind not in PICTURES:
            kind = "text/plain; charset=utf-8" if _is_text(file) else "application/octet-stream"
        self.set_header("Content-Type", kind)
        if kind == "application/octet-stream" or self.get_query_argument("download", None):
            self.set_attachment_header(name.rpartition("/")[2])

    async def _send(self, file: IO[bytes], part: range) -> None:
        file.seek(part.start)
        left = len(part)
        with contextlib.suppress(StreamClosedError):
            while left and (chunk := await asyncio.to_thread(file.read, min(left, CHUNK_BYTES))):
                self.write(chunk)
                await self.flush()
                left -= len(chunk)


def _is_text(file: IO[bytes]) -> bool:
    start = file.read(8192)
    # A character may be cut at the end of what was read.
    return b"\0" not in start and "\ufffd" not in start.decode("utf-8", "replace")[:-4]


def _without(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(key, item) for name, item in value.items() if name != key}
    return [_without(key, item) for item in value] if isinstance(value, list) else value


def strict(value: Any) -> Any:
    """Return `value` with every number that JSON has not, such as NaN, as its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    return value
