"""Run one command of a check to its end behind a keeper, its output in a log of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers import process as processes
from workers.logs import scrub

POLL_S = 0.25
_MOST_BYTES = 4 * 2**20


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Hold how a command ended; exit_status: None when it was ended after its time, or with its keeper.

    output: the end of what it wrote, with secrets hidden. seconds: how long it ran.
    """

    exit_status: int | None
    timed_out: bool
    output: str
    seconds: float
    log_path: Path


def run_to_end(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log_path: Path,
    timeout_s: float,
    should_stop: Callable[[], bool],
) -> Ended:
    """Run a command until it ends or its time is over; no process of it is left, whatever happens.

    should_stop: asked a few times a second; what it raises passes through.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    started = time.monotonic()
    process = processes.start(command, environment=environment, folder=log_path.parent, log_path=log_path)
    timed_out = False
    try:
        while not process.has_ended() and not timed_out and not should_stop():
            time.sleep(POLL_S)
            timed_out = time.monotonic() - started > timeout_s
    finally:
        process.stop()
    return Ended(
        exit_status=None if timed_out else process.exit_status,
        timed_out=timed_out,
        output=_end_of(log_path, process.log_start),
        seconds=time.monotonic() - started,
        log_path=log_path,
    )


def _end_of(path: Path, start: int) -> str:
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(start, end - _MOST_BYTES))
        return scrub(file.read(_MOST_BYTES).decode(errors="replace"))
