"""What differs between two runs: code, arguments, environment, tags, metrics."""

from __future__ import annotations

import html
import importlib
import json
import os
import zipfile
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from run_widgets.comparing.linediff import unified, whole
from run_widgets.errors import SnapshotError
from run_widgets.reading.facts import shown
from run_widgets.reading.metrics import ABSENT, gather, in_words, same
from run_widgets.source import snapshot
from run_widgets.source.provenance import ENVIRONMENT_FILE, REPLAY_OF, STARTED_IN
from run_widgets.static_html import table
from run_widgets.store.drive import open_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from run_widgets.reading.metrics import Metric
    from run_widgets.records import RunRecord
    from run_widgets.store.local import LocalStore

DIFF_MIME = "application/vnd.run-widgets.diff+json"
"""A difference as an output: where our front end is, it draws that; its data is all in it."""

NOTEBOOK = "notebook.ipynb"

MAX_FILE_BYTES = 2**20
MAX_CODE_BYTES = 2**23
"""A longer file, and files after so many bytes, are named as changed and not shown."""

MAX_TOLD = 400_000
MAX_TOLD_FILES = 300
"""Characters and files of a difference that a page is told."""

MAX_WHOLE = 120_000
"""Characters of a file whose unchanged lines are told too."""

MAX_FACTS = 2_000
LONG_FACT = 4_000


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs between two snapshots."""

    path: str
    kind: str  # "added", "removed" or "changed"
    diff: str  # unified, without header; empty where the file is no text, or too long
    note: str = ""  # why there is no diff
    whole: str = field(default="", repr=False)
    """All lines of both, each after its sign; empty where they are too many."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs, as it was when it was compared."""

    run_id: str
    title: str = ""
    status: str = ""
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that differs; the texts are `ABSENT` where a run has it not."""

    section: str  # "arguments", "environment", "tags", "properties" or "metrics"
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RunDiff:
    """What differs between two runs; false where nothing does.

    Shows itself as text and as HTML, and in JupyterLab as a view with folded code.
    """

    before: str  # the runs' ids
    after: str
    code: tuple[FileChange, ...]
    facts: tuple[Difference, ...]
    note: str = ""  # why the code could not be compared
    sides: tuple[Side, Side] | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        known = asdict(self)
        del known["sides"]
        for change in known["code"]:
            del change["whole"]
        return known

    def show(self) -> None:
        """Show it in the output of this cell, anew for as long as one of the runs goes on.

        Outside a notebook, print it.
        """
        # By name: it is built on this room, and only a notebook pays for loading it.
        importlib.import_module("run_widgets.panel.diff_view").show(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            DIFF_MIME: told(self),
            "text/html": self._repr_html_(),
            "text/plain": str(self),
        }

    def __bool__(self) -> bool:
        return bool(self.code or self.facts)

    def __str__(self) -> str:
        lines = [f"--- run {self.before}", f"+++ run {self.after}"]
        section = ""
        for fact in self.facts:
            if fact.section != section:
                section = fact.section
                lines += ["", section]
            lines.append(f"  {fact.name}: {fact.before} → {fact.after}")
        if self.note:
            lines += ["", f"code: {self.note}"]
        for change in self.code:
            lines += ["", f"{change.kind} {change.path}" + f" ({change.note})" * bool(change.note)]
            lines += [change.diff] if change.diff else []
        if not self and not self.note:
            lines += ["", "no difference"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [f"<p>{_code(self.before)} → {_code(self.after)}</p>"]
        if self.facts:
            rows = [(fact.section, fact.name, fact.before, fact.after) for fact in self.facts]
            parts.append(table(("", "", "before", "after"), rows))
        if self.note:
            parts.append(f"<p>{html.escape(self.note)}</p>")
        parts += [_file_html(change) for change in self.code]
        if not self and not self.note:
            parts.append("<p>no difference</p>")
        return f"<div>{''.join(parts)}</div>"


def diff_runs(store: LocalStore, run_id: str, other_store: LocalStore, other_id: str) -> RunDiff:
    """Return what differs from one run to another, of the same or another workspace.

    Raises
    ------
    RunNotFound
    """
    before, after = store.run(run_id), other_store.run(other_id)
    folders = store.folder(run_id), other_store.folder(other_id)
    code, note = code_of(*folders)
    metrics = gather(store.follow(run_id)), gather(other_store.follow(other_id))
    facts = [
        *_differences("arguments", *({"script": run.script or ABSENT} for run in (before, after))),
        *_argument_differences(before.arguments, after.arguments),
        *_differences("environment", *map(_environment, folders)),
        *_differences("tags", before.tags, after.tags),
        *_differences("properties", *(_properties(run.properties) for run in (before, after))),
        *_metric_differences(*metrics),
    ]
    sides = (_side(store, before), _side(other_store, after))
    return RunDiff(run_id, other_id, tuple(code), tuple(facts), note, sides)


def _side(store: LocalStore, record: RunRecord) -> Side:
    title = record.display_name or f"{record.experiment}/{record.number}"
    return Side(record.id, title, record.status.value, str(store.root))


def told(diff: RunDiff) -> dict[str, Any]:
    """Return a difference as a page draws it: strict JSON, in bounded size."""
    sides = diff.sides or (Side(diff.before), Side(diff.after))
    return {
        "runs": [
            {
                "run_id": shown(side.run_id),
                "title": shown(side.title),
                "status": side.status,
                "portal_path": f"run-widgets/runs/{side.run_id}"
                + (f"?{urlencode({'workspace': side.workspace})}" if side.workspace else ""),
            }
            for side in sides
        ],
        "facts": [
            {name: shown(text, LONG_FACT) for name, text in asdict(fact).items()}
            for fact in diff.facts[:MAX_FACTS]
        ],
        **told_changes(diff.code, diff.note),
    }


def code_of(before: Path, after: Path) -> tuple[list[FileChange], str]:
    """Return how the code differs that the runs in two folders were started from.

    The text says why their snapshots could not be compared; empty where they were.
    """
    note = ""
    changes: list[FileChange] = []
    try:
        changes = code_changes(before / snapshot.ARCHIVE, after / snapshot.ARCHIVE)
    except SnapshotError as error:
        note = str(error)
    return changes + _notebook_changes(before, after), note


def told_changes(changes: Sequence[FileChange], note: str) -> dict[str, object]:
    """Return code changes as a page is told them: text without what JSON cannot carry, and cut."""
    left = MAX_TOLD
    files = []
    for change in changes[:MAX_TOLD_FILES]:
        text = change.whole if len(change.whole) <= left else ""
        text = text or change.diff
        cut = text[:left]
        left -= len(cut)
        more = "" if len(cut) == len(text) else "the rest is too long to be shown"
        texts = {"path": change.path, "kind": change.kind, "diff": cut, "note": change.note or more}
        # Half of a surrogate pair, as file names may have it, is not Unicode.
        files.append({key: text.encode(errors="replace").decode() for key, text in texts.items()})
    return {"files": files, "total": len(changes), "note": note.encode(errors="replace").decode()}


def code_changes(before: Path, after: Path) -> list[FileChange]:
    """Return the files that differ between two snapshots, sorted by path.

    Raises
    ------
    SnapshotError
        One of the archives is missing or damaged.
    """
    for archive in (before, after):
        if not archive.is_file():
            raise SnapshotError(f"run {archive.parent.name!r} has no snapshot to compare")
    try:
        with zipfile.ZipFile(before) as old, zipfile.ZipFile(after) as new:
            return list(_changes(old, new))
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise SnapshotError(f"the snapshots cannot be compared: {error}") from error


def _changes(old: zipfile.ZipFile, new: zipfile.ZipFile) -> Iterator[FileChange]:
    left, right = ({m.filename: m for m in a.infolist() if not m.is_dir()} for a in (old, new))
    shown_bytes = 0
    for path in sorted(left.keys() | right.keys()):
        a, b = left.get(path), right.get(path)
        # The checksum is of the content, and each archive's own; no need to unpack.
        if a and b and (a.CRC, a.file_size) == (b.CRC, b.file_size):
            continue
        kind = "removed" if b is None else "added" if a is None else "changed"
        size = max(m.file_size for m in (a, b) if m is not None)
        shown_bytes += size
        if size > MAX_FILE_BYTES or shown_bytes > MAX_CODE_BYTES:
            yield FileChange(path, kind, "", f"{snapshot.size_text(size)}: not shown")
            continue
        texts = [
            [] if member is None else _lines(archive.open(member).read(MAX_FILE_BYTES + 1), path)
            for archive, member in ((old, a), (new, b))
        ]
        yield _file_change(path, kind, *texts)


def _notebook_changes(before: Path, after: Path) -> list[FileChange]:
    """Return how the cells differ that two kernels executed."""
    texts = []
    for folder in (before, after):
        try:
            with os.fdopen(open_plain(folder / NOTEBOOK), "rb") as file:
                texts.append(_lines(file.read(MAX_FILE_BYTES), NOTEBOOK))
        except OSError:
            texts.append([])
    if texts[0] == texts[1]:
        return []
    return [_file_change(f"{NOTEBOOK}, as executed", "changed", *texts)]


def _file_change(
    path: str, kind: str, before: list[str] | None, after: list[str] | None
) -> FileChange:
    if before is None or after is None:
        return FileChange(path, kind, "", "not a text")
    size = sum(map(len, before)) + sum(map(len, after))
    lines = whole(before, after) if size <= MAX_WHOLE else ()
    return FileChange(path, kind, "\n".join(unified(before, after)), whole="\n".join(lines))


def _lines(content: bytes, path: str) -> list[str] | None:
    """Return the lines of a text; None where it is none."""
    if b"\0" in content:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if path.endswith(".ipynb"):
        text = _cells(text)
    return text.splitlines()


def _cells(text: str) -> str:
    """Return a notebook's cells as a script has them: its outputs are not code."""
    try:
        cells = json.loads(text)["cells"]
        parts = []
        for cell in cells:
            kind = "" if cell["cell_type"] == "code" else f" [{cell['cell_type']}]"
            source = cell["source"]
            parts.append(f"# %%{kind}\n{source if isinstance(source, str) else ''.join(source)}")
        return "\n".join(parts)
    except (ValueError, KeyError, TypeError, RecursionError):
        return text


def _environment(folder: Path) -> dict[str, str]:
    try:
        with os.fdopen(open_plain(folder / ENVIRONMENT_FILE), "rb") as file:
            known = json.loads(file.read(MAX_CODE_BYTES))
        packages = known.pop("packages")
        return {**_texts(known), **_texts(packages)}
    except (OSError, ValueError, KeyError, AttributeError, RecursionError):
        return {}


def _properties(known: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the properties but for those that the code's own difference tells better."""
    ours = (snapshot.ID_PROPERTY, snapshot.NO_SNAPSHOT, REPLAY_OF, STARTED_IN)
    return {name: value for name, value in known.items() if name not in ours}


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}


def _differences(
    section: str, before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name, ABSENT) != after.get(name, ABSENT):
            # A tag may have no value.
            old, new = (v.get(name, ABSENT) or "" for v in (before, after))
            yield Difference(section, name, old, new)


def _argument_differences(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Difference]:
    """Compare command lines by option where they have options, else as a whole."""
    old, new = _options(before), _options(after)
    if old is None or new is None:
        old, new = {"arguments": " ".join(before)}, {"arguments": " ".join(after)}
    return _differences("arguments", old, new)


def _options(arguments: tuple[str, ...]) -> dict[str, str] | None:
    options: dict[str, str] = {}
    flags = set()  # those of them that had no value so far
    name = ""
    for argument in arguments:
        if argument.startswith("-") and not argument.lstrip("-")[:1].isdigit():
            name, equals, value = argument.partition("=")
            if name in options:
                return None
            options[name] = value
            if not equals:
                flags.add(name)
        elif not name:
            return None
        else:
            flags.discard(name)
            options[name] = f"{options[name]} {argument}".strip()
    return options | dict.fromkeys(flags, "True")


def _metric_differences(
    before: Mapping[str, Metric], after: Mapping[str, Metric]
) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old is None or new is None or not same(old.value(), new.value()):
            yield Difference("metrics", name, in_words(old), in_words(new))


# -- HTML: inline styles only, since a notebook from a stranger keeps no others ---------------


def _code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"


_COLORS = {"+": "rgba(46, 160, 67, 0.18)", "-": "rgba(248, 81, 73, 0.18)"}


def _file_html(change: FileChange) -> str:
    lines = "".join(
        f'<div style="background: {_COLORS.get(line[:1], "none")}">{html.escape(line)}&#8203;</div>'
        for line in change.diff.splitlines()
    )
    note = f" ({html.escape(change.note)})" if change.note else ""
    return (
        f"<details{' open' if len(change.diff) < 10_000 else ''}>"
        f"<summary>{change.kind} {_code(change.path)}{note}</summary>"
        f'<pre style="line-height: 1.4; overflow-x: auto">{lines}</pre></details>'
    )
