"""Let an engine rest while another one is measured: all its processes are stopped, and go on where they were."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import psutil

from evals.errors import PlumblineError

_STOP_S = 5.0
_PLACED_S = 0.03
"""Woken threads return to where they waited, and have so been placed, within this time."""


class RestlessEngineError(PlumblineError):
    """An engine that should rest goes on computing."""

    code = "engine_restless"
    retryable = True


class EngineTree:
    """Hold all processes of a running engine: those below its keeper, who itself never rests."""

    def __init__(self, engine_pid: int) -> None:
        try:
            self._keeper = psutil.Process(engine_pid).parent()
        except psutil.NoSuchProcess:
            self._keeper = None  # it has just died, which others find out

    def rest(self) -> None:
        """Stop every process, also those that are started meanwhile; return when they stand still.

        Raises RestlessEngineError when some do not within 5 s: what is measured beside them would be wrong.
        """
        deadline = time.monotonic() + _STOP_S
        while moving := [one for one in self._members() if not _stands(one)]:
            if time.monotonic() > deadline:
                pids = ", ".join(str(one.pid) for one in moving)
                raise RestlessEngineError(
                    f"it could not be stopped while the other side is measured: process {pids} does not stand still",
                    remedy="see what keeps the process busy (a hung disk or driver); the job is tried again by itself",
                )
            _send(moving, signal.SIGSTOP)
            time.sleep(0.005)

    def wake(self, where: float | None = None) -> None:
        """Let every process go on. where: in [0, 1), chooses the processor on which; afterwards all are free again.

        A stopped thread is placed when it is woken and then stays for long, so it is bound while it stands still. What
        the engine itself has bound to processors stays there.
        """
        with self._begin_at(where):
            _send(self._members(), signal.SIGCONT)

    @contextlib.contextmanager
    def _begin_at(self, where: float | None) -> Iterator[None]:
        allowed = _affinity(self._keeper.pid) if self._keeper is not None and where is not None else set()
        if where is None or len(allowed) < 2:
            yield
            return
        chosen = {sorted(allowed)[int(where * len(allowed))]}
        threads = [thread for one in self._members() for thread in _threads(one) if _affinity(thread) == allowed]
        for thread in threads:
            _bind(thread, chosen)
        try:
            yield
            time.sleep(_PLACED_S)
        finally:
            for thread in threads:
                _bind(thread, allowed)

    def _members(self) -> list[psutil.Process]:
        if self._keeper is None:
            return []
        try:
            return self._keeper.children(recursive=True)
        except psutil.NoSuchProcess:
            return []


def _threads(process: psutil.Process) -> list[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [thread.id for thread in process.threads()]
    return []


def _affinity(thread: int) -> set[int]:
    with contextlib.suppress(ProcessLookupError):
        return os.sched_getaffinity(thread)
    return set()


def _bind(thread: int, processors: set[int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.sched_setaffinity(thread, processors)


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _stands(process: psutil.Process) -> bool:
    try:
        return process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
