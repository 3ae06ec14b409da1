"""The plan of a filled store, and how readers' times are summed up."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from benchmarks.dashboard_load.plan import ITEMS, planned
from benchmarks.dashboard_load.readers import quantile
from benchmarks.dashboard_load.store import newest_with
from evals.fingerprinting import workload_key

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_plan_meets_its_sizes() -> None:
    runs = list(planned(runs=2_000, lineages=200, samples=20_000_000, seed=7, now=NOW))
    lineages = {(run.submission.model.path, workload_key(one), run.hardware)
                for run in runs for one in run.submission.workloads}  # fmt: skip
    samples = sum(2 * ITEMS[name] for run in runs for name in run.variants)
    ends = Counter(run.ends for run in runs)
    assert len(runs) == 2_000
    assert len(lineages) == 200
    assert samples == pytest.approx(20_000_000, rel=0.05)
    assert (ends["running"], ends["queued"]) == (2, 10)
    assert all(one.accepted_at < other.accepted_at for one, other in zip(runs[:-41], runs[41:], strict=True))
    assert max(run.accepted_at for run in runs) <= NOW


def test_the_same_seed_gives_the_same_plan() -> None:
    one, again, another = (list(planned(runs=50, lineages=10, samples=1_000, seed=seed, now=NOW)) for seed in (1, 1, 2))
    assert one == again
    assert one != another


def test_the_newest_jobs_keep_their_samples() -> None:
    noted = [(f"j{number}", "gsm8k", 0, "candidate", 0.0, 0) for number in range(5)]
    assert [note[0] for note in newest_with(noted, 2 * ITEMS["gsm8k"])] == ["j3", "j4"]
    assert [note[0] for note in newest_with(noted, ITEMS["gsm8k"] + 1)] == ["j3", "j4"]
    assert newest_with(noted, 10**9) == noted


def test_a_quantile_is_a_value_that_was_seen() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [quantile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50.0, 95.0, 99.0, 100.0]
    assert quantile([3.0], 0.95) == 3.0
