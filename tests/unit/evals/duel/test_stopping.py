"""A duel looks only at fixed numbers of rounds, and its intervals hold whatever the rounds do."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.duel.order import order_of
from evals.duel.ratios import estimate, verdict_of
from evals.duel.results import CANDIDATE, Pass
from evals.duel.settings import ServingSettings
from evals.duel.spoiling import GONE, THE_CLIENT
from evals.duel.stopping import confidence, deciding, looks, standing
from evals.metrics import SERVING_METRICS
from evals.outcome import Verdict
from tests.unit.evals.duel.examples import a_duel, a_pass, faulty

SETTINGS = ServingSettings(concurrency="8", launch_spread=0.0)
MARGIN = 0.05
CLOSE = [1.0, 1.001, 0.999, 1.0005, 0.9995, 1.0002]
WIDE = [1.0, 1.2, 0.8, 1.1, 0.9, 1.05] * 4


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [(6, 24, (6, 10, 16, 24)), (4, 4, (4,)), (6, 12, (6, 8, 12)), (4, 8, (4, 6, 8)), (5, 6, (5, 6))],
)
def test_looks_are_fixed_from_the_first_to_the_last(least: int, most: int, expected: tuple[int, ...]) -> None:
    settings = ServingSettings(min_rounds=least, max_rounds=most)
    assert looks(settings) == expected
    assert confidence(settings) == pytest.approx(1 - 0.05 / len(expected))


def test_the_two_that_decide_are_ttft_and_throughput() -> None:
    assert [metric.name for metric in deciding(SETTINGS)] == ["ttft_p50", "output_tokens_per_s"]


def test_with_a_rate_throughput_is_what_was_offered_and_decides_nothing() -> None:
    assert [metric.name for metric in deciding(ServingSettings(rate=4.0))] == ["ttft_p50", "e2e_p50"]


def test_nothing_is_looked_at_between_looks() -> None:
    assert standing(SETTINGS, [], MARGIN).lacking == (8,)
    assert standing(SETTINGS, a_duel(CLOSE[:5]), MARGIN).lacking == (8,)
    over = standing(SETTINGS, a_duel(CLOSE), MARGIN)
    assert (over.lacking, over.look) == ((), 6)
    assert "look after 6 rounds" in over.stopped
    assert standing(SETTINGS, a_duel(WIDE[:6] + CLOSE[:3]), MARGIN) == standing(SETTINGS, a_duel(WIDE[:6]), MARGIN)


def test_it_goes_on_until_the_last_look_while_one_ratio_is_open() -> None:
    rates = [1 + 0.001 * n for n in range(24)]
    for rounds, look, lacking in ((6, 6, (8,)), (10, 10, (8,)), (23, 16, (8,)), (24, 24, ())):
        now = standing(SETTINGS, a_duel(WIDE[:rounds], rates=rates[:rounds]), MARGIN)
        assert (now.look, now.lacking) == (look, lacking)
    assert now.stopped == "the last look, after 24 rounds"


def test_spoiled_and_half_rounds_are_run_again_and_not_for_ever() -> None:
    whole = a_duel(CLOSE)
    spoiled = [replace(whole[0], spoiled=("throttled",)), *whole[1:]]
    assert standing(SETTINGS, spoiled, MARGIN).lacking == (8,)
    assert standing(SETTINGS, whole[1:], MARGIN).lacking == (8,)
    assert standing(SETTINGS, [*spoiled, *later(a_duel([1.0]), 6)], MARGIN).stopped
    bad = [replace(one, spoiled=("throttled",)) for one in whole]
    gone_on = standing(SETTINGS, bad[:6], MARGIN)
    assert (gone_on.lacking, gone_on.given_up) == ((8,), ())
    given_up = standing(SETTINGS, bad[:8], MARGIN)
    assert (given_up.lacking, given_up.given_up, given_up.look) == ((), (8,), 0)


def test_only_the_levels_that_lack_a_round_run_one() -> None:
    settings = ServingSettings(concurrency="1,8")
    one, eight = a_duel(CLOSE, level=1), a_duel(CLOSE)
    eight[0] = replace(eight[0], spoiled=("throttled",))
    assert standing(settings, [*one, *eight], MARGIN).lacking == (8,)
    assert standing(settings, one, MARGIN).lacking == (8,)


def test_warm_ups_do_not_count() -> None:
    warm = [a_pass(side, -n) for n in range(1, 7) for side in ("candidate", "baseline")]
    assert standing(SETTINGS, warm, MARGIN) == standing(SETTINGS, [], MARGIN)


def broken(lost: int, *, rounds: int = 2, spoiled: str = "") -> list[Pass]:
    """Return rounds of which the candidate lost so many answers."""
    found = [faulty(one, lost) if one.side == CANDIDATE else one for one in a_duel([1.0] * rounds)]
    return [replace(one, spoiled=(spoiled,)) if spoiled and one.side == CANDIDATE else one for one in found]


def test_a_server_that_loses_most_answers_twice_ends_it_once_the_other_had_the_same_rounds() -> None:
    assert standing(SETTINGS, broken(40, rounds=1), MARGIN).lacking == (8,)
    assert standing(SETTINGS, broken(40)[:3], MARGIN).lacking == (8,)
    assert standing(SETTINGS, broken(40), MARGIN).stopped == (
        "the candidate lost more than half of the answers of rounds 1 and 2"
    )
    assert standing(SETTINGS, broken(20), MARGIN).lacking == (8,)
    for spoiled in (GONE, f"{THE_CLIENT} used 99% of a core"):
        assert standing(SETTINGS, broken(40, spoiled=spoiled), MARGIN).lacking == (8,)


def test_a_round_that_broke_does_not_count_and_is_run_again() -> None:
    once = [*broken(40, rounds=1), *later(a_duel(CLOSE), 1)]
    assert standing(SETTINGS, once[:-2], MARGIN).lacking == (8,)
    assert "look after 6 rounds" in standing(SETTINGS, once, MARGIN).stopped


def test_a_breakdown_behind_a_look_leaves_that_look() -> None:
    now = standing(SETTINGS, [*a_duel(WIDE[:6]), *later(broken(40), 6)], MARGIN)
    assert (now.look, now.lacking) == (6, ())
    assert now.stopped.endswith("of rounds 7 and 8")


def test_what_nobody_tells_is_not_waited_for() -> None:
    dumb = [replace(one, values={**one.values, "output_tokens_per_s": None}) for one in a_duel(CLOSE)]
    now = standing(SETTINGS, dumb, MARGIN)
    assert now.look == 6
    assert "do not tell" in now.stopped


def later(passes: list[Pass], by: int) -> list[Pass]:
    return [replace(one, round=one.round + by) for one in passes]


# Simulated duels: 2,000 for each case, under the rule that is used.

NOISES = pytest.mark.parametrize("sd", [0.03, 0.1])
DRIFTS = pytest.mark.parametrize(("slope", "walk"), [(0.0, 0.0), (0.01, 0.0), (0.0, 0.02), (0.03, 0.02)])
"""Of a pass's logarithm: how it moves from each pass to the next, evenly and at random."""


def simulated(
    effect: float, *, sd: float, slope: float = 0.0, walk: float = 0.0, duels: int = 2000
) -> NDArray[np.float64]:
    """Return the logarithm of each round's ratio (duels x rounds), out of passes that drift and are noisy."""
    rng = np.random.default_rng(20261125)
    passes = rng.normal(0, sd / 2**0.5, (duels, 48)) + slope * np.arange(48)
    passes += np.cumsum(rng.normal(0, walk, (duels, 48)), axis=1)
    signs = np.array([1 if order_of(1234, round)[0] == CANDIDATE else -1 for round in range(24)])
    logs: NDArray[np.float64] = (passes[:, 0::2] - passes[:, 1::2]) * signs + effect
    return logs


def decided(logs: NDArray[np.float64], effect: float) -> tuple[Verdict, bool]:
    """Return what the looks come to for one duel, and whether the reported interval holds the truth."""
    metric = SERVING_METRICS["output_tokens_per_s"]
    for look in looks(SETTINGS):
        found = estimate(logs[:look].tolist(), confidence(SETTINGS)).interval
        assert found is not None
        verdict = verdict_of(metric, found, MARGIN)
        if verdict is not Verdict.INCONCLUSIVE:
            break
    return verdict, log(found.low) <= effect <= log(found.high)


def shares(effect: float, **noise: float) -> tuple[float, float, float]:
    """Return the shares of passes, of fails, and of intervals that hold the truth."""
    results = [decided(row, effect) for row in simulated(effect, **noise)]  # type: ignore[arg-type]  # no duels here
    verdicts = [verdict for verdict, _ in results]
    n = len(results)
    return verdicts.count(Verdict.PASS) / n, verdicts.count(Verdict.FAIL) / n, sum(held for _, held in results) / n


@NOISES
@DRIFTS
def test_equal_servers_are_hardly_ever_failed_and_their_interval_holds_one(
    sd: float, slope: float, walk: float
) -> None:
    _, fails, coverage = shares(0.0, sd=sd, slope=slope, walk=walk)
    assert fails < 0.025
    assert coverage >= 0.95


@NOISES
@DRIFTS
def test_at_the_margin_itself_both_errors_keep_to_their_share(sd: float, slope: float, walk: float) -> None:
    passes, fails, coverage = shares(log(0.95), sd=sd, slope=slope, walk=walk)
    assert max(passes, fails) <= 0.025 + 0.0035  # one standard error of 2,000 duels
    assert coverage >= 0.95 - 0.005


def test_a_slowdown_of_a_tenth_is_found_and_equality_too_where_rounds_differ_by_three_percent() -> None:
    _, fails, _ = shares(log(0.9), sd=0.03)
    passes, _, _ = shares(0.0, sd=0.03)
    assert fails > 0.99
    assert passes > 0.99
