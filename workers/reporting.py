"""Put a run's report together: load both sides, compare every workload, judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

from sqlalchemy.orm import Session

from db.jobs import JobRecord, jobs_of
from db.runs import get_run
from db.samples import scores_of
from db.states import JobState
from evals.compare import compare_workload, difference_of_settings
from evals.duel.comparisons import comparisons_of as serving_comparisons
from evals.duel.results import ServingResult
from evals.engine_checks.comparison import comparison_of
from evals.metrics import DIRECTION_OF, Direction
from evals.parity.findings import ParityResult
from evals.parity.judging.comparisons import comparisons_of
from evals.parity.settings import is_parity
from evals.result import Comparison, Report, SideSummary
from evals.spec import Role, Submission, Workload
from evals.verdict import build_report
from evals.workload_kinds import is_engine_check
from workers.judging_duel import judged_duel
from workers.judging_parity import judged_parity
from workers.summaries import side_of_duel, summary_of, summary_of_duel

_MUST_BE_EQUAL = (
    "model_files",
    "workload",
    "harness",
    "task_version",
    "few_shot",
    "generation",
    "items",
    "dataset",
    "dataset_revision",
    "dataset_fingerprint",
    "items_sha256",
    "worked_examples_sha256",
    "prompts_sha256",
    "nemo_skills",
    "skipped_items",
)
"""The facts of a workload that decide whether its two sides may be compared."""

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
    complete = all(job.state == JobState.SUCCEEDED for role, job in jobs.items() if role in _NEEDED)
    asked = jobs[Role.CANDIDATE].spec.workloads if complete and Role.CANDIDATE in jobs else ()
    parity = _parity(session, asked, jobs, kept.parity if kept else ())
    serving = _serving(session, jobs, kept) if complete else ()
    comparisons = [
        *(row for workload in asked for row in _rows(session, workload, jobs, parity, deciding or {})),
        *(row for result in serving for row in serving_comparisons(result)),
    ]
    return _built(session, run_id, jobs, comparisons=comparisons, parity=tuple(parity.values()), serving=serving)


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
    return side_of_duel(jobs[Role.DUEL], role, submission)


def _rows(
    session: Session,
    workload: Workload,
    jobs: Mapping[Role, JobRecord],
    parity: Mapping[str, ParityResult],
    deciding: Mapping[str, Workload],
) -> tuple[Comparison, ...]:
    """Return the comparisons of a workload that the sides ran in jobs of their own."""
    candidate = jobs[Role.CANDIDATE]
    if workload.name in parity:
        return comparisons_of(parity[workload.name])
    if is_engine_check(workload.benchmark):
        return (comparison_of(workload.name, candidate.facts.get(f"workload:{workload.name}", {})),)
    return _compare(session, deciding.get(workload.name, workload), candidate, jobs[Role.BASELINE])


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


def _compare(session: Session, workload: Workload, candidate: JobRecord, baseline: JobRecord) -> tuple[Comparison, ...]:
    ours, theirs = _facts(candidate, workload), _facts(baseline, workload)
    if "model_files" not in ours or "model_files" not in theirs:
        # A hub name or a remote engine shows no files, so there is nothing to hold against the other side's.
        ours, theirs = (({**facts, "model_files": "not seen"}) for facts in (ours, theirs))
    return compare_workload(
        workload=workload,
        candidate=scores_of(session, candidate.id, workload.name),
        baseline=scores_of(session, baseline.id, workload.name),
        differing_settings=difference_of_settings(ours, theirs),
        directions=_directions(candidate, workload),
    )


def _directions(job: JobRecord, workload: Workload) -> dict[str, Direction]:
    facts = job.facts.get(f"workload:{workload.name}", {})
    return {
        name.removeprefix(DIRECTION_OF): Direction(value)
        for name, value in facts.items()
        if name.startswith(DIRECTION_OF)
    }


def _facts(job: JobRecord, workload: Workload) -> dict[str, str]:
    facts = job.facts | job.facts.get(f"workload:{workload.name}", {})
    return {key: facts[key] for key in _MUST_BE_EQUAL if key in facts}
