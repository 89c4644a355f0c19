"""The command line, as a process: what it prints, how it exits, and what it refuses."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import psutil
import pytest
from click.shell_completion import BashComplete
from hypothesis import given
from hypothesis import strategies as st
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook

import run_widgets.azureml
from run_widgets import Experiment, Run, Workspace
from run_widgets.cli import app, main, plain, which
from run_widgets.cli.logs import seek_to_last_lines
from run_widgets.errors import RunGoesOn

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = [sys.executable, "-m", "run_widgets"]

HOSTILE = (
    "\x1b]0;retitled\x07\x1b[2J\x1b[31mred\x1b[0m [bold]b[/bold] :smile: \u202eback\r\nnext\x9b5A"
)

TRAINING = """
import sys, time
from run_widgets import Run
run = Run.get_context()
for step in range(int(sys.argv[1])):
    print("step", step, flush=True)
    run.log("loss", 1 / (1 + step))
    time.sleep(float(sys.argv[2]))
if "--fail" in sys.argv:
    raise ValueError("on purpose")
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a workspace, as the current folder."""
    folder = tmp_path / "project"
    (folder / ".run-widgets").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def workspace(here: Path) -> Workspace:
    return Workspace(here / ".run-widgets")


@dataclass(frozen=True)
class Done:
    """What a command printed."""

    stdout: str
    stderr: str


Cli: TypeAlias = "Callable[..., Done]"


@pytest.fixture
def cli(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Call a command in this process, which starts none: a hundred times as fast."""

    def call(*arguments: str, code: int | None = 0, answer: str = "") -> Done:
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        done = Done(*capsys.readouterr())
        assert code is None or ended.value.code == code, done
        return done

    return call


@pytest.fixture
def process(here: Path) -> Cli:
    """Call a command as a process of its own."""

    def call(*arguments: str, code: int = 0, **more: Any) -> Done:
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=here, capture_output=True, text=True, timeout=60, **more
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return Done(done.stdout, done.stderr)

    return call


def run_of(workspace: Workspace, experiment: str = "mnist", **options: Any) -> Run:
    run = Experiment(workspace, experiment).start_logging(
        outputs=False, snapshot_directory=None, **options
    )
    for step in range(20):
        run.log("loss", 1 / (1 + step), step=step)
    return run


# -- list --


def test_a_list_has_the_newest_runs_of_all_experiments_first(
    process: Cli, workspace: Workspace
) -> None:
    run_of(workspace, display_name="first").complete()
    run_of(workspace, "other", tags={"kind": "x"}).fail("no luck")
    run = run_of(workspace)

    lines = process("list", "--metric", "loss").stdout.splitlines()

    assert [line.split()[0] for line in lines] == ["Run", "mnist/2", "other/1", "mnist/1"]
    assert [re.search(r"● (\w+)", line)[1] for line in lines[1:]] == [
        "Running",
        "Failed",
        "Completed",
    ]
    assert run.id in lines[1]
    assert "first" in lines[3]
    assert all("0.05" in line for line in lines[1:])
    assert not any(line.endswith(" ") for line in lines)
    run.complete()


def test_a_list_can_be_narrowed(cli: Cli, workspace: Workspace) -> None:
    run_of(workspace, tags={"kind": "x", "more": "1"}).complete()
    run_of(workspace, tags={"kind": "y"}).complete()
    parent = run_of(workspace, "other")
    parent.child_run().complete()
    parent.complete()

    def names(*arguments: str) -> list[str]:
        found = json.loads(cli("list", "--json", *arguments).stdout)
        return [f"{run['experiment']}/{run['number']}" for run in found]

    assert names() == ["other/1", "mnist/2", "mnist/1"]
    assert names("mnist", "--limit", "1") == ["mnist/2"]
    assert names("--tag", "kind=x") == ["mnist/1"]
    assert names("--tag", "kind", "--tag", "more") == ["mnist/1"]
    assert names("other", "--children") == ["other/2", "other/1"]
    assert names("--status", "failed") == []


def test_experiments_are_listed_with_their_counts(cli: Cli, workspace: Workspace) -> None:
    run_of(workspace).complete()
    run = run_of(workspace)

    (known,) = json.loads(cli("list", "--experiments", "--json").stdout)

    assert (known["name"], known["runs"], known["going_on"]) == ("mnist", 2, 1)
    assert "mnist" in cli("list", "--experiments").stdout
    run.complete()


def test_a_watched_list_is_drawn_again(workspace: Workspace, here: Path) -> None:
    run = run_of(workspace)

    seen = in_terminal(here, "list", "--watch", seconds=3.5)

    run.complete()
    assert seen.count("mnist/1") >= 2


def test_an_empty_workspace_says_so_and_is_no_error(cli: Cli) -> None:
    done = cli("list")

    assert done.stdout == ""
    assert "No runs in" in done.stderr
    assert json.loads(cli("list", "--json").stdout) == []


# -- which run --


def test_a_run_is_named_in_all_the_ways_that_people_think_of_it(workspace: Workspace) -> None:
    first, second = run_of(workspace, run_id="aaaa-1"), run_of(workspace, run_id="aabb-2")

    def found(text: str) -> str:
        return which.find_run(workspace, text).id

    for text in ("aaaa-1", "aaa", "mnist/1", str(first.folder)):
        assert found(text) == first.id
    second.child_run().complete()
    for text in ("latest", "mnist/latest", "mnist/2"):
        assert found(text) == second.id  # as `list` has it: without runs below others
    first.complete()
    second.complete()


def test_what_names_no_run_or_several_is_told_apart(cli: Cli, workspace: Workspace) -> None:
    run_of(workspace, run_id="aaaa-1").complete()
    run_of(workspace, run_id="aabb-2").complete()

    assert "begins the ids of several" in cli("show", "aa", code=2).stderr
    assert "no run 'zz'" in cli("show", "zz", code=3).stderr
    assert "no run 'mnist/9'" in cli("show", "mnist/9", code=3).stderr
    assert "no experiment 'mnost'" in cli("list", "mnost", code=3).stderr
    assert "there: mnist" in cli("list", "mnost", code=3).stderr


@given(st.text(max_size=30))
def test_any_text_is_a_run_or_is_none(text: str) -> None:
    import click

    from run_widgets.errors import RunWidgetsError

    try:
        which.find_run(Workspace("/nonexistent/workspace"), text)
    except (RunWidgetsError, click.UsageError, ValueError):
        return
    raise AssertionError(f"{text!r} named a run where there is none")


# -- show --


def test_a_run_is_shown_with_what_a_person_asks_first(process: Cli, workspace: Workspace) -> None:
    run = run_of(workspace, display_name="wide", tags={"kind": "x"}, description="a try")
    run.log_table("table", {"a": [1, 2], "b": [3, 4]})
    run.fail(ValueError("the data has no label"))

    shown = process("show", "latest").stdout

    for text in (
        "mnist/1", "● Failed", "wide", "a try", run.id, "the data has no label",
        "0.05", "▁", "Table[2x2]", "tag kind",
    ):  # fmt: skip
        assert text in shown


def test_a_run_is_shown_with_the_runs_below_it(cli: Cli, workspace: Workspace) -> None:
    parent = run_of(workspace)
    for fold, accuracy in enumerate((0.9, 0.8)):
        with parent.child_run(name=f"fold {fold}") as child:
            child.log("accuracy", accuracy)
    parent.complete()

    shown = cli("show", "mnist/1").stdout

    assert re.search(r"mnist/3 +● Completed +\d+ ms +fold 1 +accuracy 0.8", shown)
    assert re.search(r"mnist/2 +● Completed +\d+ ms +fold 0 +accuracy 0.9", shown)
    children = json.loads(cli("show", "mnist/1", "--json").stdout)["children"]
    assert [child["number"] for child in children] == [3, 2]


def test_a_run_as_json_has_exact_values_and_is_strict(cli: Cli, workspace: Workspace) -> None:
    run = run_of(workspace, tags={"long": "x" * 1000})
    run.log("nothing", float("nan"))
    run.log("big", 2**70)
    run.complete()

    def never(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    known = json.loads(cli("show", "latest", "--json").stdout, parse_constant=never)

    assert known["tags"]["long"] == "x" * 1000
    assert known["status"] == "Completed"
    metrics = {metric["name"]: metric for metric in known["metrics"]}
    assert metrics["loss"]["values"] == 20
    assert metrics["loss"]["last"] == metrics["loss"]["min"] == 0.05
    assert metrics["nothing"]["last"] == "NaN"
    assert metrics["big"]["last"] == str(2**70)


@pytest.mark.parametrize(("end", "code"), [("complete", 0), ("fail", 1), ("cancel", 1)])
def test_watching_waits_for_the_end_and_says_how_it_was(
    cli: Cli, workspace: Workspace, here: Path, end: str, code: int
) -> None:
    run = run_of(workspace)
    watching = subprocess.Popen([*COMMAND, "show", "-w", run.id], cwd=here, stdout=subprocess.PIPE)
    time.sleep(1.0)
    assert watching.poll() is None

    getattr(run, end)()

    output, _ = watching.communicate(timeout=20)
    assert watching.returncode == code
    assert run.get_status() in output.decode()


# -- log --


def test_the_end_of_a_large_log_is_read_and_not_the_whole(
    cli: Cli, workspace: Workspace, here: Path
) -> None:
    run = run_of(workspace)
    with (here / "log.txt").open("wb") as file:
        file.truncate(2**33)  # eight gigabytes that take no space and would take minutes
        file.seek(0, os.SEEK_END)
        file.write(b"\nsecond to last\nlast")
    (run.folder / "files" / "user_logs").mkdir(parents=True)
    os.link(here / "log.txt", run.folder / "files" / "user_logs" / "std_log.txt")
    run.complete()

    assert cli("log", "latest", "-n", "2").stdout == "second to last\nlast\n"


@pytest.mark.parametrize("lines", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("text", ["a\nb\nc\n", "a\nb\nc", "\n\n\n", "", "x" * 600_000 + "\ny\n"])
def test_the_last_lines_are_the_last_lines(
    cli: Cli, workspace: Workspace, here: Path, text: str, lines: int
) -> None:
    file = io.BytesIO(text.encode())

    seek_to_last_lines(file, lines)

    expected = text.splitlines(keepends=True)
    assert file.read().decode() == "".join(expected[len(expected) - min(lines, len(expected)) :])


def test_a_log_is_followed_until_the_run_ends(process: Cli, here: Path) -> None:
    (here / "train.py").write_text(TRAINING)
    name = process("submit", "-d", "train.py", "5", "0.3").stdout.strip()

    assert process("log", "-f", name).stdout.split("\n") == [*(f"step {n}" for n in range(5)), ""]


def test_a_line_without_an_end_is_not_kept_until_it_ends(
    cli: Cli, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(workspace)
    run.upload_file("user_logs/std_log.txt", io.BytesIO(b"x" * 1_000_000 + b"\x1b[2Jy\r\nz"))
    run.complete()

    assert cli("log", "latest").stdout == "x" * 1_000_000 + "y\nz\n"


def test_a_run_without_log_has_none(cli: Cli, workspace: Workspace) -> None:
    run_of(workspace).complete()

    assert "has no log" in cli("log", "latest", code=3).stderr


def test_a_log_that_is_written_over_is_read_as_a_terminal_leaves_it(
    cli: Cli, workspace: Workspace, here: Path
) -> None:
    run = run_of(workspace)
    bar = "".join(f"\r{percent}%" for percent in range(101))
    content = f"start\r\n{bar}\ndone \x1b[32mwell\x1b[0m".encode() + b"\xff"
    (here / "log.txt").write_bytes(content)
    run.upload_file("logs/user_log.txt", here / "log.txt")
    run.complete()

    assert cli("log", "latest").stdout == "start\n100%\ndone well\ufffd\n"
    raw = subprocess.run([*COMMAND, "log", "latest", "--raw"], cwd=here, capture_output=True)
    assert raw.stdout == content


# -- files --


def test_files_are_listed_and_copied_below_a_folder_of_their_own(
    cli: Cli, workspace: Workspace, here: Path
) -> None:
    run = run_of(workspace)
    (here / "f").write_text("content")
    for name in ("outputs/a.txt", "outputs/deep/b.txt", "c.txt"):
        run.upload_file(name, here / "f")
    run.complete()

    listed = json.loads(cli("files", "latest", "--json").stdout)
    copied = cli("download", "latest", "outputs/deep", "c.txt").stdout.split()
    refused = cli("download", "latest", "c.txt", code=2).stderr
    cli("download", "latest", "--force")

    assert [entry["path"] for entry in listed] == ["c.txt", "outputs/a.txt", "outputs/deep/b.txt"]
    assert copied == ["mnist-1/c.txt", "mnist-1/outputs/deep/b.txt"]
    assert "--force" in refused
    assert (here / "mnist-1" / "outputs" / "a.txt").read_text() == "content"
    assert "no file 'nope'" in cli("download", "latest", "nope", code=3).stderr


def test_a_file_that_cannot_be_copied_does_not_keep_the_others_back(
    cli: Cli, workspace: Workspace, here: Path
) -> None:
    run = run_of(workspace)
    (here / "f").write_text("content")
    for name in ("outputs/a.txt", "outputs/b.txt"):
        run.upload_file(name, here / "f")
    run.complete()
    (here / "mnist-1/outputs/a.txt").mkdir(parents=True)  # in its way

    done = cli("download", "latest", "--force", code=1)

    assert done.stdout == "mnist-1/outputs/b.txt\n"
    assert "'outputs/a.txt' was not copied" in done.stderr


def test_a_run_is_written_into_one_file(cli: Cli, workspace: Workspace, here: Path) -> None:
    run_of(workspace, display_name="<script>alert(1)</script>").complete()

    written = cli("export", "latest").stdout.strip()
    cli("export", "latest", "-o", "out/values.csv")

    assert written == "mnist-1.html"
    page = (here / written).read_text()
    assert page.startswith("<!doctype html>")
    assert "<script>alert(1)" not in page
    assert len((here / "out" / "values.csv").read_text().splitlines()) == 21
    assert "--force" in cli("export", "latest", code=2).stderr
    assert "not as 'x.doc'" in cli("export", "latest", "-o", "x.doc", code=2).stderr


def test_an_experiment_is_written_into_one_file(cli: Cli, workspace: Workspace, here: Path) -> None:
    for _ in range(2):
        run_of(workspace).complete()

    written = cli("export", "mnist").stdout.strip()

    assert written == "mnist.html"
    assert 'id="rw-experiment"' in (here / written).read_text()
    assert "--force" in cli("export", "mnist", code=2).stderr
    assert "not as 'm.doc'" in cli("export", "mnist", "-o", "m.doc", code=2).stderr
    cli("export", "mnist", "-o", "m.csv")
    assert (here / "m.csv").read_text().startswith("run_id,number,")


# -- hostile --


def hostile_run(workspace: Workspace, here: Path) -> Run:
    run = Experiment(workspace, "hostile").start_logging(
        outputs=False,
        snapshot_directory=None,
        display_name=HOSTILE,
        description=HOSTILE,
        tags={HOSTILE: HOSTILE},
        properties={HOSTILE: HOSTILE},
    )
    run.log(HOSTILE, HOSTILE)
    run.log_row("table" + HOSTILE, **{HOSTILE: HOSTILE})
    (here / "f").write_text(HOSTILE)
    run.upload_file(f"logs/{HOSTILE}.txt", here / "f")
    run.fail(HOSTILE, error_code=HOSTILE)
    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("list", "--metric", HOSTILE),
        ("list", "--experiments"),
        ("show", "latest"),
        ("log", "latest"),
        ("files", "latest"),
        ("download", "latest", "--force"),
    ],
    ids=" ".join,
)
def test_nothing_logged_reaches_the_terminal_as_a_command(
    process: Cli, workspace: Workspace, here: Path, arguments: tuple[str, ...]
) -> None:
    hostile_run(workspace, here)

    done = process(*arguments)

    for text in (done.stdout, done.stderr):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert "retitled" not in text


def test_an_experiment_that_a_stranger_feigns_hides_no_other(
    cli: Cli, workspace: Workspace
) -> None:
    run_of(workspace).complete()
    for place, name in enumerate(('"../up"', "3", '"\\u001b[2J"', '"mnist"')):
        (workspace.path / f"strange{place}").mkdir()
        (workspace.path / f"strange{place}" / "experiment.json").write_text(f'{{"name": {name}}}')

    assert cli("list").stdout.count("mnist/1") == 1
    assert "mnist" in cli("list", "--experiments").stdout
    assert "mnist/1" in cli("show", "latest").stdout


def test_nothing_logged_is_markup(cli: Cli, workspace: Workspace, here: Path) -> None:
    hostile_run(workspace, here)

    shown = cli("show", "latest").stdout

    assert "[bold]b[/bold] :smile:" in shown


def test_an_error_message_is_clean_too(cli: Cli) -> None:
    done = cli("show", "x\x1b[2Jy", code=3)

    assert "\x1b" not in done.stderr


@given(st.text())
def test_clean_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    kept = plain.clean(text)

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", kept)
    assert "\n" not in plain.one_line(text)
    assert plain.clean(kept) == kept


@given(st.lists(st.floats(), max_size=100), st.integers(1, 40))
def test_a_spark_has_a_bar_for_what_there_is(values: list[float], width: int) -> None:
    bars = plain.spark(values, width)

    assert len(bars) <= width
    assert set(bars) <= {*plain.SPARKS, " "}


# -- submit --


def test_submitting_follows_to_the_end_and_exits_as_the_run_did(process: Cli, here: Path) -> None:
    (here / "train.py").write_text(TRAINING)

    well = process("submit", "--name", "try", "--tag", "kind=x", "train.py", "2", "0")
    badly = process("submit", "-e", "other", "train.py", "1", "0", "--fail", code=1)

    assert well.stdout == "step 0\nstep 1\n"
    assert "train/1 ended as ● Completed" in well.stderr
    assert "ValueError: on purpose" in badly.stdout
    assert "other/1 ended as ● Failed" in badly.stderr
    known = json.loads(process("show", "train/1", "--json").stdout)
    assert (known["display_name"], known["tags"]) == ("try", {"kind": "x"})
    assert (known["script"], known["arguments"]) == ("train.py", ["2", "0"])


def test_submitting_for_scripts_prints_the_run_as_json(cli: Cli, here: Path) -> None:
    (here / "train.py").write_text(TRAINING)

    ended = json.loads(cli("submit", "--json", "train.py", "1", "0").stdout)
    begun = json.loads(cli("submit", "--json", "-d", "train.py", "1", "0").stdout)

    assert ended["status"] == "Completed"
    assert begun["number"] == 2
    cli("show", "-w", begun["id"])


def test_a_program_and_its_environment_can_be_submitted(cli: Cli) -> None:
    done = cli(
        "submit", "-c", "--env", "GREETING=hello", "-e", "shell", "sh", "-c", "echo $GREETING"
    )

    assert done.stdout == "hello\n"


def test_what_cannot_be_submitted_is_told_at_once(cli: Cli, here: Path) -> None:
    (here / "train.py").write_text(TRAINING)
    (here / "n.ipynb").write_text("{}")

    assert "no file 'none.py'" in cli("submit", "none.py", code=3).stderr
    assert "NAME=VALUE" in cli("submit", "--tag", "x", "train.py", code=2).stderr
    assert "--parameter is for notebooks" in cli("submit", "-p", "a=1", "train.py", code=2).stderr
    assert "takes no argument 'x'" in cli("submit", "n.ipynb", "x", code=2).stderr
    assert "No such option" in cli("submit", "n.ipynb", "--what", code=2).stderr
    named = cli("submit", "n.ipynb", "-p", "file=a.py", "--what", code=2)
    assert "No such option" in named.stderr


def test_ctrl_c_ends_the_following_and_not_the_run(
    cli: Cli, workspace: Workspace, here: Path
) -> None:
    (here / "train.py").write_text(TRAINING)
    following = subprocess.Popen(
        [*COMMAND, "submit", "train.py", "300", "0.1"],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    assert following.stdout.readline() == "step 0\n"

    following.send_signal(signal.SIGINT)
    _, said = following.communicate(timeout=20)

    assert following.returncode == 130
    assert "train/1 goes on without this terminal" in said
    assert which.find_run(workspace, "train/1").get_status() == "Running"
    assert "train/1 is Canceled" in cli("cancel", "train/1").stdout
    cli("cancel", "train/1")  # once more is no mistake


def test_a_finished_run_cannot_be_canceled(cli: Cli, workspace: Workspace) -> None:
    run_of(workspace).complete()

    assert "nothing to cancel" in cli("cancel", "latest", code=1).stderr


# -- replay, diff --


def test_a_run_is_repeated_and_compared(cli: Cli, here: Path) -> None:
    (here / "train.py").write_text(TRAINING)
    cli("submit", "train.py", "2", "0")

    same = cli("replay", "train/1")
    (here / "train.py").write_text(TRAINING.replace("(1 + step)", "(2 + step)"))
    cli("submit", "train.py", "2", "0")

    assert "train/2 ended as ● Completed" in same.stderr
    assert re.search(r"loss +bitwise", same.stdout)
    assert cli("replay", "--json", "train/3").stdout.count('"bitwise"') == 1
    differs = cli("diff", "train/1", "train/3", code=1).stdout
    assert '-    run.log("loss", 1 / (1 + step))' in differs
    assert '+    run.log("loss", 1 / (2 + step))' in differs
    (changed,) = json.loads(cli("diff", "train/1", "train/3", "--json", code=1).stdout)["code"]
    assert changed["path"] == "train.py"


def test_a_run_that_gives_other_numbers_is_not_reproduced(cli: Cli, here: Path) -> None:
    (here / "train.py").write_text(
        "import time\nfrom run_widgets import Run\nRun.get_context().log('at', time.time() % 1e4)\n"
    )
    cli("submit", "train.py")

    again = cli("replay", "train/1", code=1)

    assert re.search(r"at +different", again.stdout)
    assert "cannot be run again" in cli("replay", by_hand(here), code=2).stderr


def by_hand(here: Path) -> str:
    run = run_of(Workspace(here / ".run-widgets"), "by-hand")
    run.complete()
    return run.id


def test_a_notebook_is_run_with_parameters_and_with_azureml(cli: Cli, here: Path) -> None:
    notebook = new_notebook(
        cells=[
            new_code_cell("from azureml.core import Run\nrun = Run.get_context()"),
            new_code_cell("run.log('lr', lr)\nprint(type(name).__name__, name)"),
        ]
    )
    write(notebook, here / "tune.ipynb")

    done = cli("replay", "--azureml", "-p", "lr=0.5", "tune.ipynb", "--parameter", "name=try")
    run_widgets.azureml.uninstall()

    assert "str try" in done.stdout
    known = json.loads(cli("show", "tune/1", "--json").stdout)
    assert known["metrics"][0]["last"] == 0.5
    assert "outputs/tune.output.ipynb" in [entry["path"] for entry in known["files"]]


# -- delete --


def test_deleting_asks_and_keeps_the_run_in_the_trash(cli: Cli, workspace: Workspace) -> None:
    run = run_of(workspace)
    run.complete()
    folder = run.folder

    no = cli("delete", "mnist/1", code=1, answer="n\n")
    nobody = cli("delete", "mnist/1", code=1)
    assert folder.is_dir()
    yes = cli("delete", "mnist/1", answer="y\n")

    assert "Delete this run?" in no.stderr
    assert "Nothing done" in nobody.stderr
    assert not folder.is_dir()
    trash = Path(yes.stdout.split(" is in ")[1].strip())
    assert trash.is_dir()
    subprocess.run(
        [
            "sh",
            "-c",
            yes.stderr.rsplit("  mv ")[1].join(["mv ", ""]).replace("  brings it back", ""),
        ]
    )
    assert cli("show", "mnist/1")


def test_a_run_that_goes_on_is_not_deleted(cli: Cli, workspace: Workspace) -> None:
    run = run_of(workspace)

    assert "cancel it before" in cli("delete", "-y", "latest", code=2).stderr
    run.complete()
    cli("delete", "-y", "latest")

    assert json.loads(cli("list", "--json").stdout) == []


def test_a_run_that_goes_on_is_canceled_and_deleted_when_forced(
    cli: Cli, workspace: Workspace, here: Path
) -> None:
    (here / "long.py").write_text("import time\ntime.sleep(600)\n")
    cli("submit", "-d", "long.py")
    (run,) = workspace.experiments["long"].get_runs()
    while run.get_status() != "Running":
        time.sleep(0.05)
    command = psutil.Process(run.store.document(run.id)["command"]["pid"])

    with pytest.raises(RunGoesOn, match="cancel it first, or pass force=True"):
        run.delete()
    cli("delete", "-y", "latest", code=2)
    assert command.is_running()
    cli("delete", "-y", "--force", "latest")

    assert not command.is_running()
    assert list(workspace.experiments["long"].get_runs()) == []


# -- the rest --


def test_wrong_use_and_help_have_their_codes(process: Cli) -> None:
    assert "No such command" in process("shwo", code=2).stderr
    assert "Exit codes" in process("--help").stdout
    assert process("--version").stdout.startswith("run-widgets, version")
    process("list", "--status", "Done", code=2)


def test_every_command_has_a_help_of_one_sentence() -> None:
    for name, command in app.commands.items():
        assert command.help, name
        assert re.match(r"[A-Z].*[.:]", command.help), name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("list --limit -5", "-5 is not in the range"),
        ("list --tag =x", "'=x' is neither KEY nor KEY=VALUE"),
        ("list --status Done", "'Done' is not one of"),
        ("list --workspace nowhere", "there is no folder 'nowhere'"),
        ("list --workspace train.txt", "'train.txt' is a file"),
        ("submit --source nowhere train.py", "'nowhere' does not exist"),
        ("submit --max-concurrent 0 train.py", "0 is not in the range"),
        ("submit train.txt", "'train.txt' is neither a .py nor an .ipynb file"),
        ("replay --rtol -1 latest", "-1.0 is not in the range"),
        ("replay --atol nan latest", "'nan' is no number"),
        ("demo --json", "give both"),
        ("demo --steps 0", "0 is not in the range"),
        ("portal --port 99999", "99999 is not in the range"),
    ],
)
def test_wrong_use_names_what_was_wrong(cli: Cli, here: Path, arguments: str, message: str) -> None:
    (here / "train.txt").write_text("")

    done = cli(*arguments.split(), code=2)

    assert message in done.stderr
    assert done.stdout == ""


def test_what_is_not_there_has_the_way_out(cli: Cli, workspace: Workspace) -> None:
    run_of(workspace).complete()

    assert "run-widgets list shows" in cli("show", "mnist/9", code=3).stderr
    assert "there is no file 'none.ipynb'" in cli("replay", "none.ipynb", code=3).stderr


def documented() -> tuple[dict[str, set[str]], set[str]]:
    """Return the fields of each command's document, and those of a run, as the docs have them."""
    text = (Path(__file__).parent.parent / "docs/command-line.md").read_text()
    rows = re.findall(r"^\| `([\w -]+)`[^|]*\| (.*) \|$", text, re.M)
    of_a_run = re.search(r"A \*run\* has (.*?)\.\n\n", text, re.S)
    assert of_a_run is not None
    return (
        {name: set(re.findall(r"`(\w+)`", said)) for name, said in rows},
        set(re.findall(r"`(\w+)`", of_a_run[1])),
    )


def fields_of(document: Any) -> set[str]:
    first = document[0] if isinstance(document, list) else document
    return set(first)


def test_the_documents_are_those_that_are_documented(cli: Cli, here: Path) -> None:
    (here / "train.py").write_text(TRAINING)
    fields, of_a_run = documented()

    def told(*arguments: str, code: int = 0) -> Any:
        return json.loads(cli(*arguments, code=code).stdout)

    assert fields_of(told("submit", "--json", "train.py", "1", "0")) == of_a_run
    assert fields_of(told("list", "--json")) == of_a_run | fields["list"]
    assert fields_of(told("list", "--experiments", "--json")) == fields["list --experiments"]
    shown = told("show", "latest", "--json")
    parts = {*shown["metrics"][0]}
    assert set(shown) - of_a_run | parts == fields["show"]
    assert fields_of(told("log", "latest", "--json")) == fields["log"]
    assert fields_of(told("files", "latest", "--json")) == fields["files"]
    assert told("download", "latest", "-o", "there", "--json") == ["there/user_logs/std_log.txt"]
    assert told("export", "latest", "-o", "run.csv", "--json") == "run.csv"
    replayed = told("replay", "latest", "--json")
    assert set(replayed) | {*replayed["metrics"][0]} == fields["replay"]
    cli("submit", "--tag", "x=y", "train.py", "2", "0")
    differs = told("diff", "train/1", "train/3", "--json", code=1)
    assert set(differs) | {*differs["facts"][0]} | {"path", "kind", "diff"} == fields["diff"]
    assert fields_of(told("cancel", "latest", "--json", code=1)) == of_a_run
    assert fields_of(told("delete", "-y", "latest", "--json")) == fields["delete"]
    assert fields_of(told("demo", "--terminal", "--steps", "1", "--json")) == of_a_run
    examined = json.loads(cli("doctor", "--json", code=None).stdout)
    assert set(examined) | {*examined["findings"][0]} == fields["doctor"]


def test_a_store_that_cannot_be_read_is_told_apart(process: Cli, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    (tmp_path / "train.py").write_text("")

    done = process("submit", "--workspace", str(file / "ws"), str(tmp_path / "train.py"), code=4)

    assert "cannot be written" in done.stderr


def test_output_that_nobody_reads_is_no_error(cli: Cli, workspace: Workspace, here: Path) -> None:
    for _ in range(30):
        run_of(workspace).complete()

    piped = subprocess.run(
        f"{sys.executable} -m run_widgets list --json --limit 0 | head -1",
        shell=True,
        cwd=here,
        capture_output=True,
        text=True,
    )

    assert piped.stdout == "[\n"
    assert piped.stderr == ""


def test_runs_and_experiments_complete(process: Cli, workspace: Workspace, here: Path) -> None:
    run_of(workspace, "mnist").complete()
    run_of(workspace, "cifar").complete()

    def completed(*words: str) -> set[str]:
        environment = {
            **os.environ,
            "_RUN_WIDGETS_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["run-widgets", *words]),
            "COMP_CWORD": str(len(words)),
        }
        lines = process(env=environment).stdout.splitlines()
        return {line.partition(",")[2] for line in lines}

    assert {"list", "log"} <= completed("l")
    assert completed("show", "mni") == {"mnist/1"}
    assert completed("list", "c") == {"cifar"}
    assert "--watch" in completed("show", "--w")


def test_files_of_the_run_and_statuses_complete(workspace: Workspace) -> None:
    run = run_of(workspace, "mnist")
    run.upload_file("outputs/model.txt", io.BytesIO(b"m"))
    run.upload_file("logs/worker.log", io.BytesIO(b"w"))
    run.complete()
    completer = BashComplete(app, {}, "run-widgets", "_RUN_WIDGETS_COMPLETE")

    def offered(*words: str) -> set[str]:
        return {item.value for item in completer.get_completions([*words[:-1]], words[-1])}

    assert offered("download", "mnist/1", "out") == {"outputs/model.txt"}
    assert offered("download", "none/1", "") == set()
    assert offered("log", "mnist/1", "--name", "") == {"logs/worker.log"}
    statuses = {status.lower() for status in offered("list", "--status", "c")}
    assert statuses == {"canceled", "cancelrequested", "completed"}


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish_completes(cli: Cli, workspace: Workspace, here: Path) -> None:
    run_of(workspace, "mnist").complete()
    (here / "completion.fish").write_text(cli("completion", "fish").stdout)
    place = here / "run-widgets"  # the command is looked for by this name
    place.write_text(f'#!/bin/sh\nexec {sys.executable} -m run_widgets "$@"\n')
    place.chmod(0o755)

    found = subprocess.run(
        ["fish", "-N", "-c", "source completion.fish; complete -C 'run-widgets show mni'"],
        cwd=here,
        env={**os.environ, "PATH": f"{here}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.splitlines()[0].split("\t") == ["mnist/1", "Completed"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_completes(cli: Cli, workspace: Workspace, here: Path) -> None:
    import pexpect

    run_of(workspace, "mnist").complete()
    (here / "completion.zsh").write_text(cli("completion", "zsh").stdout)
    place = here / "run-widgets"
    place.write_text(f'#!/bin/sh\nexec {sys.executable} -m run_widgets "$@"\n')
    place.chmod(0o755)
    environment = {**os.environ, "PATH": f"{here}:{os.environ['PATH']}", "TERM": "dumb"}
    shell = pexpect.spawn("zsh", ["-f", "-i"], cwd=str(here), env=environment, timeout=30)

    # zsh completes only what somebody types.
    shell.sendline(
        "PS1='> '; autoload -U compinit; compinit -u -D; source completion.zsh; echo re''ady"
    )
    shell.expect_exact("ready")
    shell.send("run-widgets show mni\t")

    shell.expect_exact("mnist/1")
    shell.close(force=True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(cli: Cli, shell: str) -> None:
    done = cli("completion", shell)

    assert "_RUN_WIDGETS_COMPLETE" in done.stdout
    checked = subprocess.run(["sh", "-c", f"command -v {shell}"], capture_output=True)
    if checked.returncode == 0:
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)


def test_the_demo_trains_and_ends(process: Cli) -> None:
    done = process("demo", "--terminal", "--steps", "60", "--pause", "0")

    assert "● Completed" in done.stdout
    known = json.loads(process("show", "demo/1", "--json").stdout)
    metrics = {metric["name"]: metric for metric in known["metrics"]}
    assert metrics["accuracy unseen"]["max"] > 0.9
    assert known["total_steps"] == known["done_steps"] == 60


def test_the_demos_notebook_runs(here: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    from run_widgets.cli.demo import write_notebook

    path = write_notebook(here)
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    notebook.cells[-1].source = notebook.cells[-1].source.replace("600", "5").replace("0.1", "0")

    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(here)}}).execute()

    assert which.find_run(Workspace(), "demo/1").get_status() == "Completed"
    assert "Completed" in str(notebook.cells[2].outputs)


def in_terminal(here: Path, *arguments: str, seconds: float) -> str:
    """Return what goes to a terminal of 100 columns in `seconds`, until Ctrl-C or the end."""
    pid, descriptor = pty.fork()
    if pid == 0:
        os.chdir(here)
        os.environ.update(TERM="xterm-256color", COLUMNS="100", LINES="40")
        os.execv(sys.executable, [*COMMAND, *arguments])
    seen, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([descriptor], [], [], 0.1)[0]:
            try:
                piece = os.read(descriptor, 2**16)
            except OSError:
                break
            if not piece:
                break
            seen += piece
    else:
        os.kill(pid, signal.SIGINT)
    os.waitpid(pid, 0)
    os.close(descriptor)
    return seen.decode()


def test_in_a_terminal_a_run_is_drawn_again_while_it_goes_on(
    workspace: Workspace, here: Path
) -> None:
    run = run_of(workspace)
    run.store.set_progress(run.id, 3, 10)

    seen = in_terminal(here, "show", "-w", run.id, seconds=3)

    run.complete()
    assert seen.count("mnist/1") >= 2
    assert "3 of 10 steps" in seen
    assert "\x1b[" in seen  # colours of our own


def test_in_a_terminal_a_notebook_s_cells_are_counted_below_what_it_prints(here: Path) -> None:
    cells = [new_code_cell("print('one')"), new_code_cell("import time; time.sleep(2)")]
    write(new_notebook(cells=cells), here / "n.ipynb")

    seen = in_terminal(here, "replay", "n.ipynb", seconds=60)

    assert re.search(r"━\S* 1 of 2 cells", re.sub(r"\x1b\[[0-9;]*m", "", seen))
    assert seen.rindex("ended as") > seen.rindex("of 2 cells")
    assert "without encryption" not in seen


def test_in_a_terminal_the_columns_fit(workspace: Workspace, here: Path) -> None:
    run_of(workspace, display_name="n" * 200).complete()

    seen = in_terminal(here, "list", seconds=20)

    assert "mnist/1" in seen
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in seen.splitlines()]
    assert max(len(line) for line in lines) <= 100


def test_in_a_terminal_one_long_value_leaves_room_for_the_names(
    workspace: Workspace, here: Path
) -> None:
    run = run_of(workspace)
    run.log("the prompt", "word " * 100)
    run.log("int", 10**60)
    run.complete()

    seen = re.sub(r"\x1b\[[0-9;]*m", "", in_terminal(here, "show", "latest", seconds=20))

    assert re.search(r"^the prompt +word.*…", seen, re.MULTILINE)
    assert max(len(line) for line in seen.splitlines()) <= 100


# -- portal --


def opened(address: str, *, within_s: float) -> Any:
    """Open an address as soon as somebody listens there."""
    end = time.monotonic() + within_s
    while True:
        try:
            return urllib.request.urlopen(address, timeout=20)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_the_portal_serves_the_runs(workspace: Workspace, here: Path, tmp_path: Path) -> None:
    run = run_of(workspace)
    run.complete()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    places = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "RUNTIME", "DATA")}
    options = ["--no-browser", f"--port={port}", "--ServerApp.token=secret", "--allow-root"]
    serving = subprocess.Popen(
        [*COMMAND, "portal", *options],
        cwd=here,
        env={**os.environ, **places},
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/run-widgets/api/runs/{run.id}?token=secret"
        with opened(address, within_s=20) as answer:
            assert json.load(answer)["facts"]["run_id"] == run.id
    finally:
        serving.terminate()
        serving.wait(timeout=20)
