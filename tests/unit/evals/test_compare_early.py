"""Comparisons that end as soon as they are certain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.compare import compare_workload
from evals.compare_early import Early, compare_early
from evals.metrics import Direction
from evals.result import Comparison, Score, Verdict
from evals.statistics.ordering import stratified_order
from tests.unit.evals.report_examples import METRIC, WORKLOAD, score, two_sides


def early(candidate: list[Score], baseline: list[Score], **changes: int) -> Comparison:
    items = [(one.task, one.doc_id) for one in candidate if one.metric == METRIC]
    order = [items[place] for place in stratified_order([task for task, _ in items], 5)]
    return compare_early(
        workload=WORKLOAD, candidate=candidate, baseline=baseline, early=Early(order=order, **changes)
    )[0]


def test_equal_sides_pass_after_a_part_of_the_items() -> None:
    comparison = early(*two_sides(1200, 10, 10, 780))
    assert comparison.verdict is Verdict.PASS
    assert comparison.decided_after is not None
    assert comparison.decided_after < 900
    assert comparison.candidate is not None
    assert comparison.candidate.n == comparison.decided_after
    assert comparison.reasons[0].startswith(f"decided after {comparison.decided_after} of 2,000 items")
    assert comparison.low is not None
    assert comparison.low > -WORKLOAD.margin


def test_a_clear_drop_fails_early_with_the_sequences_p_value() -> None:
    comparison = early(*two_sides(1000, 5, 300, 695))
    assert (comparison.verdict, comparison.mcnemar_p, comparison.detectable_drop) == (Verdict.FAIL, None, None)
    assert comparison.decided_after is not None
    assert comparison.decided_after < 400
    assert comparison.p_fail is not None
    assert comparison.p_fail <= 0.025
    assert comparison.high is not None
    assert comparison.high < -WORKLOAD.margin


def test_what_is_not_decided_on_the_way_is_judged_whole_with_the_other_half_of_the_error() -> None:
    sides = two_sides(180, 3, 5, 12)
    comparison = early(*sides)
    (whole,) = compare_workload(workload=WORKLOAD, candidate=sides[0], baseline=sides[1], confidence=0.975)
    assert (comparison.decided_after, comparison.low, comparison.high) == (None, whole.low, whole.high)
    assert "judged at 97.5 %" in comparison.reasons[-1]
    assert whole.p_fail is not None
    assert comparison.p_fail == min(1, 2 * whole.p_fail)


def test_the_guarantee_costs_something() -> None:
    # Just decided at 95 %, not at 97.5 %.
    sides = two_sides(360, 8, 6, 26)
    assert compare_workload(workload=WORKLOAD, candidate=sides[0], baseline=sides[1])[0].verdict is Verdict.PASS
    assert early(*sides).verdict in (Verdict.PASS, Verdict.INCONCLUSIVE)


def test_a_missing_item_is_incomparable_wherever_it_stands() -> None:
    candidate, baseline = two_sides(1200, 10, 10, 780)
    comparison = early(candidate, baseline[:-1])
    assert (comparison.verdict, comparison.decided_after) == (Verdict.INCOMPARABLE, None)
    assert "the baseline is partial" in comparison.reasons[0]


def test_equal_silence_is_no_pass_on_the_way_either() -> None:
    silent = [score(place, 0.0, parsed=False, extracted=None) for place in range(2000)]
    assert early(silent, silent).verdict is Verdict.INCONCLUSIVE


def test_scores_without_bounds_are_refused() -> None:
    wide = [score(place, 3.0 + place % 2) for place in range(50)]
    comparison = early(wide, wide)
    assert comparison.verdict is Verdict.INCOMPARABLE
    assert "outside 0 to 1" in comparison.reasons[0]


def test_an_order_that_is_not_one_of_the_items_is_an_error() -> None:
    candidate, baseline = two_sides(10, 0, 0, 0)
    with pytest.raises(ValueError, match="each item once"):
        compare_early(workload=WORKLOAD, candidate=candidate, baseline=baseline, early=Early(order=[("gsm8k", 0)] * 10))


def test_for_errors_that_should_be_low_a_rise_fails() -> None:
    workload = replace(WORKLOAD, metric="word_errors,none")
    candidate, baseline = two_sides(100, 300, 5, 695, "word_errors,none")
    order = [(one.task, one.doc_id) for one in candidate]
    order = [order[place] for place in stratified_order([task for task, _ in order], 1)]
    (row,) = compare_early(
        workload=workload,
        candidate=candidate,
        baseline=baseline,
        early=Early(order=order),
        directions={"word_errors": Direction.LOWER},
    )
    assert row.verdict is Verdict.FAIL
    assert row.low is not None
    assert row.low > WORKLOAD.margin


def test_other_metrics_are_compared_over_the_same_items() -> None:
    strict, other = two_sides(1200, 10, 10, 780), two_sides(1200, 10, 10, 780, "acc,none")
    items = [(one.task, one.doc_id) for one in strict[0]]
    order = [items[place] for place in stratified_order(["all"] * len(items), 5)]
    rows = compare_early(
        workload=WORKLOAD,
        candidate=[*strict[0], *other[0]],
        baseline=[*strict[1], *other[1]],
        early=Early(order=order),
    )
    assert [row.pairs.n for row in rows if row.pairs] == [rows[0].decided_after] * 2


def test_nothing_is_decided_before_an_answer_was_found() -> None:
    silent = [score(place, 0.0, parsed=False, extracted=None) for place in range(2000)]
    items = [(one.task, one.doc_id) for one in silent]
    late = [replace(one, parsed=True) if one.doc_id >= 1500 else one for one in silent]
    row = compare_early(workload=WORKLOAD, candidate=late, baseline=silent, early=Early(order=items))[0]
    assert (row.verdict, row.decided_after) == (Verdict.PASS, 1501)


def test_of_subjects_it_says_that_others_are_not_counted() -> None:
    sides = tuple([replace(one, task=f"t{one.doc_id % 8}") for one in side] for side in two_sides(1200, 10, 10, 780))
    assert "speaks of these 8 subjects alone" in early(*sides).reasons[1]
    assert len(early(*two_sides(1200, 10, 10, 780)).reasons) == 1


def test_items_without_a_deciding_score_are_incomparable() -> None:
    ours, theirs = two_sides(300, 2, 2, 6)
    more = [replace(one, task="t2", metric="acc,none") for one in ours[:7]]
    assert early([*ours, *more], [*theirs, *more]).verdict is Verdict.INCOMPARABLE
