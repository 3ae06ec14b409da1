"""Which side comes first in a round: blocks of two rounds in which each side is first once."""

from __future__ import annotations

import numpy as np

from evals.duel.results import BASELINE, CANDIDATE

_ORDER = 7
"""Sets these draws apart from those of a load."""


def order_of(seed: int, round: int) -> tuple[str, str]:
    """Return both sides in the order in which they are measured in a round.

    What drifts evenly through a block's four passes favours one side in its first round and the other as much in its
    second; which of both rounds comes first is drawn, so that no period of the machine can follow it.
    """
    flipped = bool(np.random.default_rng([seed, _ORDER, round // 2]).integers(2)) != bool(round % 2)
    return (BASELINE, CANDIDATE) if flipped else (CANDIDATE, BASELINE)
