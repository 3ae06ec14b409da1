"""Quantiles and means of latencies, each with the interval that its data allow.

An interval takes the requests of a pass as independent draws. Requests that share a queue are not quite, and passes
differ more than requests do: what decides is the comparison over rounds, not one pass's interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.statistics.interval import CONFIDENCE, two_sided_z
from evals.statistics.means import t_interval

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Hold a value with its two-sided 95 % interval; an end that the data cannot give is None."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Describe n values."""

    n: int
    mean: Figure
    p50: Figure
    p90: Figure
    p99: Figure
    most: float


def spread(values: Values) -> Spread | None:
    """Describe independent values; None when there is none.

    Quantiles are order statistics with order-statistic intervals, which assume nothing about the distribution
    (David and Nagaraja 2003, section 7.1).
    """
    if not len(values):
        return None
    ordered = np.sort(values)
    return Spread(
        n=len(ordered),
        mean=mean_figure(ordered),
        p50=_quantile(ordered, 0.5),
        p90=_quantile(ordered, 0.9),
        p99=_quantile(ordered, 0.99),
        most=float(ordered[-1]),
    )


def clustered_spread(groups: list[Values]) -> Spread | None:
    """Describe the values of all groups together, as n values of which those of one group are not independent.

    A request's gaps are such a group. Quantiles: Woodruff (1952), JASA 47:635-646, with the share of values below
    the quantile as a ratio over groups; the mean as such a ratio too (Cochran 1977, section 6.3).
    """
    groups = [group for group in groups if len(group)]
    if not groups:
        return None
    whole = np.concatenate(groups)
    ordered, sizes = np.sort(whole), np.array([len(group) for group in groups])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def quantile(share: float) -> Figure:
        value = float(_at(ordered, share))
        error = _ratio_error(np.add.reduceat(whole <= value, starts, dtype=np.float64), sizes, share)
        return Figure(value=value, low=_maybe_at(ordered, share, -error), high=_maybe_at(ordered, share, error))

    mean = float(whole.mean())
    error = _ratio_error(np.add.reduceat(whole, starts), sizes, mean)
    known = np.isfinite(error)
    return Spread(
        n=len(ordered),
        mean=Figure(value=mean, low=mean - error if known else None, high=mean + error if known else None),
        p50=quantile(0.5),
        p90=quantile(0.9),
        p99=quantile(0.99),
        most=float(ordered[-1]),
    )


def mean_figure(values: Values) -> Figure:
    """Return the mean of independent values with Student's interval."""
    interval = t_interval(values.tolist())
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return Figure(value=float(values.mean()), low=ends[0], high=ends[1])


def _quantile(ordered: Values, share: float) -> Figure:
    from scipy.special import bdtr

    n, tail = len(ordered), (1 - CONFIDENCE) / 2
    below = bdtr(np.arange(n + 1), n, share)  # the chance that at most k values lie below the true quantile
    low = int(np.searchsorted(below, tail)) - 1
    high = int(np.searchsorted(below, 1 - tail))
    return Figure(
        value=float(_at(ordered, share)),
        low=float(ordered[low]) if low >= 0 else None,
        high=float(ordered[high]) if high < n else None,
    )


def _at(ordered: Values, share: float) -> np.float64:
    """Return the smallest value that at least this share of all reaches."""
    place = int(np.ceil(share * len(ordered) - 1e-9)) - 1
    at: np.float64 = ordered[min(max(place, 0), len(ordered) - 1)]
    return at


def _maybe_at(ordered: Values, share: float, step: float) -> float | None:
    return float(_at(ordered, share + step)) if 0 < share + step < 1 else None


def _ratio_error(sums: Values, sizes: NDArray[np.int64], ratio: float) -> float:
    """Return half the interval of sum(sums) / sum(sizes) over independent groups; infinite for a single one."""
    n = len(sizes)
    if n < 2:
        return float("inf")
    rest = sums - ratio * sizes
    return float(two_sided_z() * np.sqrt(n / (n - 1) * np.sum(rest**2)) / np.sum(sizes))
