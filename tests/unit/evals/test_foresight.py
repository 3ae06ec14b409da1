"""What a submission could see before it runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.accuracy.sizes import items_asked
from evals.foresight import DISCORDANCE, foresee
from evals.plan import load_suite
from evals.spec import DataSource
from evals.statistics.power import power_to_fail


@pytest.mark.parametrize(
    ("suite", "limit", "items"),
    [("gsm8k", None, 1319), ("gsm8k", 100, 100), ("mmlu", None, 14042), ("mmlu", 3, 171), ("demo", None, 300)],
)
def test_published_and_demo_items_are_counted_and_a_limit_cuts_each_task(
    suite: str, limit: int | None, items: int
) -> None:
    (workload,) = load_suite(suite)
    assert items_asked(replace(workload, limit=limit)) == items


def test_what_only_the_run_will_know_is_left_open() -> None:
    (gsm8k,) = load_suite("gsm8k")
    assert items_asked(replace(gsm8k, data=DataSource.SUBSET)) is None
    assert items_asked(replace(gsm8k, benchmark="no_such_task")) is None
    seen = foresee(replace(gsm8k, benchmark="no_such_task"))
    assert (seen.items, seen.detectable) == (None, None)
    assert "once the run has read" in seen.unknown


def test_the_drop_named_is_the_one_that_fails_four_times_in_five() -> None:
    (gsm8k,) = load_suite("gsm8k")
    seen = foresee(gsm8k)
    assert seen.detectable is not None
    assert power_to_fail(seen.detectable, 1319, DISCORDANCE, margin=gsm8k.margin) == pytest.approx(0.8, abs=0.005)
    assert seen.needed is not None
    assert seen.needed > 1319  # 2 pp with 10 % discordance: the suite's own items are too few to pass for sure


def test_a_workload_without_items_says_so() -> None:
    (serving,) = load_suite("demo-serving")
    seen = foresee(serving)
    assert (seen.items, seen.needed) == (None, None)
    assert "no items" in seen.unknown
