"""The levels of a series: the stretches between its changes, each with its mean and what noise explains around it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import exp, fsum

from evals.history.noise import NoiseFloor
from evals.history.series import SeriesPoint


@dataclass(frozen=True, kw_only=True)
class Level:
    """Hold one stretch of a series, from its first point to its last.

    mean: of its n points, in the metric's unit. low, high: how far one measurement may stray from it by noise alone
    (one standard deviation of repeats either way); None while the noise is unknown.
    """

    first_at: datetime
    last_at: datetime
    mean: float
    n: int
    low: float | None
    high: float | None


def levels_of(points: Sequence[SeriesPoint], starts: Sequence[datetime], noise: NoiseFloor | None) -> list[Level]:
    """Return the levels of a series' points, oldest first; starts: when the first point of each new level was taken."""
    places = sorted(starts)
    stretches = groupby(points, key=lambda point: bisect_right(places, point.finished_at))
    return [_level(tuple(stretch), noise) for _, stretch in stretches]


def _level(points: Sequence[SeriesPoint], noise: NoiseFloor | None) -> Level:
    mean = fsum(point.value for point in points) / len(points)
    low, high = _around(mean, noise) if noise else (None, None)
    return Level(
        first_at=points[0].finished_at, last_at=points[-1].finished_at, mean=mean, n=len(points), low=low, high=high
    )


def _around(mean: float, noise: NoiseFloor) -> tuple[float, float]:
    if noise.relative:
        return mean * exp(-noise.deviation), mean * exp(noise.deviation)
    return mean - noise.deviation, mean + noise.deviation
