"""A scripted HTTP server, and many questions put to it at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp import web

from evals.accuracy.answering import ask_all
from evals.accuracy.questions import Question, sha256_of
from evals.client import EngineClient
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
