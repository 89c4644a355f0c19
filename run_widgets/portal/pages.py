"""The pages that a browser opens, and what draws them: constant files."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from run_widgets.portal.handler import Handler

PAGE = Path(__file__).with_name("page")
ASSETS = {
    "page.css": "text/css",
    "dom.js": "text/javascript",
    "run.js": "text/javascript",
    "runs.js": "text/javascript",
}


class PageHandler(Handler):
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


class AssetHandler(Handler):
    """A script or style of the pages."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        if name not in ASSETS:
            raise web.HTTPError(404)
        self.set_header("Content-Type", f"{ASSETS[name]}; charset=utf-8")
        await self.finish((PAGE / name).read_bytes())
