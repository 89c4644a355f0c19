"""The cells that this kernel executed, as a notebook, with secrets masked.

What produced a run's numbers is in the kernel's own history, whether or not the
notebook's file was saved, and in the order in which it happened. Nothing of
IPython is imported here: where it is not running there is no history.

What is masked, each time as ``***`` in place of the value alone, so that the
code still reads and parses:

- a text given to a name with password, passphrase, secret, api key, access key,
  account key, private key, credential or connection string in it: in an
  assignment, a keyword argument, a comparison, a dict, ``os.environ[…]``,
  ``getenv(…, …)``, ``setdefault(…, …)``;
- the same for a name with token, key, auth or cookie in it where the value
  looks random: 20 characters or more without spaces, three digits among them.
  ``pad_token = "<pad>"`` and ``key="val_loss"`` stay;
- in ``!`` and ``%`` lines and in shell cells, what follows ``--password`` and
  its like, and the value of ``PASSWORD=…`` and its like;
- tokens of known shape: AWS, GitHub, GitLab, Slack, Stripe, Hugging Face,
  Google, Databricks, PyPI, npm, ``sk-…``, JSON web tokens, private keys;
- the password in an address, keys and signatures in connection strings and
  signed addresses, and what follows ``Bearer``.

A mask is a net, not a wall: a secret in a text that looks like any other passes.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MASK = "***"

_STRONG = (
    r"pass(?:word|wd|phrase)|pwd|secret|api_?key|access_?key|account_?key|private_?key|credential"
    r"|conn(?:ection)?_?str"
)
_WEAK = r"token(?!i[sz])|key|auth|cookie|jwt"

# Bounded everywhere: a cell may hold a megabyte of base64 in one line.
_NAME = rf"(?<![\w.-])(?P<name>[\w.-]{{0,60}}(?:{_STRONG}|{_WEAK})[\w-]{{0,60}})"
_GIVES = r"\s*\]?\s*(?:[!=]?=|:(?:\s*\w{1,40}\s*=)?)\s*"
_SECOND_ARGUMENT = r"\s*,\s*"
_TEXT = r"[rbfuRBFU]{0,2}(?P<quote>'''|\"\"\"|'|\")(?P<value>(?:\\.|(?!(?P=quote)).)*?)(?P=quote)"
_GIVEN_TO_A_NAME = re.compile(rf"(?is){_NAME}[\"']?{_GIVES}{_TEXT}")
_SECOND_OF_A_CALL = re.compile(
    rf"(?is)\b(?:setdefault|putenv|getenv|get|set\w{{0,20}})\(\s*[\"']{_NAME}[\"']{_SECOND_ARGUMENT}{_TEXT}"
)
_IN_A_SHELL = re.compile(
    rf"(?i)(?<![\w-])(?:--?[\w-]{{0,40}}(?:{_STRONG}|token)[\w-]{{0,40}}(?:=|\s+)"
    rf"|[\w]{{0,40}}(?:{_STRONG}|token)\w{{0,40}}=|%env\s+\w{{0,40}}(?:{_STRONG}|token)\w{{0,40}}\s+)"
    r"(?P<quote>[\"']?)(?P<value>[^\s\"'$][^\s\"']*)(?P=quote)"
)
_SHELL_LINE = re.compile(r"(?m)^\s*[!%].*$|(?<==)\s*!.*$")
_SHELL_CELL = re.compile(r"\s*%%(?:bash|sh|script|system|!|cmd|powershell)\b")

_KNOWN_SHAPES = re.compile(
    r"""(?xs)
    \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
  | \bgh[pousr]_[A-Za-z0-9]{30,255}
  | \bgithub_pat_\w{40,255}
  | \bglpat-[\w-]{20,255}
  | \bxox[abeoprs]-[\w-]{10,255}
  | \b[rs]k_(?:live|test)_\w{16,255}
  | \bsk-(?=[\w-]{0,60}\d)[\w-]{20,255}
  | \bhf_[A-Za-z0-9]{20,255}
  | \bAIza[\w-]{35}
  | \bya29\.[\w-]{20,255}
  | \bdapi[0-9a-f]{32}
  | \bpypi-[\w-]{40,255}
  | \bnpm_[A-Za-z0-9]{30,255}
  | \beyJ[\w-]{10,4096}\.eyJ[\w-]{10,8192}\.[\w-]{0,4096}
  | -----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]{0,40}PRIVATE\ KEY-----|\Z)
    """
)
_INSIDE_AN_ADDRESS = re.compile(
    r"(?i)(?P<before>://[^\s/:@'\"]{1,200}:)[^\s/@'\"]{1,500}(?=@)"
    r"|(?P<key>(?:\b(?:account_?key|shared_?access_?key|password|pwd)|[?&](?:sig|signature))=)"
    r"[^;&\"'\s]{1,2000}"
    r"|(?P<bearer>\bbearer\s+)(?=[^\s\"']{0,200}\d)[\w.~+/=-]{16,8192}"
)


def masked(source: str) -> str:
    """Return `source` with what looks like a secret masked; the module says what does."""
    source = _KNOWN_SHAPES.sub(MASK, source)
    source = _INSIDE_AN_ADDRESS.sub(
        lambda found: (found["before"] or found["key"] or found["bearer"]) + MASK, source
    )
    if _SHELL_CELL.match(source):
        source = _IN_A_SHELL.sub(_mask_value, source)
    else:
        source = _SHELL_LINE.sub(lambda line: _IN_A_SHELL.sub(_mask_value, line[0]), source)
    source = _SECOND_OF_A_CALL.sub(_mask_if_secret, source)
    return _GIVEN_TO_A_NAME.sub(_mask_if_secret, source)


def is_secret(name: str, value: str) -> bool:
    """Tell whether `value`, given to `name`, would be masked."""
    line = f"{name} = {value!r}"
    return masked(line) != line


def _mask_if_secret(found: re.Match[str]) -> str:
    is_secret = re.search(_STRONG, found["name"], re.IGNORECASE) or _looks_random(found["value"])
    return _mask_value(found) if found["value"] and is_secret else found[0]


def _mask_value(found: re.Match[str]) -> str:
    start, end = found.start("value") - found.start(), found.end("value") - found.start()
    return found[0][:start] + MASK + found[0][end:]


def _looks_random(value: str) -> bool:
    return (
        re.fullmatch(r"[A-Za-z0-9_+/=-]{20,}", value) is not None
        and sum(character.isdigit() for character in value) >= 3
        # Words with a dash and a year, such as a model's name, are no key; a UUID is.
        and ("-" not in value or re.fullmatch(r"[0-9a-fA-F-]+", value) is not None)
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One executed cell."""

    count: int  # the kernel's execution count, from 1
    source: str
    has_failed: bool = False


def shell() -> Any | None:
    """Return the running IPython shell; None outside IPython, which is not imported."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def executed_cells(shell: Any, *, after: int = 0) -> list[Cell]:
    """Return the cells executed after number `after`, one that still runs included."""
    history = shell.history_manager
    failures = getattr(history, "exceptions", {})  # since IPython 9
    return [
        Cell(count, source, count in failures)
        for _, count, source in list(history.get_range(0, max(1, after + 1), None, raw=True))
        if source.strip()
    ]


def to_ipynb(cells: list[Cell], *, name: str = "") -> str:
    """Return the text of a notebook with `cells`, masked, in the order of execution.

    A cell that failed is tagged ``raises-exception``, so that running the
    notebook goes on after it as the person did. Outputs are not kept.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    nbformat = _nbformat()
    notebook = nbformat.new_notebook(
        cells=[_code_cell(cell) for cell in cells],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", "version": version},
            "run_widgets": {"notebook": name},
        },
    )
    return str(nbformat.writes(notebook))


@lru_cache(maxsize=10_000)  # a recording writes all cells again after each
def _code_cell(cell: Cell) -> Any:
    return _nbformat().new_code_cell(
        masked(cell.source),
        id=f"executed-{cell.count}",
        execution_count=cell.count,
        metadata={"tags": ["raises-exception"]} if cell.has_failed else {},
    )


def _nbformat() -> Any:
    # Not at the top: it costs 0.2 s, and a training script never needs it.
    return import_module("nbformat.v4")


def name_of(shell: Any) -> str:
    """Return the name of the notebook that the kernel serves; empty where it is unknown."""
    path = os.environ.get("JPY_SESSION_NAME", "")
    if not path:
        path = str(getattr(shell, "user_ns", {}).get("__vsc_ipynb_file__", ""))
    name = path.replace("\\", "/").rpartition("/")[2]
    return name if name.endswith(".ipynb") else ""


class Recording:
    """Keeps the file `path` equal to the cells that the kernel has executed.

    The file is written now and after each cell, so it is there also when the
    kernel is killed. A file that cannot be written is no one's error:
    `problem` says why.

    Parameters
    ----------
    later
        Calls what it is given, elsewhere: the kernel must not wait for a file.
    """

    def __init__(self, path: Path, shell: Any, later: Callable[[Callable[[], None]], None]) -> None:
        self.path = path
        self.problem = ""
        self._shell = shell
        self._later = later
        self._is_over = False
        shell.events.register("post_run_cell", self._note)
        self._note()

    def stop(self) -> None:
        """Have the file written for the last time; the cell that calls this is in it."""
        if not self._is_over:
            self._is_over = True
            self._shell.events.unregister("post_run_cell", self._note)
            self._note()

    def _note(self, _result: object = None) -> None:
        # Read now: what comes after a run is not its, and an ending kernel has no history.
        cells = executed_cells(self._shell)
        self._later(lambda: self._write(cells))

    def _write(self, cells: list[Cell]) -> None:
        try:
            _replace(self.path, to_ipynb(cells, name=name_of(self._shell)))
            self.problem = ""
        except OSError as error:
            self.problem = f"{self.path} cannot be written: {error}"


def record(path: Path, later: Callable[[Callable[[], None]], None]) -> Recording | None:
    """Begin to keep the executed cells in `path`; None where no IPython runs."""
    running = shell()
    return None if running is None else Recording(path, running, later)


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
