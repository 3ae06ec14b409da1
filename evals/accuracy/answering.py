"""Ask an engine many questions at once, hand over every answer as it arrives, and stop when told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from evals.accuracy.questions import Question
from evals.client import EngineClient
from evals.result import Response

OnResponse = Callable[[Question, Response], None]
Check = Callable[[], None]

_CHECK_EVERY_S = 0.25


async def ask_all(
    client: EngineClient, questions: Sequence[Question], *, concurrency: int, on_response: OnResponse, check: Check
) -> list[Response]:
    """Return the answers in the order of the questions.

    on_response is called in the event loop for each answer and must not block. check is called four times a
    second and stops everything by raising. The first error ends all requests and is raised.
    """
    answers: list[Response | None] = [None] * len(questions)
    pending = iter(enumerate(questions))

    async def work() -> None:
        for index, question in pending:
            answers[index] = response = await _ask(client, question)
            on_response(question, response)

    async def watch() -> None:
        while True:
            check()
            await asyncio.sleep(_CHECK_EVERY_S)

    await _first_error_wins([work() for _ in range(min(concurrency, len(questions)))], watch())
    return [answer for answer in answers if answer is not None]


async def _first_error_wins(workers: Sequence[object], watcher: object) -> None:
    """Run workers to their end beside a watcher that never ends; cancel all when one of them raises."""
    working = [asyncio.ensure_future(worker) for worker in workers]  # type: ignore[call-overload]  # coroutines
    watching = asyncio.ensure_future(watcher)  # type: ignore[call-overload]  # a coroutine
    try:
        while working:
            done, _ = await asyncio.wait([*working, watching], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            working = [task for task in working if not task.done()]
    finally:
        for task in [*working, watching]:
            task.cancel()
        await asyncio.gather(*working, watching, return_exceptions=True)


async def _ask(client: EngineClient, question: Question) -> Response:
    sent_at = time.time()
    started = time.perf_counter()
    completion, attempts = await client.generate(question.request)
    return Response(
        key=question.key,
        prompt_sha256=question.prompt_sha256,
        text=completion.text,
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        sent_at=sent_at,
        ended_at=sent_at + time.perf_counter() - started,
        attempts=attempts,
    )
