"""The contract: what a store of runs promises, for every way of writing it."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import sys
import threading
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from run_widgets.errors import (
    BadName,
    ExperimentNotFound,
    FileConflict,
    FileNotInRun,
    MetricConflict,
    NotAMetric,
    NotAName,
    RunClosed,
    RunExists,
    RunNotFound,
    StoreUnavailable,
)
from run_widgets.records import NO_STEP, Kind, Record
from run_widgets.store.appended import AppendWriter
from run_widgets.store.columns import COMPACT_FROM
from run_widgets.store.layout import LINE_BYTES, POINT_BYTES
from run_widgets.store.local import LocalStore
from run_widgets.store.mapped import MappedWriter
from strategies import bits, labels, lists, names, plain, rows, same, steps, tables

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets.store import Follower

ENGINES = {"mapped": ("0", MappedWriter), "append": ("1", AppendWriter)}

real_files = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=ENGINES)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LocalStore:
    monkeypatch.setenv("RUN_WIDGETS_APPEND", ENGINES[request.param][0])
    store = LocalStore(tmp_path / "workspace")
    store.create_experiment("mnist")
    store.create_run("mnist", "r1", {"status": "Running"})
    return store


_counted = iter(range(10**9))


def new_run(store: LocalStore) -> str:
    run_id = f"run-{next(_counted)}"
    store.create_run("mnist", run_id, {"status": "Running"})
    return run_id


Logged = tuple[Any, int | None]


def everything(follower: Follower) -> tuple[dict[str, list[Logged]], list[Record]]:
    """Return all scalars by metric, each with its step, and all records."""
    scalars: dict[str, list[Logged]] = {}
    records: list[Record] = []
    while batch := follower.read():
        assert batch.warnings == ()
        records += batch.records
        for name, points in batch.points.items():
            found = [None if step == NO_STEP else step for step in points.step.tolist()]
            scalars.setdefault(name, []).extend(zip(points.values(), found, strict=True))
    return scalars, records


# -- what is logged comes back --


def test_the_engine_is_the_one_that_the_drive_takes(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ENGINES["append" if os.environ["RUN_WIDGETS_APPEND"] == "1" else "mapped"][1]

    assert type(store.writer("r1")) is wanted
    # Two threads that run at once could be given one place of a mapped file.
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert type(store.writer("r1")) is AppendWriter


@real_files
@given(logged=st.lists(st.tuples(st.sampled_from(["a", "b"]) | names, plain, steps), max_size=30))
def test_every_value_comes_back_to_the_last_bit_with_its_step(
    store: LocalStore, logged: list[tuple[str, Any, int | None]]
) -> None:
    run_id = new_run(store)
    writer = store.writer(run_id)
    expected: dict[str, list[Logged]] = {}
    for name, value, step in logged:
        writer.put(name, value, step)
        expected.setdefault(name, []).append((value, step))

    while_written = everything(store.follow(run_id))
    writer.close("done")
    when_closed = everything(store.follow(run_id))

    assert bits(while_written[0]) == bits(when_closed[0]) == bits(expected)
    assert while_written[1] == when_closed[1] == []


few = st.sampled_from(["a", "b", "c"])


@real_files
@given(
    logged=st.lists(
        st.tuples(st.dictionaries(few, st.floats() | st.integers() | plain, max_size=3), steps),
        max_size=20,
    )
)
def test_values_put_together_come_back_to_the_last_bit(
    store: LocalStore, logged: list[tuple[dict[str, Any], int | None]]
) -> None:
    run_id = new_run(store)
    writer = store.writer(run_id)
    expected: dict[str, list[Logged]] = {}
    for values, step in logged * 2:  # what comes again may go a shorter way
        if not writer.put_known(values, step):
            writer.put_all(values, step)
        for name, value in values.items():
            expected.setdefault(name, []).append((value, step))

    while_written = everything(store.follow(run_id))
    writer.close("done")

    assert bits(while_written[0]) == bits(everything(store.follow(run_id))[0]) == bits(expected)


kinds = st.one_of(
    st.tuples(st.just(Kind.LIST), lists),
    st.tuples(st.just(Kind.ROW), rows),
    st.tuples(st.just(Kind.TABLE), tables()),
    st.tuples(st.just(Kind.IMAGE), names),
    st.tuples(st.just(Kind.CONFUSION_MATRIX), rows),
)


@real_files
@given(logged=st.lists(kinds, max_size=10), name=names)
def test_every_record_comes_back_in_its_order(
    store: LocalStore, logged: list[tuple[Kind, Any]], name: str
) -> None:
    run_id = new_run(store)
    writer = store.writer(run_id)
    for kind, value in logged:
        writer.record(kind, f"{kind.value} {name}", value)

    while_written = everything(store.follow(run_id))
    writer.close("done")
    when_closed = everything(store.follow(run_id))

    for _, records in (while_written, when_closed):
        assert same([(r.kind.value, r.value, r.metric) for r in records]) == same(
            [(kind.value, value, f"{kind.value} {name}") for kind, value in logged]
        )


@real_files
@given(
    logged=st.lists(st.tuples(st.sampled_from("abc"), plain, steps), min_size=1, max_size=40),
    looks=st.sets(st.integers(0, 40)),
)
def test_a_reader_that_resumes_sees_each_value_once(
    store: LocalStore, logged: list[tuple[str, Any, int | None]], looks: set[int]
) -> None:
    run_id = new_run(store)
    writer, follower = store.writer(run_id), store.follow(run_id)
    seen: dict[str, list[Logged]] = {}

    def look() -> None:
        for name, values in everything(follower)[0].items():
            seen.setdefault(name, []).extend(values)

    for place, (name, value, step) in enumerate(logged):
        if place in looks:
            look()
        writer.put(name, value, step)
    look()
    writer.close("done")
    look()

    expected: dict[str, list[Logged]] = {}
    for name, value, step in logged:
        expected.setdefault(name, []).append((value, step))
    assert bits(seen) == bits(expected)


@pytest.mark.parametrize("count", [1, 511, 512, 513, 5_461, 5_462, 40_000])
def test_a_long_history_comes_back_whole_before_and_after_the_end(
    store: LocalStore, count: int
) -> None:
    writer = store.writer("r1")
    for n in range(count):
        writer.put("even" if n % 2 == 0 else "odd", float(n), n)
        if n % 10_000 == 0:
            writer.put("text", f"text {n}", n)
    expected = {
        name: [(float(n), n) for n in range(start, count, 2)]
        for name, start in (("even", 0), ("odd", 1))
        if start < count
    }
    expected["text"] = [(f"text {n}", n) for n in range(0, count, 10_000)]

    while_written, _ = everything(store.follow("r1"))
    writer.close("done")
    when_closed, _ = everything(store.follow("r1"))

    assert while_written == when_closed == expected
    packed = (store.folder("r1") / "metrics" / "0000.npz").exists()
    assert packed == (POINT_BYTES * (count + len(expected["text"])) >= COMPACT_FROM)


def test_a_reader_goes_on_where_it_was_when_the_file_is_packed(store: LocalStore) -> None:
    writer, follower = store.writer("r1"), store.follow("r1")
    for n in range(10_000):
        writer.put("loss", float(n), None)
    seen = everything(follower)[0]["loss"]
    for n in range(10_000, 20_000):
        writer.put("loss", float(n), None)
    writer.close("done")

    seen += everything(follower)[0]["loss"]

    assert [value for value, _ in seen] == [float(n) for n in range(20_000)]
    assert not follower.read()


def test_times_are_those_of_the_calls(store: LocalStore) -> None:
    import time

    writer = store.writer("r1")
    before = time.time()
    writer.put("loss", 0.5, None)
    writer.record(Kind.LIST, "list", [1])
    after = time.time()

    batch = store.follow("r1").read()

    assert before <= batch.points["loss"].at[0] <= batch.records[0].at <= after


@pytest.mark.parametrize("step", [1.0, np.int64(7), np.uint8(3), True])
def test_a_step_is_any_whole_number(store: LocalStore, step: Any) -> None:
    store.writer("r1").put("loss", 0.5, step)

    assert everything(store.follow("r1"))[0] == {"loss": [(0.5, int(step))]}


@pytest.mark.parametrize("step", [0.5, "7", [1], 2**63, -(2**63), object(), float("nan")])
def test_what_is_no_step_is_refused_and_leaves_nothing(store: LocalStore, step: Any) -> None:
    writer = store.writer("r1")
    with pytest.raises(NotAMetric, match="step must"):
        writer.put("loss", 0.5, step)
    with pytest.raises(NotAMetric, match="step must"):
        writer.put("text", "text", step)
    writer.put("loss", 1.5, 1)

    assert everything(store.follow("r1"))[0] == {"loss": [(1.5, 1)]}


def test_a_name_is_a_string_that_is_not_empty(store: LocalStore) -> None:
    writer = store.writer("r1")
    for name, error in (("", BadName), (5, NotAName), (None, NotAName), ([], NotAName)):
        for log in (
            lambda name: writer.put(name, 0.5, None),
            lambda name: writer.put(name, "text", None),
            lambda name: writer.record(Kind.LIST, name, [1]),
        ):
            with pytest.raises(error):
                log(name)

    assert everything(store.follow("r1")) == ({}, [])


def test_a_name_means_one_kind_of_thing(store: LocalStore) -> None:
    writer = store.writer("r1")
    writer.put("x", 1.0, None)
    writer.record(Kind.ROW, "t", {"a": 1})

    with pytest.raises(MetricConflict, match="'x' is a vector in this run"):
        writer.record(Kind.IMAGE, "x", "x.png")
    with pytest.raises(MetricConflict, match="'t' is a table in this run"):
        writer.put("t", 1.0, None)
    writer.record(Kind.LIST, "x", [2])
    writer.record(Kind.TABLE, "t", {"a": [2]})


def test_what_json_cannot_hold_is_refused_and_leaves_nothing(store: LocalStore) -> None:
    writer = store.writer("r1")
    for value in ([object()], [10**5000]):
        with pytest.raises(NotAMetric, match="cannot be kept"):
            writer.record(Kind.LIST, "x", value)

    assert everything(store.follow("r1")) == ({}, [])


def test_a_text_too_long_for_a_line_is_refused_with_the_way_out(store: LocalStore) -> None:
    writer = store.writer("r1")

    with pytest.raises(NotAMetric, match="upload_file"):
        writer.put("essay", "x" * LINE_BYTES, None)

    assert everything(store.follow("r1")) == ({}, [])


def test_a_text_that_just_fits_a_line_comes_back(store: LocalStore) -> None:
    text = "x" * (LINE_BYTES - 200)

    store.writer("r1").put("essay", text, None)

    assert everything(store.follow("r1"))[0] == {"essay": [(text, None)]}


def test_an_int_of_any_length_comes_back(store: LocalStore) -> None:
    number = 7**50_000

    store.writer("r1").put("n", number, None)

    assert everything(store.follow("r1"))[0]["n"][0][0] == number


def test_descriptions_are_kept_and_the_last_counts(store: LocalStore) -> None:
    writer, follower = store.writer("r1"), store.follow("r1")
    writer.describe("loss", "first")
    writer.put("loss", 0.5, None)
    writer.describe("loss", "cross entropy")

    follower.read()

    assert follower.descriptions() == {"loss": "cross entropy"}


def test_a_closed_writer_takes_nothing_and_says_why(store: LocalStore) -> None:
    writer = store.writer("r1")
    writer.put("loss", 0.5, None)
    writer.close("run 'r1' is Completed")

    for log in (
        lambda: writer.put("loss", 0.5, None),
        lambda: writer.put("new", 1, None),
        lambda: writer.record(Kind.LIST, "x", [1]),
        lambda: writer.describe("loss", "what"),
    ):
        with pytest.raises(RunClosed, match="run 'r1' is Completed"):
            log()
    writer.close("again")
    writer.flush()

    assert everything(store.follow("r1"))[0] == {"loss": [(0.5, None)]}


def test_a_writer_that_logged_nothing_leaves_nothing(store: LocalStore) -> None:
    store.writer("r1").close("done")

    assert not (store.folder("r1") / "metrics").exists()
    assert not store.follow("r1").read()


def test_several_writers_of_one_run_are_read_as_one(store: LocalStore) -> None:
    writers = [store.writer("r1") for _ in range(5)]
    for n in range(100):
        for rank, writer in enumerate(writers):
            writer.put("loss", float(100 * rank + n), n)

    values = [value for value, _ in everything(store.follow("r1"))[0]["loss"]]

    assert sorted(values) == [float(n) for n in range(500)]
    for rank in range(5):
        own = [value for value in values if value // 100 == rank]
        assert own == sorted(own)


def test_threads_share_a_writer(store: LocalStore) -> None:
    writer = store.writer("r1")

    def work(number: int) -> None:
        for n in range(3000):
            writer.put("loss", float(10_000 * number + n), n)
            if n % 100 == 0:
                writer.put("text", f"{number}", n)
                writer.put(f"own {number}", n, None)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close("done")

    scalars, _ = everything(store.follow("r1"))
    values = [value for value, _ in scalars["loss"]]
    assert sorted(values) == sorted(float(10_000 * t + n) for t in range(8) for n in range(3000))
    for number in range(8):
        own = [value for value in values if value // 10_000 == number]
        assert own == sorted(own)
        assert [value for value, _ in scalars[f"own {number}"]] == list(range(0, 3000, 100))
    assert sorted(value for value, _ in scalars["text"]) == sorted(30 * [*map(str, range(8))])


# -- runs --


def test_a_run_is_as_it_was_created(store: LocalStore) -> None:
    record = store.create_run("mnist", "r2", {"status": "Running", "tags": {"a": "b", "c": None}})

    assert store.run("r2") == record
    assert (record.id, record.experiment, record.number) == ("r2", "mnist", 2)
    assert record.tags == {"a": "b", "c": None}


def test_a_run_is_found_by_its_id_and_not_by_another(store: LocalStore) -> None:
    for wrong in ("r2", "", "..", "../mnist/r1", "r1/", "/", "\0", "r1/../r1", "mnist"):
        with pytest.raises(RunNotFound):
            store.run(wrong)
        with pytest.raises(RunNotFound):
            store.folder(wrong)


@pytest.mark.parametrize("run_id", ["", ".", "..", ".x", "a/b", "a\\b", "ä", "a b", "x" * 256, 5])
def test_an_id_that_is_no_folder_name_is_refused(store: LocalStore, run_id: Any) -> None:
    with pytest.raises(BadName, match="run id"):
        store.create_run("mnist", run_id, {})


def test_an_id_is_given_once_in_a_workspace(store: LocalStore) -> None:
    store.create_experiment("other")

    for experiment in ("mnist", "other"):
        with pytest.raises(RunExists, match="'r1' exists"):
            store.create_run(experiment, "r1", {})


@real_files
@given(changes=st.lists(labels, min_size=1, max_size=4))
def test_changes_of_a_run_add_up(store: LocalStore, changes: list[dict[str, str | None]]) -> None:
    run_id = new_run(store)
    expected: dict[str, str | None] = {}
    for change in changes:
        store.update_run(run_id, lambda known, c=change: known.setdefault("tags", {}).update(c))
        expected |= change

    assert store.run(run_id).tags == expected


def test_a_drive_that_locks_no_folders_loses_no_change(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    real = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:  # as on NFS
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)

    def work(rank: int) -> None:
        for n in range(20):
            new = {f"{rank} {n}": ""}
            store.update_run("r1", lambda known, new=new: known.setdefault("tags", {}).update(new))

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(store.run("r1").tags) == 160


def test_a_change_that_fails_changes_nothing(store: LocalStore) -> None:
    before = store.run("r1")

    def change(document: dict[str, Any]) -> None:
        document["status"] = "Failed"
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.update_run("r1", change)

    assert store.run("r1") == before
    assert os.listdir(store.folder("r1")) == ["run.json"]


def test_runs_are_listed_newest_first(store: LocalStore) -> None:
    for n in range(2, 6):
        store.create_run("mnist", f"r{n}", {"created_at": float(n)})

    assert [record.id for record in store.runs("mnist")] == ["r1", "r5", "r4", "r3", "r2"]
    assert list(store.runs("nothing-here")) == []


@real_files
@given(tags=labels, properties=labels, other=labels)
def test_runs_are_found_by_their_labels(
    tmp_path_factory: pytest.TempPathFactory,
    tags: dict[str, str | None],
    properties: dict[str, str | None],
    other: dict[str, str | None],
) -> None:
    store = LocalStore(tmp_path_factory.mktemp("labels"))
    store.create_experiment("e")
    store.create_run("e", "one", {"tags": tags, "properties": properties})
    store.create_run("e", "two", {"tags": other, "properties": {}})

    def found(**wanted: Any) -> set[str]:
        return {record.id for record in store.runs("e", **wanted)}

    assert found() == {"one", "two"}
    assert "one" in found(tags=tags)
    assert "one" in found(tags=tags, properties=properties)
    for key, value in other.items():
        has_key = {"two"} | ({"one"} if key in tags else set())
        has_pair = {"two"} | ({"one"} if tags.get(key, 0) == value else set())
        assert found(tags=key) == has_key
        assert found(tags={key: value}) == has_pair


def test_a_deleted_run_lies_in_the_trash(store: LocalStore) -> None:
    writer = store.writer("r1")
    writer.put("loss", 0.5, None)
    writer.close("done")

    where = store.delete_run("r1")

    assert (where / "run.json").is_file()
    assert list(store.runs("mnist")) == []
    with pytest.raises(RunNotFound):
        store.run("r1")


def test_a_request_to_stop_is_seen(store: LocalStore) -> None:
    assert not store.run("r1").stop_requested

    store.request_stop("r1")

    assert store.stop_file("r1").exists()
    assert store.run("r1").stop_requested


# -- experiments --


def test_an_experiment_is_made_once(store: LocalStore) -> None:
    first = store.create_experiment("new")

    assert store.create_experiment("new") == first == store.experiment("new")
    assert [document["name"] for document in store.experiments()] == ["mnist", "new"]


def test_an_experiment_that_is_not_there_is_named(store: LocalStore) -> None:
    with pytest.raises(ExperimentNotFound, match="'other'"):
        store.experiment("other")
    with pytest.raises(ExperimentNotFound, match="'other'"):
        store.update_experiment("other", lambda known: None)


@pytest.mark.parametrize("name", ["Mnist", "MNIST", "mnist", "é", "x" * 255, "日本" * 100, "a-b_c"])
def test_names_that_differ_are_different_experiments(store: LocalStore, name: str) -> None:
    if not name[0].isascii():
        with pytest.raises(BadName):
            store.create_experiment(name)
        name = f"a{name}"[:255]
    store.create_experiment(name)
    store.create_run(name, "its-own", {})

    assert next(store.runs(name)).id == "its-own"
    assert [record.id for record in store.runs("mnist")].count("its-own") == (name == "mnist")
    assert store.run("its-own").experiment == name


@pytest.mark.parametrize("name", ["", "..", "a/b", "a.b", "a b", "-a", "_a", "x" * 256, None, 5])
def test_a_name_that_is_no_experiments_is_refused(store: LocalStore, name: Any) -> None:
    with pytest.raises(BadName, match="experiment name"):
        store.create_experiment(name)


# -- files --


def test_files_are_listed_sorted_with_their_sizes(store: LocalStore) -> None:
    for name in ("b.txt", "outputs/model/a.bin", "outputs/z"):
        store.add_file("r1", name, io.BytesIO(name.encode()))

    assert [(entry.path, entry.bytes) for entry in store.files("r1")] == [
        ("b.txt", 5),
        ("outputs/model/a.bin", 19),
        ("outputs/z", 9),
    ]
    assert store.file_path("r1", "outputs/z").read_bytes() == b"outputs/z"


def test_the_same_content_again_is_no_conflict(store: LocalStore) -> None:
    store.add_file("r1", "a", io.BytesIO(b"one"))
    store.add_file("r1", "a", io.BytesIO(b"one"))
    with pytest.raises(FileConflict, match="other content"):
        store.add_file("r1", "a", io.BytesIO(b"two"))

    assert store.file_path("r1", "a").read_bytes() == b"one"
    store.add_file("r1", "a", io.BytesIO(b"two"), overwrite=True)
    assert store.file_path("r1", "a").read_bytes() == b"two"


def test_a_file_cannot_be_where_a_folder_is_nor_below_a_file(store: LocalStore) -> None:
    store.add_file("r1", "a/b", io.BytesIO(b""))

    for name in ("a", "a/b/c"):
        for overwrite in (False, True):
            with pytest.raises(FileConflict):
                store.add_file("r1", name, io.BytesIO(b""), overwrite=overwrite)
    assert [entry.path for entry in store.files("r1")] == ["a/b"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/../../x", "/etc/x", "a//b", "a/", "C:/x", "a\0b", "..\\x"]
)
def test_a_name_that_leads_out_of_the_run_is_refused(store: LocalStore, name: str) -> None:
    with pytest.raises(BadName):
        store.add_file("r1", name, io.BytesIO(b""))
    with pytest.raises(FileNotInRun):
        store.file_path("r1", name)


def test_a_failed_upload_leaves_nothing_behind(store: LocalStore) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("source went away")

    with pytest.raises(OSError, match="source went away"):
        store.add_file("r1", "a", Broken())

    assert store.files("r1") == []
    assert os.listdir(store.folder("r1")) == ["run.json"]


def test_a_file_that_is_not_there_is_named_beside_those_that_are(store: LocalStore) -> None:
    store.add_file("r1", "outputs/a", io.BytesIO(b""))

    with pytest.raises(FileNotInRun, match=r"no file 'b'.*outputs/a"):
        store.file_path("r1", "b")


def test_documents_are_json_that_others_can_read(store: LocalStore) -> None:
    store.update_run("r1", lambda known: known.update(description="Ä \ud800 \0"))

    document = json.loads((store.folder("r1") / "run.json").read_text())

    assert (document["format"], document["id"]) == (1, "r1")
    assert store.run("r1").description == "Ä \ud800 \0"


def test_what_a_later_version_wrote_is_read_and_never_written_to(store: LocalStore) -> None:
    def later(path: Path) -> bytes:
        path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
        return path.read_bytes()

    run_file = store.folder("r1") / "run.json"
    as_it_was = later(run_file)
    with pytest.raises(StoreUnavailable, match=r"run\.json is of format 2.*writes 1: update"):
        store.update_run("r1", lambda known: known.update(description="new"))
    assert (store.run("r1").id, run_file.read_bytes()) == ("r1", as_it_was)

    later(run_file.parent.parent / "experiment.json")
    with pytest.raises(StoreUnavailable, match=r"experiment\.json is of format 2"):
        store.create_experiment("mnist")

    later(store.root / "workspace.json")
    with pytest.raises(StoreUnavailable, match=r"workspace\.json is of format 2"):
        store.create_experiment("another")
    assert [known["name"] for known in store.experiments()] == ["mnist"]
