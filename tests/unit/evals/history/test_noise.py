"""The noise floor: unknown for few repeats, robust against wild ones."""

from __future__ import annotations

import random

import pytest

from evals.history.noise import LEAST_REPEATS, noise_floor
from evals.history.series import RELEVANT_POINTS, RELEVANT_SHARE, minimal_step


def pairs(count: int, deviation: float) -> list[list[float]]:
    draw = random.Random(1)
    return [[draw.gauss(level, deviation) for _ in range(2)] for level in range(10, 10 + count)]


def test_groups_of_two_give_the_deviation_whatever_their_levels() -> None:
    floor = noise_floor(pairs(400, 0.5), relative=False)
    assert floor is not None
    assert floor.deviation == pytest.approx(0.5, rel=0.1)
    assert floor.repeats == 400


def test_few_repeats_leave_it_unknown_and_single_values_are_no_repeats() -> None:
    assert noise_floor([*pairs(LEAST_REPEATS - 1, 1.0), [1.0], [2.0]], relative=False) is None
    assert noise_floor(pairs(LEAST_REPEATS, 1.0), relative=False) is not None


def test_one_wild_repeat_changes_little() -> None:
    calm = [99.0, 100.0, 101.0, 99.5, 100.5, 100.2, 99.8, 100.1, 99.9]
    usual, wild = (noise_floor([[*calm, last]], relative=False) for last in (100.0, 500.0))
    assert usual is not None
    assert wild is not None
    assert wild.deviation < 2 * usual.deviation


def test_relative_spreads_are_shares_of_the_level() -> None:
    scaled = [[level, level * 1.1] for level in (1.0, 10.0, 100.0)] * 3
    floor = noise_floor(scaled, relative=True)
    assert floor is not None
    assert floor.deviation == pytest.approx(0.1, rel=0.1)
    assert noise_floor([[0.0, 0.0]] * 20, relative=True) is None


def test_the_least_step_is_the_metrics_unless_noise_is_larger() -> None:
    assert minimal_step(False, None) == RELEVANT_POINTS
    assert minimal_step(True, None) == RELEVANT_SHARE
    floor = noise_floor([[0.5, 0.7]] * 10, relative=False)
    assert floor is not None
    assert minimal_step(False, floor) == floor.deviation > RELEVANT_POINTS
