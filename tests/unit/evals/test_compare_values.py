"""Comparisons of graded scores and of several answers, and which way a metric improves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.compare import compare_workload
from evals.metrics import Direction
from evals.result import Verdict
from evals.statistics.bounded import bounded_mean
from evals.statistics.clusters import clustered_mean
from evals.statistics.means import t_interval
from tests.unit.evals.report_examples import WORKLOAD, decide, score, two_sides


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


def test_a_metric_of_the_harness_decides_once_its_direction_is_known() -> None:
    workload = replace(WORKLOAD, metric="word_errors,none")
    candidate, baseline = two_sides(50, 40, 0, 10, "word_errors,none")
    (unknown,) = compare_workload(workload=workload, candidate=candidate, baseline=baseline)
    assert unknown.verdict is Verdict.INCOMPARABLE
    (known,) = compare_workload(
        workload=workload, candidate=candidate, baseline=baseline, directions={"word_errors": Direction.LOWER}
    )
    assert known.verdict is Verdict.FAIL


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
