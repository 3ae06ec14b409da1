"""The two sides of a run's workloads: which jobs measured them, and their fingerprints held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from db.jobs import JobRecord, get_job
from evals.baseline import PUBLISHED_ENGINE, BaselineKind
from evals.duel.results import BASELINE, CANDIDATE
from evals.fingerprint import Fingerprint, Fingerprints, held_against
from evals.fingerprinting import fingerprint_of
from evals.metrics import Kind
from evals.parity.settings import is_parity
from evals.result import SideSummary
from evals.spec import Role, Submission, Workload
from evals.workload_kinds import is_engine_check
from workers.duel_servers import SIDES
from workers.summaries import summary_of

Jobs = Mapping[Role, JobRecord]


def baseline_jobs(session: Session, submission: Submission, jobs: Jobs) -> dict[str, JobRecord]:
    """Return the jobs that measured the baseline by workload: the run's own, or those of a stored baseline."""
    if submission.launches_baseline:
        own = jobs.get(Role.BASELINE)
        return {workload.name: own for workload in own.spec.workloads} if own else {}
    source = submission.baseline_from
    assert source is not None
    return {result.workload: get_job(session, result.job_id) for result in source.results}


def fingerprints_of(
    workloads: Sequence[Workload], candidate: JobRecord, baselines: Mapping[str, JobRecord]
) -> dict[str, Fingerprints]:
    """Return the fingerprints of workloads that the sides ran in jobs of their own; engines' own checks have none."""
    return {
        workload.name: held_against(
            workload.name,
            Kind.PARITY if is_parity(workload.benchmark) else Kind.ACCURACY,
            job_fingerprint(candidate, workload),
            job_fingerprint(baselines[workload.name], workload) if workload.name in baselines else None,
        )
        for workload in workloads
        if not is_engine_check(workload.benchmark)
    }


def job_fingerprint(job: JobRecord, workload: Workload) -> Fingerprint:
    """Return the fingerprint of what a job measured under a workload's name, with the settings that it had then."""
    own = next((one for one in job.spec.workloads if one.name == workload.name), workload)
    found = job.facts.get(f"workload:{workload.name}", {})
    return fingerprint_of(job.spec.model, job.spec.engine, own, job.facts, found)


def duel_fingerprints(duel: JobRecord, workload: Workload) -> Fingerprints:
    """Return the fingerprints of both engines of a duel."""
    ours, theirs = (
        fingerprint_of(duel.spec.model, engine, workload, duel.facts.get(SIDES, {}).get(side, {}), {})
        for side, engine in ((CANDIDATE, duel.spec.engine), (BASELINE, duel.spec.opponent or duel.spec.engine))
    )
    return held_against(workload.name, Kind.PERFORMANCE, ours, theirs)


def stored_side(session: Session, submission: Submission, jobs: Sequence[JobRecord]) -> SideSummary:
    """Describe a baseline that no job of the run measured; it cost nothing this time."""
    source = submission.baseline_from
    assert source is not None
    if source.kind is BaselineKind.PUBLISHED or not jobs:
        return SideSummary(
            role=Role.BASELINE,
            engine=PUBLISHED_ENGINE,
            model=submission.model.path,
            state="not measured",
            origin=source.words(),
        )
    side = summary_of(session, jobs[0], submission)
    return replace(side, role=Role.BASELINE, timings_s={}, reused={}, origin=source.words())
