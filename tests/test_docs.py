"""What the documents say is true: their code runs, their links lead somewhere."""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import nbformat
import pytest

import run_widgets
from run_widgets import cli

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/*.md")),
]


# "run-widgets show latest --watch   what it does", in a block or as `code`.
COMMANDS = sorted(
    {
        line
        for document in DOCUMENTS
        for block, code in re.findall(
            r"^(run-widgets .*?)  .*$|`(run-widgets [^`]*)`", document.read_text(), re.M
        )
        for line in (block, code)
        # Those with brackets draw what may stand there; click takes --help by ending.
        if line and not set(line) & set("|[") and "--help" not in line
    }
)


def python_blocks(document: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", document.read_text(), re.S | re.M)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that has the script and the notebook that the documents speak of."""
    monkeypatch.setenv("RUN_WIDGETS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("lr = 1")])
    for folder in (tmp_path, tmp_path / "src"):
        folder.mkdir(exist_ok=True)
        (folder / "train.py").write_text("import sys\nprint(sys.argv)\n")
        (folder / "train.ipynb").write_text(nbformat.writes(notebook))
    return tmp_path


def guide_code() -> list[str]:
    """The blocks of README, and after them those of the pages that go on with its `run`."""
    guides = (README, ROOT / "docs" / "api.md", ROOT / "docs" / "front-ends.md")
    blocks = [block for guide in guides for block in python_blocks(guide)]
    (submits,) = (n for n, block in enumerate(blocks) if "run = experiment.submit" in block)
    blocks.insert(submits, "experiment = run.experiment\n")
    return ["from run_widgets import NotebookRunConfig, ScriptRunConfig\n", *blocks]


def test_the_guides_code_runs(desk: Path) -> None:
    names: dict[str, object] = {}

    for block in guide_code():
        exec(compile(block, "docs", "exec"), names)

    run = names["run"]
    assert isinstance(run, run_widgets.Run)
    assert (run.type, run.get_status()) == ("azureml.notebookrun", "Completed")
    (tour,) = run.experiment.get_runs(tags={"kind": "demo"})
    assert tour.get_metrics()["fibonacci"] == [0, 1, 1, 2, 3, 5]


def test_the_guides_code_passes_a_users_strict_type_check(desk: Path) -> None:
    (desk / "guides.py").write_text("".join(guide_code()))

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(desk / "guides.py")],
        cwd=ROOT,  # for its settings, and what `make lint` has checked already
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_documents_is_one(line: str, desk: Path) -> None:
    arguments = shlex.split(line)[1:]
    context = cli.app.make_context("run-widgets", arguments)

    # Raises for a command, an option or an argument that is none.
    name, command, rest = cli.app.resolve_command(context, arguments)
    assert command is not None
    with contextlib.suppress(click.MissingParameter):  # prose may leave out the run
        command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_documents_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r'\]\(([^)#:]+)(?:#[^)]*)?\)|src(?:set)?="([^":]+)"', document.read_text())

    missing = [link for link in map("".join, links) if not (document.parent / link).exists()]

    assert not missing


def test_a_module_that_the_front_end_names_is_there() -> None:
    named = {
        (source.name, module)
        for source in (ROOT / "js" / "src").rglob("*.ts")
        for module in re.findall(r"`(run_widgets/[\w/]+\.py)`", source.read_text())
    }

    assert named
    assert not [(name, module) for name, module in named if not (ROOT / module).is_file()]


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
