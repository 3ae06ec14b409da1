"""What the client sends, and what it makes of an engine's answers, against a scripted HTTP server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from evals.errors import EngineUnreachableError
from evals.protocol import GenerationRequest
from evals.spec import Api
from tests.unit.evals.client_world import Doubling, answering, serving


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
