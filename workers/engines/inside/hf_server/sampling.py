"""Choose the next token of each row from its logits, with SGLang's rules and order of filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from .requests import Sampling


@dataclass(kw_only=True)
class RowState:
    """What the choice of a row's next token depends on besides its logits."""

    sampling: Sampling
    stop_token_ids: frozenset[int]
    output_ids: list[int] = field(default_factory=list)
    generator: torch.Generator | None = None

    @property
    def plain(self) -> bool:
        """Whether the most likely token of the raw logits is the answer."""
        return self.sampling.greedy and not self.sampling.reshapes_logits


def row_state(sampling: Sampling, stop_token_ids: frozenset[int], device: torch.device) -> RowState:
    """Build a row's state, with a random generator of its own when the request names a seed."""
    generator = None
    if sampling.seed is not None and not sampling.greedy:
        generator = torch.Generator(device=device)
        generator.manual_seed(sampling.seed)
    return RowState(sampling=sampling, stop_token_ids=stop_token_ids, generator=generator)


def next_tokens(logits: torch.Tensor, rows: Sequence[RowState]) -> list[int]:
    """Return one token for each row of `logits`, of shape (rows, vocabulary)."""
    tokens: list[int] = logits.argmax(dim=-1).tolist()
    for index, row in enumerate(rows):
        if not row.plain:
            tokens[index] = next_token(logits[index], row)
    return tokens


def next_token(logits: torch.Tensor, row: RowState) -> int:
    """Return one token for a single row, of shape (vocabulary,)."""
    reshaped = scores(logits, row)
    if row.sampling.greedy:
        return int(reshaped.argmax())
    probabilities, ids = kept_probabilities(reshaped, row.sampling)
    return int(ids[torch.multinomial(probabilities, 1, generator=row.generator)])


def scores(logits: torch.Tensor, row: RowState) -> torch.Tensor:
    """Return what a row's token is chosen by: float32 logits after penalties and, unless greedy, the temperature."""
    logits = logits.float()
    if row.sampling.reshapes_logits:
        logits = penalized(logits.clone(), row)
    return logits if row.sampling.greedy else logits / row.sampling.temperature


def penalized(logits: torch.Tensor, row: RowState) -> torch.Tensor:
    """Apply the penalties for tokens already in the output (as SGLang does, the prompt does not count)."""
    sampling = row.sampling
    if row.output_ids:
        ids, counts = torch.tensor(row.output_ids, device=logits.device).unique(return_counts=True)
        scores = logits[ids]
        factor = sampling.repetition_penalty
        scores = torch.where(scores > 0, scores / factor, scores * factor)
        logits[ids] = scores - sampling.frequency_penalty * counts - sampling.presence_penalty
    if len(row.output_ids) < sampling.min_new_tokens and row.stop_token_ids:
        logits[list(row.stop_token_ids)] = float("-inf")
    return logits


def kept_probabilities(logits: torch.Tensor, sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the probabilities that survive top-k, top-p and min-p, most likely first, and their token ids."""
    probabilities, ids = torch.softmax(logits, dim=-1).sort(descending=True)
    before = probabilities.cumsum(dim=-1) - probabilities
    keep = before <= sampling.top_p
    if sampling.top_k is not None:
        keep[sampling.top_k :] = False
    keep &= probabilities >= sampling.min_p * probabilities[0]
    return probabilities * keep, ids
