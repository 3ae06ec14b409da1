"""Find out how many requests an engine can use: from its own limits and its own queue, else from its pace."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from evals.accuracy.controllers import MOST, Load, QueueController, RateController, Reading
from evals.client import EngineClient
from evals.errors import PlumblineError

LOADS_PATH = "/v1/loads?include=core"
_INFO_PATHS = ("/server_info", "/get_server_info")
_LONGEST_WAIT_S = 2.0


class Concurrency(Protocol):
    """Decide how many requests are in flight; one object serves one engine, for as many questions as there are."""

    @property
    def limit(self) -> int:
        """Return how many requests may be in flight now; at least one."""

    async def begin(self, client: EngineClient) -> None:
        """Ask the engine what it can do; to be called before the first question."""

    async def adjust(self, client: EngineClient, *, in_flight: int, completed: int) -> None:
        """Look again; to be called about twice a second. completed: answers since `begin`."""

    def describe(self) -> str:
        """Say in a few words what was used and why."""


def concurrency_for(setting: int | None) -> Concurrency:
    """Return what a workload's `concurrency` asks for: exactly a number, or what the engine can use."""
    return Adaptive() if setting is None else Fixed(setting)


class Fixed:
    """Keep exactly n requests in flight."""

    def __init__(self, n: int) -> None:
        self.limit = n

    async def begin(self, client: EngineClient) -> None:
        """Do nothing."""

    async def adjust(self, client: EngineClient, *, in_flight: int, completed: int) -> None:
        """Do nothing."""

    def describe(self) -> str:
        """Say what was set."""
        return f"{self.limit}, as set"


class Adaptive:
    """Keep as many requests in flight as the engine can use."""

    def __init__(self) -> None:
        self._controller: QueueController | RateController = RateController()
        self._most_running: int | None = None
        self._load_path: str | None = None
        self._seen: list[int] = []
        self._completed = self._completed_before = 0

    @property
    def limit(self) -> int:
        """Return how many requests may be in flight now."""
        return self._controller.limit

    async def begin(self, client: EngineClient) -> None:
        """Choose a controller; what was learned about an engine is kept for its next questions."""
        self._completed_before = self._completed
        if self._seen:
            return
        info = await _first_json(client, _INFO_PATHS)
        self._most_running = most_running(info)
        self._load_path = await self._find_load(client, info)
        most = MOST if self._most_running is None else self._most_running + min(32, max(4, self._most_running))
        self._controller = QueueController(most=most) if self._load_path else RateController(most=most)
        self._seen.append(self.limit)

    async def adjust(self, client: EngineClient, *, in_flight: int, completed: int) -> None:
        """Tell the controller what can be seen now."""
        load = None
        if self._load_path is not None:
            load = load_from(await _json(client, self._load_path))
        at_s = asyncio.get_running_loop().time()
        self._completed = self._completed_before + completed
        self._controller.observe(
            Reading(at_s=at_s, completed=self._completed, refused=client.refusals, in_flight=in_flight, load=load)
        )
        if self.limit != self._seen[-1]:
            self._seen.append(self.limit)

    def describe(self) -> str:
        """Say which limits were used, and what they came from."""
        low, high = min(self._seen, default=self.limit), max(self._seen, default=self.limit)
        used = str(low) if low == high else f"{low} to {high}"
        reason = "the engine's queue" if self._load_path else "the pace of answers"
        known = "" if self._most_running is None else f"; the engine runs at most {self._most_running}"
        return f"{used}, by {reason}{known}"

    async def _find_load(self, client: EngineClient, info: Any) -> str | None:
        if load_from(info) is not None:
            return _INFO_PATHS[0]
        return LOADS_PATH if load_from(await _json(client, LOADS_PATH)) is not None else None


def most_running(info: Any) -> int | None:
    """Return how many requests an engine runs at once at most, by its server info; None when it does not say.

    SGLang names the number it settled on per data-parallel rank; `max_running_requests` is what it was started with.
    """
    if not isinstance(info, dict):
        return None
    states: Any = info.get("internal_states") or ()
    ranks: list[Any] = [
        state.get("effective_max_running_requests_per_dp") for state in states if isinstance(state, dict)
    ]
    if ranks and all(_is_count(rank) for rank in ranks):
        return int(sum(ranks))
    for name in ("max_running_requests", "max_batch_size"):
        if _is_count(info.get(name)):
            return int(info[name])
    return None


def load_from(body: Any) -> Load | None:
    """Read an engine's load from SGLang's /v1/loads or from our HF server's info; None when it is neither."""
    if not isinstance(body, dict):
        return None
    try:
        if ranks := body.get("loads"):
            running = sum(int(rank["num_running_reqs"]) for rank in ranks)
            return Load(running=running, waiting=sum(int(rank["num_waiting_reqs"]) for rank in ranks))
        counts = body["requests"]
        return Load(running=int(body["max_batch_size"]) - int(counts["free"]), waiting=int(counts["waiting"]))
    except (KeyError, TypeError, ValueError):
        return None


async def _first_json(client: EngineClient, paths: tuple[str, ...]) -> Any | None:
    for path in paths:
        body = await _json(client, path)
        if body is not None:
            return body
    return None


async def _json(client: EngineClient, path: str) -> Any | None:
    """Return what the engine says at a path; None when it says nothing in good time, for it is only a hint."""
    try:
        async with asyncio.timeout(_LONGEST_WAIT_S):
            return await client.get_json(path)
    except (PlumblineError, TimeoutError):
        return None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
