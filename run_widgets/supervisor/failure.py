"""Why a command failed, told from its exit code and the end of its log."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from run_widgets.records import RunError

TAIL_BYTES = 2**18
"""Of a log's end, where a traceback is looked for."""

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
TRACEBACK = "Traceback (most recent call last):"
_FAULT = "Fatal Python error: "
_SYNTAX_ERRORS = ("SyntaxError: ", "IndentationError: ", "TabError: ")
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_EXCEPTION_LINE = re.compile(r"(?:\w+\.)*(?P<type>[A-Za-z_]\w*)(?:: (?P<text>.*))?$")

_MEANING = {
    "SIGKILL": "the system does so when memory runs out",
    "SIGSEGV": "native code read or wrote memory that is not its own",
    "SIGABRT": "native code gave up",
    "SIGBUS": "a mapped file was cut short, or the disk is full",
    "SIGILL": "native code was built for another processor",
}


def error_of(exit_code: int, log: Path, *, source: Path, work: Path) -> RunError:
    """Return why a command failed, for `exit_code` other than 0; negative: by a signal."""
    tail = _tail(log)
    trace = last_traceback(tail)
    if exit_code < 0:
        name = _signal_name(-exit_code)
        meaning = f": {_MEANING[name]}" if name in _MEANING else ""
        return RunError(
            f"the process was ended by {name}{meaning}", traceback=_fault(tail) or trace
        )
    ended = f"the process ended with exit code {exit_code}"
    known = exception_in(trace)
    if exit_code == 1 and known:
        kind, text = known
        hint = _hint(text, source, work) if kind == "FileNotFoundError" else ""
        return RunError(failed_with(kind, text) + hint, type=kind, traceback=trace)
    lines = tail.strip().splitlines()
    if lines and not trace:
        ended += f"; the last line of its log: {lines[-1].strip()[:500]}"
    return RunError(ended, traceback=trace)


def failed_with(kind: str, text: str) -> str:
    """Return what a run says that ended by an exception."""
    return f"User program failed with {kind}: {text}".rstrip(": ")


def exception_in(trace: str) -> tuple[str, str] | None:
    """Return the kind of the exception that a traceback is of, and what it says."""
    found = _EXCEPTION_LINE.match(_exception_line(trace))
    return (found["type"], found["text"] or "") if found else None


def last_traceback(text: str) -> str:
    """Return the last traceback in a log, with those it was chained to; empty: there is none."""
    lines = text.rstrip().splitlines()
    if lines and lines[-1].startswith(_SYNTAX_ERRORS):
        # A script that cannot be parsed has no call to trace back.
        places = [place for place, line in enumerate(lines) if line.startswith('  File "')]
        return "\n".join(lines[places[-1] :] if places else lines[-1:]) + "\n"
    starts = [place for place, line in enumerate(lines) if line.strip() == TRACEBACK]
    if not starts:
        return ""
    start = starts[-1]
    end = start + 1
    while end < len(lines) and (lines[end][:1].isspace() or not lines[end]):
        end += 1
    # What an exception says may have several lines; the end of the log is the best guess.
    while end < len(lines) and lines[end].strip():
        end += 1
    for earlier in reversed(starts[:-1]):
        between = [line for line in lines[earlier:start] if line in _CHAINED]
        if not between or not any(line in _CHAINED for line in lines[max(0, start - 3) : start]):
            break
        start = earlier
    return "\n".join(lines[start:end]) + "\n"


def _fault(text: str) -> str:
    """Return where a process was when native code ended it, as Python's faulthandler tells."""
    start = text.rfind(_FAULT)
    if start < 0 or (start and text[start - 1] != "\n"):
        return ""
    # Behind it stand only the names of all native modules.
    return text[start:].partition("\nExtension modules: ")[0].rstrip() + "\n"


def _tail(log: Path) -> str:
    try:
        with open(log, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            return _ESCAPE.sub("", file.read(TAIL_BYTES).decode(errors="replace"))
    except OSError:
        return ""


def _exception_line(trace: str) -> str:
    """Return the line of a traceback that names the exception; empty: there is none."""
    lines = trace.splitlines()
    while lines and TRACEBACK not in lines[-1] and not lines[-1][:1].isspace():
        line = lines.pop()
        if not lines or lines[-1][:1].isspace():
            return line
    return ""


def _hint(text: str, source: Path, work: Path) -> str:
    """Say where a file lies that a script did not find."""
    found = re.search(r"'([^']+)'$", text)
    if found is None or source == work or os.path.isabs(found[1]):
        return ""
    elsewhere = Path(os.path.normpath(source / found[1]))
    if not elsewhere.exists():
        return ""
    return (
        f" (it is at {str(elsewhere)!r}, but the run works in a copy of its source folder: "
        "submit(…, in_place=True) runs in the folder itself)"
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
