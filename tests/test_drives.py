"""On real drives that cannot be mapped: values are appended, by themselves, and none is lost.

Needs Linux, libfuse, and leave to mount.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from run_widgets import Experiment, Workspace
from run_widgets.checkup import doctor

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ["network", "unknown"]


@contextmanager
def _device(tmp_path: Path) -> Iterator[str]:
    """Lend a block device to a drive that wants to have one."""
    image = tmp_path / "image"
    image.write_bytes(bytes(2**20))
    lent = subprocess.run(
        ["losetup", "--find", "--show", str(image)], capture_output=True, text=True
    )
    if lent.returncode:
        pytest.skip("only root can lend a block device")
    yield lent.stdout.strip()
    subprocess.run(["losetup", "--detach", lent.stdout.strip()], check=True)


@contextmanager
def _mounted(tmp_path: Path, *device: str) -> Iterator[Path]:
    below, place = tmp_path / "below", tmp_path / "drive"
    below.mkdir()
    place.mkdir()
    script = Path(__file__).with_name("passed_through.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(below), str(place), *device],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while not os.path.ismount(place):
                if process.poll() is not None:
                    assert process.stderr is not None
                    pytest.skip(f"FUSE cannot be used here: {process.stderr.read()[-200:]}")
                time.sleep(0.02)
            yield place
        finally:
            subprocess.run(["umount", "-l", str(place)], check=False)
            process.kill()


@pytest.fixture(params=KINDS)
def drive(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A drive where nothing can be mapped: a network's, or of a kind that nobody knows."""
    if importlib.util.find_spec("mfusepy") is None or not os.path.exists("/dev/fuse"):
        pytest.skip("FUSE is not here")
    if request.param == "network":
        with _mounted(tmp_path) as place:
            yield place
    else:
        with _device(tmp_path) as device, _mounted(tmp_path, device) as place:
            yield place


WRITER = """
    import sys
    from run_widgets import Run, Workspace
    run = Run.get(Workspace(sys.argv[1]), "r1")
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(int(sys.argv[3])):
        run.log(sys.argv[2], n)
        if n % 10 == 0:
            print(n, flush=True)
"""


def test_values_are_appended_and_none_is_lost_by_many_or_by_killing(
    drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(drive)
    workspace = Workspace(drive / "workspace")
    experiment = Experiment(workspace, "x")
    run = experiment.start_logging(run_id="r1", snapshot_directory=None, tags={"a": "b"})
    run.log("loss", 0.5, step=3)
    run.log_row("rows", n=1, text="ä")
    Path("outputs", "model.txt").write_text("weights")

    def writer(name: str, count: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(WRITER), workspace.path, name, count]
        return subprocess.Popen(
            [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    ranks = [writer(f"rank {n}", 200) for n in range(3)]
    killed = writer("killed", 10**9)
    for process in (*ranks, killed):
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
    while (last := int(killed.stdout.readline())) < 500:  # type: ignore[union-attr]
        pass
    killed.kill()
    for process in (*ranks, killed):
        process.communicate()
    run.complete()

    found = workspace.get_run("r1").get_metrics()
    assert found.pop("killed")[: last + 1] == [*range(last + 1)]
    assert found == {
        "loss": 0.5,
        "rows": {"n": 1, "text": "ä"},
        **{f"rank {n}": [*range(200)] for n in range(3)},
    }
    assert [one.id for one in experiment.get_runs(tags={"a": "b"})] == ["r1"]
    assert run.get_file_names() == ["outputs/model.txt"]
    assert not list(run.folder.glob("metrics/*.tmp"))


def test_the_doctor_says_how_values_are_written_there(
    drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_WIDGETS_HOME", str(drive / "workspace"))
    monkeypatch.chdir(drive)
    Experiment(Workspace(drive / "workspace"), "x")

    told = str(doctor())

    assert "appended, since on a drive of kind fuse" in told
    assert "free space" not in told  # which such a drive may not tell
