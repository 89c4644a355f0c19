"""What a stranger would log to have a reader's browser run it or tell of itself, in every field."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from run_widgets import Experiment, Run

# Each breaks out of another place: text, an attribute, a script, a style, an address, a name.
TEXTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "</title></textarea></style></noscript></pre><img src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>",
    '<iframe srcdoc="<script>top.alert(1)</script>"></iframe>',
    "<object data='data:text/html,<script>top.alert(1)</script>'></object>",
    "<base href=//stranger.invalid/><link rel=stylesheet href=//stranger.invalid/a.css>",
    "<meta http-equiv=refresh content='0;url=//stranger.invalid'>",
    "<form action=javascript:alert(1)><button autofocus>a</button></form>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=alert(1)>'>",
    '<a href="javascript:alert(1)">a</a>',
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//stranger.invalid/a.png",
    "url(//stranger.invalid/b.png)",
    "red;background:url(//stranger.invalid/c.png)",
    "</style><style>@import '//stranger.invalid/d.css';</style>",
    "[a](javascript:alert(1)) ![b](//stranger.invalid/e.png)",
    "$\\href{javascript:alert(1)}{x}$",
    "\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07",
    "&lt;img src=x onerror=alert(1)&gt;",
    "%3Cimg src=x onerror=alert(1)%3E",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}`'\"\\",
    "\u2028alert(1)\u2029",
    "\u202e<img src=x onerror=alert(1)>",
    '=HYPERLINK("javascript:alert(1)")',
    "__proto__",
    "constructor",
]

SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' onload='top.alert(1)'>"
    "<script>top.alert(1)</script></svg>"
)

_RUNNABLE = """root => [...root.querySelectorAll("*")].filter(el =>
    el.matches("iframe, object, embed, base, link[href*=stranger], img[src=x], form[action]")
    || [...el.attributes].some(({ name, value }) =>
        /^on|^srcdoc$/i.test(name)
        || /^(xlink:)?href$|^src$|^(form)?action$|^data$/i.test(name)
           && /^\\s*(java\\s*script|vbscript|data:text)|stranger/i.test(value)
        || name === "style" && /stranger/.test(value))
  ).map(el => el.outerHTML.slice(0, 300))"""


def runnable(root: Locator) -> list[str]:
    """Return the elements below `root` that run something, or ask somebody else for something."""
    found: list[str] = root.evaluate(_RUNNABLE)
    return found


def strangers_run(experiment: Experiment) -> Run:
    """Return a run that has all of it in every field, and has failed of it."""
    every = " ".join(TEXTS)
    run = experiment.start_logging(
        outputs=False, snapshot_directory=None, display_name=TEXTS[1], tags={"all": every}
    )
    run.get_snapshot_id()  # when it answers, nothing more is being noted of where the run began
    for place, text in enumerate(TEXTS):
        for value in (2, 1):
            run.log(text, value)
        run.log(f"text {place}", text)
        run.tag(text, text)
        run.add_properties({text: text})
        run.log_table(f"table {text}", {text: [text, text]})
    for place in range(3):
        run.log_row(f"row {TEXTS[1]}", **{TEXTS[1]: place, TEXTS[2]: place * place})
    run.log_list(f"list {TEXTS[1]}", [1, 2, 3])
    labels = {"data": {"class_labels": [TEXTS[0], TEXTS[1]], "matrix": [[1, 2], [3, 4]]}}
    run.log_confusion_matrix(f"matrix {TEXTS[0]}", labels)
    run.log_residuals(f"residuals {TEXTS[0]}", {"data": {"bin_edges": every, "bin_counts": [1]}})
    run.add_properties({"azureml.git.build_uri": "javascript:alert(1)"})
    for name, content in _files(every).items():
        run.upload_file(name, io.BytesIO(content.encode()))
    child = run.child_run(TEXTS[1])
    child.tag(TEXTS[1], every)
    child.log(TEXTS[1], TEXTS[1])
    child.fail(ValueError(every))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr(f"{TEXTS[1]}.py", every)
    (run.folder / "snapshot.zip").write_bytes(archive.getvalue())
    (run.folder / "environment.json").write_text(
        json.dumps({"python": every, "packages": {text: text for text in TEXTS}})
    )
    run.fail(ValueError(every))
    return run


def _files(every: str) -> dict[str, str]:
    outputs = [
        {"output_type": "display_data", "data": {"text/html": every, "text/plain": every}},
        {"output_type": "error", "traceback": [every]},
    ]
    quoted = ('"{}",1'.format(text.replace('"', '""')) for text in TEXTS)
    cells = [
        {"cell_type": "markdown", "source": every},
        {"cell_type": "code", "source": every, "outputs": outputs},
    ]
    return {
        f"outputs/{TEXTS[1]}.txt": every,
        "outputs/page.html": every,
        "outputs/picture.svg": SVG,
        "outputs/rows.csv": "\n".join(("a,b", *quoted)),
        "outputs/data.json": json.dumps({text: [text] for text in TEXTS}),
        "outputs/book.ipynb": json.dumps({"cells": cells}),
        f"user_logs/{TEXTS[1]}.txt": "\n".join(TEXTS),
    }
