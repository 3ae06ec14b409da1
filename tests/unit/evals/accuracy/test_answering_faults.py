"""Asking many questions of engines that fail, refuse, redirect or hang."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from evals.client import EngineClient
from evals.errors import CancelledError, EngineUnreachableError, RequestRefusedError
from tests.unit.evals.accuracy.answering_world import answer, ask, serving


async def test_a_passing_fault_is_tried_again_and_counted() -> None:
    calls = 0

    async def faulty(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response(status=503, text="busy") if calls == 1 else answer("ok")

    async with serving(faulty) as client:
        responses, _ = await ask(client, 1)
    assert (responses[0].text, responses[0].attempts) == ("ok", 2)


async def test_garbage_is_a_fault_and_not_an_empty_answer() -> None:
    async def garbage(request: web.Request) -> web.Response:
        return web.Response(text='{"choices": []}', content_type="application/json")

    async with serving(garbage) as client:
        with pytest.raises(EngineUnreachableError, match="not a completion"):
            await ask(client, 1)


async def test_a_refusal_is_final_and_says_what_the_engine_said() -> None:
    calls = 0

    async def refuse(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response(status=400, text="prompt too long")

    async with serving(refuse) as client:
        with pytest.raises(RequestRefusedError, match="prompt too long"):
            await ask(client, 1)
    assert calls == 1


async def test_a_redirect_is_refused_and_not_followed() -> None:
    asked = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.Response(status=307, headers={"Location": "/v1/completions?again"}, text="a secret of the network")

    async with serving(elsewhere) as client:
        with pytest.raises(RequestRefusedError, match=r"307.*/v1/completions\?again") as caught:
            await ask(client, 1)
    assert "secret" not in caught.value.message
    assert asked == ["/v1/completions"]


async def test_an_aborted_answer_is_asked_again_and_at_last_unreachable() -> None:
    calls = 0

    async def abort(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.json_response({"choices": [{"text": "half", "finish_reason": "abort"}]})

    async with serving(abort) as client:
        with pytest.raises(EngineUnreachableError, match="not a completion"):
            await ask(client, 1)
    assert calls == 3


async def test_a_check_that_raises_stops_requests_that_hang() -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return answer("late")

    polls = 0

    def stop_soon() -> None:
        nonlocal polls
        polls += 1
        if polls == 2:
            raise CancelledError("enough", remedy="none")

    async with serving(hang) as client:
        with pytest.raises(CancelledError):
            await asyncio.wait_for(ask(client, 4, check=stop_soon), timeout=5)


async def test_an_engine_that_nobody_hears_of_is_unreachable() -> None:
    async with EngineClient("http://127.0.0.1:9", tries=2, first_pause_s=0.01) as client:
        with pytest.raises(EngineUnreachableError, match="failed 2 times"):
            await ask(client, 1)
