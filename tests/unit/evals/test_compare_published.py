"""A candidate against a published value: unpaired, and said so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from evals.baseline import PublishedValue
from evals.compare_published import compare_with_published
from evals.metrics import Direction
from evals.result import Comparison, Score, Verdict
from tests.unit.evals.report_examples import WORKLOAD, score, two_sides


def against(published: PublishedValue, right: int = 1100, n: int = 1319) -> Comparison:
    candidate, _ = two_sides(right, 0, 0, n - right)
    return compare_with_published(workload=WORKLOAD, candidate=candidate, published=published)[0]


def test_a_value_over_n_items_is_judged_by_newcombes_interval() -> None:
    comparison = against(PublishedValue(value=0.84, n=1000))
    expected = confint_proportions_2indep(1100, 1319, 840, 1000, method="newcomb", compare="diff")
    assert (comparison.low, comparison.high) == pytest.approx(expected, abs=1e-9)
    assert comparison.difference == pytest.approx(1100 / 1319 - 0.84)
    assert (comparison.pairs, comparison.mcnemar_p, comparison.flips) == (None, None, ())
    assert comparison.baseline is not None
    assert (comparison.baseline.value, comparison.baseline.n) == (0.84, 1000)


@pytest.mark.parametrize(
    ("value", "n", "verdict"),
    [(0.70, 1319, Verdict.PASS), (0.95, 1319, Verdict.FAIL), (0.84, 1319, Verdict.INCONCLUSIVE)],
)
def test_every_verdict_says_that_it_is_unpaired_and_whose_value_it_is(value: float, n: int, verdict: Verdict) -> None:
    comparison = against(PublishedValue(value=value, n=n, source="the model's card"))
    assert comparison.verdict is verdict
    assert comparison.reasons[-1].startswith(f"unpaired: the baseline is published, {value:g} over 1,319 items")
    assert "the model's card" in comparison.reasons[-1]


def test_an_inconclusive_one_promises_no_number_of_items() -> None:
    reasons = " ".join(against(PublishedValue(value=0.84, n=1319)).reasons)
    assert "with n = 1,319 a true drop of" in reasons
    assert "items would decide" not in reasons


def test_a_standard_error_counts_before_n_and_zero_says_nothing() -> None:
    wide, n_alone = (
        against(PublishedValue(value=0.84, n=1319, stderr=0.05)),
        against(PublishedValue(value=0.84, n=1319)),
    )
    assert wide.low is not None
    assert n_alone.low is not None
    assert wide.low < n_alone.low
    assert against(PublishedValue(value=0.84, n=1319, stderr=0.0)).low == n_alone.low


def test_all_right_against_all_right_is_still_in_doubt() -> None:
    comparison = against(PublishedValue(value=1.0, n=40), right=40, n=40)
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.low is not None
    assert comparison.low < -0.08


def test_graded_answers_and_other_metrics() -> None:
    graded = [score(place, place % 5 / 4) for place in range(200)]
    other = [score(place, 1.0, metric="acc,none") for place in range(200)]
    first, second = compare_with_published(
        workload=WORKLOAD, candidate=[*graded, *other], published=PublishedValue(value=0.4, n=200)
    )
    assert first.verdict is Verdict.PASS
    assert (second.difference, second.reasons) == (None, ("nothing was published of this metric",))


def test_what_cannot_be_judged_is_incomparable() -> None:
    published = PublishedValue(value=0.4, n=200)
    broken = [score(0, float("nan")), score(1, 1.0)]
    assert compare_with_published(workload=WORKLOAD, candidate=[], published=published)[0].verdict is (
        Verdict.INCOMPARABLE
    )
    assert compare_with_published(workload=WORKLOAD, candidate=broken, published=published)[0].verdict is (
        Verdict.INCOMPARABLE
    )


def test_of_errors_that_should_be_low_more_is_worse() -> None:
    workload = replace(WORKLOAD, metric="word_errors,none")
    candidate: list[Score] = two_sides(300, 0, 0, 700, "word_errors,none")[0]
    (row,) = compare_with_published(
        workload=workload,
        candidate=candidate,
        published=PublishedValue(value=0.1, n=1000),
        directions={"word_errors": Direction.LOWER},
    )
    assert row.verdict is Verdict.FAIL
    assert row.low is not None
    assert row.low > 0.03


def test_silence_is_no_pass_against_a_published_value() -> None:
    silent = [score(place, 0.0, parsed=False, extracted=None) for place in range(500)]
    published = PublishedValue(value=0.001, n=5000)
    row = compare_with_published(workload=WORKLOAD, candidate=silent, published=published)[0]
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "in no answer" in row.reasons[0]
    wrong = [replace(one, parsed=True) for one in silent]
    assert compare_with_published(workload=WORKLOAD, candidate=wrong, published=published)[0].verdict is Verdict.PASS
