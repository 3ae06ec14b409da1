"""The controllers, each against simulated engines: no clock runs, half a second passes at each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

import pytest

from evals.accuracy.controllers import MOST, Load, QueueController, RateController, Reading, spare_requests

STEP_S = 0.5


@dataclass
class Simulated:
    """An engine that runs `slots` requests at once, each in `service_s`, and refuses more than `accepts`.

    In-flight requests follow the limit as with real workers: at once upwards, downwards only as answers come.
    """

    slots: int
    service_s: float
    accepts: int = 10**9
    reports: bool = True
    counts_as_waiting: bool = False
    too_busy_to_look: bool = False
    in_flight: int = 0
    completed: float = 0.0
    refused: int = 0
    at_s: float = 0.0
    answers: list[float] = field(default_factory=list)

    def step(self, limit: int) -> Reading:
        done = min(self.slots, self.in_flight) / self.service_s * STEP_S
        self.in_flight = max(limit, ceil(self.in_flight - done))
        if self.in_flight > self.accepts:
            self.refused += self.in_flight - self.accepts
        self.at_s += STEP_S
        self.completed += done
        self.answers.append(done)
        running = 0 if self.counts_as_waiting else min(self.slots, self.in_flight)
        load = Load(running=running, waiting=self.in_flight - running) if self.reports else None
        load = Load(running=0, waiting=0) if self.too_busy_to_look else load
        return Reading(
            at_s=self.at_s, completed=int(self.completed), refused=self.refused, in_flight=self.in_flight, load=load
        )


def limits_over(controller: QueueController | RateController, engine: Simulated, steps: int) -> list[int]:
    limits = []
    for _ in range(steps):
        controller.observe(engine.step(controller.limit))
        limits.append(controller.limit)
    return limits


@pytest.mark.parametrize("slots", [1, 7, 29, 100, 300])
def test_the_queue_stays_short_and_the_engine_full(slots: int) -> None:
    limits = limits_over(QueueController(most=2048 + 32), Simulated(slots=slots, service_s=20.0), steps=400)
    settled = limits[200:]
    spare = max(4, min(32, slots // 4))
    assert min(settled) >= slots
    assert max(settled) <= slots + 2 * spare + slots // 8


def test_an_engine_that_takes_everything_gets_all_within_seconds() -> None:
    limits = limits_over(QueueController(most=2048), Simulated(slots=2048, service_s=5.0), steps=6)
    assert limits[-1] == MOST


def test_the_engines_own_limit_is_never_passed() -> None:
    controller = QueueController(most=20)
    assert controller.limit == 20
    assert max(limits_over(controller, Simulated(slots=1000, service_s=1.0), steps=50)) == 20


def test_quick_requests_that_all_count_as_waiting_are_not_choked() -> None:
    engine = Simulated(slots=200, service_s=0.2, counts_as_waiting=True)
    limits = limits_over(QueueController(most=2048), engine, steps=40)
    assert min(limits) >= 64
    assert engine.answers[-1] >= 200 / 0.2 * STEP_S * 0.9


@pytest.mark.parametrize(("slots", "most"), [(50, 128), (1000, 512)])
def test_an_engine_that_sees_nothing_of_its_queue_gets_more_only_while_it_answers_more(slots: int, most: int) -> None:
    engine = Simulated(slots=slots, service_s=1.0, too_busy_to_look=True)
    assert max(limits_over(QueueController(most=2048), engine, steps=200)) == most


def test_a_silent_engine_keeps_its_limit() -> None:
    assert set(limits_over(QueueController(most=500), Simulated(slots=9, service_s=1, reports=False), steps=20)) == {64}


@pytest.mark.parametrize(("slots", "low", "high"), [(1, 4, 4), (20, 20, 32), (100, 100, 128), (300, 256, 512)])
def test_the_pace_of_answers_finds_what_the_engine_can_use(slots: int, low: int, high: int) -> None:
    engine = Simulated(slots=slots, service_s=max(0.1, slots / 50), reports=False)
    limits = limits_over(RateController(), engine, steps=2000)
    assert low <= sorted(limits)[len(limits) // 2] <= high


def test_a_limit_that_changes_nothing_or_costs_answers_is_taken_back_and_tried_again_only_later() -> None:
    limits = limits_over(RateController(), Simulated(slots=20, service_s=1.0, reports=False), steps=300)
    moves = [limits[i] for i in range(1, 300) if limits[i] != limits[i - 1]]
    assert moves[:4] == [64, 32, 16, 32]
    assert len(moves) <= 16
    assert limits.count(32) > 2 * (limits.count(64) + limits.count(16))


def test_the_pace_never_leads_beyond_the_most() -> None:
    engine = Simulated(slots=10**6, service_s=1.0, reports=False)
    assert max(limits_over(RateController(), engine, steps=2000)) == MOST
    assert max(limits_over(RateController(most=12), engine, steps=50)) == 12


@pytest.mark.parametrize("make", [lambda: QueueController(most=500), RateController], ids=["queue", "rate"])
@pytest.mark.parametrize("accepts", [1, 10, 50])
def test_refusals_lower_the_limit_until_they_end(
    make: Callable[[], QueueController | RateController], accepts: int
) -> None:
    engine = Simulated(slots=1000, service_s=1.0, accepts=accepts, reports=False)
    limits = limits_over(make(), engine, steps=400)
    assert all(limit >= 1 for limit in limits)
    assert max(limits[200:]) <= accepts
    assert min(limits[200:]) >= max(1, accepts // 4)


def test_what_may_wait_grows_with_the_engine_and_with_its_pace() -> None:
    assert spare_requests(running=0, rate=0.0) == 4
    assert spare_requests(running=40, rate=1.0) == 10
    assert spare_requests(running=4000, rate=10.0) == 32
    assert spare_requests(running=0, rate=300.0) == 150
