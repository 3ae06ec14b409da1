"""What the client does about faults, refusals and silence, against a scripted HTTP server."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from evals.client import EngineClient
from evals.errors import EngineUnreachableError, RequestRefusedError
from tests.unit.evals.client_world import Doubling, answering, serving


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


async def test_too_many_requests_is_waited_out_and_costs_no_try() -> None:
    handler, seen = answering(*[(429, "later")] * 6, (200, '{"doubled": 2}'))
    async with serving(handler, crowd_s=30.0) as client:
        assert await client.ask(Doubling(1)) == (2, 7)
        assert client.refusals == 6
    assert len(seen) == 7


async def test_a_status_is_told_whatever_it_is_and_only_silence_is_a_fault() -> None:
    handler, seen = answering((200, "Cache flushed."), (400, "busy"), (503, "no"))
    async with serving(handler) as client:
        assert [await client.post_status("/flush_cache?timeout=1") for _ in range(3)] == [200, 400, 503]
    assert seen == ["POST /flush_cache?timeout=1"] * 3
    nobody = EngineClient("http://127.0.0.1:9/", tries=2, first_pause_s=0.001)
    async with nobody:
        with pytest.raises(EngineUnreachableError):
            await nobody.post_status("/flush_cache")
