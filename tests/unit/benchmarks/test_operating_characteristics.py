"""The simulation judges as the service does, and what it shows holds in a small one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.characteristics.designs import GSM8K, MMLU, MMMU, Design, counts
from benchmarks.characteristics.sequences import NEVER, items, simulated
from benchmarks.characteristics.verdicts import DESIGNS, evidence, of_counts, outcome
from evals.differences import difference_of
from evals.metrics import EXACT_MATCH
from evals.statistics.evidence import of_groups
from evals.statistics.interval import CONFIDENCE
from tests.unit.evals.report_examples import score


def test_the_sizes_are_the_benchmarks() -> None:
    assert [(sum(sizes), len(sizes)) for sizes in (GSM8K, MMLU, MMMU)] == [(1319, 1), (14042, 57), (900, 30)]


def test_a_draw_is_judged_as_its_scores_are() -> None:
    design = Design(name="d", sizes=(40, 80, 10, 60, 200), margin=0.02, discordance=0.2, drop=0.05, spread=1.0)
    won, lost = (side[0] for side in counts(design, 1, np.random.default_rng(1)))
    pairs = [
        (score(place, float(kind != -1), task=f"t{group}"), score(place, float(kind == -1), task=f"t{group}"))
        if kind
        else (score(place, 1.0, task=f"t{group}"), score(place, 1.0, task=f"t{group}"))
        for group, size in enumerate(design.sizes)
        for place, kind in enumerate([1] * won[group] + [-1] * lost[group] + [0] * (size - won[group] - lost[group]))
    ]
    found, simulated_one = difference_of(pairs, EXACT_MATCH, design.margin), evidence(design, won, lost)
    assert found.gain is not None
    assert (found.gain.low, found.gain.high) == pytest.approx(
        (simulated_one.interval.low, simulated_one.interval.high), abs=1e-12
    )
    assert (found.p_pass, found.p_fail) == pytest.approx((simulated_one.p_pass, simulated_one.p_fail), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_counts_of_groups_say_what_their_items_say(seed: int) -> None:
    design = Design(name="d", sizes=(40, 80, 10, 60, 200), margin=0.02, discordance=0.3, drop=0.05, own=0.2)
    won, lost = (side[0] for side in counts(design, 1, np.random.default_rng(seed)))
    rows = zip(won.tolist(), lost.tolist(), design.sizes, strict=True)
    dealt = [[1.0] * up + [-1.0] * down + [0.0] * (size - up - down) for up, down, size in rows]
    groups = [place for place, values in enumerate(dealt) for _ in values]
    found, whole = (
        of_counts(design, won, lost),
        of_groups([value for values in dealt for value in values], groups, 0.02),
    )
    assert found is not None
    assert whole is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (whole.interval.low, whole.interval.high), abs=1e-12
    )


@pytest.mark.parametrize("design", [one for one in DESIGNS if one.discordance == 0.04 and one.drop in (0, 0.01, 0.03)])
def test_equal_engines_hardly_ever_fail_and_drops_are_told(design: Design) -> None:
    found = outcome(design, 150, 5)
    if design.drop:
        assert found.below_zero >= 0.9
        assert found.passed <= 0.08
    else:
        assert found.failed <= 0.01


def test_the_drawn_sequence_has_the_drop_in_every_draw() -> None:
    design = Design(name="d", sizes=(100, 300), margin=0.1, discordance=0.4, drop=0.1, spread=1.0)
    drawn = items(design, 200, np.random.default_rng(3))
    assert drawn.shape == (200, 400)
    assert drawn.mean() == pytest.approx(-0.1, abs=0.01)


def test_at_the_margin_sequences_keep_to_their_error() -> None:
    design = Design(name="d", sizes=(100, 200), margin=0.05, discordance=0.2, drop=0.05, spread=1.0)
    runs = simulated(design, 300, 9, confidence=CONFIDENCE)
    for at in (runs.passed_at, runs.failed_at):
        assert (at < NEVER).mean() <= 0.025 + 3 * (0.025 * 0.975 / 300) ** 0.5
