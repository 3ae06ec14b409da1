"""Samplers for sgl-eval: one that asks as its own does and listens, one that repeats what was answered before."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import openai
from sgl_eval.sampler import ChatCompletionSampler
from sgl_eval.types import GenConfig, MessageList, Sample

PASSING = frozenset({408, 409, 429})
"""Client errors that may be gone at the next try; the others are refusals."""


@dataclass
class Heard:
    """What one call of the sampler said and met.

    prompt: the messages as JSON, pictures by hash. request_sha256: over that and the settings sent with it.
    attempts: HTTP requests.
    """

    prompt: str
    request_sha256: str
    attempts: int = 0
    fault: str | None = None
    status: int | None = None


class ListeningSampler(ChatCompletionSampler):  # type: ignore[misc]
    """Ask as sgl-eval does, and note at each sample what was really sent and how often.

    tries: sgl-eval's own is 6, each with the OpenAI client's. refuse: hears of the first request that the engine
    refuses, which sgl-eval would try again or take for an empty answer; it does not return.
    """

    def __init__(self, base_url: str, model: str, key: str, *, tries: int, refuse: Callable[[str, int], None]) -> None:
        super().__init__(base_url=base_url, model=model, api_key=key, max_retries=tries)
        self._here = threading.local()
        self._refuse = refuse
        self._http.event_hooks = {"request": [self._count]}
        self._create = self.client.chat.completions.create
        self.client = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=self._listen)))

    def __call__(self, messages: MessageList, gen: GenConfig | None = None) -> Sample:
        """Return sgl-eval's sample, with what was heard as its `heard`."""
        sample = super().__call__(messages, gen)
        sample.heard = self._here.heard
        return sample

    def settings(self, gen: GenConfig) -> dict[str, Any]:
        """Return what a request carries besides its messages and the model's name."""
        return _settings(self._build_kwargs([], gen))

    def _build_kwargs(self, messages: MessageList, gen: GenConfig) -> dict[str, Any]:
        kwargs = super()._build_kwargs(messages, gen)
        self._here.heard = heard_of(kwargs["messages"], _settings(kwargs))
        return kwargs

    def _listen(self, **kwargs: Any) -> Any:
        heard = self._here.heard
        try:
            return self._create(**kwargs)
        except openai.APIStatusError as error:
            heard.fault, heard.status = f"HTTP {error.status_code}: {error.response.text}", error.status_code
            if error.status_code < 500 and error.status_code not in PASSING:
                self._refuse(heard.fault, error.status_code)
            raise
        except Exception as error:
            heard.fault = f"{type(error).__name__}: {error}"
            raise

    def _count(self, _: Any) -> None:
        self._here.heard.attempts += 1


class RememberingSampler:
    """Answer from stored answers, in their order; one to another request is marked as stale.

    settings: returns what a request carries besides its messages.
    """

    def __init__(self, answers: list[dict[str, Any]], settings: Callable[[GenConfig], dict[str, Any]]) -> None:
        self._answers = iter(answers)
        self._settings = settings

    def __call__(self, messages: MessageList, gen: GenConfig) -> Sample:
        """Return the next stored answer as a sample."""
        if gen.system_message:
            messages = [ChatCompletionSampler.pack_message("system", gen.system_message), *messages]
        answer = next(self._answers)
        sample = Sample(text=answer["text"], finish_reason=answer["finish_reason"])
        sample.heard = heard_of(messages, self._settings(gen))
        sample.is_stale = sample.heard.request_sha256 != answer["request_sha256"]
        return sample


def heard_of(messages: MessageList, settings: dict[str, Any]) -> Heard:
    """Return the note of a request that is about to be sent."""
    prompt = prompt_of(messages)
    canonical = json.dumps({"messages": prompt} | settings, sort_keys=True, separators=(",", ":"))
    return Heard(prompt=prompt, request_sha256=sha256(canonical.encode()))


def prompt_of(messages: MessageList) -> str:
    """Return messages as JSON, each picture replaced by `sha256:` and the hash of its bytes."""
    shown = [{**message, "content": _shown(message["content"])} for message in messages]
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes as hex digits."""
    return hashlib.sha256(data).hexdigest()


def _shown(content: Any) -> Any:
    return content if isinstance(content, str) else [_part(part) for part in content]


def _part(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] != "image_url":
        return part
    data = base64.b64decode(part["image_url"]["url"].partition(";base64,")[2])
    return {"type": "image_url", "image_url": {"url": f"sha256:{sha256(data)}"}}


def _settings(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in ("messages", "model")}
