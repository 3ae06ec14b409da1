"""The ratio of two sides over rounds, with its interval, and what a margin says to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, isfinite, log

from evals.metrics import Direction, Metric
from evals.outcome import Verdict
from evals.statistics.bootstrap import bootstrap_interval
from evals.statistics.interval import Interval, two_sided_z
from evals.statistics.means import mean, t_interval

_SENSELESS = log(1e6)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Hold the geometric mean of ratios with its interval; None where they cannot give one."""

    value: float
    interval: Interval | None


def logs_of(candidate: Sequence[float | None], baseline: Sequence[float | None]) -> list[float] | None:
    """Return the logarithm of each round's ratio; None when a value is not known or not above zero."""
    pairs = list(zip(candidate, baseline, strict=True))
    known = [(ours, theirs) for ours, theirs in pairs if ours and theirs and min(ours, theirs) > 0]
    if not pairs or len(known) < len(pairs) or not all(isfinite(ours + theirs) for ours, theirs in known):
        return None
    return [log(ours / theirs) for ours, theirs in known]


def estimate(logs: Sequence[float], confidence: float, *, unseen: float = 0.0) -> Estimate:
    """Return the geometric mean of at least one round's ratio, with Student's interval of the mean logarithm.

    A round is the unit: its two passes share what the machine did at that time. The interval holds what differs from
    round to round: prompts, the machine's state and, where servers are launched in turn, launches. Where both servers
    stay up, all rounds share one launch of each; `unseen`, the standard deviation of what differs from launch to
    launch, then widens the interval. What drifts
    through a block widens the interval, because it parts the block's two rounds, but moves the mean hardly (see
    `evals.duel.order`).
    """
    found = t_interval(logs, confidence=confidence)
    if found is None:
        return Estimate(value=exp(mean(logs)), interval=None)
    # However often one looks, the launches are drawn once: their share of the width needs no correction.
    half, centre = hypot((found.high - found.low) / 2, two_sided_z() * unseen), mean(logs)
    return Estimate(value=exp(centre), interval=Interval(low=exp(centre - half), high=exp(centre + half)))


def bootstrap(logs: Sequence[float], confidence: float) -> Interval | None:
    """Return the bootstrap interval of the geometric mean, which stands beside Student's and decides nothing.

    None where there is none, or where it tells nothing: no ratio is a million.
    """
    found = bootstrap_interval(logs, confidence=confidence)
    if found is None or max(-found.low, found.high) > _SENSELESS:
        return None
    return Interval(low=exp(found.low), high=exp(found.high))


def limit_of(metric: Metric, margin: float) -> float:
    """Return what a ratio must keep: 0.95 for a rate that may drop by 5 %, 1.05 for a latency."""
    return 1 - margin if metric.direction is Direction.HIGHER else 1 + margin


def verdict_of(metric: Metric, interval: Interval | None, margin: float) -> Verdict:
    """Return pass when the whole interval keeps the limit, fail when none of it does, else inconclusive.

    A change fails when it is significant and relevant: surely there, and surely beyond the margin.
    """
    if interval is None:
        return Verdict.INCONCLUSIVE
    limit = limit_of(metric, margin)
    if metric.direction is Direction.HIGHER:
        return _verdict(passes=interval.low >= limit, fails=interval.high < limit)
    return _verdict(passes=interval.high <= limit, fails=interval.low > limit)


def _verdict(*, passes: bool, fails: bool) -> Verdict:
    return Verdict.PASS if passes else Verdict.FAIL if fails else Verdict.INCONCLUSIVE
