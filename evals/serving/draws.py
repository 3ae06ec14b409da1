"""Random numbers that can be drawn again: each use has a stream of its own under a pass's seed."""

from __future__ import annotations

import numpy as np

LENGTHS, TIMES, TOKENS, PREFIXES, BLOCKS, PICTURES = range(6)


def stream(seed: int, use: int, *which: int) -> np.random.Generator:
    """Return the generator of one use, and of one thing under it; it does not depend on what else was drawn."""
    return np.random.default_rng([seed, use, *which])
