"""Run prompts through the model: their cache, the logits of their next token, and their own log-probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .forward import Forward, mask_for, positions_for, right_aligned
from .logprobs import prompt_logprobs
from .requests import GenerationRequest, PositionLogprobs

CPU_TOKENS = 512  # a CPU is busy with one long prompt; more would only add padding
GPU_TOKENS = 8192
LOGITS_BYTES = 1 << 30  # largest table of prompt logits held at once


@dataclass(frozen=True, kw_only=True)
class Prefilled:
    """A prompt that went through the model: its row in a cache, and the logits after it, of shape (vocabulary,)."""

    request: GenerationRequest
    cache: Any
    row: int
    logits: torch.Tensor
    prompt_logprobs: tuple[PositionLogprobs, ...] | None
    position_shift: int = 0


def groups(requests: Sequence[GenerationRequest], forward: Forward) -> Iterator[list[GenerationRequest]]:
    """Split requests, in order, into groups that go through the model together; images and stateful models go alone."""
    limit = CPU_TOKENS if forward.device.type == "cpu" else GPU_TOKENS
    group: list[GenerationRequest] = []
    for request in requests:
        alone = forward.stateful or request.features is not None
        width = max([len(request.prompt_ids), *(len(other.prompt_ids) for other in group)])
        if group and (alone or width * (len(group) + 1) > limit):
            yield group
            group = []
        group.append(request)
        if alone:
            yield group
            group = []
    if group:
        yield group


def prefill(forward: Forward, requests: Sequence[GenerationRequest]) -> list[Prefilled]:
    """Run one group of prompts; the rows of the shared cache are in the order of the requests."""
    ids = right_aligned([request.prompt_ids for request in requests], forward.device)
    lengths = torch.tensor([len(request.prompt_ids) for request in requests], device=forward.device)
    mask = mask_for(lengths, ids.shape[1])
    positions, shift, features = positions_for(mask), 0, None
    if requests[0].features is not None:
        features = {name: value.to(forward.device) for name, value in requests[0].features.items()}
        positions, shift = forward.image_positions(ids, features)
    cache = forward.new_cache()
    own: list[list[PositionLogprobs]] = [[] for _ in requests]
    scored = any(request.logprobs is not None and request.logprobs.start is not None for request in requests)
    for start, end in chunks(forward, ids.shape, scored and features is None):
        logits = forward(
            ids[:, start:end], mask[:, :end], positions[..., start:end], cache, 0 if scored else 1, features
        )
        if scored:
            for index, request in enumerate(requests):
                own[index] += chunk_logprobs(request, logits[index], ids.shape[1], start)
    return [
        Prefilled(
            request=request,
            cache=cache,
            row=index,
            logits=logits[index, -1],
            prompt_logprobs=with_first(request, own[index]),
            position_shift=shift,
        )
        for index, request in enumerate(requests)
    ]


def chunks(forward: Forward, shape: torch.Size, split: bool) -> Iterator[tuple[int, int]]:
    """Yield ranges of columns whose logits fit into memory; one range where no prompt logits are kept."""
    rows, width = shape
    vocabulary = forward.model.config.get_text_config().vocab_size
    size = chunk_columns(rows, vocabulary) if split else width
    for start in range(0, width, size):
        yield start, min(start + size, width)


def chunk_columns(rows: int, vocabulary: int) -> int:
    """Return how many columns of a group of prompts go through the model at once where their logits are kept."""
    return max(16, LOGITS_BYTES // (rows * vocabulary * 4))


def chunk_logprobs(request: GenerationRequest, logits: torch.Tensor, width: int, start: int) -> list[PositionLogprobs]:
    """Describe the prompt tokens that columns `start` and after predict, from logits of shape (columns, vocabulary)."""
    options = request.logprobs
    if options is None or options.start is None:
        return []
    unused = width - len(request.prompt_ids)
    first = max(start, unused + options.start)
    last = min(start + logits.shape[0], width - 1)
    targets = request.prompt_ids[first - unused + 1 : last - unused + 1]
    return prompt_logprobs(logits[first - start : last - start], targets, options) if first < last else []


def with_first(request: GenerationRequest, known: list[PositionLogprobs]) -> tuple[PositionLogprobs, ...] | None:
    """Put the first wanted token, which has no log-probability, in front; None where no prompt token is wanted."""
    options = request.logprobs
    if options is None:
        return None
    if options.start is None or options.start >= len(request.prompt_ids):
        return ()
    return (PositionLogprobs(token_id=request.prompt_ids[options.start], logprob=None), *known)
