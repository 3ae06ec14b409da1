"""Compute log-probabilities in float32.

A prompt's are those of the raw distribution. An output token's are, as in SGLang, those of the distribution it was
chosen from: after penalties and temperature, before top-k, top-p and min-p. For greedy requests both are the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .requests import LogprobOptions, PositionLogprobs

Pairs = list[tuple[tuple[float, int], ...]]


def next_logprobs(scores: torch.Tensor, token_id: int | None, options: LogprobOptions) -> PositionLogprobs:
    """Describe one output position from its scores, of shape (vocabulary,)."""
    table = torch.log_softmax(scores.float(), dim=-1)[None]
    top, chosen = _top(table, options.top), _chosen(table, options.token_ids)
    return PositionLogprobs(
        token_id=token_id,
        logprob=None if token_id is None else table[0, token_id].item(),
        top=top[0] if top else None,
        chosen=chosen[0] if chosen else None,
    )


def prompt_logprobs(logits: torch.Tensor, target_ids: Sequence[int], options: LogprobOptions) -> list[PositionLogprobs]:
    """Describe prompt tokens from the logits at the positions before them, of shape (len(target_ids), vocabulary)."""
    if not target_ids:
        return []
    table = torch.log_softmax(logits.float(), dim=-1)
    targets = torch.tensor(target_ids, device=table.device)[:, None]
    own = table.gather(1, targets)[:, 0].tolist()
    top, chosen = _top(table, options.top), _chosen(table, options.token_ids)
    return [
        PositionLogprobs(
            token_id=token_id,
            logprob=logprob,
            top=top[index] if top else None,
            chosen=chosen[index] if chosen else None,
        )
        for index, (token_id, logprob) in enumerate(zip(target_ids, own, strict=True))
    ]


def _top(table: torch.Tensor, count: int) -> Pairs | None:
    if count == 0:
        return None
    values, ids = table.topk(min(count, table.shape[-1]), dim=-1)
    return [tuple(zip(v, i, strict=True)) for v, i in zip(values.tolist(), ids.tolist(), strict=True)]


def _chosen(table: torch.Tensor, token_ids: tuple[int, ...] | None) -> Pairs | None:
    if not token_ids:
        return None
    columns = table[:, list(token_ids)].tolist()
    return [tuple(zip(row, token_ids, strict=True)) for row in columns]
