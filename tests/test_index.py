"""The index is only a cache: whatever happens to it, a list of runs is true."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from run_widgets.store import index as index_module
from run_widgets.store.index import Index
from run_widgets.store.local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def store(store: LocalStore) -> LocalStore:
    """A store of five runs, of which the even ones are blue."""
    store.create_experiment("mnist")
    for n in range(5):
        tags = {"colour": ["blue", "red"][n % 2]}
        store.create_run("mnist", f"r{n}", {"created_at": float(n), "tags": tags})
    return store


@pytest.fixture
def index(store: LocalStore) -> Path:
    """The file of an index that knows all runs for sure."""
    long_ago = time.time() - 10
    for path in (store.root / "mnist").glob("*/run.json"):
        os.utime(path, (long_ago, long_ago))
    os.utime(store.root / "mnist", (long_ago, long_ago))
    assert ids(store) == ALL
    return store.root / "index.sqlite"


ALL = ["r4", "r3", "r2", "r1", "r0"]


def ids(store: LocalStore, **wanted: Any) -> list[str]:
    return [record.id for record in LocalStore(store.root).runs("mnist", **wanted)]


def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which runs' documents are read."""
    read: list[str] = []
    real = index_module.document_text

    def noted(folder: str) -> str | None:
        read.append(folder.rpartition("/")[2])
        return real(folder)

    monkeypatch.setattr(index_module, "document_text", noted)
    return read


# -- as a cache --


def test_what_is_known_is_not_read_again(
    store: LocalStore, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = reads(monkeypatch)

    assert ids(store) == ALL
    assert ids(store, tags={"colour": "blue"}) == ["r4", "r2", "r0"]
    assert read == []


def test_only_what_changed_is_read_again(
    store: LocalStore, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = reads(monkeypatch)
    store.update_run("r2", lambda known: known["tags"].update(colour="green"))

    assert ids(store, tags={"colour": "green"}) == ["r2"]
    assert ids(store, tags={"colour": "blue"}) == ["r4", "r0"]
    assert set(read) == {"r2"}


def test_a_change_without_a_new_time_is_seen(store: LocalStore) -> None:
    # As when a document is replaced twice within one tick of the drive's clock, and the
    # second time gets the first one's inode.
    path = store.folder("r0") / "run.json"
    assert "r0" in ids(store, tags={"colour": "blue"})
    before = path.stat()
    text = path.read_text()
    path.write_text(text.replace("blue", "grey"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_ino, path.stat().st_size) == (before.st_ino, before.st_size)

    assert "r0" in ids(store, tags={"colour": "grey"})
    assert "r0" not in ids(store, tags={"colour": "blue"})


def test_a_copied_run_folder_appears(store: LocalStore, index: Path) -> None:
    shutil.copytree(store.folder("r1"), store.root / "mnist" / "copied")

    assert set(ids(store)) == {*ALL, "copied"}
    assert LocalStore(store.root).run("copied").id == "copied"


def test_an_unzipped_run_folder_appears_in_a_workspace_that_has_nothing_else(
    store: LocalStore, tmp_path: Path
) -> None:
    archive = shutil.make_archive(str(tmp_path / "run"), "zip", store.root / "mnist", "r1")
    other = LocalStore(tmp_path / "other")
    (other.root / "mnist").mkdir(parents=True)
    shutil.unpack_archive(archive, other.root / "mnist")

    assert ids(other) == ["r1"]
    assert [document["name"] for document in other.experiments()] == ["mnist"]
    assert other.run("r1").experiment == "mnist"
    assert other.create_experiment("mnist")["id"] != ""


def test_a_run_copied_to_another_experiment_is_that_experiments(store: LocalStore) -> None:
    store.create_experiment("other")
    shutil.copytree(store.folder("r1"), store.root / "other" / "moved")

    (record,) = LocalStore(store.root).runs("other")
    assert (record.id, record.experiment) == ("moved", "other")
    assert len(ids(store)) == 5


@pytest.mark.parametrize("change", ["delete", "remove", "rename", "move"])
def test_a_run_that_is_gone_is_not_listed(store: LocalStore, index: Path, change: str) -> None:
    folder = store.folder("r1")
    if change == "delete":
        store.delete_run("r1")
    elif change == "remove":
        shutil.rmtree(folder)
    elif change == "rename":
        folder.rename(folder.with_name("renamed"))
    else:
        folder.rename(store.root / "r1")

    expected = [run_id for run_id in ALL if run_id != "r1"]
    assert [run_id for run_id in ids(store) if run_id != "renamed"] == expected
    assert ("renamed" in ids(store)) == (change == "rename")


def test_documents_that_change_places_are_both_seen(store: LocalStore, index: Path) -> None:
    one, other = store.folder("r0") / "run.json", store.folder("r1") / "run.json"
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)

    assert ids(store, tags={"colour": "blue"}) == ["r4", "r2", "r1"]


def test_a_broken_document_is_not_a_run_until_it_is_mended(store: LocalStore, index: Path) -> None:
    path = store.folder("r1") / "run.json"
    text = path.read_text()
    for broken in ("", "{", "[]", "null", text[:-5], '{"a":' * 100_000, "\udcff"):
        path.write_bytes(broken.encode("utf-8", "surrogateescape"))
        assert ids(store) == ["r4", "r3", "r2", "r0"]

    path.write_text(text)

    assert ids(store) == ALL


def test_a_copied_workspace_lists_its_own_documents(
    store: LocalStore, index: Path, tmp_path: Path
) -> None:
    shutil.copytree(store.root, tmp_path / "copy")
    copy = LocalStore(tmp_path / "copy")
    copy.update_run("r1", lambda known: known["tags"].update(colour="green"))

    assert ids(copy, tags={"colour": "green"}) == ["r1"]
    assert ids(store, tags={"colour": "green"}) == []


def test_labels_that_are_hard_to_tell_apart_are_told_apart(store: LocalStore) -> None:
    hidden = "1\x1e\x1etags\x1fb\x1f=2"  # as the cache writes two labels
    store.update_run("r0", lambda known: known["tags"].update({"a": hidden, "\0": "\0"}))
    store.update_run("r1", lambda known: known["tags"].update({"a": "\ud800"}))
    store.update_run("r2", lambda known: known["tags"].update({"a": "\\ud800"}))
    store.update_run("r3", lambda known: known["tags"].update({"a": None}))

    assert ids(store, tags={"a": "\ud800"}) == ["r1"]
    assert ids(store, tags={"a": "\\ud800"}) == ["r2"]
    assert ids(store, tags={"a": None}) == ["r3"]
    assert ids(store, tags="a") == ["r3", "r2", "r1", "r0"]
    assert ids(store, tags={"a": "1"}) == ids(store, tags={"b": "2"}) == ids(store, tags="b") == []
    assert ids(store, tags={"a": hidden, "\0": "\0"}) == ["r0"]


# -- broken, locked, foreign --


def damage_deleted(path: Path) -> None:
    path.unlink()


def damage_emptied(path: Path) -> None:
    path.write_bytes(b"")


def damage_garbage(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(50_000))


def damage_header_only(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def damage_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[200:-200] = random.Random(0).randbytes(len(data) - 400)
    path.write_bytes(data)


def damage_every_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 100] = bytes(100)
    path.write_bytes(data)


def damage_later_version(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def damage_other_tables(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE run")
        db.execute("CREATE VIEW run AS SELECT load_extension('evil') AS id")
    db.close()


def damage_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def damage_a_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def damage_a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def damage_a_link_beside_it(path: Path) -> None:
    victim = path.with_name("victim")
    victim.write_text("mine")
    path.with_name("index.sqlite-journal").symlink_to(victim)


DAMAGES = {name[7:]: damage for name, damage in globals().items() if name.startswith("damage_")}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_costs_time_only(store: LocalStore, index: Path, damage: str) -> None:
    DAMAGES[damage](index)

    for _ in range(2):
        assert ids(store) == ALL
        assert ids(store, tags={"colour": "blue"}) == ["r4", "r2", "r0"]

    victim = index.with_name("victim")
    assert not victim.exists() or victim.read_text() == "mine"


@pytest.mark.parametrize("cut", range(0, 60_000, 1531))
def test_an_index_cut_anywhere_costs_time_only(store: LocalStore, index: Path, cut: int) -> None:
    index.write_bytes(index.read_bytes()[:cut])

    assert ids(store) == ALL


def test_a_locked_index_is_not_waited_for_for_ever(
    store: LocalStore, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "BUSY_TIMEOUT_S", 0.1)
    store.update_run("r1", lambda known: known["tags"].update(colour="green"))
    db = sqlite3.connect(index, isolation_level=None)
    try:
        db.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()

        assert ids(store, tags={"colour": "green"}) == ["r1"]
        assert time.monotonic() - started < 3
    finally:
        db.close()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_index_of_a_shared_workspace_is_for_all_who_may_write_there(store: LocalStore) -> None:
    (store.root / "workspace.json").chmod(0o664)

    assert ids(store) == ALL
    assert (store.root / "index.sqlite").stat().st_mode & 0o777 == 0o664


def test_a_workspace_that_cannot_be_written_is_listed(tmp_path: Path, store: LocalStore) -> None:
    script = """
import os, sys
from pathlib import Path
import run_widgets.store.index
from run_widgets.store.local import LocalStore
if os.geteuid() == 0:
    os.setuid(65534)
print([record.id for record in LocalStore(Path(sys.argv[1])).runs("mnist")])
"""
    for parent in (store.root, *store.root.parents):
        if parent.name.startswith(("pytest-", "popen-")) or tmp_path in (parent, *parent.parents):
            parent.chmod(0o755)
    store.root.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, str(store.root)], capture_output=True, text=True
        )
    finally:
        store.root.chmod(0o700)

    assert done.stdout.strip() == str(ALL), done.stderr
    assert not (store.root / "index.sqlite").exists()


def test_an_index_is_read_by_many_while_it_is_made(store: LocalStore) -> None:
    script = """
import sys
from pathlib import Path
from run_widgets.store.local import LocalStore
for _ in range(5):
    assert len(list(LocalStore(Path(sys.argv[1])).runs("mnist"))) == 5
"""
    readers = [
        subprocess.Popen([sys.executable, "-c", script, str(store.root)], stderr=subprocess.PIPE)
        for _ in range(8)
    ]
    for reader in readers:
        assert reader.communicate()[1] == b""
        assert reader.returncode == 0


def test_a_hostile_index_shows_nothing_that_is_not_there(store: LocalStore, index: Path) -> None:
    with sqlite3.connect(index) as db:
        db.execute("UPDATE run SET name = '../../../etc' WHERE name = 'r1'")
        db.execute("UPDATE run SET document = 'not json' WHERE name = 'r2'")
        db.execute("UPDATE run SET document = '[]' WHERE name = 'r3'")
    db.close()

    found = ids(store)

    assert set(found) == {"r0", "r4"}  # since its owner says that it knows all
    os.utime(store.folder("r1") / "run.json")
    assert set(ids(store)) >= {"r0", "r1", "r4"}


# -- what is a run --


def test_links_are_not_followed(store: LocalStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(store.folder("r1"), outside)
    (store.root / "mnist" / "linked").symlink_to(outside)
    (store.root / "mnist" / "document").mkdir()
    (store.root / "mnist" / "document" / "run.json").symlink_to(outside / "run.json")
    (store.root / "elsewhere").symlink_to(store.root / "mnist")

    assert ids(store) == ALL
    assert [document["name"] for document in store.experiments()] == ["mnist"]
    for run_id in ("linked", "document"):
        with pytest.raises(LookupError):
            store.run(run_id)


def test_names_that_no_run_has_are_not_runs(store: LocalStore) -> None:
    for name in (".hidden", "a b", "ä", "-x", "a\nb"):
        shutil.copytree(store.folder("r1"), store.root / "mnist" / name)

    assert ids(store) == ALL


def test_a_digest_stays_with_its_document(store: LocalStore, index: Path) -> None:
    folder = store.root / "mnist"
    stamps = {name: index_module.stamp_of(str(folder / name)) for name in ALL}
    cache = Index(store.root)
    cache.keep_digests(folder, {"r1": (stamps["r1"], "made")})  # type: ignore[dict-item]

    def digest() -> str | None:
        (row, _) = cache.known(folder)["r1"]
        ((_, _, made),) = cache.rows([row])
        return made

    assert digest() == "made"
    path = store.folder("r1") / "run.json"
    os.utime(path)
    ids(store)
    assert digest() == "made"  # touched, and not changed
    store.update_run("r1", lambda known: known.update(description="new"))
    ids(store)
    assert digest() is None
    cache.close()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    calls = [0]
    real = os.lstat

    def noted(path: Any, **kwargs: Any) -> os.stat_result:
        calls[0] += str(path).endswith("run.json")
        return real(path, **kwargs)

    monkeypatch.setattr(os, "lstat", noted)
    return lambda: calls[0]


def test_a_list_of_known_runs_asks_for_each_once(
    store: LocalStore, index: Path, counted: Callable[[], int]
) -> None:
    ids(store)

    assert counted() < 5 + 10


def test_an_index_is_for_its_owner_only(store: LocalStore, index: Path) -> None:
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700
    assert json.loads((store.root / "workspace.json").read_text()) == {"format": 1}


@pytest.mark.slow
def test_a_list_of_many_runs_is_quick(store: LocalStore) -> None:
    document = json.loads((store.folder("r0") / "run.json").read_text())
    for n in range(20_000):
        folder = store.root / "mnist" / f"many-{n}"
        folder.mkdir()
        document["tags"] = {"group": f"g{n % 20}"}
        (folder / "run.json").write_text(json.dumps(document))
    ids(store)
    time.sleep(0.2)
    ids(store)

    started = time.process_time()
    found = ids(store, tags={"group": "g3"})

    assert len(found) == 1000
    assert time.process_time() - started < 1.0
