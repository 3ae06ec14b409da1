"""Who works on what: claiming a job with its devices, giving it back, and finding what was lost."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.orm import Session

from db.jobs import JobRecord, Lease, held, record
from db.runs import mark_running
from db.states import TERMINAL, JobState, RunState, sources_of
from db.tables import DeviceHold, Job, Run

MAX_LOSSES = 10
"""A job whose workers have died under it so often ends as failed."""

Chooser = Callable[[JobRecord, frozenset[str]], Sequence[str] | None]
"""Choose devices for a job, given those that are held; None means that too few are free."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job that this worker now holds, with its devices."""

    job: JobRecord
    lease: Lease
    devices: tuple[str, ...]


def claim_job(
    session: Session, job_id: str, *, worker: str, host: str, lease_s: float, choose: Chooser
) -> Claim | None:
    """Take a queued job and its devices, or return None when it is taken, ended, or the host is full.

    A duplicate message finds nothing to claim, because the UPDATE asks for the state QUEUED.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"devices of {host}"))))
    session.execute(delete(DeviceHold).where(DeviceHold.host == host, ~_held_by_living_job()))
    waiting = session.scalar(select(Job).where(Job.id == job_id, Job.state.in_(sources_of(JobState.RUNNING))))
    if waiting is None:
        return None
    taken = frozenset(session.scalars(select(DeviceHold.device).where(DeviceHold.host == host)))
    devices = choose(record(waiting), taken)
    if devices is None:
        return None
    return _take(session, job_id, worker=worker, host=host, lease_s=lease_s, devices=devices)


def _take(
    session: Session, job_id: str, *, worker: str, host: str, lease_s: float, devices: Sequence[str]
) -> Claim | None:
    token = secrets.token_hex(16)
    row = session.scalar(
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.QUEUED, Job.cancel_requested.is_(False))
        .values(
            state=JobState.RUNNING,
            attempt=Job.attempt + 1,
            lease_token=token,
            lease_expires_at=_after(lease_s),
            worker=worker,
            phase=None,
            started_at=func.coalesce(Job.started_at, func.now()),
        )
        .returning(Job)
        .execution_options(populate_existing=True)
    )
    if row is None:
        return None
    session.add_all(DeviceHold(host=host, device=device, job_id=job_id, lease_token=token) for device in devices)
    mark_running(session, row.run_id)
    lease = Lease(job_id=job_id, token=token, attempt=row.attempt)
    return Claim(job=record(row), lease=lease, devices=tuple(devices))


def end_job(session: Session, lease: Lease, state: JobState, *, error: dict[str, Any] | None = None) -> bool:
    """Move a held job to a final state and free its devices; return False when the lease was lost."""
    ended = session.execute(
        held(lease)
        .values(state=state, error=error, phase=None, lease_token=None, lease_expires_at=None, finished_at=func.now())
        .returning(Job.id)
    ).first()
    _free(session, lease.token)
    return ended is not None


def requeue_job(session: Session, lease: Lease, *, error: dict[str, Any] | None, count_failure: bool) -> bool:
    """Put a held job back into the queue and free its devices; return False when the lease was lost."""
    moved = session.execute(
        held(lease)
        .values(
            state=JobState.QUEUED,
            error=error,
            failures=Job.failures + (1 if count_failure else 0),
            phase=None,
            lease_token=None,
            lease_expires_at=None,
            enqueued_at=func.now(),
        )
        .returning(Job.id)
    ).first()
    _free(session, lease.token)
    return moved is not None


def working(session: Session) -> list[tuple[str, str]]:
    """Return (job id, worker) of all running jobs."""
    rows = session.execute(select(Job.id, Job.worker).where(Job.state == JobState.RUNNING, Job.worker.is_not(None)))
    return [(row.id, row.worker) for row in rows]


def expire_leases(session: Session, job_ids: Sequence[str]) -> None:
    """Let the leases of running jobs run out now, because their workers are known to be dead."""
    session.execute(
        update(Job)
        .where(Job.id.in_(job_ids), Job.state == JobState.RUNNING)
        .values(lease_expires_at=func.now() - timedelta(seconds=1))
    )


def lost_jobs(session: Session) -> list[JobRecord]:
    """Take back the jobs whose lease has run out: QUEUED again, CANCELLED if asked, FAILED after MAX_LOSSES."""
    expired = session.scalars(
        select(Job)
        .where(Job.state == JobState.RUNNING, Job.lease_expires_at < func.now())
        .with_for_update(skip_locked=True)
    ).all()
    for job in expired:
        _free(session, job.lease_token)
        job.lease_token = job.lease_expires_at = job.phase = None
        job.losses += 1
        if job.cancel_requested or job.losses >= MAX_LOSSES:
            job.state = JobState.CANCELLED if job.cancel_requested else JobState.FAILED
            job.finished_at = session.scalar(select(func.now()))
        else:
            job.state = JobState.QUEUED
        if job.state == JobState.FAILED:
            job.error = {
                "code": "worker_lost",
                "message": f"workers died {job.losses} times while they ran this job",
                "remedy": "look at the job's log and at the host's memory; then `plumbline retry`",
                "retryable": False,
                "details": {"worker": job.worker},
            }
    session.flush()
    return [record(job) for job in expired]


def waiting_jobs(session: Session, *, silent_s: float, limit: int = 200) -> list[tuple[str, str]]:
    """Return (job id, queue) of queued jobs whose last message is older than `silent_s`, and note a new one."""
    stale = (
        select(Job.id)
        .where(Job.state == JobState.QUEUED, Job.enqueued_at < func.now() - timedelta(seconds=silent_s))
        .order_by(Job.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(
        update(Job).where(Job.id.in_(stale)).values(enqueued_at=func.now()).returning(Job.id, Job.queue, Job.created_at)
    ).all()
    return [(row.id, row.queue) for row in sorted(rows, key=lambda row: row.created_at)]


def stuck_runs(session: Session, *, silent_s: float) -> tuple[list[str], list[str]]:
    """Return (runs whose jobs have all ended though nobody noticed, runs whose report was promised and never came)."""
    open_jobs = exists().where(Job.run_id == Run.id, Job.state.not_in(TERMINAL))
    ended = session.scalars(select(Run.id).where(Run.state.in_([RunState.QUEUED, RunState.RUNNING]), ~open_jobs))
    silent = func.now() - timedelta(seconds=silent_s)
    unreported = session.scalars(select(Run.id).where(Run.state == RunState.REPORTING, Run.reporting_since < silent))
    return list(ended), list(unreported)


def _after(seconds: float) -> ColumnElement[Any]:
    return func.now() + timedelta(seconds=seconds)


def _held_by_living_job() -> ColumnElement[bool]:
    return exists().where(
        and_(
            Job.id == DeviceHold.job_id,
            Job.lease_token == DeviceHold.lease_token,
            Job.state == JobState.RUNNING,
            Job.lease_expires_at >= func.now(),
        )
    )


def _free(session: Session, lease_token: str | None) -> None:
    session.execute(delete(DeviceHold).where(DeviceHold.lease_token == lease_token))
