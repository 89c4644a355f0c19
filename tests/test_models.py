"""Registered models: named, numbered copies of what runs produced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from run_widgets import Experiment, Workspace, errors
from run_widgets.tracking.models import MODELS, Model


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def run(workspace: Workspace) -> Any:
    run = Experiment(workspace, "digits").start_logging(snapshot_directory=None)
    Path("model.bin").write_bytes(b"first")
    run.upload_file("outputs/model.bin", "model.bin")
    run.upload_file("outputs/tree/a.txt", "model.bin")
    run.upload_file("outputs/tree/deep/b.txt", "model.bin")
    yield run
    if run.id in [known.id for known in run.experiment.get_runs()]:
        run.complete()


def test_a_file_of_a_run_becomes_the_next_version(workspace: Workspace, run: Any) -> None:
    first = run.register_model("digits", "outputs/model.bin", tags={"kind": "tree"})
    second = run.register_model("digits", "outputs/model.bin", description="again")

    assert (first.id, second.id) == ("digits:1", "digits:2")
    newest = Model(workspace, "digits")
    assert (newest.version, newest.description, newest.run_id) == (2, "again", run.id)
    assert newest.path.read_bytes() == b"first"
    assert Model(workspace, id="digits:1").tags == {"kind": "tree"}
    assert newest.run.id == run.id


def test_a_folder_of_a_run_keeps_its_tree(run: Any, tmp_path: Path) -> None:
    model = run.register_model("forest", "outputs/tree/")

    where = model.download(tmp_path / "taken")

    files = {file.relative_to(where).as_posix() for file in Path(where).rglob("*.txt")}
    assert files == {"a.txt", "deep/b.txt"}


def test_a_model_outlives_its_run(workspace: Workspace, run: Any) -> None:
    run.register_model("digits", "outputs/model.bin")

    run.complete()
    run.delete()

    assert Path(Model.get_model_path("digits", _workspace=workspace)).read_bytes() == b"first"


def test_a_registered_file_does_not_change_with_the_file_it_came_from(workspace: Workspace) -> None:
    source = Path("mine.bin")
    source.write_bytes(b"before")
    model = Model.register(workspace, source, "mine")

    source.write_bytes(b"after")

    assert model.path.read_bytes() == b"before"


def test_an_output_that_was_not_collected_yet_is_told_of_the_two_ways(run: Any) -> None:
    Path("outputs").mkdir(exist_ok=True)
    Path("outputs/early.bin").write_bytes(b"weights")

    with pytest.raises(errors.FileNotInRun, match="when it ends: register it after that"):
        run.register_model("early", "outputs/early.bin")


def test_what_a_run_has_not_cannot_be_registered(run: Any) -> None:
    with pytest.raises(errors.FileNotInRun, match=r"outputs/model\.bin"):
        run.register_model("digits", "outputs/other.bin")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 300, 3])
def test_a_name_that_cannot_be_a_folder_is_refused(run: Any, name: Any) -> None:
    with pytest.raises(errors.BadName):
        run.register_model(name, "outputs/model.bin")


def test_models_are_listed_by_name_newest_first(workspace: Workspace, run: Any) -> None:
    for name, tags in (("b", {"v": "1"}), ("a", {}), ("b", {"v": "2", "best": None})):
        run.register_model(name, "outputs/model.bin", tags=tags)

    def ids(**filters: Any) -> list[str]:
        return [model.id for model in Model.list(workspace, **filters)]

    assert ids() == ["a:1", "b:2", "b:1"]
    assert ids(latest=True) == ["a:1", "b:2"]
    assert ids(name="b", tags=["best"]) == ["b:2"]
    assert ids(tags={"v": "1"}) == ["b:1"]
    assert ids(tags=[["v", "2"]]) == ["b:2"]
    assert ids(run_id="other") == []


def test_an_unknown_model_names_those_there_are(workspace: Workspace, run: Any) -> None:
    run.register_model("digits", "outputs/model.bin")

    with pytest.raises(errors.ModelNotFound, match="registered: digits"):
        Model(workspace, "digit")
    with pytest.raises(errors.ModelNotFound, match="digits:7"):
        Model(workspace, "digits", version=7)


def test_tags_change_and_a_deleted_version_is_never_given_again(
    workspace: Workspace, run: Any
) -> None:
    model = run.register_model("digits", "outputs/model.bin", tags={"a": 1})
    model.add_tags({"b": 2})
    model.remove_tags(["a"])

    where = model.delete()

    assert model.tags == {"b": "2"}
    assert where.is_dir()
    assert Model.list(workspace) == []
    assert run.register_model("digits", "outputs/model.bin").version == 2


def test_downloading_asks_before_it_replaces(run: Any, tmp_path: Path) -> None:
    model = run.register_model("digits", "outputs/model.bin")
    model.download(tmp_path / "taken")

    with pytest.raises(FileExistsError, match="exist_ok"):
        model.download(tmp_path / "taken")

    assert Path(model.download(tmp_path / "taken", exist_ok=True)).read_bytes() == b"first"


def test_a_strangers_models_lead_nowhere_and_break_nothing(workspace: Workspace, run: Any) -> None:
    model = run.register_model("digits", "outputs/model.bin")
    folder = workspace.path / MODELS / "digits" / "1"
    model.path.unlink()
    (folder / "files" / "model.bin").symlink_to("/etc/passwd")
    (folder / "model.json").write_text('{"created_at": 1e300, "tags": 3, "run_id": {}}')
    (workspace.path / MODELS / "digits" / "9").mkdir()

    (found,) = Model.list(workspace)

    assert (found.created_time, found.tags, found.run_id) == (None, {}, None)
    with pytest.raises(errors.StoreUnavailable):
        found.download("anywhere")
