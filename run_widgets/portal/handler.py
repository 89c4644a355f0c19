"""What all answers of the portal have in common."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado.web import MissingArgumentError

from run_widgets.errors import (
    FileNotInRun,
    RunClosed,
    RunGoesOn,
    RunNotFound,
    RunWidgetsError,
    SubmitError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from run_widgets.portal.shelf import Shelf

Json = dict[str, Any]

# Nothing inline and nothing from elsewhere, so that nothing injected can run or tell.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class Handler(JupyterHandler):
    """Knows the runs, and answers a browser of this server only."""

    auth_resource = "contents"  # who may read the server's files may read the runs'
    policy = PAGE_POLICY

    @property
    def content_security_policy(self) -> str:
        return self.policy

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Referrer-Policy", "same-origin")

    @property
    def shelf(self) -> Shelf:
        shelf: Shelf = self.settings["run_widgets_shelf"]
        return shelf

    @property
    def workspace(self) -> str | None:
        return next(iter(self.names_in("workspace")), None)

    def names_in(self, argument: str) -> list[str]:
        """Return what an argument names each time it is given, with every character of it.

        Tornado's own have blanks in place of control characters, which a metric's name may have.
        """
        given = self.request.query_arguments.get(argument, [])
        return [self.decode_argument(name) for name in given]

    def name_in(self, argument: str) -> str:
        """Return what an argument names, with every character of it; 400 where it is missing."""
        for name in self.names_in(argument):
            return name
        raise MissingArgumentError(argument)


class JsonHandler(Handler, APIHandler):
    """Answers in strict JSON, and with 304 while nothing but the time has changed."""

    # A panel that was left open is no activity: an idle server can be shut down.
    _track_activity = False
    _etag = ""

    async def answer(self, read: Callable[[], Json]) -> None:
        """Send what `read` returns, called in a thread of its own."""
        try:
            text, self._etag = await asyncio.to_thread(_told, read)
        except (RunWidgetsError, OSError, ValueError) as error:
            self.set_status(_status_of(error))
            await self.finish({"message": str(error)})
            return
        await self.finish(text)

    def compute_etag(self) -> str | None:
        return self._etag or None


def _told(read: Callable[[], Json]) -> tuple[str, str]:
    """Return what `read` returns as JSON, and a tag that is the same while only time goes by."""
    text = json.dumps(strict(read()), allow_nan=False)
    # Within a text its quotation marks would have backslashes.
    lasting = re.sub(r'"elapsed_s": [^,}]*', "", text)
    return text, f'"{hashlib.sha256(lasting.encode()).hexdigest()}"'


def _status_of(error: Exception) -> int:
    if isinstance(error, RunNotFound | FileNotInRun):
        return 404
    if isinstance(error, RunClosed | RunGoesOn | SubmitError):
        return 409
    return 500 if isinstance(error, OSError | RunWidgetsError) else 400


def strict(value: Any) -> Any:
    """Return `value` with every number that JSON has not, such as NaN, as its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    return value
