"""Let an engine rest while another one is measured: all its processes are stopped, and go on where they were."""

from __future__ import annotations

import contextlib
import signal
import time

import psutil

from evals.errors import PlumblineError

_STOP_S = 5.0


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

    def wake(self) -> None:
        """Let every process go on."""
        _send(self._members(), signal.SIGCONT)

    def _members(self) -> list[psutil.Process]:
        if self._keeper is None:
            return []
        try:
            return self._keeper.children(recursive=True)
        except psutil.NoSuchProcess:
            return []


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _stands(process: psutil.Process) -> bool:
    try:
        return process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
