"""Share what all routes need: reading a body, ending work when the client leaves, JSON, server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

import orjson
from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ValidationError

from .errors import BadRequestError, RequestError, error_body
from .parameters import describe

Body = TypeVar("Body", bound=BaseModel)
Result = TypeVar("Result")
DONE = b"data: [DONE]\n\n"


async def read_body(request: Request, kind: type[Body]) -> Body:
    """Parse a JSON body; raise BadRequestError that names the wrong field."""
    try:
        values = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise BadRequestError(f"the body is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise BadRequestError("the body must be a JSON object")
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise BadRequestError(describe(error)) from error


def json_response(content: Any, status: int = 200) -> Response:
    """Return JSON; minus infinity and NaN become null."""
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")


def error_response(error: RequestError) -> Response:
    """Return an error in OpenAI's form."""
    return json_response(error_body(error), error.status)


def event(content: Any) -> bytes:
    """Return one server-sent event."""
    return b"data: " + orjson.dumps(content) + b"\n\n"


async def until_disconnect(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """Wait for the work, and cancel it when the client leaves."""
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(disconnected(request))
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
        return await task
    finally:
        watch.cancel()


async def disconnected(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def event_stream(request: Request, chunks: AsyncGenerator[bytes, None]) -> Response:
    """Stream events; an error before the first one becomes an ordinary error response, a later one an event."""
    first = await until_disconnect(request, first_of(chunks))

    async def body() -> AsyncIterator[bytes]:
        async with aclosing(chunks):
            yield first
            try:
                async for chunk in chunks:
                    yield chunk
            except RequestError as error:
                yield event(error_body(error))
                yield DONE

    return StreamingResponse(body(), media_type="text/event-stream")


async def first_of(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """Return the first chunk; there always is one."""
    return await anext(chunks)
