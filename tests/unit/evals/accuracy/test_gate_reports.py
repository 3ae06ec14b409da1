"""What the report makes of a gate's decision, and of a stop that decides nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.compare_gate import compare_gate
from evals.formatting import sizes
from evals.outcome import Verdict
from evals.result import Response, SampleKey
from tests.unit.evals.accuracy.gate_world import BAD, FLAWED, ORDER, WORKLOAD, answers, benchmark, expected, only


def scored(wrong: frozenset[int], numbers: set[int]) -> list[object]:
    return list(benchmark().judge(only(answers(wrong), numbers)))


@pytest.mark.parametrize("surplus", [0, 25])
def test_the_report_comes_to_the_jobs_decision_whatever_was_answered_beyond_it(surplus: int) -> None:
    for candidate in (FLAWED, BAD):
        verdict, taken = expected(candidate, FLAWED)
        assert taken is not None
        numbers = {number for _, number in ORDER[: taken + surplus]} | {ORDER[-1][1]}
        own, theirs = scored(candidate, numbers), scored(FLAWED, set(range(300)))
        [row, *_] = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
        assert (row.verdict, row.decided_after) == (verdict, taken)
        assert row.candidate is not None
        assert row.candidate.n == taken
        assert f"decided after {taken:,} of 300 items" in row.reasons[0]


def test_a_beginning_that_decides_nothing_is_no_sample_of_all() -> None:
    numbers = {number for _, number in ORDER[:20]}
    own, theirs = scored(FLAWED, numbers), scored(FLAWED, numbers)
    [row, *_] = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "after 20 of 300 items" in row.reasons[0]
    assert row.p_fail is None


def test_what_lies_beyond_a_gap_is_left_out() -> None:
    numbers = {number for _, number in ORDER[:250]} - {ORDER[10][1]}
    own, theirs = scored(FLAWED, numbers), scored(FLAWED, set(range(300)))
    [row, *_] = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "after 10 of 300 items" in row.reasons[0]


def test_without_any_common_beginning_the_sides_are_incomparable() -> None:
    own, theirs = scored(FLAWED, {ORDER[1][1]}), scored(FLAWED, {ORDER[0][1]})
    [row, *_] = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert row.verdict is Verdict.INCOMPARABLE


def test_silence_on_both_sides_is_no_pass() -> None:
    numbers = {number for _, number in ORDER[:250]}
    silent: dict[SampleKey, Response] = {k: replace(one, text="?") for k, one in only(answers(), numbers).items()}
    scores = benchmark().judge(silent)
    [row, *_] = compare_gate(workload=WORKLOAD, candidate=scores, baseline=scores, order=ORDER)
    assert row.verdict is Verdict.INCONCLUSIVE


def test_what_is_reported_beside_an_early_decision_has_no_interval_of_a_fixed_number() -> None:
    numbers = set(range(300))
    own, theirs = scored(BAD, numbers), scored(FLAWED, numbers)
    first, *others = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert sizes(first) == f"{first.decided_after} (stopped early)"
    assert first.low is not None
    assert others
    for row in others:
        assert row.candidate is not None
        assert row.candidate.n == first.decided_after
        assert (row.low, row.high, row.mcnemar_p, row.detectable_drop) == (None, None, None, None)


def test_after_an_undecided_stop_nothing_that_is_reported_holds_of_a_fixed_number() -> None:
    numbers = {number for _, number in ORDER[:20]}
    own, theirs = scored(BAD, numbers), scored(FLAWED, numbers)
    rows = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert len(rows) > 1
    for row in rows:
        assert (row.low, row.high, row.mcnemar_p, row.p_pass, row.detectable_drop) == (None,) * 5


def test_an_item_without_all_its_answers_ends_the_beginning() -> None:
    numbers = set(range(300))
    workload = replace(WORKLOAD, repeats=2, temperature=0.7)
    own, theirs = (
        [replace(one, repeat=repeat) for one in scored(wrong, numbers) for repeat in (0, 1)]  # type: ignore[type-var]
        for wrong in (FLAWED, FLAWED)
    )
    gap = ORDER[10][1]
    short = [one for one in own if (one.doc_id, one.repeat) != (gap, 1)]  # type: ignore[attr-defined]
    row = compare_gate(workload=workload, candidate=short, baseline=theirs, order=ORDER)[0]  # type: ignore[arg-type]
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "after 10 of 300 items" in row.reasons[0]
