"""One process's part of a pass, from the plan to its records."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from evals.errors import EngineUnreachableError
from evals.serving.keeping import Kept
from evals.serving.load import Load
from evals.serving.messages import message
from evals.serving.planning import Planned, plan
from evals.serving.prompts import Prompts
from evals.serving.record import Record
from evals.serving.sender import Sender
from evals.serving.tries import Ask, Effort
from evals.serving.vocabulary import vocabulary
from evals.transport.loop import run_loop

_BUDGET_BYTES = 1 << 30
"""How much of the answers all processes keep unread together."""

Meet = Callable[[], Awaitable[int]]
"""Says that a process is ready, and returns the time at which all of them start."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Hold what one process saw and what it had to do."""

    records: list[Record]
    effort: Effort


def run_part(load: Load, number: int, meet: Meet) -> Part:
    """Send every request whose index is `number` modulo the processes; faults are those of the plan and of `prepare`.

    Bodies are made, connections are open and the collector of garbage rests before `meet` is called.
    """
    asks = [_ask(load, planned, prompts) for prompts, planned in _mine(load, number)]
    kept = Kept(load.endpoint, budget_bytes=_BUDGET_BYTES // load.processes)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        effort = run_loop(_send(load, number, asks, kept, meet))
    finally:
        gc.enable()
        gc.unfreeze()
    return Part(records=kept.records(), effort=effort)


def width(load: Load, number: int) -> int | None:
    """Return how many requests one process may have in flight: its share of the concurrency."""
    if load.concurrency is None:
        return None
    return load.concurrency // load.processes + (number < load.concurrency % load.processes)


def _mine(load: Load, number: int) -> list[tuple[Prompts, Planned]]:
    prompts = Prompts(load, vocabulary(load.tokenizer))
    return [(prompts, planned) for planned in plan(load) if planned.index % load.processes == number]


def _ask(load: Load, planned: Planned, prompts: Prompts) -> Ask:
    return Ask(
        index=planned.index,
        message=message(load, planned, prompts),
        input_len=planned.input_len,
        output_len=planned.output_len,
        due_ns=None if planned.at_s is None else round(planned.at_s * 1e9),
    )


async def _send(load: Load, number: int, asks: list[Ask], kept: Kept, meet: Meet) -> Effort:
    sender = Sender(load, asks, width=width(load, number), kept=kept)
    try:
        await sender.prepare()
    except (OSError, TimeoutError, UnicodeError) as error:
        raise EngineUnreachableError(
            f"no connection to {load.base_url}: {error or type(error).__name__}",
            remedy="start the server, or name its address with --base-url",
        ) from None
    start_ns = await meet()
    return await sender.run(start_ns)
