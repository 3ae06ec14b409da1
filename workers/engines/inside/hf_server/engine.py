"""Connect the routes, which run in the event loop, to the model's thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from .arguments import Arguments
from .detokenize import TextDecoder
from .errors import BadRequestError, GenerationFailedError, NotReadyError, RequestError
from .loading import LoadedModel
from .requests import Event, FailureEvent, GenerationRequest, Output
from .scheduler import Batch, Scheduler

Build = Callable[[], tuple[LoadedModel, Batch]]


class Engine:
    """Answer requests with a model that loads in the background; belongs to one event loop."""

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        self.failure: BaseException | None = None
        self._loaded: LoadedModel | None = None
        self._batching = "none"
        self._streams: dict[str, asyncio.Queue[Event]] = {}
        self._ready = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.scheduler = Scheduler(self._deliver_from_thread)

    def start(self, build: Build, loaded: Callable[[BaseException | None], Any]) -> None:
        """Load the model in its thread; `loaded` hears, in the event loop, whether that went well."""
        loop = self._loop = asyncio.get_running_loop()

        def build_batch() -> Batch:
            self._loaded, batch = build()
            self._batching = batch.name
            return batch

        self.scheduler.start(build_batch, lambda error: loop.call_soon_threadsafe(loaded, error))

    def open(self) -> None:
        """Accept requests from now on."""
        self._ready.set()

    @property
    def ready(self) -> bool:
        """Whether the model is loaded and warm."""
        return self._ready.is_set()

    @property
    def loaded(self) -> LoadedModel:
        """The model; raises NotReadyError before it is there."""
        if self._loaded is None:
            raise NotReadyError("the model is still loading; wait until /health answers 200")
        return self._loaded

    @property
    def batching(self) -> str:
        """The name of the batching in use."""
        return self._batching

    def check(self, request: GenerationRequest) -> None:
        """Raise BadRequestError if the prompt is empty, too long, or has tokens the model does not know."""
        length, limit = len(request.prompt_ids), self.loaded.context_length
        if length == 0:
            raise BadRequestError("the prompt has no tokens; send at least one")
        if length >= limit and request.sampling.max_new_tokens > 0:
            raise BadRequestError(f"the prompt ({length} tokens) is longer than the model's context ({limit} tokens)")
        if length + request.sampling.max_new_tokens > limit:
            raise BadRequestError(
                f"prompt ({length} tokens) and max_new_tokens ({request.sampling.max_new_tokens}) exceed the model's "
                f"context of {limit} tokens; shorten either"
            )
        chosen = (request.logprobs.token_ids or ()) if request.logprobs else ()
        for token_id in (*request.prompt_ids, *request.sampling.stop_token_ids, *chosen):
            if not 0 <= token_id < self.loaded.vocabulary:
                raise BadRequestError(f"token id {token_id} is not in the vocabulary [0, {self.loaded.vocabulary})")
        if request.rid in self._streams:
            raise BadRequestError(f"request id {request.rid} is in use; send another rid")

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[Output, None]:
        """Yield the growing output after each token; leaving early ends the request in the model."""
        self.check(request)
        decoder = TextDecoder(self.loaded.tokenizer, request.prompt_ids, request.sampling)
        async with aclosing(self._events(request)) as events:
            output = Output(rid=request.rid, prompt_tokens=len(request.prompt_ids), started_s=time.monotonic())
            async for event in events:
                add_event(output, event)
                output.text = decoder.add(event.token_ids, event.finish)
                yield output

    async def generate(self, request: GenerationRequest) -> Output:
        """Return the finished output."""
        self.check(request)
        output = Output(rid=request.rid, prompt_tokens=len(request.prompt_ids), started_s=time.monotonic())
        async with aclosing(self._events(request)) as events:
            async for event in events:
                add_event(output, event)
        decoder = TextDecoder(self.loaded.tokenizer, request.prompt_ids, request.sampling)
        output.text = decoder.add(output.token_ids, output.finish)
        return output

    async def generate_all(self, requests: Sequence[GenerationRequest]) -> list[Output]:
        """Return the finished outputs of several requests; the first failure ends the others."""
        for request in requests:
            self.check(request)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self.generate(request)) for request in requests]
        except* RequestError as errors:
            raise first_leaf(errors) from None
        return [task.result() for task in tasks]

    def abort(self, rid: str | None) -> None:
        """End one request, or all of them for None; its client gets what there is."""
        for name in [rid] if rid is not None else list(self._streams):
            self.scheduler.abort(name)

    async def _events(self, request: GenerationRequest) -> AsyncGenerator[Any, None]:
        events: asyncio.Queue[Event] = asyncio.Queue()
        self._streams[request.rid] = events
        self.scheduler.submit(request)
        finished = False
        try:
            while not finished:
                event = await events.get()
                finished = isinstance(event, FailureEvent) or event.finish is not None
                if isinstance(event, FailureEvent):
                    raise GenerationFailedError(event.message)
                yield event
        finally:
            del self._streams[request.rid]
            if not finished:
                self.scheduler.abort(request.rid)

    def _deliver_from_thread(self, events: list[Event]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, events)

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            if (waiting := self._streams.get(event.rid)) is not None:
                waiting.put_nowait(event)


def add_event(output: Output, event: Any) -> None:
    """Add one event to an output."""
    output.token_ids.extend(event.token_ids)
    output.logprobs.extend(event.logprobs)
    if event.prompt_logprobs is not None:
        output.prompt_logprobs.extend(event.prompt_logprobs)
    if event.finish is not None:
        output.finish, output.finished_s = event.finish, time.monotonic()


def first_leaf(errors: BaseExceptionGroup[RequestError]) -> RequestError:
    """Return the first single error of a group."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, RequestError)
    return error
