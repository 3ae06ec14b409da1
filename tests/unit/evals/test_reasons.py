"""The order of a verdict's reasons: what weighs most stands first, whichever verdict the run has."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from evals.metrics import METRICS, PARITY_METRICS, Direction
from evals.reasons import beyond, by_weight, reasons_of
from evals.result import Comparison, Verdict
from evals.verdict import judge
from tests.unit.evals.report_examples import failed, incomparable, inconclusive, passed, sides

LOWER = next(metric for metric in METRICS.values() if metric.direction is Direction.LOWER)


def named(name: str, like: Comparison, **changes: object) -> Comparison:
    return replace(like, **{"workload": name, "reasons": (f"because of {name}",)} | changes)  # type: ignore[arg-type]


FAILED = replace(failed().comparisons[0], margin=0.02)
ROWS = (
    named("incomparable", incomparable().comparisons[0]),
    named("far", FAILED, low=-0.2, high=-0.1),
    named("near", FAILED, low=-0.2, high=-0.021),
    named("parity", FAILED, metric=PARITY_METRICS["prefill"], low=0.8, high=0.9),
    named("wide", inconclusive().comparisons[0], margin=0.02, low=-0.2, high=0.1),
    named("narrow", inconclusive().comparisons[0], margin=0.02, low=-0.03, high=0.0),
    named("passed", passed().comparisons[0], margin=0.02, low=-0.01, high=0.0),
)


def test_the_order_is_by_kind_of_trouble_and_then_by_size_whatever_came_first() -> None:
    for rows in list(permutations(ROWS))[::97]:
        assert [row.workload for row in by_weight(rows)] == [row.workload for row in ROWS]


def test_every_trouble_is_told_also_behind_a_graver_one_and_what_passed_is_not() -> None:
    judgement = judge(ROWS[::-1], sides())
    assert judgement.verdict is Verdict.INCOMPARABLE
    assert [reason.rpartition(" ")[2] for reason in judgement.reasons] == [row.workload for row in ROWS[:-1]]
    without = judge(ROWS[:0:-1], sides())
    assert without.verdict is Verdict.FAIL
    assert without.headline.startswith("far is worse than the baseline")
    assert without.reasons == reasons_of(ROWS[1:])


def test_a_pass_tells_its_reasons_too_the_nearest_to_failing_first() -> None:
    rows = [
        named("easy", ROWS[-1], low=0.0, high=0.01, reasons=()),
        named("early", ROWS[-1], low=-0.01, high=0.0),
        named("close", ROWS[-1], low=-0.019, high=0.0, reasons=()),
    ]
    judgement = judge(rows, sides())
    assert judgement.verdict is Verdict.PASS
    assert [reason.partition(" ")[0] for reason in judgement.reasons] == ["close", "early", "easy"]
    assert "lies within the margin of 2 pp" in judgement.reasons[0]
    assert judgement.reasons[1].endswith("because of early")


def test_a_failed_job_is_the_only_reason() -> None:
    candidate, baseline = sides()
    lost = replace(candidate, state="failed", error={"message": "out of memory"})
    assert judge(ROWS, (lost, baseline)).reasons == ("the candidate (sglang) failed: out of memory",)


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_a_loss_is_measured_in_margins_whichever_way_is_better(verdict: Verdict) -> None:
    row = replace(FAILED, verdict=verdict, margin=0.02, low=-0.08, high=-0.04)
    mirrored = replace(row, metric=LOWER, low=0.04, high=0.08)
    expected = 1.0 if verdict is Verdict.FAIL else 3.0
    assert beyond(row) == pytest.approx(expected)
    assert beyond(mirrored) == pytest.approx(expected)
    assert beyond(replace(row, margin=None)) is None
