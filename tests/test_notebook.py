"""The notebook that a run keeps: the executed cells, in order, without secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
from hypothesis import given
from hypothesis import strategies as st

from run_widgets.source import notebook
from run_widgets.source.notebook import Cell

AWS = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB = "ghp_" + "a1B2" * 9


# -- the notebook ----------------------------------------------------------------------------


def test_the_cells_become_a_valid_notebook_in_the_order_of_execution() -> None:
    cells = [Cell(1, "x = 1"), Cell(3, "1/0", has_failed=True), Cell(4, "password = 'p'")]

    made = nbformat.reads(notebook.to_ipynb(cells, name="a.ipynb"), as_version=4)

    nbformat.validate(made)
    assert [cell.source for cell in made.cells] == ["x = 1", "1/0", "password = '***'"]
    assert [cell.execution_count for cell in made.cells] == [1, 3, 4]
    assert [cell.metadata.get("tags") for cell in made.cells] == [None, ["raises-exception"], None]
    assert made.metadata["run_widgets"]["notebook"] == "a.ipynb"


@given(st.lists(st.text(max_size=100), max_size=5))
def test_any_text_in_a_cell_makes_a_valid_notebook(sources: list[str]) -> None:
    cells = [Cell(n + 1, source) for n, source in enumerate(sources)]

    text = notebook.to_ipynb(cells)

    nbformat.validate(json.loads(text.encode("utf-8", "surrogatepass")))


KERNEL = """
import json, sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
from run_widgets.source import notebook

path = Path(sys.argv[1])
shell = InteractiveShell.instance()
shell.run_cell("x = 40", store_history=True)
shell.run_cell("1/0", store_history=True)
shell.run_cell("silent = 1", silent=True)
def later(work):
    works.append(work)
works = []
shell.user_ns.update(record=notebook.record, path=path, later=later)
shell.run_cell("recording = record(path, later)\\nx += 1", store_history=True)

def sources():
    return [cell["source"] for cell in json.loads(path.read_text())["cells"]]

works[-1]()
at_start = sources()
shell.run_cell("token = 'ghp_" + "a1B2" * 9 + "'", store_history=True)
shell.run_cell("x += 1\\nrecording.stop()", store_history=True)
count = len(works)
shell.run_cell("after = 1", store_history=True)
shell.user_ns["recording"].stop()
works[-1]()
json.dump([at_start, path.read_text(), len(works) == count], sys.stdout)
"""


def test_a_recording_holds_the_cells_up_to_and_during_the_run(tmp_path: Path) -> None:
    path = tmp_path / "notebook.ipynb"
    done = subprocess.run(
        [sys.executable, "-c", KERNEL, path], capture_output=True, text=True, check=True
    )
    at_start, at_stop, is_final = json.loads(done.stdout.splitlines()[-1])

    made = nbformat.reads(at_stop, as_version=4)
    assert at_start == [["x = 40"], ["1/0"], ["recording = record(path, later)\n", "x += 1"]] or [
        "".join(source) for source in at_start
    ] == ["x = 40", "1/0", "recording = record(path, later)\nx += 1"]
    nbformat.validate(made)
    assert [cell.source for cell in made.cells] == [
        "x = 40",
        "1/0",
        "recording = record(path, later)\nx += 1",
        "token = '***'",
        "x += 1\nrecording.stop()",
    ]
    assert made.cells[1].metadata["tags"] == ["raises-exception"]
    assert is_final
    assert [entry.name for entry in tmp_path.iterdir()] == ["notebook.ipynb"]


def test_outside_ipython_there_is_no_recording_and_nothing_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from run_widgets.source import notebook;"
        "assert notebook.record(Path('x'), print) is None;"
        "assert not {'IPython', 'nbformat'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
