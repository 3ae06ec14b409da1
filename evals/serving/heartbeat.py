"""How late an event loop is, by an appointment that it keeps."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from evals.serving.streams import clock_ns

_EVERY_NS = 20_000_000


class Heartbeat:
    """Note in lags_ms how late each appointment is kept; a late one moves no later one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.lags_ms: list[float] = []
        self._loop = loop
        self._due_ns = 0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._due_ns = clock_ns()
        self._arrange()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _arrange(self) -> None:
        now_ns = clock_ns()
        # An appointment that is already missed is noted when it comes and not left out: it is the worst of all.
        self._due_ns += _EVERY_NS
        self._timer = self._loop.call_later(max(0.0, (self._due_ns - now_ns) / 1e9), self._keep)

    def _keep(self) -> None:
        self.lags_ms.append(max(0.0, (clock_ns() - self._due_ns) / 1e6))
        self._arrange()
