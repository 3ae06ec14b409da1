"""A server that answers /generate at once, in SGLang's form: what a client makes of it is what the client can do.

Run as `python -m evals.duel.echo_server [PORT]`; it prints its port and serves until its stdin ends. Several may share
a port, where the system gives each of them some of the connections.
"""

from __future__ import annotations

import asyncio
import re
import sys
from functools import lru_cache
from typing import cast

from evals.transport.loop import run_loop

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TOKENS = re.compile(rb'"max_new_tokens": *(\d+)')
_BLANK = b"\r\n\r\n"
_WORD = "word "
_REMEMBERED = 16_384
"""How many events are kept as bytes; longer answers make the rest anew."""


class Echo(asyncio.Protocol):
    """Answer one request at a time, an event for each token; asyncio's methods are bare."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._transport: asyncio.Transport | None = None
        self._got = bytearray()
        self._inputs = self._tokens = self._next = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: D102
        self._tokens = 0
        self._turn.leave(self)

    def pause_writing(self) -> None:  # noqa: D102
        self._turn.leave(self)

    def resume_writing(self) -> None:  # noqa: D102
        if self._tokens:
            self._turn.join(self)

    def data_received(self, data: bytes) -> None:  # noqa: D102
        self._got += data
        head = self._got.find(_BLANK)
        length = _LENGTH.search(self._got, 0, head) if head >= 0 else None
        if length is None or len(self._got) < head + len(_BLANK) + int(length[1]):
            return
        asked = _TOKENS.search(self._got, head)
        ids = self._got.find(b'"input_ids"', head)
        inputs = self._got.count(b",", ids, self._got.find(b"]", ids)) + 1 if ids >= 0 else 1
        self._inputs, self._tokens, self._next = inputs, max(1, int(asked[1])) if asked else 1, 0
        self._got.clear()
        self._turn.join(self)

    def step(self) -> None:
        """Write the next event."""
        cast(asyncio.Transport, self._transport).write(answer(self._inputs, self._tokens, self._next))
        self._next += 1
        if self._next == self._tokens:
            self._tokens = 0
            self._turn.leave(self)


class Turn:
    """Let all streams that have something to say write an event each, and then again."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._streams: dict[Echo, None] = {}

    def join(self, stream: Echo) -> None:
        """Take a stream in."""
        if not self._streams:
            self._loop.call_soon(self._go)
        self._streams[stream] = None

    def leave(self, stream: Echo) -> None:
        """Let a stream be silent."""
        self._streams.pop(stream, None)

    def _go(self) -> None:
        for stream in list(self._streams):
            if stream in self._streams:
                stream.step()
        if self._streams:
            self._loop.call_soon(self._go)


def answer(inputs: int, tokens: int, number: int) -> bytes:
    """Return what is written for one token of an answer, the first being 0."""
    head = _HEAD if number == 0 else b""
    return head + (_event(number + 1) if number + 1 < tokens else _last(inputs, tokens))


@lru_cache(maxsize=_REMEMBERED)
def _event(number: int) -> bytes:
    """Return an event with a short text that is always the same: only its count tells where the answer is."""
    meta = f'"finish_reason": null, "prompt_tokens": 0, "completion_tokens": {number}, "cached_tokens": 0'
    return _chunk(f'data: {{"text": "{_WORD}", "meta_info": {{{meta}}}}}\n\n'.encode())


def _last(inputs: int, tokens: int) -> bytes:
    reason = f'{{"type": "length", "length": {tokens}}}'
    meta = f'"finish_reason": {reason}, "prompt_tokens": {inputs}, "completion_tokens": {tokens}, "cached_tokens": 0'
    event = _chunk(f'data: {{"text": "{_WORD}", "meta_info": {{{meta}}}}}\n\n'.encode())
    return event + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def serve(port: int) -> None:
    """Serve on a port of this machine, 0 for a free one, until stdin ends."""
    loop = asyncio.get_running_loop()
    turn = Turn()
    server = await loop.create_server(lambda: Echo(turn), "127.0.0.1", port, backlog=4096, reuse_port=True)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    run_loop(serve(int(sys.argv[1]) if sys.argv[1:] else 0))
