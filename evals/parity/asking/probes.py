"""The request for one prompt's log-probabilities, and the reading of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.errors import RequestRefusedError
from evals.parity.asking.prompt import Prompt
from evals.parity.records import Mode, Record, Scored
from evals.protocol import BROKEN_OFF, count

_CLIPPED = 0
"""What SGLang 0.5.23 shows in place of a picture's tokens, and of the last id of its vocabulary."""

_UNKNOWN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Ask SGLang's native endpoint for a prompt's prefill and greedy decode; what it returns is a Record.

    prefix: how many of the prompt's tokens are left unscored, so that they may come from the prefix cache. ids: all of
    the prompt's token ids; None where only the server knows them, because it makes them of pictures. image_token: the
    id that stands for pictures in records. batch: the name of the pass in which it is asked together with others.
    """

    prompt: Prompt
    mode: Mode
    top_k: int
    decode_tokens: int
    prefix: int = 0
    ids: tuple[int, ...] | None = None
    image_token: int | None = None
    batch: str = ""
    path: str = "/generate"

    def payload(self, model: str) -> dict[str, Any]:
        """Return the JSON body."""
        return {
            **subject(self.prompt, self.prompt.ids),
            "sampling_params": {"max_new_tokens": self.decode_tokens, "temperature": 0},
            "return_logprob": True,
            "logprob_start_len": self.prefix,
            "top_logprobs_num": self.top_k,
        }

    def read(self, body: Any) -> Record:
        """Read the answer of `/generate`.

        What is null is kept as NaN, which is how minus infinity and NaN travel, for the judge to fail. Raises KeyError,
        IndexError, TypeError or ValueError for what is no such answer, RequestRefusedError for one that misses parts.
        """
        meta = body["meta_info"]
        reason, end_token = _reason(meta.get("finish_reason"))
        if reason in BROKEN_OFF:
            raise ValueError(f"the engine ended its answer with {reason}")
        inputs, outputs = _entries(meta["input_token_logprobs"]), _entries(meta["output_token_logprobs"])
        ids = self._all_ids([number for _, number in inputs])
        start = self.prefix + 1
        own = ids[start:]
        prefill = self._scored(own, inputs[1:], meta["input_top_logprobs"][1:], "prompt")
        decoded = tuple(number for _, number in outputs)
        decode = self._scored(decoded, outputs, meta["output_top_logprobs"][: len(outputs)], "answer")
        return Record(
            prompt=self.prompt.name,
            mode=self.mode,
            prompt_ids=ids,
            start=start,
            prefill=prefill,
            decode=decode,
            text=str(body["text"]),
            finish_reason=reason,
            unscored=self._pictures_in(ids),
            cached_tokens=count(meta.get("cached_tokens")),
            end_token=end_token,
            batch=self.batch,
        )

    def _all_ids(self, told: list[int]) -> tuple[int, ...]:
        """Return the whole prompt's ids; raise RequestRefusedError when the server speaks of other tokens."""
        if self.ids is None:
            return tuple(self.image_token or _CLIPPED if number == _CLIPPED else number for number in told)
        expected = self.ids[self.prefix :]
        if len(told) != len(expected):
            raise self._faulty(f"{len(told)} of the prompt's tokens instead of {len(expected)}")
        for place, (theirs, ours) in enumerate(zip(told, expected, strict=True), self.prefix):
            if theirs not in (ours, _CLIPPED):
                raise self._faulty(f"token {theirs} at position {place} instead of {ours}")
        return self.ids

    def _pictures_in(self, ids: Sequence[int]) -> tuple[int, ...]:
        if not self.prompt.pictures:
            return ()
        return tuple(place for place, number in enumerate(ids) if number == self.image_token)

    def _scored(
        self, ids: Sequence[int], entries: Sequence[tuple[float, int]], tops: Sequence[Any], part: str
    ) -> Scored:
        """Return the tokens with what stands in their place, after a look at whether all of it is there."""
        wanted = len(ids)
        if len(entries) != wanted or len(tops) != wanted:
            raise self._faulty(
                f"{len(entries)} log-probabilities and {len(tops)} lists of likely tokens "
                f"for {wanted} tokens of the {part}"
            )
        best = [_entries(top) if top is not None else [] for top in tops]
        fewest = min(map(len, best), default=self.top_k)
        if fewest < self.top_k:
            raise self._faulty(f"{fewest} likely tokens instead of {self.top_k} at a token of the {part}")
        return Scored(
            token_ids=tuple(ids),
            logprobs=tuple(value for value, _ in entries),
            top_ids=tuple(tuple(number for _, number in top[: self.top_k]) for top in best),
            top_logprobs=tuple(tuple(value for value, _ in top[: self.top_k]) for top in best),
        )

    def _faulty(self, what: str) -> RequestRefusedError:
        return RequestRefusedError(
            f"the answer to the parity prompt {self.prompt.name} has {what}",
            remedy="look at the server's log; parity needs prompt log-probabilities as SGLang's /generate returns them",
        )


@dataclass(frozen=True, kw_only=True)
class Prefill:
    """Let a server read the first tokens of a prompt, or all of one with pictures, and answer nothing."""

    prompt: Prompt
    ids: tuple[int, ...] | None
    path: str = "/generate"

    def payload(self, model: str) -> dict[str, Any]:
        """Return the JSON body; one token is decoded, since not every server takes zero."""
        return {**subject(self.prompt, self.ids), "sampling_params": {"max_new_tokens": 1, "temperature": 0}}

    def read(self, body: Any) -> None:
        """Look whether it is an answer; raise KeyError or TypeError when it is none."""
        body["meta_info"]["prompt_tokens"]


def subject(prompt: Prompt, ids: Sequence[int] | None) -> dict[str, Any]:
    """Return the part of a request that says what is read: token ids, or a text with its pictures."""
    if prompt.pictures:
        return {"text": prompt.text, "image_data": [picture.data_url() for picture in prompt.pictures]}
    return {"input_ids": list(ids or ())}


def _entries(values: Any) -> list[tuple[float, int]]:
    """Return (log-probability, token id) of each triple that the endpoint gives."""
    return [(_number(value[0]), _token(value[1])) for value in values]


def _number(value: Any) -> float:
    if value is None:
        return _UNKNOWN
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a log-probability is no number")
    return float(value)


def _token(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a token id is no number")
    return value


def _reason(value: Any) -> tuple[str | None, int | None]:
    """Return why an answer ended, and the token that ended it (SGLang's `matched`, which may also be a text)."""
    kind, matched = (value.get("type"), value.get("matched")) if isinstance(value, dict) else (value, None)
    return kind if isinstance(kind, str) else None, count(matched)
