"""The greedy tokens that two sides share, as positions that can be judged like a prompt's.

A model may be right in its prefill and wrong where it decodes: other kernels run there, and what a model class does to
the logits of the next token never reaches the prompt's log-probabilities.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evals.parity.judging.pairing import Lineup, Pair
from evals.parity.records import Record, Scored


def greedy_lineups(lineup: Lineup, floor: Lineup | None) -> tuple[Lineup, Lineup | None]:
    """Return both lineups over the greedy tokens up to where any of the sides part; prompts without any are left out.

    lineup: the candidate's. floor: the baseline's with the same reference, None when it was not measured.
    """
    lengths = {pair.ours.prompt: common(pair) for pair in lineup.pairs}
    if floor is not None:
        beside = {pair.ours.prompt: common(pair) for pair in floor.pairs}
        lengths = {prompt: min(length, beside.get(prompt, 0)) for prompt, length in lengths.items()}
    return _over(lineup, lengths), None if floor is None else _over(floor, lengths)


def common(pair: Pair) -> int:
    """Return how many greedy tokens both sides of a pair share before they part."""
    ours, theirs = pair.ours.decode.token_ids, pair.theirs.decode.token_ids
    parted = (index for index, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
    return next(parted, min(len(ours), len(theirs)))


def _over(lineup: Lineup, lengths: dict[str, int]) -> Lineup:
    pairs = [_pair(pair, length) for pair in lineup.pairs if (length := lengths.get(pair.ours.prompt, 0))]
    return Lineup(pairs=tuple(pairs))


def _pair(pair: Pair, length: int) -> Pair:
    start = len(pair.ours.prompt_ids)
    return Pair(
        ours=_continued(pair.ours, length),
        theirs=_continued(pair.theirs, length),
        positions=np.arange(start, start + length, dtype=np.int64),
    )


def _continued(record: Record, length: int) -> Record:
    """Return a record whose prompt goes on with its greedy tokens, of which alone the probabilities are kept."""
    decode = record.decode
    return replace(
        record,
        prompt_ids=record.prompt_ids + decode.token_ids[:length],
        start=len(record.prompt_ids),
        prefill=Scored(
            token_ids=decode.token_ids[:length],
            logprobs=decode.logprobs[:length],
            top_ids=decode.top_ids[:length],
            top_logprobs=decode.top_logprobs[:length],
        ),
        unscored=(),
    )
