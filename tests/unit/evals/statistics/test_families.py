"""Holm's adjusted p values against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from evals.statistics.families import holm


@pytest.mark.parametrize("seed", range(20))
def test_holm_is_what_statsmodels_gives(seed: int) -> None:
    random = np.random.default_rng(seed)
    p_values = (random.random(1 + seed % 8) ** 3).tolist() + [0.02] * (seed % 3)
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist(), abs=1e-9)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_adjusted_p_values_are_never_smaller_and_keep_their_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(one <= other <= 1 for one, other in zip(p_values, adjusted, strict=True))
    ranked = [adjusted[place] for place in sorted(range(len(p_values)), key=p_values.__getitem__)]
    assert ranked == sorted(ranked)


def test_a_single_test_stays_as_it_is_and_no_test_gives_none() -> None:
    assert (holm([0.02]), holm([])) == ([0.02], [])
