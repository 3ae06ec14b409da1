"""The difference of two proportions measured on the same items: Tango's score interval and McNemar's exact test."""

from __future__ import annotations

from math import copysign, inf, sqrt

from evals.statistics.interval import CONFIDENCE, Interval, bisect, two_sided_z


def tango_interval(only_candidate: int, only_baseline: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Return the score interval of the paired difference (only_candidate - only_baseline) / n.

    only_candidate, only_baseline: items that this side alone got right; n: all pairs. The interval holds every
    difference that the score test does not reject; it stays within [-1, 1], and without a discordant pair it is
    +-z^2 / (n + z^2). Raises ValueError unless n >= 1 and the counts fit into n.
    Source: Tango (1998), Statistics in Medicine 17:891-908, equations for Z(delta) and the restricted estimate.
    """
    if n < 1 or min(only_candidate, only_baseline) < 0 or only_candidate + only_baseline > n:
        raise ValueError(f"{only_candidate} and {only_baseline} discordant pairs do not fit into {n} pairs")
    z = two_sided_z(confidence)
    observed = (only_candidate - only_baseline) / n

    def score(difference: float) -> float:
        return tango_z(only_candidate, only_baseline, n, difference)

    low = bisect(lambda x: score(x) > z, -1.0, observed)
    high = bisect(lambda x: score(x) > -z, observed, 1.0)
    return Interval(low=low, high=high)


def tango_z(only_candidate: float, only_baseline: float, n: float, difference: float) -> float:
    """Return the score statistic of a true difference: standard normal if it is true, positive if more was seen."""
    excess = only_candidate - only_baseline - n * difference
    variance = n * score_variance(only_candidate, only_baseline, n, difference)
    if variance <= 0:
        return copysign(inf, excess) if excess else 0.0
    return excess / sqrt(variance)


def score_variance(only_candidate: float, only_baseline: float, n: float, difference: float) -> float:
    """Return the variance of one pair's difference under the hypothesis that the true difference is `difference`.

    Counts with their n, or shares with n = 1. With q the restricted maximum-likelihood estimate of the share of
    pairs that the baseline alone gets right, it is 2q + difference (1 - difference); q is the larger root of
    a q^2 + b q + c.
    """
    a = 2 * n
    b = (2 * n - only_candidate + only_baseline) * difference - only_candidate - only_baseline
    c = -only_baseline * difference * (1 - difference)
    root = sqrt(max(b * b - 4 * a * c, 0.0))
    return (root - b) / a + difference * (1 - difference)


def mcnemar_exact_p(only_candidate: int, only_baseline: int) -> float:
    """Return the two-sided p value that both sides are equally good, from the discordant pairs alone.

    Twice the smaller binomial tail, at most 1; exactly 1 without a discordant pair.
    Source: McNemar (1947), Psychometrika 12:153-157, in its exact conditional form (Fagerland, Lydersen and
    Laake 2013, BMC Med. Res. Methodol. 13:91).
    """
    discordant = only_candidate + only_baseline
    # Integers until the last division: no rounding, no underflow of 2**-n.
    tail, ways = 0, 1
    for k in range(min(only_candidate, only_baseline) + 1):
        tail += ways
        ways = ways * (discordant - k) // (k + 1)
    return min(1.0, 2 * tail / (1 << discordant))
