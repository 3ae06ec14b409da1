"""The pages about one run with its report, and about the queue."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import HTMLResponse

from api.auth import Looking, visitor
from api.headers import PICTURE_POLICY
from api.live_logs import log_ends
from api.parameters import RunId
from api.problems import HttpError
from api.run_reading import measured_so_far, report_of
from dashboard.queue_view import queue_view
from dashboard.render import queue_page, run_page
from dashboard.report_view import run_view
from db.jobs import jobs_of
from db.queue_state import depths, running, waiting
from db.runs import get_run
from db.session import transaction
from evals.render.plots import plots_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])


@router.get("/runs/{run_id}")
def run(run_id: RunId, who: Looking) -> str:
    """Show a run, live while it lasts, and its report."""
    with transaction() as session:
        record = get_run(session, run_id)
        jobs = jobs_of(session, run_id)
        report = report_of(session, record)
        passes = [] if report else measured_so_far(session, jobs)
    return run_page(run_view(record, jobs, report, now=time.time(), logs=log_ends(jobs), passes=passes), who)


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
        report = report_of(session, get_run(session, run_id))
    served = report.serving[place - 1 : place] if report else ()
    found = [one.svg for result in served for one in plots_of(result) if one.name == name]
    if not found:
        raise HttpError(
            "unknown_plot", f"run {run_id} has no plot {name!r}", remedy="the run's page shows all that there are"
        )
    return Response(found[0], media_type="image/svg+xml", headers={"Content-Security-Policy": PICTURE_POLICY})
