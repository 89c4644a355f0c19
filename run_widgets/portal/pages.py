"""The pages that a browser opens, and the scripts that draw them: constant files."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from run_widgets.front_end import SCRIPTS, script
from run_widgets.portal.handler import PAGE_POLICY, Handler

PAGE = Path(__file__).with_name("page")
# The widgets' scripts bring their styles with them, and pictures that were fetched.
RUN_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self' data:", "img-src 'self' data: blob:"
)


class PageHandler(Handler):
    """The frame of a page, the same for all runs; its script brings the content."""

    policy = RUN_POLICY

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
        # Sets the cookie that the page's script sends back to show that it is this server's.
        assert self.xsrf_token
        await self.finish((PAGE / self._page).read_bytes())

    head = get


class AssetHandler(Handler):
    """A script of the pages."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        if name not in SCRIPTS:
            raise web.HTTPError(404, f"there is no {name!r}")
        try:
            path = script(name)
        except FileNotFoundError as error:
            raise web.HTTPError(404, str(error)) from None
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        await self.finish(path.read_bytes())
