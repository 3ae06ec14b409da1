"""Who this worker is, and which workers of this host are dead."""

from __future__ import annotations

import os
import socket

from sqlalchemy.orm import Session

from db.birth import born
from db.reconcile import expire_leases, working

HOST = socket.gethostname()


def worker_name(pid: int | None = None) -> str:
    """Return host, process id and the process's birth, which together name one process for ever."""
    pid = pid or os.getpid()
    return f"{HOST}/{pid}/{born(pid)}"


def is_dead(worker: str) -> bool:
    """Tell whether a worker of this host is surely gone; workers of other hosts are never called dead."""
    host, pid, birth = worker.rsplit("/", 2)
    return host == HOST and born(int(pid)) != birth


def forget_dead_workers(session: Session) -> None:
    """End the leases of this host's dead workers now instead of waiting until they run out."""
    expire_leases(session, [job_id for job_id, worker in working(session) if is_dead(worker)])
