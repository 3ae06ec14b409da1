"""The interval of bounded differences leaves room for what was not drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics.bounded import bounded_mean
from evals.statistics.evidence import of_means
from evals.statistics.paired import tango_interval

GAINS = st.lists(st.floats(-1, 1), min_size=1, max_size=60)


def test_identical_sides_leave_the_same_doubt_as_shares() -> None:
    interval, shares = bounded_mean([0.0] * 50, 1.0).interval(), tango_interval(0, 0, 50)
    assert (interval.low, interval.high) == pytest.approx((shares.low, shares.high), abs=1e-9)


@given(GAINS, st.floats(1e-6, 0.5))
def test_the_quantile_is_where_the_interval_reaches_the_bound(gains: list[float], margin: float) -> None:
    found = bounded_mean(gains, 1.0)
    interval = found.interval()
    assert -1 <= interval.low <= interval.high <= 1
    assert (found.z(-margin) > 1.959964) == (interval.low > -margin)
    assert (found.z(-margin) < -1.959964) == (interval.high < -margin)


def test_gains_that_are_all_equal_and_a_single_one_have_an_interval() -> None:
    for gains in ([0.25] * 30, [0.25]):
        evidence = of_means(gains, 0.02, span=1.0)
        assert evidence is not None
        assert evidence.interval.low < 0.25 * len(gains) / (len(gains) + 4) < evidence.interval.high


def test_rounding_is_no_certainty() -> None:
    nearly = of_means([0.3] * 9 + [0.1 + 0.2], 0.02, span=1.0)
    assert nearly is not None
    assert nearly.p_pass > 0.001
    two = of_means([0.1 - 0.2, 0.2 - 0.3], 0.05, span=1.0)
    assert two is not None
    assert two.p_fail > 0.2
    assert of_means([0.0] * 4, 0.02) is None


def test_rare_losses_that_were_not_drawn_are_no_pass() -> None:
    draw = np.random.default_rng(3)
    n, margin, passes = 198, 0.01, 0
    for _ in range(200):
        lost = -1.0 * (draw.random(n) < margin)
        flaky = (draw.random(n) < 0.03) * (draw.binomial(4, 0.5, n) - draw.binomial(4, 0.5, n)) / 4
        evidence = of_means(np.where(lost < 0, lost, flaky).tolist(), margin, span=1.0)
        passes += evidence is not None and evidence.interval.low > -margin
    assert passes <= 5
