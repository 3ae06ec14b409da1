"""Who this worker is, and which workers of this host are dead."""

from __future__ import annotations

import os
import socket

import psutil
from sqlalchemy.orm import Session

from db.claims import expire_leases, working

HOST = socket.gethostname()


def worker_name() -> str:
    """Return host, process id and the process's start time, which together name one process for ever."""
    return f"{HOST}/{os.getpid()}/{psutil.Process().create_time():.2f}"


def is_dead(worker: str) -> bool:
    """Tell whether a worker of this host is surely gone; workers of other hosts are never called dead."""
    host, _, rest = worker.rpartition("/")[0].rpartition("/")
    started = worker.rpartition("/")[2]
    if host != HOST:
        return False
    try:
        return f"{psutil.Process(int(rest)).create_time():.2f}" != started
    except psutil.NoSuchProcess:
        return True


def forget_dead_workers(session: Session) -> None:
    """End the leases of this host's dead workers now instead of waiting until they run out."""
    expire_leases(session, [job_id for job_id, worker in working(session) if is_dead(worker)])
