"""Pairs of servers that answer by script, and who was asked what, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from evals.duel.contenders import Address, Contender
from evals.duel.results import BASELINE, CANDIDATE
from tests.unit.evals.duel.test_side import At
from tests.unit.evals.serving.scripted import Met, native_stream, serving, simple

Send = Callable[[bytes], Awaitable[None]]
OPTIONS: dict[str, Any] = {
    "concurrency": "2", "requests": 16, "input_len": 20, "output_len": 4,
    "min_rounds": 4, "max_rounds": 4, "max_warmups": 2, "launch_spread": 0.0,
}  # fmt: skip


async def answered(body: dict[str, Any], send: Send, *, first_s: float, later_s: float) -> bool:
    """Answer after a while, hardly anything out of a cache."""
    if "sampling_params" in body:
        await asyncio.sleep(first_s)
        for piece in native_stream(body["sampling_params"]["max_new_tokens"], prompt=1000):
            await send(piece)
            await asyncio.sleep(later_s)
        return True
    await send(simple(200, "flushed"))
    return True


async def steady(number: int, body: dict[str, Any], send: Send) -> bool:
    return await answered(body, send, first_s=0.02, later_s=0.0)


@dataclass
class Ring:
    """Hold who was entered, in order, and see that nobody is while another is."""

    entered: list[str] = field(default_factory=list)
    places: list[tuple[str, float]] = field(default_factory=list)
    inside: int = 0

    def measured(self, name: str, url: str) -> Callable[[float], AbstractContextManager[Address]]:
        @contextmanager
        def enter(where: float) -> Iterator[Address]:
            self.entered.append(name)
            self.places.append((name, where))
            self.inside += 1
            assert self.inside == 1
            try:
                yield At(url)
            finally:
                self.inside -= 1

        return enter


@contextmanager
def pair(ring: Ring, ours: Any, theirs: Any, *, launches: bool) -> Iterator[tuple[Contender, Contender, Met, Met]]:
    with serving(ours) as (a, met_a), serving(theirs) as (b, met_b):
        sides = [
            Contender(measured=ring.measured(name, url), launches=launches)
            for name, url in ((CANDIDATE, a), (BASELINE, b))
        ]
        yield sides[0], sides[1], met_a, met_b
