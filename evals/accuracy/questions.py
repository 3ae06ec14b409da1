"""What is asked of an engine: a key, a prompt with its hash, and the request that asks it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from evals.protocol import GenerationRequest, Picture
from evals.result import SampleKey
from evals.spec import Workload

DEFAULT_MAX_TOKENS = 256
"""What lm-eval 0.4.13's API models ask for when a task names no limit."""


@dataclass(frozen=True, kw_only=True)
class ChoiceRequest:
    """Ask how likely each of some continuations of a context is."""

    context: str
    continuations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked: `prompt` is the text that was hashed (for a chat the messages as JSON, pictures by hash)."""

    key: SampleKey
    prompt: str
    prompt_sha256: str


@dataclass(frozen=True, kw_only=True)
class Question(Asked):
    """One request of one item.

    request_sha256: over all that decides the answer of a given engine and model: prompt, pictures, sampling, seed.
    """

    request: GenerationRequest | ChoiceRequest
    request_sha256: str


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a text as 64 hex digits."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def generation_question(
    key: SampleKey,
    prompt: str | list[dict[str, Any]],
    settings: Mapping[str, Any],
    workload: Workload,
    pictures: Mapping[str, Picture] | None = None,
) -> Question:
    """Return the question that asks for a text.

    settings: a task's generation_kwargs, read the way lm-eval's own API models do; what the workload sets goes first.
    """
    request = GenerationRequest(
        api=workload.api, prompt=prompt, pictures=pictures or {}, **_sampling(settings, workload, key.repeat)
    )
    text = prompt if isinstance(prompt, str) else orjson.dumps(prompt).decode()
    return Question(
        key=key, prompt=text, prompt_sha256=sha256_of(text), request=request, request_sha256=_digest(text, request)
    )


def choice_question(key: SampleKey, context: str, continuations: tuple[str, ...]) -> Question:
    """Return the question that asks for the log-probabilities of an item's choices."""
    request = ChoiceRequest(context=context, continuations=continuations)
    return Question(
        key=key,
        prompt=context,
        prompt_sha256=sha256_of(context),
        request=request,
        request_sha256=sha256_of("\0".join((context, *continuations))),
    )


def repeated(question: Question, repeats: int) -> list[Question]:
    """Return a question as often as it is asked, each time with the next seed."""
    return [question, *(_again(question, repeat) for repeat in range(1, repeats))]


def _again(question: Question, repeat: int) -> Question:
    request = question.request
    if isinstance(request, GenerationRequest) and request.seed is not None:
        request = replace(request, seed=request.seed + repeat)
        digest = _digest(question.prompt, request)
    else:
        digest = sha256_of(f"{question.request_sha256} again {repeat}")
    return replace(question, key=replace(question.key, repeat=repeat), request=request, request_sha256=digest)


def _digest(prompt: str, request: GenerationRequest) -> str:
    sampling = [request.max_tokens, request.temperature, request.stop, request.seed, request.extra]
    settled = orjson.dumps([str(request.api), sampling, prompt], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(settled).hexdigest()


def _sampling(settings: Mapping[str, Any], workload: Workload, repeat: int) -> dict[str, Any]:
    extra = {name: value for name, value in settings.items() if name not in _READ}
    stop = settings.get("until") or []
    limit = settings.get("max_tokens", settings.get("max_gen_toks", DEFAULT_MAX_TOKENS))
    chosen = {name: getattr(workload, name) for name in ("top_p", "top_k", "min_p")}
    extra |= {name: value for name, value in chosen.items() if value is not None}
    if workload.chat_template_args:
        extra["chat_template_kwargs"] = dict(workload.chat_template_args)
    temperature = settings.get("temperature", 0) if workload.temperature is None else workload.temperature
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    return {
        "max_tokens": limit if workload.max_tokens is None else workload.max_tokens,
        "temperature": temperature,
        "stop": () if workload.think_end else stops,
        "cut_at": stops if workload.think_end else (),
        "seed": workload.seed + repeat,
        "extra": extra,
    }


_READ = frozenset({"do_sample", "until", "max_tokens", "max_gen_toks", "temperature"})
