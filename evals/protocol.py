"""What Plumbline says to an engine and hears from it, in the words of the OpenAI-compatible endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from evals.spec import Api

BROKEN_OFF = frozenset({"abort", "error"})
"""The finish reasons of answers that the engine did not bring to an end."""


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """Ask for one answer: a prompt text, or for Api.CHAT a list of messages, with its sampling settings."""

    api: Api
    prompt: str | list[dict[str, Any]]
    max_tokens: int
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def payload(self, model: str) -> dict[str, Any]:
        """Return the JSON body for the endpoint."""
        subject = {"prompt": self.prompt} if self.api is Api.COMPLETIONS else {"messages": self.prompt}
        body: dict[str, Any] = {
            "model": model,
            **subject,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "stop": list(self.stop),
            **self.extra,
        }
        return body if self.seed is None else {**body, "seed": self.seed}

    @property
    def path(self) -> str:
        """Return the endpoint's path."""
        return "/v1/completions" if self.api is Api.COMPLETIONS else "/v1/chat/completions"


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Keep one answer; token counts are the server's own, None when it did not say."""

    text: str
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None


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
    return Completion(
        text=_text(api, choice),
        finish_reason=finish_reason,
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
    )


def _text(api: Api, choice: dict[str, Any]) -> str:
    """Return a choice's text; a model that was still thinking at the end has said nothing, which is an answer."""
    if api is Api.COMPLETIONS:
        text = choice["text"]
    else:
        message = choice["message"]
        text = message["content"]
        if text is None and message.get("reasoning_content") is not None:
            text = ""
    if not isinstance(text, str):
        raise TypeError("the answer has no text")
    return text


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
