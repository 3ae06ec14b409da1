"""Jobs as their readers see them, and the few words a holder may write into its own job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.codec import from_json
from db.states import JobState, Phase
from db.storable import storable
from db.tables import Job
from evals.errors import LeaseLostError, PlumblineError
from evals.spec import JobSpec, Role, Workload

_ORDER = tuple(Role)


class UnknownJobError(PlumblineError):
    """No job has this id."""

    code = "unknown_job"


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A stored job; see db.tables.Job for what the JSON values hold."""

    id: str
    run_id: str
    role: Role
    spec: JobSpec
    queue: str
    state: JobState
    phase: Phase | None
    attempt: int
    failures: int
    cancel_requested: bool
    worker: str | None
    progress: dict[str, Any]
    timeline: list[dict[str, Any]]
    facts: dict[str, Any]
    error: dict[str, Any] | None
    log_path: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Prove that a worker holds a job; every write of the job's facts carries it."""

    job_id: str
    token: str
    attempt: int


def get_job(session: Session, job_id: str) -> JobRecord:
    """Return a job; raise UnknownJobError when there is none."""
    job = session.get(Job, job_id)
    if job is None:
        raise UnknownJobError(f"there is no job {job_id!r}", remedy="list a run's jobs with `plumbline watch RUN`")
    return record(job)


def jobs_of(session: Session, run_id: str) -> list[JobRecord]:
    """Return a run's jobs in the order of their roles: candidate, baseline, and the companions."""
    return jobs_of_many(session, [run_id])[run_id]


def jobs_of_many(session: Session, run_ids: list[str]) -> dict[str, list[JobRecord]]:
    """Return the jobs of several runs by run id, with one query; each run's in the order of their roles."""
    found: dict[str, list[JobRecord]] = {run_id: [] for run_id in run_ids}
    for row in session.scalars(select(Job).where(Job.run_id.in_(run_ids)).order_by(Job.id)):
        found[row.run_id].append(record(row))
    return {run_id: sorted(jobs, key=lambda job: _ORDER.index(job.role)) for run_id, jobs in found.items()}


def workloads_in(jobs: Sequence[JobRecord]) -> dict[str, Workload]:
    """Return the workloads of a run's jobs by name, as they were asked for; a suite may be another by now."""
    return {workload.name: workload for job in reversed(jobs) for workload in job.spec.workloads}


def renew_lease(session: Session, lease: Lease, *, lease_s: float, progress: dict[str, Any]) -> bool:
    """Stretch a lease and note the progress; return True when somebody asked to cancel the job.

    Raises LeaseLostError when the job belongs to another worker by now.
    """
    row = session.execute(
        held(lease)
        .values(lease_expires_at=func.now() + timedelta(seconds=lease_s), progress=progress)
        .returning(Job.cancel_requested)
    ).first()
    if row is None:
        raise LeaseLostError(f"job {lease.job_id} is no longer ours", remedy="nothing: another worker goes on with it")
    return bool(row[0])


def enter_phase(session: Session, lease: Lease, phase: Phase) -> None:
    """Note with the database's clock that a job has entered a phase."""
    entry = func.jsonb_build_object(
        "phase", phase.value, "attempt", lease.attempt, "at", func.extract("epoch", func.clock_timestamp())
    )
    _write(session, lease, phase=phase, timeline=Job.timeline.op("||")(func.jsonb_build_array(entry)))


def note_facts(session: Session, lease: Lease, facts: dict[str, Any], *, log_path: str | None = None) -> None:
    """Add what was found to be true while the job ran."""
    values: dict[str, Any] = {"facts": Job.facts.op("||")(storable(facts))}
    if log_path is not None:
        values["log_path"] = log_path
    _write(session, lease, **values)


def held(lease: Lease) -> Any:
    """Return the UPDATE that touches a job only while this lease holds it."""
    return update(Job).where(Job.id == lease.job_id, Job.lease_token == lease.token, Job.state == JobState.RUNNING)


def _write(session: Session, lease: Lease, **values: Any) -> None:
    if session.execute(held(lease).values(**values).returning(Job.id)).first() is None:
        raise LeaseLostError(f"job {lease.job_id} is no longer ours", remedy="nothing: another worker goes on with it")


def record(job: Job) -> JobRecord:
    """Turn a row into a record."""
    return JobRecord(
        id=job.id,
        run_id=job.run_id,
        role=Role(job.role),
        spec=from_json(JobSpec, job.spec),
        queue=job.queue,
        state=JobState(job.state),
        phase=Phase(job.phase) if job.phase else None,
        attempt=job.attempt,
        failures=job.failures,
        cancel_requested=job.cancel_requested,
        worker=job.worker,
        progress=job.progress,
        timeline=job.timeline,
        facts=job.facts,
        error=job.error,
        log_path=job.log_path,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
