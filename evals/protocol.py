"""What Plumbline says to an engine and hears from it, in the words of the OpenAI-compatible endpoints."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from evals.spec import Api

BROKEN_OFF = frozenset({"abort", "error"})
"""The finish reasons of answers that the engine did not bring to an end."""

_THOUGHTS = ("reasoning_content", "reasoning")
"""Where servers put a model's thoughts that they tell apart from its answer."""

Answer = TypeVar("Answer", covariant=True)


class EngineRequest(Protocol[Answer]):
    """Anything that can be asked of an engine with one POST."""

    @property
    def path(self) -> str:
        """Return the endpoint's path."""

    def payload(self, model: str) -> dict[str, Any]:
        """Return the JSON body."""

    def read(self, body: Any) -> Answer:
        """Read the JSON answer; raise KeyError, IndexError, TypeError or ValueError when it is not one."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Hold an image file's bytes; requests refer to it by its hash until they are sent."""

    sha256: str
    media_type: str
    data: bytes = field(repr=False)

    @property
    def reference(self) -> str:
        """Return what stands for the picture in a stored prompt."""
        return f"sha256:{self.sha256}"

    def data_url(self) -> str:
        """Return the picture as engines take it."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """Ask for one answer: a prompt text, or for Api.CHAT a list of messages, with its sampling settings.

    pictures: those that the messages' image parts refer to, by reference. cut_at: texts at which the answer is cut
    after a model's thoughts; as stop strings they would end the thoughts.
    """

    api: Api
    prompt: str | list[dict[str, Any]]
    max_tokens: int
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    cut_at: tuple[str, ...] = ()
    seed: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    pictures: Mapping[str, Picture] = field(default_factory=dict)

    def payload(self, model: str) -> dict[str, Any]:
        """Return the JSON body for the endpoint."""
        body: dict[str, Any] = {
            "model": model,
            **self._subject(),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "stop": list(self.stop),
            **self.extra,
        }
        return body if self.seed is None else {**body, "seed": self.seed}

    def _subject(self) -> dict[str, Any]:
        if isinstance(self.prompt, str):
            return {"prompt": self.prompt}
        if not self.pictures:
            return {"messages": self.prompt}
        return {"messages": [{**message, "content": self._shown(message["content"])} for message in self.prompt]}

    def _shown(self, content: Any) -> Any:
        if isinstance(content, str):
            return content
        return [self._part(part) for part in content]

    def _part(self, part: dict[str, Any]) -> dict[str, Any]:
        if part.get("type") != "image_url":
            return part
        return {"type": "image_url", "image_url": {"url": self.pictures[part["image_url"]["url"]].data_url()}}

    @property
    def path(self) -> str:
        """Return the endpoint's path."""
        return "/v1/completions" if self.api is Api.COMPLETIONS else "/v1/chat/completions"

    def read(self, body: Any) -> Completion:
        """Read the endpoint's JSON answer."""
        return read_completion(self.api, body)


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Keep one answer; token counts are the server's own, None when it did not say.

    reasoning: a thinking model's thoughts, where the server tells them apart.
    """

    text: str
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    reasoning: str | None = None


def read_completion(api: Api, body: dict[str, Any]) -> Completion:
    """Read an endpoint's JSON answer; raise KeyError, IndexError, TypeError or ValueError when it is not one.

    An empty text is an answer; no text, and what the engine ended on its own account, is not.
    """
    choice = body["choices"][0]
    finish_reason = choice.get("finish_reason")
    if finish_reason is not None and not isinstance(finish_reason, str):
        raise TypeError("finish_reason is no text")
    if finish_reason in BROKEN_OFF:
        raise ValueError(f"the engine ended its answer with {finish_reason}")
    usage = body.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    text, reasoning = _text(api, choice)
    return Completion(
        text=text,
        finish_reason=finish_reason,
        prompt_tokens=count(counts.get("prompt_tokens")),
        completion_tokens=count(counts.get("completion_tokens")),
        reasoning=reasoning,
    )


def _text(api: Api, choice: dict[str, Any]) -> tuple[str, str | None]:
    """Return a choice's text and thoughts; a model that was still thinking at the end has said nothing: an answer."""
    reasoning = None
    if api is Api.COMPLETIONS:
        text = choice["text"]
    else:
        message = choice["message"]
        text = message["content"]
        reasoning = next((message[name] for name in _THOUGHTS if message.get(name) is not None), None)
        if text is None and reasoning is not None:
            text = ""
    if not isinstance(text, str):
        raise TypeError("the answer has no text")
    return text, reasoning if isinstance(reasoning, str) else None


def count(value: Any) -> int | None:
    """Return a server's count if it is one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
