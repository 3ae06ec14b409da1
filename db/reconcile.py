"""Finding what was lost: jobs whose worker died, messages that never came, runs that nobody finished."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from db.claims import free_devices
from db.jobs import JobRecord, record
from db.states import TERMINAL, JobState, RunState
from db.tables import Job, Run, StoredObservation, StoredResponse

MAX_LOSSES = 10
"""A job whose workers have died under it so often ends as failed."""


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
        free_devices(session, job.lease_token)
        job.lease_token = job.lease_expires_at = job.phase = None
        job.losses = 0 if _has_answered(session, job) else job.losses + 1
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
                "details": {"worker": job.worker, "previous": job.error},
            }
    session.flush()
    return [record(job) for job in expired]


def end_cancelled(session: Session) -> list[str]:
    """End queued jobs whose run was cancelled while they went back into the queue; return their runs' ids."""
    ended = session.scalars(
        update(Job)
        .where(Job.state == JobState.QUEUED, Job.cancel_requested)
        .values(state=JobState.CANCELLED, finished_at=func.now())
        .returning(Job.run_id)
    )
    return list(ended)


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
    """Return (runs whose jobs have all ended though nobody noticed, runs whose report was promised and never came).

    The latter are noted as promised anew, so that each gets one message in `silent_s`.
    """
    open_jobs = exists().where(Job.run_id == Run.id, Job.state.not_in(TERMINAL))
    ended = session.scalars(select(Run.id).where(Run.state.in_([RunState.QUEUED, RunState.RUNNING]), ~open_jobs))
    silent = func.now() - timedelta(seconds=silent_s)
    unreported = session.scalars(
        update(Run)
        .where(Run.state == RunState.REPORTING, Run.reporting_since < silent)
        .values(reporting_since=func.now())
        .returning(Run.id)
    )
    return list(ended), list(unreported)


def _has_answered(session: Session, job: Job) -> bool:
    """Tell whether a job's last attempt has saved an answer: then its worker's end says nothing against the job."""
    tables = (StoredResponse, StoredObservation)
    answered = [exists().where(table.job_id == job.id, table.attempt == job.attempt) for table in tables]
    return bool(session.scalar(select(or_(*answered))))
