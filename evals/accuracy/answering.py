"""Ask an engine many questions at once, hand over every answer as it arrives, and stop when told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from evals.accuracy.concurrency import Concurrency, Fixed
from evals.accuracy.questions import ChoiceRequest, Question
from evals.client import EngineClient
from evals.result import Response

OnResponse = Callable[[Question, Response], None]
Check = Callable[[], None]
Ask = Callable[[EngineClient, Question], Awaitable[Response]]

_CHECK_EVERY_S = 0.25
_ADJUST_EVERY_S = 0.5


async def ask_all(
    client: EngineClient,
    questions: Sequence[Question],
    *,
    concurrency: Concurrency | int,
    on_response: OnResponse,
    check: Check,
    ask: Ask | None = None,
    order: Sequence[int] | None = None,
) -> list[Response]:
    """Return the answers in the order of the questions; they are sent in another: in `order`, or see `send_order`.

    concurrency: a number means exactly so many in flight. ask: how one question is put to the engine; by default with
    one request for a text. on_response is called in the event loop for each answer and must not block. check is
    called four times a second and stops everything by raising. The first error ends all requests and is raised.
    """
    if not questions:
        return []
    limit = Fixed(concurrency) if isinstance(concurrency, int) else concurrency
    await limit.begin(client)
    places = send_order([question.prompt for question in questions]) if order is None else order
    asking = _Asking(client, questions, limit, on_response, ask or ask_for_text, places)
    await asking.run(check)
    return [answer for answer in asking.answers if answer is not None]


def send_order(prompts: Sequence[str]) -> list[int]:
    """Return the places of prompts in the order to send them in.

    Sorted, prompts that begin alike are neighbours, so that an engine which keeps prefixes (SGLang's radix cache)
    computes each once while it is still there; equal prompts stay in their order.
    """
    return sorted(range(len(prompts)), key=prompts.__getitem__)


async def ask_for_text(client: EngineClient, question: Question) -> Response:
    """Return the answer to a question that asks for a text."""
    if isinstance(question.request, ChoiceRequest):
        raise TypeError("this question asks for log-probabilities")
    sent_at = time.time()
    started = time.perf_counter()
    completion, attempts = await client.ask(question.request)
    return Response(
        key=question.key,
        prompt_sha256=question.prompt_sha256,
        request_sha256=question.request_sha256,
        text=completion.text,
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        sent_at=sent_at,
        ended_at=sent_at + time.perf_counter() - started,
        attempts=attempts,
        reasoning=completion.reasoning,
    )


class _Asking:
    """Keep as many workers busy as may be; each takes the next question when it has its answer."""

    def __init__(
        self,
        client: EngineClient,
        questions: Sequence[Question],
        concurrency: Concurrency,
        on_response: OnResponse,
        ask: Ask,
        places: Sequence[int],
    ) -> None:
        self.answers: list[Response | None] = [None] * len(questions)
        self._client = client
        self._questions = questions
        self._concurrency = concurrency
        self._on_response = on_response
        self._ask = ask
        self._places: Iterator[int] = iter(places)
        self._unasked = len(questions)
        self._completed = self._active = 0
        self._workers: set[asyncio.Task[None]] = set()
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, check: Check) -> None:
        """Ask until every answer is there; raise the first error, with nothing left in flight."""
        watchers = [self._task(self._watch(check)), self._task(self._adjust())]
        self._hire()
        try:
            await self._end
        finally:
            tasks = [*self._workers, *watchers]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _hire(self) -> None:
        for _ in range(min(self._concurrency.limit - self._active, self._unasked)):
            self._active += 1
            worker = self._task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._leave)

    async def _work(self) -> None:
        for place in self._places:
            self._unasked -= 1
            question = self._questions[place]
            self.answers[place] = response = await self._ask(self._client, question)
            self._completed += 1
            self._on_response(question, response)
            if self._active > self._concurrency.limit:
                break
        self._active -= 1

    def _leave(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if self._completed == len(self._questions) and not self._end.done():
            self._end.set_result(None)

    async def _watch(self, check: Check) -> None:
        while True:
            check()
            await asyncio.sleep(_CHECK_EVERY_S)

    async def _adjust(self) -> None:
        while True:
            await asyncio.sleep(_ADJUST_EVERY_S)
            await self._concurrency.adjust(self._client, in_flight=self._active, completed=self._completed)
            self._hire()

    def _task(self, coroutine: Awaitable[None]) -> asyncio.Task[None]:
        async def guarded() -> None:
            try:
                await coroutine
            except Exception as error:  # noqa: BLE001  # whatever it is, it ends everything
                if not self._end.done():
                    self._end.set_exception(error)

        return asyncio.ensure_future(guarded())
