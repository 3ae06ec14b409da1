"""Answer SGLang's own protocol: `/generate` and `/abort_request`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from .engine import Engine
from .errors import BadRequestError
from .http import DONE, event, event_stream, json_response, read_body, until_disconnect
from .parameters import parse_sampling
from .rendering import native_body
from .requests import GenerationRequest, LogprobOptions, Output

router = APIRouter()
DEFAULT_MAX_NEW_TOKENS = 128
UNSUPPORTED = (
    "image_data",
    "video_data",
    "audio_data",
    "input_embeds",
    "lora_path",
    "custom_logit_processor",
    "return_hidden_states",
    "session_params",
)


class GenerateBody(BaseModel):
    """The body of `/generate`; every field may be a list with one entry for each prompt. Other fields are ignored."""

    model_config = ConfigDict(extra="allow")

    text: str | list[str] | None = None
    input_ids: list[int] | list[list[int]] | None = None
    sampling_params: dict[str, Any] | list[dict[str, Any]] | None = None
    rid: str | list[str] | None = None
    return_logprob: bool | list[bool] | None = None
    logprob_start_len: int | list[int] | None = None
    top_logprobs_num: int | list[int] | None = None
    token_ids_logprob: list[int] | list[list[int] | None] | None = None
    return_text_in_logprobs: bool = False
    stream: bool = False


class AbortBody(BaseModel):
    """The body of `/abort_request`."""

    rid: str | None = None
    abort_all: bool = False


@router.post("/generate")
async def generate(body_request: Request) -> Response:
    """Continue one prompt or a list of prompts."""
    engine: Engine = body_request.app.state.engine
    body = await read_body(body_request, GenerateBody)
    requests, single = parse_requests(engine, body)
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


def parse_requests(engine: Engine, body: GenerateBody) -> tuple[list[GenerationRequest], bool]:
    """Return the body's requests and whether it holds a single prompt."""
    for name in UNSUPPORTED:
        if (body.model_extra or {}).get(name):
            raise BadRequestError(f"{name} is not supported by this server; send images to /v1/chat/completions")
    prompts, single = read_prompts(engine, body.text, body.input_ids)
    count = len(prompts)
    params, rids = spread(body.sampling_params, count, dict), spread(body.rid, count, str)
    wanted, starts = spread(body.return_logprob, count, bool), spread(body.logprob_start_len, count, int)
    tops = spread(body.top_logprobs_num, count, int)
    chosen = spread_token_ids(body.token_ids_logprob, count)
    requests = []
    for index, prompt in enumerate(prompts):
        room = max(0, engine.loaded.context_length - len(prompt))
        logprobs = logprob_options(prompt, starts[index], tops[index], chosen[index]) if wanted[index] else None
        requests.append(
            GenerationRequest(
                rid=rids[index] if rids[index] and (single or isinstance(body.rid, list)) else uuid.uuid4().hex,
                prompt_ids=tuple(prompt),
                sampling=parse_sampling(params[index] or {}, min(DEFAULT_MAX_NEW_TOKENS, room)),
                logprobs=logprobs,
            )
        )
    return requests, single


def read_prompts(
    engine: Engine, text: str | list[str] | None, input_ids: list[int] | list[list[int]] | None
) -> tuple[list[list[int]], bool]:
    """Return each prompt's token ids and whether a single prompt was sent."""
    if (text is None) == (input_ids is None):
        raise BadRequestError("send either text or input_ids")
    single = isinstance(text, str) or (bool(input_ids) and isinstance(input_ids[0], int))  # type: ignore[index]  # not None
    given: list[Any] = [text if text is not None else input_ids] if single else list(text or input_ids or [])
    if not given:
        raise BadRequestError("the list of prompts is empty; send at least one prompt")
    tokenizer = engine.loaded.tokenizer
    return [tokenizer.encode(prompt) if isinstance(prompt, str) else prompt for prompt in given], single


def logprob_options(
    prompt: Sequence[int], start: int | None, top: int | None, token_ids: Sequence[int] | None
) -> LogprobOptions:
    """Return which log-probabilities are wanted; a start of -1 means none of the prompt's."""
    if start is not None and start > len(prompt):
        raise BadRequestError(f"logprob_start_len ({start}) is beyond the prompt's {len(prompt)} tokens")
    first = None if start is None or start < 0 else start
    return LogprobOptions(start=first, top=top or 0, token_ids=None if token_ids is None else tuple(token_ids))


def spread(value: Any, count: int, kind: type) -> list[Any]:
    """Repeat a single value for every prompt; a list must have one entry for each."""
    if value is None or isinstance(value, kind):
        return [value] * count
    if len(value) != count:
        raise BadRequestError(f"a list has {len(value)} entries for {count} prompts; send one for each prompt")
    return list(value)


def spread_token_ids(value: list[Any] | None, count: int) -> list[Any]:
    """Repeat a flat list of token ids for every prompt; a list of lists must have one for each."""
    if value is None or all(isinstance(entry, int) for entry in value):
        return [value] * count
    return spread(value, count, dict)
