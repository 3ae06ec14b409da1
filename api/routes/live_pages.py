"""What keeps a run's page up to date."""

from __future__ import annotations

import time
from functools import partial

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.auth import visitor
from api.live import Pieces, pieces_as_they_change
from api.live_logs import log_ends
from api.parameters import RunId
from api.run_reading import measured_so_far
from dashboard.gpu_view import gpu_view
from dashboard.job_view import job_view
from dashboard.live_view import fragments, live_view
from db.jobs import jobs_of
from db.runs import get_run
from db.session import transaction
from db.states import RunState

router = APIRouter(include_in_schema=False, dependencies=[Depends(visitor)])


@router.get("/runs/{run_id}/live", response_class=StreamingResponse)
async def live(run_id: RunId) -> StreamingResponse:
    """Stream the pieces of a run's page as they change, to its end."""
    read = partial(_read, run_id)
    await run_in_threadpool(read)  # an unknown run is a 404, not an empty stream
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(pieces_as_they_change(read), 200, headers, "text/event-stream")


def _read(run_id: str) -> Pieces:
    with transaction() as session:
        run, jobs = get_run(session, run_id), jobs_of(session, run_id)
        passes = measured_so_far(session, jobs)
    views = [job_view(job, now=time.time()) for job in jobs]
    view = live_view(run, jobs, views, log_ends(jobs), gpu_view(jobs, (), passes))
    return Pieces(html=fragments(view), ended=run.state is RunState.FINISHED)
