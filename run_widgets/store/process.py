"""Who a process is, so that another can tell whether it still lives.

A process id alone is not enough: ids are used again. With its start time, the
machine's boot id and its pid namespace it names one process for good.
"""

from __future__ import annotations

import contextlib
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TypedDict


class Process(TypedDict):
    """One process of one machine, as it stands in the store's JSON."""

    pid: int
    started: str  # in the unit of the platform; only ever compared
    host: str
    boot: str
    space: str  # pid namespace: a container's pids mean nothing outside it


def user_name() -> str:
    """Return who runs this process; empty where nobody says it."""
    for variable in ("JUPYTERHUB_USER", "USER", "LOGNAME", "USERNAME"):
        if os.environ.get(variable):
            return os.environ[variable]
    if sys.platform != "win32":
        import pwd

        with contextlib.suppress(KeyError):  # a container's user need not be in any list
            return pwd.getpwuid(os.getuid()).pw_name
    return ""


def this_process() -> Process:
    """Return the calling process."""
    return _describe(os.getpid())


def process_of(pid: int) -> Process:
    """Return the process that has the id `pid` here and now."""
    return {**this_process(), "pid": pid, "started": _started(pid)}


def is_alive(process: Process) -> bool | None:
    """Tell whether `process` lives; None where it cannot be known from here."""
    if process == this_process():
        return True
    if process["host"] != _host():
        return None
    if process["boot"] != _boot():
        return False  # the machine has been restarted since
    if process["space"] != _space():
        return None
    return process["started"] != "" and _started(process["pid"]) == process["started"]


@lru_cache(maxsize=1)  # called for each run created; a fork changes the argument
def _describe(pid: int) -> Process:
    return {
        "pid": pid,
        "started": _started(pid),
        "host": _host(),
        "boot": _boot(),
        "space": _space(),
    }


def _started(pid: int) -> str:
    """Return when `pid` started, or "" where there is no such process or only a zombie."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return ""
        # The command, in parentheses, may have spaces and parentheses itself.
        fields = stat[stat.rindex(b")") + 2 :].split()
        return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
    import psutil

    try:
        return repr(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


@lru_cache(maxsize=1)
def _host() -> str:
    if hasattr(os, "uname"):
        node: str = os.uname().nodename
        return node
    import platform

    return platform.node()


@lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""  # elsewhere the start times already differ after a restart


@lru_cache(maxsize=1)
def _space() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
