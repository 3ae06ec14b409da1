"""What is refused before anybody parses it: bodies over the limit and NUL bytes in addresses."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems

DRAIN_S = 2.0
"""How long what a refused client still sends is thrown away, so that it gets to read the answer."""


class RequestLimits:
    """Refuse bodies over `max_body_bytes` with 413 and addresses with NUL bytes with 422; larger: limits of paths."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, larger: Mapping[str, int]) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a body of legal size and hand it on whole."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            problem = problems.HttpError(
                "invalid_request", "the address contains a NUL byte", remedy="send the address without %00"
            )
            await problems.respond(request, problems.of_error(problem))(scope, receive, send)
            return
        most = self.larger.get(scope["path"], self.max_body_bytes)
        body = None if _announced(request) > most else await self._read(receive, most)
        if body is None:
            await self._refuse(request, most, receive, send)
            return
        await self.app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive, most: int) -> list[Message] | None:
        """Return a body's messages, or None as soon as they are too much."""
        messages, size = [], 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > most:
                return None
            if not message.get("more_body", False):
                return messages

    async def _refuse(self, request: Request, most: int, receive: Receive, send: Send) -> None:
        problem = problems.HttpError(
            "body_too_large",
            f"the body is larger than {most:,} bytes",
            remedy="a submission names models and files, it does not carry them; send less",
        )
        response = problems.respond(request, problems.of_error(problem), {"Connection": "close"})
        await send({"type": "http.response.start", "status": 413, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": response.body, "more_body": True})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_drain(receive), DRAIN_S)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0


async def _drain(receive: Receive) -> None:
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def next_message() -> Message:
        for message in waiting:
            return message
        return await receive()

    return next_message
