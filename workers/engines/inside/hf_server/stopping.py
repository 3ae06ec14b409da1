"""Decide after each token whether a request has ended, in SGLang's order: stop string, stop token, length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .requests import Finish, Sampling


class StopCheck:
    """Check one request's tokens against its stop strings, its stop tokens and its length."""

    def __init__(self, tokenizer: Any, sampling: Sampling, eos_token_ids: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self._sampling = sampling
        self._stop_token_ids = frozenset() if sampling.ignore_eos else eos_token_ids | sampling.stop_token_ids
        lengths = (len(tokenizer.encode(stop, add_special_tokens=False)) for stop in sampling.stop)
        self._tail = max(lengths, default=0) + 1

    def finish(self, output_ids: Sequence[int]) -> Finish | None:
        """Return why the request ends with its newest token, or None while it goes on."""
        if output_ids and (matched := self._stop_string(output_ids)) is not None:
            return Finish(kind="stop", matched=matched)
        if output_ids and output_ids[-1] in self._stop_token_ids:
            return Finish(kind="stop", matched=output_ids[-1])
        if len(output_ids) >= self._sampling.max_new_tokens:
            return Finish(kind="length", length=self._sampling.max_new_tokens)
        return None

    def _stop_string(self, output_ids: Sequence[int]) -> str | None:
        if not self._sampling.stop:
            return None
        tail = self._tokenizer.decode(output_ids[-self._tail :])
        return next((stop for stop in self._sampling.stop if stop in tail), None)
