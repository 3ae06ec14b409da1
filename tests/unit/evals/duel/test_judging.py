"""A verdict says no more than the rounds prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log
from typing import Any

import pytest

from evals.duel.comparisons import comparisons_of
from evals.duel.contenders import Asked, Outcome
from evals.duel.judging import judge_duel
from evals.duel.loads import seed_of
from evals.duel.results import BASELINE, CANDIDATE, Echo, Pass, Ratio, ServingResult
from evals.duel.settings import ServingSettings, serving_settings
from evals.duel.spoiling import GONE
from evals.metrics import Kind
from evals.outcome import Verdict
from evals.result import SideSummary
from evals.serving.record import Basis
from evals.verdict import build_report, judge
from tests.unit.evals.duel.examples import a_duel, a_pass, faulty, workload

NEAR = [1.0, 1.001, 0.999, 1.0005, 0.9995, 1.0002]
SLOW = [1.2 * one for one in NEAR]
QUICK = [0.5 * one for one in NEAR]
WIDE = [1.0, 1.2, 0.8, 1.1, 0.9, 1.05] * 4
ECHO = Echo(
    level=8,
    requests_per_s=100.0,
    output_tokens_per_s=5000.0,
    needed_requests_per_s=0.0,
    needed_output_tokens_per_s=0.0,
    ttft_p50_ms=0.2,
    ttft_p99_ms=1.0,
    limited=False,
)


def judged(passes: Sequence[Pass], echo: Echo = ECHO, **options: float | str) -> ServingResult:
    wanted = workload(**{"launch_spread": 0.0, **options})
    return judge_duel(wanted, serving_settings(wanted), Outcome(passes=tuple(passes), echoes=(echo,)))


def deciding(result: ServingResult) -> list[Ratio]:
    return [ratio for ratio in result.ratios if ratio.decides]


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


def test_unknown_counts_are_inconclusive_in_words() -> None:
    dumb = [replace(one, values={"ttft_p50": 100.0 + one.round}) for one in a_duel(NEAR)]
    rate = deciding(judged(dumb))[1]
    assert (rate.verdict, rate.value) == (Verdict.INCONCLUSIVE, None)
    assert "counts of tokens" in rate.reasons[0]


# Lost answers


def with_faults(ratios: Sequence[float], *, ours: Sequence[int], theirs: Sequence[int]) -> list[Pass]:
    counts = {CANDIDATE: ours, BASELINE: theirs}
    passes = a_duel(ratios)
    return [faulty(one, counts[one.side][one.round]) if counts[one.side][one.round] else one for one in passes]


@pytest.mark.parametrize(
    ("ratios", "ours", "theirs", "verdict"),
    [
        (NEAR, [1, 0, 0, 0, 0, 0], [0] * 6, Verdict.INCONCLUSIVE),
        (SLOW, [1, 0, 0, 0, 0, 0], [0] * 6, Verdict.FAIL),
        (NEAR, [30, 0, 0, 0, 0, 0], [0] * 6, Verdict.INCONCLUSIVE),
        (NEAR, [5] * 6, [0] * 6, Verdict.FAIL),
        (QUICK, [5] * 6, [5] * 6, Verdict.INCONCLUSIVE),
        (SLOW, [0] * 6, [1, 0, 0, 0, 0, 0], Verdict.INCONCLUSIVE),
        (QUICK, [40, 0, 0, 0, 0, 0], [0] * 6, Verdict.INCONCLUSIVE),
        (QUICK, [40, 40, 0, 0, 0, 0], [0] * 6, Verdict.FAIL),
        (QUICK, [40, 40, 0, 0, 0, 0], [0, 0, 30, 30, 20, 0], Verdict.INCONCLUSIVE),
        (SLOW, [0] * 6, [40, 0, 0, 0, 0, 0], Verdict.INCONCLUSIVE),
        (NEAR, [40, 0, 0, 0, 0, 0], [40, 0, 0, 0, 0, 0], Verdict.INCONCLUSIVE),
    ],
)
def test_lost_answers(ratios: list[float], ours: list[int], theirs: list[int], verdict: Verdict) -> None:
    result = judged(with_faults(ratios, ours=ours, theirs=theirs))
    assert result.verdict is verdict
    if sum(ours) + sum(theirs) and ratios is not SLOW:
        assert "stalled" in deciding(result)[0].reasons[0]


def test_an_engine_that_went_away_once_is_no_pass_and_no_fail() -> None:
    passes = later_duel(NEAR, by=1)
    died = replace(faulty(a_pass(CANDIDATE, 0), 60, "cut"), spoiled=(GONE,))
    result = judged([died, a_pass(BASELINE, 0), *passes])
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "60 cut" in result.headline


def later_duel(ratios: Sequence[float], *, by: int) -> list[Pass]:
    return [replace(one, round=one.round + by) for one in a_duel(ratios)]


def test_what_a_reader_must_know_is_noted() -> None:
    passes = [replace(one, input_tokens=640, output_tokens=640, cached_tokens=0) for one in a_duel(NEAR)]
    assert judged(passes).notes == ()
    odd = [
        replace(one, retried=2, shorter=3, cached_tokens=320, output_tokens=500) if one.side == CANDIDATE else one
        for one in passes
    ]
    notes = " ".join(judged(odd).notes)
    for words in ("refused 12 requests", "18 of 384 whole answers", "50% of its input tokens", "8 output tokens"):
        assert words in notes
    assert "cache" not in " ".join(judged(odd, shared_prefix_len=64).notes)


def changed(passes: Sequence[Pass], **fields: Any) -> list[Pass]:
    """Return passes of which the candidate's have other fields."""
    return [replace(one, **fields) if one.side == CANDIDATE else one for one in passes]


COUNTED = [replace(one, input_tokens=6400, output_tokens=640, cached_tokens=0) for one in a_duel(NEAR)]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"cached_tokens": 384}, "6% of its input tokens in a cache"),
        ({"output_tokens": 620}, "9.7 output tokens with the candidate, 10.0 with the baseline"),
        ({"input_tokens": 6600}, "103.1 input tokens with the candidate"),
    ],
)
@pytest.mark.parametrize("slower", [1.0, 1.3])
def test_other_work_on_one_side_neither_passes_nor_fails(fields: dict[str, int], says: str, slower: float) -> None:
    passes = [replace(one, values=a_pass(one.side, 0, ttft=100 * slower).values) if one.side == CANDIDATE else one
              for one in COUNTED]  # fmt: skip
    passes = [replace(one, values={**one.values, "ttft_p50": (one.values["ttft_p50"] or 0) + 0.01 * one.round})
              if one.side == CANDIDATE else one for one in passes]  # fmt: skip
    result = judged(changed(passes, **fields))
    assert result.verdict is Verdict.INCONCLUSIVE
    for ratio in deciding(result):
        assert ratio.verdict is Verdict.INCONCLUSIVE
        assert says in ratio.reasons[0]


def test_a_little_of_it_and_meant_prefixes_change_nothing() -> None:
    assert judged(changed(COUNTED, cached_tokens=320, output_tokens=630)).verdict is Verdict.PASS
    assert judged(changed(COUNTED, cached_tokens=3000), shared_prefix_len=64).verdict is Verdict.PASS


def test_a_cache_that_nobody_tells_of_is_noted() -> None:
    result = judged(changed(COUNTED, cached_tokens=None))
    assert result.verdict is Verdict.PASS
    assert result.notes == ("the candidate does not tell how many of its input tokens it found in a cache",)


COUNTS, EVENTS, FIRST = ({str(basis): 64} for basis in (Basis.COUNTS, Basis.EVENTS, Basis.FIRST_EVENT))


def test_first_tokens_that_are_told_otherwise_decide_nothing() -> None:
    alike = [replace(one, ttft_by=COUNTS) for one in COUNTED]
    assert judged(alike).verdict is Verdict.PASS
    for other, says in ((EVENTS, "not told in the same way"), (COUNTS | FIRST, "only the first event")):
        ttft, rate = deciding(judged(changed(alike, ttft_by=other)))
        assert (ttft.verdict, rate.verdict) == (Verdict.INCONCLUSIVE, Verdict.PASS)
        assert says in ttft.reasons[0]
    both = [replace(one, ttft_by=FIRST) for one in COUNTED]
    assert deciding(judged(both))[0].verdict is Verdict.INCONCLUSIVE
    uncounted = [replace(one, output_tokens=None) for one in both]
    assert "candidate and the baseline are not counted" in deciding(judged(uncounted))[1].reasons[0]


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


# The run's verdict


def side(role: str, state: str = "succeeded") -> SideSummary:
    return SideSummary(role=role, engine="sglang", model="m", state=state)


def test_deciding_ratios_decide_the_run_with_the_duels_headline() -> None:
    result = judged(a_duel(SLOW, rates=NEAR))
    comparisons = comparisons_of(result)
    ttft = comparisons[0]
    assert [one.verdict for one in comparisons] == [Verdict.FAIL, Verdict.PASS]
    assert (ttft.metric.kind, ttft.filter, ttft.margin) == (Kind.PERFORMANCE, "8 in flight", 0.05)
    assert ttft.difference == pytest.approx(0.2, abs=1e-3)
    assert ttft.low is not None
    assert 0.19 < ttft.low < 0.2 < (ttft.high or 0) < 0.21
    found = judge(comparisons, (side("candidate"), side("baseline")), (), (result,))
    assert (found.verdict, found.headline) == (Verdict.FAIL, result.headline)
    assert found.reasons[0].startswith("serving (median TTFT at 8 in flight): the whole 98.75 %")
    assert judge(comparisons_of(judged(a_duel(NEAR))), (), (), (judged(a_duel(NEAR)),)).verdict is Verdict.PASS


def test_a_failed_duel_makes_the_run_an_error() -> None:
    def report(state: str) -> Verdict:
        result = judged(a_duel(NEAR))
        return build_report(
            run_id="r",
            suite="serving",
            comparisons=comparisons_of(result),
            candidate=side("candidate"),
            baseline=side("baseline"),
            created_at="2026-11-25T20:00:00+00:00",
            plumbline_version="0",
            serving=(result,),
            duel=side("duel", state),
        ).verdict

    assert report("succeeded") is Verdict.PASS
    assert report("failed") is Verdict.ERROR


def test_the_default_load_can_be_reproduced() -> None:
    assert judged(a_duel(NEAR)).reproduce.startswith("python -m evals serving --base-url URL --requests 64")
    assert ServingSettings().requests == 64


def test_the_command_has_the_inputs_and_the_form_of_the_duel() -> None:
    asked = Asked(nonce=77, endpoint="completions", force_lengths=False, tokenizer="/m")
    command = judge_duel(
        workload(stall=5), serving_settings(workload(stall=5)), Outcome(passes=tuple(a_duel(NEAR)), asked=asked)
    ).reproduce
    words = "--stall 5 --timeout 50 --api completions --keep-eos --tokenizer /m --seed "
    assert command.endswith(words + str(seed_of(1234, 0, 8, 77)))


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
