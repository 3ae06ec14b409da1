"""Losses are held against chance by Fisher's exact test."""

from __future__ import annotations

import pytest
from scipy.stats import fisher_exact

from evals.duel.faults import more_by_chance


@pytest.mark.parametrize(
    ("ours", "of_ours", "theirs", "of_theirs"),
    [(5, 64, 0, 64), (0, 64, 0, 64), (30, 384, 1, 384), (3, 10, 8, 12), (64, 64, 0, 64), (400, 6000, 350, 6000)],
)
def test_the_chance_is_that_of_the_hypergeometric_tail(ours: int, of_ours: int, theirs: int, of_theirs: int) -> None:
    table = [[ours, of_ours - ours], [theirs, of_theirs - theirs]]
    assert more_by_chance(ours, of_ours, theirs, of_theirs) == pytest.approx(
        fisher_exact(table, "greater")[1], rel=1e-6
    )
