"""How often change points are found where there are none, and where there is one: `python -m benchmarks.change_points`.

Series of 60 points, of many kinds of noise with the same standard deviation; every draw is seeded.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from otava.analysis import compute_change_points

from evals.statistics.changes import LEAST_POINTS, LEVEL, find_changes

Series = NDArray[np.float64]

POINTS = 60
STEPS = (1.0, 1.5, 2.0, 3.0, 4.0)
"""Sizes of steps in standard deviations of the noise."""

_SEED = 20261125
_ITEMS = 1319
_SHARE = 0.8
_MODES = (0.5, 0.7, 0.8, 0.9)
_NEAR = 2
_EDGE = 10


def _outliers(draw: np.random.Generator) -> Series:
    values = draw.normal(size=POINTS)
    wild = draw.random(POINTS) < 0.05
    return values + wild * draw.exponential(5.0, POINTS)


def _autocorrelated(draw: np.random.Generator) -> Series:
    values = draw.normal(size=POINTS + 50)
    for place in range(1, len(values)):
        values[place] = 0.3 * values[place - 1] + np.sqrt(1 - 0.3**2) * values[place]
    return np.asarray(values[50:])


def _two_modes(share: float) -> Callable[[np.random.Generator], Series]:
    """Return noise that lies at one of two levels, thirty times as far apart as either is wide."""
    scale = np.sqrt(1 + 30**2 * share * (1 - share))
    return lambda draw: (draw.normal(size=POINTS) + 30 * ((draw.random(POINTS) >= share) - (1 - share))) / scale


NOISES: dict[str, Callable[[np.random.Generator], Series]] = {
    "normal": lambda draw: draw.normal(size=POINTS),
    f"shares of {_ITEMS} items": lambda draw: (
        (draw.binomial(_ITEMS, _SHARE, POINTS) / _ITEMS - _SHARE) / np.sqrt(_SHARE * (1 - _SHARE) / _ITEMS)
    ),
    "double exponential": lambda draw: draw.laplace(0.0, 1 / np.sqrt(2), POINTS),
    "Student's t, 3 degrees": lambda draw: draw.standard_t(3, POINTS) / np.sqrt(3),
    "normal, 5 % slow outliers": _outliers,
    "normal, autocorrelation 0.3": _autocorrelated,
    **{f"two modes, {100 * share:.0f} % and {100 - 100 * share:.0f} %": _two_modes(share) for share in _MODES},
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """Count series: with a step found near its place, with a further change, and with the size inside its interval."""

    near: int
    more: int
    covered: int


def flat(noise: str, series: int, *, minimal: float) -> tuple[int, int]:
    """Return how many flat series have a change: by our test, and by otava at its own p value of 0.001."""
    draw = np.random.default_rng(_SEED)
    ours = theirs = 0
    for _ in range(series):
        values = [float(value) for value in NOISES[noise](draw)]
        ours += bool(find_changes(values, minimal=minimal))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found, _ = compute_change_points(values, window_len=2 * POINTS, max_pvalue=0.001)
        theirs += any(abs(point.stats.mean_2 - point.stats.mean_1) >= minimal for point in found)
    return ours, theirs


def stepped(noise: str, size: float, series: int) -> Found:
    """Return what became of series with one step of a size, its place drawn from all but ten points at either end."""
    draw = np.random.default_rng(_SEED + 1)
    near = more = covered = 0
    for _ in range(series):
        at = int(draw.integers(_EDGE, POINTS - _EDGE + 1))
        values = NOISES[noise](draw)
        values[at:] += size
        found = find_changes([float(value) for value in values], minimal=0.0)
        hits = [one for one in found if abs(one.index - at) <= _NEAR]
        near += bool(hits)
        more += len(found) > 1
        covered += any(one.interval.low <= size <= one.interval.high for one in hits)
    return Found(near=near, more=more, covered=covered)


def fresh(size: float, series: int) -> dict[int, float]:
    """Return the share of normal series whose step of a size is found when so many points lie after it."""
    shares = {}
    for after in (LEAST_POINTS, LEAST_POINTS + 1, 5, 7, 10):
        draw = np.random.default_rng(_SEED + 2)
        hits = 0
        for _ in range(series):
            values = draw.normal(size=POINTS)
            values[POINTS - after :] += size
            found = find_changes([float(value) for value in values], minimal=0.0)
            hits += any(abs(one.index - (POINTS - after)) <= _NEAR for one in found)
        shares[after] = hits / series
    return shares


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flat", type=int, default=2000, help="flat series of each noise")
    parser.add_argument("--steps", type=int, default=400, help="series for each noise and step")
    options = parser.parse_args()
    print(f"{options.flat} flat series of {POINTS} points, level {LEVEL}: share with a change\n")
    print("| noise | any size | at least 1.5 deviations | otava, p 0.001, any size |\n|---|---|---|---|")
    for noise in NOISES:
        ours, theirs = flat(noise, options.flat, minimal=0.0)
        relevant, _ = flat(noise, options.flat, minimal=1.5)
        shares = (f"{100 * count / options.flat:.2f} %" for count in (ours, relevant, theirs))
        print(f"| {noise} | {' | '.join(shares)} |", flush=True)
    print(f"\n{options.steps} series with a step: share found within {_NEAR} points\n")
    print("| noise |" + "".join(f" {size:g} σ |" for size in STEPS) + " further change | size inside its interval |")
    print("|---|" + "---|" * (len(STEPS) + 2))
    for noise in NOISES:
        found = [stepped(noise, size, options.steps) for size in STEPS]
        near = [f"{100 * one.near / options.steps:.0f} %" for one in found]
        more = max(one.more for one in found) / options.steps
        covered = found[-1].covered / max(found[-1].near, 1)
        print(f"| {noise} | {' | '.join(near)} | {100 * more:.1f} % | {100 * covered:.0f} % |", flush=True)
    print("\nA step just taken, normal noise: share found with so many points after it\n")
    for size in (3.0, 4.0, 5.0):
        found = fresh(size, options.steps)
        print(f"{size:g} σ: " + ", ".join(f"{after} points {100 * share:.0f} %" for after, share in found.items()))


if __name__ == "__main__":
    main()
