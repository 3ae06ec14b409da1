"""The lock that lets one service run in one home."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from db.settings import Settings
from evals.errors import PlumblineError


class AlreadyRunningError(PlumblineError):
    """Another `plumbline up` holds this home."""

    code = "already_running"


@dataclass(frozen=True, kw_only=True)
class LockHolder:
    """The supervisor that holds a home, and the address it serves."""

    pid: int
    url: str


def lock_file(settings: Settings) -> Path:
    """Return the file that a running service keeps locked."""
    return settings.run_dir / "up.lock"


@contextmanager
def service_lock(settings: Settings, url: str) -> Iterator[None]:
    """Hold the home's lock; raise AlreadyRunningError when another process does.

    The kernel lets go of the lock with the process, so that a killed service never blocks the next one.
    """
    path = lock_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(path)
            where = f"at {holder.url} (process {holder.pid})" if holder else "and is just starting"
            raise AlreadyRunningError(
                f"Plumbline already runs {where}", remedy="use that one, or stop it with `plumbline down`"
            ) from None
        file.truncate(0)
        file.write(json.dumps(asdict(LockHolder(pid=os.getpid(), url=url))))
        file.flush()
        yield
        file.truncate(0)


def lock_holder(settings: Settings) -> LockHolder | None:
    """Return the running service of this home, or None; a file that nobody keeps locked counts for nothing."""
    try:
        with lock_file(settings).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _read(lock_file(settings))
    except FileNotFoundError:
        return None


def wait_until_free(settings: Settings, *, patience_s: float) -> bool:
    """Wait until no service holds the home; return False when one still does in the end."""
    deadline = time.monotonic() + patience_s
    while lock_holder(settings) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _read(path: Path) -> LockHolder | None:
    try:
        return LockHolder(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
