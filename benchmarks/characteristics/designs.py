"""What is simulated: benchmarks at their sizes, and pairs of right and wrong answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

MMLU = (
    *(100,) * 10, 102, 103, 108, 110, 112, 114, 121, 126, 131, 135, 144, 145, 151, 152, 163, 165, 166, 171, 173, 193,
    198, 201, 203, 204, 216, 223, 234, 235, 237, 238, 245, 265, 270, 272, 282, 306, 310, 311, 324, 346, 378, 390, 545,
    612, 783, 895, 1534,
)  # fmt: skip
"""Items of MMLU's 57 subjects (test split of Hendrycks et al. 2021)."""
MMMU = (30,) * 30
GSM8K = (1319,)


@dataclass(frozen=True, kw_only=True)
class Design:
    """Say what is true: groups of items, the share of discordant pairs, the drop, and how it differs by group.

    spread: of the drop from group to group, as a share of it: uniform between (1 - spread) and (1 + spread) times it.
    own: half the width of a uniform difference of each group's own, on top.
    """

    name: str
    sizes: tuple[int, ...]
    margin: float
    discordance: float
    drop: float = 0.0
    spread: float = 0.0
    own: float = 0.0

    @property
    def n(self) -> int:
        """Return the number of items."""
        return sum(self.sizes)


def group_differences(design: Design, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the true difference of each group in each draw."""
    shape = (draws, len(design.sizes))
    drops = design.drop * (1 + design.spread * rng.uniform(-1, 1, shape))
    return np.asarray(design.own * rng.uniform(-1, 1, shape) - drops)


def counts(design: Design, draws: int, rng: np.random.Generator) -> tuple[Counts, Counts]:
    """Return how many items the candidate alone and the baseline alone got right, by draw and group."""
    differences = group_differences(design, draws, rng)
    discordance = np.maximum(design.discordance, np.abs(differences))
    gained = (discordance + differences) / 2
    won = rng.binomial(design.sizes, gained)
    lost = rng.binomial(np.asarray(design.sizes) - won, (discordance - gained) / (1 - gained))
    return won, lost
