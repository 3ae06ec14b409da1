"""How errors are judged against a fixed tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from evals.outcome import Verdict
from evals.parity.judging.spread_words import misses, telling
from tests.unit.evals.parity.judging.spreads_world import by_name, fixed, positions


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
