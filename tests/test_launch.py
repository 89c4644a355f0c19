"""Scripts and notebooks as runs: what they get, what is kept, what is refused."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_widgets import (
    Experiment,
    NotebookRunConfig,
    Run,
    RunConfiguration,
    ScriptRunConfig,
    Workspace,
)
from run_widgets.errors import RunFailed, SubmitError
from run_widgets.notebook_runner import in_python, with_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(Workspace(tmp_path / "workspace"), "submitted")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def submit(experiment: Experiment, source: Path) -> Callable[..., Run]:
    """Submit a script given as text, and return the run."""

    def submit(script: str, *arguments: object, **options: Any) -> Run:
        (source / "train.py").write_text(script)
        return experiment.submit(ScriptRunConfig(source, "train.py", arguments), **options)

    return submit


def ended(run: Run) -> str:
    return str(run.wait_for_completion(raise_on_error=False)["status"])


def log_of(run: Run) -> str:
    return (run.folder / "files/user_logs/std_log.txt").read_text(errors="replace")


def error_of(run: Run) -> dict[str, Any]:
    return dict(run.get_details()["error"]["error"])


# -- a script as a run ----------------------------------------------------------------------


def test_a_script_is_a_run_of_its_own_process(submit: Callable[..., Run]) -> None:
    run = submit(
        """
import os, sys
from run_widgets import Run
run = Run.get_context(allow_offline=False)
assert run is Run.get_context()
for step in range(3):
    run.log("loss", 1 / (1 + step), step=step)
run.tag("where", str(os.getpid()))
print("arguments", sys.argv[1:])
run.complete()
run.log("after", 1)
""",
        "--lr", 0.1, "--name", "a b", True, Path("x/y"),
    )  # fmt: skip
    details = run.wait_for_completion()

    assert details["status"] == "Completed"
    assert details["runDefinition"] == {
        "script": "train.py",
        "arguments": ["--lr", "0.1", "--name", "a b", "True", "x/y"],
    }
    assert run.get_metrics() == {"loss": [1.0, 1 / 2, 1 / 3], "after": 1}
    assert run.tags["where"] != str(os.getpid())
    assert run.type == "azureml.scriptrun"
    assert run.id.startswith("submitted_")
    assert log_of(run) == "arguments ['--lr', '0.1', '--name', 'a b', 'True', 'x/y']\n"
    assert run.get_file_names() == ["user_logs/std_log.txt"]


def test_submitting_takes_no_time_and_says_what_goes_on(submit: Callable[..., Run]) -> None:
    start = time.perf_counter()
    run = submit("import time; time.sleep(0.5)")
    seconds = time.perf_counter() - start

    seen = {run.status}
    while (status := run.get_status()) != "Completed":
        seen.add(status)
        time.sleep(0.01)

    assert seconds < 0.3
    assert "Running" in seen
    assert seen <= {"Preparing", "Starting", "Running", "Finalizing"}
    record = run.store.run(run.id)
    assert record.created_at <= record.started_at <= record.ended_at  # type: ignore[operator]


def test_tags_properties_and_names_come_with_it(submit: Callable[..., Run]) -> None:
    run = submit("", tags={"a": 1}, properties={"p": "q"}, display_name="first", run_id="mine")

    assert (run.id, run.display_name, run.tags) == ("mine", "first", {"a": "1"})
    assert ended(run) == "Completed"
    assert run.properties["p"] == "q"
    assert run.get_tags() == {"a": "1"}


def test_a_child_knows_its_parent(experiment: Experiment, source: Path) -> None:
    (source / "train.py").write_text("")
    with experiment.start_logging(snapshot_directory=None) as parent:
        child = parent.submit_child(ScriptRunConfig(source, "train.py"), tags={"fold": 1})
        ended(child)

        assert [run.id for run in parent.get_children()] == [child.id]
        assert child.parent is not None
        assert child.parent.id == parent.id


# -- where it works -------------------------------------------------------------------------


def test_what_ran_is_what_was_submitted(submit: Callable[..., Run], source: Path) -> None:
    (source / "lib").mkdir()
    (source / "lib/value.py").write_text("VALUE = 1")
    run = submit("import time; time.sleep(0.3)\nfrom lib.value import VALUE\nprint(VALUE)")
    (source / "lib/value.py").write_text("VALUE = 2")

    assert ended(run) == "Completed"
    assert log_of(run) == "1\n"


def test_data_that_is_ignored_and_links_to_elsewhere_are_there(
    submit: Callable[..., Run], source: Path, tmp_path: Path
) -> None:
    (source / ".gitignore").write_text("data/\n*.csv\n")
    (source / "data").mkdir()
    (source / "data/a.txt").write_text("from data")
    (source / "sub").mkdir()
    (source / "sub/b.csv").write_text("from csv")
    (source / ".env").write_text("from env")
    (tmp_path / "mnt").mkdir()
    (tmp_path / "mnt/c.txt").write_text("from elsewhere")
    (source / "mnt").symlink_to(tmp_path / "mnt")
    run = submit("for n in ('data/a.txt', 'sub/b.csv', '.env', 'mnt/c.txt'): print(open(n).read())")

    assert ended(run) == "Completed"
    assert log_of(run).split("\n")[:4] == ["from data", "from csv", "from env", "from elsewhere"]
    assert (source / "data/a.txt").exists()
    assert (tmp_path / "mnt/c.txt").exists()


def test_outputs_and_logs_become_the_run_s_files_while_it_goes_on(
    submit: Callable[..., Run], source: Path
) -> None:
    run = submit(
        """
import os, time
from pathlib import Path
model = open("outputs/model.bin", "wb", buffering=0)
os.makedirs("outputs/deep/er")
Path("outputs/deep/er/a.txt").write_text("a")
Path("outputs/temporary").write_text("t")
log = open("logs/train.log", "w", buffering=1)
Path("elsewhere.txt").write_text("kept where it was written")
for n in range(200):
    model.write(b"x" * 1000)
    print(n, file=log)
    time.sleep(0.01)
    if n == 150:
        os.unlink("outputs/temporary")
        Path("outputs/new").write_text("1")
        os.replace("outputs/new", "outputs/deep/er/a.txt")
os.symlink("deep/er/a.txt", "outputs/latest.txt")
os.symlink("/etc/hostname", "outputs/leak.txt")
"""
    )
    sizes: list[int] = []
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and run.get_status() != "Completed":
        sizes += [e.bytes for e in run.store.files(run.id) if e.path == "outputs/model.bin"]
        time.sleep(0.05)

    assert len({size for size in sizes if 0 < size < 200_000}) > 3
    assert run.get_file_names() == [
        "logs/train.log",
        "outputs/deep/er/a.txt",
        "outputs/latest.txt",
        "outputs/model.bin",
        "user_logs/std_log.txt",
    ]
    files = run.folder / "files"
    assert (files / "outputs/model.bin").stat().st_size == 200_000
    assert (files / "outputs/deep/er/a.txt").read_text() == "1"
    assert (files / "outputs/latest.txt").read_text() == "1"
    assert not any(path.is_symlink() for path in files.rglob("*"))
    # Of the working copy only that stays which is nowhere else.
    assert (run.folder / "work/elsewhere.txt").exists()
    assert not (run.folder / "work/train.py").exists()
    run.clean()
    assert not (run.folder / "work").exists()
    assert sorted(path.name for path in source.iterdir()) == ["train.py"]


def test_a_script_may_begin_by_removing_its_outputs(submit: Callable[..., Run]) -> None:
    run = submit(
        "import shutil, os\nshutil.rmtree('outputs')\nos.mkdir('outputs')\n"
        "open('outputs/a.txt', 'w').write('1')"
    )

    assert ended(run) == "Completed"
    assert "outputs/a.txt" in run.get_file_names()


@pytest.mark.skipif(sys.platform == "win32", reason="such files cannot be there")
def test_an_output_of_any_name_is_kept(submit: Callable[..., Run]) -> None:
    names = ["x:y.txt", "back\\slash.txt", ".hidden", "log-10:30.txt"]

    run = submit(f"for name in {names}: open(f'outputs/{{name}}', 'w').write(name)")

    assert ended(run) == "Completed"
    kept = [f"outputs/{name}" for name in names]
    assert run.get_file_names() == sorted([*kept, "user_logs/std_log.txt"])
    assert [run.store.file_path(run.id, name).read_text() for name in kept] == names


def test_a_file_that_the_script_uploads_itself_stays_as_it_did(submit: Callable[..., Run]) -> None:
    run = submit(
        """
from pathlib import Path
from run_widgets import Run
run = Run.get_context()
Path("outputs/a.txt").write_text("uploaded")
run.upload_file("outputs/a.txt", "outputs/a.txt")
"""
    )

    assert ended(run) == "Completed"
    assert (run.folder / "files/outputs/a.txt").read_text() == "uploaded"


def test_in_place_it_works_in_the_source_folder_itself(
    submit: Callable[..., Run], source: Path, tmp_path: Path
) -> None:
    (tmp_path / "data.csv").write_text("beside the source")
    (source / "outputs").mkdir()
    (source / "outputs/old.txt").write_text("of another run")
    run = submit(
        "import os; print(os.getcwd()); print(open('../data.csv').read());"
        "open('outputs/new.txt', 'w').write('1')",
        in_place=True,
    )

    assert ended(run) == "Completed"
    assert log_of(run) == f"{source}\nbeside the source\n"
    assert run.get_file_names() == ["outputs/new.txt", "user_logs/std_log.txt"]
    assert (source / "outputs/new.txt").exists()
    assert (run.folder / "snapshot.zip").exists()


def test_a_file_that_only_the_source_folder_reaches_is_named_in_the_error(
    submit: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "data.csv").write_text("beside the source")
    run = submit("open('../data.csv')")

    assert ended(run) == "Failed"
    assert str(tmp_path / "data.csv") in error_of(run)["message"]
    assert "in_place=True" in error_of(run)["message"]


def test_a_source_too_large_for_a_snapshot_runs_in_place_and_says_why(
    submit: Callable[..., Run], source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_WIDGETS_SNAPSHOT_MAX_BYTES", "100")
    (source / "data.bin").write_bytes(bytes(1000))

    with pytest.warns(RuntimeWarning, match="'data.bin'"):
        run = submit("import os; print(os.getcwd())")

    assert ended(run) == "Completed"
    assert log_of(run) == f"{source}\n"
    assert "over 100 bytes" in str(run.properties["run_widgets.no_snapshot"])


# -- environment and commands ---------------------------------------------------------------


def test_the_process_has_the_environment_of_its_submitter_and_what_is_added(
    experiment: Experiment, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "1")
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    (source / "train.py").write_text(
        "import os; print(*(os.environ.get(n) for n in ('FROM_OUTSIDE', 'ADDED', 'OF_CONFIG',"
        " 'DB_PASSWORD', 'JPY_PARENT_PID', 'MPLBACKEND')))"
    )
    settings = RunConfiguration()
    settings.environment_variables = {"OF_CONFIG": "3", "ADDED": "lost"}
    config = ScriptRunConfig(
        source,
        "train.py",
        run_config=settings,
        environment_variables={"ADDED": 2, "DB_PASSWORD": "hunter2"},
    )

    run = experiment.submit(config)

    assert ended(run) == "Completed"
    assert log_of(run) == "1 2 3 hunter2 None None\n"
    kept = "".join(path.read_text() for path in run.folder.glob("*.json"))
    assert "hunter2" not in kept
    assert '"ADDED": "2"' in kept


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("echo $((40 + 2)) && python -c 'import sys; print(sys.executable)'", "echo $((40 + 2))"),
        (["python", "-c", "print(42); import sys; print(sys.executable)"], "python -c"),
    ],
)
def test_a_command_is_run_as_it_is(
    command: str | list[str], script: str, experiment: Experiment, source: Path
) -> None:
    run = experiment.submit(ScriptRunConfig(source, command=command))

    assert ended(run) == "Completed"
    answer, python = log_of(run).split()
    assert answer == "42"
    assert os.path.realpath(python) == os.path.realpath(sys.executable)
    assert run.get_details()["runDefinition"]["script"].startswith(script)


def test_old_settings_are_accepted_and_those_that_mean_something_are_used(
    experiment: Experiment, source: Path
) -> None:
    settings = RunConfiguration(
        framework="PyTorch", communicator="Mpi", conda_dependencies=object()
    )
    settings.environment.python.user_managed_dependencies = True
    settings.environment.docker.enabled = True
    settings.environment.environment_variables = {"A": "1"}
    settings.target = "cpu-cluster"
    settings.node_count = 4
    settings.history.output_collection = False
    (source / "train.py").write_text(
        "import os; print(os.environ['A']); os.makedirs('outputs', exist_ok=True);"
        "open('outputs/a', 'w').write('1')"
    )
    config = ScriptRunConfig(
        source_directory=str(source),
        script="train.py",
        run_config=settings,
        compute_target="cpu-cluster",
        distributed_job_config=object(),
    )

    run = experiment.submit(config)

    assert ended(run) == "Completed"
    assert log_of(run) == "1\n"
    assert run.get_file_names() == ["user_logs/std_log.txt"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda s: ScriptRunConfig(s), "either a script or a command, got neither"),
        (lambda s: ScriptRunConfig(s, "a.py", command="b"), "got 'a.py' and 'b'"),
        (lambda s: ScriptRunConfig(s, "a.py", [1, None]), r"argument 1 of \[1, None\] is None"),
        (lambda s: NotebookRunConfig(s, "a.ipynb", parameters={"a b": 1}), "'a b' is not a name"),
        (lambda s: NotebookRunConfig(s, "a.ipynb", parameters={"a": {1}}), "'a' must be of a JSON"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(
    wrong: Callable[[Path], object], message: str, source: Path
) -> None:
    with pytest.raises(SubmitError, match=message):
        wrong(source)


def test_what_is_not_there_is_refused_at_submit_and_leaves_no_run(
    experiment: Experiment, source: Path
) -> None:
    with pytest.raises(SubmitError, match=r"no script 'train\.py'"):
        experiment.submit(ScriptRunConfig(source, "train.py"))
    with pytest.raises(SubmitError, match="no folder"):
        experiment.submit(ScriptRunConfig(source / "nowhere", "train.py"))
    (source / "train.py").write_text("")
    with pytest.raises(SubmitError, match="max_concurrent must be 1 or more, got 0"):
        experiment.submit(ScriptRunConfig(source, "train.py"), max_concurrent=0)
    with pytest.raises(TypeError, match="submit takes a ScriptRunConfig"):
        experiment.submit("train.py")  # type: ignore[arg-type]

    assert list(experiment.get_runs()) == []


# -- how it ends ----------------------------------------------------------------------------


def test_an_exception_is_the_error_on_top(submit: Callable[..., Run]) -> None:
    run = submit(
        """
print("before")
try:
    {}["key"]
except KeyError as error:
    raise ValueError("bad value\\nof two lines") from error
"""
    )

    with pytest.raises(RunFailed, match="User program failed with ValueError: bad value"):
        run.wait_for_completion()
    error = error_of(run)
    assert error["message"] == "User program failed with ValueError: bad value"
    assert error["debugInfo"]["type"] == "ValueError"
    trace = error["debugInfo"]["stackTrace"]
    assert trace.startswith("Traceback (most recent call last):")
    assert "KeyError: 'key'" in trace
    assert trace.endswith("ValueError: bad value\nof two lines\n")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; print('so far'); sys.exit(3)", "exit code 3; the last line of its log: so"),
        ("raise SystemExit('no data')", "exit code 1; the last line of its log: no data"),
        ("import os; os._exit(255)", "exit code 255"),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "ended by SIGKILL: the system does so when memory runs out",
            marks=posix,
        ),
        pytest.param(
            "import ctypes; ctypes.string_at(0)", "ended by SIGSEGV: native code", marks=posix
        ),
        ("def broken(:", "User program failed with SyntaxError: invalid syntax"),
    ],
)
def test_every_end_is_told_as_it_was(script: str, message: str, submit: Callable[..., Run]) -> None:
    run = submit(script)

    assert ended(run) == "Failed"
    assert message in error_of(run)["message"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
def test_a_crash_of_native_code_is_told_with_its_place(submit: Callable[..., Run]) -> None:
    run = submit("import ctypes\nctypes.string_at(0)")

    ended(run)

    error = run.store.run(run.id).error
    assert error is not None
    assert error.traceback.startswith("Fatal Python error: Segmentation fault\n")
    assert 'train.py", line 2 in <module>' in error.traceback
    assert "Extension modules" not in error.traceback


def test_a_script_that_calls_fail_has_failed_also_with_exit_code_zero(
    submit: Callable[..., Run],
) -> None:
    run = submit(
        "from run_widgets import Run; run = Run.get_context(); run.log('a', 1)\n"
        "run.fail('loss is NaN', error_code='Diverged'); run.log('b', 2)"
    )

    assert ended(run) == "Failed"
    assert error_of(run) == {"code": "Diverged", "message": "loss is NaN"}
    assert run.get_metrics() == {"a": 1, "b": 2}


def test_a_context_block_in_a_script_notes_its_exception(submit: Callable[..., Run]) -> None:
    run = submit(
        "from run_widgets import Run\nwith Run.get_context() as run:\n    print('once')\n    1/0"
    )

    assert ended(run) == "Failed"
    assert (
        error_of(run)["message"] == "User program failed with ZeroDivisionError: division by zero"
    )
    assert log_of(run).count("once") == 1


def test_a_command_that_does_not_exist_is_an_error_of_the_run(
    experiment: Experiment, source: Path
) -> None:
    run = experiment.submit(ScriptRunConfig(source, command=["no-such-program", "-v"]))

    assert ended(run) == "Failed"
    assert error_of(run)["message"] == "'no-such-program' cannot be run: No such file or directory"
    assert "debugInfo" not in error_of(run)


def test_a_run_that_takes_too_long_is_ended(experiment: Experiment, source: Path) -> None:
    (source / "train.py").write_text("import time; time.sleep(60)")
    config = ScriptRunConfig(source, "train.py", max_run_duration_seconds=1)

    run = experiment.submit(config)

    assert ended(run) == "Failed"
    assert error_of(run) == {
        "code": "Timeout",
        "message": "it ran longer than max_run_duration_seconds=1",
    }


# -- the log --------------------------------------------------------------------------------


def test_both_streams_are_in_the_log_in_the_order_of_writing(submit: Callable[..., Run]) -> None:
    run = submit(
        """
import os, sys, subprocess
for n in range(50):
    print("out", n)
    print("err", n, file=sys.stderr)
    if n % 10 == 0:
        subprocess.run([sys.executable, "-c", f"print('child', {n})"])
"""
    )
    expected = []
    for n in range(50):
        expected += [f"out {n}", f"err {n}"] + ([f"child {n}"] if n % 10 == 0 else [])

    assert ended(run) == "Completed"
    assert log_of(run).splitlines() == expected


def test_the_log_is_there_while_the_script_goes_on(submit: Callable[..., Run]) -> None:
    run = submit("import time; print('early', end=''); time.sleep(1.5); print('late')")
    seen = ""
    while run.get_status() != "Completed":
        if (run.folder / "files/user_logs/std_log.txt").exists():
            seen = log_of(run) or seen
            if seen == "early":
                break
        time.sleep(0.05)

    assert seen == "early"
    assert ended(run) == "Completed"


def test_waiting_prints_the_log_as_it_is_written(
    submit: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit("import time\nfor n in range(3): print('step', n); time.sleep(0.3)")

    run.wait_for_completion(show_output=True)

    printed = capsys.readouterr().out
    assert f"RunId: {run.id}" in printed
    assert "Streaming user_logs/std_log.txt" in printed
    assert printed.index("step 0") < printed.index("step 2")
    assert "supervisor" not in printed


def test_waiting_prints_the_log_alone_and_no_half_characters(
    submit: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit(
        "import sys, time, pathlib\n"
        "pathlib.Path('logs/events.bin').write_bytes(bytes(range(256)))\n"
        "for half in 'é'.encode():\n"
        "    sys.stdout.buffer.write(bytes([half])); sys.stdout.flush(); time.sleep(1.2)\n"
    )

    run.wait_for_completion(show_output=True)

    printed = capsys.readouterr().out
    assert "é" in printed
    assert "\N{REPLACEMENT CHARACTER}" not in printed
    assert "events.bin" not in printed
    assert printed.endswith(f"RunId: {run.id}\nStatus: Completed\n")


def test_bytes_that_are_no_text_are_kept_as_they_are(submit: Callable[..., Run]) -> None:
    run = submit(
        "import sys, time\n"
        "sys.stdout.buffer.write(bytes(range(256)) + 'é'.encode()[:1]); sys.stdout.flush()\n"
        "time.sleep(0.7)\nsys.stdout.buffer.write('é'.encode()[1:] + b'\\n')"
    )

    run.wait_for_completion(show_output=True)

    raw = (run.folder / "files/user_logs/std_log.txt").read_bytes()
    assert raw == bytes(range(256)) + "é\n".encode()


# -- notebooks ------------------------------------------------------------------------------


def write_notebook(path: Path, *cells: str | tuple[str, str]) -> Path:
    made = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}
    )
    for cell in cells:
        source, tag = cell if isinstance(cell, tuple) else (cell, "")
        if tag == "markdown":
            made.cells.append(nbformat.v4.new_markdown_cell(source))
        else:
            metadata = {"tags": [tag]} if tag else {}
            made.cells.append(nbformat.v4.new_code_cell(source, metadata=metadata))
    nbformat.write(made, path)
    return path


EVERY_JSON_TYPE = {
    "text": 'a "quoted"\nline é \\ \'',
    "whole": -(2**70),
    "real": 0.1,
    "no_number": float("inf"),
    "yes": True,
    "nothing": None,
    "listed": [1, "a", None, [False]],
    "mapped": {"a": {"b": [1.5]}, "c d": True},
    "password": "hunter2",
}


def test_a_notebook_is_run_with_its_parameters_and_kept_executed(
    experiment: Experiment, source: Path
) -> None:
    write_notebook(
        source / "train.ipynb",
        ("# A title", "markdown"),
        ("text = 'default'; epochs = 2", "parameters"),
        "from run_widgets import Run\nrun = Run.get_context(allow_offline=False)",
        "print('hello from', text[:1])",
        "import json, math\nfor e in range(epochs): run.log('loss', e)\n"
        "seen = [text, whole, real, no_number, yes, nothing, listed, mapped]\n"
        "run.tag('seen', json.dumps(seen))\n"
        "assert password == 'hunter2'",
        "{'answer': 42}",
    )
    config = NotebookRunConfig(source, "train.ipynb", parameters=EVERY_JSON_TYPE)

    run = experiment.submit(config)

    assert ended(run) == "Completed", log_of(run)
    values = [value for name, value in EVERY_JSON_TYPE.items() if name != "password"]
    assert json.loads(str(run.get_tags()["seen"])) == values
    assert run.get_metrics() == {"loss": [0, 1]}
    assert run.get_file_names() == ["outputs/train.output.ipynb", "user_logs/std_log.txt"]
    made = nbformat.read(run.folder / "files/outputs/train.output.ipynb", as_version=4)
    nbformat.validate(made)
    assert made.cells[2].metadata["tags"] == ["injected-parameters"]
    assert made.cells[-1].outputs[0].data["text/plain"] == "{'answer': 42}"
    assert "hello from a" in log_of(run)
    record = run.store.run(run.id)
    assert (record.done_steps, record.total_steps) == (7, 7)
    assert "[5/7] print('hello from', text[:1])" in log_of(run)
    kept = [path.read_bytes() for path in run.folder.rglob("*") if path.is_file()]
    assert not any(
        b"password = 'hunter2'" in content or b'"hunter2"' in content for content in kept
    )
    assert not (source / "outputs").exists()


def test_a_failing_cell_is_shown_with_its_traceback(experiment: Experiment, source: Path) -> None:
    write_notebook(source / "n.ipynb", "x = 1", ("text", "markdown"), "print(x)\n1/0", "x = 2")

    run = experiment.submit(NotebookRunConfig(source, "n.ipynb"))

    assert ended(run) == "Failed"
    error = error_of(run)
    assert error["message"] == (
        "User program failed in cell 3 of 4 with ZeroDivisionError: division by zero"
    )
    trace = error["debugInfo"]["stackTrace"]
    assert trace.startswith("cell 3 of 4:\nprint(x)\n1/0\n")
    assert "ZeroDivisionError" in trace
    assert "\x1b" not in trace
    assert "ZeroDivisionError" in log_of(run)
    made = nbformat.read(run.folder / "files/outputs/n.output.ipynb", as_version=4)
    assert [cell.get("execution_count") for cell in made.cells] == [1, None, 2, None]


def test_a_kernel_that_dies_or_a_cell_that_hangs_is_named(
    experiment: Experiment, source: Path
) -> None:
    write_notebook(source / "dies.ipynb", "x = 1", "import os; os._exit(1)")
    write_notebook(source / "hangs.ipynb", "while True: pass")
    died = experiment.submit(NotebookRunConfig(source, "dies.ipynb"))

    class Handler:
        timeout = 1

    hung = experiment.submit(NotebookRunConfig(source, "hangs.ipynb", handler=Handler()))

    assert ended(died) == "Failed"
    assert "cell 2 of 2 with DeadKernelError" in error_of(died)["message"]
    assert ended(hung) == "Failed"
    assert "cell 1 of 1 with TimeoutError: took longer than 1 s" in error_of(hung)["message"]


def test_what_is_no_notebook_is_an_error_of_the_run(experiment: Experiment, source: Path) -> None:
    (source / "n.ipynb").write_text("{'not': json")

    run = experiment.submit(NotebookRunConfig(source, "n.ipynb"))

    assert ended(run) == "Failed"
    assert "'n.ipynb' is not a notebook" in error_of(run)["message"]


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ([("a = 1", "")], 0),
        ([("# t", "markdown"), ("a = 1", "parameters"), ("a", "")], 2),
        ([("a = 1", "parameters"), ("a = 5", "injected-parameters"), ("a", "")], 1),
        ([], 0),
    ],
)
def test_parameters_go_where_papermill_puts_them(
    cells: list[tuple[str, str]], place: int, tmp_path: Path
) -> None:
    notebook = nbformat.read(write_notebook(tmp_path / "n.ipynb", *cells), as_version=4)
    before = json.dumps(notebook)

    made = with_parameters(notebook, {"a": 2})

    assert made.cells[place].source == "# Parameters\na = 2"
    assert sum("injected-parameters" in c.metadata.get("tags", ()) for c in made.cells) == 1
    assert json.dumps(notebook) == before


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_every_json_value_is_spelled_as_python_reads_it(value: Any) -> None:
    names = {"float": float}

    assert eval(in_python(value), names) == value
