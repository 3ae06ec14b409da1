"""Answer SGLang's `/tokenize`: the token ids of a prompt, or of a conversation, as the model will read them."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from .chat import render
from .engine import Engine
from .errors import BadRequestError
from .http import json_response, read_body

router = APIRouter()


class TokenizeBody(BaseModel):
    """The body of `/tokenize`, with a prompt or messages; other fields are ignored."""

    model_config = ConfigDict(extra="allow")

    prompt: str | list[str] | None = None
    messages: list[dict[str, Any]] | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    continue_final_message: bool = False
    add_special_tokens: bool = True


@router.post("/tokenize")
@router.post("/v1/tokenize")
async def tokenize(body_request: Request) -> Response:
    """Return the token ids of a prompt, of each of a list of prompts, or of messages through the chat template."""
    engine: Engine = body_request.app.state.engine
    body = await read_body(body_request, TokenizeBody)
    tokens = await asyncio.to_thread(token_ids, engine, body)
    counts = [len(ids) for ids in tokens]
    single = not isinstance(body.prompt, list)
    answer = {"tokens": tokens[0] if single else tokens, "count": counts[0] if single else counts}
    return json_response({**answer, "max_model_len": engine.loaded.context_length})


def token_ids(engine: Engine, body: TokenizeBody) -> list[list[int]]:
    """Return the ids of each prompt, or of the one conversation; of an image the mark alone, as SGLang does."""
    if (body.prompt is None) == (body.messages is None):
        raise BadRequestError("send either prompt or messages")
    encode = engine.loaded.tokenizer.encode
    if body.messages is not None:
        arguments = body.chat_template_kwargs or {}
        text, _ = render(engine.loaded, body.messages, arguments, body.continue_final_message)
        return [encode(text, add_special_tokens=False)]
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt or []
    return [encode(prompt, add_special_tokens=body.add_special_tokens) for prompt in prompts]
