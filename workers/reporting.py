"""Put a run's report together: load both sides, compare every workload, judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version

from sqlalchemy.orm import Session

from db.jobs import JobRecord, jobs_of
from db.runs import get_run
from db.states import JobState
from evals.duel.comparisons import comparisons_of as serving_comparisons
from evals.duel.results import ServingResult
from evals.engine_checks.comparison import comparison_of
from evals.fingerprint import Fingerprints
from evals.parity.findings import ParityResult
from evals.parity.judging.comparisons import comparisons_of
from evals.parity.settings import is_parity
from evals.result import Comparison, Report, SideSummary
from evals.spec import Role, Submission, Workload
from evals.verdict import build_report
from evals.workload_kinds import is_engine_check
from workers.judging_accuracy import judged_accuracy
from workers.judging_duel import judged_duel
from workers.judging_parity import judged_parity
from workers.sides import baseline_jobs, duel_fingerprints, fingerprints_of, stored_side
from workers.summaries import side_of_duel, summary_of, summary_of_duel

_SIDES = (Role.CANDIDATE, Role.BASELINE)
"""The sides of a run; each has a job of its own, unless the run has nothing but a duel."""

_NEEDED = (*_SIDES, Role.DUEL)
"""The jobs without which nothing can be compared; the others are companions."""


def report_of(
    session: Session,
    run_id: str,
    *,
    deciding: Mapping[str, Workload] | None = None,
    kept: Report | None = None,
) -> Report:
    """Return the report of a run whose jobs have all ended.

    deciding: workloads by name, with the metrics that shall decide instead of their own. kept: an earlier report of
    the run, whose findings of parity and of duels stay.
    """
    jobs = {job.role: job for job in jobs_of(session, run_id)}
    submission = get_run(session, run_id).submission
    complete = all(job.state == JobState.SUCCEEDED for role, job in jobs.items() if role in _NEEDED)
    asked = jobs[Role.CANDIDATE].spec.workloads if complete and Role.CANDIDATE in jobs else ()
    sides = _Sides(jobs=jobs, submission=submission, baselines=baseline_jobs(session, submission, jobs))
    held = fingerprints_of(asked, jobs[Role.CANDIDATE], sides.baselines) if asked else {}
    parity = _parity(session, asked, jobs, kept.parity if kept else ())
    serving = _serving(session, jobs, kept) if complete else ()
    comparisons = [
        *(row for workload in asked for row in _rows(session, workload, sides, held, parity, deciding or {})),
        *(row for result in serving for row in serving_comparisons(result)),
    ]
    duels = [duel_fingerprints(jobs[Role.DUEL], workload) for workload in _dueled(jobs)] if complete else []
    report = _built(session, run_id, jobs, comparisons=comparisons, parity=tuple(parity.values()), serving=serving)
    return replace(report, fingerprints=(*held.values(), *duels))


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """Hold a run's own jobs, and those that measured the baseline of each workload."""

    jobs: Mapping[Role, JobRecord]
    submission: Submission
    baselines: Mapping[str, JobRecord]


def broken_report(session: Session, run_id: str, trouble: str) -> Report:
    """Return the report of a run that cannot be compared because Plumbline itself fails at it."""
    jobs = {job.role: job for job in jobs_of(session, run_id)}
    reason = f"Plumbline failed when it compared the answers ({trouble}); report it, then `plumbline retry` or resubmit"
    return replace(_built(session, run_id, jobs), headline=reason, reasons=(reason,))


def _built(
    session: Session,
    run_id: str,
    jobs: Mapping[Role, JobRecord],
    *,
    comparisons: Sequence[Comparison] = (),
    parity: tuple[ParityResult, ...] = (),
    serving: tuple[ServingResult, ...] = (),
) -> Report:
    submission = get_run(session, run_id).submission
    candidate, baseline = (_side(session, role, jobs, submission) for role in _SIDES)
    return build_report(
        run_id=run_id,
        suite=submission.suite,
        comparisons=comparisons,
        candidate=candidate,
        baseline=baseline,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        plumbline_version=version("plumbline"),
        parity=parity,
        companions=[summary_of(session, job, submission) for role, job in jobs.items() if role not in _NEEDED],
        serving=serving,
        duel=summary_of_duel(jobs[Role.DUEL], submission) if Role.DUEL in jobs else None,
    )


def _side(session: Session, role: Role, jobs: Mapping[Role, JobRecord], submission: Submission) -> SideSummary:
    if role in jobs:
        return summary_of(session, jobs[role], submission)
    if role is Role.BASELINE and not submission.launches_baseline:
        return stored_side(session, submission, list(baseline_jobs(session, submission, jobs).values()))
    return side_of_duel(jobs[Role.DUEL], role, submission)


def _rows(
    session: Session,
    workload: Workload,
    sides: _Sides,
    held: Mapping[str, Fingerprints],
    parity: Mapping[str, ParityResult],
    deciding: Mapping[str, Workload],
) -> tuple[Comparison, ...]:
    """Return the comparisons of a workload that the sides ran in jobs of their own."""
    candidate = sides.jobs[Role.CANDIDATE]
    if workload.name in parity:
        return comparisons_of(parity[workload.name])
    if is_engine_check(workload.benchmark):
        return (comparison_of(workload.name, candidate.facts.get(f"workload:{workload.name}", {})),)
    return judged_accuracy(
        session,
        deciding.get(workload.name, workload),
        candidate,
        sides.baselines.get(workload.name),
        held[workload.name].differing,
        sides.submission.baseline_from.published if sides.submission.baseline_from else None,
    )


def _dueled(jobs: Mapping[Role, JobRecord]) -> tuple[Workload, ...]:
    return jobs[Role.DUEL].spec.workloads if Role.DUEL in jobs else ()


def _serving(session: Session, jobs: Mapping[Role, JobRecord], kept: Report | None) -> tuple[ServingResult, ...]:
    if kept is not None or Role.DUEL not in jobs:
        return kept.serving if kept else ()
    duel = jobs[Role.DUEL]
    return tuple(judged_duel(session, workload, duel) for workload in duel.spec.workloads)


def _parity(
    session: Session, asked: Sequence[Workload], jobs: Mapping[Role, JobRecord], kept: Sequence[ParityResult]
) -> dict[str, ParityResult]:
    earlier = {result.workload: result for result in kept}
    return {
        workload.name: earlier.get(workload.name) or judged_parity(session, workload, jobs)
        for workload in asked
        if is_parity(workload.benchmark)
    }
