"""Submitted runs when things end: killed, canceled, queued, left alone. Real processes."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import nbformat
import psutil
import pytest

import run_widgets
from run_widgets import Experiment, NotebookRunConfig, Run, ScriptRunConfig, Workspace
from run_widgets.errors import RunClosed, SubmitError
from run_widgets.supervisor.capture import Capture
from run_widgets.supervisor.failure import error_of, last_traceback
from run_widgets.supervisor.plan import Plan
from run_widgets.supervisor.queue import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

SLEEPER = """
import os, sys, time
from run_widgets import Run
run = Run.get_context()
run.log("pid", os.getpid())
print("started", flush=True)
time.sleep(120)
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Iterator[Experiment]:
    experiment = Experiment(Workspace(tmp_path / "workspace"), "submitted")
    yield experiment
    for run in experiment.get_runs(include_children=True):
        with contextlib.suppress(RunClosed):
            run.cancel()
    for run in experiment.get_runs(include_children=True):
        until(lambda run=run: run.get_status() in ("Completed", "Failed", "Canceled"))
    until(lambda: processes_of(tmp_path) == [])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def submit(experiment: Experiment, source: Path) -> Callable[..., Run]:
    def submit(script: str, **options: Any) -> Run:
        (source / "train.py").write_text(script)
        return experiment.submit(ScriptRunConfig(source, "train.py"), **options)

    return submit


def until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait for a thing to be so, never for a time to pass."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.03)


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of all processes that have to do with a test's folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            if str(folder) in process.environ().get("RUN_WIDGETS_WORKSPACE", "") + " ".join(
                process.cmdline()
            ):
                found.append(" ".join(process.cmdline()))
    return found


def started(run: Run) -> None:
    until(lambda: "started" in log_of(run))


def log_of(run: Run) -> str:
    path = run.folder / "files/user_logs/std_log.txt"
    return path.read_text() if path.exists() else ""


def supervisor_of(run: Run) -> int:
    until(lambda: run.store.document(run.id).get("is_supervised"))
    return int(run.store.document(run.id)["owner"]["pid"])


def command_of(run: Run) -> int:
    until(lambda: run.store.document(run.id).get("command"))
    return int(run.store.document(run.id)["command"]["pid"])


def is_running(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def python_path() -> dict[str, str]:
    place = os.path.dirname(os.path.dirname(run_widgets.__file__))
    return {**os.environ, "PYTHONPATH": place}


def error_of_run(run: Run) -> dict[str, Any]:
    return dict(run.get_details()["error"]["error"])


# -- who may die --------------------------------------------------------------------------


KERNEL = """
import sys, time
from run_widgets import Experiment, ScriptRunConfig, Workspace
config = ScriptRunConfig(sys.argv[2], "train.py")
run = Experiment(Workspace(sys.argv[1]), "submitted").submit(config)
print(run.id, flush=True)
time.sleep(60)
"""


def test_a_run_goes_on_when_its_kernel_is_killed_and_is_found_again(
    experiment: Experiment, source: Path
) -> None:
    (source / "train.py").write_text(
        "import os, time\nfrom run_widgets import Run\nrun = Run.get_context()\n"
        "while not os.path.exists('outputs/go'): run.log('beat', 1); time.sleep(0.02)\n"
        "print('well done')"
    )
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL, experiment.workspace.path, source],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert kernel.stdout is not None
    run_id = kernel.stdout.readline().strip()
    os.killpg(kernel.pid, signal.SIGKILL)
    kernel.wait()
    kernel.stdout.close()

    run = experiment.workspace.get_run(run_id)
    until(lambda: run.get_status() == "Running")
    before = len(run.get_metrics().get("beat", []) if run.get_metrics() else [])
    until(lambda: isinstance(run.get_metrics().get("beat"), list))
    until(lambda: len(run.get_metrics()["beat"]) > before)
    (run.folder / "work/outputs/go").touch()

    assert run.wait_for_completion()["status"] == "Completed"
    assert log_of(run) == "well done\n"


@pytest.mark.parametrize("order", list(itertools.permutations(["kernel", "supervisor", "command"])))
def test_whoever_is_killed_in_whatever_order_the_status_is_true(
    order: tuple[str, ...], experiment: Experiment, source: Path
) -> None:
    (source / "train.py").write_text(SLEEPER)
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL, experiment.workspace.path, source],
        stdout=subprocess.PIPE,
        text=True,
        env=python_path(),
    )
    assert kernel.stdout is not None
    run = experiment.workspace.get_run(kernel.stdout.readline().strip())
    kernel.stdout.close()
    started(run)
    pids = {"kernel": kernel.pid, "supervisor": supervisor_of(run), "command": command_of(run)}
    alive = set(pids)

    for victim in order:
        os.kill(pids[victim], signal.SIGKILL)
        alive.discard(victim)
        if victim == "kernel":
            kernel.wait()
        until(lambda victim=victim: not is_running(pids[victim]) or victim == "supervisor")
        if "command" in alive:
            assert run.get_status() == "Running"
        else:
            until(lambda: run.get_status() == "Failed")

    assert run.get_status() == "Failed"
    until(lambda: processes_of(experiment.workspace.path) == [])


def test_a_supervisor_is_nobody_s_child(submit: Callable[..., Run]) -> None:
    run = submit(SLEEPER)
    supervisor = psutil.Process(supervisor_of(run))
    command = psutil.Process(command_of(run))

    assert os.getpid() not in [process.pid for process in supervisor.parents()]
    assert os.getsid(supervisor.pid) != os.getsid(0)
    assert os.getsid(command.pid) == command.pid
    assert command.ppid() == supervisor.pid


def test_a_killed_command_is_told_from_a_canceled_one(submit: Callable[..., Run]) -> None:
    run = submit(SLEEPER)
    started(run)

    os.kill(command_of(run), signal.SIGKILL)

    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"
    assert "ended by SIGKILL" in error_of_run(run)["message"]


def test_a_command_goes_on_without_its_supervisor_and_is_running_as_long_as_it_does(
    submit: Callable[..., Run],
) -> None:
    run = submit(
        "import os, time\nprint('started', flush=True)\n"
        "while not os.path.exists('outputs/go'): time.sleep(0.02)\nprint('done')"
    )
    started(run)
    os.kill(supervisor_of(run), signal.SIGKILL)
    until(lambda: not is_running(supervisor_of(run)))

    assert run.get_status() == "Running"
    (run.folder / "work/outputs/go").touch()
    until(lambda: log_of(run) == "started\ndone\n")
    until(lambda: run.get_status() == "Failed")
    assert "ended first, so how the run ended is not known" in error_of_run(run)["message"]


def test_an_orphan_can_be_canceled(submit: Callable[..., Run]) -> None:
    run = submit(SLEEPER)
    started(run)
    command = command_of(run)
    os.kill(supervisor_of(run), signal.SIGKILL)
    until(lambda: not is_running(supervisor_of(run)))

    run.cancel()

    assert run.get_status() == "Canceled"
    assert not is_running(command)


def test_supervisor_and_command_killed_at_once_is_failed(submit: Callable[..., Run]) -> None:
    run = submit(SLEEPER)
    started(run)

    for pid in (supervisor_of(run), command_of(run)):
        os.kill(pid, signal.SIGKILL)

    until(lambda: run.get_status() == "Failed")


def test_a_supervisor_killed_while_it_waits_or_prepares_is_failed_and_the_queue_goes_on(
    submit: Callable[..., Run],
) -> None:
    first = submit(SLEEPER, max_concurrent=1)
    second = submit("", max_concurrent=1)
    third = submit("", max_concurrent=1)
    until(lambda: third.get_detailed_status()["details"] == "1 run is before it")

    os.kill(supervisor_of(second), signal.SIGKILL)
    until(lambda: second.get_status() == "Failed")
    first.cancel()

    assert third.wait_for_completion()["status"] == "Completed"


def test_a_place_in_the_queue_is_freed_when_its_run_is_killed(submit: Callable[..., Run]) -> None:
    first = submit(SLEEPER, max_concurrent=1)
    started(first)
    second = submit("", max_concurrent=1)
    until(lambda: second.get_status() == "Queued")

    for pid in (supervisor_of(first), command_of(first)):
        os.kill(pid, signal.SIGKILL)

    assert second.wait_for_completion()["status"] == "Completed"


def test_a_supervisor_that_never_starts_is_failed_and_one_with_a_damaged_plan_says_so(
    experiment: Experiment, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "train.py").write_text("")
    config = ScriptRunConfig(source, "train.py")
    with monkeypatch.context() as broken:
        broken.setenv("PYTHONHOME", "/nowhere")  # no Python can start with that
        run = experiment.submit(config)
    until(lambda: (run.folder / "supervisor.log").stat().st_size)
    assert run.get_status() == "Preparing"
    past = {"supervisor_due_at": time.time() - 1}
    run.store.update_run(run.id, lambda known: known.update(past))
    assert run.get_status() == "Failed"
    assert "its supervisor did not start" in error_of_run(run)["message"]

    damaged = experiment.submit(config)
    damaged.wait_for_completion()
    (damaged.folder / "plan.json").write_text("{")
    damaged.store.update_run(damaged.id, lambda known: known.update(status="Preparing"))
    subprocess.run(
        [sys.executable, "-m", "run_widgets.supervisor", damaged.folder],
        stderr=subprocess.DEVNULL,
        env=python_path(),
    )
    assert damaged.get_status() == "Failed"
    assert "its plan.json is damaged" in error_of_run(damaged)["message"]


def test_a_machine_that_shuts_down_ends_the_run_gently_and_says_so(
    submit: Callable[..., Run],
) -> None:
    run = submit(SLEEPER)
    started(run)
    command = command_of(run)

    os.kill(supervisor_of(run), signal.SIGTERM)

    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"
    assert "told to end (SIGTERM)" in error_of_run(run)["message"]
    assert not is_running(command)


# -- cancel and fail ----------------------------------------------------------------------


def test_cancel_ends_every_process_of_the_run(submit: Callable[..., Run]) -> None:
    run = submit(
        """
import os, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(120)"]
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(120)
    os._exit(0)
print("started", flush=True)
time.sleep(120)
"""
    )
    started(run)
    until(lambda: len(processes_of(run.store.root)) == 5)  # and its supervisor

    run.cancel()
    details = run.wait_for_completion()

    assert details["status"] == "Canceled"
    assert "error" not in details
    until(lambda: processes_of(run.store.root) == [])


def test_cancel_is_gentle_first(submit: Callable[..., Run]) -> None:
    run = submit(
        """
import signal, sys, time
def end(*_):
    print("saving", flush=True)
    open("outputs/last.txt", "w").write("saved")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("started", flush=True)
time.sleep(120)
"""
    )
    started(run)

    run.cancel()

    assert run.get_status() in ("CancelRequested", "Finalizing", "Canceled")
    assert run.wait_for_completion()["status"] == "Canceled"
    assert log_of(run) == "started\nsaving\n"
    assert "outputs/last.txt" in run.get_file_names()


def test_cancel_is_sure_in_the_end(experiment: Experiment, source: Path) -> None:
    (source / "train.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('started', flush=True)\ntime.sleep(120)"
    )
    run = experiment.submit(ScriptRunConfig(source, "train.py"), kill_after_s=0.5)
    started(run)

    run.cancel()

    assert run.wait_for_completion()["status"] == "Canceled"


def test_another_process_can_cancel(submit: Callable[..., Run]) -> None:
    run = submit(SLEEPER)
    started(run)
    code = (
        "import sys; from run_widgets import Workspace;"
        "Workspace(sys.argv[1]).get_run(sys.argv[2]).cancel()"
    )

    subprocess.run([sys.executable, "-c", code, run.store.root, run.id], check=True)

    assert run.wait_for_completion()["status"] == "Canceled"


def test_cancel_needs_no_signal(submit: Callable[..., Run]) -> None:
    run = submit(SLEEPER)
    started(run)

    # As from another machine that shares the workspace.
    run.store.update_run(run.id, lambda known: known.update(status="CancelRequested"))

    assert run.wait_for_completion()["status"] == "Canceled"


@pytest.mark.parametrize("pause_s", [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4])
def test_cancel_at_any_moment_of_the_start_cancels(
    pause_s: float, submit: Callable[..., Run]
) -> None:
    run = submit(SLEEPER)
    time.sleep(pause_s)

    run.cancel()

    assert run.wait_for_completion()["status"] == "Canceled"
    until(lambda: processes_of(run.store.root) == [])


def test_cancel_takes_a_run_out_of_the_queue(submit: Callable[..., Run]) -> None:
    first = submit(SLEEPER, max_concurrent=1)
    second = submit(SLEEPER, max_concurrent=1)
    until(lambda: second.get_status() == "Queued")

    second.cancel()

    assert second.wait_for_completion()["status"] == "Canceled"
    assert second.store.run(second.id).started_at is None
    assert first.get_status() == "Running"


def test_cancel_of_a_run_that_has_ended_says_so(submit: Callable[..., Run]) -> None:
    run = submit("")
    run.wait_for_completion()

    with pytest.raises(RunClosed, match="is Completed"):
        run.cancel()


def test_fail_from_elsewhere_ends_the_processes_with_that_error(
    submit: Callable[..., Run],
) -> None:
    run = submit(SLEEPER)
    started(run)

    run.fail("the loss explodes", error_code="Diverged")

    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"
    assert error_of_run(run) == {"code": "Diverged", "message": "the loss explodes"}
    until(lambda: processes_of(run.store.root) == [])


def test_complete_from_elsewhere_does_not_end_it(submit: Callable[..., Run]) -> None:
    run = submit("import time; time.sleep(0.5); print('done')")

    run.complete()

    assert run.status != "Completed"
    assert run.wait_for_completion()["status"] == "Completed"
    assert log_of(run) == "done\n"


def test_an_endless_notebook_is_canceled_with_its_kernel(
    experiment: Experiment, source: Path
) -> None:
    made = nbformat.v4.new_notebook()
    for code in ("x = 1", "print('started', flush=True)\nwhile True: pass"):
        made.cells.append(nbformat.v4.new_code_cell(code))
    nbformat.write(made, source / "endless.ipynb")
    run = experiment.submit(NotebookRunConfig(source, "endless.ipynb"))
    started(run)
    kernels = [p for p in processes_of(run.store.root) if "ipykernel" in p]

    run.cancel()

    assert len(kernels) == 1
    assert run.wait_for_completion()["status"] == "Canceled"
    until(lambda: processes_of(run.store.root) == [])
    kept = nbformat.read(run.folder / "files/outputs/endless.output.ipynb", as_version=4)
    assert kept.cells[0].execution_count == 1


# -- what a script leaves behind ------------------------------------------------------------


def test_a_script_that_daemonises_ends_its_run_and_its_daemon_lives(
    submit: Callable[..., Run], tmp_path: Path
) -> None:
    run = submit(
        """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("outputs/daemon", "w").write(str(os.getpid()))
        time.sleep(120)
    os._exit(0)
while not os.path.exists("outputs/daemon") or not open("outputs/daemon").read(): time.sleep(0.01)
"""
    )

    details = run.wait_for_completion()
    daemon = int((run.folder / "files/outputs/daemon").read_text())

    assert details["status"] == "Completed"
    assert is_running(daemon)
    os.kill(daemon, signal.SIGKILL)
    until(lambda: not is_running(daemon))


def test_what_a_script_leaves_in_its_group_is_ended_with_it(submit: Callable[..., Run]) -> None:
    run = submit(
        "import subprocess, sys, os, signal\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(120)'])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    run.wait_for_completion(raise_on_error=False)

    until(lambda: processes_of(run.store.root) == [])


def test_a_store_that_fails_for_a_while_does_not_lose_the_end(submit: Callable[..., Run]) -> None:
    run = submit(
        "import os, time\nprint('started', flush=True)\n"
        "while not os.path.exists('outputs/go'): time.sleep(0.02)"
    )
    started(run)
    folder = run.folder
    (folder / "work/outputs/go").touch()
    # The folder is gone for a moment, as a network drive is.
    folder.rename(folder.with_name("away"))
    time.sleep(0.5)
    folder.with_name("away").rename(folder)

    assert run.wait_for_completion()["status"] == "Completed"


# -- the queue ----------------------------------------------------------------------------


SUBMIT_FIVE = """
import sys
from run_widgets import Experiment, ScriptRunConfig, Workspace
experiment = Experiment(Workspace(sys.argv[1]), "submitted")
for _ in range(5):
    experiment.submit(ScriptRunConfig(sys.argv[2], "train.py"), max_concurrent=2)
"""


def test_twenty_runs_of_four_kernels_go_through_a_queue_of_two_in_order(
    experiment: Experiment, source: Path, tmp_path: Path
) -> None:
    (source / "train.py").write_text(
        f"""
import os, time
def note(word):
    handle = os.open({str(tmp_path / "times")!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    line = f"{{time.monotonic()}} {{word}} {{os.environ['RUN_WIDGETS_RUN_ID']}}\\n"
    os.write(handle, line.encode())
note("begin"); time.sleep(0.05); note("end")
"""
    )
    command = [sys.executable, "-c", SUBMIT_FIVE, str(experiment.workspace.path), str(source)]
    kernels = [subprocess.Popen(command, env=python_path()) for _ in range(4)]
    for kernel in kernels:
        assert kernel.wait() == 0
    runs = list(experiment.get_runs())
    states = [run.get_status() for run in runs]
    ends = [run.wait_for_completion()["status"] for run in runs]

    assert ends == ["Completed"] * 20
    assert states.count("Queued") >= 10
    lines = sorted(line.split() for line in (tmp_path / "times").read_text().splitlines())
    running, most = 0, 0
    for _, word, _ in lines:
        running += 1 if word == "begin" else -1
        most = max(most, running)
    assert most == 2
    began = [run_id for _, word, run_id in lines if word == "begin"]
    numbers = [experiment.workspace.get_run(run_id).number for run_id in began]
    # Two start side by side, and kernels may take their numbers at the same
    # moment, so neighbours may change places.
    assert all(abs(number - place) <= 3 for place, number in enumerate(numbers, 1))
    assert list((experiment.workspace.path / "submitted/.queue").iterdir()) == []


def test_a_queued_run_says_what_it_waits_for(submit: Callable[..., Run]) -> None:
    submit(SLEEPER, max_concurrent=1)
    second = submit("", max_concurrent=1)
    third = submit("", max_concurrent=1)

    until(lambda: second.get_detailed_status()["details"] == "1 of 1 places are taken")
    until(lambda: third.get_detailed_status()["details"] == "1 run is before it")


def test_a_run_without_a_limit_does_not_wait_and_counts(submit: Callable[..., Run]) -> None:
    first = submit(SLEEPER, max_concurrent=1)
    started(first)
    second = submit(SLEEPER)
    started(second)
    third = submit("", max_concurrent=2)

    until(lambda: third.get_detailed_status()["details"] == "2 of 2 places are taken")
    first.cancel()
    assert third.wait_for_completion()["status"] == "Completed"


def test_a_damaged_or_hostile_queue_blocks_nobody(tmp_path: Path) -> None:
    folder = tmp_path / ".queue"
    folder.mkdir()
    (folder / "0000000001.a.waiting").write_text("{not json")
    (folder / "0000000002.b.waiting").write_text('{"pid": "x"}')
    (folder / "0000000003.c.running").write_text("[]")
    os.mkfifo(folder / "0000000004.d.waiting")
    (folder / "0000000005.e.waiting").symlink_to("/dev/zero")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (folder / "0000000006.f.waiting").touch()
    os.utime(folder / "0000000006.f.waiting", (1, 1))
    (folder / "notes.txt").write_text("x")
    ticket = Ticket(tmp_path, 7, "g")
    ticket.hold()

    assert ticket.obstacle(1) == ""


# -- a large log ----------------------------------------------------------------------------


WRITER = """
import os, sys, time
line = b"x" * 99 + b"\\n"
block = line * 10
start = time.{clock}()
for _ in range({blocks}):
    os.write(1, block)
print(time.{clock}() - start, file=sys.stderr)
"""


def write_log(
    blocks: int, submit: Callable[..., Run], source: Path, *, clock: str
) -> tuple[float, float, int, float]:
    """Return seconds alone, seconds as a run, and the supervisor's most bytes and its seconds.

    `clock` tells the script's seconds: by the wall, or of its processor.
    """
    script = WRITER.format(blocks=blocks, clock=clock)
    (source / "alone.py").write_text(script)
    with open(source.parent / "alone.log", "wb") as log:
        alone = subprocess.run(
            [sys.executable, source / "alone.py"], stdout=log, stderr=subprocess.PIPE, check=True
        )
    (source / "alone.py").unlink()
    (source.parent / "alone.log").unlink()
    run = submit(script)
    most, used = 0, 0.0
    supervisor = psutil.Process(supervisor_of(run))
    while run.get_status() != "Completed":
        with contextlib.suppress(psutil.Error):
            most = max(most, supervisor.memory_info().rss)
            times = supervisor.cpu_times()
            used = times.user + times.system
        time.sleep(0.1)
    log = run.folder / "files/user_logs/std_log.txt"
    with open(log, "rb") as file:
        file.seek(-100, os.SEEK_END)
        seconds = float(file.read().splitlines()[-1])
    assert log.stat().st_size > blocks * 1000
    log.unlink()
    return float(alone.stderr), seconds, most, used


def test_what_a_script_prints_is_noted_with_when_it_did(submit: Callable[..., Run]) -> None:
    run = submit("import time\nprint('first')\ntime.sleep(1.5)\nprint('second')\n")
    run.wait_for_completion()

    times = run.store.log_times(run.id, "user_logs/std_log.txt")
    assert [size for _, size in times] == [len("first\n"), len("first\nsecond\n")]
    assert times[1][0] - times[0][0] == pytest.approx(1.5, abs=0.7)


def test_a_log_costs_the_script_what_a_file_costs(submit: Callable[..., Run], source: Path) -> None:
    alone, as_run, memory, _ = write_log(20_000, submit, source, clock="perf_counter")

    assert as_run < 2 * alone + 0.2  # generous: the machine does other things too
    assert memory < 100 * 2**20


@pytest.mark.slow
def test_a_gigabyte_of_log_slows_the_script_by_no_more_than_noise(
    submit: Callable[..., Run], source: Path
) -> None:
    # The best of several, taken in turns, and in the processor's time: what else the
    # machine does comes and goes, and a drive that is busy makes both wait.
    rounds = [write_log(1_000_000, submit, source, clock="process_time") for _ in range(4)]

    alone, as_run, memory, used = zip(*rounds, strict=True)
    print(f"alone {min(alone):.2f} s, as a run {min(as_run):.2f} s, supervisor {min(used):.2f} s")
    assert min(as_run) < 1.05 * min(alone)
    # It starts in 0.1 s, whatever the script does then.
    assert min(used) < 0.1 + 0.05 * min(alone)
    assert max(memory) < 100 * 2**20


# -- the parts ----------------------------------------------------------------------------


def test_capture_copies_where_it_cannot_or_must_not_link(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "work/outputs").mkdir(parents=True)
    (tmp_path / "work/outputs/old.txt").write_text("of another run")
    capture = Capture(tmp_path / "work", tmp_path / "files", "outputs", is_shared=True)
    (tmp_path / "work/outputs/new.txt").write_text("1")
    capture.follow()
    (tmp_path / "work/outputs/new.txt").write_text("12")
    (tmp_path / "work/outputs/old.txt").write_text("mine now")
    capture.follow(is_last=True)
    capture.release()
    with open(tmp_path / "work/outputs/new.txt", "a") as file:
        file.write("by somebody else, later")

    kept = {p.name: p.read_text() for p in (tmp_path / "files/outputs").iterdir()}
    assert kept == {"new.txt": "12", "old.txt": "mine now"}


def test_capture_leaves_hidden_folders_pipes_and_links_to_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    outputs = tmp_path / "work/outputs"
    outputs.mkdir(parents=True)
    os.mkfifo(outputs / "pipe")
    (outputs / "etc").symlink_to("/etc")
    (outputs / "secret").symlink_to("/etc/hostname")
    (outputs / ".hidden").write_text("kept too")
    capture = Capture(tmp_path / "work", tmp_path / "files", "outputs")

    capture.follow(is_last=True)

    assert [p.name for p in (tmp_path / "files/outputs").iterdir()] == [".hidden"]


def test_a_plan_from_a_stranger_is_read_or_refused(tmp_path: Path) -> None:
    Plan(command=("a",), source="/x").write(tmp_path)
    assert Plan.read(tmp_path) == Plan(command=("a",), source="/x")

    for damage in ("", "[]", '{"command": 7}', "[" * 100_000, '{"command": ["a"]}'):
        (tmp_path / "plan.json").write_text(damage)
        with pytest.raises(SubmitError, match="was not submitted, or its"):
            Plan.read(tmp_path)
    (tmp_path / "plan.json").unlink()
    os.mkfifo(tmp_path / "plan.json")
    with pytest.raises(SubmitError):
        Plan.read(tmp_path)


@pytest.mark.parametrize(
    ("log", "first", "last"),
    [
        ("", "", ""),
        ("just text\n", "", ""),
        ("Traceback (most recent call last):\n", "Traceback (most recent call last):", "last):"),
        (
            'a\nTraceback (most recent call last):\n  File "x", line 1\nE: one\nafter\n\nb\n'
            'Traceback (most recent call last):\n  File "y", line 2\n    1/0\nE: two\n',
            "Traceback (most recent call last):",
            "E: two",
        ),
    ],
)
def test_the_last_traceback_of_a_log(log: str, first: str, last: str) -> None:
    found = last_traceback(log)

    assert found.startswith(first)
    assert found.rstrip("\n").endswith(last)


def test_a_coloured_traceback_is_read_as_one(tmp_path: Path) -> None:
    red = "\x1b[1;35m{}\x1b[0m"
    (tmp_path / "log").write_text(
        "Traceback (most recent call last):\n  File x\n    " + red.format("1/0") + "\n"
        + red.format("ZeroDivisionError") + ": " + red.format("division by zero") + "\n"
    )  # fmt: skip

    error = error_of(1, tmp_path / "log", source=tmp_path, work=tmp_path)

    assert error.type == "ZeroDivisionError"
    assert error.message == "User program failed with ZeroDivisionError: division by zero"


def test_what_was_submitted_can_be_read_from_its_folder(submit: Callable[..., Run]) -> None:
    run = submit("")
    run.wait_for_completion()
    plan = json.loads((run.folder / "plan.json").read_text())

    assert plan["command"][1:] == ["train.py"]
    assert not list(run.folder.glob("*.log"))
    assert not list(run.folder.glob(".*"))
