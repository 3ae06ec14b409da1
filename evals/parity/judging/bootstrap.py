"""Quantiles of errors, and the interval of their ratio by resampling whole prompts."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from evals.parity.judging.pairing import Floats, Ints
from evals.statistics.interval import CONFIDENCE, Interval

RESAMPLES = 1000
LEAST_PROMPTS = 8
"""Fewer resampled prompts give no interval worth the name."""


def quantile(values: Floats, share: float) -> float:
    """Return the least of n >= 1 values that at least this share of them does not exceed."""
    rank = max(ceil(share * len(values)) - 1, 0)
    return float(np.partition(values, rank)[rank])


def ratio_intervals(
    error: Floats, floor: Floats, owner: Ints, shares: Sequence[float], *, least: float, seed: int
) -> list[Interval | None]:
    """Return for each quantile the 95 % interval of error over floor, both of shape (n,).

    Positions of one prompt belong together, so prompts are drawn, not positions; both sides share each draw. least:
    no floor counts for less. None for fewer than 8 prompts.
    """
    prompts, owner = np.unique(owner, return_inverse=True)
    if len(prompts) < LEAST_PROMPTS:
        return [None for _ in shares]
    draws = np.random.default_rng(seed).multinomial(
        len(prompts), np.full(len(prompts), 1 / len(prompts)), size=RESAMPLES
    )
    ours, theirs = (_resampled(values, owner, draws, shares) for values in (error, floor))
    ratios = ours / np.maximum(theirs, least)
    tail = 100 * (1 - CONFIDENCE) / 2
    return [
        Interval(low=float(np.percentile(column, tail)), high=float(np.percentile(column, 100 - tail)))
        for column in ratios.T
    ]


def _resampled(values: Floats, owner: Ints, draws: Ints, shares: Sequence[float]) -> Floats:
    """Return the quantiles of each draw, of shape (draws, shares)."""
    order = np.argsort(values, kind="stable")
    # How many positions of each prompt are among the smallest so many of all, of shape (prompts, positions).
    reached = np.zeros((draws.shape[1], len(values)), dtype=np.int32)
    reached[owner[order], np.arange(len(values))] = 1
    np.cumsum(reached, axis=1, out=reached)
    totals = draws @ reached[:, -1]
    ranks = [_first_ranks(reached, draws, np.maximum(np.ceil(share * totals), 1)) for share in shares]
    return np.stack([values[order][rank] for rank in ranks], axis=1)


def _first_ranks(reached: NDArray[np.int32], draws: Ints, targets: Floats) -> Ints:
    """Return for each draw at which rank it has as many positions as it wants: all draws at once, by halving."""
    low, high = np.zeros(len(draws), dtype=np.int64), np.full(len(draws), reached.shape[1] - 1)
    while (low < high).any():
        middle = (low + high) // 2
        enough = (draws.T * reached[:, middle]).sum(axis=0) >= targets
        low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
    return low
