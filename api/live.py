"""A run's page as it changes: Server-Sent Events with the pieces of the page that are new."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import anyio
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from api.events import message

log = logging.getLogger(__name__)

POLL_S = 1.0
HEARTBEAT_S = 15.0
LASTS_S = 600.0
"""A stream ends after so long; the browser asks for another, and is let in anew or not."""


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The pieces of a page by element id, and whether nothing on it will change any more."""

    html: dict[str, str]
    ended: bool


async def pieces_as_they_change(read: Callable[[], Pieces]) -> AsyncIterator[str]:
    """Yield all pieces at first and then those that changed, beats while nothing does, and at last `end`.

    Whoever connects again gets all of them, so that no number of a last event is needed. read: may block, and runs in
    a thread. A database that goes away ends the stream; browsers connect again.
    """
    began = quiet_since = anyio.current_time()
    sent: dict[str, str] = {}
    yield "retry: 2000\n\n"
    while anyio.current_time() - began < LASTS_S:
        try:
            found = await run_in_threadpool(read)
        except SQLAlchemyError as error:
            log.warning("a page's stream ends: %s", error)
            return
        changed = {name: html for name, html in found.html.items() if sent.get(name) != html}
        if changed:
            sent, quiet_since = found.html, anyio.current_time()
            yield message("pieces", json.dumps(changed), str(round(quiet_since * 1000)))
        if found.ended:
            yield message("end", "{}", "end")
            return
        if anyio.current_time() - quiet_since >= HEARTBEAT_S:
            quiet_since = anyio.current_time()
            yield message("beat", "{}", "beat")
        await anyio.sleep(POLL_S)
