"""What a parity workload hears from one server: raw log-probabilities and tokens, nothing judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

CACHED_FROM = 32
"""Tokens a prompt must have for its beginning to be put into the prefix cache first."""

REFUSED = "refused by the server"
"""How the reason begins for which a prompt is left out that a server could have been expected to answer."""

NO_ROOM = "no room for it"
"""How the reason begins for which a prompt is left out that is too long for the server."""

SERVED_DTYPE, FLUSH, PREFIX_CACHE = "served dtype", "prefix cache flush", "prefix cache"
"""Notes of an observation that are judged: the dtype as the server says it; why its prefix cache was not emptied; what
is to be said of that cache."""

KEEPS_NO_CACHE = "the server keeps none"
"""The note on a prefix cache that is turned off, or that the engine does not have."""

CHUNK, RUNNING = "prefill chunk", "running requests"
"""Limits of an observation: tokens that are prefilled at once (-1: whole prompts); requests that run at once at most.
"""


class Mode(StrEnum):
    """Under which circumstances a prompt was put to a server.

    ALONE: a batch of one with an empty prefix cache. TOGETHER: with all other prompts in flight. CACHED: after the
    server has seen the first part of the prompt, so that its keys and values come from the prefix cache.
    """

    ALONE = "alone"
    TOGETHER = "together"
    CACHED = "cached"


class Form(StrEnum):
    """What a server turned into token ids by itself: a raw text, or messages through its chat template."""

    TEXT = "text"
    CHAT = "chat"


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Hold n consecutive tokens with their log-probabilities (natural logarithm) under what stands before them.

    token_ids, logprobs: of shape (n,). top_ids, top_logprobs: of shape (n, k), most probable first.
    """

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    top_ids: tuple[tuple[int, ...], ...]
    top_logprobs: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """Hold one prompt's prefill and greedy decode.

    prompt_ids: the whole prompt as the server saw it, images as their placeholder tokens. start: the place in
    prompt_ids of the first token in `prefill` (the first token of all has no log-probability). unscored: places in
    prompt_ids whose log-probabilities say nothing (image placeholders). decode: the greedy tokens, each under the
    distribution it was chosen from. cached_tokens: how many came from the prefix cache; None when the server does not
    say. end_token: the token that ended the text, as the server says it; None when it does not say or none did. batch:
    of TOGETHER, a name that all prompts have in common which were in flight together.
    """

    prompt: str
    mode: Mode
    prompt_ids: tuple[int, ...]
    start: int
    prefill: Scored
    decode: Scored
    text: str
    finish_reason: str | None
    unscored: tuple[int, ...] = ()
    cached_tokens: int | None = None
    end_token: int | None = None
    batch: str = ""


@dataclass(frozen=True, kw_only=True)
class Tokenized:
    """Hold the token ids that a server itself makes of a text; None when it cannot be asked."""

    prompt: str
    form: Form
    token_ids: tuple[int, ...] | None


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Hold all that was heard from one server.

    left_out: prompts that could not be asked, with the reason ("longer than the context of 2,048 tokens").
    facts: what decides comparability (prompt set, model files). notes: what may differ (prefill chunk, context).
    limits: numbers that the server says of itself.
    """

    records: tuple[Record, ...]
    tokenized: tuple[Tokenized, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
