"""A whole parity workload: what passes, what fails, and what a verdict says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.outcome import Verdict
from evals.parity.judging.comparisons import comparisons_of
from evals.parity.records import Mode, Observation
from evals.parity.settings import ParitySettings
from evals.verdict import judge
from tests.unit.evals.parity.judging.judging_world import NOISE, check, judged, with_logprob, with_record
from tests.unit.evals.parity.judging.worlds import in_chunks, observed, truth
from tests.unit.evals.report_examples import sides


def test_the_same_model_passes_every_check_and_says_how() -> None:
    result = judged()
    assert {one.name: one.verdict for one in result.checks} == dict.fromkeys(
        ("tokens", "prefill", "decode", "output", "batch", "cache", "chunk"), Verdict.PASS
    )
    assert result.headline.startswith("same model: the error at p99 is ")
    assert "calibrated" in result.calibration
    assert result.coverage[:2] == (
        f"30 prompts, {check(result, 'prefill').n:,} positions, the longest prompt has "
        f"{max(len(ids) for ids, *_ in truth().values()):,} tokens",
        "kinds of prompts: text 10, code 10, long 10",
    )
    assert any("came from the prefix cache" in line for line in result.coverage)


def test_the_floor_is_the_baseline_against_the_reference_at_the_same_positions() -> None:
    prefill = check(judged(baseline=observed(2 * NOISE, 2)), "prefill")
    (p50,) = [one for one in prefill.spreads if (one.name, one.group) == ("p50", "all")]
    assert p50.ratio == pytest.approx(0.5, rel=0.1)
    assert (prefill.limit, prefill.statistic) == (pytest.approx(3 * (prefill.floor or 0)), "p99")


def test_another_model_fails_and_shows_the_positions() -> None:
    result = judged(candidate=observed(1.0, 1, modes=tuple(Mode)))
    assert result.verdict is Verdict.FAIL
    assert result.headline.startswith("parity fails: prefill: ")
    prefill = check(result, "prefill")
    assert len(prefill.worst) == 10
    worst = prefill.worst[0]
    ids = truth()[worst.prompt][0]
    assert worst.token == f"<{ids[worst.position]}>"
    assert worst.before.endswith(f"<{ids[worst.position - 1]}>")
    assert check(result, "decode").verdict is Verdict.FAIL
    assert "no near tie" in check(result, "decode").reasons[0]


def test_a_fault_in_one_kind_of_prompts_fails() -> None:
    faulty = observed(lambda prompt: 10 * NOISE if prompt.startswith("code/") else NOISE, 1, modes=tuple(Mode))
    result = judged(candidate=faulty)
    assert check(result, "prefill").verdict is Verdict.FAIL


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_no_number_from_the_candidate_fails_and_names_the_position(value: float) -> None:
    candidate = with_logprob(observed(NOISE, 1, modes=tuple(Mode)), "code/3", 6, value)
    prefill = check(judged(candidate=candidate), "prefill")
    assert prefill.verdict is Verdict.FAIL
    assert prefill.reasons[0] == "the candidate gives no finite number at 1 position (first: position 7 of code/3)"
    assert (prefill.worst[0].position, prefill.worst[0].candidate) == (7, None)
    assert prefill.n == sum(len(ids) - 1 for ids, *_ in truth().values()) - 1


def test_no_number_from_the_reference_is_not_the_candidates_fault() -> None:
    prefill = check(judged(reference=with_logprob(observed(0.0, 3), "code/3", 6, float("nan"))), "prefill")
    assert prefill.verdict is Verdict.INCOMPARABLE
    assert "position 7 of code/3" in prefill.reasons[0]


def with_nan_among_the_likely(observation: Observation, prompt: str, place: int) -> Observation:
    """What a side says whose own token has a log-probability and one of the likely tokens has none."""
    prefill = next(one.prefill for one in observation.records if one.prompt == prompt and one.mode is Mode.ALONE)
    row = (*prefill.top_logprobs[place][:2], float("nan"), *prefill.top_logprobs[place][3:])
    rows = (*prefill.top_logprobs[:place], row, *prefill.top_logprobs[place + 1 :])
    return with_record(observation, prompt, prefill=replace(prefill, top_logprobs=rows))


def test_nan_among_the_likely_tokens_is_blamed_on_the_side_that_gave_it() -> None:
    ours = with_nan_among_the_likely(observed(NOISE, 1, modes=tuple(Mode)), "code/3", 6)
    found = check(judged(candidate=ours), "prefill")
    assert found.verdict is Verdict.FAIL
    assert found.reasons[0].startswith("the candidate gives no finite number at 1 position")
    for changed in (
        {"reference": with_nan_among_the_likely(observed(0.0, 3), "code/3", 6)},
        {"baseline": with_nan_among_the_likely(observed(NOISE, 2), "code/3", 6)},
        {"baseline": with_nan_among_the_likely(observed(NOISE, 2), "code/3", 6), "reference": None},
    ):
        result = judged(**changed)
        assert result.verdict is Verdict.INCOMPARABLE
        assert "what it is held against gives no finite number at 1 position (first: position 7 of code/3)" in (
            check(result, "prefill").reasons
        )


def test_without_a_reference_the_tolerance_is_fixed_and_says_why() -> None:
    exact = judged(
        reference=None,
        baseline=observed(0.0, 2),
        candidate=observed(1e-7, 1, modes=tuple(Mode)),
        chunked=in_chunks(0, 4),
        dtype="float32",
    )
    assert exact.verdict is Verdict.PASS
    assert "tolerance 1e-4 nats" in exact.headline
    assert "rounding is far below it" in exact.calibration
    coarse = judged(reference=None, notes=("the float32 reference was not measured: out of memory",))
    assert "out of memory" in coarse.calibration
    assert "coarse" in coarse.calibration
    wide = judged(ParitySettings(tolerance=0.5), reference=None)
    assert check(wide, "prefill").limit == 0.5


def test_the_dtype_chooses_the_fixed_tolerance() -> None:
    limits = {name: check(judged(reference=None, dtype=name), "prefill").limit for name in ("bfloat16", "auto")}
    assert limits["bfloat16"] == limits["auto"] == 0.25
    noisy = judged(reference=None, dtype="float32")
    assert noisy.verdict is Verdict.FAIL


def test_every_check_becomes_a_deciding_comparison() -> None:
    result = judged()
    comparisons = comparisons_of(result)
    assert [(one.metric.name, one.filter) for one in comparisons[:3]] == [
        ("token_agreement", None),
        ("prefill_error", "p99"),
        ("decode_agreement", None),
    ]
    assert all(one.decides and one.verdict is Verdict.PASS for one in comparisons)
    assert comparisons[1].margin == check(result, "prefill").limit
    assert judge(comparisons, sides(), [result]).headline == result.headline


def test_a_fault_outweighs_what_could_not_be_compared() -> None:
    faulty = observed(1.0, 1, modes=tuple(Mode))
    result = judged(candidate=faulty, chunked=in_chunks(1.0, 4, facts={"prompts_sha256": "q"}))
    comparisons = comparisons_of(result)
    incomparable = replace(comparisons[-1], verdict=Verdict.INCOMPARABLE)
    verdict = judge((*comparisons[:-1], incomparable), sides(), [result])
    assert result.verdict is verdict.verdict is Verdict.FAIL
    assert judge((comparisons[0], incomparable), sides(), [result]).verdict is Verdict.INCOMPARABLE
