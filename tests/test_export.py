"""A run as one HTML file: whole, small, and harmless whatever was logged."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from run_widgets.export import html_file
from run_widgets.export.run_file import export
from stranger import TEXTS, strangers_run

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets import Experiment, Run

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(autouse=True)
def front_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in for the built scripts, which not every checkout has."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    for package, file in (
        ("run-widgets", "page.js"),
        ("bqplot", "index.js"),
        ("bqscales", "index.js"),
    ):
        folder = tmp_path / "share" / "nbextensions" / package
        folder.mkdir(parents=True)
        (folder / file).write_text(f"/* {package} */ var text = '</script><!--';\r\n")


class Page(HTMLParser):
    """What a browser takes the file for: its elements, and the content of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data

    @property
    def state(self) -> Any:
        return json.loads(self.scripts[0])

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def exported(run: Run, path: Path) -> Page:
    return Page(run.to_html(path).read_text(encoding="utf-8"))


def test_it_has_all_that_the_panel_shows(run: Run, tmp_path: Path) -> None:
    for step in range(20):
        run.log("loss", 1 / (1 + step))
        run.log_row("Cosine Wave", angle=step, cos=math.cos(step))
    run.upload_file("outputs/metrics.txt", io.BytesIO(b"accuracy: 0.97\n"))
    run.log_image("tanh", path=_picture(tmp_path))
    with run:
        print("done")

    state = exported(run, tmp_path / "run.html").state

    assert state["facts"]["status"] == "Completed"
    assert [chart["name"] for chart in state["charts"]] == ["loss", "Cosine Wave"]
    assert _floats(state["charts"][0]["data"][0]["y"]) == [1 / (1 + step) for step in range(20)]
    assert len(state["tables"][0]["rows"]) == 20
    assert base64.b64decode(state["images"][0]["data"]) == PNG
    assert base64.b64decode(state["contents"]["outputs/metrics.txt"]) == b"accuracy: 0.97\n"
    assert [size for _, size in state["log_times"]["logs/user_log.txt"]] == [len("done\n")]
    assert state["following"] is False


def test_it_says_where_its_run_had_not_ended(run: Run, tmp_path: Path) -> None:
    run.log("loss", 1.0)

    state = exported(run, tmp_path / "run.html").state

    assert re.fullmatch(r"as of .* UTC, when the run had not ended", state["problem"])


def test_nothing_that_was_logged_becomes_a_part_of_the_page(
    experiment: Experiment, tmp_path: Path
) -> None:
    run = strangers_run(experiment)

    page = exported(run, tmp_path / "run.html")

    tags = page.state["facts"]["tags"]
    assert all(tags[text] == text for text in TEXTS)
    assert len(page.scripts) == 5  # the state, the notices, and the three that draw it
    assert not page.all("svg")
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert "javascript:" not in (attributes.get("href") or "")


def test_its_policy_allows_its_own_scripts_alone_and_no_request(run: Run, tmp_path: Path) -> None:
    page = exported(run, tmp_path / "run.html")

    (policy,) = [
        meta["content"] for meta in page.all("meta") if "content" in meta and "http-equiv" in meta
    ]
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == " ".join(
        f"'sha256-{html_file._digest(s)}'" for s in page.scripts[2:]
    )
    assert "connect-src" not in rules


def test_a_run_of_many_long_lines_and_files_stays_small(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for metric in range(200):
        run.log_list(f"train/loss {metric}", random.normal(size=3_000))
    for number in range(20):
        run.upload_file(f"logs/{number}.txt", io.BytesIO(b"x" * 200_000))
    run.complete()
    with run.experiment.start_logging(outputs=False, snapshot_directory=None) as short:
        short.log_list("loss", [2, 1])
        scripts = short.to_html(tmp_path / "short.html").stat().st_size

    path = run.to_html(tmp_path / "run.html")

    assert path.stat().st_size - scripts < 2_200_000
    assert len(Page(path.read_text()).state["charts"]) == 200


def test_without_a_script_it_shows_the_picture(run: Run, tmp_path: Path) -> None:
    run.log("accuracy", 0.97)

    text = run.to_html(tmp_path / "run.html").read_text()

    (picture,) = re.findall(r"<noscript>(.*?)</noscript>", text, re.S)
    assert "accuracy" in picture
    assert "0.97" in picture


def test_a_front_end_that_is_not_there_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("run_widgets.front_end.jupyter_path", lambda *_: [str(tmp_path / "none")])

    with pytest.raises(FileNotFoundError, match="is not installed: there is no"):
        export(run.store, run.id, tmp_path / "run.html")


def test_it_is_made_of_what_the_run_is_now(run: Run, tmp_path: Path) -> None:
    run.log("loss", 1.0)
    first = exported(run, tmp_path / "run.html").state
    run.log("loss", 0.5)

    then = exported(run, tmp_path / "run.html").state

    assert [state["metrics"][0]["text"] for state in (first, then)] == ["1", "Vector[2]"]


def _picture(folder: Path) -> Path:
    path = folder / "tanh.png"
    path.write_bytes(PNG)
    return path


def _floats(text: str) -> list[float]:
    return np.frombuffer(base64.b64decode(text), "<f8").tolist()
