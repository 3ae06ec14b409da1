"""What the client makes of an engine's answers, against a scripted HTTP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp import web

from evals.client import EngineClient
from evals.errors import EngineUnreachableError, RequestRefusedError
from evals.protocol import GenerationRequest
from evals.spec import Api

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


async def test_a_request_reads_its_own_answer_and_knows_its_tries() -> None:
    handler, seen = answering((500, "oops"), (200, "{}"), (200, '{"doubled": 42}'))
    async with serving(handler) as client:
        assert await client.ask(Doubling(21)) == (42, 3)
    assert seen == ["POST /double"] * 3


async def test_the_engine_is_told_the_model_and_given_the_key() -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.extend([await request.json(), request.headers.get("Authorization"), request.content_type])
        return web.json_response({"doubled": 2})

    async with serving(handler, api_key="secret") as client:
        await client.ask(Doubling(1))
    assert seen == [{"model": "m", "number": 1}, "Bearer secret", "application/json"]


async def test_no_key_is_sent_that_was_not_given() -> None:
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"doubled": 2})

    async with serving(handler) as client:
        await client.ask(Doubling(1))
    assert seen == [None]


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
async def test_a_refusal_is_final_and_quotes_no_more_than_an_excerpt(status: int) -> None:
    handler, seen = answering((status, "too long " * 1000))
    async with serving(handler) as client:
        with pytest.raises(RequestRefusedError, match=f"HTTP {status}: too long") as caught:
            await client.ask(Doubling(1))
    assert len(caught.value.message) < 600
    assert caught.value.details["status"] == status
    assert len(seen) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_passing_fault_that_stays_is_unreachable_in_the_end(status: int) -> None:
    handler, seen = answering((status, "busy"))
    async with serving(handler) as client:
        with pytest.raises(EngineUnreachableError, match=f"failed 3 times.*HTTP {status}: busy"):
            await client.ask(Doubling(1))
        assert client.refusals == (3 if status in {429, 503} else 0)
    assert len(seen) == 3


async def test_a_server_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    times: list[float] = []

    async def handler(request: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        if len(times) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.json_response({"doubled": 2})

    async with serving(handler) as client:
        await client.ask(Doubling(1))
    assert times[1] - times[0] >= 1


async def test_an_answer_that_takes_too_long_is_tried_again() -> None:
    tries = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal tries
        tries += 1
        await asyncio.sleep(5 if tries == 1 else 0)
        return web.json_response({"doubled": 2})

    async with serving(handler, timeout_s=0.1) as client:
        assert await client.ask(Doubling(1)) == (2, 2)


async def test_what_is_there_is_read_and_what_is_not_is_none() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/server_info" and request.method == "GET":
            return web.json_response({"version": "1"})
        if request.path == "/tokenize" and request.method == "POST":
            return web.json_response({"tokens": (await request.json())["prompt"]})
        return web.Response(status={"/gone": 404, "/no_such_method": 405}.get(request.path, 501))

    async with serving(handler) as client:
        assert await client.get_json("/server_info") == {"version": "1"}
        assert await client.post_json_or_none("/tokenize", {"prompt": [1]}) == {"tokens": [1]}
        for path in ("/gone", "/no_such_method", "/not_implemented"):
            assert await client.get_json(path) is None
            assert await client.post_json_or_none(path, {}) is None


async def test_an_optional_answer_that_is_no_json_is_a_fault_and_a_refusal_is_one_too() -> None:
    async with serving(answering((200, "<html>"))[0]) as client:
        with pytest.raises(EngineUnreachableError, match="not JSON: <html>"):
            await client.get_json("/server_info")
    async with serving(answering((401, "who are you?"))[0]) as client:
        with pytest.raises(RequestRefusedError, match="401"):
            await client.get_json("/server_info")


async def test_no_redirect_is_followed_by_any_kind_of_request() -> None:
    seen = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=308, headers={"Location": "http://elsewhere/"})

    async with serving(elsewhere) as client:
        for asking in (client.ask(Doubling(1)), client.get_json("/info"), client.post_json_or_none("/tokenize", {})):
            with pytest.raises(RequestRefusedError, match="308 and points to http://elsewhere/"):
                await asking
    assert seen == ["/double", "/info", "/tokenize"]


async def test_no_more_requests_fly_than_the_client_was_allowed() -> None:
    flying = peak = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal flying, peak
        flying += 1
        peak = max(peak, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return web.json_response({"doubled": 2})

    async with serving(handler, concurrency=2) as client:
        await asyncio.gather(*[client.ask(Doubling(1)) for _ in range(6)])
    assert peak == 2


async def test_too_many_requests_is_waited_out_and_costs_no_try() -> None:
    handler, seen = answering(*[(429, "later")] * 6, (200, '{"doubled": 2}'))
    async with serving(handler, crowd_s=30.0) as client:
        assert await client.ask(Doubling(1)) == (2, 7)
        assert client.refusals == 6
    assert len(seen) == 7


async def test_a_long_answer_gets_the_time_its_tokens_need() -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.4)
        return web.json_response({"choices": [{"text": "long", "finish_reason": "length"}]})

    async with serving(slow, timeout_s=0.1, tries=1) as client:
        short = GenerationRequest(api=Api.COMPLETIONS, prompt="p", max_tokens=1)
        answer, _ = await client.ask(replace(short, max_tokens=40))
        assert answer.text == "long"
        with pytest.raises(EngineUnreachableError, match="no complete answer"):
            await client.ask(replace(short, max_tokens=0))


async def test_a_status_is_told_whatever_it_is_and_only_silence_is_a_fault() -> None:
    handler, seen = answering((200, "Cache flushed."), (400, "busy"), (503, "no"))
    async with serving(handler) as client:
        assert [await client.post_status("/flush_cache?timeout=1") for _ in range(3)] == [200, 400, 503]
    assert seen == ["POST /flush_cache?timeout=1"] * 3
    nobody = EngineClient("http://127.0.0.1:9/", tries=2, first_pause_s=0.001)
    async with nobody:
        with pytest.raises(EngineUnreachableError):
            await nobody.post_status("/flush_cache")
