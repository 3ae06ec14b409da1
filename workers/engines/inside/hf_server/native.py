"""Answer SGLang's own protocol: `/generate` and `/abort_request`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from .engine import Engine
from .errors import BadRequestError
from .http import DONE, event, event_stream, json_response, read_body, until_disconnect
from .native_requests import GenerateBody, parse_requests
from .rendering import native_body
from .requests import GenerationRequest, Output

router = APIRouter()


class AbortBody(BaseModel):
    """The body of `/abort_request`."""

    rid: str | None = None
    abort_all: bool = False


@router.post("/generate")
async def generate(body_request: Request) -> Response:
    """Continue one prompt or a list of prompts."""
    engine: Engine = body_request.app.state.engine
    body = await read_body(body_request, GenerateBody)
    # Images take long to decode and to cut into patches; a text is quicker than a thread.
    parsed = await asyncio.to_thread(parse_requests, engine, body) if body.image_data else parse_requests(engine, body)
    requests, single = parsed
    if body.stream:
        return await event_stream(body_request, stream(engine, requests, single, body.return_text_in_logprobs))
    outputs = await until_disconnect(body_request, engine.generate_all(requests))
    bodies = [
        native_body(engine.loaded.tokenizer, request, output, body.return_text_in_logprobs)
        for request, output in zip(requests, outputs, strict=True)
    ]
    return json_response(bodies[0] if single else bodies)


@router.post("/abort_request")
async def abort_request(body_request: Request) -> Response:
    """End the request with this id, or all of them."""
    body = await read_body(body_request, AbortBody)
    if body.rid is None and not body.abort_all:
        raise BadRequestError("send the rid of a request, or abort_all")
    body_request.app.state.engine.abort(None if body.abort_all else body.rid)
    return Response(status_code=200)


async def stream(
    engine: Engine, requests: Sequence[GenerationRequest], single: bool, with_text: bool
) -> AsyncGenerator[bytes, None]:
    """Yield an event for each token, with everything so far; events of a list carry the prompt's index."""
    async with aclosing(merged(engine, requests)) as outputs:
        async for index, output in outputs:
            body = native_body(engine.loaded.tokenizer, requests[index], output, with_text)
            yield event(body if single else body | {"index": index})
    yield DONE


async def merged(engine: Engine, requests: Sequence[GenerationRequest]) -> AsyncGenerator[tuple[int, Output], None]:
    """Yield the growing outputs of several requests as they come."""
    for request in requests:
        engine.check(request)
    news: asyncio.Queue[tuple[int, Output] | BaseException | None] = asyncio.Queue()
    taken = asyncio.Semaphore(0)

    async def follow(index: int, request: GenerationRequest) -> None:
        try:
            async with aclosing(engine.stream(request)) as outputs:
                async for output in outputs:
                    news.put_nowait((index, output))
                    await taken.acquire()
        except BaseException as error:
            news.put_nowait(error)
            raise
        news.put_nowait(None)

    tasks = [asyncio.ensure_future(follow(index, request)) for index, request in enumerate(requests)]
    try:
        running = len(tasks)
        while running:
            item = await news.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                running -= 1
                continue
            yield item
            taken.release()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
