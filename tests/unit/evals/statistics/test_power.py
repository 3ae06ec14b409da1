"""Detectable drops and sample sizes against formulas and simulated runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics.paired import tango_interval
from evals.statistics.power import (
    detectable_drop,
    detectable_mean_drop,
    items_needed,
    items_needed_for_mean,
    power_to_fail,
)


def share_of_runs(n: int, drop: float, discordance: float, margin: float, *, fails: bool) -> float:
    """Return how often a simulated run fails (or passes) when `drop` is true."""
    random = np.random.default_rng(42)
    shares = ((discordance - drop) / 2, (discordance + drop) / 2, 1 - discordance)
    draws, counts = np.unique(random.multinomial(n, shares, size=4000), axis=0, return_counts=True)
    hits = 0
    for (won, lost, _), count in zip(draws.tolist(), counts.tolist(), strict=True):
        interval = tango_interval(won, lost, n)
        hits += count if (interval.high < -margin if fails else interval.low > -margin) else 0
    return hits / 4000


def test_without_a_margin_the_formula_is_connors() -> None:
    # Connor's (1987) formula gives 22.01, so 23, for the discordant shares 0.45 and 0.05; example of
    # powerandsamplesize.com, "Compare Paired Proportions: McNemar's Z-test, 2-Sided Equality".
    assert items_needed(0.0, 0.5, difference=-0.4) == 23
    assert detectable_drop(22, 0.5) == pytest.approx(0.40, abs=0.001)


@pytest.mark.parametrize(("n", "discordance", "margin"), [(400, 0.1, 0.0), (400, 0.1, 0.03), (200, 0.3, 0.05)])
def test_the_detectable_drop_is_failed_in_80_of_100_runs(n: int, discordance: float, margin: float) -> None:
    drop = detectable_drop(n, discordance, margin=margin)
    assert drop is not None
    assert share_of_runs(n, drop, max(discordance, drop), margin, fails=True) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(("margin", "discordance"), [(0.02, 0.05), (0.03, 0.1), (0.05, 0.3)])
def test_the_items_needed_pass_equal_engines_in_80_of_100_runs(margin: float, discordance: float) -> None:
    n = items_needed(margin, discordance)
    assert n is not None
    assert share_of_runs(n, 0.0, discordance, margin, fails=False) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few_items_detect_no_drop_at_all(n: int) -> None:
    assert detectable_drop(n, 0.2) is None


@given(st.integers(10, 5000), st.floats(0, 1), st.floats(0, 0.2))
def test_the_detectable_drop_lies_beyond_the_margin_and_shrinks_with_n(
    n: int, discordance: float, margin: float
) -> None:
    small, large = (detectable_drop(size, discordance, margin=margin) for size in (n, 4 * n))
    if small is not None:
        assert large is not None
        assert margin < large < small


@given(st.integers(1, 5000), st.floats(0, 1), st.floats(0, 0.2))
def test_once_a_drop_is_failed_often_enough_so_is_every_larger_one(n: int, discordance: float, margin: float) -> None:
    enough = [power_to_fail(drop, n, discordance, margin=margin) >= 0.8 for drop in np.linspace(margin, 1, 30)]
    assert enough == sorted(enough)


def test_no_number_of_items_decides_at_the_margin_itself() -> None:
    assert items_needed(0.02, 0.1, difference=-0.02) is None
    assert items_needed_for_mean(0.02, 0.1, difference=-0.02) is None


def test_means_scale_with_the_square_root_of_n() -> None:
    one, four = detectable_mean_drop(100, 0.5), detectable_mean_drop(400, 0.5)
    assert one is not None
    assert four is not None
    assert one == pytest.approx(2 * four)
    assert detectable_mean_drop(1, 0.5) is None
    assert items_needed_for_mean(0.0, 0.5, difference=-one) == pytest.approx(100, abs=1)


def test_a_bounded_mean_needs_items_even_where_nothing_differed() -> None:
    needed = items_needed_for_mean(0.02, 0.0, span=1.0)
    assert needed == pytest.approx(1.96**2 / 0.02, rel=0.01)
    drop = detectable_mean_drop(needed, 0.0, span=1.0)
    assert drop == pytest.approx(0.02, rel=0.01)
    plain, bounded = detectable_mean_drop(200, 0.1), detectable_mean_drop(200, 0.1, span=1.0)
    assert plain is not None
    assert bounded is not None
    assert plain < bounded
    again = items_needed_for_mean(0.0, 0.1, difference=-bounded, span=1.0)
    assert again == pytest.approx(200, abs=1)
