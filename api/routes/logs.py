"""The engines' logs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from api.auth import Viewer
from api.logs import log_of, read_from, read_tail
from api.parameters import JobId, RunId
from api.resources import ROOT
from api.run_reading import job_of_run
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
    path = log_of(job_of_run(run_id, job_id), settings().jobs_dir)
    piece = read_tail(path, tail) if offset is None else read_from(path, offset)
    return PlainTextResponse(piece.text, headers={OFFSET_HEADER: str(piece.next_offset)})
