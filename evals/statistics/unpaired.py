"""The difference of two estimates that share no items: Newcombe's hybrid of each one's own interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import hypot, inf
from statistics import NormalDist

from evals.statistics.evidence import Evidence
from evals.statistics.interval import CONFIDENCE, Interval, bisect, two_sided_z
from evals.statistics.means import mean, t_interval
from evals.statistics.proportions import wilson_interval

Estimate = tuple[float, Callable[[float], Interval]]
"""A value, and its interval at a confidence."""

_FARTHEST = 8.0
"""Beyond so many standard errors a confidence is 1 in floating point; p values end at 6e-16."""


def of_share(successes: float, n: int) -> Estimate:
    """Return a share with Wilson's interval; see `wilson_interval` for errors."""
    return successes / n, lambda confidence: wilson_interval(successes, n, confidence=confidence)


def of_values(values: Sequence[float]) -> Estimate | None:
    """Return the mean of real values with Student's interval; None when they have none (`t_interval`)."""
    if t_interval(values) is None:
        return None
    return mean(values), lambda confidence: t_interval(values, confidence=confidence) or Interval(low=-inf, high=inf)


def with_error(value: float, error: float) -> Estimate:
    """Return a value whose standard error is known, with the normal interval; raise ValueError for a negative error."""
    if error < 0:
        raise ValueError(f"a standard error of {error} is negative")

    def interval(confidence: float) -> Interval:
        half = two_sided_z(confidence) * error
        return Interval(low=value - half, high=value + half)

    return value, interval


def hybrid_interval(candidate: Estimate, baseline: Estimate, *, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of candidate minus baseline, two independent estimates.

    Each end takes the distance to that end of each estimate's own interval, and adds them like standard errors; of two
    shares with Wilson's intervals this is Newcombe's. Sources: Newcombe (1998), Statistics in Medicine 17:873-890,
    method 10; for other estimates Zou and Donner (2008), Statistics in Medicine 27:1693-1702.
    """
    (ours, our_interval), (theirs, their_interval) = candidate, baseline
    own, other = our_interval(confidence), their_interval(confidence)
    difference = ours - theirs
    return Interval(
        low=difference - hypot(ours - own.low, other.high - theirs),
        high=difference + hypot(own.high - ours, theirs - other.low),
    )


def unpaired_evidence(
    candidate: Estimate, baseline: Estimate, margin: float, *, higher_is_better: bool, confidence: float = CONFIDENCE
) -> Evidence:
    """Judge the gain of candidate over baseline; the p values are the errors at which the interval ends at -margin."""

    def gain(level: float) -> Interval:
        found = hybrid_interval(candidate, baseline, confidence=level)
        return found if higher_is_better else found.mirrored()

    p_pass = _error_at(lambda level: gain(level).low, lambda level: gain(level).high, -margin)
    return Evidence(interval=gain(confidence), p_pass=p_pass, p_fail=1 - p_pass if p_pass < 1 else 0.0)


def _error_at(low: Callable[[float], float], high: Callable[[float], float], bound: float) -> float:
    """Return the one-sided p value of `bound` or less: the tail beyond the end that reaches it."""

    def level(z: float) -> float:
        return 2 * NormalDist().cdf(z) - 1

    if low(level(0.0)) > bound:
        return NormalDist().cdf(-bisect(lambda z: low(level(z)) > bound, 0.0, _FARTHEST))
    return NormalDist().cdf(bisect(lambda z: high(level(z)) < bound, 0.0, _FARTHEST))
