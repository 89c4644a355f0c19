"""Which files of a folder are its source, and why others are not.

What is left out, by the first rule that applies:

1. version control, virtual environments, caches and installed packages;
2. secrets: ``.env`` files, keys, certificates, credentials;
3. what the caller names, such as the workspace itself;
4. what ``.amlignore`` in the folder says, or else ``.gitignore`` there. Only
   the root's file counts. In ``.amlignore`` the last matching line decides for
   each file, as people know it from Azure ML; in ``.gitignore`` a folder that
   is left out stays out with all it holds, as git does it;
5. links that lead out of the folder, whatever is not a file, and names that not
   every system can keep.

Rules 1 and 2 hold without an ignore file too, and no ignore file undoes them.
"""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from run_widgets.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

IGNORE_FILES = (".amlignore", ".gitignore")

# fmt: off
_NOT_SOURCE_FOLDERS = frozenset((
    ".git", ".hg", ".svn", ".bzr", ".jj", "_darcs", "CVS",
    ".venv", "__pypackages__", "site-packages", "node_modules",
    ".cache", ".eggs", ".tox", ".nox", ".terraform", ".idea",
))
_CACHE_FOLDERS = frozenset((
    "__pycache__", ".ipynb_checkpoints", ".virtual_documents",
    ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".pytype",
    ".run-widgets",  # a project's runs: no source, and no need of a run's
))
_SECRET_FOLDERS = frozenset((".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker"))

# Of files, in lower case: whole names, beginnings, ends.
_NOT_SOURCE_NAMES = frozenset((".git", ".ds_store", "thumbs.db", "desktop.ini"))
_CACHE_ENDS = (".pyc", ".pyo", ".swp", "~")
_SECRET_NAMES = frozenset((
    ".netrc", "_netrc", ".pgpass", ".pypirc", ".npmrc", ".yarnrc", ".htpasswd", ".dockercfg",
    ".git-credentials", ".boto", ".s3cfg", "credentials", "kaggle.json",
    *(f"{stem}.{end}" for stem in ("secret", "secrets", "credentials")
      for end in ("json", "yml", "yaml", "toml", "ini", "txt", "csv")),
))
_SECRET_BEGINNINGS = (
    ".env", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519",
    "client_secret", "service_account", "service-account",
)
_SECRET_ENDS = (
    ".env", ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".gpg",
    ".token", ".credentials", "_credentials.json", "-credentials.json",
)
# fmt: on

# What each of these holds can be made again from elsewhere; the names are
# looked for in a folder, and the folder is then left out.
_MARKS_AN_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")
_MARKS_A_CACHE = "CACHEDIR.TAG"
_CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that a snapshot keeps."""

    path: str  # in the snapshot, with forward slashes; ends with "/" for an empty folder
    bytes: int
    is_executable: bool
    source: str  # where it lies now


@dataclass(frozen=True, slots=True)
class Skipped:
    """One thing that a snapshot left out although nobody asked for that."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a snapshot of a folder would hold, before any of it is read."""

    root: Path
    files: tuple[SourceFile, ...]  # sorted by path
    skipped: tuple[Skipped, ...]
    ignore_file: str  # ".amlignore", ".gitignore" or ""
    left_out: tuple[str, ...] = ()  # but for caches: what a copy of the source would lack

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    def largest(self, count: int = 5) -> list[tuple[str, int, int]]:
        """Return the root's biggest entries: name, bytes, number of files."""
        totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for file in self.files:
            top, slash, _ = file.path.partition("/")
            total = totals[top + slash]
            total[0] += file.bytes
            total[1] += 1
        ordered = sorted(totals.items(), key=lambda item: (-item[1][0], item[0]))
        return [(name, size, files) for name, (size, files) in ordered[:count]]


def listing(
    source: str | Path, *, exclude: Iterable[str | Path] = (), max_files: int | None = None
) -> Listing:
    """Tell what a snapshot of `source` would hold, without reading any file.

    Parameters
    ----------
    source
        A folder, or a single file.
    exclude
        Files and folders to leave out; relative ones are meant from `source`.
    max_files
        Stop looking once there are more than this; None looks at all.

    Raises
    ------
    SnapshotError
        `source` does not exist or cannot be read.
    """
    root = Path(os.path.realpath(source))
    try:
        if not root.is_dir():
            return _listing_of_file(root)
        ignore_file, ignored, problems = _ignore_rules(root)
        walk = _Walk(root, ignored, prune=ignore_file != ".amlignore", exclude=exclude)
        files = []
        for file in walk:
            files.append(file)
            if max_files is not None and len(files) > max_files:
                break
    except OSError as error:
        raise SnapshotError(f"no snapshot of {str(source)!r}: {error.strerror or error}") from error
    files.sort(key=lambda file: file.path)
    skipped = (*problems, *walk.skipped)
    return Listing(root, tuple(files), skipped, ignore_file, tuple(sorted(walk.left_out)))


class _Walk:
    """Yields each file to keep once, in no particular order."""

    def __init__(
        self,
        root: Path,
        is_ignored: Callable[[str], bool],
        *,
        prune: bool,
        exclude: Iterable[str | Path],
    ) -> None:
        self.root = root
        self.skipped: list[Skipped] = []
        self.left_out: list[str] = []
        self._is_ignored = is_ignored
        self._prune = prune
        self._excluded = {os.path.realpath(root / path) for path in exclude}

    def __iter__(self) -> Iterator[SourceFile]:
        # A stack, not recursion: the depth of a tree is its owner's choice.
        # Each folder comes with the real folders above it, to see a link that
        # leads back into one of them.
        stack: list[tuple[str, str, frozenset[str]]] = [(str(self.root), "", frozenset())]
        while stack:
            folder, prefix, above = stack.pop()
            try:
                with os.scandir(folder) as scan:
                    entries = list(scan)
            except OSError as error:
                if not prefix:
                    raise
                self._note(prefix, error)
                continue
            names = {entry.name for entry in entries}
            if prefix and _can_be_made_again(folder, names):
                self.left_out.append(prefix[:-1])
                continue
            above |= {folder}
            is_empty = True
            for entry in entries:
                path = prefix + entry.name
                try:
                    real, info = self._place(entry, path, above)
                except (_LeftOut, OSError) as why:
                    self._note(path, why)
                    continue
                if stat.S_ISDIR(info.st_mode):
                    stack.append((real, path + "/", above))
                else:
                    yield SourceFile(path, info.st_size, _is_executable(info), real)
                is_empty = False
            if prefix and is_empty:
                yield SourceFile(prefix, 0, False, folder)

    def _place(
        self, entry: os.DirEntry[str], path: str, above: frozenset[str]
    ) -> tuple[str, os.stat_result]:
        """Return where the entry to keep as `path` really lies, and what it is."""
        is_link = entry.is_symlink()
        real = os.path.realpath(entry.path) if is_link else entry.path
        if is_link and not real.startswith(os.path.join(self.root, "")):
            raise _LeftOut("a link that leads out of the folder")
        info = os.lstat(real) if is_link else entry.stat(follow_symlinks=False)
        is_folder = stat.S_ISDIR(info.st_mode)
        self._check_name(path, is_folder)
        if is_link:
            # A link must not bring in under another name what is left out under its own.
            target = PurePosixPath(Path(real).relative_to(self.root).as_posix())
            self._check_name(str(target), is_folder)
            for folder in target.parents[:-1]:
                self._check_name(str(folder), is_folder=True)
            if is_folder and real in above:
                raise _LeftOut("a link to a folder that it lies in")
        if self._excluded and not self._excluded.isdisjoint((real, *_folders_of(real, is_link))):
            raise _LeftOut(is_lacking=False)
        if not is_folder and not stat.S_ISREG(info.st_mode):
            raise _LeftOut("not a file: a socket, pipe or device")
        if ":" in entry.name or "\\" in entry.name:
            # It would name another file or drive where a snapshot is restored on Windows.
            raise _LeftOut("its name has a character that not every system can keep")
        if not path.isascii():
            try:
                path.encode()
            except UnicodeEncodeError:
                raise _LeftOut("its name is not valid UTF-8") from None
        return real, info

    def _check_name(self, path: str, is_folder: bool) -> None:
        """Raise `_LeftOut` where a rule for names leaves `path` out."""
        name = path.rpartition("/")[2]
        if is_folder:
            if name in _CACHE_FOLDERS:
                raise _LeftOut(is_lacking=False)
            if name in _NOT_SOURCE_FOLDERS or (self._prune and self._is_ignored(path + "/")):
                raise _LeftOut
            if name in _SECRET_FOLDERS:
                raise _LeftOut("may hold secrets")
            return
        name = name.lower()
        if name.endswith(_CACHE_ENDS):
            raise _LeftOut(is_lacking=False)
        if name in _NOT_SOURCE_NAMES or self._is_ignored(path):
            raise _LeftOut
        if (
            name in _SECRET_NAMES
            or name.startswith(_SECRET_BEGINNINGS)
            or name.endswith(_SECRET_ENDS)
        ):
            raise _LeftOut("may hold secrets")

    def _note(self, path: str, why: Exception) -> None:
        if isinstance(why, _LeftOut) and why.is_lacking:
            self.left_out.append(path)
        reason = why.strerror if isinstance(why, OSError) else str(why)
        if reason:
            # Such a name cannot be printed, nor kept in JSON.
            path = path.encode(errors="backslashreplace").decode()
            self.skipped.append(Skipped(path, reason))


class _LeftOut(Exception):
    """A rule leaves something out; `reason` says why where nobody asked for that."""

    def __init__(self, reason: str = "", *, is_lacking: bool = True) -> None:
        super().__init__(reason)
        self.is_lacking = is_lacking


def _folders_of(path: str, is_link: bool) -> tuple[str, ...]:
    """Return the folders above a link's target; other things were reached through theirs."""
    return tuple(map(str, Path(path).parents)) if is_link else ()


def _is_executable(info: os.stat_result) -> bool:
    return os.name == "posix" and bool(info.st_mode & stat.S_IXUSR)


def _listing_of_file(path: Path) -> Listing:
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise SnapshotError(f"no snapshot of {str(path)!r}: neither a folder nor a file")
    file = SourceFile(path.name, info.st_size, _is_executable(info), str(path))
    return Listing(path.parent, (file,), (), "")


def _ignore_rules(root: Path) -> tuple[str, Callable[[str], bool], list[Skipped]]:
    """Return the name of the ignore file in `root`, its rules and its faulty lines."""
    for name in IGNORE_FILES:
        try:
            text = (root / name).read_text("utf-8-sig", errors="surrogateescape")
        except FileNotFoundError:
            continue
        # Not at the top: it costs a training script 40 ms, and few need it.
        from pathspec import GitIgnoreSpec

        lines, faulty = [], []
        for line in text.splitlines():
            try:
                GitIgnoreSpec.from_lines([line])
                lines.append(line)
            except (ValueError, re.error) as error:
                faulty.append(Skipped(f"{name}: {line}", f"not a pattern: {error}"))
        return name, GitIgnoreSpec.from_lines(lines).match_file, faulty
    return "", lambda _: False, []


def _can_be_made_again(folder: str, names: set[str]) -> bool:
    if any(mark in names for mark in _MARKS_AN_ENVIRONMENT):
        return True
    if _MARKS_A_CACHE not in names:
        return False
    try:
        with open(os.path.join(folder, _MARKS_A_CACHE), "rb") as file:
            return file.read(len(_CACHE_SIGNATURE)) == _CACHE_SIGNATURE
    except OSError:
        return False
