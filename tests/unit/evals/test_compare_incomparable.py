"""What forbids a comparison: missing answers, other prompts, other settings, scores that are none."""

from __future__ import annotations

from dataclasses import replace

from evals.compare import compare_workload, difference_of_settings
from evals.result import Verdict
from tests.unit.evals.report_examples import METRIC, WORKLOAD, decide, two_sides


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


def test_items_that_only_other_metrics_judge_forbid_a_verdict() -> None:
    ours, theirs = two_sides(300, 2, 2, 6)
    more = [replace(one, task="t2", metric="acc,none") for one in ours[:7]]
    first, other = compare_workload(workload=WORKLOAD, candidate=[*ours, *more], baseline=[*theirs, *more])
    assert first.verdict is Verdict.INCOMPARABLE
    assert "7 of 317 items have scores, but none under" in first.reasons[0]
    assert other.difference == 0
