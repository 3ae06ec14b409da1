"""How two sides' scores become comparisons."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.compare import compare_workload, difference_of_settings
from evals.metrics import Direction
from evals.result import Comparison, Pairs, Score, Verdict
from evals.statistics.bounded import bounded_mean
from evals.statistics.clusters import clustered_mean
from evals.statistics.means import t_interval
from tests.unit.evals.report_examples import METRIC, WORKLOAD, score, two_sides


def decide(candidate: list[Score], baseline: list[Score], *, margin: float = 0.03) -> Comparison:
    return compare_workload(workload=replace(WORKLOAD, margin=margin), candidate=candidate, baseline=baseline)[0]


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


def test_a_missing_answer_is_counted_but_never_as_wrong() -> None:
    candidate, baseline = two_sides(90, 0, 0, 10)
    comparison = decide(candidate[:60], baseline)
    assert comparison.verdict is Verdict.INCOMPARABLE
    assert (comparison.only_in_candidate, comparison.only_in_baseline) == (0, 40)
    assert comparison.candidate is not None
    assert (comparison.candidate.value, comparison.candidate.n) == (1.0, 60)
    assert (comparison.difference, comparison.low, comparison.high, comparison.pairs) == (None,) * 4
    assert "the candidate is partial: 40 of 100 items" in comparison.reasons[0]
    assert "gsm8k/60" in comparison.reasons[0]


def test_the_partial_side_is_named_on_either_side() -> None:
    candidate, baseline = two_sides(9, 0, 0, 1)
    comparison = decide(candidate[1:], baseline[:9])
    assert "the candidate is partial: 1 of 10 items" in comparison.reasons[0]
    assert "the baseline is partial: 1 of 10 items" in comparison.reasons[1]


def test_a_side_without_any_score_says_so() -> None:
    candidate, _ = two_sides(9, 0, 0, 1)
    assert decide(candidate, []).reasons == ("the baseline has no score for any of 10 items",)


def test_a_different_prompt_makes_the_whole_workload_incomparable() -> None:
    strict, other = two_sides(90, 2, 2, 6), two_sides(90, 2, 2, 6, "acc,none")
    candidate = [*strict[0], *other[0]]
    candidate[3] = replace(candidate[3], prompt_sha256="0" * 64)
    first, second = compare_workload(workload=WORKLOAD, candidate=candidate, baseline=[*strict[1], *other[1]])
    assert (first.verdict, second.verdict) == (Verdict.INCOMPARABLE, None)
    assert first.reasons == second.reasons
    assert first.reasons == ("the two sides had different prompts for 1 of 100 items (first: gsm8k/3)",)
    assert second.difference is None


def test_a_different_reference_answer_is_incomparable() -> None:
    candidate, baseline = two_sides(90, 2, 2, 6)
    baseline[5] = replace(baseline[5], gold="other")
    assert "different reference answers for 1 of 100 items (first: gsm8k/5)" in decide(candidate, baseline).reasons[0]


def test_an_item_scored_twice_is_incomparable() -> None:
    candidate, baseline = two_sides(90, 2, 2, 6)
    comparison = decide([*candidate, candidate[4]], baseline)
    assert comparison.verdict is Verdict.INCOMPARABLE
    assert "1 item scored more than once (first: gsm8k/4)" in comparison.reasons[0]


def test_a_value_that_is_no_number_is_incomparable() -> None:
    candidate, baseline = two_sides(9, 0, 0, 1)
    candidate[2] = replace(candidate[2], value=float("nan"))
    comparison = decide(candidate, baseline)
    assert comparison.verdict is Verdict.INCOMPARABLE
    assert comparison.candidate is not None
    assert comparison.candidate.n == 9


def test_no_scores_at_all_are_not_measured_rather_than_zero() -> None:
    comparison = decide([], [])
    assert (comparison.verdict, comparison.candidate, comparison.baseline) == (Verdict.INCOMPARABLE, None, None)
    assert comparison.reasons == (f"neither side has a score under {METRIC}",)


def test_differing_settings_are_passed_on_as_reasons() -> None:
    candidate, baseline = two_sides(400, 6, 7, 87)
    facts = {"dataset_checksum": "aaa", "scorer_version": "1"}
    differing = difference_of_settings(facts, {"dataset_checksum": "bbb", "benchmark_fingerprint": "x"})
    assert differing == (
        "the benchmark fingerprint differs: not recorded for the candidate, x for the baseline",
        "the dataset checksum differs: aaa for the candidate, bbb for the baseline",
        "the scorer version differs: 1 for the candidate, not recorded for the baseline",
    )
    (comparison,) = compare_workload(
        workload=WORKLOAD, candidate=candidate, baseline=baseline, differing_settings=differing
    )
    assert (comparison.verdict, comparison.reasons) == (Verdict.INCOMPARABLE, differing)


def test_equal_settings_differ_in_nothing() -> None:
    assert difference_of_settings({"a": "1", "b": "2"}, {"b": "2", "a": "1"}) == ()


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


def test_real_values_are_judged_by_the_mean_of_their_differences() -> None:
    candidate = [score(i, 0.5 + 0.001 * (i % 7)) for i in range(200)]
    baseline = [score(i, 0.5 + 0.001 * (i % 5)) for i in range(200)]
    comparison = decide(candidate, baseline)
    assert comparison.verdict is Verdict.PASS
    assert (comparison.pairs, comparison.mcnemar_p, comparison.flips) == (None, None, ())
    assert comparison.low is not None
    assert comparison.high is not None
    assert comparison.difference is not None
    assert comparison.low < comparison.difference < comparison.high


def test_identical_real_values_leave_the_doubt_that_identical_shares_leave() -> None:
    scores = [score(i, 0.25) for i in range(300)]
    comparison, shares = decide(scores, scores), decide(*two_sides(300, 0, 0, 0))
    assert (comparison.low, comparison.high) == pytest.approx((shares.low, shares.high), abs=1e-9)
    assert comparison.verdict is Verdict.PASS


def test_a_metric_of_unknown_direction_never_decides() -> None:
    candidate, baseline = two_sides(400, 6, 7, 87, "perplexity,none")
    workload = replace(WORKLOAD, metric="perplexity,none")
    (comparison,) = compare_workload(workload=workload, candidate=candidate, baseline=baseline)
    assert comparison.verdict is Verdict.INCOMPARABLE
    assert "add it to evals/metrics.py" in comparison.reasons[0]


def test_for_a_metric_that_should_be_low_a_rise_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    from evals import metrics

    error_rate = replace(metrics.EXACT_MATCH, name="error_rate", direction=metrics.Direction.LOWER)
    monkeypatch.setitem(metrics.METRICS, "error_rate", error_rate)
    candidate, baseline = two_sides(100, 60, 2, 238, "error_rate,none")
    workload = replace(WORKLOAD, metric="error_rate,none")
    (worse,) = compare_workload(workload=workload, candidate=candidate, baseline=baseline)
    (better,) = compare_workload(workload=workload, candidate=baseline, baseline=candidate)
    assert (worse.verdict, better.verdict) == (Verdict.FAIL, Verdict.PASS)
    assert worse.difference == pytest.approx(58 / 400)
    assert worse.low is not None
    assert 0 < worse.low < 58 / 400


def test_equal_silence_of_both_sides_is_no_pass() -> None:
    silent = [score(doc_id, 0.0, parsed=False, extracted=None) for doc_id in range(300)]
    (row,) = compare_workload(workload=WORKLOAD, candidate=silent, baseline=silent)
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "in no answer of either side was a result found" in row.reasons[0]
    one_heard = [score(0, 1.0), *silent[1:]]
    (row,) = compare_workload(workload=WORKLOAD, candidate=one_heard, baseline=silent)
    assert row.verdict is Verdict.PASS


def test_a_metric_of_the_harness_decides_once_its_direction_is_known() -> None:
    workload = replace(WORKLOAD, metric="word_errors,none")
    candidate, baseline = two_sides(50, 40, 0, 10, "word_errors,none")
    (unknown,) = compare_workload(workload=workload, candidate=candidate, baseline=baseline)
    assert unknown.verdict is Verdict.INCOMPARABLE
    (known,) = compare_workload(
        workload=workload, candidate=candidate, baseline=baseline, directions={"word_errors": Direction.LOWER}
    )
    assert known.verdict is Verdict.FAIL


DROP = "it is worse than the baseline (the whole 95 % interval lies below 0)"


def in_groups(sides: tuple[list[Score], list[Score]], groups: int) -> tuple[list[Score], list[Score]]:
    """Deal the items of both sides out to tasks, in runs of neighbours, so that flips of a kind stay together."""
    size = -(-len(sides[0]) // groups)
    ours, theirs = ([replace(one, task=f"t{one.doc_id // size:02d}") for one in side] for side in sides)
    return ours, theirs


def test_items_of_tasks_that_differ_have_a_wider_interval_and_the_reason_says_so() -> None:
    # All flips lie side by side: whole tasks are worse, and others unchanged.
    alone = decide(*two_sides(700, 10, 30, 260), margin=0.01)
    grouped = decide(*in_groups(two_sides(700, 10, 30, 260), 20), margin=0.01)
    assert alone.low is not None
    assert grouped.low is not None
    assert grouped.low < 1.3 * alone.low < 0
    assert (alone.groups, grouped.groups) == (None, 20)
    assert any("the items come in 20 groups" in reason for reason in grouped.reasons)
    assert grouped.detectable_drop is not None
    assert alone.detectable_drop is not None
    assert grouped.detectable_drop > alone.detectable_drop


def test_tasks_that_are_alike_leave_the_items_own_interval_as_the_least() -> None:
    sides = two_sides(700, 20, 20, 260)
    dealt = tuple([replace(one, task=f"t{one.doc_id % 20:02d}") for one in side] for side in sides)
    alone, grouped = decide(*sides), decide(*dealt)
    assert alone.low is not None
    assert alone.high is not None
    assert grouped.low is not None
    assert grouped.high is not None
    assert grouped.low <= alone.low < alone.high <= grouped.high


def test_identical_answers_in_tasks_leave_the_doubt_that_identical_answers_leave() -> None:
    alone, grouped = decide(*two_sides(280, 0, 0, 20)), decide(*in_groups(two_sides(280, 0, 0, 20), 10))
    assert (grouped.low, grouped.high, grouped.verdict) == (alone.low, alone.high, Verdict.PASS)


def test_a_few_tasks_are_parts_of_the_benchmark_unless_they_are_named_as_groups() -> None:
    candidate, baseline = in_groups(two_sides(700, 10, 30, 260), 4)
    (parts,) = compare_workload(workload=WORKLOAD, candidate=candidate, baseline=baseline)
    (groups,) = compare_workload(workload=WORKLOAD, candidate=candidate, baseline=baseline, fewest_groups=2)
    assert (parts.groups, groups.groups) == (None, 4)
    assert parts.low is not None
    assert groups.low is not None
    assert groups.low < parts.low


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


def test_several_answers_to_each_question_count_as_one_item() -> None:
    ours = [score(i, float((i + k) % 3 > 0), repeat=k) for i in range(60) for k in range(4)]
    theirs = [score(i, float((i * k) % 4 > 0), repeat=k) for i in range(60) for k in range(4)]
    comparison = decide(ours, theirs)
    means = [sum((i + k) % 3 > 0 for k in range(4)) / 4 - sum((i * k) % 4 > 0 for k in range(4)) / 4 for i in range(60)]
    clustered = clustered_mean([ours[p].value - theirs[p].value for p in range(240)], [one.doc_id for one in ours])
    assert clustered is not None
    assert comparison.difference == pytest.approx(sum(means) / 60)
    student = t_interval(means)
    assert student is not None
    assert (student.low, student.high) == pytest.approx((clustered.interval().low, clustered.interval().high), abs=1e-9)
    bounded = bounded_mean(means, 1.0).interval()
    assert comparison.low == pytest.approx(min(student.low, bounded.low))
    assert comparison.high == pytest.approx(max(student.high, bounded.high))


def test_with_groups_more_groups_are_asked_for_and_the_drop_is_theirs() -> None:
    grouped = decide(*in_groups(two_sides(700, 10, 30, 260), 5), margin=0.01)
    assert grouped.verdict is Verdict.INCONCLUSIVE
    said = " ".join(grouped.reasons)
    assert "more groups would be needed to decide" in said
    assert "items would decide" not in said
    assert grouped.low is not None
    assert grouped.high is not None
    # Student's quantiles with 4 degrees, 2.776 and 0.941, times the error that is in the interval.
    error = (grouped.high - grouped.low) / 2 / 2.776
    assert grouped.detectable_drop == pytest.approx(0.01 + (2.776 + 0.941) * error, rel=0.1)


def test_items_that_only_other_metrics_judge_forbid_a_verdict() -> None:
    ours, theirs = two_sides(300, 2, 2, 6)
    more = [replace(one, task="t2", metric="acc,none") for one in ours[:7]]
    first, other = compare_workload(workload=WORKLOAD, candidate=[*ours, *more], baseline=[*theirs, *more])
    assert first.verdict is Verdict.INCOMPARABLE
    assert "7 of 317 items have scores, but none under" in first.reasons[0]
    assert other.difference == 0
