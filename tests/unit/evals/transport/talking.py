"""Servers that speak HTTP byte by byte, as a script says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from evals.transport.connection import Answer
from evals.transport.pool import Pool

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Play = Callable[[Coroutine[Any, Any, Any]], Any]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


def saying(*pieces: bytes, close: bool = False) -> Talk:
    """Answer every request with these bytes, piece by piece."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await read_request(reader)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.002)
                if close:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    return talk


class Served:
    """Hold a scripted server with a pool that speaks to it; `connections` counts."""

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None = None, **settings: Any) -> None:
        self._talk = talk
        self._tls = tls
        self._settings = {"headers": {}, "limit": 8, "timeout_s": 5.0, **settings}
        self.connections = 0

    async def __aenter__(self) -> Pool:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        scheme, host = ("https", "localhost") if self._tls else ("http", "127.0.0.1")
        self._pool = Pool(f"{scheme}://{host}:{port}/gate", **self._settings)
        return self._pool

    async def __aexit__(self, *_: object) -> None:
        self._pool.close()
        self._server.close()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self._talk(reader, writer)


def asked(play: Play, talk: Talk, **settings: Any) -> Answer:
    async def ask() -> Answer:
        async with Served(talk, **settings) as pool:
            return await pool.request("POST", "/x", b"{}")

    answer = play(ask())
    assert isinstance(answer, Answer)
    return answer
