"""What a run's panel shows, for browsers that make it without a kernel."""

from __future__ import annotations

from functools import partial

from jupyter_server.auth.decorator import authorized
from tornado import web

from run_widgets.portal.handler import JsonHandler


class PanelHandler(JsonHandler):
    """One run as `run_state` tells it, all or what came since: ``?seen=<what it said last>``."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        seen = self.get_query_argument("seen", "")
        await self.answer(partial(self.shelf.panel, run_id, self.workspace, seen))
