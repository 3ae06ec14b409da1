"""Change points of a series: E-divisive proposes where a level may have changed, a corrected test decides."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import fsum, inf, sqrt
from statistics import median

from evals.errors import PlumblineError
from evals.statistics.interval import CONFIDENCE, Interval

LEVEL = 0.0002
"""The chance that a flat series of any length shows a change, when its noise is independent and not wild."""

LEAST_POINTS = 3
"""The least number of points on either side of a change: fewer are a spike, or not yet a level."""

_SPIKE = 3.0
_MOST_SPIKES = 2
_MAD_TO_DEVIATION = 1.4826  # of a normal distribution

_WHOLE = 0.05
"""The corrected p value that a change needs with all its spikes, beside `level` with them drawn in."""

_PROPOSALS = 0.05
"""E-divisive proposes generously, since the test below decides."""


class NoChangeAnalysisError(PlumblineError):
    """The library with E-divisive is not installed."""

    code = "no_change_analysis"


@dataclass(frozen=True, kw_only=True)
class Change:
    """Describe a change of level at the point `index`, the first one that belongs to the new level.

    before, after: the means of the points between this change and its neighbours, over n_before and n_after points.
    size: after minus before, with a 95 % interval that takes the place of the change as known. p: two-sided, times
    the number of places that it was chosen from.
    """

    index: int
    before: float
    after: float
    n_before: int
    n_after: int
    size: float
    interval: Interval
    p: float


def find_changes(
    values: Sequence[float], *, minimal: float, relative: bool = False, level: float = LEVEL
) -> tuple[Change, ...]:
    """Return the changes of a series that are significant and relevant, in the order of their places.

    minimal: the least size that matters, in the values' unit, or as a share of the level before when `relative`.
    Raises NoChangeAnalysisError without apache-otava. The proposals are E-divisive's, Matteson and James (2014), JASA
    109:334-345, with t tests as in Fleming et al. (2023), ICPE, as apache-otava computes them. It tests the best of
    many places as if it had been the only one, and with deviations over n instead of n - 1, so that flat series of 60
    points show changes far more often than its p value says (benchmarks/change_points.py). Here each place is moved to
    where two levels fit best, spikes are drawn in, a pooled t test is corrected for the number of places (Bonferroni),
    and the weakest change is dropped until all that are left hold.
    """
    if len(values) < 2 * LEAST_POINTS:
        return ()
    places = [place for place in _proposals(values) if LEAST_POINTS <= place <= len(values) - LEAST_POINTS]
    while places:
        places = _settled(values, places)
        changes = _between(values, places)
        weak = [one for one in changes if not _holds(one, minimal, relative, level)]
        if not weak:
            return changes
        places.remove(max(weak, key=lambda one: (one.p, -abs(one.size))).index)
    return ()


def _proposals(values: Sequence[float]) -> list[int]:
    """Return where E-divisive would split the series.

    One window holds the whole series, so that each level is judged by all of its points. A list, because otava 0.8.0
    cuts no window out of an array and then shifts what it finds there.
    """
    try:
        from otava.analysis import split
    except ImportError:
        raise NoChangeAnalysisError(
            "change points need apache-otava, which is not installed here",
            remedy="run: pip install --no-deps apache-otava==0.8.0",
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # levels without any noise divide by zero, which the test below allows for
        found = split([float(value) for value in values], window_len=2 * len(values), max_pvalue=_PROPOSALS)
    return [int(one.index) for one in found]


def _settled(values: Sequence[float], places: Sequence[int]) -> list[int]:
    """Move each place to where the two levels around it fit best, between its neighbours."""
    edges = [0, *places, len(values)]
    for at in range(1, len(edges) - 1):
        start, place, end = edges[at - 1 : at + 2]
        left, right = _clipped(values[start:place], values[place:end])
        edges[at] = start + _best_split([*left, *right], place - start)
    return edges[1:-1]


def _best_split(values: Sequence[float], place: int) -> int:
    """Return how many values belong to the first of two levels, by least squares; `place` where too few allow none."""
    total, sums = len(values), list(accumulate(values))

    def gain(split: int) -> float:
        return (sums[split - 1] - sums[-1] * split / total) ** 2 / (split * (total - split))

    return max(range(LEAST_POINTS, total - LEAST_POINTS + 1), key=gain, default=place)


def _between(values: Sequence[float], places: Sequence[int]) -> tuple[Change, ...]:
    edges = [0, *places, len(values)]
    return tuple(
        _change(values[start:place], values[place:end], place, len(values))
        for start, place, end in zip(edges, edges[1:], edges[2:], strict=False)
    )


def _change(left: Sequence[float], right: Sequence[float], place: int, total: int) -> Change:
    from scipy.special import stdtrit

    whole = _pooled(left, right)
    left, right = _clipped(left, right)
    before, size, error, p = _pooled(left, right)
    freedom = len(left) + len(right) - 2
    half = float(stdtrit(freedom, 0.5 + CONFIDENCE / 2)) * error if freedom else inf
    # What only holds without its wildest points is a chance cluster of a second mode, not a level.
    p = max(p, whole[-1]) if whole[-1] * (total - 1) > _WHOLE else p
    return Change(
        index=place,
        before=before,
        after=before + size,
        n_before=len(left),
        n_after=len(right),
        size=size,
        interval=Interval(low=size - half, high=size + half),
        p=min(1.0, p * (total - 1)),
    )


def _pooled(left: Sequence[float], right: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the first mean, how much larger the second is, that difference's error, and its p value by pooled t."""
    from scipy.special import stdtr

    before, after = fsum(left) / len(left), fsum(right) / len(right)
    size, freedom = after - before, len(left) + len(right) - 2
    squares = fsum((value - before) ** 2 for value in left) + fsum((value - after) ** 2 for value in right)
    error = sqrt(squares / freedom * (1 / len(left) + 1 / len(right))) if freedom else inf
    p = 2 * float(stdtr(freedom, -abs(size) / error)) if error and freedom else float(size == 0 or not freedom)
    return before, size, error, p


def _clipped(left: Sequence[float], right: Sequence[float]) -> tuple[list[float], list[float]]:
    """Draw spikes in to three robust deviations around the median of their own side, but no more than a few of each.

    Noise of two modes would otherwise lose the rarer one on each side, and with it nearly all of its spread.
    """
    middles = median(left), median(right)
    away = [[abs(value - middle) for value in side] for side, middle in zip((left, right), middles, strict=True)]
    reach = _SPIKE * deviation if (deviation := _MAD_TO_DEVIATION * median([*away[0], *away[1]])) else inf
    first, second = (
        _drawn_in(side, middle, max(reach, sorted(apart)[-_MOST_SPIKES - 1 :][0]))
        for side, middle, apart in zip((left, right), middles, away, strict=True)
    )
    return first, second


def _drawn_in(side: Sequence[float], middle: float, reach: float) -> list[float]:
    return [min(max(value, middle - reach), middle + reach) for value in side]


def _holds(change: Change, minimal: float, relative: bool, level: float) -> bool:
    least = minimal * abs(change.before) if relative else minimal
    fits = min(change.n_before, change.n_after) >= LEAST_POINTS
    return fits and change.p <= level and abs(change.size) >= least
