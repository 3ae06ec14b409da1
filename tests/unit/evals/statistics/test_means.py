"""Intervals of means, against scipy and at their edges."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from evals.statistics.means import t_interval


def test_the_interval_agrees_with_scipy() -> None:
    values = np.random.default_rng(7).normal(0.3, 0.2, size=40).tolist()
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    interval = t_interval(values)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("values", [[], [0.4], [0.4, 0.4, 0.4], [0.1 - 0.2, 0.2 - 0.3], [0.3] * 9 + [0.1 + 0.2]])
def test_values_without_a_deviation_give_no_interval(values: list[float]) -> None:
    assert t_interval(values) is None


def test_comparing_shares_does_not_load_scipy() -> None:
    code = (
        "import sys, evals.compare, evals.render.markdown; sys.exit('scipy' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
