"""Decode requests together, one token each per step; requests join and leave at every step.

transformers' own continuous batching gives the same answers, but it is fast with flash attention alone: on a CPU its
batch of sixteen is no faster than one prompt after another. And it offers neither log-probabilities of tokens that
were not chosen, nor seeds, nor images. This batch does, with the model's ordinary forward pass.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .cache import Piece, join
from .errors import is_out_of_memory
from .forward import Forward, mask_for
from .loading import LoadedModel
from .logprobs import next_logprobs
from .prefill import Prefilled, groups, prefill
from .requests import Event, FailureEvent, GenerationRequest, PositionLogprobs, TokenEvent
from .sampling import RowState, next_tokens, row_state, scores
from .stopping import StopCheck

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Row:
    """A request in the batch; `length` counts its tokens in the cache."""

    request: GenerationRequest
    state: RowState
    stop: StopCheck
    length: int
    position_shift: int
    done: bool = False


class StepwiseBatch:
    """Hold the running rows and their cache; used by one thread."""

    name = "stepwise"

    def __init__(self, loaded: LoadedModel, max_rows: int) -> None:
        self._loaded = loaded
        self._forward = Forward(loaded)
        self._max_rows = 1 if self._forward.stateful else max_rows
        self._rows: list[Row] = []
        self._cache: Any = None

    @property
    def capacity(self) -> int:
        """How many requests may join now."""
        return self._max_rows - sum(not row.done for row in self._rows)

    @property
    def busy(self) -> bool:
        """Whether a step would do anything."""
        return any(not row.done for row in self._rows)

    def admit(self, requests: Sequence[GenerationRequest]) -> Iterator[list[Event]]:
        """Run the prompts, yield each group's first tokens, and let the requests join that go on."""
        joining: list[tuple[Row, Prefilled]] = []
        for group in groups(requests, self._forward):
            events: list[Event] = []
            for done in self._prefill(group, events):
                row = self._new_row(done)
                events += self._advance([row], done.logits[None], done.prompt_logprobs)
                joining.append((row, done))
            yield events
        self._regroup([(row, done) for row, done in joining if not row.done])

    def step(self) -> list[Event]:
        """Add one token to every row."""
        if any(row.done for row in self._rows):
            self._regroup([])
        return self._advance(self._rows, self._next_logits(), None) if self._rows else []

    def abort(self, rid: str) -> bool:
        """Take a request out; tell whether it was here."""
        found = [row for row in self._rows if row.request.rid == rid and not row.done]
        for row in found:
            row.done = True
        return bool(found)

    def _prefill(self, group: list[GenerationRequest], events: list[Event]) -> list[Prefilled]:
        try:
            return prefill(self._forward, group)
        except Exception as error:
            logger.exception("running %d prompts failed", len(group))
            release_memory(error)
            if len(group) == 1:
                events.append(FailureEvent(rid=group[0].rid, message=describe(error)))
                return []
        return [done for request in group for done in self._prefill([request], events)]

    def _new_row(self, done: Prefilled) -> Row:
        request = done.request
        stops = self._loaded.eos_token_ids | request.sampling.stop_token_ids
        return Row(
            request=request,
            state=row_state(request.sampling, stops, done.logits.device),
            stop=StopCheck(self._loaded.tokenizer, request.sampling, self._loaded.eos_token_ids),
            length=len(request.prompt_ids),
            position_shift=done.position_shift,
        )

    def _next_logits(self) -> torch.Tensor:
        device = self._forward.device
        ids = torch.tensor([[row.state.output_ids[-1]] for row in self._rows], device=device)
        positions = torch.tensor([[row.length + row.position_shift] for row in self._rows], device=device)
        for row in self._rows:
            row.length += 1
        lengths = torch.tensor([row.length for row in self._rows], device=device)
        mask = mask_for(lengths, self._cache.get_seq_length() + 1)
        return self._forward(ids, mask, positions, self._cache, 1)[:, -1]

    def _advance(
        self, rows: Sequence[Row], logits: torch.Tensor, prompt: tuple[PositionLogprobs, ...] | None
    ) -> list[Event]:
        tokens = next_tokens(logits, [row.state for row in rows])
        return [
            advance(row, token, logits[index], prompt)
            for index, (row, token) in enumerate(zip(rows, tokens, strict=True))
        ]

    def _regroup(self, joining: Sequence[tuple[Row, Prefilled]]) -> None:
        kept = [index for index, row in enumerate(self._rows) if not row.done]
        pieces = []
        if kept:
            lengths = tuple(self._rows[index].length for index in kept)
            pieces.append(Piece(cache=self._cache, rows=tuple(kept), lengths=lengths))
        pieces += [Piece(cache=done.cache, rows=(done.row,), lengths=(row.length,)) for row, done in joining]
        self._rows = [self._rows[index] for index in kept] + [row for row, _ in joining]
        if self._forward.stateful or not pieces:
            self._cache = pieces[0].cache if pieces else None
        elif joining or len(kept) < len(self._cache.layers[0].keys):
            self._cache = join(pieces)

    def fail(self, error: Exception) -> list[Event]:
        """End every running request, for a step that failed as a whole."""
        message = describe(error)
        failed = [row.request.rid for row in self._rows if not row.done]
        self._rows, self._cache = [], None
        release_memory(error)
        return [FailureEvent(rid=rid, message=message) for rid in failed]


def advance(row: Row, token: int, logits: torch.Tensor, prompt: tuple[PositionLogprobs, ...] | None) -> TokenEvent:
    """Add a token to a row, unless the request wants none, and describe what happened."""
    request = row.request
    wanted = request.sampling.max_new_tokens > 0
    logprobs: tuple[PositionLogprobs, ...] = ()
    if request.logprobs is not None:
        logprobs = (next_logprobs(scores(logits, row.state), token if wanted else None, request.logprobs),)
    if wanted:
        row.state.output_ids.append(token)
    finish = row.stop.finish(row.state.output_ids)
    row.done = finish is not None
    return TokenEvent(
        rid=request.rid,
        token_ids=(token,) if wanted else (),
        logprobs=logprobs,
        prompt_logprobs=prompt,
        finish=finish,
    )


def describe(error: Exception) -> str:
    """Say in one line why the model failed and what may help."""
    text = " ".join(str(error).split())[:300]
    if is_out_of_memory(error):
        return f"out of memory while generating; send shorter prompts or lower --max-batch-size ({text})"
    return f"the model failed: {type(error).__name__}: {text}"


def release_memory(error: Exception) -> None:
    """Let go of the failed step's tensors and give cached GPU memory back."""
    error.__traceback__ = None
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
