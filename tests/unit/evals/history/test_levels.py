"""The levels of a series, and values in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import exp

import pytest

from evals.history.levels import levels_of
from evals.history.noise import NoiseFloor
from evals.history.series import SeriesPoint
from evals.history.words import amount, bracket, step

START = datetime(2026, 1, 1, tzinfo=UTC)


def point(day: int, value: float) -> SeriesPoint:
    return SeriesPoint(run_id=f"r{day}", finished_at=START + timedelta(days=day), value=value, source=None, version="1")


def test_a_level_begins_with_the_first_point_of_each_change() -> None:
    points = [point(day, value) for day, value in enumerate((0.8, 0.82, 0.7, 0.72, 0.74))]
    before, after = levels_of(points, [points[2].finished_at], NoiseFloor(deviation=0.01, repeats=9, relative=False))
    assert (before.n, after.n) == (2, 3)
    assert (before.last_at, after.first_at) == (points[1].finished_at, points[2].finished_at)
    assert before.mean == pytest.approx(0.81)
    assert (after.low, after.high) == (pytest.approx(0.71), pytest.approx(0.73))


def test_relative_noise_is_a_share_of_the_level_and_unknown_noise_says_nothing() -> None:
    points = [point(0, 100.0), point(1, 100.0)]
    (level,) = levels_of(points, [], NoiseFloor(deviation=0.05, repeats=9, relative=True))
    assert (level.low, level.high) == (pytest.approx(100 * exp(-0.05)), pytest.approx(100 * exp(0.05)))
    (level,) = levels_of(points, [], None)
    assert (level.low, level.high) == (None, None)
    assert levels_of([], [START], None) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (amount(0.8234, "share"), "82.3 %"),
        (amount(43.123, "ms"), "43.12 ms"),
        (bracket(0.8, 0.85, "share"), "[80.0, 85.0]"),
        (bracket(-0.5, 2, "ms"), "[−0.5, 2]"),
        (bracket(None, 2, "ms"), ""),
        (step("share", before=0.8, size=-0.021, low=-0.026, high=-0.015), "−2.1 pp [−2.6, −1.5]"),
        (step("ms", before=100, size=12, low=11, high=13), "+12.0 % [+11.0, +13.0]"),
        (step("ms", before=0, size=1, low=0, high=2), "+100.0 % [+0.0, +200.0]"),
    ],
)
def test_values_are_said_with_their_units(said: str, expected: str) -> None:
    assert said == expected
