"""Workspace, Experiment and Run keep the promises of the API that people know."""

from __future__ import annotations

import io
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from run_widgets import Experiment, Run, Workspace, errors, get_run
from run_widgets.store.listing import Listing
from run_widgets.tracking.monitor import Monitor

if TYPE_CHECKING:
    from collections.abc import Callable

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of the test's own, since outputs and files are relative to it."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def experiment(workspace: Workspace) -> Experiment:
    return Experiment(workspace, "model-logging")


@pytest.fixture
def run(experiment: Experiment) -> Any:
    run = experiment.start_logging(snapshot_directory=None)
    yield run
    if not run._record.status.is_final:
        run.complete()


# -- workspace and experiment --


def test_a_workspace_is_found_upwards_from_the_current_folder(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / ".run-widgets").mkdir(parents=True)
    (project / "deep" / "down").mkdir(parents=True)

    found = Workspace.from_config(project / "deep" / "down")

    assert found.path == project / ".run-widgets"


def test_without_a_workspace_above_the_persons_own_is_used(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_WIDGETS_HOME", str(tmp_path / "home"))

    assert Workspace.from_config().path == tmp_path / "home"


def test_a_current_folder_that_was_removed_stops_nothing(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_WIDGETS_HOME", str(tmp_path / "home"))
    here.rmdir()

    with Experiment(name="e").start_logging() as run:
        run.log("loss", 1)

    assert run.experiment.workspace.path == tmp_path / "home"
    assert run.get_snapshot_id() is None
    assert run.get_properties()["run_widgets.no_snapshot"] == "the current folder is gone"
    assert (run.folder / "environment.json").exists()
    assert (run.get_status(), run.get_metrics()) == ("Completed", {"loss": 1})
    with pytest.raises(errors.StoreUnavailable, match="'below' leads nowhere"):
        Workspace("below")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can")
def test_a_folder_above_that_may_not_be_looked_into_stops_nothing(tmp_path: Path) -> None:
    # As after `cd` and `sudo -u`: a folder to be in, below one that one may not enter.
    script = """
        import os
        from pathlib import Path
        from run_widgets import Experiment, Workspace
        from run_widgets.source import provenance, snapshot
        from run_widgets.store import reader

        experiment = Experiment(Workspace(Path.cwd() / "workspace"), "e")
        closed = Path.cwd() / "closed" / "inner"
        closed.mkdir(parents=True)
        os.chdir(closed)
        closed.parent.chmod(0o700)
        for parent, folders, names in os.walk(experiment.workspace.path):
            for path in (parent, *(os.path.join(parent, name) for name in names)):
                os.chown(path, 65534, -1)
        os.environ["RUN_WIDGETS_HOME"] = "/theirs"
        os.setgroups([])
        os.setuid(65534)

        assert str(Workspace.from_config().path) == "/theirs"
        run = experiment.start_logging()
        run.log("loss", 1)
        assert run.get_snapshot_id() is None
        assert "Permission denied" in run.get_properties()["run_widgets.no_snapshot"]
        assert (run.folder / "environment.json").exists()
        run.complete()
    """
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o755)
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], check=True, cwd=tmp_path, env=os.environ
    )


def test_where_nobody_has_a_home_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUN_WIDGETS_HOME", raising=False)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: Path("~/.local/share"))

    with pytest.raises(errors.StoreUnavailable, match="set RUN_WIDGETS_HOME to a folder"):
        Workspace.from_config()
    with pytest.raises(errors.StoreUnavailable, match="'~nobody-like-this/runs' leads nowhere"):
        Workspace("~nobody-like-this/runs")


def test_a_workspace_lists_its_active_experiments(workspace: Workspace) -> None:
    kept, hidden = Experiment(workspace, "kept"), Experiment(workspace, "hidden")

    hidden.archive()

    assert list(workspace.experiments) == ["kept"]
    assert [e.name for e in Experiment.list(workspace, view_type="All")] == ["hidden", "kept"]
    assert [e.name for e in Experiment.list(workspace, view_type="ArchivedOnly")] == ["hidden"]
    hidden.reactivate()
    assert sorted(workspace.experiments) == ["hidden", "kept"]
    assert kept.archived_time is None


@pytest.mark.parametrize("name", ["", "-a", "a b", "a.b", "a/b", "..", "x" * 256, None, 3])
def test_an_impossible_experiment_name_is_refused_with_its_value(
    workspace: Workspace, name: Any
) -> None:
    with pytest.raises(errors.BadName, match="experiment name"):
        Experiment(workspace, name)


def test_a_name_where_the_workspace_goes_is_told_its_place() -> None:
    with pytest.raises(errors.BadType, match=r"Experiment\(name='mnist'\)"):
        Experiment("mnist")  # type: ignore[arg-type]


def test_an_experiment_behind_a_link_is_refused_since_no_reader_would_find_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "other drive").mkdir()
    workspace.store.create_workspace()
    (workspace.path / "linked").symlink_to(tmp_path / "other drive")

    with pytest.raises(errors.StoreUnavailable, match="put the whole workspace there"):
        Experiment(workspace, "linked")
    assert os.listdir(tmp_path / "other drive") == []


@pytest.mark.parametrize("name", ["a", "aé", "1_b-C", "x" * 255, "a" + "é" * 254])
def test_a_possible_experiment_name_is_kept_as_it_is(workspace: Workspace, name: str) -> None:
    Experiment(workspace, name)

    assert list(workspace.experiments) == [name]


def test_experiments_that_differ_in_case_only_stay_two(workspace: Workspace) -> None:
    Experiment(workspace, "Mnist").start_logging(snapshot_directory=None).complete()

    assert list(Experiment(workspace, "mnist").get_runs()) == []


def test_a_folder_tells_its_experiment(
    workspace: Workspace, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    experiment = Experiment(workspace, "Mnist")
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    run.upload_file("outputs/deep/model", io.BytesIO(b"weights"))
    run.complete()
    alone = shutil.copytree(run.folder, tmp_path_factory.mktemp("elsewhere") / "copy")
    experiment.archive()

    for folder in (run.folder.parent, run.folder, run.folder / "files" / "outputs" / "deep", alone):
        assert Experiment.from_directory(str(folder)).name == "Mnist"
    with pytest.raises(errors.ExperimentNotFound, match=re.escape(str(tmp_path))):
        Experiment.from_directory(tmp_path)


def test_an_archived_experiment_is_shown_again_when_it_is_used(workspace: Workspace) -> None:
    Experiment(workspace, "old").archive()
    assert "old" not in workspace.experiments

    again = Experiment(workspace, "old")
    assert "old" not in workspace.experiments
    again.start_logging(outputs=False, snapshot_directory=None).complete()

    assert "old" in workspace.experiments
    assert Experiment(workspace, "old").archived_time is None


def test_experiment_tags_merge_and_go(experiment: Experiment) -> None:
    experiment.set_tags({"team": "a", "year": 2026})
    experiment.tag("team", "b")

    left = experiment.remove_tags(["year", "never there"])

    assert left == {"team": "b"}
    assert Experiment.list(experiment.workspace, tags={"team": "b"})[0].name == experiment.name
    assert Experiment.list(experiment.workspace, tags="year") == []


def test_only_an_empty_experiment_can_be_deleted(workspace: Workspace, run: Run) -> None:
    empty = Experiment(workspace, "empty")
    (workspace.path / "empty" / ".queue").mkdir()  # as after a submitted run
    empty.start_logging(outputs=False).delete()

    Experiment.delete(workspace, "empty")

    assert list(workspace.experiments) == ["model-logging"]
    with pytest.raises(ValueError, match="has runs"):
        Experiment.delete(workspace, "model-logging")
    with pytest.raises(errors.ExperimentNotFound):
        Experiment.delete(workspace, "never")


# -- metrics --


def test_what_comes_back_is_what_went_in(run: Run) -> None:
    run.log("Category", "Category 1")
    run.log("Numeric 1", 10)
    for value in (0.5, 0.25):
        run.log("Sigmoid", value)
    run.log_list("Fibonacci", [0, 1, 1, 2])
    run.log_list("One", [7])
    run.log_list("None", [])
    run.log_row("Once", angle=1.0, cos=0.5)
    run.log_row("Wave", angle=1.0, cos=0.5)
    run.log_row("Wave", angle=2.0, sin=0.1)
    run.log_table("Table", {"x": [1, 2], "y": (3, 4)})

    assert run.get_metrics() == {
        "Category": "Category 1",
        "Numeric 1": 10,
        "Sigmoid": [0.5, 0.25],
        "Fibonacci": [0, 1, 1, 2],
        "One": [7],
        "None": [],
        "Once": {"angle": 1.0, "cos": 0.5},
        "Wave": {"angle": [1.0, 2.0], "cos": [0.5, None], "sin": [None, 0.1]},
        "Table": {"x": [1, 2], "y": [3, 4]},
    }
    assert isinstance(run.get_metrics("Numeric 1")["Numeric 1"], int)
    assert run.get_metrics("never logged") == {}


def test_numpy_and_pandas_values_become_plain_ones(run: Run) -> None:
    import pandas as pd

    run.log("int64", np.int64(2**60 + 1))
    run.log("float32", np.float32(0.1))
    run.log("bool", np.bool_(True))
    run.log("0-d", np.array(3))
    run.log_list("array", np.arange(3))
    run.log_list("series", pd.Series([1.5, 2.5]))
    run.log_list("generator", (i * i for i in range(3)))
    run.log_table("frame", pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    metrics = run.get_metrics()

    assert metrics["int64"] == 2**60 + 1
    assert metrics["float32"] == float(np.float32(0.1))
    assert metrics["bool"] is True
    assert metrics["0-d"] == 3
    assert metrics["array"] == [0, 1, 2]
    assert metrics["series"] == [1.5, 2.5]
    assert metrics["generator"] == [0, 1, 4]
    assert metrics["frame"] == {"a": [1, 2], "b": ["x", "y"]}
    assert json.dumps(metrics)  # nothing of numpy is left


@pytest.mark.parametrize(
    ("value", "way_out"),
    [
        ([1, 2], "log_list"),
        (np.arange(3), "log_list"),
        ({"a": 1}, "log_row"),
        (1j, "complex"),
        (object(), "object"),
        (b"bytes", "bytes"),
    ],
)
def test_a_value_that_cannot_be_a_metric_names_the_way_out(
    run: Run, value: Any, way_out: str
) -> None:
    with pytest.raises(TypeError, match=way_out):
        run.log("loss", value)

    assert run.get_metrics() == {}


@pytest.mark.parametrize("name", ["", None, 3, b"loss", ["loss"]])
def test_a_name_that_is_no_name_is_refused_and_nothing_is_written(run: Run, name: Any) -> None:
    for call in (
        lambda: run.log(name, 1.0),
        lambda: run.log_list(name, [1]),
        lambda: run.log_row(name, a=1),
        lambda: run.log_table(name, {"a": [1]}),
    ):
        with pytest.raises(errors.BadName, match="name"):
            call()

    assert run.get_metrics() == {}


def test_columns_of_different_lengths_are_refused(run: Run) -> None:
    with pytest.raises(errors.NotAMetric, match=r"'x': 2.*'y': 1"):
        run.log_table("t", {"x": [1, 2], "y": [1]})


def test_one_name_cannot_be_a_vector_and_a_table(run: Run) -> None:
    run.log("loss", 1.0)

    with pytest.raises(errors.MetricConflict, match="another name"):
        run.log_row("loss", a=1)
    run.log("loss", 2.0)

    assert run.get_metrics() == {"loss": [1.0, 2.0]}


def test_steps_times_and_special_values_are_kept(run: Run) -> None:
    for step, value in ((5, 1.0), (3, math.inf), (3, math.nan), (2**40, -0.0)):
        run.log("loss", value, step=step)

    series = run.get_series("loss")

    assert series.step.tolist() == [5, 3, 3, 2**40]
    assert series.value[1] == math.inf
    assert math.isnan(series.value[2])
    assert (np.diff(series.at) >= 0).all()
    with pytest.raises(errors.NotAMetric, match="step"):
        run.log("loss", 1.0, step="tomorrow")  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="never"):
        run.get_series("never")


def test_several_metrics_at_one_step(run: Run) -> None:
    run.log_metrics({"loss": 0.5, "accuracy": np.float64(0.9)}, step=7)

    assert run.get_series("accuracy").step.tolist() == [7]
    assert run.get_metrics() == {"loss": 0.5, "accuracy": 0.9}
    with pytest.raises(errors.NotAMetric, match="dict of name to value, got None"):
        run.log_metrics(None)  # type: ignore[arg-type]


def test_a_json_metric_is_its_document(run: Run) -> None:
    matrix = {
        "schema_type": "confusion_matrix",
        "schema_version": "1.0.0",
        "data": {"class_labels": ["a", "b"], "matrix": np.array([[1, 2], [3, 4]])},
    }

    run.log_confusion_matrix("My matrix", matrix)
    run.log_residuals("as text", '{"schema_type": "residuals"}')

    assert run.get_metrics()["My matrix"]["data"]["matrix"] == [[1, 2], [3, 4]]
    assert run.get_metrics()["as text"] == {"schema_type": "residuals"}
    with pytest.raises(errors.NotAMetric, match="JSON"):
        run.log_predictions("broken", "{")


def test_a_confusion_matrix_is_taken_as_sklearn_and_pandas_have_it(run: Run) -> None:
    counts = np.array([[3, 1], [0, 4]])

    run.log_confusion_matrix("array", counts)
    run.log_confusion_matrix("list", [[3, 1], [0, 4]])
    run.log_confusion_matrix("frame", pd.DataFrame(counts, columns=["cat", "dog"]))

    logged = run.get_metrics()
    assert logged["array"] == logged["list"]
    assert logged["array"]["data"] == {"class_labels": ["0", "1"], "matrix": [[3, 1], [0, 4]]}
    assert logged["frame"]["data"]["class_labels"] == ["cat", "dog"]
    for wrong in (np.zeros((2, 3)), [1, 2], [[1, 2], [3]], np.zeros((2, 2, 2)), [], 3):
        with pytest.raises(errors.NotAMetric, match=r"square matrix.*class_labels"):
            run.log_confusion_matrix("wrong", wrong)


def test_a_step_or_a_row_in_the_place_of_a_description_is_not_swallowed(run: Run) -> None:
    for step in (0, 5):
        with pytest.raises(errors.NotAMetric, match=rf"got {step}; did you mean step={step}\?"):
            run.log("loss", 1.0, step)  # type: ignore[arg-type]
    with pytest.raises(errors.NotAMetric, match=r"run.log_row\('row', \*\*\{'a': 1\}\)"):
        run.log_row("row", {"a": 1})  # type: ignore[arg-type]
    with pytest.raises(errors.NotAMetric, match=r"got \['a'\]$"):
        run.log_list("list", [1], ["a"])  # type: ignore[arg-type]
    run.log("loss", 1.0, None)  # type: ignore[arg-type]

    assert run.get_metrics() == {"loss": 1.0}


def test_descriptions_are_kept(run: Run) -> None:
    run.log("loss", 1.0, description="cross entropy")
    follower = run.store.follow(run.id)

    follower.read()

    assert follower.descriptions() == {"loss": "cross entropy"}


def test_a_finished_run_takes_nothing_more(run: Run, here: Path) -> None:
    run.log("loss", 1.0)
    run.complete()
    (here / "late.txt").write_text("late")

    for call in (
        lambda: run.log("loss", 2.0),
        lambda: run.log_row("rows", a=1),
        lambda: run.log_image("image", plot=PlotOf(PNG)),
        lambda: run.upload_file("late.txt", "late.txt"),
        lambda: Run(run.experiment, run.id).log("loss", 3.0),
    ):
        with pytest.raises(errors.RunClosed, match="Completed"):
            call()
    assert run.get_metrics() == {"loss": 1.0}
    assert run.get_file_names() == []


def test_a_mistake_is_told_without_what_happens_inside(run: Run) -> None:
    run.log("loss", 1.0)

    def tracebacks_of(call: Callable[[], None]) -> int:
        with pytest.raises(errors.RunWidgetsError) as raised:
            call()
        return "".join(traceback.format_exception(raised.value)).count("(most recent call last)")

    for wrong in (
        lambda: run.log(3, 1.0),  # type: ignore[arg-type]
        lambda: run.log("loss", 1.0, step=0.5),  # type: ignore[arg-type]
    ):
        assert tracebacks_of(wrong) == 1
    run.complete()
    assert tracebacks_of(lambda: run.log("new", 1.0)) == 1


def test_threads_log_to_one_run_and_lose_nothing(run: Run) -> None:
    def work(name: str) -> None:
        for i in range(20_000):
            run.log(name, float(i), step=i)

    threads = [threading.Thread(target=work, args=(f"m{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(run.get_metrics()[f"m{n}"] == [float(i) for i in range(20_000)] for n in range(4))


def test_a_run_is_found_by_the_number_that_its_panel_shows(experiment: Experiment) -> None:
    runs = [experiment.start_logging(snapshot_directory=None) for _ in range(3)]

    assert Run(experiment, 2).id == runs[1].id
    assert get_run(experiment, runs[2].number).id == runs[2].id
    assert not runs[0].diff(2).facts
    with pytest.raises(errors.RunNotFound, match="no run 4 in experiment 'model-logging'"):
        Run(experiment, 4)


# -- images and files --


class PlotOf:
    """Anything with matplotlib's `savefig`."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def savefig(self, stream: Any, format: str) -> None:
        stream.write(self._content)


def test_images_come_from_plots_and_files_and_never_collide(run: Run, here: Path) -> None:
    (here / "curve.svg").write_bytes(SVG)

    run.log_image("tanh", plot=PlotOf(PNG))
    run.log_image("tanh", plot=PlotOf(PNG + b"other"))
    run.log_image("curve", path=here / "curve.svg")

    names = run.get_metrics()["tanh"]
    assert len(set(names)) == 2
    assert run.get_metrics()["curve"] == "curve.svg"  # the name in the run, not a place on disk
    assert run.get_metrics("curve", populate=True)["curve"] == SVG
    assert sorted(run.get_file_names()) == sorted([*names, "curve.svg"])


def test_a_plot_is_taken_as_people_have_it_at_hand(run: Run) -> None:
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    figure = Figure()
    axes = figure.subplots()
    display = ConfusionMatrixDisplay(np.eye(2)).plot(ax=axes)

    for name, plot in {"figure": figure, "axes": axes, "display": display}.items():
        run.log_image(name, plot)

    pictures = run.get_metrics(populate=True)
    assert len(pictures) == 3
    assert all(picture.startswith(PNG[:8]) for picture in pictures.values())


@pytest.mark.parametrize(
    ("pixels", "shown"),
    [
        (np.array([[0, 128], [255, 7]], np.uint8), [[0, 128], [255, 7]]),
        (np.array([[0, 128], [255, 7]]), [[0, 128], [255, 7]]),
        (np.array([[[0], [128]]], np.uint8), [[0, 128]]),
        (np.array([[0.0, 0.5, 1.0]], np.float32), [[0, 128, 255]]),
        (np.array([[True, False]]), [[255, 0]]),
        (np.array([[[1, 2, 3]]], np.uint8), [[[1, 2, 3]]]),
        (np.array([[[1, 2, 3, 4]]], np.uint8), [[[1, 2, 3, 4]]]),
    ],
)
def test_an_array_is_the_picture_of_its_pixels(run: Run, pixels: Any, shown: Any) -> None:
    from PIL import Image

    run.log_image("pixels", pixels)

    picture = Image.open(io.BytesIO(run.get_metrics(populate=True)["pixels"]))
    assert np.asarray(picture).tolist() == shown


def test_a_dict_given_to_log_is_told_of_log_metrics(run: Run) -> None:
    for wrong in (lambda: run.log({"loss": 0.3}), lambda: run.log({"loss": 0.3}, step=1)):  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"got \{'loss': 0.3\}: use run.log_metrics"):
            wrong()
    with pytest.raises(TypeError, match=r"run.log\('loss', …\) needs a value"):
        run.log("loss")

    assert run.get_metrics() == {}


def test_an_image_needs_one_source_and_must_be_one(run: Run, here: Path) -> None:
    (here / "text.png").write_text("not a picture")

    with pytest.raises(errors.NotAMetric, match="none"):
        run.log_image("i")
    with pytest.raises(errors.NotAMetric, match="both"):
        run.log_image("i", path="a.png", plot=PlotOf(PNG))
    with pytest.raises(errors.NotAMetric, match="not a PNG"):
        run.log_image("i", path="text.png")
    with pytest.raises(FileNotFoundError):
        run.log_image("i", path="never.png")
    for nothing in (3, np.zeros((3, 8, 8)), np.zeros((3, 0)), np.array(["a"])):
        with pytest.raises(errors.NotAMetric, match=r"matplotlib.*array"):
            run.log_image("i", plot=nothing)
    with pytest.raises(errors.NotAMetric, match=r"from 0\.0 to 200\.0.*0 to 1"):
        run.log_image("i", np.array([[0.0, 200.0]]))
    with pytest.raises(errors.NotAMetric, match=r"from -1 to 256.*0 to 255"):
        run.log_image("i", np.array([[-1, 256]]))
    with pytest.raises(errors.NotAMetric, match="nan"):
        run.log_image("i", np.array([[0.5, np.nan]]))
    assert run.get_metrics() == {}
    assert run.get_file_names() == []


def test_files_go_in_and_come_out(run: Run, here: Path) -> None:
    (here / "metrics.txt").write_text("loss 1")

    run.upload_file("outputs/metrics.txt", "metrics.txt")
    run.upload_file("outputs/metrics.txt", here / "metrics.txt")  # the same again: nothing to do

    assert run.get_file_names() == ["outputs/metrics.txt"]
    assert run.download_file("outputs/metrics.txt", here / "copy" / "m.txt").read_text() == "loss 1"
    with (here / "metrics.txt").open("rb") as stream:
        run.upload_file("outputs/stream.txt", stream)
    (here / "long.txt").write_text("ä" * 3_000_000)  # more than is read at once
    with (here / "long.txt").open() as text:
        run.upload_file("long.txt", text)
    assert run.download_file("long.txt", here / "l.txt").read_text() == "ä" * 3_000_000
    assert run.get_file_names() == ["long.txt", "outputs/metrics.txt", "outputs/stream.txt"]


def test_other_content_under_a_taken_name_needs_a_word(run: Run, here: Path) -> None:
    (here / "a.txt").write_text("one")
    run.upload_file("a.txt", "a.txt")
    (here / "a.txt").write_text("two")

    with pytest.raises(errors.FileConflict, match="overwrite=True"):
        run.upload_file("a.txt", "a.txt")
    run.upload_file("a.txt", "a.txt", overwrite=True)

    assert run.download_file("a.txt", "out.txt").read_text() == "two"


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../../x", "..", "", "a\0b", "C:/x", "a//b", "./../x", "..\\x"]
)
def test_a_file_name_that_escapes_is_refused(run: Run, here: Path, name: str) -> None:
    (here / "a.txt").write_text("x")

    with pytest.raises(errors.BadName, match="relative path"):
        run.upload_file(name, "a.txt")
    with pytest.raises(errors.FileNotInRun):
        run.download_file(name, "out.txt")

    assert run.get_file_names() == []


def test_a_file_that_is_not_there_says_what_is(run: Run, here: Path) -> None:
    (here / "a.txt").write_text("x")
    run.upload_file("a.txt", "a.txt")

    with pytest.raises(errors.FileNotInRun, match=r"a\.txt"):
        run.download_file("b.txt")
    with pytest.raises(FileNotFoundError, match="never"):
        run.upload_file("b.txt", "never")


def test_folders_go_in_and_come_out(run: Run, here: Path) -> None:
    for name in ("model/a.bin", "model/deep/b.bin"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)

    run.upload_folder("outputs/model", "model/")

    assert run.get_file_names() == ["outputs/model/a.bin", "outputs/model/deep/b.bin"]
    run.download_files(prefix="outputs/model", output_directory="out", append_prefix=False)
    assert (here / "out" / "deep" / "b.bin").read_text() == "model/deep/b.bin"
    with pytest.raises(errors.FileNotInRun):
        run.download_files(prefix="never")


def test_outputs_are_there_before_the_status_is_final(experiment: Experiment, here: Path) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    (here / "outputs" / "model.txt").write_text("weights")

    run.complete()

    assert run.get_file_names() == ["outputs/model.txt"]


def test_what_an_earlier_run_left_is_no_output_of_the_next(
    experiment: Experiment, here: Path
) -> None:
    for name in ("kept", "again", "longer"):
        Path("outputs").mkdir(exist_ok=True)
        Path("outputs", name).write_text("old")

    run = experiment.start_logging(snapshot_directory=None)
    Path("outputs/again").write_text("old")
    Path("outputs/longer").write_text("older")
    Path("outputs/new").write_text("new")
    run.complete()
    named = experiment.start_logging(snapshot_directory=None, outputs="outputs")
    named.complete()

    assert run.get_file_names() == ["outputs/again", "outputs/longer", "outputs/new"]
    assert len(named.get_file_names()) == 4
    assert Path("outputs/kept").exists()


def test_a_resumed_run_has_the_outputs_of_its_first_half(experiment: Experiment) -> None:
    experiment.start_logging(run_id="halves", snapshot_directory=None)
    Path("outputs/first").write_text("written before the crash")

    experiment.start_logging(run_id="halves", resume=True, snapshot_directory=None).complete()

    assert Run(experiment, "halves").get_file_names() == ["outputs/first"]


def test_system_metrics_begin_with_what_was_measured(run: Run) -> None:
    measured: list[float] = []
    monitor = Monitor(lambda name, value: measured.append(value), every_s=0.3)

    monitor.start()
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        pass
    monitor.stop()

    assert measured[0] > 0


AWKWARD = ["x:y.txt", "back\\slash.txt", ".hidden", "log-10:30.txt", "..twice", "späce d"]


@pytest.mark.skipif(sys.platform == "win32", reason="such files cannot be there")
def test_an_output_keeps_its_name_whatever_it_is_and_comes_out_again(
    experiment: Experiment, here: Path
) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    for name in AWKWARD:
        (here / "outputs" / name).write_text(name)

    run.complete()

    assert run.get_file_names() == sorted(f"outputs/{name}" for name in AWKWARD)
    for name in AWKWARD:
        assert run.download_file(f"outputs/{name}", "out.txt").read_text() == name
    assert len(run.download_files("outputs", "all")) == len(AWKWARD)
    assert sorted(path.name for path in (here / "all" / "outputs").iterdir()) == sorted(AWKWARD)


@pytest.mark.parametrize(
    ("outputs", "name"),
    [
        (".results", ".results/a.txt"),
        ("{here}/outputs", "outputs/a.txt"),
        ("../elsewhere", "elsewhere/a.txt"),
        ("{here}/../elsewhere", "elsewhere/a.txt"),
        ("./deep/../deep/er/", "deep/er/a.txt"),
    ],
)
def test_outputs_have_the_name_that_their_folder_has_here(
    experiment: Experiment, here: Path, outputs: str, name: str
) -> None:
    folder = Path(outputs.format(here=here))
    run = experiment.start_logging(snapshot_directory=None, outputs=str(folder))
    (folder / "a.txt").write_text("a")

    run.complete()

    assert run.get_file_names() == [name]


def test_a_name_with_backslashes_means_folders(run: Run, here: Path) -> None:
    (here / "a.txt").write_text("a")

    run.upload_file("outputs\\model\\a.txt", "a.txt")

    assert run.get_file_names() == ["outputs/model/a.txt"]
    for name in ("outputs\\model\\a.txt", "./outputs/model/a.txt", Path("outputs/model/a.txt")):
        assert run.download_file(name, "out.txt").read_text() == "a"


def test_a_folder_made_for_outputs_goes_if_it_stays_empty(
    experiment: Experiment, here: Path
) -> None:
    experiment.start_logging(snapshot_directory=None).complete()

    assert not (here / "outputs").exists()


# -- labels --


def test_tags_change_and_properties_do_not(run: Run) -> None:
    run.tag("Build Number", value="20190715.4")
    run.set_tags({"n": 1})
    run.add_properties({"author": "John Doe"})
    run.add_properties({"author": "John Doe"})  # the same again is fine

    run.tag("n", 2)
    assert run.get_tags() == {"Build Number": "20190715.4", "n": "2"}
    with pytest.raises(errors.PropertyConflict, match="John Doe"):
        run.add_properties({"new": "x", "author": "Jane"})
    assert run.get_properties() == {"author": "John Doe"}
    assert run.remove_tags(["n"]) == {"Build Number": "20190715.4"}


def test_tags_can_be_added_after_the_end(run: Run) -> None:
    run.complete()

    run.tag("judged", "good")

    assert Run(run.experiment, run.id).tags == {"judged": "good"}


# -- life --


def test_runs_are_numbered_and_listed_newest_first(experiment: Experiment) -> None:
    runs = [experiment.start_logging(snapshot_directory=None) for _ in range(3)]
    for run in runs:
        run.complete()

    assert [run.number for run in experiment.get_runs()] == [3, 2, 1]
    assert repr(runs[0]) == (
        f"Run(Experiment: model-logging,\nId: {runs[0].id},\nType: None,\nStatus: Completed)"
    )


def test_runs_are_found_by_tags_properties_and_status(experiment: Experiment) -> None:
    first = experiment.start_logging(snapshot_directory=None, tags={"Build Number": "1"})
    second = experiment.start_logging(snapshot_directory=None, properties={"author": "John Doe"})
    first.complete()
    second.fail("no luck")
    ids = lambda runs: [run.id for run in runs]  # noqa: E731

    assert ids(experiment.get_runs(tags={"Build Number": "1"})) == [first.id]
    assert ids(experiment.get_runs(tags="Build Number")) == [first.id]
    assert ids(experiment.get_runs(tags={"Build Number": "2"})) == []
    assert ids(experiment.get_runs(properties={"author": "John Doe"})) == [second.id]
    assert ids(Run.list(experiment, status="Failed")) == [second.id]
    with pytest.raises(ValueError, match="tags"):
        experiment.get_runs(tags=3)  # type: ignore[arg-type]


def test_an_unknown_run_is_an_error_that_names_it(experiment: Experiment) -> None:
    for run_id in ("never", "../etc", ""):
        with pytest.raises(errors.RunNotFound, match="no run"):
            Run(experiment, run_id)


def test_the_end_of_a_run_that_somebody_deleted_says_nothing_and_brings_nothing_back(
    experiment: Experiment, workspace: Workspace, here: Path
) -> None:
    run = experiment.start_logging(run_id="mine", snapshot_directory=None)
    experiment.start_logging(run_id="mine-2", snapshot_directory=None, outputs=False).delete()
    assert not workspace.store.is_deleted("mine")
    (here / "outputs" / "a.txt").write_text("stays here")
    run.log("loss", 0.5)

    workspace.get_run("mine").delete(force=True)
    run.log("loss", 0.25)
    run.complete()  # without a warning, which would be an error

    assert list(experiment.get_runs()) == []
    assert (here / "outputs" / "a.txt").exists()


def test_what_is_given_to_a_resumed_run_changes_it(experiment: Experiment) -> None:
    first = experiment.start_logging(
        run_id="mine", snapshot_directory=None, display_name="old", tags={"a": 1, "try": 1}
    )
    first.complete()

    again = experiment.start_logging(
        run_id="mine", resume=True, snapshot_directory=None, description="again",
        tags={"try": 2}, properties={"p": 1},
    )  # fmt: skip
    again.complete()

    assert again.get_tags() == {"a": "1", "try": "2"}
    assert again.get_properties() == {"p": "1"}
    assert (again.display_name, again.description) == ("old", "again")
    with pytest.raises(errors.BadArgument, match="run_id"):
        experiment.start_logging(resume=True)


def test_a_status_that_no_run_can_have_and_a_wrong_count_are_refused(run: Run) -> None:
    with pytest.raises(errors.BadArgument, match=r"'running': it is one of NotStarted, .*Running"):
        Run.list(run.experiment, status="running")
    for count in (-1, 1.5, "x"):
        with pytest.raises(errors.BadArgument, match="whole number"):
            run.create_children(count)  # type: ignore[arg-type]

    assert list(run.get_children(status="Paused")) == []


def test_a_taken_run_id_is_refused_unless_resumed(experiment: Experiment) -> None:
    run = experiment.start_logging(run_id="mine", snapshot_directory=None)
    run.log("loss", 1.0)
    run.complete()

    with pytest.raises(errors.RunExists, match="mine"):
        experiment.start_logging(run_id="mine", snapshot_directory=None)
    again = experiment.start_logging(run_id="mine", resume=True, snapshot_directory=None)
    again.log("loss", 2.0)
    again.complete()

    assert again.get_metrics() == {"loss": [1.0, 2.0]}
    assert again.number == 1


def test_a_run_that_failed_says_why(run: Run) -> None:
    try:
        raise ValueError("bad batch")
    except ValueError as error:
        run.fail(error)

    details = run.get_details()
    assert details["status"] == "Failed"
    assert details["error"]["error"]["message"] == "User program failed with ValueError: bad batch"
    assert "bad batch" in details["error"]["error"]["debugInfo"]["stackTrace"]
    with pytest.raises(errors.RunFailed, match="bad batch"):
        run.wait_for_completion()
    with pytest.raises(TypeError, match="error_details"):
        Run(run.experiment, run.id).fail(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "message"),
    [("", "User program failed with ValueError: bad batch"), ("epoch 3\n", "epoch 3")],
)
def test_a_traceback_told_as_text_is_an_exceptions(run: Run, before: str, message: str) -> None:
    try:
        raise ValueError("bad batch")
    except ValueError:
        told = before + traceback.format_exc()

    run.fail(told)

    error = run.get_details()["error"]["error"]
    assert error["message"] == message
    assert error["debugInfo"] == {"type": "ValueError", "stackTrace": told}


def test_a_text_that_only_mentions_a_traceback_is_kept(run: Run) -> None:
    run.fail("Traceback (most recent call last): see the log")

    error = run.get_details()["error"]["error"]
    assert error["message"] == "Traceback (most recent call last): see the log"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "Completed"),
        (SystemExit(0), "Completed"),
        (SystemExit(None), "Completed"),
        (SystemExit(3), "Failed"),
        (KeyboardInterrupt(), "Failed"),
        (ValueError("x"), "Failed"),
    ],
)
def test_a_block_ends_its_run(
    experiment: Experiment, here: Path, error: BaseException | None, status: str
) -> None:
    stdout = sys.stdout
    try:
        with experiment.start_logging(snapshot_directory=None) as run:
            print("in the block")
            os.chdir("/")
            if error is not None:
                raise error
    except BaseException as raised:
        assert raised is error  # noqa: PT017

    assert run.get_status() == status
    assert Path.cwd() == here
    assert sys.stdout is stdout
    log = Path(run.get_details()["logFiles"]["logs/user_log.txt"]).read_text()
    assert "in the block" in log
    assert ("Traceback" in log) == (error is not None)


def test_of_blocks_within_each_other_the_outermost_ends_the_run(run: Run) -> None:
    stdout = sys.stdout
    with run:
        with run:
            print("inside")
        run.log("after", 1)

    assert (run.get_status(), run.get_metrics()) == ("Completed", {"after": 1})
    assert sys.stdout is stdout
    assert (run.folder / "files/logs/user_log.txt").read_text() == "inside\n"


def test_a_block_needs_no_console(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with run:
        print("to nobody")

    assert sys.stdout is None
    assert run.get_status() == "Completed"


def test_ending_twice_is_harmless_and_changing_the_end_is_refused(run: Run) -> None:
    run.complete()
    run.complete()

    with pytest.raises(errors.RunClosed, match="Completed"):
        run.fail("after all")


def test_a_run_is_asked_to_stop_from_anywhere(run: Run) -> None:
    other = Run(run.experiment, run.id)

    before = run.should_stop()
    other.store.request_stop(run.id)

    assert (before, run.should_stop()) == (False, True)


def test_what_the_system_refuses_is_told_as_the_stores_trouble(
    run: Run, workspace: Workspace
) -> None:
    (run.folder / "stop").mkdir()
    (workspace.path / ".trash").touch()
    os.mkfifo(run.folder / "progress")

    with pytest.raises(errors.StoreUnavailable, match=f"{run.id} cannot be written"):
        run.cancel()
    with pytest.raises(errors.StoreUnavailable, match=r"model-logging cannot be written.*\.trash"):
        workspace.store.delete_run(run.id)
    run.set_progress(1, 2)  # waits for nobody to read it


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can")
def test_a_workspace_that_may_not_be_read_is_told_of(run: Run, workspace: Workspace) -> None:
    os.seteuid(65534)
    try:
        with pytest.raises(errors.RunNotFound, match="which this user may not read"):
            Workspace(workspace.path).get_run(run.id)
    finally:
        os.seteuid(0)


def test_a_tracked_loop_shows_how_far_it_is(run: Run) -> None:
    seen = []
    for step in run.track(range(200)):
        if step in (0, 199):
            record = run.store.run(run.id)
            seen.append((record.done_steps, record.total_steps))

    record = run.store.run(run.id)
    assert seen[0] == (0, 200)
    assert (record.done_steps, record.total_steps) == (200, 200)
    assert list(run.track(iter("abc"))) == ["a", "b", "c"]
    assert run.store.run(run.id).total_steps is None


def test_values_that_were_kept_elsewhere_keep_their_time(run: Run) -> None:
    for step in range(3):
        run.log_metrics({"loss": 1.0, "acc": step}, step=step, at=1e9 + step)

    assert [*run.get_series("loss").at] == [1e9, 1e9 + 1, 1e9 + 2]
    assert [*run.get_series("acc").value] == [0, 1, 2]
    for nonsense in ("yesterday", math.nan, [1.0], -1.0, 1e9 * 1e6):
        with pytest.raises(errors.BadArgument, match="seconds since the epoch as at, got"):
            run.log_metrics({"loss": 1.0}, at=nonsense)  # type: ignore[arg-type]


def test_the_progress_of_a_foreign_loop_is_written_now_and_then_and_at_its_end(run: Run) -> None:
    seen = set()
    for done in range(1001):
        run.set_progress(done, 1000)
        seen.add(run.store.run(run.id).done_steps)

    assert {0, 1000} <= seen
    assert len(seen) < 100


def test_a_tracked_loop_ends_when_asked_to_stop(run: Run) -> None:
    steps = 0
    for _ in run.track(range(1_000_000)):
        steps += 1
        time.sleep(0.01)
        if steps == 3:
            run.store.request_stop(run.id)

    assert 3 <= steps < 100
    assert run.store.run(run.id).done_steps < 100  # type: ignore[operator]


def test_children_know_their_parent(run: Run) -> None:
    child = run.child_run(name="fold 1", tags={"fold": 1})
    grandchild = child.child_run()
    batch = run.create_children(tag_key="lr", tag_values=[0.1, 0.2])
    for one in (grandchild, child, *batch):
        one.complete()

    assert child.parent is not None
    assert child.parent.id == run.id
    assert child.tags == {"fold": "1"}
    assert {r.id for r in run.get_children()} == {child.id, *(r.id for r in batch)}
    assert {r.id for r in run.get_children(recursive=True)} > {grandchild.id}
    assert [r.id for r in run.get_children(tags={"lr": "0.1"})] == [batch[0].id]
    assert [r.id for r in run.experiment.get_runs()] == [run.id]
    assert len(list(run.experiment.get_runs(include_children=True))) == 5
    child.parent.log("loss", 1.0)
    assert run.get_metrics(recursive=True) == {run.id: {"loss": 1.0}}
    with pytest.raises(ValueError, match="either"):
        run.create_children(count=2, tag_key="lr")


def test_a_run_folder_opens_on_its_own(run: Run, tmp_path: Path) -> None:
    import shutil

    run.log("loss", 1.0)
    run.complete()
    shutil.copytree(run.folder, tmp_path / "elsewhere" / "copied")

    opened = Run.open(tmp_path / "elsewhere" / "copied")

    assert (opened.id, opened.get_metrics()) == (run.id, {"loss": 1.0})
    with pytest.raises(errors.RunNotFound):
        Run.open(tmp_path)


def test_the_context_of_no_job_is_a_real_run(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_WIDGETS_HOME", str(tmp_path / "home"))
    with pytest.raises(errors.NoRunHere):
        Run.get_context(allow_offline=False)

    run = Run.get_context()
    run.log("loss", 1.0, step=3)

    assert Run.get_context() is run
    assert run.get_metrics() == {"loss": 1.0}
    assert run.experiment.name
    with pytest.raises(errors.NoRunHere):  # this one was not submitted either
        Run.get_context(allow_offline=False)
    run.complete()

    another = Run.get_context()

    assert another.id != run.id
    another.log("loss", 1.0)
    another.complete()


def test_a_html_table_escapes_what_strangers_wrote(workspace: Workspace, run: Run) -> None:
    run.display_name = "<script>alert(1)</script>"

    assert "<script>" not in run._repr_html_() + run.experiment._repr_html_()
    assert run.display_name == "<script>alert(1)</script>"


def test_frames_have_every_value_and_the_best(run: Run, tmp_path: Path) -> None:
    run.set_goal("loss", "minimize")
    for step, value in enumerate((3.0, 1.0, 2.0)):
        run.log("loss", value, step=step)
    run.log("lr", 0.1)
    run.tag("kind", "test")

    frame, row = run.to_pandas(), run.experiment.to_pandas().loc[run.id]

    assert list(frame.columns) == ["name", "step", "time", "value"]
    assert frame[frame.name == "loss"].value.tolist() == [3.0, 1.0, 2.0]
    assert (row["loss:last"], row["loss:min"], row["loss:max"], row["loss:best"]) == (2, 1, 3, 1)
    assert (row["lr"], row["tag:kind"], row["status"]) == (0.1, "test", "Running")
    run.to_csv(tmp_path / "run.csv")
    assert (tmp_path / "run.csv").read_text().count("\n") == 5
    run.log("phase", "warm, up")
    run.log("phase", 2)
    phase = run.to_pandas().set_index("name").loc["phase"]
    assert phase.text.tolist()[0] == "warm, up"
    assert phase.text.isna().tolist() == phase.value.notna().tolist() == [False, True]
    run.to_csv(tmp_path / "run.csv")
    assert '"warm, up"' in (tmp_path / "run.csv").read_text()


def test_frames_have_what_pandas_has_no_form_for(run: Run, tmp_path: Path) -> None:
    run._open_writer().put_all({"lone \ud800": 1.0}, None, 1e300)  # as in a stranger's run
    run._update(lambda known: known.update(started_at=2e11))  # older versions end in 2262

    frame = run.to_pandas()

    assert (frame.name[0], frame.value[0], frame.time.isna()[0]) == ("lone \ud800", 1.0, True)
    assert run.id in run.experiment.to_pandas().index
    run.to_csv(tmp_path / "run.csv")
    assert "lone \\ud800" in (tmp_path / "run.csv").read_text()


def test_a_frame_of_runs_has_whole_texts_and_reads_no_points_of_runs_that_ended(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = experiment.start_logging(snapshot_directory=None)
    ended.log("loss", math.nan)
    ended.log("loss", 2.0)
    ended.log("count", 5)
    ended.log_list("steps", [1, 2])
    ended.complete()
    monkeypatch.setattr(Listing, "digest_of", lambda *_: pytest.fail("points were read"))
    row = experiment.to_pandas().loc[ended.id]
    monkeypatch.undo()

    assert (row["loss:last"], row["loss:min"], row["loss:max"]) == (2, 2, 2)
    assert (row["count"], "steps" in row) == (5, False)

    going = experiment.start_logging(snapshot_directory=None)
    going.log("notes", "x" * 1000)

    frame = experiment.to_pandas()

    assert list(frame.index) == [going.id, ended.id]
    assert frame.loc[going.id, "notes"] == "x" * 1000


def test_system_metrics_are_metrics_like_others(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None, system_metrics=0.05)

    run.complete()

    assert {"system/cpu_percent", "system/memory_percent"} <= set(run.get_metrics())
    assert not [t for t in threading.enumerate() if t.name == "run-widgets-monitor"]


# -- how processes end --


def script(tmp_path: Path, body: str) -> subprocess.Popen[str]:
    """Run Python that has a run in its hands, and prints its id first."""
    code = f"""
        import os, sys, time
        from run_widgets import Experiment, Workspace
        experiment = Experiment(Workspace({str(tmp_path / "workspace")!r}), "model-logging")
        run = experiment.start_logging(snapshot_directory=None, outputs=False)
        run.log("loss", 1.0)
        print(run.id, flush=True)
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code) + textwrap.dedent(body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("", "Completed", ""),
        ("raise ValueError('bad batch')", "Failed", "ValueError: bad batch"),
        ("os._exit(0)", "Failed", "ended without completing"),
        ("os.kill(os.getpid(), 9)", "Failed", "ended without completing"),
    ],
)
def test_a_scripts_end_is_its_runs_end(
    tmp_path: Path, experiment: Experiment, body: str, status: str, message: str
) -> None:
    process = script(tmp_path, body)
    run_id = (process.communicate()[0]).strip()

    run = Run(experiment, run_id)

    assert run.status == status
    assert run.get_metrics() == {"loss": 1.0}
    if message:
        assert message in run.get_details()["error"]["error"]["message"]


def test_ctrl_c_in_a_script_fails_its_run(tmp_path: Path, experiment: Experiment) -> None:
    # Many short naps: a signal that comes just before a long one begins would not end it.
    process = script(tmp_path, "for _ in range(2000): time.sleep(0.03)")
    assert process.stdout is not None
    run_id = process.stdout.readline().strip()

    process.send_signal(signal.SIGINT)
    process.communicate()

    details = Run(experiment, run_id).get_details()
    assert details["status"] == "Failed"
    assert "KeyboardInterrupt" in details["error"]["error"]["message"]


UNHEARD = """
import sys

asked = []
network = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
sys.addaudithook(lambda event, args: event in network and asked.append((event, args)))

from run_widgets import Experiment, ExperimentDetails, RunDetails

run = Experiment(name="quiet").start_logging()
run.log("loss", 1.0)
run.complete()
RunDetails(run).show()
ExperimentDetails(run.experiment).show()
sys.exit("\\n".join(map(str, asked)) or None)
"""


def test_nobody_on_the_network_is_asked_or_told_of_anything() -> None:
    subprocess.run([sys.executable, "-c", UNHEARD], check=True, stdout=subprocess.DEVNULL)
