"""Readers that look at one page after another, and what each page took them."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

import httpx

from benchmarks.dashboard_load.pages import Pages

_LIMIT_S = 60.0


@dataclass(kw_only=True)
class Load:
    """What some readers saw. taken_ms: of each page. failed: answers that were no page, by page and status."""

    taken_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    wall_s: float = 0.0

    @property
    def answers(self) -> int:
        """Return how many pages were answered."""
        return sum(len(taken) for taken in self.taken_ms.values())


async def read(
    url: str, pages: Pages, cookies: dict[str, str], *, readers: int, seconds: float, think_s: float, seed: int
) -> Load:
    """Let readers look at pages for some seconds; each looks for `think_s` on average, then asks for the next.

    Every reader sees the pages in its own order, all kinds equally often. think_s: 0 asks at once, which measures
    how many pages the service can give, not how long one reader waits.
    """
    load, began = Load(), time.perf_counter()
    limits = httpx.Limits(max_connections=readers, max_keepalive_connections=readers)
    async with httpx.AsyncClient(base_url=url, cookies=cookies, limits=limits, timeout=_LIMIT_S) as client:
        tasks = (
            _one(client, load, _order(pages, seed + number), began + seconds, think_s, random.Random(seed + number))
            for number in range(readers)
        )
        await asyncio.gather(*tasks)
    load.wall_s = time.perf_counter() - began
    return load


async def _one(
    client: httpx.AsyncClient, load: Load, order: Iterator[tuple[str, str]], until: float, think_s: float,
    chance: random.Random,
) -> None:  # fmt: skip
    await asyncio.sleep(chance.random() * think_s)
    while time.perf_counter() < until:
        name, address = next(order)
        sent = time.perf_counter()
        answer = await client.get(address, headers={"Accept": "text/html"})
        load.taken_ms[name].append((time.perf_counter() - sent) * 1000)
        if answer.status_code != 200:
            load.failed[f"{name}: {answer.status_code}"] += 1
        if think_s:
            await asyncio.sleep(chance.expovariate(1 / think_s))


def _order(pages: Pages, seed: int) -> Iterator[tuple[str, str]]:
    chance, names = random.Random(seed), sorted(pages)
    while True:
        chance.shuffle(names)
        yield from ((name, chance.choice(pages[name])) for name in names)


def quantile(values: list[float], share: float) -> float:
    """Return the value that a share of all do not exceed; values: at least one."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
