"""How comparisons and jobs make a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.result import Comparison, Verdict
from evals.verdict import judge
from tests.unit.evals.report_examples import broken, failed, incomparable, inconclusive, passed, sides

PARTS = {
    Verdict.PASS: passed().comparisons[0],
    Verdict.FAIL: failed().comparisons[0],
    Verdict.INCONCLUSIVE: inconclusive().comparisons[0],
    Verdict.INCOMPARABLE: incomparable().comparisons[0],
}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([Verdict.PASS, Verdict.PASS], Verdict.PASS),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.PASS], Verdict.FAIL),
        ([Verdict.FAIL, Verdict.INCOMPARABLE, Verdict.PASS], Verdict.INCOMPARABLE),
    ],
)
def test_the_worst_comparison_gives_the_runs_verdict(verdicts: list[Verdict], expected: Verdict) -> None:
    assert judge([PARTS[verdict] for verdict in verdicts], sides()).verdict is expected


def test_a_failed_job_is_an_error_whatever_was_measured() -> None:
    report = broken()
    assert report.verdict is Verdict.ERROR
    assert report.headline == "the baseline (hf) failed: CUDA out of memory on <host> | ask @admin"


def test_a_cancelled_job_without_an_error_is_an_error() -> None:
    candidate, baseline = sides()
    judgement = judge([PARTS[Verdict.PASS]], (replace(candidate, state="cancelled"), baseline))
    assert judgement.verdict is Verdict.ERROR
    assert "its job is cancelled" in judgement.headline


def test_the_error_of_an_earlier_attempt_does_not_spoil_a_success() -> None:
    candidate, baseline = sides()
    retried = replace(candidate, error={"message": "port taken"})
    assert judge([PARTS[Verdict.PASS]], (retried, baseline)).verdict is Verdict.PASS


def test_nothing_that_decides_is_an_error_and_never_a_pass() -> None:
    reported: Comparison = replace(PARTS[Verdict.PASS], decides=False, verdict=None)
    assert judge([], sides()).verdict is Verdict.ERROR
    assert judge([reported], sides()).verdict is Verdict.ERROR


def test_headlines_say_how_many_more_are_concerned() -> None:
    judgement = judge([PARTS[Verdict.FAIL]] * 3, sides())
    assert judgement.headline.endswith("(and 2 more workloads)")


def test_a_pass_states_its_difference_and_margin() -> None:
    assert passed().headline == "gsm8k is within the margin of 3 pp: −0.2 pp [−1.8, +1.4]"
