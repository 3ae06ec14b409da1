"""The interval that every statistic here returns, and the normal quantiles behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
POWER = 0.80
_PRECISION = 1e-13


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Hold a two-sided confidence interval."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """Return high minus low."""
        return self.high - self.low

    def mirrored(self) -> Interval:
        """Return the interval of the negated quantity."""
        return Interval(low=-self.high, high=-self.low)


def two_sided_z(confidence: float = CONFIDENCE) -> float:
    """Return the standard normal quantile that a two-sided interval of this confidence uses (1.96 for 0.95)."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def bisect(is_left_of_root: Callable[[float], bool], low: float, high: float) -> float:
    """Return the point of [low, high] where the predicate turns from True to False."""
    while high - low > _PRECISION:
        middle = (low + high) / 2
        if is_left_of_root(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
