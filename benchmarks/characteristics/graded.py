"""Scores between 0 and 1, as several answers to each item give them: what Student's t alone passes, and what we do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evals.statistics.bounded import bounded_mean
from evals.statistics.means import t_interval

ANSWERS = 4
"""To each item, by either side."""

DESIGNS = (
    (100, 0.03, 0.03, 0.05),
    (198, 0.02, 0.02, 0.03),
    (100, 0.05, 0.05, 0.05),
    (1319, 0.02, 0.02, 0.20),
    (198, 0.0, 0.02, 0.05),
    (198, 0.0, 0.03, 0.20),
    (198, 0.0, 0.05, 0.20),
    (1319, 0.0, 0.01, 0.05),
    (1319, 0.0, 0.01, 0.20),
)
"""Items, the share that the candidate loses wholly, the margin, and the share that either side answers by chance."""


def table(draws: int, seed: int) -> Iterator[str]:
    """Yield a table: a pass is wrong where the loss equals the margin, in at most 2.5 %."""
    yield "| items | lost wholly | margin | by chance | passed by Student's t alone | passed |"
    yield "|---|---|---|---|---|---|"
    for place, (n, lost, margin, chance) in enumerate(DESIGNS):
        rng = np.random.default_rng([seed, place])
        alone = both = 0
        for _ in range(draws):
            values = _drawn(rng, n, lost, chance)
            seen = t_interval(values)
            room = bounded_mean(values, 1.0).interval().low > -margin
            by_t = room if seen is None else seen.low > -margin
            alone, both = alone + by_t, both + (by_t and room)
        shares = " | ".join(f"{100 * count / draws:.1f} %" for count in (alone, both))
        yield f"| {n:,} | {100 * lost:g} % | {100 * margin:g} pp | {100 * chance:g} % | {shares} |"


def _drawn(rng: np.random.Generator, n: int, lost: float, chance: float) -> list[float]:
    kinds = rng.random(n)
    guessed = (rng.binomial(ANSWERS, 0.5, n) - rng.binomial(ANSWERS, 0.5, n)) / ANSWERS
    values: list[float] = np.where(kinds < lost, -1.0, np.where(kinds < lost + chance, guessed, 0.0)).tolist()
    return values
