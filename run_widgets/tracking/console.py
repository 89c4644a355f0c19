"""What a run's block prints, kept as its log; and its log, printed."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import time
import traceback
from typing import IO, TYPE_CHECKING, Any

from run_widgets.store.files import open_to_append
from run_widgets.store.log_times import LogTimes

if TYPE_CHECKING:
    from pathlib import Path

    from run_widgets.records import RunStatus
    from run_widgets.tracking.details import Details


_CHUNK_BYTES = 2**16

_LOG = "logs/user_log.txt"


class Block:
    """Copies what a block prints into the run's log, and undoes a change of folder."""

    def __init__(self, run: Details) -> None:
        self._folder = ""
        with contextlib.suppress(FileNotFoundError):  # somebody has removed it
            self._folder = os.getcwd()
        self._log = _Log(run.folder)
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (
            # A program without a console has none.
            None if stream is None else _Tee(stream, self._log)
            for stream in self._streams
        )

    def end(self, error: BaseException | None) -> None:
        with contextlib.suppress(OSError):
            os.chdir(self._folder)
        if error is not None:
            self._log.write("".join(traceback.format_exception(error)))
        for name, stream in zip(("stdout", "stderr"), self._streams, strict=True):
            tee = getattr(sys, name)
            # Somebody else may have put their own stream on top meanwhile: leave it.
            if isinstance(tee, _Tee) and tee.stream is stream:
                setattr(sys, name, stream)
        self._log.close()


class _Log:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None
        self._has_ended = False
        self._times = LogTimes(folder, _LOG)
        self._written_at = time.time()
        with contextlib.suppress(OSError):  # a full disk: opened by what is written later
            self._open()

    def _open(self) -> IO[str]:
        descriptor = open_to_append(self._folder, _LOG)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")
        return self._file

    def write(self, text: str) -> None:
        if self._has_ended:
            return
        with contextlib.suppress(OSError, ValueError):  # a full disk
            file = self._file or self._open()
            if self._times.is_due():
                self._note(file)
            file.write(text)
            file.flush()
            self._written_at = time.time()

    def close(self) -> None:
        self._has_ended = True
        if self._file is None:
            return
        with contextlib.suppress(OSError, ValueError):
            self._note(self._file)
        with contextlib.suppress(OSError):
            self._file.close()

    def _note(self, file: IO[str]) -> None:
        self._times.note(os.fstat(file.fileno()).st_size, self._written_at)


class _Tee:
    def __init__(self, stream: Any, log: _Log) -> None:
        self.stream = stream
        self._log = log

    def write(self, text: str) -> int:
        self._log.write(text)
        self.stream.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class LogPrinter:
    """Prints the log that a person wants of a run, as it grows."""

    def __init__(self, run: Details) -> None:
        self._run = run
        self._name = ""
        self._printed = 0  # bytes
        # A character may come in two halves.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        print(f"RunId: {run.id}")

    def print_new(self) -> None:
        names = self._run._log_names()
        if not self._name and names:
            self._name = names[0]
            print(f"\nStreaming {self._name}\n{'=' * (10 + len(self._name))}\n")
        if self._name not in names:
            return
        with open(self._run.store.file_path(self._run.id, self._name), "rb") as file:
            file.seek(self._printed)
            while new := file.read(_CHUNK_BYTES):
                self._printed += len(new)
                print(self._decoder.decode(new), end="", flush=True)

    def end(self, status: RunStatus) -> None:
        """Print what there is to say once the run has ended."""
        print(self._decoder.decode(b"", final=True))
        print(f"\nExecution Summary\n{'=' * 17}\nRunId: {self._run.id}\nStatus: {status.value}")
