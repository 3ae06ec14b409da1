"""Send a part of a pass's requests, each when it is due and a connection is free, from callbacks alone."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from math import ceil

from evals.serving.connections import Connections
from evals.serving.heartbeat import Heartbeat
from evals.serving.keeping import Kept
from evals.serving.load import Load
from evals.serving.refusal import pause_s, refusal
from evals.serving.streams import Ending, Stream, clock_ns
from evals.serving.tries import Ask, Effort, Try

_WATCH_EVERY_S = 0.1
_FEWEST_OPEN, _MOST_OPEN = 16, 256
"""How many connections an open loop without a limit has at its beginning."""


class Sender:
    """Run one process's part of a pass: `prepare` opens connections, `run` sends and waits for the last answer.

    asks: in the order in which they are due. width: the most requests in flight, None for no limit.
    """

    def __init__(self, load: Load, asks: Sequence[Ask], *, width: int | None, kept: Kept) -> None:
        self._load = load
        self._asks = asks
        self._width = width or len(asks)
        self._kept = kept
        self._left = len(asks)
        self._next = 0
        self._late_ms: list[float] = []
        self._waiting: deque[Ask] = deque()
        self._flying: dict[Stream, Ask] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._connections = Connections(load, self._ended)

    async def prepare(self) -> None:
        """Open the connections that are needed at once; raises OSError when the server is not there."""
        at_once = len(self._asks) if self._load.is_closed else _MOST_OPEN
        if self._load.rate is not None:
            at_once = min(max(ceil(self._load.rate), _FEWEST_OPEN), _MOST_OPEN)
        await self._connections.open_many(min(len(self._asks), self._width, at_once))

    async def run(self, start_ns: int) -> Effort:
        """Send everything, the first request at start_ns or at its own time after it; due_ns count from there."""
        for ask in self._asks:
            ask.due_ns = None if ask.due_ns is None else ask.due_ns + start_ns
        while (early_ns := start_ns - clock_ns()) > 0:  # timers are kept to the millisecond, and may come too early
            await asyncio.sleep(early_ns / 1e9)
        opened, cpu_s, began_ns = self._connections.opened, time.process_time(), clock_ns()
        with Heartbeat(self._loop) as heartbeat:
            self._watch()
            self._on_time()
            try:
                await self._over
            finally:
                self._stop()
        return Effort(
            wall_s=(clock_ns() - began_ns) / 1e9,
            cpu_s=time.process_time() - cpu_s,
            lags_ms=heartbeat.lags_ms,
            late_ms=self._late_ms,
            opened=self._connections.opened - opened,
            read_early=self._kept.read_early,
        )

    def _stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for task in self._opening:
            task.cancel()
        self._connections.close()

    def _on_time(self) -> None:
        """Let every request go that is due, and come back for the next."""
        now_ns = clock_ns()
        while self._next < len(self._asks):
            due_ns = self._asks[self._next].due_ns
            if due_ns is not None and due_ns > now_ns:
                self._timers["next"] = self._loop.call_later((due_ns - now_ns) / 1e9, self._on_time)
                break
            if due_ns is not None:
                self._late_ms.append((now_ns - due_ns) / 1e6)
            self._waiting.append(self._asks[self._next])
            self._next += 1
        self._fill()

    def _fill(self) -> None:
        while self._waiting and (stream := self._connections.take()) is not None:
            ask = self._waiting.popleft()
            ask.tries += 1
            self._flying[stream] = ask
            stream.send(ask.message)
            if ask.first_sent_ns is None:
                ask.first_sent_ns = stream.sent_ns
        wanted = min(len(self._waiting), self._width - len(self._flying)) - len(self._opening)
        for _ in range(wanted):
            task = self._loop.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opened)

    async def _open(self) -> None:
        try:
            await self._connections.open()
        except (OSError, TimeoutError) as error:
            if self._waiting:
                self._lose(self._waiting.popleft(), f"no connection: {error or type(error).__name__}")

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        if not task.cancelled():
            task.result()
            self._fill()

    def _ended(self, stream: Stream, ending: Ending) -> None:
        """Take an answer, or what there is of it, and give the connection to the next request."""
        ask = self._flying.pop(stream)
        ended_ns = stream.stamps[-1] if ending is Ending.WHOLE and stream.stamps else clock_ns()
        stream.answers += 1
        if ending is Ending.CUT and not stream.reads and stream.answers > 1 and not ask.crossed:
            # Servers close idle connections when they please; a request that crossed this did not reach anybody.
            ask.crossed = True
            self._waiting.appendleft(ask)
        elif not self._is_tried_again(ask, stream, ending, ended_ns):
            self._keep(ask, ended_ns, ending, stream)
        self._connections.give(stream)
        self._fill()

    def _is_tried_again(self, ask: Ask, stream: Stream, ending: Ending, ended_ns: int) -> bool:
        status = refusal(stream.reads) if ending is Ending.WHOLE else None
        if status is None:
            return False
        ask.refusals.append((stream.sent_ns, ended_ns, status))
        if len(ask.refusals) > self._load.retries:
            return False
        self._loop.call_later(pause_s(stream.reads, len(ask.refusals)), self._again, ask)
        return True

    def _again(self, ask: Ask) -> None:
        self._waiting.append(ask)
        self._fill()

    def _keep(self, ask: Ask, ended_ns: int, ending: Ending, stream: Stream) -> None:
        ask.message = b""
        sent_ns, stamps, reads = stream.sent_ns, stream.stamps, stream.reads
        self._done(Try(ask=ask, sent_ns=sent_ns, ended_ns=ended_ns, stamps=stamps, reads=reads, ending=ending))

    def _lose(self, ask: Ask, fault: str) -> None:
        self._done(Try(ask=ask, sent_ns=None, ended_ns=clock_ns(), stamps=[], reads=[], ending=None, fault=fault))

    def _done(self, one: Try) -> None:
        self._kept.add(one)
        self._left -= 1
        if not self._left and not self._over.done():
            self._over.set_result(None)

    def _watch(self) -> None:
        """End what takes too long: a try as a whole, or the time between two bytes of its answer."""
        now_ns = clock_ns()
        for stream in list(self._flying):
            if now_ns - stream.sent_ns > self._load.timeout_s * 1e9:
                stream.end(Ending.TIME_LIMIT)
            elif stream.stamps and now_ns - stream.stamps[-1] > self._load.stall_s * 1e9:
                stream.end(Ending.STALLED)
        self._timers["watch"] = self._loop.call_later(_WATCH_EVERY_S, self._watch)
