"""Answer SGLang's `/tokenize`: a prompt's token ids as the model will read them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from .engine import Engine
from .http import json_response, read_body

router = APIRouter()


class TokenizeBody(BaseModel):
    """The body of `/tokenize`; other fields are ignored."""

    model_config = ConfigDict(extra="allow")

    prompt: str | list[str]
    add_special_tokens: bool = True


@router.post("/tokenize")
@router.post("/v1/tokenize")
async def tokenize(body_request: Request) -> Response:
    """Return the token ids of a prompt, or of each of a list of prompts."""
    engine: Engine = body_request.app.state.engine
    body = await read_body(body_request, TokenizeBody)
    encode = engine.loaded.tokenizer.encode
    single = isinstance(body.prompt, str)
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    tokens = [encode(prompt, add_special_tokens=body.add_special_tokens) for prompt in prompts]
    counts = [len(ids) for ids in tokens]
    answer = {"tokens": tokens[0] if single else tokens, "count": counts[0] if single else counts}
    return json_response({**answer, "max_model_len": engine.loaded.context_length})
