"""The bootstrap-t interval: against scipy's resampling, and at its edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evals.statistics.bootstrap import bootstrap_interval
from evals.statistics.means import t_interval


def test_of_many_normal_values_it_is_students_interval() -> None:
    values = np.random.default_rng(3).normal(0.02, 0.05, 200).tolist()
    found, student = bootstrap_interval(values), t_interval(values)
    assert found is not None
    assert student is not None
    assert (found.low, found.high) == pytest.approx((student.low, student.high), abs=0.0015)


def test_it_leans_the_way_the_values_do() -> None:
    values = np.exp(np.random.default_rng(3).normal(size=40)).tolist()
    found, student = bootstrap_interval(values), t_interval(values)
    assert found is not None
    assert student is not None
    assert found.high > student.high
    assert found.low > student.low


def test_it_is_wider_than_the_percentiles_of_few_values() -> None:
    values = np.random.default_rng(5).normal(size=6)
    found = bootstrap_interval(values.tolist())
    percentiles = stats.bootstrap((values,), np.mean, method="percentile", rng=1).confidence_interval
    assert found is not None
    assert found.low < percentiles.low < percentiles.high < found.high


def test_the_same_values_give_the_same_interval_and_the_negated_ones_its_mirror() -> None:
    values = [0.1, 0.4, -0.2, 0.3, 0.9]
    found, negated = bootstrap_interval(values), bootstrap_interval([-value for value in values])
    assert found == bootstrap_interval(values)
    assert found is not None
    assert negated is not None
    assert (found.low, found.high) == pytest.approx((-negated.high, -negated.low), abs=1e-12)


@pytest.mark.parametrize("values", [[], [0.1, 0.2, 0.3], [0.5] * 9])
def test_values_that_say_nothing_give_none(values: list[float]) -> None:
    assert bootstrap_interval(values) is None


def test_one_value_that_makes_the_whole_spread_gives_none() -> None:
    # log-ratios of the TTFT's p99 at 8 in flight, as seen on a GPU: one round of six had a slow request
    rounds = [-0.047, -0.072, -0.067, 1.389, -0.111, -0.091]
    assert bootstrap_interval(rounds) is None
    spread = bootstrap_interval([-0.047, -0.072, -0.067, 0.089, -0.111, -0.091])
    assert spread is not None
    assert -0.4 < spread.low < spread.high < 0.6


@pytest.mark.parametrize(
    "rounds",
    [
        [0.0, 0.001, 0.002, 0.001, 0.1, 0.11],
        [0.0, 0.002, -0.002, 0.001, 1.2, 1.4],
        [0.0, 1e-5, 2e-5, 1e-5, 0.3, 0.3],
        [*(0.001 * step for step in range(9)), 0.9, 1.0, 1.1],
    ],
)
def test_two_or_three_values_that_make_the_whole_spread_give_none(rounds: list[float]) -> None:
    assert bootstrap_interval(rounds) is None


def test_ordinary_values_keep_their_interval() -> None:
    chance = np.random.default_rng(3)
    found = [bootstrap_interval(chance.normal(size=6).tolist()) for _ in range(300)]
    assert sum(one is None for one in found) <= 6
