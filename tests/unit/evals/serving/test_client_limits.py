"""Whether the client was the limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evals.serving.client_check import client_check
from tests.unit.evals.serving.figures_world import ANSWER, LOAD, MS, effort, finished, record


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, None),
        ({"cpu_s": 8.4}, None),
        ({"cpu_s": 8.6}, "86% of a core"),
        ({"lags_ms": [1.0] * 190 + [30.0] * 10}, "event loop was 30.0 ms late"),
        ({"lags_ms": [1.0] * 199 + [300.0]}, None),  # one hiccup in two hundred is above p99
        ({"late_ms": [1.0] * 90 + [30.0] * 10}, "schedule was 30.0 ms late"),
    ],
)
def test_the_client_was_the_limit_when_it_was_busy_or_late(values: dict[str, Any], reason: str | None) -> None:
    check = client_check(finished([ANSWER], effort=effort(**values)))
    assert check.client_limited is (reason is not None)
    assert reason is None or reason in check.reasons[0]
    assert check.lag_limit_ms == 5.0


def test_the_allowed_lag_follows_the_ttft_within_its_ends() -> None:
    def limit(ttft: int) -> float:
        return client_check(finished([record(arrivals=((ttft, 1),))])).lag_limit_ms

    assert [limit(ttft) for ttft in (10, 120, 4000)] == [5.0, 12.0, 20.0]


def test_without_a_limit_in_flight_the_wait_is_the_clients_fault() -> None:
    waited = [replace(ANSWER, index=n, due_ns=(100 - 40) * MS) for n in range(10)]
    free = replace(LOAD, rate=1.0, concurrency=None)
    assert client_check(finished(waited, free)).client_limited
    assert not client_check(finished(waited, replace(free, concurrency=2))).client_limited
