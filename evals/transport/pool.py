"""Requests to one address over connections that stay open."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from evals.transport.connection import Answer, Connection
from evals.transport.faults import ConnectionBrokenError, NoConnectionError

CONNECT_TIMEOUT_S = 30.0


class Pool:
    """Send requests to one address, each over a connection of its own; to be used within one event loop.

    base_url: scheme, host, port and perhaps a path that every request's path is appended to. limit: the most
    connections at once; more requests than that wait. timeout_s: from the sending of a request to the last byte of its
    answer.
    Redirects are answers like others, nothing is followed; no proxy is used, and no cookie is kept.
    """

    def __init__(self, base_url: str, *, headers: Mapping[str, str], limit: int, timeout_s: float) -> None:
        address = urlsplit(base_url)
        host = address.hostname or ""
        self._host = host if host.isascii() else host.encode("idna").decode()
        self._secure = address.scheme == "https"
        self._port = address.port or (443 if self._secure else 80)
        self._prefix = address.path.rstrip("/")
        self._fields = _fields({"Host": _host_field(self._host, address.port), **headers})
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(limit)
        self._idle: list[Connection] = []
        self._tls: ssl.SSLContext | None = None

    async def request(self, method: str, path: str, body: bytes = b"", *, patience_s: float = 0.0) -> Answer:
        """Return the answer to a request, whatever its status; raise TransportError when there is none.

        patience_s: how long this one's answer may take, when that is longer than the pool's limit.
        """
        head = f"{method} {self._prefix}{path} HTTP/1.1\r\n{self._fields}Content-Length: {len(body)}\r\n\r\n"
        async with self._slots:
            return await self._exchange(head.encode() + body, max(self._timeout_s, patience_s))

    def close(self) -> None:
        """Close the idle connections; those in use close with their requests."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _exchange(self, message: bytes, timeout_s: float) -> Answer:
        kept = self._kept()
        if kept is not None:
            try:
                return await self._send(kept, message, timeout_s)
            except ConnectionBrokenError as error:
                # Servers close idle connections when they please; a request that crossed this did not reach anybody.
                if not error.untouched:
                    raise
        return await self._send(await self._open(), message, timeout_s)

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
        return None

    async def _send(self, connection: Connection, message: bytes, timeout_s: float) -> Answer:
        try:
            answer = await connection.send(message, timeout_s)
        except BaseException:
            connection.close()  # also when cancelled: the engine need not finish what nobody waits for
            raise
        if connection.reusable:
            self._idle.append(connection)
        return answer

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        if self._secure and self._tls is None:
            self._tls = ssl.create_default_context()
        try:
            async with asyncio.timeout(min(CONNECT_TIMEOUT_S, self._timeout_s)):
                _, connection = await loop.create_connection(Connection, self._host, self._port, ssl=self._tls)
        except (OSError, UnicodeError) as error:
            reason = str(error) or "nobody answers"
            raise NoConnectionError(f"no connection to {self._host}:{self._port}: {reason}") from None
        return connection


def _host_field(host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def _fields(headers: Mapping[str, str]) -> str:
    for name, value in headers.items():
        if not (name + value).isprintable():
            raise ValueError(f"the header {name} contains a line break or the like")
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())
