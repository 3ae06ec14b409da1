"""How often each interval holds the truth: 10,000 draws, each with a truth of its own out of a range."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from benchmarks.characteristics.designs import MMLU, MMMU, Counts, Design, counts
from benchmarks.characteristics.verdicts import evidence, of_counts
from evals.statistics.interval import Interval
from evals.statistics.means import t_interval
from evals.statistics.paired import tango_interval
from evals.statistics.proportions import wilson_interval
from evals.statistics.unpaired import hybrid_interval, of_share

WORDS = {(0.5, 0.9): "50 to 90 %", (0.9, 0.97): "90 to 97 %", (0.97, 1.0): "97 to 100 %"}
SIZES = (20, 50, 100, 198, 900, 1319)
UNEQUAL = (10, 10, 10, 10, 20, 20, 50, 100, 200, 600)
GROUPINGS = {
    "57, MMLU's": MMLU,
    "30 of 30": MMMU,
    "10 of 100": (100,) * 10,
    "10 of 10 to 600": UNEQUAL,
    "5 of 10 to 400": (10, 20, 30, 100, 400),
    "3 of 100": (100,) * 3,
    "2 of 100": (100,) * 2,
}


_NOTHING = Interval(low=1.0, high=-1.0)
"""The interval without any width of groups that do not depart from their mean: it counts as not holding the truth."""


class Row(NamedTuple):
    """What was covered: the interval, what was drawn, and how often it held the truth."""

    interval: str
    drawn: str
    covered: float


def rows(draws: int, seed: int) -> Iterator[Row]:
    """Return the coverage of every interval."""
    rng = np.random.default_rng([seed, 2])
    for n in SIZES:
        for span, words in WORDS.items():
            yield Row("Wilson", f"n = {n:,}, accuracy {words}", _wilson(n, span, draws, rng))
    for n in SIZES:
        for low, high in ((0.0, 0.02), (0.02, 0.08), (0.08, 0.3)):
            drawn = f"n = {n:,}, {100 * low:g} to {100 * high:g} % discordant"
            yield Row("Tango", drawn, _tango(n, low, high, draws, rng))
    for sizes in ((20, 20), (50, 50), (100, 100), (50, 1319), (1319, 1319)):
        for span, words in WORDS.items():
            drawn = f"n = {sizes[0]:,} and {sizes[1]:,}, both {words}"
            yield Row("Newcombe (unpaired)", drawn, _newcombe(*sizes, span, draws, rng))
    for n in (6, 20, 100):
        yield Row("Student's t", f"n = {n}, normal", _student(rng.normal(size=(draws, n)), 0.0))
        graded = (rng.binomial(4, 0.7, (draws, n)) - rng.binomial(4, 0.7, (draws, n))) / 4
        yield Row("Student's t", f"n = {n}, means of 4 answers to each item", _student(graded, 0.0))
    yield from _clusters(draws, seed)


def _share(draws: int, held: Callable[[int], bool]) -> float:
    return sum(held(draw) for draw in range(draws)) / draws


def _within(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def _wilson(n: int, span: tuple[float, float], draws: int, rng: np.random.Generator) -> float:
    truths = rng.uniform(*span, draws)
    seen = rng.binomial(n, truths)
    known = [wilson_interval(count, n) for count in range(n + 1)]
    return _share(draws, lambda draw: _within(known[seen[draw]], truths[draw]))


def _tango(n: int, low: float, high: float, draws: int, rng: np.random.Generator) -> float:
    discordance = rng.uniform(low, high, draws)
    truths = discordance * rng.uniform(-1, 1, draws)
    gained = (discordance + truths) / 2
    won = rng.binomial(n, gained)
    lost = rng.binomial(n - won, (discordance - gained) / (1 - gained))
    known = cache(tango_interval)
    return _share(draws, lambda draw: _within(known(int(won[draw]), int(lost[draw]), n), truths[draw]))


def _newcombe(n: int, m: int, span: tuple[float, float], draws: int, rng: np.random.Generator) -> float:
    ours, theirs = rng.uniform(*span, draws), rng.uniform(*span, draws)
    a, b = rng.binomial(n, ours), rng.binomial(m, theirs)
    return _share(
        draws,
        lambda draw: _within(hybrid_interval(of_share(a[draw], n), of_share(b[draw], m)), ours[draw] - theirs[draw]),
    )


def _student(values: np.ndarray, truth: float) -> float:
    found = [t_interval(row) for row in values.tolist()]
    # Equal values give no interval, and then no verdict: they are left out.
    given = [interval for interval in found if interval is not None]
    return sum(_within(interval, truth) for interval in given) / len(given)


def _clusters(draws: int, seed: int) -> Iterator[Row]:
    """Cover the mean difference of groups whose own true differences vary by 0, 1 and 3 points (deviation)."""
    for name, sizes in GROUPINGS.items():
        for deviation in (0.0, 0.01, 0.03):
            design = Design(name=name, sizes=sizes, margin=0.02, discordance=0.06, own=deviation * 3**0.5)
            won, lost = counts(design, draws, np.random.default_rng([seed, 3]))
            pairs = list(zip(won, lost, strict=True))
            drawn = f"groups: {name}, differing by {100 * deviation:g} pp"
            yield Row("items alone (Tango)", drawn, _held([_of_items(design, *pair) for pair in pairs]))
            yield Row("groups alone (CR1, t of G - 1)", drawn, _held([_cr1(design, *pair) for pair in pairs]))
            groups = [of_counts(design, *pair) for pair in pairs]
            yield Row("groups alone (CR2)", drawn, _held([one.interval if one else _NOTHING for one in groups]))
            yield Row("the wider decides", drawn, _held([evidence(design, *pair).interval for pair in pairs]))


def _held(intervals: list[Interval]) -> float:
    """Return how many intervals hold the true mean difference, 0."""
    return sum(_within(interval, 0.0) for interval in intervals) / len(intervals)


@cache
def _tango_of(won: int, lost: int, n: int) -> Interval:
    return tango_interval(won, lost, n)


def _of_items(design: Design, won: Counts, lost: Counts) -> Interval:
    return _tango_of(int(won.sum()), int(lost.sum()), design.n)


def _cr1(design: Design, won: Counts, lost: Counts) -> Interval:
    groups, centre = len(design.sizes), float((won - lost).sum() / design.n)
    sums = won - lost - np.asarray(design.sizes) * centre
    error = float(np.sqrt(groups / (groups - 1) * (sums**2).sum())) / design.n
    half = float(stdtrit(groups - 1, 0.975)) * error
    return Interval(low=centre - half, high=centre + half)


def table(draws: int, seed: int) -> list[str]:
    """Return the coverage of all intervals as a Markdown table."""
    lines = ["| interval of 95 % | drawn | held the truth |", "|---|---|---|"]
    return lines + [f"| {row.interval} | {row.drawn} | {100 * row.covered:.1f} % |" for row in rows(draws, seed)]
