"""How errors are judged against a measured floor."""

from __future__ import annotations

import numpy as np
import pytest

from evals.outcome import Verdict
from evals.parity.findings import Spread
from evals.parity.judging.bootstrap import quantile, ratio_intervals
from evals.parity.judging.calibrated import against_floor
from evals.parity.judging.positions import Positions
from evals.parity.judging.severity import worst_of
from evals.parity.judging.spread_words import misses, telling
from evals.parity.judging.tolerance import LEAST_FLOOR
from tests.unit.evals.parity.judging.spreads_world import FACTOR, by_name, fixed, positions


def calibrated(found: Positions) -> tuple[Verdict, tuple[Spread, ...]]:
    spreads = against_floor(found, FACTOR, seed=1)
    return worst_of(one.verdict for one in spreads if one.verdict is not None), spreads


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
