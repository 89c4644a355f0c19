"""A forked child logs to files of its own, and ends nothing that is its parent's."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from run_widgets import Experiment, Run, Workspace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

PREAMBLE = """
import os, sys, threading, time, warnings
from pathlib import Path
from run_widgets import Experiment, Workspace
from run_widgets.errors import RunClosed
from run_widgets.store.keeper import keeper

warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads

def start():
    experiment = Experiment(Workspace(sys.argv[1]), "forks")
    return experiment.start_logging(outputs=False, snapshot_directory=None)

def fork(work, leave=os._exit):
    pid = os.fork()
    if pid == 0:
        work()
        leave(0)
    return pid

def wait(*pids):
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.fixture(params=["mapped", "append"])
def after(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Run a script that starts one run, and give that run."""

    def play(script: str) -> Run:
        environment = dict(os.environ, RUN_WIDGETS_APPEND=str(int(request.param == "append")))
        subprocess.run(
            [sys.executable, "-c", PREAMBLE + textwrap.dedent(script), str(tmp_path / "store")],
            check=True,
            env=environment,
            timeout=60,
        )
        (run,) = Experiment(Workspace(tmp_path / "store"), "forks").get_runs()
        return run

    return play


def test_parent_and_children_log_to_one_run(after: Any) -> None:
    run = after(
        """
        run = start()
        for n in range(1000):
            run.log("before", n)

        def work():
            for n in range(1000):
                run.log("child", float(n))
                run.log("text", str(n))

        pids = [fork(work) for _ in range(4)]
        for n in range(1000):
            run.log("parent", n)
        wait(*pids)
        run.complete()
        """
    )

    metrics = run.get_metrics()
    assert run.status == "Completed"
    assert metrics["before"] == metrics["parent"] == list(range(1000))
    assert sorted(metrics["child"]) == sorted(4 * [float(n) for n in range(1000)])
    assert sorted(metrics["text"]) == sorted(4 * [str(n) for n in range(1000)])


def test_a_child_that_ends_as_a_program_ends_nothing(after: Any) -> None:
    run = after(
        """
        run = start()
        run.log("loss", 0.5)
        wait(fork(lambda: run.log("loss", 1.5), leave=sys.exit))
        assert run.get_status() == "Running"
        run.log("loss", 2.5)
        """
    )

    assert sorted(run.get_metrics()["loss"]) == [0.5, 1.5, 2.5]
    assert run.status == "Completed"


def test_a_fork_while_threads_log_leaves_no_lock_behind(after: Any) -> None:
    run = after(
        """
        sys.setswitchinterval(1e-6)
        run = start()
        stop = threading.Event()
        counts = [0] * 3

        def busy(rank):
            while not stop.is_set() and counts[rank] < 20_000:
                run.log(f"thread {rank}", counts[rank])
                if counts[rank] % 20 == 0:
                    run.log(f"text {rank}", str(counts[rank]))
                counts[rank] += 1

        threads = [threading.Thread(target=busy, args=(rank,)) for rank in range(3)]
        for thread in threads:
            thread.start()

        def work():
            for n in range(300):
                run.log("child", n)
                run.log("child text", str(n))

        for _ in range(8):
            wait(fork(work))
        stop.set()
        for thread in threads:
            thread.join()
        for rank, count in enumerate(counts):
            run.log(f"count {rank}", count)
        run.complete()
        """
    )

    metrics = run.get_metrics()
    assert sorted(metrics["child"]) == sorted(8 * list(range(300)))
    assert sorted(metrics["child text"]) == sorted(8 * [str(n) for n in range(300)])
    for rank in range(3):
        assert metrics[f"thread {rank}"] == list(range(metrics[f"count {rank}"]))
        assert metrics[f"text {rank}"] == [str(n) for n in range(0, metrics[f"count {rank}"], 20)]


def test_a_fork_during_the_first_values_of_other_threads_leaves_no_lock_behind(after: Any) -> None:
    after(
        """
        sys.setswitchinterval(1e-6)
        for turn in range(40):
            run = start()
            threads = [threading.Thread(target=run.log, args=("a", n)) for n in range(3)]
            for thread in threads:
                thread.start()
            wait(fork(lambda: run.log("child", 1)))
            for thread in threads:
                thread.join()
            assert run.get_metrics()["child"] == 1
            assert sorted(run.get_metrics()["a"]) == [0, 1, 2]
            run.delete()
        start()
        """
    )


def test_a_child_can_import_what_its_parent_was_just_importing(after: Any) -> None:
    after(
        """
        import signal
        begun = threading.Event()

        class Slow:
            def find_spec(self, name, path=None, target=None):
                if name == "platform":
                    begun.set()
                    time.sleep(1)

        sys.meta_path.insert(0, Slow())
        run = start()
        assert begun.wait(30)  # in the background, where the run's source is noted

        def work():
            signal.alarm(10)  # a lock that nobody holds any more is waited for without an end
            import platform

        wait(fork(work))
        run.complete()
        """
    )


def test_what_waits_in_a_parent_is_not_written_by_its_child(after: Any) -> None:
    run = after(
        """
        import shutil
        warnings.simplefilter("ignore")
        run = start()
        folder = run.folder
        folder.rename(folder.with_name(".away"))
        folder.write_text("not a folder")
        for n in range(1000):
            run.log("loss", n)
            run.log("text", str(n))

        def work():
            run.log("child", 1)
            folder.unlink()
            folder.with_name(".away").rename(folder)
            keeper.beat()
            assert list(run.get_metrics()) == ["child"]

        wait(fork(work))
        keeper.beat()
        run.complete()
        """
    )

    metrics = run.get_metrics()
    assert metrics == {
        "child": 1,
        "loss": list(range(1000)),
        "text": [str(n) for n in range(1000)],
    }


def test_a_run_that_has_ended_is_closed_in_children_too(after: Any) -> None:
    after(
        """
        run = start()
        run.log("loss", 0.5)
        run.complete()

        def work():
            try:
                run.log("loss", 1.5)
            except RunClosed:
                return
            os._exit(1)

        wait(fork(work))
        """
    )


def test_workers_of_a_pool_log_to_the_run_they_were_given(after: Any) -> None:
    run = after(
        """
        import multiprocessing

        run = start()

        def work(n):
            run.log("square", n * n)
            return n

        with multiprocessing.get_context("fork").Pool(4) as pool:
            assert pool.map(work, range(100)) == list(range(100))
        run.complete()
        """
    )

    assert sorted(run.get_metrics()["square"]) == [n * n for n in range(100)]


def test_a_childs_own_run_is_its_own(after: Any) -> None:
    run = after(
        """
        run = start()
        run.log("loss", 0.5)

        def work():
            child = run.child_run(name="child")
            child.log("loss", 1.5)
            keeper.end()

        wait(fork(work))
        """
    )

    (child,) = run.get_children()
    assert (child.status, child.get_metrics()) == ("Completed", {"loss": 1.5})
    assert run.get_metrics() == {"loss": 0.5}
