"""Asking many questions at once, against a scripted HTTP server that shows the faults a real one hides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from evals.accuracy.answering import ask_all, send_order
from evals.accuracy.questions import Question, sha256_of
from evals.client import EngineClient
from evals.errors import CancelledError, EngineUnreachableError, RequestRefusedError
from evals.protocol import GenerationRequest
from evals.result import Response, SampleKey
from evals.spec import Api

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[EngineClient]:
    app = web.Application()
    app.router.add_post("/v1/completions", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with EngineClient(f"http://127.0.0.1:{port}", tries=3, first_pause_s=0.01) as client:
            yield client
    finally:
        await runner.cleanup()


REQUEST = GenerationRequest(api=Api.COMPLETIONS, prompt="", max_tokens=8, stop=("Q",), seed=1)


def question(number: int) -> Question:
    prompt = f"prompt {number}"
    return Question(
        key=SampleKey(task="t", doc_id=number),
        prompt=prompt,
        prompt_sha256=sha256_of(prompt),
        request=replace(REQUEST, prompt=prompt),
        request_sha256=sha256_of(f"{prompt} and all else"),
    )


def answer(text: str) -> web.Response:
    usage = {"prompt_tokens": 2, "completion_tokens": 3}
    return web.json_response({"choices": [{"index": 0, "text": text, "finish_reason": "stop"}], "usage": usage})


async def ask(
    client: EngineClient, count: int, *, concurrency: int = 4, check: Callable[[], None] = lambda: None
) -> tuple[list[Response], list[int]]:
    heard: list[int] = []
    responses = await ask_all(
        client,
        [question(number) for number in range(count)],
        concurrency=concurrency,
        on_response=lambda asked, response: heard.append(asked.key.doc_id),
        check=check,
    )
    return responses, heard


async def echo(request: web.Request) -> web.Response:
    body = await request.json()
    assert (body["max_tokens"], body["temperature"], body["stop"], body["seed"]) == (8, 0.0, ["Q"], 1)
    return answer(body["prompt"].upper())


async def test_answers_come_in_the_order_of_the_questions_and_each_is_handed_over_once() -> None:
    async def slow_first(request: web.Request) -> web.Response:
        if (await request.json())["prompt"] == "prompt 0":
            await asyncio.sleep(0.1)
        return await echo(request)

    async with serving(slow_first) as client:
        responses, heard = await ask(client, 20)
    assert [r.text for r in responses] == [f"PROMPT {n}" for n in range(20)]
    assert sorted(heard) == list(range(20))
    assert heard[0] != 0
    assert (responses[0].prompt_tokens, responses[0].completion_tokens) == (2, 3)
    assert responses[0].ended_at - responses[0].sent_at >= 0.1


async def test_no_more_requests_fly_than_allowed() -> None:
    flying = peak = 0

    async def count(request: web.Request) -> web.Response:
        nonlocal flying, peak
        flying += 1
        peak = max(peak, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return answer("x")

    async with serving(count) as client:
        await ask(client, 30, concurrency=3)
    assert peak == 3


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


async def test_prompts_that_begin_alike_are_sent_one_after_the_other() -> None:
    asked = []

    async def note(request: web.Request) -> web.Response:
        asked.append((await request.json())["prompt"])
        return answer("x")

    shots = ["B1 B2", "A1 A2", "B1 B3"]
    prompts = [f"{shots[number % 3]} question {number}" for number in range(9)]
    questions = [replace(question(n), prompt=p, request=replace(REQUEST, prompt=p)) for n, p in enumerate(prompts)]
    async with serving(note) as client:
        responses = await ask_all(
            client, questions, concurrency=1, on_response=lambda question, response: None, check=lambda: None
        )
    assert asked == sorted(prompts)
    assert [response.key.doc_id for response in responses] == list(range(9))


def test_equal_prompts_keep_their_order() -> None:
    assert send_order(["b", "a", "b", "a", "b"]) == [1, 3, 0, 2, 4]


async def test_a_question_can_be_put_in_another_way() -> None:
    async def twice(client: EngineClient, asked: Question) -> Response:
        assert isinstance(asked.request, GenerationRequest)
        texts = [(await client.ask(asked.request))[0].text for _ in range(2)]
        return Response(
            key=asked.key,
            prompt_sha256=asked.prompt_sha256,
            text=" ".join(texts),
            finish_reason=None,
            prompt_tokens=None,
            completion_tokens=None,
            sent_at=0,
            ended_at=0,
        )

    async with serving(echo) as client:
        responses = await ask_all(
            client,
            [question(1)],
            concurrency=1,
            on_response=lambda question, response: None,
            check=lambda: None,
            ask=twice,
        )
    assert responses[0].text == "PROMPT 1 PROMPT 1"


class Stepwise:
    """Allow another number of requests each time it is asked to adjust."""

    def __init__(self, *limits: int) -> None:
        self.limit, *self._later = limits
        self.adjusted: list[tuple[int, int]] = []

    async def begin(self, client: EngineClient) -> None:
        pass

    async def adjust(self, client: EngineClient, *, in_flight: int, completed: int) -> None:
        self.adjusted.append((in_flight, completed))
        if self._later:
            self.limit = self._later.pop(0)

    def describe(self) -> str:
        return ""


async def test_the_number_in_flight_follows_the_limit_up_and_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.accuracy.answering._ADJUST_EVERY_S", 0.05)
    flying: list[int] = [0]

    async def count(request: web.Request) -> web.Response:
        flying.append(flying[-1] + 1)
        await asyncio.sleep(0.01)
        flying.append(flying[-1] - 1)
        return answer("x")

    limits = Stepwise(2, 9, 1)
    async with serving(count) as client:
        responses = await ask_all(
            client,
            [question(number) for number in range(90)],
            concurrency=limits,
            on_response=lambda question, response: None,
            check=lambda: None,
        )
    assert len(responses) == 90
    assert max(flying) == 9
    assert [in_flight for in_flight, _ in limits.adjusted][:2] == [2, 9]
    assert limits.adjusted[-1][0] == 1
    assert max(flying[-10:]) == 1


async def test_no_questions_need_no_engine() -> None:
    async with EngineClient("http://127.0.0.1:9", tries=1) as client:
        assert await ask_all(client, [], concurrency=1, on_response=print, check=lambda: None) == []


async def test_an_error_of_the_listener_ends_everything() -> None:
    def refuse(asked: Question, response: Response) -> None:
        raise LookupError("the disk is full")

    async with serving(echo) as client:
        with pytest.raises(LookupError, match="the disk is full"):
            await ask_all(client, [question(1), question(2)], concurrency=2, on_response=refuse, check=lambda: None)
