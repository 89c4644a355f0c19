"""A run, or an experiment's list, as one file to keep or to send."""

from __future__ import annotations

import asyncio
import re

from jupyter_server.auth.decorator import authorized
from tornado import web

from run_widgets.errors import ExperimentNotFound, RunNotFound
from run_widgets.export.list_file import MAX_RUNS, page_of_experiment
from run_widgets.export.run_file import page
from run_widgets.portal.files import FILE_POLICY
from run_widgets.portal.handler import Handler


class ExportHandler(Handler):
    """The run as `Run.to_html` writes it, to be kept: here it would have this server's rights."""

    policy = FILE_POLICY

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        try:
            text = await asyncio.to_thread(self._page, name)
        except (RunNotFound, ExperimentNotFound, FileNotFoundError) as error:
            raise web.HTTPError(404, str(error)) from None
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_attachment_header(f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)}.html")
        await self.finish(text)

    def _page(self, name: str) -> str:
        return page(self.shelf.store_of(name, self.workspace), name)


class ExperimentExportHandler(ExportHandler):
    """The experiment's list as `Experiment.to_html` writes it: ``?run=<id>&run=…`` compared."""

    def _page(self, name: str) -> str:
        store = self.shelf.store_of_experiment(name, self.workspace)
        runs = self.get_query_arguments("run")[:MAX_RUNS]
        return page_of_experiment(store, name, runs=runs)
