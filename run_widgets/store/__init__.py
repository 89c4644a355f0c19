"""What a place that keeps runs can do: a reading half and a writing half.

A panel, the portal and the command line need the reading half only, so
another tool's files can be shown live by a class with those few verbs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from run_widgets.records import Batch, FileEntry, RunRecord
    from run_widgets.store.local import Labels


class Follower(Protocol):
    """Reads one run to the end of what is there, again and again."""

    def read(self) -> Batch:
        """Return what came since the last call; empty when nothing did.

        A long history comes in pieces of bounded size: call again until the
        batch is empty to be at the end of what is there.
        """
        ...

    def close(self) -> None: ...


class RunReader(Protocol):
    """The reading half: never changes a run."""

    def run(self, run_id: str) -> RunRecord:
        """Return the run as it is now, its status already true.

        Raises
        ------
        RunNotFound
            The store has no run `run_id`.
        """
        ...

    def runs(
        self, experiment: str, tags: Labels = None, properties: Labels = None
    ) -> Iterator[RunRecord]:
        """Yield the runs of one experiment that have these labels, newest first."""
        ...

    def follow(self, run_id: str, *, at_once: int = ...) -> Follower:
        """Return a reader that starts before the run's first value.

        It takes `at_once` points of a writer with each look.
        """
        ...

    def files(self, run_id: str) -> list[FileEntry]:
        """Return the run's files, sorted by path."""
        ...

    def file_path(self, run_id: str, name: str) -> Path:
        """Return where the run's file `name` lies, for reading only.

        Raises
        ------
        FileNotInRun
            The run has no such file, or the name leads outside the run.
        """
        ...

    def log_times(self, run_id: str, name: str) -> list[tuple[float, int]]:
        """Return when the run's log `name` had come how far: times in order, and bytes.

        Empty where nobody noted it.
        """
        ...
