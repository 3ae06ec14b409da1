"""Intervals of quantiles, and how often they cover."""

from __future__ import annotations

import numpy as np

from evals.serving.spread import clustered_spread, spread


def test_order_statistics_and_their_interval() -> None:
    found = spread(np.arange(1, 101, dtype=float))
    assert found is not None
    assert (found.p50.value, found.p90.value, found.p99.value, found.most) == (50, 90, 99, 100)
    assert (found.p50.low, found.p50.high) == (40, 61)  # the classical 95 % ranks of a median of 100
    assert found.p99.high is None
    assert found.mean.value == 50.5
    assert spread(np.array([])) is None


def test_the_interval_of_a_quantile_covers_it_as_often_as_it_says() -> None:
    rng, hits, truth = np.random.default_rng(5), 0, np.log(10)
    for _ in range(400):
        found = spread(rng.exponential(1.0, 200))
        assert found is not None
        hits += (found.p90.low or 0) <= truth <= (found.p90.high or np.inf)
    assert 0.93 <= hits / 400 <= 0.99


def test_values_of_one_request_are_not_taken_as_independent() -> None:
    rng = np.random.default_rng(6)
    groups = [np.full(50, mean) + rng.normal(0, 0.01, 50) for mean in rng.normal(10, 1, 100)]
    clustered, naive = clustered_spread(groups), spread(np.concatenate(groups))
    assert clustered is not None
    assert naive is not None
    assert clustered.n == naive.n == 5000
    assert clustered.p50.value == naive.p50.value
    assert clustered.p50.low is not None
    assert clustered.p50.high is not None
    assert naive.p50.low is not None
    assert naive.p50.high is not None
    assert (clustered.p50.high - clustered.p50.low) > 4 * (naive.p50.high - naive.p50.low)
    assert clustered.mean.low is not None
    assert clustered.mean.low < 10.0 + 0.3
    assert clustered_spread([np.array([])]) is None


def test_the_interval_of_clustered_values_covers_as_often_as_it_says() -> None:
    rng, hits = np.random.default_rng(7), 0
    for _ in range(300):
        groups = [rng.normal(mean, 0.5, 20) for mean in rng.normal(0, 1, 60)]
        found = clustered_spread(groups)
        assert found is not None
        assert found.p50.low is not None
        assert found.p50.high is not None
        hits += found.p50.low <= 0 <= found.p50.high
    assert 0.90 <= hits / 300 <= 0.99


def test_a_single_group_has_no_interval() -> None:
    found = clustered_spread([np.array([1.0, 2.0])])
    assert found is not None
    assert (found.mean.low, found.p50.low) == (None, None)
