"""The facts of git, build and installation that a run keeps."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from run_widgets.source import provenance

if TYPE_CHECKING:
    from pathlib import Path

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(folder: Path, *command: str) -> str:
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *who, *command], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "https://example.org/ann/work.git")
    (folder / "train.py").write_text("1")
    (folder / ".gitignore").write_text("*.log")
    (folder / "src").mkdir()
    (folder / "src" / "model.py").write_text("1")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@needs_git
def test_a_run_knows_commit_branch_address_and_that_nothing_has_changed(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")

    facts = provenance.properties(repository / "src", {})

    assert facts["azureml.git.commit"] == facts["mlflow.source.git.commit"] == commit
    assert facts["azureml.git.branch"] == facts["mlflow.source.git.branch"] == "main"
    assert facts["azureml.git.repository_uri"] == "https://example.org/ann/work.git"
    assert facts["mlflow.source.git.repoURL"] == "https://example.org/ann/work.git"
    assert facts["azureml.git.dirty"] == "False"


@needs_git
def test_a_change_or_a_new_file_makes_it_dirty_and_an_ignored_one_does_not(
    repository: Path,
) -> None:
    (repository / "debug.log").write_text("x")
    before = provenance.git_state(repository)
    (repository / "new.py").write_text("x")
    after = provenance.git_state(repository)
    elsewhere = provenance.git_state(repository / "src")

    assert before is not None
    assert after is not None
    assert elsewhere is not None
    assert (before.is_dirty, after.is_dirty, elsewhere.is_dirty) == (False, True, False)


@needs_git
@pytest.mark.parametrize("pack", [False, True])
def test_the_files_say_what_git_says(repository: Path, pack: bool) -> None:
    git(repository, "checkout", "-q", "-b", "feature/größe")
    git(repository, "worktree", "add", "-q", "../tree", "main")
    if pack:
        git(repository, "pack-refs", "--all")

    for folder in (repository, repository.parent / "tree"):
        state = provenance.git_state(folder)
        assert state is not None
        assert state.commit == git(folder, "rev-parse", "HEAD")
        assert state.branch == git(folder, "symbolic-ref", "--short", "HEAD")
        assert state.repository_uri == git(folder, "ls-remote", "--get-url")


@needs_git
def test_a_detached_head_has_a_commit_and_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")

    facts = provenance.properties(repository, {})

    assert facts["azureml.git.commit"] == git(repository, "rev-parse", "HEAD")
    assert "azureml.git.branch" not in facts


@needs_git
def test_the_remote_of_the_branch_wins_over_origin(repository: Path) -> None:
    git(repository, "remote", "add", "fork", "git@example.org:eve/work.git")
    git(repository, "config", "branch.main.remote", "fork")

    state = provenance.git_state(repository)

    assert state is not None
    assert state.repository_uri == "git@example.org:eve/work.git"


@needs_git
def test_a_repository_without_a_commit_or_remote_is_no_trouble(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")

    state = provenance.git_state(tmp_path)

    assert state == provenance.GitState(branch="main", is_dirty=False)


@needs_git
def test_without_git_itself_only_dirty_is_unknown(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    facts = provenance.properties(repository, {})

    assert len(facts["azureml.git.commit"]) == 40
    assert "azureml.git.dirty" not in facts


def test_outside_a_repository_there_is_nothing(tmp_path: Path) -> None:
    assert provenance.properties(tmp_path, {}) == {}


@pytest.mark.parametrize(
    "files",
    [
        {"HEAD": "ref: refs/heads/../../../../etc/passwd"},
        {"HEAD": "ref: refs/heads/a", "refs/heads/a": "ref: refs/heads/a"},
        {"HEAD": "\0\xff", "config": '[remote "origin"\nurl = x\n[[['},
        {"HEAD": "", "config": "url = outside any section\n"},
        {"HEAD": "ref: refs/heads/main", "packed-refs": "no commit refs/heads/main\n"},
    ],
)
def test_a_broken_or_hostile_repository_is_no_trouble(
    files: dict[str, str], tmp_path: Path
) -> None:
    for name, text in files.items():
        path = tmp_path / ".git" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    assert "azureml.git.commit" not in provenance.properties(tmp_path, {})


def test_the_environment_wins(tmp_path: Path) -> None:
    environ = {
        "AZUREML_GIT_REPOSITORY_URI": "https://u:p@example.org/x.git",
        "AZUREML_GIT_BRANCH": "b",
        "AZUREML_GIT_COMMIT": "c",
        "AZUREML_GIT_DIRTY": "True",
        "AZUREML_GIT_BUILD_ID": "7",
        "AZUREML_GIT_BUILD_URI": "https://ci/7",
    }

    facts = provenance.properties(tmp_path, environ)

    assert facts["azureml.git.repository_uri"] == "https://example.org/x.git"
    assert facts["mlflow.source.git.branch"] == "b"
    assert facts["azureml.git.commit"] == "c"
    assert facts["azureml.git.dirty"] == "True"
    assert (facts["azureml.git.build_id"], facts["azureml.git.build_uri"]) == ("7", "https://ci/7")


@pytest.mark.parametrize(
    ("environ", "build"),
    [
        (
            {
                "GITHUB_RUN_ID": "9",
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": "ann/work",
            },
            ("9", "https://github.example/ann/work/actions/runs/9"),
        ),
        ({"CI_PIPELINE_ID": "3", "CI_PIPELINE_URL": "https://g/3"}, ("3", "https://g/3")),
        ({"BUILD_ID": "12"}, ("12", None)),
        ({}, (None, None)),
    ],
)
def test_a_build_is_named(
    environ: dict[str, str], build: tuple[str | None, str | None], tmp_path: Path
) -> None:
    facts = provenance.properties(tmp_path, environ)

    assert (facts.get("azureml.git.build_id"), facts.get("azureml.git.build_uri")) == build


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://ann:secret@example.org/a.git", "https://example.org/a.git"),
        ("https://ghp_token@example.org:8443/a.git?x=1", "https://example.org:8443/a.git?x=1"),
        ("https://a%40b:p%40w@example.org/a", "https://example.org/a"),
        ("ssh://git:pw@example.org/a.git", "ssh://example.org/a.git"),
        ("ssh://git@example.org/a.git", "ssh://git@example.org/a.git"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("/srv/git/a.git", "/srv/git/a.git"),
        ("C:\\repos\\a", "C:\\repos\\a"),
        ("https://[bad", ""),
        ("", ""),
    ],
)
def test_an_address_loses_its_credentials_and_nothing_else(address: str, safe: str) -> None:
    assert provenance.without_credentials(address) == safe


def test_packages_are_those_that_python_finds() -> None:
    def normal(name: str) -> str:
        return name.lower().replace("_", "-").replace(".", "-")

    expected = {normal(d.name): d.version for d in importlib.metadata.distributions()}

    assert provenance.packages() == expected


def test_packages_are_found_in_no_time_and_the_first_on_the_path_counts(tmp_path: Path) -> None:
    for folder, version in (("a", "2.0"), ("b", "1.0")):
        (tmp_path / folder / f"My_Package-{version}.dist-info").mkdir(parents=True)
    (tmp_path / "b" / "old-0.1-py3.11.egg-info").mkdir()

    found = provenance.packages([str(tmp_path / "a"), str(tmp_path / "b"), "/nowhere"])
    start = time.perf_counter()
    provenance.packages()

    assert found == {"my-package": "2.0", "old": "0.1"}
    assert time.perf_counter() - start < 0.1


@needs_git
def test_a_git_hook_does_not_lead_to_another_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "new").write_text("x")
    monkeypatch.setenv("GIT_DIR", os.fspath(other / ".git"))

    state = provenance.git_state(repository)

    assert state is not None
    assert state.is_dirty is False
