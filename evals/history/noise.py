"""The noise floor of a series: how far repeats of the same code and settings are apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log, sqrt
from statistics import median

LEAST_REPEATS = 8
"""Repeats beyond the first of their group, over all groups; with fewer, a spread is a guess."""

_PAIRS_TO_DEVIATION = 0.6744897501960817 * sqrt(2)
"""The median distance of two draws from a normal distribution, in its standard deviations."""


@dataclass(frozen=True, kw_only=True)
class NoiseFloor:
    """Hold the robust standard deviation of one measurement around its level.

    deviation: in the metric's unit, or as a share of the level when `relative`. repeats: see LEAST_REPEATS.
    """

    deviation: float
    repeats: int
    relative: bool


def noise_floor(groups: Iterable[Sequence[float]], *, relative: bool) -> NoiseFloor | None:
    """Return the spread between repeats; None, unknown, for fewer than LEAST_REPEATS of them.

    groups: the values that one code, in one setup, gave again and again. It is the median distance between all pairs
    within groups, as a standard deviation: half of the pairs may be wild, and groups of two give no bias. Relative
    spreads are taken between logarithms; values that have none are left out.
    """
    kept = [_comparable(group, relative) for group in groups]
    repeats = sum(len(group) - 1 for group in kept if group)
    if repeats < LEAST_REPEATS:
        return None
    distances = [abs(one - other) for group in kept for one, other in combinations(group, 2)]
    return NoiseFloor(deviation=median(distances) / _PAIRS_TO_DEVIATION, repeats=repeats, relative=relative)


def _comparable(group: Sequence[float], relative: bool) -> list[float]:
    return [log(value) for value in group if value > 0] if relative else list(group)
