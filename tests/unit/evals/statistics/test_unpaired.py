"""Differences without pairs, against statsmodels and scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from evals.statistics.unpaired import hybrid_interval, of_share, of_values, unpaired_evidence, with_error

COUNTS = st.integers(2, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS)
def test_two_shares_give_the_interval_of_statsmodels(ours: tuple[int, int], theirs: tuple[int, int]) -> None:
    expected = confint_proportions_2indep(*ours, *theirs, method="newcomb", compare="diff")
    interval = hybrid_interval(of_share(*ours), of_share(*theirs))
    assert (interval.low, interval.high) == pytest.approx(expected, abs=1e-9)


def test_newcombes_own_example() -> None:
    # Newcombe (1998), Statistics in Medicine 17:873-890, table II, (a) 56/70 - 48/80, method 10.
    interval = hybrid_interval(of_share(56, 70), of_share(48, 80))
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.0524, 0.3339)


def test_two_values_with_standard_errors_are_judged_by_the_normal_distribution() -> None:
    evidence = unpaired_evidence(with_error(0.80, 0.006), with_error(0.82, 0.008), 0.03, higher_is_better=True)
    assert evidence.interval.low == pytest.approx(-0.02 + stats.norm.ppf(0.025) * 0.01, abs=1e-9)
    assert (evidence.p_pass, evidence.p_fail) == pytest.approx((stats.norm.sf(1), stats.norm.cdf(1)), abs=1e-9)


@given(COUNTS, COUNTS, st.floats(0, 0.3), st.booleans())
def test_p_values_and_interval_give_the_same_verdict(
    ours: tuple[int, int], theirs: tuple[int, int], margin: float, higher: bool
) -> None:
    evidence = unpaired_evidence(of_share(*ours), of_share(*theirs), margin, higher_is_better=higher)
    if min(abs(evidence.interval.low + margin), abs(evidence.interval.high + margin)) > 1e-9:
        assert (evidence.p_pass < 0.025) == (evidence.interval.low > -margin)
        assert (evidence.p_fail < 0.025) == (evidence.interval.high < -margin)


@given(COUNTS, COUNTS)
def test_swapping_the_sides_mirrors_the_interval(ours: tuple[int, int], theirs: tuple[int, int]) -> None:
    one, other = (
        hybrid_interval(of_share(*ours), of_share(*theirs)),
        hybrid_interval(of_share(*theirs), of_share(*ours)),
    )
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)


def test_real_values_bring_students_interval() -> None:
    values = [0.1, 0.5, 0.4, 0.9, 0.3, 0.6]
    estimate = of_values(values)
    assert estimate is not None
    own = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    interval = hybrid_interval(estimate, with_error(0.0, 0.0))
    assert (interval.low, interval.high) == pytest.approx((own.low, own.high), abs=1e-9)
    assert of_values([0.5]) is None


def test_a_negative_standard_error_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        with_error(0.5, -0.1)
