"""Settle which stored results a submission is held against, when it is accepted."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from db.baselines import list_baselines, stored_baseline
from db.jobs import JobRecord, get_job, jobs_of
from db.lineages import ResultRecord
from db.runs import UnknownRunError, get_run
from db.states import JobState
from evals.baseline import BaselineKind, BaselineSource, StoredResult
from evals.errors import InvalidSubmissionError, PlumblineError
from evals.fingerprinting import model_name, workload_key
from evals.plan import workloads_of
from evals.spec import Role, Submission, Workload
from evals.workload_kinds import has_items


class NoBaselineError(PlumblineError):
    """A lineage has no accepted result, and the submission does not say what to launch instead."""

    code = "no_baseline"


def settled(session: Session, submission: Submission) -> Submission:
    """Return a submission whose stored baseline is chosen, workload by workload, with the engine that measured it.

    Without a stored result for every workload the baseline is launched, if the submission says so (backfill). Raises
    NoBaselineError if not, InvalidSubmissionError for a named run that cannot be a baseline.
    """
    source = submission.baseline_from
    if source is None or source.kind not in (BaselineKind.STORED, BaselineKind.RUN):
        return submission
    asking = [workload for workload in workloads_of(submission) if has_items(workload.benchmark)]
    if source.kind is BaselineKind.RUN:
        results = _of_run(session, source, asking)
    else:
        found = {workload.name: _stored(session, submission, workload) for workload in asking}
        missing = [workload for workload in asking if found[workload.name] is None]
        if missing and source.backfill:
            return replace(submission, baseline_from=BaselineSource(kind=BaselineKind.BACKFILL))
        if missing:
            raise _nothing_stored(session, submission, missing[0])
        results = tuple(_pointed_at(result) for result in found.values() if result is not None)
    engine = get_job(session, results[0].job_id).spec.engine
    return replace(submission, baseline=engine, baseline_from=replace(source, results=results, backfill=False))


def unsettled(submission: Submission) -> Submission:
    """Return a stored submission as it was asked for, so that its baseline is chosen anew."""
    source = submission.baseline_from
    if source is None or source.kind is BaselineKind.PUBLISHED:
        return submission
    if source.kind is BaselineKind.BACKFILL:
        return replace(submission, baseline_from=BaselineSource(kind=BaselineKind.STORED, backfill=True))
    return replace(submission, baseline_from=replace(source, results=()))


def _stored(session: Session, submission: Submission, workload: Workload) -> ResultRecord | None:
    return stored_baseline(
        session,
        model=model_name(submission.model),
        workload_key=workload_key(workload),
        engine=submission.baseline.kind,
    )


def _nothing_stored(session: Session, submission: Submission, workload: Workload) -> NoBaselineError:
    near = [
        record.result
        for record in list_baselines(session, model=model_name(submission.model))
        if record.result.lineage.workload.rpartition("@")[0] == workload.name
    ]
    others = ", ".join(f"{one.lineage.workload} on {one.lineage.engine} (run {one.run_id})" for one in near[:3])
    beside = f"; there are others of the same model: {others}" if others else ""
    return NoBaselineError(
        f"no baseline is stored for {workload_key(workload)} on {submission.baseline.kind}{beside}",
        remedy="promote a run (`plumbline baselines promote RUN`), name one as the baseline (run:RUN), "
        "or say with backfill which engine shall measure it",
    )


def _pointed_at(result: ResultRecord) -> StoredResult:
    return StoredResult(
        workload=result.workload,
        run_id=result.run_id,
        job_id=result.job_id,
        finished_at=result.finished_at.isoformat(timespec="seconds"),
    )


def _of_run(session: Session, source: BaselineSource, asking: list[Workload]) -> tuple[StoredResult, ...]:
    job = _candidate_of(session, source.run_id or "")
    names = {workload.name for workload in job.spec.workloads}
    for workload in asking:
        if workload.name not in names:
            raise _unfit(source, f"it did not measure {workload.name}, but {', '.join(sorted(names))}")
        early = job.facts.get(f"workload:{workload.name}", {}).get("stopped_early")
        if early is not None:
            raise _unfit(source, f"its {workload.name} stopped early, {early}")
    ended = job.finished_at.isoformat(timespec="seconds") if job.finished_at else ""
    return tuple(
        StoredResult(workload=workload.name, run_id=job.run_id, job_id=job.id, finished_at=ended) for workload in asking
    )


def _candidate_of(session: Session, run_id: str) -> JobRecord:
    source = BaselineSource(kind=BaselineKind.RUN, run_id=run_id)
    try:
        get_run(session, run_id)
    except UnknownRunError:
        raise _unfit(source, "there is none of that id") from None
    job = next((job for job in jobs_of(session, run_id) if job.role is Role.CANDIDATE), None)
    if job is None or job.state != JobState.SUCCEEDED:
        raise _unfit(source, "its candidate has not answered everything" if job else "it has no candidate of its own")
    return job


def _unfit(source: BaselineSource, why: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(
        f"run {source.run_id} cannot be the baseline: {why}",
        remedy="name a run whose candidate has succeeded on the same workloads; `plumbline list` shows them",
        field="baseline.run",
    )
