"""Answer OpenAI's `/v1/chat/completions`."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from .chat import build_prompt
from .completions import StreamOptions, refuse_unsupported, sampling_values
from .engine import Engine
from .errors import BadRequestError
from .http import DONE, event, event_stream, json_response, read_body, until_disconnect
from .parameters import parse_sampling
from .rendering import chat_logprobs, finish_fields, usage
from .requests import GenerationRequest, LogprobOptions, Output

router = APIRouter()
MODEL_DEFAULTS = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")


class ChatBody(BaseModel):
    """The body of `/v1/chat/completions`; sampling parameters are read from the extra fields, others are ignored."""

    model_config = ConfigDict(extra="allow")

    messages: list[dict[str, Any]]
    model: str | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    min_tokens: int | None = None
    logprobs: bool = False
    top_logprobs: int | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    continue_final_message: bool = False
    stream: bool = False
    stream_options: StreamOptions | None = None


@router.post("/v1/chat/completions")
async def chat(body_request: Request) -> Response:
    """Answer a conversation."""
    engine: Engine = body_request.app.state.engine
    body = await read_body(body_request, ChatBody)
    request = await parse_request(engine, body)
    answer = {"id": uuid.uuid4().hex, "object": "chat.completion", "created": int(time.time())}
    answer["model"] = body.model or engine.arguments.name
    if body.stream:
        answer["object"] = "chat.completion.chunk"
        return await event_stream(body_request, stream(engine, body, request, answer))
    output = await until_disconnect(body_request, engine.generate(request))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": output.text},
        "logprobs": chat_logprobs(engine.loaded.tokenizer, output.logprobs) if body.logprobs else None,
        **finish_fields(output),
    }
    return json_response(answer | {"choices": [choice], "usage": usage([output])})


async def stream(
    engine: Engine, body: ChatBody, request: GenerationRequest, answer: dict[str, Any]
) -> AsyncGenerator[bytes, None]:
    """Yield the role, then what each token adds, then why the answer ended, then the token counts if wanted."""
    options = body.stream_options or StreamOptions()
    output: Output | None = None
    characters = tokens = 0
    async with aclosing(engine.stream(request)) as outputs:
        async for output in outputs:
            counts = {"usage": usage([output])} if options.continuous_usage_stats else {}
            if tokens == 0:
                yield event(answer | {"choices": [chunk({"role": "assistant", "content": ""})], **counts})
            logprobs = chat_logprobs(engine.loaded.tokenizer, output.logprobs[tokens:]) if body.logprobs else None
            delta = {"content": output.text[characters:]}
            characters, tokens = len(output.text), len(output.token_ids)
            if output.finish is None or delta["content"]:
                yield event(answer | {"choices": [chunk(delta, logprobs)], **counts})
    if output is not None:
        yield event(answer | {"choices": [chunk({}) | finish_fields(output)]})
        if options.include_usage:
            yield event(answer | {"choices": [], "usage": usage([output])})
    yield DONE


def chunk(delta: dict[str, str], logprobs: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a choice of one event."""
    return {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": None, "matched_stop": None}


async def parse_request(engine: Engine, body: ChatBody) -> GenerationRequest:
    """Return the request; templates and images are worked on in a thread of their own."""
    refuse_unsupported(body)
    loaded = engine.loaded
    if not body.messages:
        raise BadRequestError("messages cannot be empty")
    prompt = await asyncio.to_thread(
        build_prompt, loaded, body.messages, body.chat_template_kwargs or {}, body.continue_final_message
    )
    wanted = body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens
    values = model_defaults(loaded.model) | {k: v for k, v in sampling_values(body).items() if v is not None}
    values |= {"max_new_tokens": wanted, "min_new_tokens": body.min_tokens}
    return GenerationRequest(
        rid=uuid.uuid4().hex,
        prompt_ids=prompt.ids,
        sampling=parse_sampling(values, max(0, loaded.context_length - len(prompt.ids))),
        logprobs=LogprobOptions(top=body.top_logprobs or 0) if body.logprobs else None,
        features=prompt.features,
    )


def model_defaults(model: Any) -> dict[str, Any]:
    """Return the sampling parameters the model's generation config names; as in SGLang they are the chat's defaults."""
    given = model.generation_config.to_diff_dict()
    return {name: given[name] for name in MODEL_DEFAULTS if given.get(name) is not None}
