"""The raw facts about one request, from which every figure is derived."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Basis(StrEnum):
    """How it was decided which arrival carried which token."""

    COUNTS = "the server's own counts in every event"
    EVENTS = "one token an event, because there were as many events as tokens in the final usage"
    FIRST_EVENT = "no counts in the events: the first that holds a choice stands for the first token"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Hold what happened to one request; times in ns of the common clock, None for what did not happen.

    due_ns: the scheduled time, None in a closed loop. first_sent_ns, sent_ns: the first and the last try. at_ns and
    tokens: each arrival that carried tokens, and how many had come by then. status: HTTP's. fault: why there is no
    whole answer, None when there is. input_tokens, output_tokens, cached_tokens: the server's counts, as it last
    said them. asked_tokens: the length that was asked for. planned_input: tokens meant to be sent. refusals: tries that
    met a 429 or 503, as in Ask.
    """

    index: int
    due_ns: int | None
    first_sent_ns: int | None
    sent_ns: int | None
    first_byte_ns: int | None
    ended_ns: int
    at_ns: NDArray[np.int64]
    tokens: NDArray[np.int64]
    basis: Basis | None
    status: int | None
    fault: str | None
    finish_reason: str | None
    planned_input: int | None
    asked_tokens: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    tries: int
    refusals: list[tuple[int, int, int]]

    @property
    def first_token_ns(self) -> int | None:
        """Return when the first token was there."""
        return int(self.at_ns[0]) if len(self.at_ns) else None

    @property
    def last_token_ns(self) -> int | None:
        """Return when the last token was there."""
        return int(self.at_ns[-1]) if len(self.at_ns) else None
