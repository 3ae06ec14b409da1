"""An engine of a script with a tokenizer of its own, which tells log-probabilities of choices in both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from evals.accuracy.answering import ask_all
from evals.accuracy.choosing import ChoiceAsker
from evals.accuracy.questions import ChoiceRequest, Question, choice_question
from evals.client import EngineClient
from evals.result import Response, SampleKey
from evals.tokenizing import Tokenizer

LETTERS = (" A", " B", " C", " D")


class Engine:
    """A model whose next token depends on nothing but the tokens so far, behind SGLang's endpoints.

    Its tokens are single characters, or a space with the character behind it; `merged` are pairs that are one token.
    `absent` are paths it does not have.
    """

    def __init__(self, *, merged: Sequence[str] = (), absent: Sequence[str] = (), status: int = 404) -> None:
        self.merged = tuple(merged)
        self.absent = set(absent)
        self.status = status
        self.asked: Counter[str] = Counter()
        self.bodies: list[tuple[str, dict[str, Any]]] = []

    def encode(self, text: str) -> list[int]:
        ids, place = [], 0
        while place < len(text):
            pair = text[place : place + 2]
            size = 2 if len(pair) == 2 and (pair[0] == " " or pair in self.merged) else 1
            piece = text[place : place + size]
            ids.append(ord(piece[0]) * 1000 + (ord(piece[1]) if size == 2 else 0))
            place += size
        return ids

    @staticmethod
    def log_probability(before: Sequence[int], token: int) -> float:
        return -1.0 - (sum(before) * 31 + token * 17) % 97 / 10

    async def answer(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        body = await request.json() if request.can_read_body else {}
        self.bodies.append((request.path, body))
        if request.path in self.absent:
            return web.json_response({"detail": "not here"}, status=self.status)
        ways = {"/tokenize": self.tokenize, "/generate": self.native, "/v1/completions": self.echo}
        way = ways.get(request.path)
        return web.json_response(way(body)) if way else web.json_response({}, status=404)

    def tokenize(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"tokens": [self.encode(text) for text in body["prompt"]]}

    def native(self, body: dict[str, Any]) -> dict[str, Any]:
        before = self.encode(body["text"])
        wanted = [[self.log_probability(before, token), token, None] for token in body["token_ids_logprob"]]
        best = max(wanted)
        meta = {"prompt_tokens": len(before), "output_token_logprobs": [best], "output_token_ids_logprobs": [wanted]}
        return {"text": "x", "meta_info": meta}

    def echo(self, body: dict[str, Any]) -> dict[str, Any]:
        if not body.get("echo"):
            return {"choices": [{"text": " written", "finish_reason": "stop"}]}
        ids = body["prompt"]
        own = [self.log_probability(ids[:place], token) for place, token in enumerate(ids)]
        best = [max(value, self.log_probability(ids[:place], 0)) for place, value in enumerate(own)]
        logprobs = {
            "token_logprobs": [None, *own[1:], -0.5],
            "top_logprobs": [None, *({"x": value} for value in best[1:]), {"y": -0.5}],
        }
        usage = {"prompt_tokens": len(ids), "completion_tokens": 1}
        return {"choices": [{"text": "", "logprobs": logprobs}], "usage": usage}


@asynccontextmanager
async def serving(engine: Engine) -> AsyncIterator[EngineClient]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", engine.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with EngineClient(f"http://127.0.0.1:{runner.addresses[0][1]}", tries=2, first_pause_s=0.01) as client:
            yield client
    finally:
        await runner.cleanup()


def question(number: int, context: str, continuations: tuple[str, ...] = LETTERS) -> Question:
    return choice_question(SampleKey(task=f"t{number % 2}", doc_id=number), context, continuations)


QUESTIONS = [question(number, f"Question {number}?\nAnswer:") for number in range(10)]


async def answers(
    engine: Engine, questions: Sequence[Question] = QUESTIONS, *, file: Path | None = None
) -> tuple[list[Response], ChoiceAsker]:
    async with serving(engine) as client:
        asker = ChoiceAsker(Tokenizer(client, file), seed=7)
        await asker.prepare(client, questions)
        engine.asked.clear()
        engine.bodies.clear()
        found = await ask_all(
            client, questions, concurrency=4, on_response=lambda q, r: None, check=lambda: None, ask=asker.ask
        )
    return found, asker


def expected(engine: Engine, of: Question) -> list[float]:
    """What lm-eval computes: the sum over a continuation's tokens, spaces at the context's end counted to it."""
    assert isinstance(of.request, ChoiceRequest)
    context = of.request.context.rstrip()
    spaces = of.request.context[len(context) :]
    sums = []
    for text in of.request.continuations:
        ids = engine.encode(context + spaces + text)
        start = len(engine.encode(context))
        sums.append(sum(engine.log_probability(ids[:place], ids[place]) for place in range(start, len(ids))))
    return sums
