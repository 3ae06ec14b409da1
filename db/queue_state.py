"""What waits and what runs, over all hosts, as it is at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.states import JobState
from db.tables import DeviceHold, Job


@dataclass(frozen=True, kw_only=True)
class WaitingJob:
    """A job that no worker has taken yet. attempt: how often it was begun before."""

    job_id: str
    run_id: str
    role: str
    engine: str
    model: str
    queue: str
    attempt: int
    enqueued_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class RunningJob:
    """A job that a worker holds. devices: (host, device) pairs. lease_s: seconds until it counts as lost."""

    job_id: str
    run_id: str
    role: str
    engine: str
    model: str
    queue: str
    phase: str | None
    worker: str | None
    devices: tuple[tuple[str, str], ...]
    started_at: datetime | None
    lease_s: float | None


@dataclass(frozen=True, kw_only=True)
class QueueAge:
    """A queue in which jobs wait. oldest: since when the one that has waited longest does."""

    queue: str
    waiting: int
    oldest: datetime | None


def waiting(session: Session, *, limit: int = 200) -> list[WaitingJob]:
    """Return the jobs that wait, the longest first."""
    query = select(Job).where(Job.state == JobState.QUEUED).order_by(Job.enqueued_at, Job.id).limit(limit)
    return [
        WaitingJob(
            **_named(job),
            attempt=job.attempt,
            enqueued_at=job.enqueued_at,
        )
        for job in session.scalars(query)
    ]


def depths(session: Session) -> dict[str, int]:
    """Return how many jobs wait in each queue."""
    query = select(Job.queue, func.count()).where(Job.state == JobState.QUEUED).group_by(Job.queue)
    return {str(queue): int(count) for queue, count in session.execute(query)}


def queue_ages(session: Session) -> list[QueueAge]:
    """Return the queues in which jobs wait, by name."""
    query = select(Job.queue, func.count(), func.min(Job.enqueued_at)).where(Job.state == JobState.QUEUED)
    rows = session.execute(query.group_by(Job.queue).order_by(Job.queue))
    return [QueueAge(queue=queue, waiting=count, oldest=oldest) for queue, count, oldest in rows]


def running(session: Session) -> list[RunningJob]:
    """Return the jobs that workers hold, the longest first, with their devices."""
    lease_s = func.extract("epoch", Job.lease_expires_at - func.now())
    query = select(Job, lease_s).where(Job.state == JobState.RUNNING).order_by(Job.started_at, Job.id)
    holds: dict[str, list[tuple[str, str]]] = {}
    for hold in session.scalars(select(DeviceHold).order_by(DeviceHold.host, DeviceHold.device)):
        holds.setdefault(hold.lease_token, []).append((hold.host, hold.device))
    return [
        RunningJob(
            **_named(job),
            phase=job.phase,
            worker=job.worker,
            devices=tuple(holds.get(job.lease_token or "", ())),
            started_at=job.started_at,
            lease_s=None if left is None else float(left),
        )
        for job, left in session.execute(query)
    ]


def _named(job: Job) -> dict[str, str]:
    spec = job.spec
    names = {"engine": spec["engine"]["kind"], "model": spec["model"]["path"], "queue": job.queue}
    return {"job_id": job.id, "run_id": job.run_id, "role": job.role, **names}
