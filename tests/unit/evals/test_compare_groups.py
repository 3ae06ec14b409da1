"""Comparisons of items that come in groups, such as a benchmark's subjects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.compare import compare_workload
from evals.result import Verdict
from tests.unit.evals.report_examples import WORKLOAD, decide, in_groups, two_sides


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
