"""Every value of some lines as CSV, to be kept: a chart has only those that its pixels show."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING

import numpy as np
from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from run_widgets.comparing.curves import curves
from run_widgets.errors import RunNotFound
from run_widgets.portal.files import FILE_POLICY
from run_widgets.portal.handler import Handler
from run_widgets.reading.facts import shown

if TYPE_CHECKING:
    from run_widgets.comparing.curves import Curve

AT_ONCE = 20_000
"""Rows written in one go."""


class ValuesHandler(Handler):
    """Whole lines as CSV: ``?name=<metric>&name=…&x=<what their x is called>``."""

    policy = FILE_POLICY

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        names = self.names_in("name")
        if not names:
            raise web.HTTPError(400, "which lines? ?name=<metric> is missing")
        x_label = self.get_query_argument("x", "step")
        try:
            store = self.shelf.store_of(run_id, self.workspace)
            found = await asyncio.to_thread(curves, store, run_id, names)
        except RunNotFound as error:
            raise web.HTTPError(404, str(error)) from None
        if missing := [shown(name) for name in names if not len(found[name].y)]:
            raise web.HTTPError(404, f"run {run_id!r} has no line {missing[0]!r}")
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.write(f"line,{_cell(x_label)},time,value\r\n")
        with contextlib.suppress(StreamClosedError):
            for name, whole in found.items():
                for first in range(0, len(whole.y), AT_ONCE):
                    self.write(await asyncio.to_thread(_rows, name, whole, first))
                    await self.flush()


def _rows(name: str, whole: Curve, first: int) -> str:
    part = slice(first, first + AT_ONCE)
    line = _cell(shown(name))
    times = np.datetime_as_string((whole.at[part] * 1000).astype("datetime64[ms]"))
    return "".join(
        f"{line},{_number(x)},{time}Z,{_number(y)}\r\n"
        for x, time, y in zip(whole.step[part].tolist(), times, whole.y[part].tolist(), strict=True)
    )


def _number(value: float) -> str:
    """Return a number as a browser writes it, which every reader of CSV knows."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return repr(value).removesuffix(".0")


def _cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    safe = f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
    quoted = safe.replace('"', '""')
    return f'"{quoted}"' if any(sign in safe for sign in ',"\r\n') else safe
