"""The pages: the newest runs, and one run with its report."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from api.auth import Looking, visitor
from api.headers import PICTURE_POLICY
from api.parameters import RunId
from api.problems import HttpError
from dashboard.queue_view import queue_view
from dashboard.render import queue_page, run_page, runs_page
from dashboard.report_view import run_view
from dashboard.runs_view import run_rows
from db.jobs import JobRecord, jobs_of, jobs_of_many
from db.queue_state import depths, running, waiting
from db.reports import NoReportError, latest_report
from db.runs import RunRecord, get_run, list_runs
from db.sample_pairs import SamplePair, SampleQuery, sample_pairs
from db.session import transaction
from db.side_jobs import side_jobs
from db.states import RunState
from evals.formatting import metric_name
from evals.render.plots import plots_of
from evals.result import Report

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])

SHOWN_RUNS = 50
SHOWN_FLIPS = 100


@router.get("/")
def newest_runs(who: Looking) -> str:
    """List the newest runs."""
    with transaction() as session:
        runs = list_runs(session, limit=SHOWN_RUNS)
        jobs = jobs_of_many(session, [run.id for run in runs])
    return runs_page(run_rows(runs, jobs), who)


@router.get("/runs/{run_id}")
def run(run_id: RunId, who: Looking) -> str:
    """Show a run, live while it lasts, and its report."""
    with transaction() as session:
        record = get_run(session, run_id)
        jobs = jobs_of(session, run_id)
        report = _report(session, record)
        flips = _flips(session, record, jobs, report) if report else []
    return run_page(run_view(record, jobs, report, flips, now=time.time()), who)


@router.get("/queue")
def queue(who: Looking) -> str:
    """Show what waits and what runs on which host."""
    with transaction() as session:
        now = running(session), waiting(session), depths(session)
    return queue_page(queue_view(*now, now=datetime.now(UTC)), who)


@router.get("/runs/{run_id}/plots/{place}/{name}.svg")
def plot(run_id: RunId, place: Annotated[int, Path(ge=1, le=1000)], name: str) -> Response:
    """Show one plot of the report's serving workload in this place, the first one being 1."""
    with transaction() as session:
        report = _report(session, get_run(session, run_id))
    served = report.serving[place - 1 : place] if report else ()
    found = [one.svg for result in served for one in plots_of(result) if one.name == name]
    if not found:
        raise HttpError(
            "unknown_plot", f"run {run_id} has no plot {name!r}", remedy="the run's page shows all that there are"
        )
    return Response(found[0], media_type="image/svg+xml", headers={"Content-Security-Policy": PICTURE_POLICY})


def _report(session: Session, record: RunRecord) -> Report | None:
    if record.state != RunState.FINISHED:
        return None  # a repeated run's earlier report is no longer about it
    try:
        return latest_report(session, record.id)
    except NoReportError:
        return None


def _flips(session: Session, run: RunRecord, jobs: list[JobRecord], report: Report) -> list[SamplePair]:
    found: list[SamplePair] = []
    for comparison in report.comparisons:
        if comparison.decides and comparison.flips and len(found) < SHOWN_FLIPS:
            ours, theirs = side_jobs(run.submission, jobs, comparison.workload)
            query = SampleQuery(
                candidate_job=ours,
                baseline_job=theirs,
                workload=comparison.workload,
                metric=metric_name(comparison.metric.name, comparison.filter),
                flip="any",
                limit=SHOWN_FLIPS - len(found),
            )
            found += sample_pairs(session, query)
    return found
