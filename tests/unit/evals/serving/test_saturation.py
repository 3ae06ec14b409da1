"""The search for the saturation: on servers of which the answer is known, and once over HTTP."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evals.__main__ import main
from evals.command import saturation as command
from evals.errors import InvalidSubmissionError
from evals.serving.lengths import fixed
from evals.serving.load import Load
from evals.serving.passes import run_pass
from evals.serving.planning import plan
from evals.serving.saturation import Purpose, Trial, find_saturation
from evals.serving.steps import measured, step_load
from evals.serving.summary import Summary, summarise
from tests.unit.evals.serving.scripted import native_stream, serving, whole

LIMITS = {"ttft": 200.0}


def limit_at(capacity: float) -> Callable[[float, int], Trial]:
    return lambda rate, seed: Trial(holds=rate <= capacity)


@pytest.mark.parametrize("capacity", [0.9, 7.3, 10.0, 41.0, 900.0])
@pytest.mark.parametrize("precision", [0.05, 0.01])
def test_the_highest_rate_is_found_to_the_precision_asked_for(capacity: float, precision: float) -> None:
    found = find_saturation(limit_at(capacity), 10.0, precision=precision)
    assert found.rate is not None
    assert found.beyond is not None
    assert found.rate <= capacity < found.beyond <= found.rate * (1 + precision)
    assert not found.is_bound


def test_the_rate_that_is_reported_held_twice_with_different_seeds() -> None:
    found = find_saturation(limit_at(41.0), 10.0, seed=7)
    last, held = found.steps[-1], [step for step in found.steps if step.rate == found.rate]
    assert last.purpose is Purpose.CONFIRM
    assert len({step.seed for step in held}) == 2
    assert len({step.seed for step in found.steps}) == len(found.steps)
    assert found == find_saturation(limit_at(41.0), 10.0, seed=7)


def test_a_rate_that_fails_its_confirmation_sends_the_search_lower() -> None:
    seen: list[float] = []

    def lucky_once(rate: float, seed: int) -> Trial:
        seen.append(rate)
        return Trial(holds=rate <= 20 or (rate <= 22 and seen.count(rate) == 1))

    found = find_saturation(lucky_once, 16.0)
    assert found.rate is not None
    assert 19 < found.rate <= 20
    refused = [step for step in found.steps if step.purpose is Purpose.CONFIRM and not step.trial.holds]
    assert refused
    assert all(step.rate > 20 for step in refused)


def test_under_noise_the_answer_stays_near_the_rate_that_mostly_holds() -> None:
    rates = []
    for seed in range(200):
        rng = np.random.default_rng(seed)

        def noisy(rate: float, number: int, rng: np.random.Generator = rng) -> Trial:
            return Trial(holds=rate * rng.lognormal(0, 0.05) <= 50)

        rates.append(find_saturation(noisy, 30.0).rate)
    assert None not in rates
    low, high = np.quantile(np.array(rates, dtype=float), [0.05, 0.95])
    assert 40 < low < high < 53


def test_where_the_client_was_the_limit_nothing_is_said_of_the_server() -> None:
    def trial(rate: float, seed: int) -> Trial:
        return Trial(holds=None, reasons=("the client used 99% of a core",)) if rate > 30 else Trial(holds=True)

    found = find_saturation(trial, 10.0)
    assert found.rate is not None
    assert 28 < found.rate <= 30
    assert found.is_bound
    assert "99% of a core" in found.stopped
    first = next(step for step in found.steps if step.trial.holds is None)
    assert found.steps[first.number + 1].rate == first.rate, "it is tried once more"


def test_a_server_that_holds_no_rate_or_every_rate_ends_the_search() -> None:
    assert find_saturation(limit_at(0.0), 10.0).rate is None
    everything = find_saturation(limit_at(1e9), 10.0)
    assert (everything.rate, everything.beyond, everything.is_bound) == (10.0 * 2**10, None, True)
    short = find_saturation(limit_at(41.0), 10.0, most_steps=4)
    assert short.rate is None
    assert "4 steps" in short.stopped
    assert "held, but only once" in short.stopped
    with pytest.raises(ValueError, match="start"):
        find_saturation(limit_at(1.0), 0.0)


def test_each_step_offers_its_rate_for_long_enough_by_a_schedule_of_its_own() -> None:
    load = Load(base_url="http://x", requests=50, concurrency=4)
    step = step_load(load, 8.0, 3, step_s=20.0)
    assert (step.requests, step.rate, step.poisson, step.concurrency, step.seed) == (160, 8.0, True, None, 3)
    assert step_load(load, 1.0, 3, step_s=20.0).requests == 50
    times = [[one.at_s for one in plan(step_load(load, 8.0, seed))] for seed in (3, 3, 4)]
    assert times[0] == times[1]
    assert times[0] != times[2]
    assert times[0][-1] == pytest.approx(20.0, rel=0.1)


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


PLACES, TAKES_S = 4, 0.1
"""A server that computes for four requests at a time, 0.1 s each, takes 40 requests/s."""


def scripted() -> Callable[[int, dict[str, Any], Callable[[bytes], Awaitable[None]]], Awaitable[bool]]:
    places: list[asyncio.Semaphore] = []

    async def answer(number: int, body: dict[str, Any], send: Callable[[bytes], Awaitable[None]]) -> bool:
        places.append(places[0] if places else asyncio.Semaphore(PLACES))
        async with places[0]:
            await asyncio.sleep(TAKES_S)
        for piece in native_stream(body["sampling_params"]["max_new_tokens"]):
            await send(piece)
        return True

    return answer


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_the_command_keeps_every_step_and_says_when_there_was_no_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "steps.json"
    words = (
        "--goodput ttft:60000 --input-len 5 --output-len 3 --requests 30 --step-seconds 0.4 --start 80 --most-steps 2"
    )
    with serving(whole) as (url, met):
        mine = ["evals", "saturation", "--base-url", url, "--api-key", "secret", "--json", str(file)]
        monkeypatch.setattr(sys, "argv", [*mine, *words.split()])
        assert main() == 1
    printed, captured = file.read_text(), capsys.readouterr()
    stored = json.loads(printed)
    assert [step["rate"] for step in stored["steps"]] == [80.0, 160.0]
    assert [step["load"]["requests"] for step in stored["steps"]] == [32, 64]
    assert len(met.bodies) == 1 + 32 + 64, "a small one before, and no closed loop where the first rate is given"
    assert [step["summary"]["outcomes"]["whole"] for step in stored["steps"]] == [32, 64]
    assert stored["rate"] is None
    assert "2 steps were not enough" in json.loads(captured.out)["stopped"]
    assert captured.err.count("requests/s holds") == sum(step["trial"]["holds"] is True for step in stored["steps"])
    assert "secret" not in printed


@pytest.mark.slow
def test_the_command_finds_what_a_server_of_known_capacity_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "steps.json"
    words = "--goodput ttft:400 --input-len 5 --output-len 3 --concurrency 8 --requests 60 --step-seconds 1.5"
    with serving(scripted()) as (url, _):
        mine = ["--base-url", url, "--api-key", "secret", "--precision", "0.15", "--json", str(file)]
        assert command.run(parsed(*mine, *words.split())) == 0
    printed, stored = json.loads(capsys.readouterr().out), json.loads(file.read_text())
    # Forty a second would be taken without any pause: with Poisson arrivals, waits of 0.3 s come somewhat below that.
    assert 24 < printed["rate"] <= 42
    assert stored["rate"] == printed["rate"]
    assert len(stored["steps"]) == printed["tried"]
    assert all(step["summary"]["outcomes"]["requests"] >= 60 for step in stored["steps"])
    assert {step["load"]["seed"] for step in stored["steps"]} == {step["seed"] for step in stored["steps"]}
    assert 30 < stored["estimate"]["summary"]["steady"]["requests_per_s"]["value"] < 42
    assert "secret" not in file.read_text()


@pytest.mark.parametrize("words", ["--share 1.5", "--precision 0", "--step-seconds 0", "--start -1", "--most-steps 0"])
def test_impossible_words_are_refused_before_anything_is_asked(words: str) -> None:
    with pytest.raises(InvalidSubmissionError):
        command.run(parsed("--base-url", "http://x", "--goodput", "ttft:200", *words.split()))
