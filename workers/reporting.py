"""Put a run's report together: load both sides, compare every workload, judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy.orm import Session

from db.jobs import JobRecord, jobs_of
from db.reuse import reused_by
from db.runs import get_run
from db.samples import scores_of
from db.states import JobState
from db.timeline import phase_seconds
from evals.compare import compare_workload, difference_of_settings
from evals.engine_checks.comparison import comparison_of
from evals.metrics import DIRECTION_OF, Direction
from evals.parity.findings import ParityResult
from evals.parity.judging.comparisons import comparisons_of
from evals.parity.settings import is_parity
from evals.preflight.findings import PREFLIGHT
from evals.reproduce import submit_command
from evals.result import Comparison, Report, SideSummary
from evals.spec import EngineSpec, Role, Submission, Workload
from evals.verdict import build_report
from evals.workload_kinds import is_engine_check
from workers.judging_parity import judged_parity
from workers.sources.fetching import PACKAGE_COMMIT, SOURCE_COMMIT, described

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

_TELLING_PACKAGES = frozenset(
    {"sglang", "sglang-kernel", "sgl-kernel", "flashinfer-python", "transformers", "tokenizers", "torch", "triton"}
)
"""The packages a report names; the job's facts keep them all."""


_SIDES = (Role.CANDIDATE, Role.BASELINE)
"""The jobs without which nothing can be compared; the others are companions."""


def report_of(
    session: Session,
    run_id: str,
    *,
    deciding: Mapping[str, Workload] | None = None,
    parity: Sequence[ParityResult] = (),
) -> Report:
    """Return the report of a run whose jobs have all ended.

    deciding: workloads by name, with the metrics that shall decide instead of their own. parity: what an earlier
    report of the run found, which is kept.
    """
    run = get_run(session, run_id)
    jobs = {job.role: job for job in jobs_of(session, run_id)}
    candidate, baseline = jobs[Role.CANDIDATE], jobs[Role.BASELINE]
    complete = all(jobs[role].state == JobState.SUCCEEDED for role in _SIDES)
    asked = candidate.spec.workloads if complete else ()
    found = _parity(session, asked, jobs, parity)
    comparisons: list[Comparison] = []
    for workload in asked:
        if workload.name in found:
            comparisons += comparisons_of(found[workload.name])
        elif is_engine_check(workload.benchmark):
            comparisons.append(comparison_of(workload.name, candidate.facts.get(f"workload:{workload.name}", {})))
        else:
            comparisons += _compare(session, (deciding or {}).get(workload.name, workload), candidate, baseline)
    return build_report(
        run_id=run_id,
        suite=run.submission.suite,
        comparisons=comparisons,
        candidate=_summary(session, candidate, run.submission),
        baseline=_summary(session, baseline, run.submission),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        plumbline_version=version("plumbline"),
        parity=tuple(found.values()),
        companions=_companions(session, jobs, run.submission),
    )


def broken_report(session: Session, run_id: str, trouble: str) -> Report:
    """Return the report of a run that cannot be compared because Plumbline itself fails at it."""
    run = get_run(session, run_id)
    jobs = {job.role: job for job in jobs_of(session, run_id)}
    reason = f"Plumbline failed when it compared the answers ({trouble}); report it, then `plumbline retry` or resubmit"
    report = build_report(
        run_id=run_id,
        suite=run.submission.suite,
        comparisons=(),
        candidate=_summary(session, jobs[Role.CANDIDATE], run.submission),
        baseline=_summary(session, jobs[Role.BASELINE], run.submission),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        plumbline_version=version("plumbline"),
        companions=_companions(session, jobs, run.submission),
    )
    return replace(report, headline=reason, reasons=(reason,))


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


def _companions(session: Session, jobs: Mapping[Role, JobRecord], submission: Submission) -> tuple[SideSummary, ...]:
    return tuple(_summary(session, job, submission) for role, job in jobs.items() if role not in _SIDES)


def _summary(session: Session, job: JobRecord, submission: Submission) -> SideSummary:
    return SideSummary(
        role=job.role,
        engine=job.spec.engine.kind,
        model=job.spec.model.path,
        state=job.state,
        versions={name: found for name, found in job.facts.get("versions", {}).items() if name in _TELLING_PACKAGES},
        hardware=job.facts.get("hardware"),
        settings=_settings(job, submission),
        timings_s=phase_seconds(job.timeline, ended_at=job.finished_at.timestamp() if job.finished_at else None),
        reused=reused_by(session, job.id),
        error=job.error if job.state != JobState.SUCCEEDED else None,
    )


def _settings(job: JobRecord, submission: Submission) -> dict[str, Any]:
    workloads = {
        f"{key.removeprefix('workload:')} {name}": value
        for key, facts in job.facts.items()
        if key.startswith("workload:")
        for name, value in facts.items()
    }
    spec = job.spec.engine
    told = {"dtype": spec.dtype, "device": spec.device, "gpus": spec.gpus}
    return {
        **told,
        "source": described(spec.source, job.facts, SOURCE_COMMIT),
        **{f"--{name}": value for name, value in spec.args.items()},
        **_external(spec, job.facts),
        **({PREFLIGHT: job.facts[PREFLIGHT]} if PREFLIGHT in job.facts else {}),
        "attempts": job.attempt,
        "command": " ".join(job.facts.get("command", [])),
        "submit_command": submit_command(submission),
        **workloads,
    }


def _external(spec: EngineSpec, facts: Mapping[str, Any]) -> dict[str, Any]:
    if spec.external_package is None:
        return {}
    package = described(spec.external_package, facts, PACKAGE_COMMIT)
    return {"external_package": package, "architectures": ",".join(spec.architectures)}
