"""Judge errors against a measured noise floor: quantiles with intervals decide, the rest may only raise an alarm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evals.outcome import Verdict
from evals.parity.findings import ALL, Spread
from evals.parity.judging.bootstrap import quantile, ratio_intervals
from evals.parity.judging.pairing import Floats
from evals.parity.judging.positions import Positions
from evals.parity.judging.tolerance import LEAST_FLOOR
from evals.statistics.interval import Interval

DECIDING = {"p50": 0.50, "p90": 0.90, "p99": 0.99}

RARE = 0.999
GROUP_ALARM = 2.0
"""A kind of prompts is clearly beyond when its p50 or p90 is this many times the factor, and the tail of all positions
when p99.9 is. Chance does not lift a correct model's there, and a fault of ten floors lies above it
(benchmarks/parity_judge.py)."""

PROMPT_ALARM = 3.0
"""The same for one prompt, of which there are many that chance could lift."""


LARGEST_ALARM = 5.0
"""The same for the largest error of all, which varies most where tails are long."""

LEAST_POSITIONS = {"p50": 30, "p90": 100, "p99.9": 5000}
LEAST_OF_A_PROMPT = {"p50": 60, "p90": 300}
LEAST_OWNERS = 2
"""Quantiles of fewer positions (p99.9: of all), or of one prompt as a group, say too little for an alarm; the largest
error watches."""


def against_floor(positions: Positions, factor: float, seed: int) -> tuple[Spread, ...]:
    """Return the spreads of n >= 1 positions that have a floor; those with a verdict decide, the others are shown."""
    intervals = ratio_intervals(
        positions.error, _floor(positions), positions.owner, list(DECIDING.values()), least=LEAST_FLOOR, seed=seed
    )
    deciding = [
        _spread(positions, name, ALL, share, limit=factor, interval=interval, verdict=_verdict(interval, factor))
        for (name, share), interval in zip(DECIDING.items(), intervals, strict=True)
    ]
    groups = positions.groups()
    return (
        *deciding,
        _alarm(_spread(positions, "p99.9", ALL, RARE, limit=_tail_limit(positions, factor))),
        _alarm(_spread(positions, "max", ALL, 1.0, limit=LARGEST_ALARM * factor)),
        _mean(positions),
        *(spread for group in groups if len(groups) > 1 for spread in _group(positions.of_group(group), group, factor)),
        *(
            _clear_alarm(one, name, prompt, PROMPT_ALARM * factor, factor)
            for name, least in LEAST_OF_A_PROMPT.items()
            for prompt, one in positions.worst_prompt(DECIDING[name], least)
        ),
    )


def _verdict(interval: Interval | None, factor: float) -> Verdict:
    if interval is None:
        return Verdict.INCONCLUSIVE
    if interval.high <= factor:
        return Verdict.PASS
    return Verdict.FAIL if interval.low > factor else Verdict.INCONCLUSIVE


def _group(positions: Positions, group: str, factor: float) -> tuple[Spread, ...]:
    several = positions.asked() >= LEAST_OWNERS
    limits = {
        name: GROUP_ALARM * factor if several and len(positions) >= least else None
        for name, least in LEAST_POSITIONS.items()
        if name in DECIDING
    }
    return (
        *(_clear_alarm(positions, name, group, limit, factor) for name, limit in limits.items()),
        _spread(positions, "max", group, 1.0),
    )


def _tail_limit(positions: Positions, factor: float) -> float | None:
    """Return the limit of the tail; None where it would be the second largest error or the third."""
    return GROUP_ALARM * factor if len(positions) >= LEAST_POSITIONS["p99.9"] else None


def _clear_alarm(positions: Positions, name: str, group: str, limit: float | None, factor: float) -> Spread:
    """Raise an alarm over few positions only where the typical position is beyond the factor too.

    Errors of greedy tokens span six orders of magnitude, because those of sure tokens vanish: a few positions more on
    one side of the gap then move a quantile by any factor. Position by position the magnitudes cancel.
    """
    spread = _alarm(_spread(positions, name, group, DECIDING[name], limit=limit))
    if spread.verdict is Verdict.FAIL and _typical_ratio(positions, DECIDING[name]) <= factor:
        return replace(spread, verdict=Verdict.PASS)
    return spread


def _typical_ratio(positions: Positions, share: float) -> float:
    """Return the median over positions of error over floor: of all for p50, of the larger ones for p90.

    Which are larger is told by the larger of both, so that neither side is favoured.
    """
    error, floor = (np.maximum(values, LEAST_FLOOR) for values in (positions.error, _floor(positions)))
    larger = np.maximum(error, floor)
    chosen = larger >= quantile(larger, max(0.0, 2 * share - 1))
    return float(np.median(error[chosen] / floor[chosen]))


def _alarm(spread: Spread) -> Spread:
    if spread.limit is None or spread.ratio is None:
        return spread
    return replace(spread, verdict=Verdict.FAIL if spread.ratio > spread.limit else Verdict.PASS)


def _mean(positions: Positions) -> Spread:
    return _made(positions, "mean", ALL, float(positions.error.mean()), float(_floor(positions).mean()))


def _spread(
    positions: Positions,
    name: str,
    group: str,
    share: float,
    *,
    limit: float | None = None,
    interval: Interval | None = None,
    verdict: Verdict | None = None,
) -> Spread:
    error, floor = quantile(positions.error, share), quantile(_floor(positions), share)
    made = _made(positions, name, group, error, floor)
    low, high = (interval.low, interval.high) if interval else (None, None)
    return replace(made, low=low, high=high, limit=limit, verdict=verdict)


def _made(positions: Positions, name: str, group: str, error: float, floor: float) -> Spread:
    return Spread(
        name=name,
        group=group,
        error=error,
        floor=floor,
        ratio=error / max(floor, LEAST_FLOOR),
        n=len(positions),
        prompts=positions.asked(),
    )


def _floor(positions: Positions) -> Floats:
    if positions.floor is None:
        raise ValueError("these positions have no noise floor")
    return positions.floor
