"""One pass over a load: in this process, or in several that start together."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from evals.carried_errors import CarriedError
from evals.errors import InternalError, PlumblineError
from evals.serving.load import Load, check_load
from evals.serving.part import Part, run_part
from evals.serving.record import Record
from evals.serving.streams import clock_ns
from evals.serving.tries import Effort

_SPREAD_NS = 100_000_000
"""How long after the last process is ready all of them start."""

_READY_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Pass:
    """Hold a pass: its load, its start on the common clock and on the calendar, and what every process brought."""

    load: Load
    start_ns: int
    started_s: float
    records: list[Record]
    efforts: list[Effort]


def run_pass(load: Load) -> Pass:
    """Run one pass; raises InvalidSubmissionError, DatasetError, and EngineUnreachableError before it has begun.

    Whatever happens to a request after that is in its record. The pass ends by itself: each try has its time limits.
    """
    check_load(load)
    parts, start_ns = _alone(load) if load.processes == 1 else _together(load)
    return Pass(
        load=load,
        start_ns=start_ns,
        started_s=time.time() - (clock_ns() - start_ns) / 1e9,
        records=sorted((record for part in parts for record in part.records), key=lambda record: record.index),
        efforts=[part.effort for part in parts],
    )


def _alone(load: Load) -> tuple[list[Part], int]:
    starts: list[int] = []

    async def meet() -> int:
        starts.append(clock_ns() + 10_000_000)
        return starts[0]

    return [run_part(load, 0, meet)], starts[0]


def _together(load: Load) -> tuple[list[Part], int]:
    context = multiprocessing.get_context("spawn")
    pipes: list[Any] = []
    processes = []
    try:
        for number in range(load.processes):
            here, there = context.Pipe()
            processes.append(context.Process(target=_work, args=(load, number, there), daemon=True))
            processes[-1].start()
            there.close()
            pipes.append(here)
        for pipe in pipes:
            _receive(pipe, _READY_S)
        start_ns = clock_ns() + _SPREAD_NS
        for pipe in pipes:
            pipe.send(start_ns)
        return [_receive(pipe, None) for pipe in pipes], start_ns
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _receive(pipe: Any, timeout_s: float | None) -> Any:
    """Return what a process sends; raise the error that it met, and InternalError when it is gone."""
    try:
        if not pipe.poll(timeout_s):
            raise EOFError
        said = pipe.recv()
    except EOFError:
        raise InternalError(
            "a process of the load generator ended", remedy="look for a lack of memory, or run with --processes 1"
        ) from None
    if isinstance(said, CarriedError):
        raise said.unpacked()
    return said


def _work(load: Load, number: int, pipe: Connection) -> None:
    """Be one of several processes: say that all is ready, wait for the start, send the part that came of it."""

    async def meet() -> int:
        pipe.send(None)
        start_ns: int = await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        return start_ns

    try:
        pipe.send(run_part(load, number, meet))
    except PlumblineError as error:
        pipe.send(CarriedError.of(error))
    finally:
        pipe.close()
