"""Several deciding workloads in one run: wrong fails do not add up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from evals.compare import compare_workload
from evals.family import hold_family
from evals.result import Comparison, Verdict
from evals.statistics.evidence import of_shares
from evals.verdict import build_report
from tests.unit.evals.report_examples import WORKLOAD, sides, two_sides


def row(name: str, won: int, lost: int, n: int = 1000, *, margin: float = 0.02) -> Comparison:
    candidate, baseline = two_sides(n - won - lost, won, lost, 0)
    workload = replace(WORKLOAD, name=name, margin=margin)
    return compare_workload(workload=workload, candidate=candidate, baseline=baseline)[0]


BARELY, CLEARLY, WELL = row("barely", 10, 45), row("clearly", 5, 90), row("well", 20, 20)


def test_the_examples_are_what_they_are_called() -> None:
    assert [one.verdict for one in (BARELY, CLEARLY, WELL)] == [Verdict.FAIL, Verdict.FAIL, Verdict.PASS]
    assert BARELY.p_fail is not None
    assert 0.0125 < BARELY.p_fail < 0.025


def test_a_single_workload_fails_as_it_did() -> None:
    assert hold_family([BARELY]) == (BARELY,)


def test_among_two_what_chance_may_do_is_taken_back_with_its_reason() -> None:
    first, second = hold_family([BARELY, WELL])
    assert (first.verdict, second) == (Verdict.INCONCLUSIVE, WELL)
    assert "among 2 deciding workloads one does so by chance too often" in first.reasons[0]
    assert first.reasons[1:] == BARELY.reasons


def test_a_clear_fail_stands_and_helps_the_next_one() -> None:
    # Holm's second step: once the clear one is rejected, the other is a single test again.
    assert hold_family([BARELY, CLEARLY]) == (BARELY, CLEARLY)
    taken_back, clear, _ = hold_family([BARELY, CLEARLY, WELL])
    assert (taken_back.verdict, clear.verdict) == (Verdict.INCONCLUSIVE, Verdict.FAIL)


def test_what_decides_nothing_and_what_could_not_be_compared_are_no_tests() -> None:
    others = [replace(WELL, decides=False), replace(WELL, p_fail=None, verdict=Verdict.INCOMPARABLE)]
    assert hold_family([BARELY, *others]) == (BARELY, *others)


def test_a_pass_is_never_touched() -> None:
    assert hold_family([WELL] * 5) == (WELL,) * 5


def test_the_report_shows_what_was_taken_back() -> None:
    candidate, baseline = sides()
    report = build_report(
        run_id="r",
        suite="s",
        comparisons=[BARELY, WELL],
        candidate=candidate,
        baseline=baseline,
        created_at="2026-11-25T00:00:00+00:00",
        plumbline_version="0",
    )
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.comparisons[0].verdict is Verdict.INCONCLUSIVE
    assert any("by Holm's method" in reason for reason in report.reasons)


@pytest.mark.parametrize("tests", [1, 4])
def test_runs_at_the_margin_fail_wrongly_no_more_often_than_one_workload(tests: int) -> None:
    runs, margin = 1000, 0.02
    draws = np.random.default_rng(7).multinomial(500, (0.03, 0.05, 0.92), size=(runs, tests))[:, :, :2]
    evidence = cache(of_shares)
    failed = 0
    for run in draws.tolist():
        found = [evidence(won, lost, 500, margin) for won, lost in run]
        rows = [
            replace(WELL, p_fail=one.p_fail, verdict=Verdict.FAIL if one.interval.high < -margin else Verdict.PASS)
            for one in found
        ]
        failed += any(one.verdict is Verdict.FAIL for one in hold_family(rows))
    assert failed / runs <= 0.025 + 3 * (0.025 * 0.975 / runs) ** 0.5
