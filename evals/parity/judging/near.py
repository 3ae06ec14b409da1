"""When greedy tokens part at a near tie, out of how far margins between two tokens are seen to be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np

from evals.parity.judging.bootstrap import quantile
from evals.parity.judging.divergence import margin_noise
from evals.parity.judging.dtypes import FULL
from evals.parity.judging.fixed import SHAPE
from evals.parity.judging.pairing import Lineup, Scores
from evals.parity.judging.positions import scores_of
from evals.parity.judging.tolerance import LEAST_FLOOR, Near, Tolerance
from evals.parity.settings import ParitySettings

LEAST_MARGINS = 100
"""Fewer greedy tokens say too little about how far margins are off."""

DOUBTFUL = 8.0
"""So many fixed tolerances of a 16-bit dtype a margin's error may be, besides what is seen: the hundred that a largest
error may reach would be a clear choice between two tokens."""


def near_ties(tolerance: Tolerance, floor: Lineup, scores: Mapping[str, Scores] | None) -> Near:
    """Return when greedy tokens part at a near tie.

    By how far the baseline's margins are off at p99, or its log-probabilities where there are too few.
    """
    margins = margin_noise(floor)
    error = _p99(margins) if len(margins) >= LEAST_MARGINS or not scores else _of_prompts(scores)
    allowed = (tolerance.factor or 1.0) * max(error, LEAST_FLOOR)
    return Near(allowed=allowed, doubtful=allowed)


def fixed_near_ties(fixed: float, dtype: str, lineup: Lineup, settings: ParitySettings) -> Near:
    """Return when greedy tokens part at a near tie under a fixed tolerance (nats).

    In 16 bit no more is left open than margins and log-probabilities are seen to be off, or a few tolerances.
    """
    doubtful = SHAPE["max"] * fixed
    if dtype != FULL:
        seen = max(_p99(margin_noise(lineup)), _of_prompts(scores_of(lineup, settings.compared_k)))
        doubtful = min(doubtful, max(DOUBTFUL * fixed, seen))
    return Near(allowed=fixed, doubtful=doubtful)


def _of_prompts(scores: Mapping[str, Scores]) -> float:
    """Return how far the log-probabilities of prompts are off at p99 (nats)."""
    return _p99([error for one in scores.values() for error in np.abs(one.ours - one.theirs)])


def _p99(errors: Sequence[float]) -> float:
    known = np.asarray([error for error in errors if isfinite(error)])
    return quantile(known, 0.99) if len(known) else 0.0
