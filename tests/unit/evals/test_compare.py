"""How two sides' scores become comparisons."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.compare import compare_workload
from evals.result import Pairs, Verdict
from tests.unit.evals.report_examples import WORKLOAD, decide, in_groups, score, two_sides


def test_the_workloads_own_metric_decides_and_comes_first() -> None:
    strict, other = two_sides(90, 2, 2, 6), two_sides(90, 2, 2, 6, "acc,none")
    comparisons = compare_workload(
        workload=WORKLOAD, candidate=[*other[0], *strict[0]], baseline=[*other[1], *strict[1]]
    )
    assert [(c.metric.name, c.filter, c.decides) for c in comparisons] == [
        ("exact_match", "strict-match", True),
        ("acc", "none", False),
    ]
    assert (comparisons[1].verdict, comparisons[1].margin) == (None, None)
    assert comparisons[1].difference == 0.0


@pytest.mark.parametrize("side", ["candidate", "baseline"])
def test_a_metric_that_one_side_alone_has_is_reported_as_not_compared(side: str) -> None:
    candidate, baseline = two_sides(90, 2, 2, 6)
    extra = two_sides(90, 2, 2, 6, "acc,none")[0]
    sides = {"candidate": candidate, "baseline": baseline}
    sides[side] = [*sides[side], *extra]
    decided, reported = compare_workload(workload=WORKLOAD, **sides)
    assert (decided.difference, reported.difference) == (0.0, None)
    assert reported.metric.name == "acc"
    assert "has no score for any of 100 items" in reported.reasons[0]


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((400, 6, 7, 87), Verdict.PASS),
        ((300, 4, 56, 40), Verdict.FAIL),
        ((38, 2, 3, 7), Verdict.INCONCLUSIVE),
        ((1000, 90, 30, 199), Verdict.PASS),
    ],
)
def test_the_verdict_follows_the_interval_and_the_margin(counts: tuple[int, int, int, int], verdict: Verdict) -> None:
    comparison = decide(*two_sides(*counts))
    assert comparison.verdict is verdict
    assert comparison.pairs == Pairs(
        both_right=counts[0], only_candidate=counts[1], only_baseline=counts[2], neither=counts[3]
    )
    assert comparison.difference == pytest.approx((counts[1] - counts[2]) / sum(counts))


@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any), st.floats(0.001, 0.3))
def test_no_verdict_contradicts_its_interval(counts: tuple[int, int, int, int], margin: float) -> None:
    comparison = decide(*two_sides(*counts), margin=margin)
    assert comparison.low is not None
    assert comparison.high is not None
    assert (comparison.verdict is Verdict.PASS) == (comparison.low > -margin)
    assert (comparison.verdict is Verdict.FAIL) == (comparison.high < -margin)


def test_identical_but_few_answers_are_inconclusive_not_passed() -> None:
    assert decide(*two_sides(20, 0, 0, 0)).verdict is Verdict.INCONCLUSIVE


def test_an_inconclusive_reason_names_the_detectable_drop_and_the_items_needed() -> None:
    comparison = decide(*two_sides(38, 2, 3, 7))
    assert comparison.detectable_drop is not None
    assert f"a true drop of {100 * comparison.detectable_drop:.1f} pp" in comparison.reasons[0]
    assert "items would decide" in comparison.reasons[0]


def test_the_order_of_the_scores_does_not_matter() -> None:
    candidate, baseline = two_sides(30, 5, 9, 6)
    assert decide(candidate, baseline) == decide(candidate[::-1], baseline)


def test_every_flip_is_listed_in_order() -> None:
    candidate, baseline = two_sides(5, 2, 3, 1)
    flips = decide(candidate[::-1], baseline).flips
    assert [(flip.doc_id, flip.right) for flip in flips] == [
        (5, "candidate"),
        (6, "candidate"),
        (7, "baseline"),
        (8, "baseline"),
        (9, "baseline"),
    ]
    assert (flips[2].candidate_extracted, flips[2].baseline_extracted, flips[2].gold) == ("8", "7", "7")


def test_unparsed_answers_are_counted_for_each_side() -> None:
    candidate, baseline = two_sides(5, 0, 0, 5)
    candidate[9] = replace(candidate[9], parsed=False, extracted=None)
    comparison = decide(candidate, baseline)
    assert comparison.candidate is not None
    assert comparison.baseline is not None
    assert (comparison.candidate.unparsed, comparison.baseline.unparsed) == (1, 0)


def test_equal_silence_of_both_sides_is_no_pass() -> None:
    silent = [score(doc_id, 0.0, parsed=False, extracted=None) for doc_id in range(300)]
    (row,) = compare_workload(workload=WORKLOAD, candidate=silent, baseline=silent)
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "in no answer of either side was a result found" in row.reasons[0]
    one_heard = [score(0, 1.0), *silent[1:]]
    (row,) = compare_workload(workload=WORKLOAD, candidate=one_heard, baseline=silent)
    assert row.verdict is Verdict.PASS


def test_a_significant_drop_within_the_margin_passes_and_is_told() -> None:
    comparison = decide(*two_sides(900, 0, 12, 88))
    assert comparison.verdict is Verdict.PASS
    assert (
        "is worse than the baseline (the whole 95 % interval lies below 0), but by less than" in comparison.reasons[0]
    )


def test_a_significant_drop_that_the_margin_does_not_decide_is_told_first() -> None:
    comparison = decide(*two_sides(1200, 20, 60, 39), margin=0.02)
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert (
        "worse than the baseline (the whole 95 % interval lies below 0), but it is not decided" in comparison.reasons[0]
    )
    assert "lies on both sides of the margin" in comparison.reasons[1]


@settings(max_examples=30)
@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any), st.integers(1, 8))
def test_swapping_the_sides_mirrors_difference_and_interval(counts: tuple[int, int, int, int], groups: int) -> None:
    candidate, baseline = in_groups(two_sides(*counts), groups)
    one, other = decide(candidate, baseline), decide(baseline, candidate)
    assert one.difference == -(other.difference or 0.0)
    assert one.low == pytest.approx(-(other.high or 0.0), abs=1e-9)
    assert one.high == pytest.approx(-(other.low or 0.0), abs=1e-9)
    assert one.mcnemar_p == other.mcnemar_p


@settings(max_examples=30)
@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any), st.floats(0, 0.3), st.floats(0, 0.3), st.integers(1, 8))
def test_verdicts_are_monotone_in_the_margin(
    counts: tuple[int, int, int, int], one: float, other: float, groups: int
) -> None:
    order = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    sides = in_groups(two_sides(*counts), groups)
    small, large = (decide(*sides, margin=margin).verdict for margin in sorted((one, other)))
    assert small is not None
    assert large is not None
    assert order.index(small) <= order.index(large)


def test_more_confidence_makes_the_interval_wider_and_is_named() -> None:
    candidate, baseline = two_sides(300, 4, 56, 40)
    (usual,) = compare_workload(workload=WORKLOAD, candidate=candidate, baseline=baseline)
    (more,) = compare_workload(workload=WORKLOAD, candidate=candidate, baseline=baseline, confidence=0.975)
    assert usual.low is not None
    assert more.low is not None
    assert more.low < usual.low
    assert "97.5 % interval" in more.reasons[0]
