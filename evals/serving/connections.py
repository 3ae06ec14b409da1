"""The connections of one process: opened before they are needed, kept as long as the server lets them be."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from evals.serving.load import Load
from evals.serving.streams import Ending, Stream

_AT_ONCE = 64
_CONNECT_TIMEOUT_S = 30.0


class Connections:
    """Open streams to a load's server and hand out the idle ones; opened counts them."""

    def __init__(self, load: Load, on_end: Callable[[Stream, Ending], None]) -> None:
        address = urlsplit(load.base_url)
        self._host = address.hostname or ""
        self._port = address.port or (443 if address.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if address.scheme == "https" else None
        self._on_end = on_end
        self._idle: list[Stream] = []
        self.opened = 0

    async def open(self) -> None:
        """Open a connection and keep it as idle; raises OSError or TimeoutError when none comes about."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            _, stream = await loop.create_connection(
                lambda: Stream(self._on_end), self._host, self._port, ssl=self._tls
            )
        self.opened += 1
        self._idle.append(stream)

    async def open_many(self, count: int) -> None:
        """Open this many connections, some at a time for the sake of the server's queue; faults are those of `open`."""
        for first in range(0, count, _AT_ONCE):
            await asyncio.gather(*(self.open() for _ in range(min(_AT_ONCE, count - first))))

    def take(self) -> Stream | None:
        """Return an idle connection that may be used, the one used last first; None when there is none."""
        while self._idle:
            stream = self._idle.pop()
            if stream.usable:
                return stream
        return None

    def give(self, stream: Stream) -> None:
        """Take a connection back after an answer."""
        if stream.usable:
            self._idle.append(stream)

    def close(self) -> None:
        """Close the idle connections."""
        for stream in self._idle:
            stream.close()
        self._idle.clear()
