"""The pages that a browser opens, and what draws them: constant files."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from run_widgets.front_end import SCRIPTS, script
from run_widgets.portal.handler import PAGE_POLICY, Handler

PAGE = Path(__file__).with_name("page")
ASSETS = {
    "page.css": "text/css",
    "dom.js": "text/javascript",
    "runs.js": "text/javascript",
}

# The widgets' scripts bring their styles with them, and pictures that were fetched.
RUN_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self' data:", "img-src 'self' data: blob:"
)


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
        if self._page != "runs.html":
            self.set_header("Content-Security-Policy", RUN_POLICY)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        # Sets the cookie that the page's script sends back to show that it is this server's.
        assert self.xsrf_token
        await self.finish((PAGE / self._page).read_bytes())


class AssetHandler(Handler):
    """A script or style of the pages."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        try:
            kind, path = ("text/javascript", script(name)) if name in SCRIPTS else _asset(name)
        except FileNotFoundError as error:
            raise web.HTTPError(404, str(error)) from None
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        await self.finish(path.read_bytes())


def _asset(name: str) -> tuple[str, Path]:
    if name not in ASSETS:
        raise FileNotFoundError(f"there is no {name!r}")
    return ASSETS[name], PAGE / name
