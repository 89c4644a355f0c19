"""An experiment's runs as a table, for pages that show it without a kernel."""

from __future__ import annotations

import asyncio
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

from run_widgets.errors import ExperimentNotFound, RunWidgetsError
from run_widgets.portal.handler import Handler
from run_widgets.run_table import RunTable, facts_of_list

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets.portal.shelf import Shelf

TABLES = 20
"""Pages that are told of what is new only; others are told the whole again."""

LOOKING_S = 0.3
"""For one answer; what is left comes with the next."""

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


class TableHandler(Handler, APIHandler):
    """``?client=<any word>&version=<what it has>``: what is new, as numbers in their own form.

    The answer is a length, JSON of that length, and the buffers that its
    ``buffers`` gives the lengths of.
    """

    # A list that was left open is no activity: an idle server can be shut down.
    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        client = self.get_query_argument("client", "")
        version = self.get_query_argument("version", "-1")
        if not _CLIENT.fullmatch(client) or not re.fullmatch(r"-?\d{1,15}", version, re.ASCII):
            raise web.HTTPError(400, "client must be a word and version a number")
        tables: Tables = self.settings.setdefault("run_widgets_tables", Tables())
        try:
            answer, buffers = await asyncio.to_thread(
                tables.news, self.shelf, name, self.workspace, client, int(version)
            )
        except (RunWidgetsError, OSError) as error:
            missing = isinstance(error, ExperimentNotFound | LookupError)
            self.set_status(404 if missing else 500)
            await self.finish({"message": str(error)})
            return
        answer["buffers"] = [len(buffer) for buffer in buffers]
        head = json.dumps(answer, allow_nan=False).encode()
        self.set_header("Cache-Control", "no-store")
        self.write(struct.pack("<I", len(head)))
        self.write(head)
        for buffer in buffers:
            self.write(buffer)
        await self.finish(set_content_type="application/octet-stream")
