"""Change points: found where they are, none in flat series, spikes are none."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from evals.statistics.changes import LEAST_POINTS, find_changes


def noise(n: int, seed: int, deviation: float = 2.0) -> list[float]:
    draw = random.Random(seed)
    return [draw.gauss(100.0, deviation) for _ in range(n)]


def stepped(values: Sequence[float], at: int, size: float) -> list[float]:
    return [value + (size if place >= at else 0.0) for place, value in enumerate(values)]


@pytest.mark.parametrize("at", [10, 30, 50, 56])
@pytest.mark.parametrize("size", [-9.0, 9.0])
def test_a_step_in_a_noisy_series_of_60_is_found_within_two_points(at: int, size: float) -> None:
    for seed in range(5):
        (change,) = find_changes(stepped(noise(60, seed), at, size), minimal=0.03, relative=True)
        assert abs(change.index - at) <= 2
        assert change.interval.low < change.size < change.interval.high
        assert change.size == pytest.approx(size, abs=3.0)
        assert (change.n_before, change.n_after) == (change.index, 60 - change.index)
        assert change.before == pytest.approx(100, abs=2)
        assert change.size == pytest.approx(change.after - change.before)


def test_50_flat_series_of_60_points_have_no_change() -> None:
    assert [find_changes(noise(60, seed), minimal=0.0) for seed in range(50)] == [()] * 50


def test_two_steps_are_two_changes_with_the_levels_between_them() -> None:
    first, second = find_changes(stepped(stepped(noise(60, 3), 20, 12.0), 40, -12.0), minimal=0.0)
    assert (first.index, second.index) == (20, 40)
    assert first.n_after == second.n_before == 20
    assert first.after == second.before


def test_a_spike_is_no_change_and_hides_none() -> None:
    spiked = noise(60, 4)
    spiked[58] += 60.0
    spiked[20] -= 60.0
    assert find_changes(spiked, minimal=0.0) == ()
    (change,) = find_changes(stepped(spiked, 40, 9.0), minimal=0.0)
    assert abs(change.index - 40) <= 2


def test_what_is_too_small_or_too_fresh_is_none() -> None:
    values = stepped(noise(60, 5), 30, 9.0)
    assert find_changes(values, minimal=0.10, relative=True) == ()
    assert find_changes(values, minimal=20.0) == ()
    fresh = noise(60, 5)
    assert find_changes(stepped(fresh, 60 - LEAST_POINTS + 1, 30.0), minimal=0.0) == ()
    (found,) = find_changes(stepped(fresh, 60 - LEAST_POINTS, 30.0), minimal=0.0)
    assert found.index == 60 - LEAST_POINTS


def test_values_without_noise_change_where_they_do() -> None:
    assert find_changes([0.85] * 20, minimal=0.01) == ()
    (change,) = find_changes([0.85] * 12 + [0.80] * 8, minimal=0.01)
    assert (change.index, change.p, change.size) == (12, 0.0, pytest.approx(-0.05))
    assert find_changes([0.85] * 12 + [0.845] * 8, minimal=0.01) == ()


@pytest.mark.parametrize("n", range(6))
def test_few_points_show_nothing(n: int) -> None:
    assert find_changes([float(100 * value) for value in range(n)], minimal=0.0) == ()


def test_long_series_are_one_window() -> None:
    (change,) = find_changes(stepped(noise(300, 6), 200, 6.0), minimal=0.0)
    assert abs(change.index - 200) <= 2


def test_a_place_is_where_two_levels_fit_best() -> None:
    (change,) = find_changes(stepped(noise(60, 13), 50, 6.0), minimal=0.0)
    assert change.index == 50  # E-divisive itself says 52 here


@pytest.mark.parametrize("share", [0.5, 0.7, 0.8, 0.9])
def test_noise_of_two_modes_is_no_change(share: float) -> None:
    draw = random.Random(11)
    series = [[0.8 + 0.03 * (draw.random() >= share) + draw.gauss(0, 0.001) for _ in range(60)] for _ in range(60)]
    assert sum(bool(find_changes(values, minimal=0.0)) for values in series) <= 2
