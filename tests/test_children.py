"""The runs below a run, as its panel lists them."""

from __future__ import annotations

import io
import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from run_widgets.panel.run_details import RunDetails
from run_widgets.reading.children import MAX_CHILDREN, Children
from run_widgets.store.local import LocalStore

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets import Experiment, Run


def children_of(run: Run) -> Children:
    children = Children(run.store, run.experiment.name, run.id)
    children.look()
    return children


def entry(children: Children) -> dict[str, Any]:
    (only,) = children.entries(time.time())
    return only


def test_a_child_tells_what_it_was_started_with_and_what_it_measured(run: Run) -> None:
    child = run.child_run("second attempt")
    child.tag("fold", "3")
    child.log("loss", 0.5)
    child.log("loss", 0.25)
    child.log("note", "fine")
    child.complete()

    told = entry(children_of(run))

    assert told["run_id"] == child.id
    assert (told["name"], told["status"], told["error"]) == ("second attempt", "Completed", "")
    assert told["labels"] == {"fold": "3"}
    assert told["metrics"] == {"loss": 0.25, "note": "fine"}
    assert told["elapsed_s"] >= 0


def test_only_a_runs_own_children_are_its_children(run: Run, experiment: Experiment) -> None:
    other = experiment.start_logging(outputs=False, snapshot_directory=None)
    child = run.child_run()
    grandchild = child.child_run()
    for each in (grandchild, other):
        each.complete()
    child.complete()

    assert entry(children_of(run))["run_id"] == child.id
    assert entry(children_of(child))["run_id"] == grandchild.id
    assert children_of(other).total == 0


def test_a_child_that_goes_on_is_followed_to_its_end(run: Run) -> None:
    children = children_of(run)
    child = run.child_run()
    child.log("loss", 2.0)

    assert children.look()
    assert (entry(children)["status"], entry(children)["metrics"]) == ("Running", {"loss": 2.0})
    assert not children.is_over
    assert not children.look()
    child.log("loss", 1.0)
    assert children.look()
    assert entry(children)["metrics"] == {"loss": 1.0}
    child.log("loss", 0.5)
    child.fail("enough")
    assert children.look()
    assert (entry(children)["status"], entry(children)["error"]) == ("Failed", "enough")
    assert entry(children)["metrics"] == {"loss": 0.5}
    assert children.is_over
    children.close()


def test_a_child_that_is_deleted_is_gone(run: Run) -> None:
    child = run.child_run()
    child.complete()
    children = children_of(run)

    child.delete()
    children.look()

    assert (children.total, children.is_over) == (0, True)


def test_the_newest_are_told_and_all_are_counted(run: Run) -> None:
    for _ in range(6):
        run.create_children(count=100)
    children = Children(run.store, run.experiment.name, run.id)
    while children.total < 600:
        children.look()

    told = children.entries(time.time())

    assert [each["number"] for each in told] == list(range(601, 601 - MAX_CHILDREN, -1))
    for child in run.get_children():
        child.cancel()
    children.close()


def test_what_children_logged_is_strict_json(run: Run) -> None:
    child = run.child_run("<img src=x onerror=alert(1)>")
    child.log("nan", float("nan"))
    child.log("big", 10**400)
    child.log("text", "x" * 10_000)
    child.complete()

    text = json.dumps(children_of(run).entries(time.time()), allow_nan=False)

    assert len(text) < 3_000


def test_a_run_folder_outside_a_workspace_has_no_children_and_gets_no_file(
    run: Run, tmp_path: Path
) -> None:
    run.complete()
    folder = tmp_path / "downloads" / "copies" / run.id
    shutil.copytree(run.folder, folder)
    store, run_id = LocalStore.of_run_folder(folder)

    children = Children(store, "copies", run_id)
    children.look()

    assert (children.total, children.is_over) == (0, True)
    assert not (tmp_path / "downloads" / "index.sqlite").exists()


@pytest.mark.parametrize("name", ["../elsewhere", "", "a b"])
def test_an_experiment_that_cannot_be_one_has_no_children(run: Run, name: str) -> None:
    children = Children(run.store, name, run.id)

    assert not children.look()
    assert children.is_over


def test_a_panel_follows_its_run_until_the_children_have_ended(run: Run) -> None:
    child = run.child_run()
    details = RunDetails(run)
    run.complete()
    details.tick()

    assert details.get_state("facts")["facts"]["child_count"] == 1
    assert details.get_state("children")["children"][0]["run_id"] == child.id
    assert details.following
    child.complete()
    time.sleep(0.01)
    details._reading._children_due = 0.0
    details.tick()
    assert not details.following
    details.close()


def test_the_data_shown_have_logs_and_children_by_the_names_that_people_know(run: Run) -> None:
    child = run.child_run()
    child.log("loss", 0.5)
    child.complete()
    run.upload_file("logs/old.txt", io.BytesIO(b"old\n"))
    run.upload_file("user_logs/std_log.txt", io.BytesIO("fine ü\n".encode()))
    details = RunDetails(run)

    data = details.get_widget_data()

    assert data["run_logs"] == "fine ü\n"
    assert list(data["run_properties"]["log_files"]) == ["logs/old.txt", "user_logs/std_log.txt"]
    assert [each["run_id"] for each in data["child_runs"]] == [child.id]
    assert data["children_metrics"] == {child.id: {"loss": 0.5}}
    assert data["workbench_run_details_uri"] == run.get_portal_url()
    details.close()
