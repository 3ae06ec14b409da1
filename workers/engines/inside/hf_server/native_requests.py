"""Read the body of SGLang's `/generate` into requests for the model."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from .engine import Engine
from .errors import BadRequestError
from .images import TEXT_ONLY, ImagePrompt, native_images, with_images
from .parameters import parse_sampling
from .requests import GenerationRequest, LogprobOptions

DEFAULT_MAX_NEW_TOKENS = 128
UNSUPPORTED = (
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
    image_data: Any = None
    sampling_params: dict[str, Any] | list[dict[str, Any]] | None = None
    rid: str | list[str] | None = None
    return_logprob: bool | list[bool] | None = None
    logprob_start_len: int | list[int] | None = None
    top_logprobs_num: int | list[int] | None = None
    token_ids_logprob: list[int] | list[list[int] | None] | None = None
    return_text_in_logprobs: bool = False
    stream: bool = False


def parse_requests(engine: Engine, body: GenerateBody) -> tuple[list[GenerationRequest], bool]:
    """Return the body's requests and whether it holds a single prompt."""
    for name in UNSUPPORTED:
        if (body.model_extra or {}).get(name):
            raise BadRequestError(f"{name} is not supported by this server; leave it out")
    prompts, single = image_prompts(engine, body) if body.image_data else text_prompts(engine, body)
    count = len(prompts)
    params, rids = spread(body.sampling_params, count, dict), spread(body.rid, count, str)
    wanted, starts = spread(body.return_logprob, count, bool), spread(body.logprob_start_len, count, int)
    tops = spread(body.top_logprobs_num, count, int)
    chosen = spread_token_ids(body.token_ids_logprob, count)
    requests = []
    for index, prompt in enumerate(prompts):
        room = max(0, engine.loaded.context_length - len(prompt.ids))
        logprobs = logprob_options(prompt.ids, starts[index], tops[index], chosen[index]) if wanted[index] else None
        requests.append(
            GenerationRequest(
                rid=rids[index] if rids[index] and (single or isinstance(body.rid, list)) else uuid.uuid4().hex,
                prompt_ids=prompt.ids,
                sampling=parse_sampling(params[index] or {}, min(DEFAULT_MAX_NEW_TOKENS, room)),
                logprobs=logprobs,
                features=prompt.features,
            )
        )
    return requests, single


def text_prompts(engine: Engine, body: GenerateBody) -> tuple[list[ImagePrompt], bool]:
    """Return the prompts of a body without images and whether it holds a single one."""
    prompts, single = read_prompts(engine, body.text, body.input_ids)
    return [ImagePrompt(ids=tuple(prompt)) for prompt in prompts], single


def image_prompts(engine: Engine, body: GenerateBody) -> tuple[list[ImagePrompt], bool]:
    """Return the prompts of a body with images; their texts hold the model's own mark at each image's place."""
    if engine.loaded.processor is None:
        raise BadRequestError(f"image_data: {TEXT_ONLY}")
    if body.text is None or body.input_ids is not None:
        raise BadRequestError("send image_data with text, not with input_ids")
    single = isinstance(body.text, str)
    texts = [body.text] if isinstance(body.text, str) else body.text
    images = native_images(body.image_data, len(texts), single)
    encode = engine.loaded.tokenizer.encode
    return [
        with_images(engine.loaded, text, shown) if shown else ImagePrompt(ids=tuple(encode(text)))
        for text, shown in zip(texts, images, strict=True)
    ], single


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
