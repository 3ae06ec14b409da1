"""What a number of items can decide: the detectable drop and the items needed, for shares and for means."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

from evals.statistics.interval import CONFIDENCE, POWER, bisect, two_sided_z
from evals.statistics.paired import score_variance

_EQUAL = 1e-9
"""A distance from the margin at which no number of items that anybody has decides."""


def detectable_drop(
    n: int, discordance: float, *, margin: float = 0.0, power: float = POWER, confidence: float = CONFIDENCE
) -> float | None:
    """Return the smallest true drop, a share, that n pairs fail (interval wholly below -margin) with this power.

    discordance: the observed share of items that one side alone got right; a drop above it must raise it to itself.
    None when n = 0 or when no drop at all would be failed often enough.
    Formula: sqrt(n) (drop - margin) = z_a sqrt(v0) + z_b sqrt(v1), with v1 = discordance - drop^2 and v0 the score
    test's variance at -margin. For margin 0, v0 = discordance: Connor (1987), Biometrics 43:207-211. With a margin:
    Liu, Hsueh, Hsieh and Chen (2002), Statistics in Medicine 21:231-245.
    """

    def too_seldom(drop: float) -> bool:
        return power_to_fail(drop, n, discordance, margin=margin, confidence=confidence) < power

    return None if too_seldom(1.0) else bisect(too_seldom, margin, 1.0)


def power_to_fail(
    drop: float, n: int, discordance: float, *, margin: float = 0.0, confidence: float = CONFIDENCE
) -> float:
    """Return the probability that n pairs put the whole interval below -margin when `drop` is true."""
    discordance = max(discordance, drop)
    null = score_variance((discordance - drop) / 2, (discordance + drop) / 2, 1.0, -margin)
    actual = discordance - drop * drop
    distance = sqrt(n) * (drop - margin) - two_sided_z(confidence) * sqrt(max(null, 0.0))
    if actual <= 0:
        return 1.0 if distance > 0 else 0.0
    return NormalDist().cdf(distance / sqrt(actual))


def items_needed(
    margin: float,
    discordance: float,
    *,
    difference: float = 0.0,
    power: float = POWER,
    confidence: float = CONFIDENCE,
) -> int | None:
    """Return how many items decide against -margin, with this power, when `difference` is the true one.

    They pass it when it lies above -margin and fail it when below; None when it equals -margin, where no number does.
    The formula of `detectable_drop`, solved for n.
    """
    distance = abs(difference + margin)
    if distance < _EQUAL:
        return None
    discordance = max(discordance, abs(difference))
    null = score_variance((discordance + difference) / 2, (discordance - difference) / 2, 1.0, -margin)
    actual = max(discordance - difference * difference, 0.0)
    reach = two_sided_z(confidence) * sqrt(max(null, 0.0)) + NormalDist().inv_cdf(power) * sqrt(actual)
    return max(1, ceil((reach / distance) ** 2))


def detectable_mean_drop(
    n: int,
    deviation: float,
    *,
    margin: float = 0.0,
    span: float | None = None,
    power: float = POWER,
    confidence: float = CONFIDENCE,
) -> float | None:
    """Return the smallest true drop of a mean that n paired differences fail with this power; None when n < 2.

    deviation: the standard deviation of the paired differences, in the metric's unit. span: of a bounded metric, whose
    interval also leaves room for what was not drawn (`evals.statistics.bounded`). Normal approximation:
    margin + (z_a e + z_b deviation) / sqrt(n), with e^2 = deviation^2 + z_a^2 span^2 / n.
    """
    return None if n < 2 else margin + _mean_reach(1 / sqrt(n), deviation, span or 0.0, power, confidence)


def items_needed_for_mean(
    margin: float,
    deviation: float,
    *,
    difference: float = 0.0,
    span: float | None = None,
    power: float = POWER,
    confidence: float = CONFIDENCE,
) -> int | None:
    """Return how many paired differences decide against -margin when `difference` is the true mean; None at -margin."""
    distance = abs(difference + margin)
    if distance < _EQUAL:
        return None
    if not span:
        return max(2, ceil(_mean_reach(1.0, deviation, 0.0, power, confidence) ** 2 / distance**2))
    root = bisect(lambda x: _mean_reach(x, deviation, span, power, confidence) < distance, 0.0, 1.0)
    return max(2, ceil(1 / max(root, _EQUAL) ** 2 - _EQUAL))


def _mean_reach(root: float, deviation: float, span: float, power: float, confidence: float) -> float:
    """Return how far from the margin a mean of 1 / root^2 differences is decided with this power."""
    z = two_sided_z(confidence)
    return root * (z * sqrt(deviation**2 + (z * span * root) ** 2) + NormalDist().inv_cdf(power) * deviation)
