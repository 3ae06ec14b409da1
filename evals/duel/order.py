"""Which side comes first in a round, and where both compute: blocks of two rounds in which each side is first once."""

from __future__ import annotations

import numpy as np

from evals.duel.results import BASELINE, CANDIDATE

_ORDER, _PROCESSORS = 7, 8
"""Set these draws apart from those of a load, and from each other."""


def order_of(seed: int, round: int) -> tuple[str, str]:
    """Return both sides in the order in which they are measured in a round.

    What drifts evenly through a block's four passes favours one side in its first round and the other as much in its
    second; which of both rounds comes first is drawn, so that no period of the machine can follow it.
    """
    flipped = bool(np.random.default_rng([seed, _ORDER, round // 2]).integers(2)) != bool(round % 2)
    return (BASELINE, CANDIDATE) if flipped else (CANDIDATE, BASELINE)


def processors_of(seed: int, round: int) -> float:
    """Return a number of [0, 1) that chooses where engines that rested go on: one for both sides of a round.

    The kernel leaves a thread for minutes on the processor where it once was, and processors of one machine differ: on
    two virtual ones, the same engine was up to 12 % slower on one of them. Left alone, that is the launch's luck.
    """
    return float(np.random.default_rng([seed, _PROCESSORS, max(round, 0)]).random())
