"""What would become of a submission: its jobs, what is compared, and what that could see; nothing is written."""

from __future__ import annotations

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.auth import check_role
from api.schemas import SubmissionRequest
from api.submission import to_submission
from db.baseline_choice import settled
from db.schedules import READ_TAGS
from db.settings import settings
from db.tokens import TokenInfo, TokenRole
from evals.baseline import BaselineKind
from evals.foresight import DISCORDANCE, foresee
from evals.plan import plan_jobs, workloads_of
from evals.spec import JobSpec, Submission, Workload
from evals.workload_kinds import has_margin


class PlannedJob(BaseModel):
    """A start of an engine that the run would bring."""

    role: str = Field(examples=["candidate"])
    engine: str = Field(examples=["sglang"])
    opponent: str | None = Field(description="The other engine of a duel.")
    device: str
    dtype: str
    gpus: int
    workloads: list[str] = Field(examples=[["gsm8k"]])


class PlannedWorkload(BaseModel):
    """A workload, and what so many items could see."""

    name: str = Field(examples=["gsm8k"])
    benchmark: str
    metric: str = Field(description="What decides.", examples=["exact_match,strict-match"])
    margin: float | None = Field(description="The non-inferiority margin, as a share; null where there is none.")
    limit: int | None
    early_stop: bool
    items: int | None = Field(description="Asked of each side; null when only the run will know.")
    detectable: float | None = Field(
        description=f"The smallest true drop, a share, that fails four times in five, if the sides differ on "
        f"{DISCORDANCE:.0%} of the items."
    )
    needed: int | None = Field(description="Items that pass the margin four times in five when nothing is worse.")
    unknown: str = Field(description="Why there are no such numbers; empty when there are.")


class CheckResource(BaseModel):
    """The plan of a submission that would be accepted now."""

    suite: str
    compared: str = Field(description="What is held against what.", examples=["sglang against hf"])
    baseline_runs: list[str] = Field(description="The runs whose stored results are the baseline.")
    jobs: list[PlannedJob]
    workloads: list[PlannedWorkload]
    notes: list[str] = Field(description="What is worth knowing before it is submitted.")


def checked(session: Session, request: SubmissionRequest, token: TokenInfo) -> CheckResource:
    """Return the plan; raise what submitting the same request would raise."""
    submission = to_submission(request, settings())
    if READ_TAGS.intersection(submission.tags):
        check_role(token, TokenRole.MAINTAINER)
    wanted = settled(session, submission)
    jobs, asked = plan_jobs(wanted), workloads_of(wanted)
    source = wanted.baseline_from
    return CheckResource(
        suite=wanted.suite,
        compared=f"{wanted.candidate.kind} against {wanted.baseline_words}",
        baseline_runs=sorted({result.run_id for result in source.results}) if source else [],
        jobs=[_job(job) for job in jobs],
        workloads=[_workload(workload) for workload in asked],
        notes=_notes(wanted, asked),
    )


def _job(job: JobSpec) -> PlannedJob:
    return PlannedJob(
        role=job.role.value,
        engine=job.engine.kind,
        opponent=job.opponent.kind if job.opponent else None,
        device=job.engine.device,
        dtype=job.engine.dtype,
        gpus=job.engine.gpus,
        workloads=[workload.name for workload in job.workloads],
    )


def _workload(workload: Workload) -> PlannedWorkload:
    seen = foresee(workload)
    return PlannedWorkload(
        name=workload.name,
        benchmark=workload.benchmark,
        metric=workload.metric,
        margin=workload.margin if has_margin(workload.benchmark) else None,
        limit=workload.limit,
        early_stop=workload.early_stop,
        items=seen.items,
        detectable=seen.detectable,
        needed=seen.needed,
        unknown=seen.unknown,
    )


def _notes(submission: Submission, asked: tuple[Workload, ...]) -> list[str]:
    notes = []
    source = submission.baseline_from
    if source is not None and source.kind is BaselineKind.BACKFILL:
        notes.append(f"nothing is stored for every workload, so that {submission.baseline.kind} is launched")
    if any(workload.limit is not None for workload in asked):
        notes.append("a limited run is partial: no rule accepts it as a baseline, and it is no point of the history")
    if any(workload.early_stop for workload in asked):
        notes.append("a run that may stop early gives a verdict, never a full score")
    return notes
