"""What code, on what machine, with what packages: the facts that a result depends on.

Nothing here fails or asks a network: a fact that cannot be had is left out.
The functions take some ten milliseconds, and up to `GIT_STATUS_TIMEOUT_S` where
`git status` is slow, so a run gathers them on a background thread.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT_FILE = "environment.json"
"""In a run's folder: what `environment` returned in its process."""

STARTED_IN = "run_widgets.started_in"
"""The property that says in which submitted run another one was started."""

REPLAY_OF = "run_widgets.replay_of"
"""The property that names the run which another one runs again."""

GIT_STATUS_TIMEOUT_S = 5.0

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_LONGEST_REF_CHAIN = 5

# Where continuous integration says which build this is: (id, address).
_BUILDS = (
    ("AZUREML_GIT_BUILD_ID", "AZUREML_GIT_BUILD_URI"),
    ("BUILD_BUILDID", "BUILD_BUILDURI"),  # Azure Pipelines
    ("CI_PIPELINE_ID", "CI_PIPELINE_URL"),  # GitLab
    ("BUILDKITE_BUILD_ID", "BUILDKITE_BUILD_URL"),
    ("CIRCLE_BUILD_NUM", "CIRCLE_BUILD_URL"),
    ("BUILD_ID", "BUILD_URL"),  # Jenkins
)


def properties(folder: str | Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a run keeps as properties: git state and build.

    The names are those people know from Azure ML; the variables
    ``AZUREML_GIT_…`` win over what is found, also outside any repository.
    """
    environ = os.environ if environ is None else environ
    git = git_state(Path(folder)) or GitState()
    uri = without_credentials(environ.get("AZUREML_GIT_REPOSITORY_URI", git.repository_uri))
    branch = environ.get("AZUREML_GIT_BRANCH", git.branch)
    commit = environ.get("AZUREML_GIT_COMMIT", git.commit)
    dirty = "" if git.is_dirty is None else str(git.is_dirty)
    build_id, build_uri = _build(environ)
    facts = {
        "azureml.git.repository_uri": uri,
        "mlflow.source.git.repoURL": uri,
        "azureml.git.branch": branch,
        "mlflow.source.git.branch": branch,
        "azureml.git.commit": commit,
        "mlflow.source.git.commit": commit,
        "azureml.git.dirty": environ.get("AZUREML_GIT_DIRTY", dirty),
        "azureml.git.build_id": build_id,
        "azureml.git.build_uri": without_credentials(build_uri),
    }
    return {name: value for name, value in facts.items() if value}


def environment() -> dict[str, Any]:
    """Return what this process runs in: Python, platform and packages, as JSON has it."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "packages": packages(),
    }


def packages(search_path: list[str] | None = None) -> dict[str, str]:
    """Return the installed distributions and their versions, sorted by normalised name.

    Reads the names of the ``.dist-info`` folders and not the metadata in them,
    as `importlib.metadata` would: the same answer in a hundredth of the time.
    """
    found: dict[str, str] = {}
    for folder in sys.path if search_path is None else search_path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            stem, dot, kind = name.rpartition(".")
            project, dash, version = stem.partition("-")
            if dot and kind in ("dist-info", "egg-info") and dash:
                version = re.sub(r"-py\d[\d.]*$", "", version)
                # The first on the path is the one that `import` finds.
                found.setdefault(re.sub(r"[-_.]+", "-", project).lower(), version)
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class GitState:
    """Which commit a folder is at; an empty text is a fact that cannot be had."""

    commit: str = ""
    branch: str = ""  # empty also where HEAD is detached
    repository_uri: str = ""  # without credentials
    is_dirty: bool | None = None  # None where git itself is missing


def git_state(folder: Path) -> GitState | None:
    """Return the git state of `folder`; None outside a repository.

    Commit, branch and address are read from the files of the repository. Only
    `is_dirty` starts git: whether anything in `folder` differs from the commit,
    new files that are not ignored included.
    """
    git_folder = _git_folder(folder)
    if git_folder is None:
        return None
    # The folder of a worktree has its own HEAD, and shares the rest.
    shared = git_folder
    if common := _first_line(git_folder / "commondir"):
        shared = git_folder / common
    head = _first_line(git_folder / "HEAD")
    branch = head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else ""
    remotes = _remotes(shared / "config")
    uri = remotes.get(_remote_of(branch, shared / "config"), "") or remotes.get("origin", "")
    if not uri and len(remotes) == 1:
        (uri,) = remotes.values()
    return GitState(
        commit=_commit(head, git_folder, shared),
        branch=branch,
        repository_uri=without_credentials(uri),
        is_dirty=_is_dirty(folder),
    )


def without_credentials(address: str) -> str:
    """Return an address without the user, password or token in it.

    ``git@host:path`` stays as it is: there the user is no secret, and needed.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""  # not an address; what it hides cannot be told
    if not parts.scheme or "@" not in parts.netloc:
        return address
    user, _, host = parts.netloc.rpartition("@")
    if parts.scheme in ("ssh", "git+ssh") and ":" not in user:
        return address
    return urlunsplit(parts._replace(netloc=host))


def _git_folder(folder: Path) -> Path | None:
    try:
        folder = folder.resolve()
    except OSError:  # the current folder, and somebody has removed it
        return None
    for parent in (folder, *folder.parents):
        git = parent / ".git"
        if os.path.isdir(git):  # False also where it may not be looked at
            return git
        # In a worktree or a submodule .git is a file that names the folder.
        if (line := _first_line(git)).startswith("gitdir: "):
            return parent / line.removeprefix("gitdir: ")
    return None


def _commit(head: str, git_folder: Path, shared: Path) -> str:
    for _ in range(_LONGEST_REF_CHAIN):
        if _COMMIT.fullmatch(head):
            return head
        name = head.removeprefix("ref: ")
        if name == head or ".." in name or name.startswith("/"):
            return ""
        head = _first_line(git_folder / name) or _first_line(shared / name)
        if not head:
            return _packed_commit(name, shared / "packed-refs")
    return ""


def _packed_commit(name: str, packed_refs: Path) -> str:
    try:
        with open(packed_refs, errors="replace") as lines:
            for line in lines:
                commit, _, ref = line.rstrip("\n").partition(" ")
                if ref == name and _COMMIT.fullmatch(commit):
                    return commit
    except OSError:
        pass  # no commit yet, or a newer format of refs
    return ""


def _remotes(config: Path) -> dict[str, str]:
    return {
        name: value
        for section, name, key, value in _git_config(config)
        if (section, key) == ("remote", "url")
    }


def _remote_of(branch: str, config: Path) -> str:
    found = "origin"
    for section, name, key, value in _git_config(config):
        if (section, name, key) == ("branch", branch, "remote"):
            found = value
    return found


def _git_config(path: Path) -> list[tuple[str, str, str, str]]:
    """Return the settings of a git config file: section, its name, key, value.

    Enough of the format for what git itself writes; included files are not read.
    """
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return []
    settings = []
    section = name = ""
    for raw in text.splitlines():
        line = raw.strip()
        if head := _SECTION.match(line):
            section = head[1].lower()
            name = re.sub(r"\\(.)", r"\1", head[2] or "")
            line = line[head.end() :].strip()
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            settings.append((section, name, key.strip().lower(), value.strip().strip('"')))
    return settings


def _is_dirty(folder: Path) -> bool | None:
    # Without the optional lock it never gets in the way of a git command of
    # the user's; without fsmonitor the repository's settings start nothing.
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false"]
    command += ["status", "--porcelain", "--ignore-submodules=dirty", "."]
    # Inside a git hook these would name another repository than the folder's.
    elsewhere = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
    environ = {name: value for name, value in os.environ.items() if name not in elsewhere}
    try:
        answer = subprocess.run(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=GIT_STATUS_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return bool(answer.stdout.strip())


def _build(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return id and address of the build that this is part of; empty where of none."""
    for id_name, uri_name in _BUILDS:
        if environ.get(id_name):
            return environ[id_name], environ.get(uri_name, "")
    if run := environ.get("GITHUB_RUN_ID"):
        server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
        return run, f"{server}/{repository}/actions/runs/{run}" if server and repository else ""
    return "", ""


def _first_line(path: Path) -> str:
    try:
        with open(path, errors="replace") as file:
            return file.readline(4096).strip()
    except OSError:
        return ""
