"""The pages: the newest runs, and one run with its report."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from api.auth import page_reader
from api.parameters import RunId
from dashboard.render import run_page, runs_page
from dashboard.report_view import run_view
from dashboard.runs_view import run_rows
from db.jobs import JobRecord, jobs_of, jobs_of_many
from db.reports import NoReportError, latest_report
from db.runs import RunRecord, get_run, list_runs
from db.sample_pairs import SamplePair, SampleQuery, sample_pairs
from db.session import transaction
from db.states import RunState
from evals.formatting import metric_name
from evals.result import Report
from evals.spec import Role

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(page_reader)])

SHOWN_RUNS = 50
SHOWN_FLIPS = 100


@router.get("/")
def newest_runs() -> str:
    """List the newest runs."""
    with transaction() as session:
        runs = list_runs(session, limit=SHOWN_RUNS)
        jobs = jobs_of_many(session, [run.id for run in runs])
    return runs_page(run_rows(runs, jobs))


@router.get("/runs/{run_id}")
def run(run_id: RunId) -> str:
    """Show a run, live while it lasts, and its report."""
    with transaction() as session:
        record = get_run(session, run_id)
        jobs = jobs_of(session, run_id)
        report = _report(session, record)
        flips = _flips(session, jobs, report) if report else []
    return run_page(run_view(record, jobs, report, flips, now=time.time()))


def _report(session: Session, record: RunRecord) -> Report | None:
    if record.state != RunState.FINISHED:
        return None  # a repeated run's earlier report is no longer about it
    try:
        return latest_report(session, record.id)
    except NoReportError:
        return None


def _flips(session: Session, jobs: list[JobRecord], report: Report) -> list[SamplePair]:
    ids = {job.role: job.id for job in jobs}
    found: list[SamplePair] = []
    for comparison in report.comparisons:
        if comparison.decides and comparison.flips and len(found) < SHOWN_FLIPS:
            query = SampleQuery(
                candidate_job=ids[Role.CANDIDATE],
                baseline_job=ids[Role.BASELINE],
                workload=comparison.workload,
                metric=metric_name(comparison.metric.name, comparison.filter),
                flip="any",
                limit=SHOWN_FLIPS - len(found),
            )
            found += sample_pairs(session, query)
    return found
