"""What Plumbline says to an engine and hears from it, in the words of the OpenAI-compatible endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from evals.spec import Api


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
    """Read an endpoint's JSON answer; raise KeyError, IndexError or TypeError when it is not one."""
    choice = body["choices"][0]
    text = choice["text"] if api is Api.COMPLETIONS else choice["message"]["content"]
    usage = body.get("usage") or {}
    return Completion(
        text=text or "",
        finish_reason=choice.get("finish_reason"),
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
    )
