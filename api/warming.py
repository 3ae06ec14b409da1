"""What a web process does before it answers, so that no reader waits for it."""

from __future__ import annotations

import gc
import importlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import parent_process

from anyio.to_thread import current_default_thread_limiter, run_sync
from fastapi import FastAPI

from db.tether import die_with_parent

THREADS = 12
"""How many requests are worked on at once: fewer than the connections that a process keeps to Postgres."""

_LATE = ("numpy", "scipy.special", "scipy.stats")
"""Modules that the command line does without, and pages do not; the first comparison would wait 0.7 s for them."""

_SURVIVORS = 50_000
"""How many more objects than before start a search for garbage; one comparison of two large runs makes as many."""


@asynccontextmanager
async def warm(app: FastAPI) -> AsyncIterator[None]:
    """Load what pages need, and keep the garbage collector from walking through all of it again and again.

    Each of its full walks stopped every request of the process for some 0.1 s. One of several web processes ends with
    the one that leads them, also when that is killed.
    """
    _end_with_leader()
    current_default_thread_limiter().total_tokens = THREADS
    for name in _LATE:
        await run_sync(importlib.import_module, name)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_SURVIVORS, 20, 20)
    yield


def _end_with_leader() -> None:
    leader = parent_process()
    if leader is None:
        return
    die_with_parent(signal.SIGKILL)
    if os.getppid() != leader.pid:
        # It ended before the kernel was asked; an orphan would hold the port.
        os._exit(1)
