"""What cannot be compared: other prompts, other dtypes, too little, no reference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.outcome import Verdict
from evals.parity.findings import ParityResult
from evals.parity.records import FLUSH, SERVED_DTYPE, Form, Mode, Observation, Tokenized
from tests.unit.evals.parity.judging.judging_world import NOISE, SETTINGS, check, judged, with_record
from tests.unit.evals.parity.judging.worlds import in_chunks, observed, truth


def test_sides_that_served_in_different_dtypes_are_incomparable_whatever_their_numbers_say() -> None:
    def in_dtype(observation: Observation, dtype: str) -> Observation:
        return replace(observation, notes={SERVED_DTYPE: dtype})

    half = in_dtype(observed(1.0, 1, modes=tuple(Mode)), "float16")
    full = in_dtype(observed(NOISE, 2), "float32")
    result = judged(candidate=half, baseline=full, reference=None)
    assert result.verdict is Verdict.INCOMPARABLE
    assert "float16 for the candidate, float32 for the baseline" in result.headline
    assert judged(candidate=half, baseline=in_dtype(full, "float16")).verdict is Verdict.FAIL
    silent = judged(candidate=in_dtype(observed(NOISE, 1, modes=tuple(Mode)), "bfloat16"))
    assert silent.verdict is Verdict.PASS
    assert "the baseline does not say in which dtype it serves" in silent.coverage
    chunks = in_dtype(in_chunks(NOISE, 4), "float32")
    chunked = check(judged(candidate=half, baseline=in_dtype(full, "float16"), chunked=chunks), "chunk")
    assert "float32 for the chunked one" in " ".join(chunked.reasons)


def test_a_cache_that_was_not_emptied_leaves_its_check_open() -> None:
    candidate = replace(observed(NOISE, 1, modes=tuple(Mode)), notes={FLUSH: "not done: HTTP 400"})
    result = judged(candidate=candidate)
    assert {one.name: one.verdict for one in result.checks if one.verdict is not Verdict.PASS} == {
        "cache": Verdict.INCONCLUSIVE
    }
    assert "not done: HTTP 400" in check(result, "cache").reasons[0]


@pytest.mark.parametrize("reference", [None, observed(0.0, 3)])
def test_too_few_prompts_or_positions_are_no_pass(reference: Observation | None) -> None:
    def of(observation: Observation, prompts: int) -> Observation:
        names = list(truth())[:prompts]
        return replace(observation, records=tuple(one for one in observation.records if one.prompt in names))

    def result(prompts: int, **noise: float) -> ParityResult:
        return judged(
            replace(SETTINGS, self_checks=False),
            candidate=of(observed(noise.get("noise", NOISE), 1), prompts),
            baseline=of(observed(NOISE, 2), prompts),
            reference=None if reference is None else of(reference, prompts),
            chunked=None,
        )

    few = result(9)
    assert few.verdict is Verdict.INCONCLUSIVE
    n = check(few, "prefill").n
    assert f"only {n} positions of 9 prompts could be compared; a pass needs at least 1,000 positions of 8 prompts" in (
        check(few, "prefill").reasons
    )
    assert check(result(7), "output").verdict is Verdict.INCONCLUSIVE
    assert result(7, noise=3.0).verdict is Verdict.FAIL
    assert result(30).verdict is Verdict.PASS


def test_other_prompt_tokens_are_a_finding_of_their_own_and_no_comparison() -> None:
    candidate = observed(NOISE, 1, modes=tuple(Mode))
    ids = next(one.prompt_ids for one in candidate.records if one.prompt == "text/0")
    for mode in Mode:
        candidate = with_record(candidate, "text/0", mode, prompt_ids=(*ids[:9], 0, *ids[9:]))
    result = judged(candidate=candidate)
    assert check(result, "prefill").verdict is Verdict.INCOMPARABLE
    tokens = check(result, "tokens")
    assert tokens.verdict is result.verdict is Verdict.FAIL
    (difference,) = tokens.token_differences
    assert (difference.form, difference.candidate_count - difference.reference_count) == ("prompt", 1)
    assert (tokens.value, tokens.n) == (1 - 1 / 9, 9)
    assert [line for line in difference.diff if line.startswith("+") and "+++" not in line] == ["+0 '<0>'"]


def test_a_tokenizer_that_differs_fails_and_one_that_is_silent_decides_nothing() -> None:
    candidate = observed(NOISE, 1, modes=tuple(Mode))
    other = Tokenized(prompt="text/0", form=Form.CHAT, token_ids=(1, 9, 3))
    differing = replace(candidate, tokenized=(other, *candidate.tokenized[:1]))
    tokens = check(judged(candidate=differing), "tokens")
    assert tokens.verdict is Verdict.FAIL
    assert tokens.reasons[0] == "text/0 as chat: 3 tokens from the candidate, 3 from the baseline"
    silent = replace(candidate, tokenized=tuple(replace(one, token_ids=None) for one in candidate.tokenized))
    assert check(judged(candidate=silent), "tokens").verdict is Verdict.INCONCLUSIVE


def test_a_prompt_that_one_side_lacks_is_incomparable_and_its_reason_is_named() -> None:
    candidate = observed(NOISE, 1, modes=tuple(Mode))
    records = tuple(one for one in candidate.records if one.prompt != "long/2")
    lost = judged(candidate=replace(candidate, records=records))
    assert check(lost, "prefill").reasons == ("the candidate has no record of 1 prompt (first: long/2)",)
    assert lost.verdict is Verdict.INCOMPARABLE
    named = judged(candidate=replace(candidate, records=records, left_out={"long/2": "longer than 64 tokens"}))
    assert named.verdict is Verdict.INCOMPARABLE
    assert check(named, "prefill").reasons == (
        "the candidate has no record of 1 prompt (first: long/2, longer than 64 tokens)",
    )
    assert named.left_out == ("long/2: longer than 64 tokens (of the candidate alone)",)


def test_servers_that_were_asked_different_prompts_are_incomparable() -> None:
    result = judged(baseline=observed(NOISE, 2, facts={"prompts_sha256": "q"}), reference=None)
    assert result.verdict is Verdict.INCOMPARABLE
    assert "the prompts sha256 differs: p for the candidate, q for the baseline" in result.headline


def test_what_was_not_measured_decides_nothing_unless_it_was_not_asked_for() -> None:
    failed = judged(chunked=None, chunk_notes=("its job failed",))
    assert (failed.verdict, check(failed, "chunk").reasons) == (Verdict.INCONCLUSIVE, ("its job failed",))
    never = judged(chunked=None, chunk_notes=None)
    assert never.verdict is Verdict.PASS
    assert "prefill in chunks was not compared" in " ".join(never.coverage)
    alone = judged(replace(SETTINGS, self_checks=False), candidate=observed(NOISE, 1), chunked=None)
    assert [one.name for one in alone.checks] == ["tokens", "prefill", "decode", "output"]


def test_prompts_without_a_noise_floor_are_no_pass() -> None:
    baseline = observed(NOISE, 2)
    kept = tuple(one for one in baseline.records if not one.prompt.startswith("code/"))
    result = judged(baseline=replace(baseline, records=kept))
    assert check(result, "prefill").verdict is Verdict.INCOMPARABLE
    assert "the baseline has no record of 10 prompts" in " ".join(check(result, "prefill").reasons)


def test_a_reference_that_did_not_serve_float32_is_no_reference() -> None:
    half = replace(observed(NOISE, 3), notes={SERVED_DTYPE: "bfloat16"})
    result = judged(reference=half)
    assert check(result, "prefill").floor is None
    assert "the reference cannot be used: it served in bfloat16, not in float32" in result.calibration
    assert result.verdict is Verdict.PASS
