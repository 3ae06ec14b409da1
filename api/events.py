"""Server-Sent Events: a run's resource whenever it changes, until the run has ended."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable

import anyio
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from api.resources import RunResource
from db.states import RunState

log = logging.getLogger(__name__)

POLL_S = 0.5
KEEP_ALIVE_S = 15.0


async def follow(read: Callable[[], RunResource], *, last_event_id: str | None = None) -> AsyncIterator[str]:
    """Yield snapshots as they change and `end` when the run has finished.

    read: returns the run as it is now; it may block, and runs in a thread. last_event_id: the snapshot that a
    reconnecting client already has. A database that goes away ends the stream; clients connect again.
    """
    sent, quiet_since = last_event_id, anyio.current_time()
    while True:
        try:
            run = await run_in_threadpool(read)
        except SQLAlchemyError as error:
            log.warning("a stream of events ends: %s", error)
            return
        body = run.model_dump_json()
        name = hashlib.sha256(body.encode()).hexdigest()[:16]
        if name != sent:
            sent, quiet_since = name, anyio.current_time()
            yield message("snapshot", body, name)
        if run.state == RunState.FINISHED:
            yield message("end", json.dumps({"id": run.id, "verdict": run.verdict}), f"{name}-end")
            return
        if anyio.current_time() - quiet_since >= KEEP_ALIVE_S:
            quiet_since = anyio.current_time()
            yield ": still here\n\n"
        await anyio.sleep(POLL_S)


def message(event: str, data: str, name: str) -> str:
    """Return one event in the form of the HTML standard; JSON has no line breaks to mind."""
    return f"event: {event}\nid: {name}\ndata: {data}\n\n"
