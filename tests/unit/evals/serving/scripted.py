"""A server that answers by script, in a thread of its own: for what a real engine does not show on demand."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"


@dataclass
class Met:
    """Hold what came: bodies in order, connections, and the most requests that were open at once."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    most_open: int = 0


Answer = Callable[[int, dict[str, Any], Callable[[bytes], Awaitable[None]]], Awaitable[bool]]
"""Given the number of the request, its body and a way to send bytes; returns whether the connection stays open."""


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, Met]]:
    """Run a server; yield its address and what it meets."""
    met, ready = Met(), threading.Event()
    state: dict[str, Any] = {}

    async def main() -> None:
        server = await asyncio.start_server(lambda r, w: _talk(r, w, answer, met), "127.0.0.1", 0)
        state.update(port=server.sockets[0].getsockname()[1], loop=asyncio.get_running_loop(), stop=asyncio.Event())
        ready.set()
        await state["stop"].wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield f"http://127.0.0.1:{state['port']}", met
    finally:
        state["loop"].call_soon_threadsafe(state["stop"].set)
        thread.join(10)


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer, met: Met) -> None:
    met.connections += 1

    async def send(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    with suppress(asyncio.IncompleteReadError, ConnectionError):
        stays = True
        while stays:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length) or b"{}")
            met.heads.append(head)
            met.bodies.append(body)
            met.open += 1
            met.most_open = max(met.most_open, met.open)
            try:
                stays = await answer(len(met.bodies) - 1, body, send)
            finally:
                met.open -= 1
    writer.close()


def chunk(data: bytes) -> bytes:
    """Return data as one chunk of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def event(said: Any) -> bytes:
    """Return an event as a chunk."""
    return chunk(b"data: " + json.dumps(said).encode() + b"\n\n")


def native(tokens: int, *, text: str = "", prompt: int = 5, finish: str | None = None) -> dict[str, Any]:
    """Return an event's body as SGLang's /generate writes it."""
    reason = {"type": finish} if finish else None
    meta = {"finish_reason": reason, "prompt_tokens": prompt, "completion_tokens": tokens, "cached_tokens": 2}
    return {"text": text, "meta_info": meta}


def native_stream(tokens: int, *, prompt: int = 5) -> list[bytes]:
    """Return a whole answer of /generate, a token an event, as separate writes."""
    reasons = [None] * (tokens - 1) + ["length"]
    events = [event(native(n + 1, prompt=prompt, finish=reason)) for n, reason in enumerate(reasons)]
    return [HEAD, *events, chunk(DONE), END]


async def whole(number: int, body: dict[str, Any], send: Callable[[bytes], Awaitable[None]]) -> bool:
    """Answer as a healthy server does, with as many tokens as are asked for."""
    for piece in native_stream(body["sampling_params"]["max_new_tokens"]):
        await send(piece)
        await asyncio.sleep(0.001)
    return True


def simple(status: int, text: str, *fields: str) -> bytes:
    """Return a short answer with a length."""
    more = "".join(f"{one}\r\n" for one in fields)
    return f"HTTP/1.1 {status} X\r\n{more}Content-Length: {len(text)}\r\n\r\n{text}".encode()
