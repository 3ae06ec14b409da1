"""Turn lm-eval's instances into questions: a key, a prompt with its hash, and the request that asks it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.protocol import GenerationRequest
from evals.result import SampleKey
from evals.spec import Api

DEFAULT_MAX_TOKENS = 256
"""What lm-eval 0.4.13's API models ask for when a task names no limit."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request of one item; `prompt` is the text that was hashed (for Api.CHAT the messages as JSON)."""

    key: SampleKey
    prompt: str
    prompt_sha256: str
    request: GenerationRequest


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a text as 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def questions_from(instances: Sequence[Any], *, api: Api, seed: int) -> list[Question]:
    """Return a question for each instance, in order; the same instance again is its next repeat."""
    seen: Counter[tuple[str, int, int]] = Counter()
    questions = []
    for instance in instances:
        place = (str(instance.task_name), int(instance.doc_id), int(instance.idx))
        key = SampleKey(task=place[0], doc_id=place[1], request_index=place[2], repeat=seen[place])
        seen[place] += 1
        prompt, settings = instance.args[0], instance.args[1]
        questions.append(
            Question(
                key=key, prompt=prompt, prompt_sha256=sha256_of(prompt), request=_request(prompt, settings, api, seed)
            )
        )
    return questions


def _request(prompt: str, settings: dict[str, Any], api: Api, seed: int) -> GenerationRequest:
    """Read lm-eval's generation settings the way its own local-completions model does."""
    settings = copy.deepcopy(settings)
    settings.pop("do_sample", None)
    limit = settings.pop("max_gen_toks", DEFAULT_MAX_TOKENS)
    stop = settings.pop("until", None) or []
    return GenerationRequest(
        api=api,
        prompt=prompt if api is Api.COMPLETIONS else json.loads(prompt),
        max_tokens=settings.pop("max_tokens", limit),
        temperature=settings.pop("temperature", 0),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        seed=seed,
        extra=settings,
    )
