"""What is told of runs, as JSON."""

from __future__ import annotations

import re
from functools import partial

from jupyter_server.auth.decorator import authorized
from tornado import web

from run_widgets.portal.handler import JsonHandler
from run_widgets.portal.search import Line
from run_widgets.portal.shelf import LISTED_RUNS


class RunsHandler(JsonHandler):
    """The experiments and their newest runs: ``?experiment=<name>&newest=<of each>``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        experiment = self.get_query_argument("experiment", None)
        newest = self.get_query_argument("newest", str(LISTED_RUNS))
        if not re.fullmatch(r"\d{1,3}", newest, re.ASCII):
            raise web.HTTPError(400, f"newest must be a number up to {LISTED_RUNS}")
        most = min(int(newest), LISTED_RUNS)
        await self.answer(partial(self.shelf.runs, experiment, self.workspace, most))


class RunHandler(JsonHandler):
    """One run; 304 while it is as the browser has it."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(partial(self.shelf.run, run_id, self.workspace))


class SourceHandler(JsonHandler):
    """What one run was started from."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(partial(self.shelf.source, run_id, self.workspace))


class CodeHandler(JsonHandler):
    """How the code of one run differs from that of another: ``?than=<run id>``."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        than = self.get_query_argument("than")
        await self.answer(partial(self.shelf.code, than, run_id, self.workspace))


class LinesHandler(JsonHandler):
    """Where the lines with a text begin in a file: ``?file=<name>&text=<text>&at=<byte>&number=``.

    ``at`` and ``number`` say where to start: a line, and how many there are before it.
    Without a text, that number is counted.
    """

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        name, text = self.name_in("file"), self.get_query_argument("text", "", strip=False)
        at, number = self.get_query_argument("at", "0"), self.get_query_argument("number", "0")
        await self.answer(
            lambda: self.shelf.lines(
                run_id, self.workspace, name, text=text, start=Line(int(at), int(number))
            )
        )


class LogTimesHandler(JsonHandler):
    """When a log had come how far: ``?file=<name>``."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        name = self.name_in("file")
        await self.answer(partial(self.shelf.log_times, run_id, self.workspace, name))


class StopHandler(JsonHandler):
    """Asks a run to end: at its next step, or a submitted one's processes, now."""

    @web.authenticated
    @authorized
    async def post(self, run_id: str) -> None:
        await self.answer(partial(self.shelf.stop, run_id, self.workspace))


class EditHandler(JsonHandler):
    """Renames a run and changes its tags: a JSON object of ``display_name`` and ``tags``.

    A tag whose value is null is removed.
    """

    @web.authenticated
    @authorized
    async def post(self, run_id: str) -> None:
        changes = self.get_json_body()
        await self.answer(partial(self.shelf.edit, run_id, self.workspace, changes))


class DeleteHandler(JsonHandler):
    """Moves a run that has ended to the workspace's trash."""

    @web.authenticated
    @authorized
    async def post(self, run_id: str) -> None:
        await self.answer(partial(self.shelf.delete, run_id, self.workspace))


class ResubmitHandler(JsonHandler):
    """Runs again what a run ran: for those who may run anything here."""

    @web.authenticated
    @authorized(action="execute", resource="kernels")  # type: ignore[untyped-decorator]
    async def post(self, run_id: str) -> None:
        await self.answer(partial(self.shelf.resubmit, run_id, self.workspace))
