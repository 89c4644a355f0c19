"""The kernel's half and the browser's half speak of the same things."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets
import pytest

import run_widgets
from run_widgets.front_end import FRONT_END
from run_widgets.panel.run_details import RunDetails, RunImage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from run_widgets import Run

JS = Path(run_widgets.__file__).parents[1] / "js"
MODEL_TS = (JS / "src" / "model.ts").read_text()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    workspace = run_widgets.Workspace(tmp_path / "workspace")
    with run_widgets.Experiment(workspace, "sync").start_logging(
        outputs=False, snapshot_directory=None
    ) as run:
        yield run


def fields(name: str) -> set[str]:
    """Return the field names of a type in model.ts."""
    (body,) = re.findall(rf"^export type {name} = \{{(.*?)^\}};", MODEL_TS, re.S | re.M)
    return set(re.findall(r"^  (\w+)\??:", body, re.M))


def one_line_fields(name: str) -> set[str]:
    (body,) = re.findall(rf"^export type {name} = \{{(.*?)\}};", MODEL_TS, re.M)
    return set(re.findall(r"(\w+)\??:", body))


@pytest.mark.parametrize(
    ("widget", "base", "name"),
    [
        (RunDetails, ipywidgets.DOMWidget, "RunModel"),
        (RunImage, ipywidgets.Widget, "RunImageModel"),
    ],
)
def test_every_synced_trait_has_its_field(
    widget: type[ipywidgets.Widget], base: type[ipywidgets.Widget], name: str
) -> None:
    ours = set(widget.class_trait_names(sync=True)) - set(base.class_trait_names(sync=True))

    assert ours == fields(name)


def test_what_the_traits_hold_has_its_fields(run: Run) -> None:
    run.log("loss", 1.0)
    run.log("loss", 2.0)
    run.log_row("row", a=1)
    run.log_confusion_matrix("classes", {"data": {"matrix": [[1]]}})
    run.upload_file("notes.txt", __file__)
    details = RunDetails(run)

    state = details.get_state()

    assert set(state["facts"]) == fields("Facts")
    assert {key for metric in state["metrics"] for key in metric} == one_line_fields("Metric")
    assert {key for table in state["tables"] for key in table} == fields("Table")
    assert {key for entry in state["files"] for key in entry} == one_line_fields("FileEntry")
    (document,) = state["documents"]
    assert set(document) == one_line_fields("DocumentEntry")
    assert set(document["drawn"][0]) == fields("Drawn")
    chart = state["charts"][0]
    assert set(chart) == fields("ChartState")
    assert {key for line in chart["series"] for key in line} == one_line_fields("SeriesEntry")
    assert {key for columns in chart["data"] for key in columns} == one_line_fields("Columns")


def test_both_halves_name_the_same_package_and_version() -> None:
    version_ts = (JS / "src" / "version.ts").read_text()
    constants = dict(re.findall(r'export const (\w+) = "(.+?)"', version_ts))

    assert constants["MODULE_NAME"] == FRONT_END["module"]
    assert constants["MODULE_VERSION"] == run_widgets.__version__
    assert FRONT_END["version"] == f"^{run_widgets.__version__}"
    for widget in (RunDetails, RunImage):
        assert (
            f"export class {widget._model_name.default_value} "
            in (JS / "src" / "widget.ts").read_text()
        )
