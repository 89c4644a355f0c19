"""The files of a run, whole or the part that a ``Range`` header asks for."""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
import os
import re
from typing import IO, TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from run_widgets.errors import FileNotInRun, RunNotFound
from run_widgets.portal.handler import Handler
from run_widgets.portal.source import SOURCE_FILES, open_member
from run_widgets.store.drive import open_plain

if TYPE_CHECKING:
    from pathlib import Path

CHUNK_BYTES = 2**18

# A run's file that is opened as a page: it can run and fetch nothing, and has no cookies.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"

PICTURES = {f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "bmp", "svg+xml")}


class _SomeFileHandler(Handler):
    policy = FILE_POLICY

    @web.authenticated
    @authorized
    async def get(self, run_id: str, name: str) -> None:
        try:
            file, size = await asyncio.to_thread(self._open, run_id, name)
        except (RunNotFound, FileNotInRun, OSError) as error:
            raise web.HTTPError(404, str(error)) from None
        with file:
            part = self._part(size)
            self._describe(file, name)
            self.set_header("Content-Length", len(part))
            if self.request.method != "HEAD":
                await self._send(file, part)
        await self.finish()

    head = get

    def _open(self, run_id: str, name: str) -> tuple[IO[bytes], int]:
        """Return a file and its size.

        Raises
        ------
        RunNotFound, FileNotInRun, OSError
        """
        raise NotImplementedError

    def _folder(self, run_id: str) -> Path:
        return self.shelf.store_of(run_id, self.workspace).folder(run_id)

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
        await asyncio.to_thread(file.seek, part.start)
        left = len(part)
        with contextlib.suppress(StreamClosedError):
            while left and (chunk := await asyncio.to_thread(file.read, min(left, CHUNK_BYTES))):
                self.write(chunk)
                await self.flush()
                left -= len(chunk)


class FileHandler(_SomeFileHandler):
    """A file of a run."""

    def _open(self, run_id: str, name: str) -> tuple[IO[bytes], int]:
        store = self.shelf.store_of(run_id, self.workspace)
        return _opened(store.file_path(run_id, name))


class SourceFileHandler(_SomeFileHandler):
    """What a run was started from: its notebook, its environment, its snapshot."""

    def _open(self, run_id: str, name: str) -> tuple[IO[bytes], int]:
        if name not in SOURCE_FILES:
            raise FileNotInRun(f"{name!r} must be one of {', '.join(SOURCE_FILES)}")
        return _opened(self._folder(run_id) / name)


class SnapshotHandler(_SomeFileHandler):
    """A file of a run's snapshot."""

    def _open(self, run_id: str, name: str) -> tuple[IO[bytes], int]:
        return open_member(self._folder(run_id), name)


def _opened(path: Path) -> tuple[IO[bytes], int]:
    file = os.fdopen(open_plain(path), "rb")
    return file, os.fstat(file.fileno()).st_size


def _is_text(file: IO[bytes]) -> bool:
    start = file.read(8192)
    # A character may be cut at the end of what was read.
    return b"\0" not in start and "\ufffd" not in start.decode("utf-8", "replace")[:-4]
