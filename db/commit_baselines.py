"""What was measured of one commit before: the baseline of a pull request whose merge base is that commit."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.jobs import get_job
from db.lineages import ResultRecord, result_record
from db.tables_baselines import LineageResult
from evals.baseline import BaselineKind, BaselineSource, StoredResult
from evals.code_sources import git_source
from evals.fingerprinting import model_name, workload_key
from evals.plan import workloads_of
from evals.spec import Submission, Workload
from evals.workload_kinds import has_items, is_engine_check


def against_commit(session: Session, submission: Submission) -> Submission:
    """Return a submission that is held against what its baseline's commit gave before, or else launches it.

    The baseline's source names a full commit. What was measured counts where exactly this engine, with these
    arguments, answered all items of exactly this workload. Workloads that measure both sides side by side need a
    launched baseline, and then all have it.
    """
    backfilled = replace(submission, baseline_from=BaselineSource(kind=BaselineKind.BACKFILL))
    asked = workloads_of(submission)
    if any(not has_items(one.benchmark) and not is_engine_check(one.benchmark) for one in asked):
        return backfilled
    results = [_measured(session, submission, workload) for workload in asked if has_items(workload.benchmark)]
    found = tuple(result for result in results if result is not None)
    if not found or len(found) < len(results):
        return backfilled
    return replace(submission, baseline_from=BaselineSource(kind=BaselineKind.STORED, results=found))


def _measured(session: Session, submission: Submission, workload: Workload) -> StoredResult | None:
    code = git_source(submission.baseline.source)
    if code is None or not code.is_pinned:
        return None
    query = select(LineageResult).where(
        LineageResult.model == model_name(submission.model),
        LineageResult.workload_key == workload_key(workload),
        LineageResult.engine == submission.baseline.kind,
        LineageResult.source_commit == code.ref,
    )
    for row in session.scalars(query.order_by(LineageResult.finished_at.desc())):
        result = result_record(row)
        if _is_of(session, result, submission):
            return StoredResult(
                workload=result.workload,
                run_id=result.run_id,
                job_id=result.job_id,
                finished_at=result.finished_at.isoformat(timespec="seconds"),
            )
    return None


def _is_of(session: Session, result: ResultRecord, submission: Submission) -> bool:
    return get_job(session, result.job_id).spec.engine == submission.baseline
