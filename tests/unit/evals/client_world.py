"""A scripted HTTP server, and a client that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from evals.client import EngineClient

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Doubling:
    """Ask a made-up endpoint for twice a number."""

    number: int
    path: str = "/double"

    def payload(self, model: str) -> dict[str, Any]:
        return {"model": model, "number": self.number}

    def read(self, body: Any) -> int:
        return int(body["doubled"])


@asynccontextmanager
async def serving(handler: Handler, **settings: Any) -> AsyncIterator[EngineClient]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with EngineClient(
            url, model="m", **{"tries": 3, "first_pause_s": 0.001, "crowd_s": 0.0, **settings}
        ) as client:
            yield client
    finally:
        await runner.cleanup()


def answering(*answers: tuple[int, str]) -> tuple[Handler, list[str]]:
    """Return a handler that gives these answers in turn, the last one for ever, and what it was asked."""
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        status, text = answers[min(len(seen), len(answers) - 1)]
        seen.append(f"{request.method} {request.path_qs}")
        return web.Response(status=status, text=text)

    return handler, seen
