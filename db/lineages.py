"""What runs measured, kept by lineage: one row for each workload that a job answered whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.codec import to_json
from db.jobs import JobRecord, jobs_of, workloads_in
from db.runs import get_run
from db.states import JobState
from db.storable import storable
from db.tables_baselines import LineageResult
from evals.baseline import BaselineKind
from evals.duel.settings import is_serving
from evals.fingerprint import Fingerprint, Fingerprints
from evals.fingerprinting import lineage_of
from evals.lineage import Lineage
from evals.lineage_results import metrics_of, verdict_of, why_partial
from evals.parity.settings import is_parity
from evals.result import Report
from evals.spec import Role, Submission, Workload
from evals.workload_kinds import has_items


@dataclass(frozen=True, kw_only=True)
class ResultRecord:
    """A stored result of a lineage; see db.tables_baselines.LineageResult for what the values hold."""

    id: int
    lineage: Lineage
    run_id: str
    job_id: str
    workload: str
    role: Role
    verdict: str | None
    partial: str | None
    metrics: dict[str, Any]
    fingerprint: dict[str, Any]
    fingerprint_sha256: str
    baseline_sha256: str | None
    source_commit: str | None
    tags: tuple[str, ...]
    finished_at: datetime


def record_results(session: Session, report: Report) -> None:
    """Keep what a run's candidate measured, and a backfilled baseline; a report of the same jobs replaces it.

    A side that lacks answers has no result, and parity has none: it has no level of its own. Rescored reports are none
    of this: they measured nothing.
    """
    submission = get_run(session, report.run_id).submission
    found = jobs_of(session, report.run_id)
    jobs, workloads = {job.role: job for job in found}, workloads_in(found)
    for held in report.fingerprints:
        workload = workloads[held.workload]
        if is_parity(workload.benchmark):
            continue
        own = Role.DUEL if is_serving(workload.benchmark) else Role.CANDIDATE
        _record(session, report, held, submission, workload, jobs.get(own), Role.CANDIDATE)
        source = submission.baseline_from
        if own is Role.CANDIDATE and source is not None and source.kind is BaselineKind.BACKFILL:
            _record(session, report, held, submission, workload, jobs.get(Role.BASELINE), Role.BASELINE)


def results_of(session: Session, run_id: str) -> list[ResultRecord]:
    """Return a run's results, by workload."""
    query = select(LineageResult).where(LineageResult.run_id == run_id)
    return [result_record(row) for row in session.scalars(query.order_by(LineageResult.workload, LineageResult.role))]


def _record(
    session: Session,
    report: Report,
    held: Fingerprints,
    submission: Submission,
    workload: Workload,
    job: JobRecord | None,
    role: Role,
) -> None:
    ours = role is Role.CANDIDATE
    own, other = (held.candidate, held.baseline) if ours else (held.baseline, held.candidate)
    rows = [row for row in report.comparisons if row.workload == workload.name]
    metrics = metrics_of(rows, role)
    if job is None or own is None or job.state != JobState.SUCCEEDED or not _is_whole(metrics, own, workload):
        return
    engine = submission.candidate if ours else submission.baseline
    lineage = lineage_of(submission.model, workload, engine.kind, own.hardware)
    values = {
        **_lineage_columns(lineage),
        "run_id": report.run_id,
        "job_id": job.id,
        "workload": workload.name,
        "role": role,
        "verdict": verdict_of(rows) if ours else None,
        "partial": why_partial(workload),
        "metrics": to_json(metrics),
        "fingerprint": storable(asdict(own)),
        "fingerprint_sha256": own.sha256,
        "baseline_sha256": other.sha256 if other else None,
        "source_commit": job.facts.get("source_commit"),
        "tags": list(submission.tags),
        "finished_at": job.finished_at,
    }
    statement = insert(LineageResult).values(values)
    session.execute(statement.on_conflict_do_update(index_elements=["job_id", "workload"], set_=values))


def _is_whole(metrics: dict[str, Any], own: Fingerprint, workload: Workload) -> bool:
    """Tell whether a side answered all items that it was asked; without items, whether it measured anything."""
    deciding = [value for value in metrics.values() if value["decides"]]
    if not deciding or not has_items(workload.benchmark):
        return bool(deciding)
    return own.items.get("items") == str(deciding[0]["n"])


def _lineage_columns(lineage: Lineage) -> dict[str, str]:
    return {
        "lineage": lineage.key,
        "model": lineage.model,
        "workload_key": lineage.workload,
        "engine": lineage.engine,
        "hardware": lineage.hardware,
    }


def result_record(row: LineageResult) -> ResultRecord:
    """Turn a row into a record."""
    same = ("id", "run_id", "job_id", "workload", "verdict", "partial", "metrics", "fingerprint")
    more = ("fingerprint_sha256", "baseline_sha256", "source_commit", "finished_at")
    return ResultRecord(
        **{name: getattr(row, name) for name in (*same, *more)},
        lineage=Lineage(model=row.model, workload=row.workload_key, engine=row.engine, hardware=row.hardware),
        role=Role(row.role),
        tags=tuple(row.tags),
    )
