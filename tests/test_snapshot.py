"""What a snapshot keeps, leaves out, costs, and how safely it comes back."""

from __future__ import annotations

import os
import socket
import stat
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from run_widgets.errors import SnapshotError
from run_widgets.source import files as source_files
from run_widgets.source import snapshot

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def names(source: Path, **options: object) -> list[str]:
    return [file.path for file in source_files.listing(source, **options).files]  # type: ignore[arg-type]


# -- what is kept ---------------------------------------------------------------------------


def test_what_comes_back_is_what_was_there(source: Path, kept: Path, tmp_path: Path) -> None:
    write(source, {"train.py": "print(1)\n", "src/größe/mödel.py": "x = 1\r\n", "empty.txt": ""})
    (source / "data.bin").write_bytes(bytes(range(256)) * 5000)
    (source / "checkpoints").mkdir()

    taken = snapshot.take(source, kept)
    back = snapshot.restore(taken.path, tmp_path / "back")

    assert sorted(p.relative_to(back).as_posix() for p in back.rglob("*") if p.is_file()) == [
        "data.bin",
        "empty.txt",
        "src/größe/mödel.py",
        "train.py",
    ]
    assert (back / "data.bin").read_bytes() == (source / "data.bin").read_bytes()
    assert (back / "src/größe/mödel.py").read_bytes() == b"x = 1\r\n"
    assert (back / "checkpoints").is_dir()
    assert taken.files == 5
    assert taken.bytes == 1_280_000 + len("print(1)\n") + len("x = 1\r\n")


def test_the_same_content_is_the_same_snapshot_wherever_and_whenever(
    tmp_path: Path, kept: Path
) -> None:
    for place, order in (("one", "ab"), ("two", "ba")):
        for name in order:
            write(tmp_path / place, {f"{name}.py": f"# {name}"})
        os.utime(tmp_path / place / "a.py", (1, 1))

    one = snapshot.take(tmp_path / "one", kept)
    first = one.path.read_bytes()
    one.path.unlink()
    two = snapshot.take(tmp_path / "two", kept)

    assert one.id == two.id
    assert two.path.read_bytes() == first
    assert [path.name for path in kept.iterdir()] == [f"{two.id}.zip"]


def test_another_name_content_or_mode_is_another_snapshot(source: Path, kept: Path) -> None:
    write(source, {"a.py": "1"})
    seen = [snapshot.take(source, kept).id]
    (source / "a.py").write_text("2")
    seen.append(snapshot.take(source, kept).id)
    (source / "a.py").rename(source / "b.py")
    seen.append(snapshot.take(source, kept).id)
    if os.name == "posix":
        (source / "b.py").chmod(0o755)
        seen.append(snapshot.take(source, kept).id)

    assert len(set(seen)) == len(seen)


@posix
def test_what_can_be_executed_still_can(source: Path, kept: Path, tmp_path: Path) -> None:
    write(source, {"run.sh": "#!/bin/sh\n"})
    (source / "run.sh").chmod(0o755)

    back = snapshot.restore(snapshot.take(source, kept).path, tmp_path / "back")

    assert (back / "run.sh").stat().st_mode & stat.S_IXUSR


def test_a_single_file_is_a_source_too(source: Path, kept: Path) -> None:
    write(source, {"train.py": "1", "other.py": "2"})

    taken = snapshot.take(source / "train.py", kept)

    assert zipfile.ZipFile(taken.path).namelist() == ["train.py"]


def test_an_empty_folder_has_a_snapshot(source: Path, kept: Path, tmp_path: Path) -> None:
    taken = snapshot.take(source, kept)

    assert taken.files == 0
    assert list(snapshot.restore(taken.path, tmp_path / "back").iterdir()) == []


@given(
    tree=st.dictionaries(
        st.lists(st.text("ab .é%~", min_size=1, max_size=6), min_size=1, max_size=3).map("/".join),
        st.binary(max_size=200),
        max_size=8,
    )
)
@settings(max_examples=50, deadline=None)
def test_any_tree_comes_back(
    tree: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = tmp_path_factory.mktemp("tree")
    (top / "source").mkdir()
    for name, content in tree.items():
        path = top / "source" / name
        if {".", ".."} & set(name.split("/")):
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:
            continue  # a file and a folder of one name

    taken = snapshot.take(top / "source", top / "kept")
    back = snapshot.restore(taken.path, top / "back")
    again = snapshot.take(back, top / "kept")

    assert again.id == taken.id


# -- what is left out -----------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no file can have such a name there")
def test_a_name_that_not_every_system_can_keep_is_left_out_and_said(
    source: Path, kept: Path, tmp_path: Path
) -> None:
    write(source, {"train.py": "", "log-10:30.txt": "a", "a\\b": "b", "run:1/out.txt": "c"})

    taken = snapshot.take(source, kept)

    assert [skipped.path for skipped in sorted(taken.skipped, key=str)] == [
        "a\\b",
        "log-10:30.txt",
        "run:1",
    ]
    assert os.listdir(snapshot.restore(taken.path, tmp_path / "back")) == ["train.py"]


def test_the_runs_of_a_project_below_are_no_source(source: Path) -> None:
    write(source, {"train.py": "", "part/.run-widgets/mnist/r1/run.json": "{}", "part/a.py": ""})

    assert names(source) == ["part/a.py", "train.py"]


def test_version_control_environments_and_caches_are_left_out_without_any_ignore_file(
    source: Path,
) -> None:
    write(
        source,
        {
            "train.py": "",
            ".git/config": "",
            "lib/.git": "gitdir: elsewhere",
            "lib/code.py": "",
            "__pycache__/train.cpython-311.pyc": "",
            "old.pyc": "",
            ".ipynb_checkpoints/x.ipynb": "",
            "my-env/pyvenv.cfg": "",
            "my-env/lib/python3.11/site-packages/numpy.py": "",
            "conda/conda-meta/history": "",
            "conda/bin/python": "",
            "web/node_modules/x/index.js": "",
            "target/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n",
            "target/big.o": "",
            "notes/CACHEDIR.TAG": "not the signature",
        },
    )

    assert names(source) == ["lib/code.py", "notes/CACHEDIR.TAG", "train.py", "web/"]


def test_secrets_are_left_out_and_named(source: Path) -> None:
    secret = [".env", ".env.local", "prod.env", "server.pem", "id_rsa", "ID_ED25519.pub", ".netrc"]
    secret += ["aws/credentials", "client_secret_42.json", "my-credentials.json", "secrets.yaml"]
    harmless = ["environment.py", "keys.py", "credentials.py", "monkey.txt", "tokenizer.json"]
    write(source, dict.fromkeys([*secret, *harmless, ".ssh/config"], "x"))

    found = source_files.listing(source)

    assert [file.path for file in found.files if not file.path.endswith("/")] == sorted(harmless)
    assert {left.path for left in found.skipped} == {*secret, ".ssh"}
    assert {left.reason for left in found.skipped} == {"may hold secrets"}


def test_no_ignore_file_brings_a_secret_back(source: Path) -> None:
    write(source, {".amlignore": "!.env\n!.git/\n", ".env": "KEY=1", ".git/config": ""})

    assert names(source) == [".amlignore"]


def test_the_root_amlignore_counts_and_the_gitignore_then_does_not(source: Path) -> None:
    write(source, {"a.csv": "", "a.log": "", "sub/b.csv": "", "sub/.gitignore": "*", "c.py": ""})
    write(source, {".gitignore": "*.csv"})
    by_git = names(source)
    write(source, {".amlignore": "*.log"})
    by_aml = names(source)

    assert by_git == [".gitignore", "a.log", "c.py", "sub/.gitignore"]
    assert by_aml == [".amlignore", ".gitignore", "a.csv", "c.py", "sub/.gitignore", "sub/b.csv"]


def test_each_ignore_file_means_what_its_own_tool_means(source: Path) -> None:
    write(source, {"data/big.csv": "", "data/keep.csv": "", "train.py": "", "src/model.py": ""})
    rules = "*\n!*.py\n!data/keep.csv\n"
    write(source, {".gitignore": rules})
    as_git = names(source)
    write(source, {".amlignore": rules})
    as_azure_ml = names(source)

    # git never looks into a folder that is left out; Azure ML asks for each file.
    assert as_git == ["train.py"]
    assert as_azure_ml == ["data/keep.csv", "src/model.py", "train.py"]


def test_a_faulty_line_of_an_ignore_file_is_named_and_the_others_hold(source: Path) -> None:
    write(source, {".gitignore": "*.csv\n[z-a]\n\\\n*.log\r\n", "a.csv": "", "a.log": "", "b": ""})

    found = source_files.listing(source)

    assert [file.path for file in found.files] == [".gitignore", "b"]
    assert [left.path for left in found.skipped] == [".gitignore: [z-a]", ".gitignore: \\"]


def test_what_the_caller_excludes_is_left_out_with_all_it_holds(source: Path) -> None:
    write(source, {"runs/exp/1/run.json": "", "outputs/model.pt": "", "src/outputs/keep.py": ""})

    assert names(source, exclude=[source / "runs", "outputs"]) == ["src/outputs/keep.py"]


@posix
def test_links_stay_inside_the_folder(source: Path, kept: Path, tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/passwords.txt": "hunter2"})
    write(source, {"real/config.yml": "a: 1", ".env": "KEY=1", "hidden/venv/pyvenv.cfg": ""})
    (source / "inside.yml").symlink_to("real/config.yml")
    (source / "alias").symlink_to("real")
    (source / "out").symlink_to(tmp_path / "elsewhere")
    (source / "out.txt").symlink_to("../elsewhere/passwords.txt")
    (source / "harmless.txt").symlink_to(".env")
    (source / "dangling").symlink_to("nothing")
    (source / "real/loop").symlink_to("..")
    (source / "self").symlink_to("self")

    taken = snapshot.take(source, kept)

    archive = zipfile.ZipFile(taken.path)
    assert archive.namelist() == ["alias/config.yml", "inside.yml", "real/config.yml"]
    assert archive.read("inside.yml") == b"a: 1"
    reasons = {left.path: left.reason for left in taken.skipped}
    assert reasons.keys() == {
        ".env", "out", "out.txt", "harmless.txt", "dangling", "real/loop", "alias/loop", "self",
    }  # fmt: skip
    assert reasons["out.txt"] == "a link that leads out of the folder"
    assert reasons["harmless.txt"] == "may hold secrets"


@posix
def test_a_link_brings_nothing_in_that_is_excluded(source: Path) -> None:
    write(source, {"runs/secret/run.json": ""})
    (source / "shortcut").symlink_to("runs/secret")

    assert names(source, exclude=[source / "runs"]) == []


@posix
def test_pipes_sockets_and_what_cannot_be_read_are_listed(source: Path, kept: Path) -> None:
    write(source, {"train.py": "", "locked.txt": "x", "closed/a.py": ""})
    os.mkfifo(source / "pipe")
    (source / "locked.txt").chmod(0)
    (source / "closed").chmod(0)
    with socket.socket(socket.AF_UNIX) as server:
        where = os.getcwd()
        os.chdir(source)  # the path of a socket has to be short
        try:
            server.bind("socket")
        finally:
            os.chdir(where)
        taken = snapshot.take(source, kept)
    (source / "closed").chmod(0o755)

    reasons = {left.path: left.reason for left in taken.skipped}
    assert reasons["pipe"] == reasons["socket"] == "not a file: a socket, pipe or device"
    if os.geteuid() != 0:  # root reads everything
        assert reasons["locked.txt"] == reasons["closed/"] == "Permission denied"


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_not_utf8_is_listed(source: Path) -> None:
    (Path(os.fsdecode(os.fsencode(source) + b"/bad\xff.txt"))).write_text("x")

    found = source_files.listing(source)

    assert found.files == ()
    assert found.skipped == (source_files.Skipped("bad\\udcff.txt", "its name is not valid UTF-8"),)


# -- what it costs --------------------------------------------------------------------------


def test_a_listing_tells_the_size_before_it_hurts(source: Path) -> None:
    write(source, {"data/a.csv": "x" * 3000, "data/b.csv": "x" * 4000, "model.pt": "x" * 5000})
    write(source, {"train.py": "x"})

    found = source_files.listing(source)

    assert found.bytes == 12_001
    assert found.largest(2) == [("data/", 7000, 2), ("model.pt", 5000, 1)]


def test_too_much_is_refused_with_its_size_and_the_way_out(source: Path, kept: Path) -> None:
    write(source, {"data/a.csv": "x" * 3000, "train.py": "x", ".gitignore": "*.log"})

    with pytest.raises(SnapshotError) as refused:
        snapshot.take(source, kept, max_bytes=2000)

    text = str(refused.value)
    assert "would take 3.0 kB in 3 files, over 2.0 kB" in text
    assert "'data/' (3.0 kB in 1 files)" in text
    assert str(source / ".gitignore") in text
    assert "snapshot_directory=None" in text
    assert not kept.exists()


def test_too_many_files_are_refused_without_looking_at_all(source: Path, kept: Path) -> None:
    write(source, {f"{n}.txt": "" for n in range(30)})

    with pytest.raises(SnapshotError, match="would take more than 20 files"):
        snapshot.take(source, kept, max_files=20)


def test_a_missing_source_and_an_unwritable_place_are_snapshot_errors(
    source: Path, tmp_path: Path
) -> None:
    with pytest.raises(SnapshotError, match="No such file"):
        snapshot.take(tmp_path / "nowhere", tmp_path / "kept")
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SnapshotError, match="no snapshot of"):
        snapshot.take(source, tmp_path / "taken")


def test_a_source_that_changes_meanwhile_still_gives_a_whole_snapshot(
    source: Path, kept: Path, tmp_path: Path
) -> None:
    write(source, {f"{n}.txt": "x" * 50_000 for n in range(40)})
    is_over = threading.Event()

    def change() -> None:
        while not is_over.is_set():
            for n in range(40):
                with open(source / f"{n}.txt", "a") as file:
                    file.write("y" * 1000)
                if n % 7 == 0:
                    (source / f"{n}.txt").unlink()
            time.sleep(0.001)

    changer = threading.Thread(target=change)
    changer.start()
    try:
        taken = [snapshot.take(source, kept) for _ in range(10)]
    finally:
        is_over.set()
        changer.join()

    for n, each in enumerate({one.id: one for one in taken}.values()):
        back = snapshot.restore(each.path, tmp_path / f"back{n}")
        assert snapshot.take(back, tmp_path / "again").id == each.id
    assert list(kept.glob("*.tmp")) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can")
def test_a_snapshot_that_somebody_else_took_is_shared(source: Path, kept: Path) -> None:
    first = snapshot.take(source, kept)
    for parent in kept.parents:
        if parent.name.startswith(("test_", "pytest-", "popen-")):
            parent.chmod(0o755)

    os.seteuid(65534)
    try:
        second = snapshot.take(source, kept)
    finally:
        os.seteuid(0)

    assert second.path == first.path


def test_many_take_the_same_snapshot_at_once(source: Path, kept: Path) -> None:
    write(source, {f"{n}.py": f"{n}" * 1000 for n in range(50)})
    taken: list[snapshot.Snapshot] = []
    threads = [
        threading.Thread(target=lambda: taken.append(snapshot.take(source, kept))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 8
    assert {one.id for one in taken} == {path.stem for path in kept.iterdir()}
    assert zipfile.ZipFile(taken[0].path).testzip() is None


@pytest.mark.slow
def test_fifty_thousand_files_take_less_than_five_seconds(source: Path, kept: Path) -> None:
    line = "def f(x):\n    return x + 1\n"
    for folder in range(500):
        (source / f"{folder}").mkdir()
        for n in range(100):
            (source / f"{folder}" / f"{n}.py").write_text(line * (1 + n % 60))
    (source / ".gitignore").write_text("\n".join(f"*.{n}ignored" for n in range(50)))

    start = time.process_time()
    taken = snapshot.take(source, kept, max_files=60_000)
    seconds = time.process_time() - start

    assert taken.files == 50_001
    assert seconds < 5


# -- in a run's folder ----------------------------------------------------------------------


def test_a_run_shares_the_snapshot_and_loses_nothing_when_the_workspace_drops_it(
    source: Path, kept: Path, tmp_path: Path
) -> None:
    write(source, {"train.py": "1"})
    (tmp_path / "run").mkdir()
    taken = snapshot.take(source, kept)

    placed = tmp_path / "run" / snapshot.ARCHIVE
    snapshot.place(taken.path, placed)
    is_shared = placed.stat().st_ino == taken.path.stat().st_ino
    taken.path.unlink()

    assert is_shared or os.name != "posix"
    assert zipfile.ZipFile(placed).namelist() == ["train.py"]
    assert [path.name for path in placed.parent.iterdir()] == ["snapshot.zip"]


def test_what_no_run_holds_any_more_is_removed_after_a_day(
    source: Path, kept: Path, tmp_path: Path
) -> None:
    write(source, {"a.py": "1"})
    dropped = snapshot.take(source, kept).path
    write(source, {"a.py": "2"})
    held = snapshot.take(source, kept).path
    (kept / "killed.tmp").touch()
    snapshot.place(held, tmp_path / "run.zip")
    for path in (dropped, held, kept / "killed.tmp"):
        os.utime(path, (1, 1))
    write(source, {"a.py": "3"})

    new = snapshot.take(source, kept).path

    assert set(kept.iterdir()) == ({held, new} if os.name == "posix" else {new})


# -- archives from strangers ----------------------------------------------------------------


def archive(path: Path, members: dict[str, bytes | zipfile.ZipInfo]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            if isinstance(content, zipfile.ZipInfo):
                made.writestr(content, "/etc/passwd")
            else:
                made.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "/evil", "C:/evil", "a/C:evil", "..\\evil", "\\evil", "a/b:stream"],
)
def test_no_member_leaves_the_target(name: str, tmp_path: Path) -> None:
    hostile = archive(tmp_path / "x.zip", {"good": b"1", name: b"2"})

    with pytest.raises(SnapshotError, match="not safe to unpack"):
        snapshot.restore(hostile, tmp_path / "in/back")

    assert not list(tmp_path.rglob("evil"))
    assert not (tmp_path / "in/back").exists()


def test_no_link_comes_out_of_an_archive(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    hostile = archive(tmp_path / "x.zip", {"link": link})

    with pytest.raises(SnapshotError, match="not safe to unpack"):
        snapshot.restore(hostile, tmp_path / "back")


def test_a_bomb_is_stopped_while_it_unpacks(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "x.zip", {f"{n}": bytes(2**20) for n in range(20)})

    with pytest.raises(SnapshotError, match=r"unpacks to more than 10\.0 MB"):
        snapshot.restore(bomb, tmp_path / "back", max_bytes=10_000_000)
    with pytest.raises(SnapshotError, match="more than 10 files"):
        snapshot.restore(bomb, tmp_path / "back", max_files=10)

    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("end", [0, 1, 30, -1, -30])
def test_a_torn_archive_is_a_snapshot_error(end: int, source: Path, tmp_path: Path) -> None:
    write(source, {"a.py": "1" * 100})
    whole = snapshot.take(source, tmp_path / "kept").path.read_bytes()
    (tmp_path / "torn.zip").write_bytes(whole[:end])

    with pytest.raises(SnapshotError, match="cannot be restored"):
        snapshot.restore(tmp_path / "torn.zip", tmp_path / "back")


def test_a_member_that_lies_about_its_size_is_a_snapshot_error(
    source: Path, tmp_path: Path
) -> None:
    write(source, {"a.py": "1" * 1000})
    whole = bytearray(snapshot.take(source, tmp_path / "kept").path.read_bytes())
    place = whole.rindex(b"PK\x01\x02") + 24  # the uncompressed size, in the directory
    whole[place : place + 4] = (10).to_bytes(4, "little")
    (tmp_path / "lies.zip").write_bytes(whole)

    with pytest.raises(SnapshotError, match="cannot be restored"):
        snapshot.restore(tmp_path / "lies.zip", tmp_path / "back")


def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("a", b"2")

    with pytest.raises(SnapshotError, match="cannot be restored"):
        snapshot.restore(tmp_path / "x.zip", tmp_path / "back")


def test_a_folder_with_something_in_it_is_left_alone(source: Path, tmp_path: Path) -> None:
    write(source, {"a.py": "1"})
    write(tmp_path / "mine", {"thesis.tex": "years of work"})
    taken = snapshot.take(source, tmp_path / "kept")

    with pytest.raises(SnapshotError, match="is not empty"):
        snapshot.restore(taken.path, tmp_path / "mine")

    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]
