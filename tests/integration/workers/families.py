"""Families of real processes that resist being ended, and a look at who of them still lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
folder = sys.argv[1]

def live():
    with open(os.path.join(folder, str(os.getpid())), "w"):
        pass
    while True:
        time.sleep(60)

if os.fork() == 0:              # a child
    if os.fork() == 0:          # a grandchild in a session of its own
        os.setsid()
        if os.fork() == 0:      # a daemon: its parent ends, it belongs to nobody
            if os.fork() == 0:
                os.setsid()
                live()
            os._exit(0)
        live()
    os.setpgid(0, 0)
    live()
live()
"""
STUBBORN_SIZE = 4


def members(folder: Path) -> list[int]:
    """Return the processes that have signed in."""
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())


def living(pids: Iterable[int]) -> list[int]:
    """Return those that run; a zombie does not."""
    return [pid for pid in pids if _state(pid) not in (None, "Z", "X")]


def until(condition: Callable[[], bool], *, timeout_s: float = 20) -> bool:
    """Wait for a condition; tell whether it came true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def children(pid: int) -> list[int]:
    """Return a process's children."""
    entries = [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [int(entry) for entry in entries if _parent(int(entry)) == pid]


def _fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str | None:
    return next(iter(_fields(pid)), None)


def _parent(pid: int) -> int | None:
    fields = _fields(pid)
    return int(fields[1]) if fields else None
