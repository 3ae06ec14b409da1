"""Tango's interval against published figures and a direct maximisation."""

from __future__ import annotations

from fractions import Fraction
from math import comb, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq, minimize_scalar
from statsmodels.stats import contingency_tables

from evals.statistics.interval import two_sided_z
from evals.statistics.paired import mcnemar_exact_p, tango_interval


@st.composite
def discordant_pairs(draw: st.DrawFn, most: int = 2000) -> tuple[int, int, int]:
    n = draw(st.integers(1, most))
    only_candidate = draw(st.integers(0, n))
    return only_candidate, draw(st.integers(0, n - only_candidate)), n


@pytest.mark.parametrize(
    ("only_candidate", "only_baseline", "n", "confidence", "low", "high", "digits"),
    [
        # Airway hyper-responsiveness, Bentur et al. (2009); Tango's interval in Fagerland, Lydersen and Laake (2014),
        # Statistics in Medicine 33:2850-2875.
        (1, 7, 21, 0.95, -0.517, -0.026, 3),
        # Response to consolidation therapy, Cavo et al. (2012); Fagerland, Lydersen and Laake (2017), Statistical
        # Analysis of Contingency Tables, chapter 8; R package contingencytables, tests of chapter 8.
        (6, 16, 161, 0.95, -0.1240, -0.0054, 4),
        # Disinfection of contact lenses, the example of Tango (1998) itself, at 90 %; R package ratesci 0.3, tests.
        (0, 1, 44, 0.90, -0.096, 0.037, 3),
        # R package ratesci 0.3, tests, "Tango".
        (9, 3, 32, 0.95, -0.027, 0.390, 3),
        # R package PropCIs 0.3-0, scoreci.mp(25, 28, 618, 0.90), whose estimate is (second - first) / n.
        (28, 25, 618, 0.90, -0.0148, 0.0247, 4),
    ],
)
def test_tango_gives_the_published_intervals(
    only_candidate: int, only_baseline: int, n: int, confidence: float, low: float, high: float, digits: int
) -> None:
    interval = tango_interval(only_candidate, only_baseline, n, confidence=confidence)
    assert (round(interval.low, digits), round(interval.high, digits)) == (low, high)


def by_likelihood(only_candidate: int, only_baseline: int, n: int, difference: float) -> float:
    """Return the squared score statistic with the nuisance share found by maximising the likelihood itself."""

    def loss(q: float) -> float:
        shares = (q + difference, q, 1 - 2 * q - difference)
        counts = (only_candidate, only_baseline, n - only_candidate - only_baseline)
        return -sum(count * log(max(share, 1e-300)) for count, share in zip(counts, shares, strict=True) if count)

    bounds = (max(0.0, -difference), (1 - difference) / 2)
    q = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    return (only_candidate - only_baseline - n * difference) / sqrt(n * (2 * q + difference * (1 - difference)))


@pytest.mark.parametrize("counts", [(3, 11, 40), (16, 8, 86), (40, 20, 160), (1, 0, 25), (60, 90, 1319), (5, 5, 10)])
def test_tango_agrees_with_a_direct_maximisation_of_the_likelihood(counts: tuple[int, int, int]) -> None:
    only_candidate, only_baseline, n = counts
    z, observed = two_sided_z(), (only_candidate - only_baseline) / n
    low = brentq(lambda x: by_likelihood(*counts, x) - z, -1 + 1e-9, observed)
    high = brentq(lambda x: by_likelihood(*counts, x) + z, observed, 1 - 1e-9)
    interval = tango_interval(*counts)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-5)


@pytest.mark.parametrize("n", [1, 2, 50, 1319])
def test_without_a_discordant_pair_the_interval_is_still_open(n: int) -> None:
    reach = two_sided_z() ** 2 / (n + two_sided_z() ** 2)
    interval = tango_interval(0, 0, n)
    assert (interval.low, interval.high) == pytest.approx((-reach, reach), abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 50, 1319])
def test_when_every_pair_is_discordant_one_end_is_the_edge(n: int) -> None:
    won, lost = tango_interval(n, 0, n), tango_interval(0, n, n)
    assert won.high == 1.0
    assert lost.low == -1.0
    assert -1 < won.low < 1
    assert lost.high == pytest.approx(-won.low, abs=1e-9)


@given(discordant_pairs())
def test_tango_contains_the_observed_difference_and_stays_in_range(counts: tuple[int, int, int]) -> None:
    only_candidate, only_baseline, n = counts
    interval = tango_interval(*counts)
    assert -1 <= interval.low <= (only_candidate - only_baseline) / n <= interval.high <= 1
    assert interval.low < interval.high


@given(discordant_pairs())
def test_swapping_the_sides_mirrors_the_interval(counts: tuple[int, int, int]) -> None:
    only_candidate, only_baseline, n = counts
    interval, swapped = tango_interval(*counts), tango_interval(only_baseline, only_candidate, n)
    assert (swapped.low, swapped.high) == pytest.approx((-interval.high, -interval.low), abs=1e-9)


@given(discordant_pairs(most=400), st.integers(2, 10))
def test_more_items_of_the_same_kind_narrow_the_interval(counts: tuple[int, int, int], factor: int) -> None:
    small, large = tango_interval(*counts), tango_interval(*(factor * count for count in counts))
    assert large.high - large.low < small.high - small.low


@pytest.mark.parametrize("n", [50, 100, 200])
def test_tango_covers_the_truth_in_95_of_100_experiments(n: int) -> None:
    random = np.random.default_rng(1998)
    known: dict[tuple[int, int], tuple[float, float]] = {}
    for discordance in (0.08, 0.2, 0.4):
        for truth in (-0.75 * discordance, -0.4 * discordance, 0.0, 0.4 * discordance):
            shares = ((discordance + truth) / 2, (discordance - truth) / 2, 1 - discordance)
            covered = 0
            draws = random.multinomial(n, shares, size=4000)
            for won, lost in zip(*draws[:, :2].T.tolist(), strict=True):
                if (won, lost) not in known:
                    interval = tango_interval(won, lost, n)
                    known[won, lost] = (interval.low, interval.high)
                low, high = known[won, lost]
                covered += low <= truth <= high
            assert covered / 4000 >= 0.93, (n, discordance, truth)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        tango_interval(*counts)


def test_mcnemar_gives_the_published_exact_p() -> None:
    # Cavo et al. (2012) in Fagerland, Lydersen and Laake (2017), chapter 8.
    assert mcnemar_exact_p(6, 16) == pytest.approx(0.052479, abs=5e-7)


def test_mcnemar_without_a_discordant_pair_is_one() -> None:
    assert mcnemar_exact_p(0, 0) == 1.0


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_twice_the_binomial_tail_whichever_side_is_first(a: int, b: int) -> None:
    tail = sum(Fraction(comb(a + b, k), 2 ** (a + b)) for k in range(min(a, b) + 1))
    assert mcnemar_exact_p(a, b) == pytest.approx(float(min(Fraction(1), 2 * tail)), rel=1e-12)
    assert mcnemar_exact_p(a, b) == mcnemar_exact_p(b, a)


def test_mcnemar_survives_more_pairs_than_a_float_has_powers_of_two() -> None:
    assert 0 < mcnemar_exact_p(1400, 1600) < 0.001


@pytest.mark.parametrize("counts", [(6, 16), (0, 0), (0, 9), (25, 28), (140, 160)])
def test_mcnemar_is_what_statsmodels_gives(counts: tuple[int, int]) -> None:
    expected = contingency_tables.mcnemar([[5, counts[0]], [counts[1], 7]], exact=True).pvalue
    assert mcnemar_exact_p(*counts) == pytest.approx(float(expected), abs=1e-9)


def by_root(only_candidate: int, only_baseline: int, n: int, difference: float) -> float:
    """Return the score statistic with the nuisance share found as the root of the likelihood's derivative."""

    def slope(q: float) -> float:
        return (
            only_candidate / (q + difference)
            + only_baseline / q
            - 2 * (n - only_candidate - only_baseline) / (1 - 2 * q - difference)
        )

    inside = 1e-15
    q = brentq(slope, max(0.0, -difference) + inside, (1 - difference) / 2 - inside, xtol=1e-16, rtol=1e-15)
    return (only_candidate - only_baseline - n * difference) / sqrt(n * (2 * q + difference * (1 - difference)))


@pytest.mark.parametrize(
    "counts", [(3, 11, 40), (16, 8, 86), (40, 20, 160), (60, 90, 1319), (5, 4, 30), (300, 280, 14042)]
)
def test_tango_agrees_with_the_likelihoods_own_roots(counts: tuple[int, int, int]) -> None:
    z, observed = stats.norm.ppf(0.975), (counts[0] - counts[1]) / counts[2]
    low = brentq(lambda x: by_root(*counts, x) - z, observed - 0.5, observed, xtol=1e-15)
    high = brentq(lambda x: by_root(*counts, x) + z, observed, observed + 0.5, xtol=1e-15)
    interval = tango_interval(*counts)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)
