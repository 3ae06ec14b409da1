"""What several pages about a run read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.jobs import JobRecord, UnknownJobError, get_job
from db.passes import passes_of
from db.reports import NoReportError, latest_report
from db.runs import RunRecord
from db.session import transaction
from db.states import RunState
from evals.duel.results import Pass
from evals.result import Report
from evals.spec import Role


def report_of(session: Session, run: RunRecord) -> Report | None:
    """Return a finished run's newest report, if it has one."""
    if run.state is not RunState.FINISHED:
        return None  # a repeated run's earlier report is no longer about it
    try:
        return latest_report(session, run.id)
    except NoReportError:
        return None


def job_of_run(run_id: str, job_id: str) -> JobRecord:
    """Return a job of this run; raise UnknownJobError where it is another's, or nobody's."""
    with transaction() as session:
        job = get_job(session, job_id)
    if job.run_id != run_id:
        raise UnknownJobError(f"run {run_id!r} has no job {job_id!r}", remedy=f"see `plumbline watch {run_id}`")
    return job


def measured_so_far(session: Session, jobs: Sequence[JobRecord]) -> list[Pass]:
    """Return the passes of duels that use GPUs."""
    return [
        done
        for job in jobs
        if job.role is Role.DUEL and job.spec.engine.gpus
        for workload in job.spec.workloads
        for done in passes_of(session, job.id, workload.name)
    ]
