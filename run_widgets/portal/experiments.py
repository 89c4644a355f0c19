"""An experiment's runs as a table, for pages that show it without a kernel."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import struct
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from run_widgets.comparing.curves import Curves, told
from run_widgets.comparing.run_table import RunTable, facts_of_list
from run_widgets.errors import RunWidgetsError
from run_widgets.portal.handler import Handler

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets.portal.shelf import Shelf

TABLES = 20
"""Pages that are told of what is new only; others are told the whole again."""

LOOKING_S = 0.3
"""For one answer; what is left comes with the next."""

MOST_ASKED = 200
"""Curves of one answer."""

_RUN = re.compile(r"([\w.+-]{1,255}):(\d{1,15})", re.ASCII)
_CLIENT = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass(slots=True)
class _Told:
    """What one page has been told of one experiment."""

    table: RunTable
    facts: dict[str, str]
    version: int = -1
    lock: threading.Lock = field(default_factory=threading.Lock)


class Tables:
    """A table for each page that shows an experiment, the most recently asked ones."""

    def __init__(self) -> None:
        self._tables: OrderedDict[tuple[str, Path, str], _Told] = OrderedDict()
        self._lock = threading.Lock()

    def news(
        self, shelf: Shelf, name: str, workspace: str | None, client: str, version: int
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Return what is new for `client`, which has `version`, and the buffers of it.

        Raises
        ------
        ExperimentNotFound
            No workspace that is looked in has it.
        """
        told = self._of(shelf, name, workspace, client)
        with told.lock:
            deadline = time.monotonic() + LOOKING_S
            told.table.look()
            while told.table.is_behind and time.monotonic() < deadline:
                told.table.look()
            buffers: list[bytes] = []
            news = told.table.news(buffers)
            if version != told.version or version < 0:
                buffers.clear()
                news = told.table.whole(buffers)
            if news is not None:
                told.version = int(str(news["version"]))
            answer = {"facts": told.facts, "loading": told.table.is_behind, "told": news}
        return answer, buffers

    def _of(self, shelf: Shelf, name: str, workspace: str | None, client: str) -> _Told:
        store = shelf.store_of_experiment(name, workspace)
        key = (client, store.root, name)
        with self._lock:
            if key not in self._tables:
                document = store.experiment(name)
                facts = facts_of_list(store.root, name, str(document.get("id", "")))
                self._tables[key] = _Told(RunTable(store, name), facts)
            self._tables.move_to_end(key)
            while len(self._tables) > TABLES:
                self._tables.popitem(last=False)
            return self._tables[key]


def packed(answer: dict[str, Any], buffers: list[bytes]) -> bytes:
    """Return a length, JSON of that length, and the buffers; its ``buffers`` has their lengths."""
    head = answer | {"buffers": [len(buffer) for buffer in buffers]}
    text = json.dumps(head, allow_nan=False).encode()
    return b"".join((struct.pack("<I", len(text)), text, *buffers))


class _BinaryHandler(Handler, APIHandler):
    """Answers in numbers of their own form, which are a fifth of what JSON would make of them."""

    # A list that was left open is no activity: an idle server can be shut down.
    _track_activity = False

    async def refuse(self, error: Exception) -> None:
        self.set_status(404 if isinstance(error, LookupError) else 500)
        await self.finish({"message": str(error)})


class TableHandler(_BinaryHandler):
    """``?client=<any word>&version=<what it has>``: what is new, as `packed` has it."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        client = self.get_query_argument("client", "")
        version = self.get_query_argument("version", "-1")
        if not _CLIENT.fullmatch(client) or not re.fullmatch(r"-?\d{1,15}", version, re.ASCII):
            raise web.HTTPError(400, "client must be a word and version a number")
        tables: Tables = self.settings.setdefault("run_widgets_lists", Tables())
        try:
            answer, buffers = await asyncio.to_thread(
                tables.news, self.shelf, name, self.workspace, client, int(version)
            )
        except (RunWidgetsError, OSError) as error:
            await self.refuse(error)
            return
        self.set_header("Cache-Control", "no-store")
        await self.finish(packed(answer, buffers), set_content_type="application/octet-stream")


class CurvesHandler(_BinaryHandler):
    """``?metric=<name>&run=<id>:<values>&run=…``: each run's curve as soon as it is read.

    One after the other, each as `packed` has it.
    """

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        metric = self.name_in("metric")
        pairs = [_RUN.fullmatch(run) for run in self.get_query_arguments("run")]
        runs = [(pair[1], int(pair[2])) for pair in pairs if pair is not None]
        if not runs or len(runs) < len(pairs) or len(runs) > MOST_ASKED:
            raise web.HTTPError(400, f"run must be id:number, 1 to {MOST_ASKED} times")
        try:
            store = await asyncio.to_thread(self.shelf.store_of_experiment, name, self.workspace)
        except RunWidgetsError as error:
            await self.refuse(error)
            return
        shelves: dict[Path, Curves] = self.settings.setdefault("run_widgets_curves", {})
        curves = shelves.setdefault(store.root, Curves(store))
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Cache-Control", "no-store")
        with contextlib.closing(curves.read(metric, runs)) as found:
            while (one := await asyncio.to_thread(next, found, None)) is not None:
                buffers: list[bytes] = []
                self.write(packed({"curve": told(one, buffers)}, buffers))
                try:
                    await self.flush()
                except StreamClosedError:
                    return  # nobody waits for the others
        await self.finish(set_content_type="application/octet-stream")
