"""What a duel's result tells: the run's verdict, notes, and the command that repeats its load."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.duel.comparisons import comparisons_of
from evals.duel.contenders import Asked, Outcome
from evals.duel.judging import judge_duel
from evals.duel.loads import seed_of
from evals.duel.results import CANDIDATE
from evals.duel.settings import ServingSettings, serving_settings
from evals.metrics import Kind
from evals.outcome import Verdict
from evals.result import SideSummary
from evals.verdict import build_report, judge
from tests.unit.evals.duel.examples import a_duel, workload
from tests.unit.evals.duel.judging_world import NEAR, SLOW, judged


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
