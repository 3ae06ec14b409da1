"""Let one process at a time work on a folder; the others wait, as long as their job lives."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_S = 0.25


@contextmanager
def waiting_lock(folder: Path, *, check: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a folder that need not exist; while another process has it, ask `check`, which may raise.

    The kernel frees the lock when its holder dies, however.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder.parent / f".{folder.name}.lock").open("a+") as lock:
        while not _taken(lock.fileno()):
            check()
            time.sleep(POLL_S)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
