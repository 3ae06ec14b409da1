"""How errors are judged: against a measured floor, and against a fixed tolerance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from evals.outcome import Verdict
from evals.parity.findings import Spread
from evals.parity.judging.bootstrap import quantile, ratio_intervals
from evals.parity.judging.calibrated import against_floor
from evals.parity.judging.fixed import within
from evals.parity.judging.positions import Positions
from evals.parity.judging.severity import worst_of
from evals.parity.judging.spread_words import misses, telling
from evals.parity.judging.tolerance import LEAST_FLOOR

PROMPTS, EACH = 30, 100
FACTOR = 3.0

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]


def positions(scale: float, change: Change | None = None, *, prompts: int = PROMPTS, each: int = EACH) -> Positions:
    """Positions of which both sides' errors come from one distribution; change: of the candidate's, by owner."""
    rng = np.random.default_rng(3)
    owner = np.repeat(np.arange(prompts), each)
    ours, floor = (scale * np.abs(rng.standard_t(4, len(owner))) for _ in range(2))
    if change is not None:
        ours = change(ours, owner)
    nothing = np.zeros(len(owner))
    return Positions(
        prompts=tuple(f"{'text' if index < prompts // 2 else 'code'}/{index}" for index in range(prompts)),
        owner=owner,
        position=np.tile(np.arange(each), prompts),
        ours=ours,
        theirs=nothing,
        kl=nothing,
        agrees=nothing == 0,
        floor=floor,
        kl_floor=nothing,
        agrees_floor=nothing == 0,
    )


def calibrated(found: Positions) -> tuple[Verdict, tuple[Spread, ...]]:
    spreads = against_floor(found, FACTOR, seed=1)
    return worst_of(one.verdict for one in spreads if one.verdict is not None), spreads


def fixed(found: Positions, tolerance: float) -> tuple[Verdict, tuple[Spread, ...]]:
    spreads = within(replace(found, floor=None), tolerance)
    return worst_of(one.verdict for one in spreads if one.verdict is not None), spreads


def by_name(spreads: tuple[Spread, ...], name: str, group: str = "all") -> Spread:
    return next(one for one in spreads if (one.name, one.group) == (name, group))


def test_a_quantile_is_the_least_value_that_so_many_do_not_exceed() -> None:
    values = np.asarray([5.0, 1.0, 4.0, 2.0, 3.0])
    assert [quantile(values, share) for share in (0.0, 0.2, 0.5, 0.81, 1.0)] == [1.0, 1.0, 3.0, 5.0, 5.0]


def test_the_interval_holds_the_ratio_and_repeats_itself() -> None:
    found = positions(0.01)
    assert found.floor is not None
    first, second = (
        ratio_intervals(found.error, found.floor, found.owner, [0.5, 0.9], least=1e-9, seed=5) for _ in range(2)
    )
    assert first == second
    assert first[0] is not None
    assert first[0].low < quantile(found.error, 0.5) / quantile(found.floor, 0.5) < first[0].high
    assert first[0].high - first[0].low < 0.3


def test_whole_prompts_are_drawn_so_that_one_prompt_cannot_look_like_many_positions() -> None:
    found = positions(0.01, lambda ours, owner: np.where(owner < 4, 100 * ours, ours))
    assert found.floor is not None
    (interval,) = ratio_intervals(found.error, found.floor, found.owner, [0.9], least=1e-9, seed=5)
    assert interval is not None
    assert interval.high > 10 * interval.low


def test_few_prompts_give_no_interval_and_so_no_pass() -> None:
    verdict, spreads = calibrated(positions(0.01, prompts=7))
    assert by_name(spreads, "p50").low is None
    assert verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("times", "expected"), [(1.0, Verdict.PASS), (2.0, Verdict.PASS), (3.0, Verdict.INCONCLUSIVE), (4.0, Verdict.FAIL)]
)
def test_the_interval_within_the_factor_passes_and_beyond_it_fails(times: float, expected: Verdict) -> None:
    verdict, spreads = calibrated(positions(0.01, lambda ours, owner: times * ours))
    assert verdict is expected
    assert by_name(spreads, "p90").limit == FACTOR


def test_a_floor_below_the_spacing_of_logits_does_not_count_for_less() -> None:
    found = positions(1e-9, lambda ours, owner: 50 * ours)
    verdict, spreads = calibrated(found)
    assert verdict is Verdict.PASS
    assert by_name(spreads, "p50").ratio == pytest.approx(quantile(found.error, 0.5) / LEAST_FLOOR)


def test_a_fault_in_one_kind_of_prompts_fails_and_is_named() -> None:
    verdict, spreads = calibrated(positions(0.01, lambda ours, owner: np.where(owner >= 15, 10 * ours, ours)))
    assert verdict is Verdict.FAIL
    assert by_name(spreads, "p50", "code").verdict is Verdict.FAIL
    assert by_name(spreads, "p50", "text").verdict is Verdict.PASS


def test_a_fault_in_one_prompt_fails_and_is_named() -> None:
    verdict, spreads = calibrated(positions(0.01, lambda ours, owner: np.where(owner == 11, 20 * ours, ours)))
    assert verdict is Verdict.FAIL
    assert by_name(spreads, "p50", "text/11").verdict is Verdict.FAIL
    assert any("text/11" in reason for reason in misses(spreads))


def test_a_fault_behind_a_part_of_one_long_prompt_fails() -> None:
    def behind(ours: np.ndarray, owner: np.ndarray) -> np.ndarray:
        return np.where((owner == 11) & (np.arange(len(ours)) % 400 >= 320), 40 * ours, ours)

    _, spreads = calibrated(positions(0.01, behind, each=400))
    assert by_name(spreads, "p90", "text/11").verdict is Verdict.FAIL
    assert by_name(spreads, "p90").verdict is Verdict.PASS
    _, spreads = fixed(positions(1e-6, behind, each=400), 1e-6)
    assert by_name(spreads, "p90", "text/11").verdict is Verdict.FAIL


def test_a_single_wild_position_fails() -> None:
    def wild(ours: np.ndarray, owner: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(ours)) == 17, 30.0, ours)

    verdict, spreads = calibrated(positions(0.01, wild))
    assert verdict is Verdict.FAIL
    assert [one.name for one in spreads if one.verdict is Verdict.FAIL] == ["max"]
    assert telling(spreads) == by_name(spreads, "max")


def test_within_a_fixed_tolerance_the_maximum_itself_is_the_limit() -> None:
    verdict, spreads = fixed(positions(1e-6), 1e-4)
    assert verdict is Verdict.PASS
    assert telling(spreads) == by_name(spreads, "max")
    assert by_name(spreads, "max").limit == 1e-4


def test_long_tails_may_go_beyond_a_fixed_tolerance_but_typical_errors_may_not() -> None:
    def tail(ours: np.ndarray, owner: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(ours)) % 200 == 0, 5e-3, ours)

    verdict, spreads = fixed(positions(1e-6, tail), 1e-4)
    assert verdict is Verdict.PASS
    assert by_name(spreads, "max").limit == pytest.approx(1e-2)
    assert telling(spreads) == by_name(spreads, "p90")
    assert fixed(positions(1e-6, lambda ours, owner: ours + 5e-5), 1e-4)[0] is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("error", [1e-3, 1.0])
def test_errors_five_times_beyond_a_fixed_tolerance_fail(error: float) -> None:
    verdict, spreads = fixed(positions(1e-6, lambda ours, owner: ours + error), 1e-4)
    assert verdict is Verdict.FAIL
    assert misses(spreads)[0].startswith("p50: ")


def test_a_fixed_tolerance_too_sees_a_fault_in_one_prompt() -> None:
    verdict, spreads = fixed(positions(1e-6, lambda ours, owner: np.where(owner == 3, ours + 5e-3, ours)), 1e-4)
    assert verdict is Verdict.FAIL
    assert by_name(spreads, "p50", "text/3").verdict is Verdict.FAIL


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
