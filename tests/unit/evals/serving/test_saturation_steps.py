"""Whether one step of the search for the saturation holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evals.serving.lengths import fixed
from evals.serving.load import Load
from evals.serving.passes import run_pass
from evals.serving.saturation import Trial
from evals.serving.steps import measured, step_load
from evals.serving.summary import Summary, summarise
from tests.unit.evals.serving.scripted import serving, whole

LIMITS = {"ttft": 200.0}


@pytest.fixture(scope="module")
def step() -> tuple[Load, Summary]:
    """A step that a quick server takes with ease, seen by a client that is never late."""
    with serving(whole) as (url, _):
        load = step_load(Load(base_url=url, requests=60, concurrency=1, output_len=fixed(3)), 100.0, 1, step_s=0.6)
        summary = summarise(run_pass(load), {"ttft": 2000.0})
    client = replace(summary.client, cpu_share=[0.1], loop_lag_p99_ms=1.0, schedule_lag_p99_ms=1.0)
    return load, replace(summary, client=client)


def changed(summary: Summary, **values: Any) -> Summary:
    assert summary.steady is not None
    return replace(summary, steady=replace(summary.steady, **values))


def test_a_step_holds_within_all_limits_only(step: tuple[Load, Summary]) -> None:
    load, summary = step
    quick = changed(summary, goodput_share=0.995)
    assert measured(load, quick, LIMITS).trial == Trial(holds=True)
    assert measured(load, quick, LIMITS, share=1.0).trial.holds is False
    slow = measured(load, changed(summary, goodput_share=0.98), LIMITS)
    assert slow.trial.holds is False
    assert slow.trial.reasons == ("98.0% of the requests was within the limits, not 99.0%",)
    broken = replace(quick, outcomes=replace(summary.outcomes, faults={"stalled": 1}))
    assert measured(load, broken, LIMITS).trial == Trial(holds=False, reasons=("1 times stalled",))


def test_a_step_holds_only_where_answers_follow_the_offered_rate(step: tuple[Load, Summary]) -> None:
    load, summary = step
    assert summary.steady is not None
    assert summary.steady.requests_per_s is not None
    behind = changed(summary, goodput_share=1.0, requests_per_s=replace(summary.steady.requests_per_s, value=80.0))
    trial = measured(load, behind, LIMITS).trial
    assert trial.holds is False
    assert "80.00 requests/s were answered of 100.00 offered" in trial.reasons[0]


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ({"cpu_share": [0.95]}, "95% of a core"),
        ({"loop_lag_p99_ms": 21.0}, "event loop"),
        ({"schedule_lag_p99_ms": 21.0}, "schedule"),
    ],
)
def test_a_step_that_fails_while_the_client_is_the_limit_is_no_evidence(
    step: tuple[Load, Summary], client: dict[str, Any], said: str
) -> None:
    load, summary = step
    limited = replace(summary, client=replace(summary.client, **client))
    failed = measured(load, changed(limited, goodput_share=0.5), LIMITS)
    assert failed.trial.holds is None
    assert said in failed.trial.reasons[0]
    held = measured(load, changed(limited, goodput_share=1.0), LIMITS)
    assert held.trial.holds is True, "the client's lateness only adds to latencies"
    assert said in held.client[0]


def test_a_step_without_a_steady_stretch_is_no_evidence(step: tuple[Load, Summary]) -> None:
    load, summary = step
    short = replace(summary, steady=None, whole=replace(summary.whole, goodput_share=1.0))
    assert measured(load, short, LIMITS).trial.holds is None
