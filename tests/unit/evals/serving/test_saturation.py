"""The search for the saturation, on servers of which the answer is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from evals.serving.load import Load
from evals.serving.planning import plan
from evals.serving.saturation import Purpose, Trial, find_saturation
from evals.serving.steps import step_load


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
