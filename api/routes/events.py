"""A run's live progress."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.auth import Viewer
from api.events import follow
from api.parameters import PublicUrl, RunId
from api.resources import ROOT
from api.routes.submissions import read_run

router = APIRouter(prefix=f"{ROOT}/submissions", tags=["submissions"])

_EXAMPLE = 'event: snapshot\nid: 5f1c0a9b3e7d2c48\ndata: {"id": "r0k3v9x2d1a7b4c5e", "state": "running"}\n\n'


@router.get(
    "/{run_id}/events",
    summary="Follow a run (Server-Sent Events)",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}}}},
)
async def events(
    run_id: RunId,
    token: Viewer,
    url: PublicUrl,
    last_event_id: Annotated[str | None, Header(max_length=64, description="Sent by clients that reconnect.")] = None,
) -> StreamingResponse:
    """Stream `snapshot` events with the run's resource whenever it changes, then `end` with its verdict."""
    read = partial(read_run, run_id, url)
    await run_in_threadpool(read)  # an unknown run is a 404, not an empty stream
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(follow(read, last_event_id=last_event_id), 200, headers, "text/event-stream")
