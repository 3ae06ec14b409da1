"""Student's t interval for the mean of real values."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import stdev

from evals.statistics.interval import CONFIDENCE, Interval

_ROUNDING = 1e-9
"""Values that differ by a smaller share of themselves are equal but for rounding."""


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean of at least one value, summed without rounding error."""
    return fsum(values) / len(values)


def t_interval(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's interval of the mean; None for fewer than two values or when all are equal but for rounding.

    Equal values give a deviation of zero, and with it an interval of no width that would claim certainty.
    Source: Student (1908), Biometrika 6:1-25.
    """
    if len(values) < 2 or max(values) - min(values) <= _ROUNDING * max(map(abs, values)):
        return None
    # Imported here because scipy costs a third of a second and shares never need it.
    from scipy.special import stdtrit

    centre = mean(values)
    half = float(stdtrit(len(values) - 1, 0.5 + confidence / 2)) * stdev(values) / sqrt(len(values))
    return Interval(low=centre - half, high=centre + half)
