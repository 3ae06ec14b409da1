"""The engines' logs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from api.auth import Viewer
from api.logs import find_log, read_from, read_tail
from api.parameters import JobId, RunId
from api.problems import HttpError
from api.resources import ROOT
from db.jobs import JobRecord, UnknownJobError, get_job
from db.session import transaction
from db.settings import settings

router = APIRouter(prefix=f"{ROOT}/submissions", tags=["logs"])

OFFSET_HEADER = "Plumbline-Log-Offset"
_HEADER = {OFFSET_HEADER: {"description": "Pass it as `offset` to get what follows.", "schema": {"type": "integer"}}}


@router.get(
    "/{run_id}/jobs/{job_id}/log",
    summary="Show a job's engine log",
    response_class=PlainTextResponse,
    responses={200: {"headers": _HEADER, "content": {"text/plain": {"example": "loading weights\nready\n"}}}},
)
def log(
    run_id: RunId,
    job_id: JobId,
    token: Viewer,
    tail: Annotated[int, Query(ge=1, le=10_000, description="The last so many lines.")] = 200,
    offset: Annotated[int | None, Query(ge=0, le=2**53, description="What follows this byte, instead.")] = None,
) -> PlainTextResponse:
    """Return the end of the log, or what was written behind an offset; at most 1 MiB."""
    with transaction() as session:
        job = get_job(session, job_id)
    if job.run_id != run_id:
        raise UnknownJobError(f"run {run_id!r} has no job {job_id!r}", remedy=f"see `plumbline watch {run_id}`")
    path = find_log(job.log_path, settings().jobs_dir)
    if path is None:
        raise _no_log(job)
    piece = read_tail(path, tail) if offset is None else read_from(path, offset)
    return PlainTextResponse(piece.text, headers={OFFSET_HEADER: str(piece.next_offset)})


def _no_log(job: JobRecord) -> HttpError:
    if job.log_path is None:
        return HttpError("no_log", f"job {job.id} has no log yet", remedy="wait until its engine is launched")
    where = f"on the host of the worker {job.worker}" if job.worker else "on the worker's host"
    return HttpError("no_log", f"the log of job {job.id} is not on this host", remedy=f"look {where}")
