"""A pass is spoiled when its client bent what decides, and not for a hiccup."""

from __future__ import annotations

import pytest

from evals.duel.results import GpuUse
from evals.duel.spoiling import spoiled_by_client, spoiled_by_gpu
from evals.serving.tries import Effort

GPU = GpuUse(
    uuid="GPU-1", name="H200", samples=9, sm_clock_mhz=(1, 2, 3), power_w=(1, 2), utilisation=0.9, memory_mib=1,
    temperature_c=50,
)  # fmt: skip


def effort(lags_ms: list[float], *, share: float = 0.1) -> Effort:
    return Effort(wall_s=10.0, cpu_s=10 * share, lags_ms=lags_ms, late_ms=[], opened=0, read_early=0)


QUIET, HICCUP = [0.1] * 100, [0.1] * 95 + [190.0, 170.0, 150.0, 130.0, 110.0]
OFTEN_AWAY, ALWAYS_LATE = [0.1] * 85 + [60.0] * 15, [6.0] * 100


@pytest.mark.parametrize(
    ("lags", "share", "ttft", "says"),
    [
        (QUIET, 0.10, 100.0, None),
        (HICCUP, 0.10, 100.0, None),
        (QUIET, 0.90, 100.0, "used 90% of a core"),
        (OFTEN_AWAY, 0.10, 100.0, "60.0 ms late at p90, above 50.0 ms"),
        (OFTEN_AWAY, 0.10, 200.0, None),
        (ALWAYS_LATE, 0.10, 100.0, "6.0 ms late at p50, above 5.0 ms"),
        (ALWAYS_LATE, 0.10, 200.0, None),
        ([0.9] * 100, 0.10, 5.0, None),
        ([1.1] * 100, 0.10, 5.0, "late at p50, above 1.0 ms"),
        (QUIET, 0.10, None, None),
    ],
)
def test_the_client(lags: list[float], share: float, ttft: float | None, says: str | None) -> None:
    found = spoiled_by_client([effort(QUIET), effort(lags, share=share)], [], ttft)
    assert bool(found) == (says is not None)
    assert says is None or says in found[0]


def test_an_open_loop_that_sends_late_is_spoiled() -> None:
    assert "schedule" in spoiled_by_client([effort(QUIET)], [20.0] * 50, 100.0)[0]
    assert not spoiled_by_client([effort(QUIET)], [0.2] * 50, 100.0)


def test_a_slowed_or_shared_gpu_is_named() -> None:
    from dataclasses import replace

    assert spoiled_by_gpu([GPU]) == []
    assert spoiled_by_gpu([replace(GPU, throttled=("thermal",))]) == ["H200 was slowed down (thermal)"]
    assert spoiled_by_gpu([GPU, replace(GPU, strangers=(7, 8))]) == ["H200 was shared with process 7, 8"]
