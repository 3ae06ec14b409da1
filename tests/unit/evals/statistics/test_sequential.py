"""The confidence sequence: against its definition, its symmetries, and its errors under continuous looking."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.outcome import Verdict
from evals.statistics.sequential import STAKES, WEIGHTS, PairedSequence, decide_sequentially

DIFFERENCES = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.0, 0.0, 0.25, 1.0]), max_size=80)


def sequence_of(differences: list[float]) -> PairedSequence:
    sequence = PairedSequence()
    for difference in differences:
        sequence.add(difference)
    return sequence


def capital(differences: list[float], mean: float) -> float:
    """Return what became of a stake of 1, bet by bet."""
    gains = [[1 + stake * (value - mean) / (1 + mean) for value in differences] for stake in STAKES]
    return sum(weight * prod(gain) for weight, gain in zip(WEIGHTS, gains, strict=True))


def test_the_first_stake_is_one() -> None:
    assert sum(WEIGHTS) == pytest.approx(1)
    assert all(0 < stake < 1 for stake in STAKES)


@given(DIFFERENCES, st.floats(0, 0.5))
def test_p_values_are_one_over_the_capital(differences: list[float], margin: float) -> None:
    p_pass, p_fail = sequence_of(differences).p_values(margin)
    against = [-value for value in differences]
    assert p_pass == pytest.approx(min(1, 1 / capital(differences, -margin)), rel=1e-9)
    assert p_fail == pytest.approx(min(1, 1 / capital(against, margin)), rel=1e-9)


@settings(max_examples=40)
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=60))
def test_the_interval_ends_where_the_capital_is_forty(differences: list[float]) -> None:
    interval, mean = sequence_of(differences).interval(), sum(differences) / len(differences)
    assert -1 <= interval.low <= mean <= interval.high <= 1
    if interval.low > -0.999:
        assert capital(differences, interval.low) == pytest.approx(40, rel=1e-6)
    if interval.high < 0.999:
        assert capital([-value for value in differences], -interval.high) == pytest.approx(40, rel=1e-6)


@settings(max_examples=40)
@given(DIFFERENCES, st.floats(0.001, 0.3))
def test_the_verdict_is_the_intervals(differences: list[float], margin: float) -> None:
    sequence = sequence_of(differences)
    interval, verdict = sequence.interval(), sequence.verdict(margin)
    if min(abs(interval.low + margin), abs(interval.high + margin)) > 1e-9:
        assert (verdict is Verdict.PASS) == (interval.low > -margin)
        assert (verdict is Verdict.FAIL) == (interval.high < -margin)


@settings(max_examples=40)
@given(DIFFERENCES, st.randoms(use_true_random=False))
def test_the_order_does_not_matter_at_the_end(differences: list[float], random: object) -> None:
    shuffled = list(differences)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = sequence_of(differences), sequence_of(shuffled)
    assert (one.interval(), one.p_values(0.02)) == (other.interval(), other.p_values(0.02))


@settings(max_examples=40)
@given(DIFFERENCES)
def test_swapping_the_sides_mirrors_the_interval(differences: list[float]) -> None:
    one, other = sequence_of(differences).interval(), sequence_of([-value for value in differences]).interval()
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)


@given(DIFFERENCES, st.floats(0, 0.3), st.floats(0, 0.3))
def test_a_larger_margin_never_makes_a_pass_harder(differences: list[float], one: float, other: float) -> None:
    sequence = sequence_of(differences)
    small, large = (sequence.p_values(margin) for margin in sorted((one, other)))
    assert large[0] <= small[0] * (1 + 1e-9)
    assert large[1] >= small[1] * (1 - 1e-9)


def test_equal_answers_pass_and_worse_ones_fail() -> None:
    passed, failed = decide_sequentially([0.0] * 1000, 0.02), decide_sequentially([-1.0, 0.0] * 500, 0.02)
    assert (passed.verdict, failed.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert passed.decided_at == passed.n < 400
    assert failed.decided_at == failed.n < 40
    assert passed.p_pass <= 0.025 < passed.p_fail


def test_what_is_not_decided_says_so() -> None:
    found = decide_sequentially([0.0] * 50, 0.02)
    assert (found.verdict, found.decided_at, found.n) == (Verdict.INCONCLUSIVE, None, 50)
    nothing = decide_sequentially([], 0.02)
    assert (nothing.n, nothing.interval.low, nothing.interval.high) == (0, -1.0, 1.0)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([-1.0, -1.0, -0.5, 0.0, 1.0]), min_size=5, max_size=40),
    st.sampled_from([0.1, 0.3]),
    st.sampled_from([1.0, -1.0]),
)
def test_the_verdict_is_the_p_values(losses: list[float], margin: float, sign: float) -> None:
    sequence = sequence_of([sign * value for value in losses])
    p_pass, p_fail = sequence.p_values(margin)
    expected = Verdict.PASS if p_pass <= 0.025 else Verdict.FAIL if p_fail <= 0.025 else Verdict.INCONCLUSIVE
    assert sequence.verdict(margin) is expected


@settings(max_examples=40)
@given(DIFFERENCES, st.sampled_from([0.01, 0.05, 0.2]), st.integers(1, 30))
def test_a_decision_does_not_depend_on_looks_in_between(differences: list[float], margin: float, every: int) -> None:
    watched, alone = PairedSequence(), PairedSequence()
    for place, difference in enumerate(differences):
        watched.add(difference)
        alone.add(difference)
        if place % every == 0:
            watched.verdict(margin)
    assert watched.verdict(margin) is alone.verdict(margin)


def test_every_margin_of_one_or_more_is_kept() -> None:
    assert decide_sequentially([-1.0, 0.0], 1.0).verdict is Verdict.PASS
    assert PairedSequence().verdict(1.0) is Verdict.INCONCLUSIVE


def test_looks_that_are_further_apart_decide_at_the_next_look() -> None:
    every = decide_sequentially([0.0] * 1000, 0.02).decided_at
    seldom = decide_sequentially([0.0] * 1000, 0.02, look_every=100).decided_at
    assert every is not None
    assert seldom == -(-every // 100) * 100
    assert decide_sequentially([0.0] * 350, 0.02, look_every=1000).decided_at == 350


def test_of_several_workloads_a_fail_needs_more_and_a_pass_does_not() -> None:
    losses, ties = [-1.0, 0.0, 0.0, 0.0] * 200, [0.0] * 1000
    alone, of_four = (decide_sequentially(losses, 0.02, tests=tests) for tests in (1, 4))
    assert alone.p_fail > 0.025 / 4 >= of_four.p_fail
    assert decide_sequentially(ties, 0.02, tests=4) == decide_sequentially(ties, 0.02)


@pytest.mark.parametrize("difference", [1.5, -1.01, float("nan")])
def test_a_difference_that_is_none_is_refused(difference: float) -> None:
    with pytest.raises(ValueError, match="between -1 and 1"):
        PairedSequence().add(difference)


@pytest.mark.parametrize("wrong", [Verdict.PASS, Verdict.FAIL])
def test_at_the_margin_hardly_any_sequence_is_ever_wrong(wrong: Verdict) -> None:
    # Looked at after each of 600 items; the bound is 2.5 %, and three of its standard errors are chance.
    drop, runs = 0.03, 400
    draws = np.random.default_rng(11).choice([1, -1, 0], p=[0.04, 0.04 + drop, 0.92 - drop], size=(runs, 600))
    sign = 1 if wrong is Verdict.PASS else -1
    table = np.log1p(np.multiply.outer(np.array([-1, 0, 1]) + sign * drop, STAKES) / (1 - sign * drop))
    capitals = np.exp(np.cumsum(table[sign * draws + 1], axis=1)) @ np.array(WEIGHTS)
    assert (capitals >= 40).any(axis=1).mean() <= 0.025 + 3 * (0.025 * 0.975 / runs) ** 0.5
    own = decide_sequentially(draws[0].tolist(), drop)
    crossed = np.flatnonzero(capitals[0] >= 40)
    assert (own.verdict is wrong) == bool(len(crossed))
