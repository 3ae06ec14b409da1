"""Student's t interval for the mean of real values, and of paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import stdev

from evals.statistics.interval import CONFIDENCE, Interval, two_sided_z


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean of at least one value, summed without rounding error."""
    return fsum(values) / len(values)


def t_interval(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's interval of the mean; None for fewer than two values or when all are equal.

    Equal values give a deviation of zero, and with it an interval of no width that would claim certainty.
    Source: Student (1908), Biometrika 6:1-25.
    """
    if len(values) < 2 or min(values) == max(values):
        return None
    # Imported here because scipy costs a third of a second and shares never need it.
    from scipy.special import stdtrit

    centre = mean(values)
    half = float(stdtrit(len(values) - 1, 0.5 + confidence / 2)) * stdev(values) / sqrt(len(values))
    return Interval(low=centre - half, high=centre + half)


def paired_mean_interval(
    differences: Sequence[float], *, span: float | None = None, confidence: float = CONFIDENCE
) -> Interval | None:
    """Return the interval of the mean paired difference; None where the data cannot give one.

    span: the width of the metric's range (1 for shares), None if unbounded. When no item differs at all, a bounded
    metric still has an interval: up to z^2 / (n + z^2) of the items may differ unseen (Wilson's upper limit of
    0 out of n), each by at most the span.
    """
    interval = t_interval(differences, confidence=confidence)
    if interval is not None or span is None or not differences or any(differences):
        return interval
    z2 = two_sided_z(confidence) ** 2
    reach = span * z2 / (len(differences) + z2)
    return Interval(low=-reach, high=reach)
