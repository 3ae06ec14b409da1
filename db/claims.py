"""Who works on what: claiming a job with its devices, and giving it back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, tuple_, update
from sqlalchemy.orm import Session

from db.jobs import JobRecord, Lease, held, record
from db.runs import lock_run, mark_running
from db.states import JobState, sources_of
from db.storable import storable
from db.tables import DeviceHold, Job
from evals.spec import Role

Chooser = Callable[[JobRecord, frozenset[str]], Sequence[str] | None]
"""Choose devices for a job, given those that are held; None means that too few are free."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job that this worker now holds, with its devices."""

    job: JobRecord
    lease: Lease
    devices: tuple[str, ...]


def claim_job(
    session: Session,
    job_id: str,
    *,
    worker: str,
    host: str,
    lease_s: float,
    choose: Chooser,
    queues: Collection[str] = (),
) -> Claim | None:
    """Take a queued job and its devices, or return None when it is taken, ended, or the host is full.

    The UPDATE asks for the state QUEUED, so that of several messages for one job the first alone has an effect. Jobs
    behind a duel that wants devices of theirs wait for it, because all that it needs would never be free while they
    start one by one. queues: those that the worker serves; duels of others are none of its business.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"devices of {host}"))))
    session.execute(delete(DeviceHold).where(DeviceHold.host == host, ~_held_by_living_job()))
    run_id = session.scalar(select(Job.run_id).where(Job.id == job_id))
    if run_id is None:
        return None
    lock_run(session, run_id)  # before the job's row, in the order in which cancelling locks them
    waiting = session.scalar(select(Job).where(Job.id == job_id, Job.state.in_(sources_of(JobState.RUNNING))))
    if waiting is None or _is_behind_a_duel(session, waiting, {waiting.queue, *queues}):
        return None
    taken = frozenset(session.scalars(select(DeviceHold.device).where(DeviceHold.host == host)))
    devices = choose(record(waiting), taken)
    if devices is None:
        return None
    return _take(session, job_id, worker=worker, host=host, lease_s=lease_s, devices=devices)


def wanted_gpus(job: JobRecord) -> int:
    """Return how many GPUs a job needs; a duel's two engines take the same ones."""
    engines = (engine for engine in (job.spec.engine, job.spec.opponent) if engine is not None)
    return max((max(1, one.gpus) for one in engines if one.kind != "remote" and one.device == "cuda"), default=0)


def _is_behind_a_duel(session: Session, waiting: Job, queues: Collection[str]) -> bool:
    duels = select(Job).where(
        Job.role == Role.DUEL,
        Job.state == JobState.QUEUED,
        Job.queue.in_(queues),
        Job.cancel_requested.is_(False),
        tuple_(Job.created_at, Job.id) < tuple_(waiting.created_at, waiting.id),
    )
    wants_gpus = waiting.role == Role.DUEL or wanted_gpus(record(waiting)) > 0  # a duel without GPUs wants them too
    return any(wants_gpus or not wanted_gpus(record(duel)) for duel in session.scalars(duels))


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
        .values(
            state=state,
            error=storable(error),
            phase=None,
            lease_token=None,
            lease_expires_at=None,
            finished_at=func.now(),
        )
        .returning(Job.id)
    ).first()
    free_devices(session, lease.token)
    return ended is not None


def requeue_job(session: Session, lease: Lease, *, error: dict[str, Any] | None, count_failure: bool) -> bool:
    """Put a held job back into the queue and free its devices; return False when the lease was lost."""
    moved = session.execute(
        held(lease)
        .values(
            state=JobState.QUEUED,
            error=storable(error),
            failures=Job.failures + (1 if count_failure else 0),
            phase=None,
            lease_token=None,
            lease_expires_at=None,
            enqueued_at=func.now(),
        )
        .returning(Job.id)
    ).first()
    free_devices(session, lease.token)
    return moved is not None


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


def free_devices(session: Session, lease_token: str | None) -> None:
    """Let go of the devices that were held under a lease."""
    session.execute(delete(DeviceHold).where(DeviceHold.lease_token == lease_token))
