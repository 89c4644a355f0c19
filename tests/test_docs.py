"""What the documents say is true: their code runs, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import run_widgets

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/*.md")),
]


def python_blocks(document: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", document.read_text(), re.S | re.M)


def test_the_readmes_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUN_WIDGETS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks(README)

    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, README.name, "exec"), names)

    assert len(blocks) >= 2
    run = names["run"]
    assert isinstance(run, run_widgets.Run)
    assert run.get_metrics()["fibonacci"] == [0, 1, 1, 2, 3, 5]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_documents_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())

    missing = [link for link in links if not (document.parent / link).exists()]

    assert not missing


def test_every_public_name_is_in_the_api_document() -> None:
    text = (ROOT / "docs" / "api.md").read_text()

    missing = [name for name in run_widgets.__all__ if f"`{name}" not in text]

    assert not missing


def test_every_public_method_is_in_the_api_document() -> None:
    text = (ROOT / "docs" / "api.md").read_text()

    missing = [
        f"{thing.__name__}.{name}"
        for thing in (run_widgets.Workspace, run_widgets.Experiment, run_widgets.Run)
        for name in dir(thing)
        if not name.startswith("_") and f"`{name}" not in text and f".{name}" not in text
    ]

    assert not missing
