"""What clients get: the JSON forms of runs and jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from db.jobs import JobRecord
from db.runs import RunRecord
from db.states import TERMINAL, JobState, Phase, RunState
from db.timeline import phase_seconds, phase_started_at
from evals.result import Verdict
from evals.spec import Role, Submission

ROOT = "/api/v1"
EXAMPLE_RUN_ID = "r0k3v9x2d1a7b4c5e"


class WorkloadProgress(BaseModel):
    """How far a workload has come; right and scored count what is judged so far."""

    done: int = Field(description="Items answered.")
    total: int | None = Field(default=None, description="Items in all; null until the data is read.")
    right: float | None = None
    scored: int | None = None


class JobError(BaseModel):
    """Why a job ended, or why its last attempt did."""

    code: str = Field(examples=["engine_argument"])
    message: str
    remedy: str | None = None
    retryable: bool = False
    details: dict[str, Any] = Field(default_factory=dict)


class JobResource(BaseModel):
    """A job: one engine launch with its workloads."""

    id: str
    role: Role
    engine: str = Field(examples=["sglang"])
    state: JobState
    phase: Phase | None = Field(description="What a running job is doing; null otherwise.")
    phase_started_at: float | None = Field(description="Unix seconds.")
    attempt: int = Field(description="How often it has started.")
    failures: int
    progress: dict[str, WorkloadProgress] = Field(description="By workload.")
    timings_s: dict[str, float] = Field(description="Seconds by completed phase of the latest attempt.")
    facts: dict[str, Any] = Field(description="What was found to be true: versions, hardware, checksums.")
    error: JobError | None
    worker: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    log: str | None = Field(description="Where the engine's log is; null until there is one.")


class RunLinks(BaseModel):
    """Where the run's parts are; page is for people."""

    self: str
    events: str
    report: str
    samples: str
    cancel: str
    retry: str
    page: str


class RunResource(BaseModel):
    """A run: one accepted submission with its jobs."""

    id: str = Field(examples=[EXAMPLE_RUN_ID])
    state: RunState
    verdict: Verdict | None = Field(description="Set once the state is finished.")
    headline: str | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    submission: Submission
    jobs: list[JobResource]
    links: RunLinks


class RunPage(BaseModel):
    """A page of runs, newest first."""

    items: list[RunResource]
    next: str | None = Field(description="Address of the next page; null on the last one.")


def run_resource(run: RunRecord, jobs: list[JobRecord], *, public_url: str) -> RunResource:
    """Return a run's JSON form."""
    base = f"{ROOT}/submissions/{run.id}"
    parts = {name: f"{base}/{name}" for name in ("events", "report", "samples", "cancel", "retry")}
    return RunResource(
        id=run.id,
        state=run.state,
        verdict=run.verdict,
        headline=run.headline,
        cancel_requested=run.cancel_requested,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        submission=run.submission,
        jobs=[job_resource(job) for job in jobs],
        links=RunLinks(self=base, page=f"{public_url.rstrip('/')}/runs/{run.id}", **parts),
    )


def job_resource(job: JobRecord) -> JobResource:
    """Return a job's JSON form; nothing in it changes by the mere passing of time."""
    ended = job.finished_at if job.state in TERMINAL else None
    return JobResource(
        id=job.id,
        role=job.role,
        engine=job.spec.engine.kind,
        state=job.state,
        phase=job.phase,
        phase_started_at=phase_started_at(job.timeline, job.phase),
        attempt=job.attempt,
        failures=job.failures,
        progress={name: WorkloadProgress(**value) for name, value in job.progress.items()},
        timings_s=phase_seconds(job.timeline, ended_at=ended.timestamp() if ended else None),
        facts=job.facts,
        error=JobError(**job.error) if job.error else None,
        worker=job.worker,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=ended,
        log=f"{ROOT}/submissions/{job.run_id}/jobs/{job.id}/log" if job.log_path else None,
    )
