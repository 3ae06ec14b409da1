"""A verdict says no more than the rounds prove."""

from __future__ import annotations

from dataclasses import replace
from math import log

import pytest

from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.outcome import Verdict
from tests.unit.evals.duel.examples import a_duel
from tests.unit.evals.duel.judging_world import ECHO, NEAR, QUICK, SLOW, deciding, judged

WIDE = [1.0, 1.2, 0.8, 1.1, 0.9, 1.05] * 4


def test_equal_servers_pass_and_the_interval_is_that_of_the_look() -> None:
    result = judged(a_duel(NEAR))
    assert result.verdict is Verdict.PASS
    ttft, rate = deciding(result)
    assert (ttft.name, ttft.limit, rate.name, rate.limit) == ("ttft_p50", 1.05, "output_tokens_per_s", 0.95)
    assert ttft.low is not None
    assert ttft.low < 1 < (ttft.high or 0)
    assert ttft.confidence == 0.9875
    assert ttft.rounds == pytest.approx(NEAR)
    assert (ttft.candidate, ttft.baseline) == (pytest.approx(100, rel=1e-3), 100)
    assert result.headline == "median TTFT is 1.00 times the baseline's; output throughput is 1.00 times the baseline's"
    assert result.curves
    assert not any(one.curves for one in result.passes)


def test_one_launch_each_widens_the_interval_and_launches_in_turn_do_not() -> None:
    def half(**options: float | str) -> float:
        (ttft, _) = deciding(judged(a_duel(WIDE), **options))
        return log((ttft.high or 0) / (ttft.low or 1)) / 2

    rounds = half()
    assert half(launch_spread=0.02) == pytest.approx((rounds**2 + (1.959964 * 0.02) ** 2) ** 0.5, rel=1e-6)
    assert half(launch_spread=0.02, launch="alternate") == pytest.approx(rounds)
    assert judged(a_duel(NEAR), launch_spread=0.02).verdict is Verdict.PASS
    assert judged(a_duel([1.03 * one for one in NEAR]), launch_spread=0.02).verdict is Verdict.INCONCLUSIVE


def test_a_slower_candidate_fails_by_the_ratio_that_says_so() -> None:
    result = judged(a_duel(SLOW, rates=NEAR))
    assert result.verdict is Verdict.FAIL
    assert [ratio.verdict for ratio in deciding(result)] == [Verdict.FAIL, Verdict.PASS]
    assert result.headline.startswith("median TTFT at 8 in flight: 1.200 times the baseline's; the whole 98.75 %")


def test_a_lower_throughput_fails_as_a_higher_latency_does() -> None:
    result = judged(a_duel(NEAR, rates=[0.8 * one for one in NEAR]))
    assert [ratio.verdict for ratio in deciding(result)] == [Verdict.PASS, Verdict.FAIL]


def test_the_quicker_candidate_passes() -> None:
    assert judged(a_duel(QUICK)).verdict is Verdict.PASS


def test_noise_is_inconclusive_and_says_how_many_rounds_would_decide() -> None:
    result = judged(a_duel(WIDE))
    assert result.verdict is Verdict.INCONCLUSIVE
    reason = deciding(result)[0].reasons[0]
    assert "after 24 rounds" in reason
    assert "rounds would decide" in reason


def test_before_the_first_look_nothing_is_decided() -> None:
    result = judged(a_duel(NEAR[:4]))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "only 4 rounds count" in deciding(result)[0].reasons[0]
    assert judged([]).verdict is Verdict.INCONCLUSIVE


def test_every_level_must_pass() -> None:
    passes = [*a_duel(NEAR, level=1), *a_duel(SLOW)]
    result = judged(passes, concurrency="1,8")
    assert result.verdict is Verdict.FAIL
    assert [(ratio.level, ratio.verdict) for ratio in deciding(result)] == [
        (1, Verdict.PASS), (1, Verdict.PASS), (8, Verdict.FAIL), (8, Verdict.FAIL)
    ]  # fmt: skip


@pytest.mark.parametrize("ratios", [NEAR, SLOW])
def test_a_client_near_its_own_limit_neither_passes_nor_fails(ratios: list[float]) -> None:
    slow_client = replace(ECHO, output_tokens_per_s=390.0)
    result = judged(a_duel(ratios), slow_client)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.echoes[0].limited
    assert result.echoes[0].needed_output_tokens_per_s >= 200
    assert "answers at once" in deciding(result)[0].reasons[0]


def test_spoiled_rounds_are_left_out_and_told() -> None:
    passes = a_duel([5.0, *NEAR])
    passes[0] = replace(passes[0], spoiled=("the client used 97% of a core",))
    result = judged(passes)
    assert result.verdict is Verdict.PASS
    assert deciding(result)[0].rounds == pytest.approx(NEAR)
    assert any("1 of 14 passes did not count, mostly because the client used 97%" in note for note in result.notes)


def test_a_duel_whose_passes_are_all_spoiled_decides_nothing() -> None:
    result = judged([replace(one, spoiled=("H200 was slowed down (thermal)",)) for one in a_duel(SLOW)])
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "more than a third of the rounds were spoiled" in " ".join(result.notes)


def at_rate(slower: float) -> list[Pass]:
    """Return rounds of an open loop in which the candidate's answers take so many times as long."""
    passes = [replace(one, level=0) for one in a_duel(NEAR, rates=NEAR)]
    e2e = {CANDIDATE: [1000 * slower * one for one in NEAR], BASELINE: [1000.0] * len(NEAR)}
    return [replace(one, values={**one.values, "e2e_p50": e2e[one.side][one.round]}) for one in passes]


def test_with_a_rate_latencies_decide_and_the_offered_throughput_does_not() -> None:
    for slower, verdict in ((1.0, Verdict.PASS), (1.3, Verdict.FAIL)):
        result = judged(at_rate(slower), rate=4.0)
        assert result.verdict is verdict
        assert [ratio.name for ratio in deciding(result)] == ["ttft_p50", "e2e_p50"]
        assert "median E2E latency" in result.headline


def test_rounds_behind_the_look_that_decided_change_nothing() -> None:
    passes = a_duel([*NEAR, 3.0, 0.3])
    result = judged(passes)
    assert result.verdict is Verdict.PASS
    assert deciding(result)[0].rounds == pytest.approx(NEAR)
    assert "look after 6 rounds" in result.stopped


def test_the_rounds_that_would_decide_are_as_many_for_a_latency_as_for_the_rate_that_mirrors_it() -> None:
    ratios = [1.02 * one for one in ([1.06, 0.95] * 12)]
    said = [ratio.reasons[0] for ratio in deciding(judged(a_duel(ratios)))]
    needed = [int(reason.partition("about ")[2].partition(" ")[0]) for reason in said]
    assert needed[0] == pytest.approx(needed[1], rel=0.35)
    assert needed[0] > 24
