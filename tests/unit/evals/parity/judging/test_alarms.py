"""What raises an alarm over few positions, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evals.outcome import Verdict
from evals.parity.judging.calibrated import against_floor
from evals.parity.judging.positions import Positions
from tests.unit.evals.parity.judging.spreads_world import FACTOR, positions


def sure_and_unsure(error: Callable[[np.ndarray], np.ndarray]) -> Positions:
    """Two kinds of prompts; in the first one 52 of 100 floors are a ten-thousandth of the others."""
    base = positions(0.02, prompts=2, each=100)
    magnitude = np.where(np.arange(100) < 52, 1e-4, 1.0)
    assert base.floor is not None
    floor = np.full(200, 0.02) * np.tile(magnitude, 2)
    names = ("text/0", "text/1", "code/0", "code/1")
    owner = np.repeat(np.arange(4), 50)
    return replace(base, prompts=names, owner=owner, floor=floor, ours=error(floor), theirs=np.zeros(200))


def alarms(found: Positions) -> list[str]:
    return [spread.group for spread in against_floor(found, FACTOR, seed=1) if spread.verdict is Verdict.FAIL]


def test_a_median_that_jumps_between_sure_and_unsure_tokens_is_no_alarm() -> None:
    def few_more_are_unsure(floor: np.ndarray) -> np.ndarray:
        error = floor.copy()
        error[[0, 1, 2, 3]] = 0.02
        return error

    jumping = sure_and_unsure(few_more_are_unsure)
    kinds = [one for one in against_floor(jumping, FACTOR, seed=1) if one.group == "text" and one.name == "p50"]
    assert kinds[0].ratio is not None
    assert kinds[0].ratio > 1000
    assert kinds[0].verdict is Verdict.PASS
    assert alarms(jumping) == []


def test_a_kind_of_prompts_whose_typical_error_is_beyond_raises_the_alarm() -> None:
    def ten_times_in_text(floor: np.ndarray) -> np.ndarray:
        return np.where(np.arange(200) < 100, 10 * floor, floor)

    assert "text" in alarms(sure_and_unsure(ten_times_in_text))


def test_the_tail_of_few_positions_raises_no_alarm() -> None:
    few, many = positions(0.02), positions(0.02, prompts=60, each=100)
    limits = {
        len(found): [one.limit for one in against_floor(found, FACTOR, seed=1) if one.name == "p99.9"]
        for found in (few, many)
    }
    assert limits == {3000: [None], 6000: [2 * FACTOR]}
