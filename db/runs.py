"""Runs: accepted with their jobs in one transaction, finished exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from db.codec import from_json, to_json
from db.ids import new_id
from db.states import TERMINAL, JobState, RunState, check_run
from db.tables import Job, Run
from evals.errors import PlumblineError
from evals.result import Verdict
from evals.spec import JobSpec, Submission


class UnknownRunError(PlumblineError):
    """No run has this id."""

    code = "unknown_run"


class IdempotencyConflictError(PlumblineError):
    """An Idempotency-Key came again with another body."""

    code = "idempotency_key_reused"


class NothingToRetryError(PlumblineError):
    """The run has no failed or cancelled job, or is not finished."""

    code = "nothing_to_retry"


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A stored run; times are aware datetimes in UTC."""

    id: str
    submission: Submission
    state: RunState
    verdict: Verdict | None
    headline: str | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Idempotency:
    """Tie a run to the key under which a client submitted it, so that a repeated POST finds it again."""

    token_id: str
    key: str
    body_sha256: str


def queue_of(job: JobSpec) -> str:
    """Return the name of the queue whose workers can run the job, a duel's both engines among it."""
    devices = {engine.device for engine in (job.engine, job.opponent) if engine is not None}
    return "jobs.cuda" if "cuda" in devices else "jobs.cpu"


def create_run(
    session: Session,
    *,
    submission: Submission,
    jobs: Sequence[JobSpec],
    token_id: str | None,
    idempotency: Idempotency | None = None,
) -> tuple[RunRecord, bool]:
    """Write a run and its jobs; return (run, True), or (the earlier run, False) when the key is known.

    Raises IdempotencyConflictError when the key was used for another body.
    """
    if idempotency is not None:
        earlier = earlier_run(session, idempotency)
        if earlier is not None:
            return earlier, False
    run = Run(
        id=new_id("r"),
        submission=to_json(submission),
        state=RunState.QUEUED,
        token_id=token_id,
        idempotency_key=idempotency.key if idempotency else None,
        body_sha256=idempotency.body_sha256 if idempotency else None,
    )
    session.add(run)
    session.flush()
    for job in jobs:
        session.add(
            Job(
                id=new_id("j"),
                run_id=run.id,
                role=job.role,
                spec=to_json(job),
                queue=queue_of(job),
                state=JobState.QUEUED,
                enqueued_at=func.now(),
            )
        )
        session.flush()
    session.refresh(run)
    return run_record(run), True


def earlier_run(session: Session, idempotency: Idempotency) -> RunRecord | None:
    """Return the run that a key has made, or None; others with the key wait until the transaction ends.

    Raises IdempotencyConflictError when the key was used for another body.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(idempotency.token_id + idempotency.key))))
    query = select(Run).where(Run.token_id == idempotency.token_id, Run.idempotency_key == idempotency.key)
    run = session.scalar(query)
    if run is not None and run.body_sha256 != idempotency.body_sha256:
        raise IdempotencyConflictError(
            f"this Idempotency-Key already belongs to run {run.id}, whose body was another",
            remedy="use a new key for a new submission, or send the same body again",
        )
    return run_record(run) if run else None


def get_run(session: Session, run_id: str) -> RunRecord:
    """Return a run; raise UnknownRunError when there is none."""
    run = session.get(Run, run_id)
    if run is None:
        raise UnknownRunError(f"there is no run {run_id!r}", remedy="list the runs with `plumbline list`")
    return run_record(run)


def list_runs(
    session: Session, *, before: str | None = None, limit: int = 50, state: RunState | None = None
) -> list[RunRecord]:
    """Return up to `limit` runs, newest first, older than the run `before`."""
    query = select(Run).order_by(Run.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Run.id < before)
    if state is not None:
        query = query.where(Run.state == state)
    return [run_record(run) for run in session.scalars(query)]


def mark_running(session: Session, run_id: str) -> None:
    """Note that the first job of a run has started."""
    session.execute(
        update(Run)
        .where(Run.id == run_id, Run.state == RunState.QUEUED)
        .values(state=RunState.RUNNING, started_at=func.coalesce(Run.started_at, func.now()))
    )


def finish_run(session: Session, run_id: str) -> bool:
    """Move a run whose jobs have all ended to REPORTING; return True for exactly one caller."""
    open_jobs = exists().where(Job.run_id == run_id, Job.state.not_in(TERMINAL))
    moved = session.execute(
        update(Run)
        .where(Run.id == run_id, Run.state.in_([RunState.QUEUED, RunState.RUNNING]), ~open_jobs)
        .values(state=RunState.REPORTING, reporting_since=func.now())
        .returning(Run.id)
    )
    return moved.first() is not None


def lock_run(session: Session, run_id: str) -> RunRecord:
    """Return a run and keep its row locked until the transaction ends, so that decisions about it queue up."""
    run = session.scalar(select(Run).where(Run.id == run_id).with_for_update())
    if run is None:
        raise UnknownRunError(f"there is no run {run_id!r}", remedy="list the runs with `plumbline list`")
    return run_record(run)


def close_run(session: Session, run_id: str, *, verdict: Verdict, headline: str) -> None:
    """Give a run its verdict; the caller has saved the report in the same transaction."""
    check_run(lock_run(session, run_id).state, RunState.FINISHED)
    session.execute(
        update(Run)
        .where(Run.id == run_id)
        .values(state=RunState.FINISHED, verdict=verdict, headline=headline, finished_at=func.now())
    )


def request_cancel(session: Session, run_id: str) -> list[str]:
    """Cancel a run: queued jobs end at once, running ones are told to stop; return the ids of the latter."""
    lock_run(session, run_id)
    session.execute(update(Run).where(Run.id == run_id).values(cancel_requested=True))
    session.execute(
        update(Job)
        .where(Job.run_id == run_id, Job.state == JobState.QUEUED)
        .values(state=JobState.CANCELLED, finished_at=func.now(), cancel_requested=True)
    )
    running = session.scalars(
        update(Job)
        .where(Job.run_id == run_id, Job.state == JobState.RUNNING)
        .values(cancel_requested=True)
        .returning(Job.id)
    )
    return list(running)


def retry_run(session: Session, run_id: str) -> list[str]:
    """Queue a finished run's failed and cancelled jobs again; return their ids."""
    run = lock_run(session, run_id)
    ended = [JobState.FAILED, JobState.CANCELLED] if run.state == RunState.FINISHED else []
    again = list(
        session.scalars(
            update(Job)
            .where(Job.run_id == run_id, Job.state.in_(ended))
            .values(
                state=JobState.QUEUED, failures=0, losses=0, error=None, cancel_requested=False, enqueued_at=func.now()
            )
            .returning(Job.id)
        )
    )
    if not again:
        raise NothingToRetryError(
            f"run {run_id} has no failed or cancelled job to repeat",
            remedy="wait until the run has ended, or submit it anew",
        )
    check_run(run.state, RunState.QUEUED)
    session.execute(
        update(Run)
        .where(Run.id == run_id)
        .values(state=RunState.QUEUED, verdict=None, headline=None, cancel_requested=False, finished_at=None)
    )
    return again


def run_record(run: Run) -> RunRecord:
    """Turn a row into a record."""
    return RunRecord(
        id=run.id,
        submission=from_json(Submission, run.submission),
        state=RunState(run.state),
        verdict=Verdict(run.verdict) if run.verdict else None,
        headline=run.headline,
        cancel_requested=run.cancel_requested,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )
