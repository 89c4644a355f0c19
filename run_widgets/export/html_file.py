"""One HTML file that opens anywhere: what draws it and what is drawn are in it, and nothing else.

A policy in the file lets its own scripts run, named by their hashes, and has nothing
fetched from anywhere; what was logged is in it as JSON, and escaped in the picture.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from typing import TYPE_CHECKING

from run_widgets.front_end import notices, script

if TYPE_CHECKING:
    from collections.abc import Mapping


def html_file(
    title: str, picture: str, state: object, *, place: str, scripts: Mapping[str, str]
) -> str:
    """Return an HTML document that shows `state`.

    Parameters
    ----------
    picture
        HTML for readers without scripts.
    place
        The id under which the page's script looks for the state.
    scripts
        Names of `front_end.SCRIPTS`, in order, and the modules that they define.

    Raises
    ------
    FileNotFoundError
        A part of the front end is not installed.
    """
    codes = {name: _inline(script(name).read_text(encoding="utf-8")) for name in scripts}
    allowed = " ".join(f"'sha256-{_digest(code)}'" for code in codes.values())
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    tags = "\n".join(
        f'<script data-module="{scripts[name]}">{code}</script>' for name, code in codes.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
</head>
<body>
<noscript>{picture}</noscript>
<script type="application/json" id="{place}">{_json(state)}</script>
<script type="text/plain" id="rw-notices">{_inline(notices())}</script>
{tags}
</body>
</html>
"""


def _json(value: object) -> str:
    """Return JSON that no HTML parser takes for the end of its element, or for another one."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _inline(code: str) -> str:
    """Return a script that can stand in a page: in it these are only ever parts of texts."""
    code = code.replace("\r\n", "\n").replace("\r", "\n")
    return code.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _digest(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
