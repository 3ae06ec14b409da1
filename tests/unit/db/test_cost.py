"""GPU minutes are counted from what jobs held, or said to be unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from db.cost import gpu_minutes, held_seconds
from db.jobs import JobRecord
from db.states import JobState
from evals.spec import EngineSpec, JobSpec, ModelSpec, Role


def job(device: str = "cuda", *, attempts: int = 1, devices: tuple[str, ...] | None = ("GPU-1", "GPU-2")) -> JobRecord:
    """Return a job that held its devices for 120 s, and for 60 s in each attempt before."""
    spans = [(number, 1000.0 * number) for number in range(1, attempts + 1)]
    timeline = [
        {"phase": phase, "attempt": number, "at": start + after}
        for number, start in spans
        for phase, after in (("preparing", 0), ("evaluating", 60))
    ]
    model, engine = ModelSpec(path="m"), EngineSpec(kind="sglang", device=device, gpus=2)
    known: dict[str, Any] = dict.fromkeys(("phase", "worker", "error", "log_path", "started_at"))
    return JobRecord(
        id="j", run_id="r", role=Role.CANDIDATE, queue="q", state=JobState.SUCCEEDED, attempt=attempts, failures=0,
        spec=JobSpec(role=Role.CANDIDATE, model=model, engine=engine, workloads=()),
        cancel_requested=False, progress={}, timeline=timeline, facts={} if devices is None else {"devices": devices},
        created_at=datetime.now(UTC), finished_at=datetime.fromtimestamp(spans[-1][1] + 120, UTC), **known,
    )  # fmt: skip


def test_gpus_are_counted_as_long_as_they_were_held() -> None:
    assert gpu_minutes([job(), job()]) == pytest.approx(8.0)


def test_attempts_that_were_given_up_count_as_far_as_is_known() -> None:
    assert held_seconds(job(attempts=3)) == pytest.approx(60 + 60 + 120)


def test_a_cpu_costs_no_gpu_and_devices_that_nobody_noted_are_unknown() -> None:
    assert gpu_minutes([job("cpu", devices=("cpu:0",))]) == 0
    assert gpu_minutes([job(), job(devices=None)]) is None
