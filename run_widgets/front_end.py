"""Where this environment has the browser's half: ours and bqplot's scripts, as files."""

from __future__ import annotations

from pathlib import Path

from jupyter_core.paths import jupyter_path

FRONT_END = {"module": "run-widgets", "version": "^0.1.0"}
"""The package of `js/`, and the versions of it that understand this kernel side."""

SCRIPTS = {
    "page.js": ("run-widgets", "page.js"),
    "bqplot.js": ("bqplot", "index.js"),
    "bqscales.js": ("bqscales", "index.js"),
}
"""Name, and the package and file under ``nbextensions``, of what draws a run without Jupyter."""

_BUILT = Path(__file__).with_name("nbextension")  # where the front end was built in a checkout


def script(name: str) -> Path:
    """Return the file of one of `SCRIPTS`.

    Raises
    ------
    FileNotFoundError
        It is not installed; the text says what would bring it.
    """
    package, file = SCRIPTS[name]
    places = [Path(folder, package, file) for folder in jupyter_path("nbextensions")]
    if package == "run-widgets":
        places.insert(0, _BUILT / file)
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"the front end of {package!r} is not installed: there is no {file!r} in any of "
        f"{', '.join(str(place.parent) for place in places)}; 'pip install --force-reinstall "
        f"{package}' brings it"
    )


def notices() -> str:
    """Return the licences of what `page.js` has of other people; empty where it is not built."""
    path = script("page.js").with_name("page.licenses.txt")
    return path.read_text(encoding="utf-8") if path.is_file() else ""
