"""Passes made by hand, for what is pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.spec import Scalar, Workload

WORKLOAD = Workload(name="serving", benchmark="serving", metric="serving", margin=0.05)


def workload(**options: Scalar) -> Workload:
    return replace(WORKLOAD, options=options)


def a_pass(side: str, round: int, *, ttft: float | None = 100.0, rate: float | None = 200.0, level: int = 8) -> Pass:
    values = {"ttft_p50": ttft, "output_tokens_per_s": rate, "requests_per_s": rate and rate / 50}
    return Pass(
        round=round,
        level=level,
        side=side,
        place=0,
        started_s=0.0,
        length_s=1.0,
        values=values,
        requests=64,
        whole=64,
        curves={"ttft_ms": (1.0, ttft or 1.0)},
    )


def a_duel(ratios: Sequence[float], *, rates: Sequence[float] | None = None, level: int = 8) -> list[Pass]:
    """Return rounds in which the candidate's TTFT is so many times the baseline's, and its throughput likewise."""
    found = []
    for round, (ttft, rate) in enumerate(zip(ratios, rates or [1 / one for one in ratios], strict=True)):
        found.append(a_pass(CANDIDATE, round, ttft=100 * ttft, rate=200 * rate, level=level))
        found.append(a_pass(BASELINE, round, level=level))
    return found


def faulty(one: Pass, count: int, fault: str = "stalled") -> Pass:
    return replace(one, whole=one.requests - count, faults={fault: count})
