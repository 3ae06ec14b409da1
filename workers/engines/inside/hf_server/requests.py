"""Define the values that travel between the HTTP routes and the model thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a request's tokens are chosen and when it ends; the fields are SGLang's `sampling_params`."""

    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int | None = None
    min_p: float = 0.0
    stop: tuple[str, ...] = ()
    stop_token_ids: frozenset[int] = frozenset()
    ignore_eos: bool = False
    min_new_tokens: int = 0
    skip_special_tokens: bool = True
    spaces_between_special_tokens: bool = True
    no_stop_trim: bool = False
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None

    @property
    def greedy(self) -> bool:
        """Whether the most likely token is always taken."""
        return self.temperature < 1e-6 or self.top_k == 1

    @property
    def reshapes_logits(self) -> bool:
        """Whether anything but the temperature changes the scores before a token is taken."""
        penalties = (self.frequency_penalty, self.presence_penalty, self.repetition_penalty - 1.0)
        return self.min_new_tokens > 0 or any(penalties)


@dataclass(frozen=True, kw_only=True)
class LogprobOptions:
    """Which log-probabilities a request wants; `start` is the first prompt position, None for output tokens alone."""

    start: int | None = None
    top: int = 0
    token_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class PositionLogprobs:
    """Log-probabilities at one position; None where a prompt's first token has none."""

    token_id: int | None
    logprob: float | None
    top: tuple[tuple[float, int], ...] | None = None
    chosen: tuple[tuple[float, int], ...] | None = None


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """One prompt for the model; `features` holds an image processor's tensors."""

    rid: str
    prompt_ids: tuple[int, ...]
    sampling: Sampling
    logprobs: LogprobOptions | None = None
    features: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Finish:
    """Why a request ended: `kind` is stop, length or abort; `matched` the stop string or the id of the stop token."""

    kind: str
    matched: str | int | None = None
    length: int | None = None

    def body(self) -> dict[str, Any]:
        """Return SGLang's `finish_reason`."""
        if self.kind == "length":
            return {"type": "length", "length": self.length}
        if self.kind == "stop":
            return {"type": "stop", "matched": self.matched}
        return {"type": self.kind}


@dataclass(frozen=True, kw_only=True)
class TokenEvent:
    """What one step of the model adds to a request; the last event has `finish`."""

    rid: str
    token_ids: tuple[int, ...] = ()
    logprobs: tuple[PositionLogprobs, ...] = ()
    prompt_logprobs: tuple[PositionLogprobs, ...] | None = None
    finish: Finish | None = None


@dataclass(frozen=True, kw_only=True)
class FailureEvent:
    """A request that the model could not finish."""

    rid: str
    message: str


Event = TokenEvent | FailureEvent


@dataclass(kw_only=True)
class Output:
    """Everything a request has produced so far, and when (seconds of a monotonic clock)."""

    rid: str
    prompt_tokens: int
    started_s: float
    text: str = ""
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[PositionLogprobs] = field(default_factory=list)
    prompt_logprobs: list[PositionLogprobs] = field(default_factory=list)
    finish: Finish | None = None
    finished_s: float | None = None
