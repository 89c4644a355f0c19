"""A run folder from a stranger: nothing outside is read, nothing runs, hangs or eats the memory."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import textwrap
import time
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from run_widgets import Experiment, Run, Workspace
from run_widgets.errors import BadName, FileConflict, FileNotInRun, RunWidgetsError
from run_widgets.records import RunRecord
from run_widgets.store.layout import POINT
from run_widgets.store.local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLOAT = (1 << 8) | 1
RECORD = (1 << 8) | 5
HEADER = b'{"format":1,"writer":{},"at":0}\n{"metric":1,"name":"loss","family":"vector"}\n'
SECRET = "nobody may see this"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.mkdir()
    (path / "secret.txt").write_text(SECRET)
    (path / "run.json").write_text(json.dumps({"id": "r1", "description": SECRET}))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with a little of everything, in a workspace."""
    store = LocalStore(tmp_path / "workspace")
    store.create_experiment("mnist")
    store.create_run("mnist", "r1", {"status": "Running"})
    writer = store.writer("r1")
    for n in range(10):
        writer.put("loss", float(n), n)
        writer.put("text", f"{n}", n)
    writer.close("done")
    store.add_file("r1", "outputs/a.txt", io.BytesIO(b"a"))
    return store.folder("r1")


def look_at_all(folder: Path) -> dict[str, Any]:
    """Do with a run what panels, portals and people do, and return what they see."""
    store = LocalStore(folder.parent.parent)
    seen: dict[str, Any] = {"listed": list(store.runs("mnist"))}
    seen["experiments"] = store.experiments()
    try:
        run = Run.open(folder)
        seen["record"] = run.store.run(run.id)
        seen["metrics"] = run.get_metrics()
        seen["details"] = run.get_details()
        seen["files"] = run.get_file_names()
        follower = run.store.follow(run.id)
        seen["batches"] = [follower.read() for _ in range(3)]
        for name in seen["files"]:
            seen[name] = run.store.file_path(run.id, name).read_bytes()
    except (RunWidgetsError, OSError) as error:
        seen["error"] = str(error)
    return seen


def written(folder: Path, text: bytes, points: bytes) -> Path:
    """Put one more writer's files into a run."""
    (folder / "metrics" / "9999.jsonl").write_bytes(text)
    (folder / "metrics" / "9999.points").write_bytes(points)
    return folder


def warnings_of(folder: Path) -> str:
    follower = LocalStore(folder.parent.parent).follow(folder.name)
    told: list[str] = []
    while batch := follower.read():
        told += batch.warnings
    return "\n".join(told)


# -- links --


@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "metrics",
        "metrics/0000.jsonl",
        "metrics/0000.points",
        "metrics/0000.npz",
        "files",
        "files/outputs",
        "files/outputs/a.txt",
        "files/new.txt",
        "stop",
        "progress",
    ],
)
@pytest.mark.parametrize("kind", ["file", "folder", "root", "itself", "nothing"])
def test_no_link_leads_out(folder: Path, secret: Path, name: str, kind: str) -> None:
    path = folder / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    target = {
        "file": secret / "secret.txt",
        "folder": secret,
        "root": "/",
        "itself": path,
        "nothing": "/nothing/here",
    }[kind]
    path.symlink_to(target)

    seen = look_at_all(folder)

    assert SECRET not in repr(seen)
    assert "/etc/passwd" not in repr(seen)
    assert all(not entry.startswith("etc") for entry in seen.get("files", []))


@pytest.mark.parametrize("name", ["a.txt", "etc/passwd", "../secret/secret.txt", "secret.txt"])
def test_no_file_name_leads_out(folder: Path, secret: Path, name: str) -> None:
    shutil.rmtree(folder / "files")
    (folder / "files").symlink_to(secret)
    store = LocalStore(folder.parent.parent)

    assert store.files("r1") == []
    with pytest.raises(FileNotInRun):
        store.file_path("r1", name)
    with pytest.raises((FileConflict, BadName)):
        store.add_file("r1", name, io.BytesIO(b"mine"))
    assert sorted(os.listdir(secret)) == ["run.json", "secret.txt"]


def test_a_file_is_not_put_through_a_link(folder: Path, secret: Path) -> None:
    (folder / "files" / "linked").symlink_to(secret)
    (folder / "files" / "link.txt").symlink_to(secret / "secret.txt")
    store = LocalStore(folder.parent.parent)

    for overwrite in (False, True):
        with pytest.raises(FileConflict):
            store.add_file("r1", "linked/new.txt", io.BytesIO(b"mine"), overwrite=overwrite)
    with pytest.raises(FileConflict):
        store.add_file("r1", "link.txt", io.BytesIO(b"mine"))
    store.add_file("r1", "link.txt", io.BytesIO(b"mine"), overwrite=True)

    assert sorted(os.listdir(secret)) == ["run.json", "secret.txt"]
    assert (secret / "secret.txt").read_text() == SECRET
    assert store.file_path("r1", "link.txt").read_bytes() == b"mine"


def test_going_on_with_a_strangers_run_writes_nothing_outside(folder: Path, secret: Path) -> None:
    shutil.rmtree(folder / "metrics")
    (folder / "metrics").symlink_to(secret)
    for name in ("stop", "progress"):
        (folder / name).symlink_to(secret / "new")
    store = LocalStore(folder.parent.parent)
    writer = store.writer("r1")

    with pytest.warns(RuntimeWarning, match="a link, which is not followed"):
        writer.put("loss", 0.5, None)
    for ask in (lambda: store.request_stop("r1"), lambda: store.set_progress("r1", 1, 2)):
        with pytest.raises(OSError, match="r1"):
            ask()
    from run_widgets.store.keeper import keeper

    keeper.let_go(writer)
    assert sorted(os.listdir(secret)) == ["run.json", "secret.txt"]


@pytest.mark.parametrize("kind", ["link", "fifo"])
@pytest.mark.parametrize(
    "name", ["environment.json", "plan.json", "files/logs/user_log.txt", "files"]
)
@pytest.mark.timeout(20)
def test_a_block_of_a_strangers_run_writes_nothing_outside_and_waits_for_nobody(
    folder: Path, secret: Path, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(secret)  # what the snapshot is of
    path = folder / name
    if path.is_dir():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "link":
        path.symlink_to(secret if name == "files" else secret / "new")
    else:
        os.mkfifo(path)

    experiment = Experiment(Workspace(folder.parent.parent), "mnist")
    with experiment.start_logging(run_id="r1", resume=True, outputs=False) as run:
        print("hello")
        run.log("more", 1)
        assert run.get_snapshot_id() is not None  # all that is noted in the background is there

    assert sorted(os.listdir(secret)) == ["run.json", "secret.txt"]
    assert (run.get_status(), run.get_metrics("more")) == ("Completed", {"more": 1})


def test_points_are_packed_into_no_link(folder: Path, secret: Path) -> None:
    for number in range(3):
        (folder / "metrics" / f"000{number}.tmp").symlink_to(secret / "secret.txt")
    experiment = Experiment(Workspace(folder.parent.parent), "mnist")
    run = experiment.start_logging(run_id="r1", resume=True, outputs=False, snapshot_directory=None)
    for n in range(10_000):
        run.log("long", n)
    run.complete()

    assert (secret / "secret.txt").read_text() == SECRET
    assert run.get_metrics("long") == {"long": list(range(10_000))}


# -- what is no file --


@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "metrics",
        "metrics/0000.jsonl",
        "metrics/0000.points",
        "files",
        "files/outputs/a.txt",
        "stop",
        "progress",
        "../experiment.json",
        "../../workspace.json",
    ],
)
@pytest.mark.parametrize("kind", ["fifo", "folder", "socket", "device"])
@pytest.mark.timeout(20)
def test_what_is_no_file_is_not_waited_for(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        os.mknod(path, 0o140600)
    else:
        try:
            os.mknod(path, 0o020666, os.makedev(1, 5))  # /dev/zero, which never ends
        except PermissionError:
            pytest.skip("only root makes devices")

    look_at_all(folder)


# -- documents --

DOCUMENTS: dict[str, bytes] = {
    "empty": b"",
    "cut": b'{"id": "r1", "sta',
    "deep list": b"[" * 200_000,
    "deep object": b'{"tags":' * 200_000,
    "not unicode": b'{"id": "\xff\xfe"}',
    "UTF-16": json.dumps({"id": "r1"}).encode("utf-16"),
    "a list": b"[1, 2]",
    "a number": b"1e999",
    "a long number": b'{"number": ' + b"9" * 10_000 + b"}",
    "duplicates": b'{"id": "r1", "id": "r2"}',
    "NaN": b'{"created_at": NaN, "started_at": -Infinity, "ended_at": 1e999, "status": "Failed"}',
    "far away": b'{"created_at": 1e300, "started_at": -5, "number": 1e300, "status": "Failed"}',
    "long numbers": b'{"created_at": 1' + b"0" * 400 + b', "number": 1' + b"0" * 400 + b"}",
    "wrong types": json.dumps({key: [{"a": []}] for key in RunRecord.__slots__}).encode(),
    "wrong texts": json.dumps(dict.fromkeys(RunRecord.__slots__, "\ud800\0<script>")).encode(),
    "wrong objects": json.dumps({key: {"a": {"b": 1}} for key in RunRecord.__slots__}).encode(),
    "paths": json.dumps(dict.fromkeys(RunRecord.__slots__, "../../../etc/passwd")).encode(),
    "owner": json.dumps(
        {"status": "Running", "owner": {"pid": 2**80, "started": {}, "host": [], "boot": 1}}
    ).encode(),
    "owner 0": json.dumps({"status": "Running", "owner": {"pid": 0, "host": "x"}}).encode(),
    "huge": b'{"id": "r1", "tags": {"a": "' + b"x" * 2**25 + b'"}}',
}


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("name", ["run.json", "../experiment.json", "../../workspace.json"])
def test_a_hostile_document_is_harmless(folder: Path, name: str, document: str) -> None:
    (folder / name).write_bytes(DOCUMENTS[document])

    seen = look_at_all(folder)

    for record in [*seen["listed"], *([seen["record"]] if "record" in seen else [])]:
        assert record.id == "r1"
        assert record.experiment == "mnist"
        for moment in (record.created_at, record.started_at, record.ended_at):
            assert moment is None or 0 <= moment < 1e12
        assert 0 <= record.number < 2**53
        assert {type(value) for value in record.tags.values()} <= {str, type(None)}
    assert [known["name"] for known in seen["experiments"]] in (["mnist"], [])


def test_an_id_in_a_document_leads_nowhere(tmp_path: Path, secret: Path) -> None:
    folder = tmp_path / "downloaded"
    for claimed in ("../secret", "..", "/etc", "a/b", "", None, 5, "x" * 300):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "run.json").write_text(json.dumps({"id": claimed, "status": "Completed"}))

        run = Run.open(folder)

        assert run.id == "downloaded"
        assert run.folder == folder
        assert run.get_file_names() == []


# -- lines and points --

LINES: dict[str, bytes] = {
    "no JSON": HEADER + b"{{{{\n" + bytes(100) + b"\n",
    "deep": HEADER + b"[" * 200_000 + b"\n" + b'{"record":' * 100_000 + b"\n",
    "wrong shapes": HEADER
    + b'[]\n5\nnull\n"x"\n{"metric":{}}\n{"metric":2}\n{"metric":"x","name":1}\n',
    "long number": HEADER + b'{"metric":' + b"9" * 10_000 + b',"name":"x"}\n',
    "much of nothing": b"\n" * 5_000_000 + HEADER,
    "much that means nothing": HEADER + b"{}\n" * 2_000_000,
    "much that is broken": HEADER + b"x\n" * 2_000_000,
    "many names": b"".join(b'{"metric":%d,"name":"n%d"}\n' % (n, n) for n in range(50_000)),
    "later format": b'{"format":1e300}\n' + HEADER,
    "format text": b'{"format":"x"}\n' + HEADER,
    "lost": HEADER + b'{"lost":1e999}\n{"lost":[]}\n{"lost":-5}\n',
    "no end": HEADER + b"x" * 1_000_000,
}


@pytest.mark.parametrize("lines", LINES)
@pytest.mark.timeout(20)
def test_hostile_lines_are_passed_over(folder: Path, lines: str) -> None:
    written(folder, LINES[lines], POINT.pack(1.5, 1.0, 0, FLOAT) * 3)

    seen = look_at_all(folder)

    assert set(seen["metrics"]["loss"]) <= {*map(float, range(10)), 1.5}
    assert [n for n in seen["metrics"]["loss"] if n != 1.5] == [float(n) for n in range(10)]


RECORDS = [
    '{"record":"scalar","name":"loss","at":1.0}',
    '{"record":"scalar","name":"loss","at":1.0,"value":{"a":1}}',
    '{"record":"scalar","name":"loss","at":1.0,"value":[1]}',
    '{"record":"scalar","name":"loss","at":"x","value":1}',
    '{"record":"scalar","name":"loss","at":1.0,"int":"__import__(0)"}',
    '{"record":"scalar","name":"loss","at":1.0,"int":5}',
    '{"record":"scalar","name":"loss","at":1.0,"bits":"zz"}',
    '{"record":"scalar","name":"loss","at":1.0,"bits":"00"}',
    '{"record":"scalar","name":"loss","at":1.0,"value":1,"step":1e300}',
    '{"record":"scalar","name":"loss","at":1.0,"value":1,"step":true}',
    '{"record":"scalar","name":"loss","at":1.0,"value":1,"step":' + "9" * 30 + "}",
    '{"record":"pickle","name":"loss","at":1.0,"value":"gASV"}',
    '{"record":"list","name":"loss","at":1.0,"value":"text"}',
    '{"record":"row","name":"loss","at":1.0,"value":[1]}',
    '{"record":"table","name":"loss","at":1.0,"value":{"a":1}}',
    '{"record":"table","name":"loss","at":1.0,"value":{"a":"text"}}',
    '{"record":"image","name":"loss","at":1.0,"value":["/etc/passwd"]}',
    '{"record":"confusion_matrix","name":"loss","at":1.0,"value":1}',
    '{"record":["scalar"],"name":"loss","at":1.0,"value":1}',
    '{"record":"scalar","name":"loss","at":1.0,"value":1},' * 2 + "0",
    '{"record"',
    '{"record":' * 100_000,
]


@pytest.mark.parametrize("line", RECORDS, ids=range(len(RECORDS)))
def test_a_hostile_record_is_passed_over_and_told_of(folder: Path, line: str) -> None:
    good = '{"record":"scalar","name":"loss","at":1.0,"value":%s}'
    text, points = HEADER, POINT.pack(1.5, 1.0, 0, FLOAT)
    for one in (good % 2.5, line, good % 3.5):
        points += struct.pack("<qdiI", len(text), 1.0, 0, RECORD)
        text += one.encode() + b"\n"
    written(folder, text, points)

    seen = look_at_all(folder)

    assert sorted(seen["metrics"]["loss"]) == sorted([*map(float, range(10)), 1.5, 2.5, 3.5])
    assert "lacks a record or has a broken one" in warnings_of(folder)


@pytest.mark.parametrize("place", [-1, 1, 2**62, -(2**63), len(HEADER) - 1, len(HEADER) + 10**6])
def test_a_reference_to_nowhere_is_passed_over(folder: Path, place: int) -> None:
    record = struct.pack("<qdiI", place, 1.0, 0, RECORD)
    written(folder, HEADER, record + POINT.pack(1.5, 1.0, 0, FLOAT))

    seen = look_at_all(folder)

    assert sorted(seen["metrics"]["loss"]) == sorted([*map(float, range(10)), 1.5])


def test_one_record_is_used_once(folder: Path) -> None:
    line = b'{"record":"scalar","name":"loss","at":1.0,"value":"' + b"x" * 1000 + b'"}\n'
    record = struct.pack("<qdiI", len(HEADER), 1.0, 0, RECORD)
    written(folder, HEADER + line, record * 100_000)

    found = look_at_all(folder)["metrics"]["loss"]

    assert found.count("x" * 1000) == 1


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.binary(max_size=200)
    | st.lists(st.sampled_from([*RECORDS[:19], HEADER.decode()])).map(
        lambda lines: "\n".join(lines).encode() + b"\n"
    ),
    points=st.binary(max_size=240)
    | st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1) | st.integers(0, 500),
            st.floats(),
            st.integers(-(2**31), 2**31 - 1),
            st.integers(0, 2**32 - 1) | st.integers(0, 0x2FF),
        ),
        max_size=10,
    ).map(lambda slots: b"".join(struct.pack("<qdiI", *slot) for slot in slots)),
)
def test_any_two_files_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, points: bytes
) -> None:
    folder = tmp_path_factory.mktemp("workspace") / "mnist" / "r1"
    (folder / "metrics").mkdir(parents=True)
    (folder / "run.json").write_text("{}")

    seen = look_at_all(written(folder, text, points))

    assert "error" not in seen


def test_very_many_writers_are_not_all_read(folder: Path) -> None:
    from run_widgets.store import reader

    for n in range(300):
        (folder / "metrics" / f"x{n}.jsonl").write_bytes(HEADER)
    before = reader.WRITERS_AT_MOST
    reader.WRITERS_AT_MOST = 50
    try:
        look_at_all(folder)
    finally:
        reader.WRITERS_AT_MOST = before


# -- packed columns --


def npz(
    folder: Path,
    *,
    compress: bool = False,
    without: str = "",
    **other: np.ndarray[Any, Any],
) -> Path:
    """Replace a writer's points by a packed file of these columns."""
    n = 1000
    columns: dict[str, np.ndarray[Any, Any]] = {
        "value": np.arange(n).view("<i8"),
        "at": np.ones(n),
        **{f"step{byte}": np.zeros(1, np.uint8) for byte in range(4)},
        "mark0": np.ones(1, np.uint8),
        "mark1": np.ones(1, np.uint8),
        "mark2": np.zeros(1, np.uint8),
        "mark3": np.zeros(1, np.uint8),
    }
    columns |= other
    columns.pop(without, None)
    save = np.savez_compressed if compress else np.savez
    (folder / "metrics" / "0000.points").unlink(missing_ok=True)
    save(folder / "metrics" / "0000.npz", **columns)  # type: ignore[arg-type]
    return folder


def values_of(folder: Path) -> list[Any]:
    store = LocalStore(folder.parent.parent)
    follower = store.follow("r1")
    values: list[Any] = []
    while batch := follower.read():
        for points in batch.points.values():
            values += points.values()
    return values


@pytest.mark.parametrize("compress", [False, True])
def test_columns_that_numpy_saved_are_read(folder: Path, compress: bool) -> None:
    npz(folder, compress=compress)

    assert values_of(folder) == np.arange(1000).view(np.float64).tolist()


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("pickle-was-here",))


PACKED: dict[str, Callable[[Path], Path]] = {
    "objects": lambda f: npz(f, value=np.array([Bomb()] * 1000, object)),
    "other type": lambda f: npz(f, value=np.zeros(1000, "<f4")),
    "big-endian": lambda f: npz(f, value=np.zeros(1000, ">i8")),
    "structured": lambda f: npz(f, at=np.zeros(1000, [("a", "<f8")])),
    "two dimensions": lambda f: npz(f, value=np.zeros((10, 100), "<i8")),
    "no dimension": lambda f: npz(f, value=np.array(5)),
    "too short": lambda f: npz(f, at=np.ones(999)),
    "empty": lambda f: npz(f, value=np.zeros(0, "<i8"), at=np.zeros(0)),
    "one short byte": lambda f: npz(f, mark0=np.ones(500, np.uint8)),
    "lacks at": lambda f: npz(f, without="at"),
    "lacks mark3": lambda f: npz(f, without="mark3"),
}


@pytest.mark.parametrize("packed", PACKED)
def test_hostile_columns_are_refused_and_told_of(
    folder: Path, packed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    PACKED[packed](folder)

    seen = look_at_all(folder)

    assert "loss" not in seen["metrics"]
    assert "cannot be read" in warnings_of(folder)
    assert not (tmp_path / "pickle-was-here").exists()


def member(name: str, data: bytes, *, method: int = 0, claims: int | None = None) -> bytes:
    """Return a member of a zip archive, with any size in its header."""
    packed = data
    if method == 8:
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = squeeze.compress(data) + squeeze.flush()
    size = len(packed) if claims is None else claims
    head = struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, 0, method, 0, 0, 0, size, len(data), len(name), 0
    )
    return head + name.encode() + packed


def npy(dtype: str, shape: str, data: bytes = b"") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


ARCHIVES: dict[str, bytes] = {
    "nothing": b"",
    "no archive": b"PK\x03\x04" + bytes(10),
    "claims much": member("value.npy", npy("<i8", "(1000000000000,)"), claims=2**32 - 2),
    "claims many": member("value.npy", npy("<i8", "(1000000000000,)")),
    "negative": member("value.npy", npy("<i8", "(-5,)")),
    "evil header": member("value.npy", npy("<i8", "__import__('os').mkdir('header-was-here')")),
    "deep header": member("value.npy", npy("<i8", "(" * 5000)),
    "long header": member("value.npy", npy("<i8", "(" + "1," * 20_000 + ")")),
    "endless members": member("x.npy", npy("|u1", "(1,)", b"1")) * 10_000,
    "broken deflate": member("value.npy", b"\xff" * 100, claims=100),
    "cut deflate": member("value.npy", npy("<i8", "(1000000,)", bytes(100)), method=8),
}


@pytest.mark.parametrize("archive", ARCHIVES)
@pytest.mark.timeout(20)
def test_a_hostile_archive_is_refused_and_told_of(
    folder: Path, archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / "metrics" / "0000.points").unlink()
    (folder / "metrics" / "0000.npz").write_bytes(ARCHIVES[archive])

    seen = look_at_all(folder)

    assert "loss" not in seen["metrics"]
    assert "cannot be read" in warnings_of(folder)
    assert not (tmp_path / "header-was-here").exists()


# -- bombs: in a process of its own, with little memory --


def in_little_memory(folder: Path, script: str, megabytes: int = 900) -> str:
    """Run a script on a run folder that may not allocate more, nor take longer than a while."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))

    preamble = """
        import sys, time
        from pathlib import Path
        from run_widgets.store.local import LocalStore
        import numpy
        folder = Path(sys.argv[1])
        store = LocalStore(folder.parent.parent)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(preamble) + textwrap.dedent(script), str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=limit,
        env=dict(os.environ, OPENBLAS_NUM_THREADS="1"),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


READ_SOME = """
started = time.monotonic()
follower = store.follow("r1")
count, warnings = 0, []
for _ in range(50):
    batch = follower.read()
    warnings += batch.warnings
    count += sum(map(len, batch.points.values()))
    if not batch or time.monotonic() - started > 10:
        break
print(count, *warnings)
list(store.runs("mnist"))
"""


def sparse(path: Path, start: bytes, size: int = 2**40, end: bytes = b"") -> None:
    """Make a file of a terabyte that has next to nothing on disk."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)
        file.seek(size - len(end))
        file.write(end)


@pytest.mark.parametrize("name", ["points", "jsonl", "npz"])
def test_a_terabyte_of_nothing_is_not_read(folder: Path, name: str) -> None:
    path = folder / "metrics" / f"0000.{name}"
    if name == "npz":
        (folder / "metrics" / "0000.points").unlink()
    start = path.read_bytes() if path.exists() else b"PK\x03\x04"
    sparse(path, start, end=b"\n")

    count = in_little_memory(folder, READ_SOME).split()[0]

    assert int(count) == (20 if name != "npz" else 0)


def test_a_terabyte_as_a_document_is_not_read(folder: Path) -> None:
    text = (folder / "run.json").read_bytes()
    sparse(folder / "run.json", text)

    in_little_memory(folder, "assert list(store.runs('mnist')) == []")


def test_a_terabyte_of_values_is_read_in_pieces(folder: Path) -> None:
    # Bytes that stand for all make a small file speak of very many values.
    (folder / "metrics" / "0000.points").unlink()
    count = 2**36
    archive = b""
    for name, dtype, length, data in (
        ("value", "<i8", count, b""),
        ("at", "<f8", count, b""),
        *((f"step{byte}", "|u1", 1, b"\0") for byte in range(4)),
        *((f"mark{byte}", "|u1", 1, bytes([byte < 2])) for byte in range(4)),
    ):
        array = npy(dtype, f"({length},)", data)
        archive += member(f"{name}.npy", array, claims=len(array))
    sparse(folder / "metrics" / "0000.npz", archive)

    said = in_little_memory(folder, READ_SOME)

    assert said.startswith("0 ")
    assert "cannot be read" in said


def test_columns_with_next_to_nothing_on_disk_are_refused(folder: Path) -> None:
    # Whole and readable: two columns of half a terabyte each, which no disk has to hold.
    (folder / "metrics" / "0000.points").unlink()
    count = 2**36
    ones = {"mark0", "mark1"}
    with (folder / "metrics" / "0000.npz").open("wb") as file:
        for name in (f"{name}{byte}" for name in ("step", "mark") for byte in range(4)):
            file.write(member(f"{name}.npy", npy("|u1", "(1,)", bytes([name in ones]))))
        for name, dtype in (("value.npy", "<i8"), ("at.npy", "<f8")):
            start = npy(dtype, f"({count},)")
            size = len(start) + 8 * count
            head = struct.pack(
                "<4s5H3I2H", b"PK\x03\x04", 45, 0, 0, 0, 0, 0, 2**32 - 1, 2**32 - 1, len(name), 20
            )
            file.write(head + name.encode() + struct.pack("<2H2Q", 1, 16, size, size) + start)
            file.truncate(file.seek(8 * count, os.SEEK_CUR))

    said = in_little_memory(folder, READ_SOME)

    assert said.startswith("0 ")
    assert "it claims" in said


@pytest.mark.parametrize("bomb", ["mark", "value"])
def test_a_zip_bomb_is_read_in_pieces(folder: Path, bomb: str) -> None:
    n = 8_000_000
    mark = np.ones(n, np.uint8)
    columns: dict[str, Any] = {"value": np.zeros(n, "<i8"), "at": np.zeros(n)}
    if bomb == "mark":
        columns |= {f"mark{byte}": mark if byte < 2 else np.zeros(n, np.uint8) for byte in range(4)}
    npz(folder, compress=True, **columns)
    assert (folder / "metrics" / "0000.npz").stat().st_size < 2_000_000

    count = in_little_memory(folder, READ_SOME).split()[0]

    assert int(count) > 1_000_000


def test_a_text_bomb_is_read_in_pieces(folder: Path) -> None:
    # Empty lists are where JSON grows most when it is read.
    line = b'{"record":"list","name":"loss","at":1.0,"value":[' + b"[]," * 300_000 + b"[]]}\n"
    text, points = HEADER, b""
    for _ in range(30):
        points += struct.pack("<qdiI", len(text), 1.0, 0, RECORD)
        text += line
    written(folder, text, points)

    in_little_memory(folder, READ_SOME)


def test_a_line_of_a_gigabyte_is_not_read(folder: Path) -> None:
    path = folder / "metrics" / "9999.jsonl"
    with path.open("wb") as file:
        file.write(HEADER + b'{"record":"list","name":"loss","at":1.0,"value":[0')
        for _ in range(128):
            file.write(b",0" * 2**19)
        file.write(b"]}\n")
    record = struct.pack("<qdiI", len(HEADER), 1.0, 0, RECORD)
    (folder / "metrics" / "9999.points").write_bytes(POINT.pack(1.5, 1.0, 0, FLOAT) + record)

    said = in_little_memory(folder, READ_SOME)

    assert said.split()[0] == "21"
    assert "has a line of over" in said


def test_a_deep_tree_of_files_is_listed(folder: Path) -> None:
    depth = 0
    here = os.open(folder / "files", os.O_RDONLY)
    while depth < 2200:  # far beyond the longest path that can be said at once
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
        depth += 1
    os.close(here)

    assert "outputs/a.txt" in look_at_all(folder)["files"]
    subprocess.run(["rm", "-rf", str(folder / "files")], check=True)


def test_very_many_files_are_listed_quickly(folder: Path) -> None:
    for n in range(5000):
        (folder / "files" / f"{n}").touch()

    started = time.process_time()
    entries = LocalStore(folder.parent.parent).files("r1")

    assert len(entries) == 5001
    assert time.process_time() - started < 2


def test_a_workspace_full_of_nonsense_is_opened(folder: Path) -> None:
    root = folder.parent.parent
    (root / "file").write_text("x")
    (root / "empty").mkdir()
    (root / "broken").mkdir()
    (root / "broken" / "experiment.json").write_text("[")
    (root / "lying").mkdir()
    (root / "lying" / "experiment.json").write_text('{"name": "mnist"}')
    (root / "climbing").mkdir()
    (root / "climbing" / "experiment.json").write_text('{"name": "../../etc"}')

    assert list(Workspace(root).experiments) == ["mnist"]


def test_no_archive_is_ever_unpacked_by_a_reader() -> None:
    import ast

    import run_widgets.store

    sources = os.listdir(os.path.dirname(run_widgets.store.__file__))
    for name in sources:
        if not name.endswith(".py"):
            continue
        with open(os.path.join(os.path.dirname(run_widgets.store.__file__), name)) as file:
            calls = {
                ast.unparse(node.func)
                for node in ast.walk(ast.parse(file.read()))
                if isinstance(node, ast.Call)
            }
        assert not any(
            call.rpartition(".")[2] in ("eval", "exec", "extractall", "extract", "unpickle")
            or call.startswith(("pickle.", "marshal.", "shelve.", "np.load"))
            for call in calls
        ), name


def test_the_helpers_of_these_tests_make_archives_that_zip_can_read(folder: Path) -> None:
    npz(folder)
    with zipfile.ZipFile(folder / "metrics" / "0000.npz") as archive:
        assert archive.testzip() is None
