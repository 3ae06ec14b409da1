"""Wilson's score interval for one proportion."""

from __future__ import annotations

from math import sqrt

from evals.statistics.interval import CONFIDENCE, Interval, two_sided_z


def wilson_interval(successes: float, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Return the score interval of `successes / n`.

    `successes` may be a sum of real values in [0, 1]: their variance is at most p(1 - p), so that the
    interval is then conservative. Over a range of true shares it holds 95 % of them; at single ones very near 0 and 1
    (about 1 - 0.18 / n) it falls to 84 %: it is shown of one side and decides nothing. Raises ValueError unless
    n >= 1 and 0 <= successes <= n.
    Source: Wilson (1927), JASA 22:209-212; recommended by Brown, Cai and DasGupta (2001), Statist. Sci. 16:101-133.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"a proportion needs 0 <= successes <= n and n >= 1, not {successes} of {n}")
    z2 = two_sided_z(confidence) ** 2
    share = successes / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # At the ends centre and half are equal on paper but not in floating point.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(low=low, high=high)
