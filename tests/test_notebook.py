"""The notebook that a run keeps: the executed cells, in order, without secrets."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_widgets import notebook
from run_widgets.notebook import Cell, masked

AWS = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB = "ghp_" + "a1B2" * 9


# -- secrets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "password = 'hunter2'",
        'DB_PASSWORD: str = "hunter2"',
        "connect(host='db', password='hunter2', port=1)",
        "config = {'user': 'ann', \"api_key\": 'hunter2'}",
        "os.environ['AZURE_CLIENT_SECRET'] = 'hunter2'",
        "os.environ.setdefault('MY_API_KEY', 'hunter2')",
        "key = os.getenv('API_KEY', 'hunter2')",
        "if secret == 'hunter2': pass",
        'self.private_key = """\nhunter2\n"""',
        "passphrase = rb'hunter2'",
        "%env API_TOKEN=hunter2",
        "%env API_TOKEN hunter2",
        "!export DB_PASSWORD=hunter2 && run",
        "!login --user ann --password hunter2",
        "!curl --token=hunter2 http://x",
        "out = !login --password hunter2",
        "%%bash\nexport SECRET_KEY='hunter2'\nlogin --password hunter2",
        "url = 'postgresql://ann:hunter2@db:5432/x'",
        "'DefaultEndpointsProtocol=https;AccountName=x;AccountKey=hunter2==;'",
        "url = 'https://x.blob/y?sv=1&sig=hunter2%3D&se=2'",
        f"x = '{AWS}'",
        f"!git clone https://{GITHUB}@github.com/a/b",
        f"# {GITHUB}",
        "headers = {'Authorization': 'Bearer hunter2hunter2hunter2'}",
        "t = 'hf_" + "aBcDeFgHiJ" * 3 + "'",
        "t = 'sk-proj-" + "a1b2c3d4e5" * 4 + "'",
        "t = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl'",
        "t = '''-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----'''",
        "wandb.login(key='" + "0a1b2c3d4e" * 4 + "')",
        "token = 'dapi" + "0123456789abcdef" * 2 + "'",
    ],
)
def test_a_secret_is_masked(source: str) -> None:
    safe = masked(source)

    assert notebook.MASK in safe
    for secret in ("hunter2", AWS, GITHUB, "aBcDeFgHiJ", "a1b2c3d4e5", "eyJzdWI", "0a1b2c", "0123"):
        assert secret not in safe


@pytest.mark.parametrize(
    "source",
    [
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
        "tok.add_special_tokens({'pad_token': '<pad>', 'eos_token': '</s>'})",
        "df = df[['user', 'password', 'email']]",
        "run.log(key='val_loss', value=1)",
        "sorted(rows, key='layer1.attention.weights.0123')",
        "token = os.environ['API_TOKEN']",
        "password = getpass('Password: ')",
        "def login(user, password): ...",
        "parser.add_argument('--password', '-p', help='the password')",
        "max_tokens = 4096; key = 'bert-base-uncased-2024-01-01'",
        "import sklearn  # pip install scikit-learn sk-learn-contrib",
        "url = 'https://example.org/a@b'",
        "password = ''",
        "x = 'bearer of bad news'",
        "!python train.py --epochs 3",
        "author = 'Ann Example'",
        "secrets = load()",
    ],
)
def test_what_is_no_secret_stays(source: str) -> None:
    assert masked(source) == source


def test_masked_code_still_parses() -> None:
    source = textwrap.dedent(
        f"""
        password = "a\\"b"
        config = dict(api_key='x', n=3)
        os.environ["SECRET"] = f"x{{1}}y"
        token = '{GITHUB}'
        """
    )

    assert ast.parse(masked(source))


@given(st.text(max_size=300))
def test_masking_never_fails_and_does_it_all_at_once(source: str) -> None:
    once = masked(source)

    assert masked(once) == once


@pytest.mark.parametrize(
    "source",
    [
        "x = '" + "eyJ" * 200_000 + "'",
        "secret" * 100_000,
        "password = " * 50_000,
        "a" * 1_000_000,
        "'" * 100_000 + "password",
        "://" * 200_000,
        "%env " + "TOKEN" * 100_000,
        "setdefault('token'," * 30_000,
        "-----BEGIN PRIVATE KEY-----" * 20_000,
    ],
    ids=lambda source: source[:12],
)
def test_masking_a_huge_cell_takes_no_time(source: str) -> None:
    start = time.perf_counter()
    masked(source)

    assert time.perf_counter() - start < 3


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
from run_widgets import notebook

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
        "import sys; from pathlib import Path; from run_widgets import notebook;"
        "assert notebook.record(Path('x'), print) is None;"
        "assert not {'IPython', 'nbformat'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
