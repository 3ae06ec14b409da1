"""A verdict by p values and one by the interval are the same verdict."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evals.statistics.evidence import Evidence, of_groups, of_means, of_shares, weaker

COUNTS = st.integers(1, 500).flatmap(
    lambda n: st.integers(0, n).flatmap(lambda won: st.tuples(st.just(won), st.integers(0, n - won), st.just(n)))
)
MARGINS = st.one_of(st.just(0.0), st.floats(1e-6, 0.3))
GAINS = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=2, max_size=60)


def agree(evidence: Evidence, margin: float) -> None:
    assert (evidence.p_pass < 0.025) == (evidence.interval.low > -margin)
    assert (evidence.p_fail < 0.025) == (evidence.interval.high < -margin)
    assert evidence.p_pass + evidence.p_fail >= 1 - 1e-9


@given(COUNTS, MARGINS)
def test_shares(counts: tuple[int, int, int], margin: float) -> None:
    agree(of_shares(*counts, margin), margin)


@given(GAINS, MARGINS)
def test_means(gains: list[float], margin: float) -> None:
    evidence = of_means(gains, margin, span=1.0)
    if evidence is not None:
        agree(evidence, margin)


@given(GAINS, MARGINS, st.integers(2, 7))
def test_groups_and_the_wider_of_both(gains: list[float], margin: float, groups: int) -> None:
    items = of_means(gains, margin, span=1.0)
    found = of_groups(gains, [place % groups for place in range(len(gains))], margin)
    both = weaker(items, found)
    if items is not None and both is not None:
        agree(both, margin)
        assert both.interval.low <= items.interval.low <= items.interval.high <= both.interval.high


def test_the_p_value_of_means_is_scipys() -> None:
    gains = np.random.default_rng(1).normal(-0.01, 0.2, 50).tolist()
    evidence = of_means(gains, 0.03)
    assert evidence is not None
    assert evidence.p_pass == pytest.approx(float(stats.ttest_1samp(gains, -0.03, alternative="greater").pvalue))
    assert evidence.p_fail == pytest.approx(float(stats.ttest_1samp(gains, -0.03, alternative="less").pvalue))


def test_identical_answers_in_groups_keep_the_doubt_that_identical_answers_leave() -> None:
    items = of_shares(0, 0, 300, 0.02)
    assert weaker(items, of_groups([0.0] * 300, [place % 6 for place in range(300)], 0.02)) == items


@given(COUNTS, MARGINS, MARGINS)
def test_a_larger_margin_never_makes_a_pass_harder(counts: tuple[int, int, int], one: float, other: float) -> None:
    small, large = (of_shares(*counts, margin) for margin in sorted((one, other)))
    assert large.p_pass <= small.p_pass + 1e-12
    assert large.p_fail >= small.p_fail - 1e-12
