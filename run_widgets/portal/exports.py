"""A run as one file to keep or to send."""

from __future__ import annotations

import asyncio
import re

from jupyter_server.auth.decorator import authorized
from tornado import web

from run_widgets.errors import RunNotFound
from run_widgets.export import page
from run_widgets.portal.files import FILE_POLICY
from run_widgets.portal.handler import Handler


class ExportHandler(Handler):
    """The run as `Run.to_html` writes it, to be kept: here it would have this server's rights."""

    policy = FILE_POLICY

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        try:
            text = await asyncio.to_thread(self._page, run_id)
        except (RunNotFound, FileNotFoundError) as error:
            raise web.HTTPError(404, str(error)) from None
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_attachment_header(f"{re.sub(r'[^A-Za-z0-9._-]', '_', run_id)}.html")
        await self.finish(text)

    def _page(self, run_id: str) -> str:
        return page(self.shelf.store_of(run_id, self.workspace), run_id)
