"""Where a browser says that it hears a kernel, which is too busy to be told."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from run_widgets import servers
from run_widgets.portal.handler import JsonHandler


class HeardHandler(JsonHandler):
    """Answers the question that a kernel has asked of whoever hears it."""

    @web.authenticated
    @authorized
    async def post(self, question: str) -> None:
        assert self.serverapp is not None
        servers.answer(question, self.serverapp.runtime_dir)
        self.set_status(204)
        await self.finish()
