"""Answer OpenAI's `/v1/completions`, with `echo` and `logprobs` as evaluation harnesses need them."""

from __future__ import annotations

import time
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
from .native import merged
from .native_requests import read_prompts
from .parameters import UNSUPPORTED as UNSUPPORTED_SAMPLING
from .parameters import SamplingBody, parse_sampling
from .rendering import completion_logprobs, finish_fields, usage
from .requests import GenerationRequest, LogprobOptions, Output

router = APIRouter()
DEFAULT_MAX_TOKENS = 16
SAMPLING_FIELDS = set(SamplingBody.model_fields) - {"max_new_tokens", "min_new_tokens"} | set(UNSUPPORTED_SAMPLING)
UNSUPPORTED = ("suffix", "response_format", "tools", "functions", "lora_path", "audio", "prediction", "best_of")


class StreamOptions(BaseModel):
    """OpenAI's `stream_options`."""

    include_usage: bool = False
    continuous_usage_stats: bool = False


class CompletionBody(BaseModel):
    """The body of `/v1/completions`; sampling parameters are read from the extra fields, others are ignored."""

    model_config = ConfigDict(extra="allow")

    model: str | None = None
    prompt: str | list[str] | list[int] | list[list[int]]
    max_tokens: int | None = None
    min_tokens: int | None = None
    echo: bool = False
    logprobs: int | bool | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None


@router.post("/v1/completions")
async def complete(body_request: Request) -> Response:
    """Continue one prompt or a list of prompts."""
    engine: Engine = body_request.app.state.engine
    body = await read_body(body_request, CompletionBody)
    requests = parse_requests(engine, body)
    answer = {"id": uuid.uuid4().hex, "object": "text_completion", "created": int(time.time())}
    answer["model"] = body.model or engine.arguments.name
    if body.stream:
        return await event_stream(body_request, stream(engine, body, requests, answer))
    outputs = await until_disconnect(body_request, engine.generate_all(requests))
    pairs = enumerate(zip(requests, outputs, strict=True))
    choices = [choice(engine, body, index, request, output) for index, (request, output) in pairs]
    return json_response(answer | {"choices": choices, "usage": usage(outputs)})


async def stream(
    engine: Engine, body: CompletionBody, requests: Sequence[GenerationRequest], answer: dict[str, Any]
) -> AsyncGenerator[bytes, None]:
    """Yield what each token adds, and the token counts last if they are wanted."""
    options = body.stream_options or StreamOptions()
    sent: dict[int, tuple[int, int]] = {}
    latest: dict[int, Output] = {}
    async with aclosing(merged(engine, requests)) as outputs:
        async for index, output in outputs:
            latest[index] = output
            full = choice(engine, body, index, requests[index], output, sent.get(index))
            sent[index] = (len(output.text), len(output.logprobs))
            counts = usage([output]) if options.continuous_usage_stats else None
            yield event(answer | {"choices": [full], "usage": counts})
    if options.include_usage:
        yield event(answer | {"choices": [], "usage": usage(list(latest.values()))})
    yield DONE


def choice(
    engine: Engine,
    body: CompletionBody,
    index: int,
    request: GenerationRequest,
    output: Output,
    sent: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Return one choice; `sent` counts the characters and tokens that earlier events had, None for the first."""
    characters, tokens = sent or (0, 0)
    text, positions = output.text[characters:], output.logprobs[tokens:]
    if body.echo and sent is None:
        text = echo_text(engine, body.prompt, index, request) + text
        positions = output.prompt_logprobs + positions
    logprobs = completion_logprobs(engine.loaded.tokenizer, positions) if request.logprobs is not None else None
    return {"index": index, "text": text, "logprobs": logprobs, **finish_fields(output)}


def echo_text(engine: Engine, prompt: Any, index: int, request: GenerationRequest) -> str:
    """Return the prompt as it was sent, or the text of its tokens."""
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt[index], str):
        return str(prompt[index])
    text: str = engine.loaded.tokenizer.decode(request.prompt_ids, skip_special_tokens=True)
    return text


def parse_requests(engine: Engine, body: CompletionBody) -> list[GenerationRequest]:
    """Return a request for each prompt."""
    refuse_unsupported(body)
    if not body.prompt:
        raise BadRequestError("prompt cannot be empty")
    is_text = isinstance(body.prompt, str) or isinstance(body.prompt[0], str)
    prompts, _ = read_prompts(engine, body.prompt if is_text else None, None if is_text else body.prompt)  # type: ignore[arg-type]  # one or the other
    values = sampling_values(body) | {"max_new_tokens": body.max_tokens, "min_new_tokens": body.min_tokens}
    sampling = parse_sampling(values, DEFAULT_MAX_TOKENS)
    options = None
    if body.logprobs is not None and body.logprobs is not False:
        options = LogprobOptions(start=0 if body.echo else None, top=int(body.logprobs))
    return [
        GenerationRequest(rid=uuid.uuid4().hex, prompt_ids=tuple(prompt), sampling=sampling, logprobs=options)
        for prompt in prompts
    ]


def sampling_values(body: BaseModel) -> dict[str, Any]:
    """Return the sampling parameters among a body's extra fields."""
    return {name: value for name, value in (body.model_extra or {}).items() if name in SAMPLING_FIELDS}


def refuse_unsupported(body: BaseModel) -> None:
    """Raise BadRequestError for a field that would change the answer and has no effect here."""
    for name in UNSUPPORTED:
        if (body.model_extra or {}).get(name):
            raise BadRequestError(f"{name} is not supported by this server; leave it out")
