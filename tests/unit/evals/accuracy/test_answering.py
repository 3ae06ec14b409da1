"""Asking many questions at once: order, number in flight, and who hears the answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from evals.accuracy.answering import ask_all, send_order
from evals.accuracy.questions import Question
from evals.client import EngineClient
from evals.protocol import GenerationRequest
from evals.result import Response
from tests.unit.evals.accuracy.answering_world import REQUEST, answer, ask, question, serving


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
