"""How comparisons and jobs make a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.metrics import PARITY_METRICS
from evals.parity.findings import ParityResult
from evals.result import Comparison, Verdict
from evals.verdict import build_report, judge
from tests.unit.evals.report_examples import (
    WORKLOAD,
    broken,
    failed,
    incomparable,
    inconclusive,
    passed,
    report_of,
    sides,
    two_sides,
)

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


def test_a_significant_drop_that_the_margin_does_not_decide_is_the_headline() -> None:
    report = report_of(*two_sides(1200, 20, 60, 39), workload=replace(WORKLOAD, margin=0.02))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.headline.startswith("gsm8k is worse than the baseline (−3.0 pp [")
    assert report.headline.endswith("1,319 items cannot decide whether by more than the margin of 2 pp")


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


def parity_rows(verdict: Verdict) -> tuple[ParityResult, list[Comparison]]:
    """Return a parity workload's result and its comparisons, one of which has this verdict."""
    row = replace(passed().comparisons[0], workload="parity", metric=PARITY_METRICS["prefill"], verdict=Verdict.PASS)
    worst = replace(row, metric=PARITY_METRICS["chunk"], verdict=verdict, reasons=("too far",))
    result = ParityResult(
        workload="parity", verdict=verdict, headline="what parity says", calibration="", checks=(), coverage=()
    )
    return result, [row, worst]


def test_parity_speaks_for_itself_and_counts_as_one_workload() -> None:
    for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE):
        result, rows = parity_rows(verdict)
        assert judge(rows, sides(), [result]).headline == "what parity says"
    result, rows = parity_rows(Verdict.FAIL)
    also = judge([*rows, PARTS[Verdict.FAIL]], sides(), [result])
    assert also.headline.startswith("gsm8k is worse than the baseline")
    assert also.headline.endswith("(and 1 more workload)")


def test_a_pass_of_parity_stands_before_that_of_accuracy() -> None:
    result, rows = parity_rows(Verdict.PASS)
    found = judge([*rows, PARTS[Verdict.PASS]], sides(), [result])
    assert found.verdict is Verdict.PASS
    assert found.headline.startswith("what parity says; gsm8k is within the margin")


def test_a_lost_companion_is_no_error_of_the_run() -> None:
    result, rows = parity_rows(Verdict.PASS)
    candidate, baseline = sides()
    lost = replace(baseline, role="reference", state="failed", error={"message": "out of memory"})
    report = build_report(
        run_id="r", suite="parity", comparisons=rows, candidate=candidate, baseline=baseline, created_at="now",
        plumbline_version="0", parity=[result], companions=[lost],
    )  # fmt: skip
    assert (report.verdict, report.companions, report.parity) == (Verdict.PASS, (lost,), (result,))
