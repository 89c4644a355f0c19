"""What a run's block prints, kept as its log; and its log, printed."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import IO, TYPE_CHECKING, Any

from run_widgets.store import layout

if TYPE_CHECKING:
    from run_widgets.tracking.details import Details


class Block:
    """Copies what a block prints into the run's log, and undoes a change of folder."""

    def __init__(self, run: Details) -> None:
        self._folder = os.getcwd()
        path = run.folder / layout.FILES / "logs" / "user_log.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._log = path.open("a", encoding="utf-8", errors="replace")
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (_Tee(stream, self._log) for stream in self._streams)

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


class _Tee:
    def __init__(self, stream: Any, log: IO[str]) -> None:
        self.stream = stream
        self._log = log

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):  # a full disk, or a block that has ended
            self._log.write(text)
            self._log.flush()
        self.stream.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class LogPrinter:
    """Prints the newest log of a run as it grows."""

    def __init__(self, run: Details) -> None:
        self._run = run
        self._printed: dict[str, int] = {}
        print(f"RunId: {run.id}")

    def print_new(self) -> None:
        for name in self._run._log_names():
            if name not in self._printed:
                print(f"\nStreaming {name}\n{'=' * (10 + len(name))}\n")
            with open(self._run.store.file_path(self._run.id, name), "rb") as file:
                file.seek(self._printed.get(name, 0))
                new = file.read()
            self._printed[name] = self._printed.get(name, 0) + len(new)
            if new:
                print(new.decode(errors="replace"), end="", flush=True)
