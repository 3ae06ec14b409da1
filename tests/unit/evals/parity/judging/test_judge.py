"""A whole parity workload: what passes, what fails, and what is said about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.outcome import Verdict
from evals.parity.findings import ParityResult
from evals.parity.judging.comparisons import comparisons_of
from evals.parity.records import (
    FLUSH,
    SERVED_DTYPE,
    Form,
    Mode,
    Observation,
    Record,
    Tokenized,
)
from evals.parity.settings import ParitySettings
from evals.verdict import judge
from tests.unit.evals.parity.judging.judging_world import NOISE, SETTINGS, check, judged, with_logprob, with_record
from tests.unit.evals.parity.judging.worlds import DECODED, in_chunks, observed, truth
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


def with_other_token(observation: Observation, prompt: str, behind: float) -> Observation:
    """A server that takes another greedy token at the third place, which is so much less probable (nats)."""

    def changed(one: Record) -> Record:
        if one.prompt != prompt:
            return one
        decode = one.decode
        ids = decode.top_ids[2]
        values = (0.0, -behind, *(-behind - 1.0 - place for place in range(len(ids) - 2)))
        values = tuple(value - 0.01 for value in values)
        return replace(one, decode=replace(
            decode,
            token_ids=(*decode.token_ids[:2], ids[0], *decode.token_ids[3:]),
            logprobs=(*decode.logprobs[:2], values[0], *decode.logprobs[3:]),
            top_logprobs=(*decode.top_logprobs[:2], values, *decode.top_logprobs[3:]),
        ))  # fmt: skip

    return replace(observation, records=tuple(changed(one) for one in observation.records))


@pytest.mark.parametrize(
    ("dtype", "behind", "verdict"),
    [
        ("bfloat16", 0.4, Verdict.PASS),
        ("bfloat16", 3.0, Verdict.INCONCLUSIVE),
        ("bfloat16", 10.0, Verdict.FAIL),
        ("float16", 1.0, Verdict.FAIL),
        ("float32", 0.01, Verdict.INCONCLUSIVE),
    ],
)
def test_a_wrong_token_that_clearly_loses_fails_under_a_fixed_tolerance(
    dtype: str, behind: float, verdict: Verdict
) -> None:
    truth_ = with_other_token(observed(0.0, 2), "text/0", behind)
    wrong = {mode: next(one.decode for one in truth_.records if one.prompt == "text/0").top_ids[2][1] for mode in Mode}
    candidate = observed(0.0, 1, modes=tuple(Mode))
    for mode in Mode:
        decode = next(one.decode for one in candidate.records if (one.prompt, one.mode) == ("text/0", mode))
        ids = (*decode.token_ids[:2], wrong[mode], *decode.token_ids[3:])
        candidate = with_record(candidate, "text/0", mode, decode=replace(decode, token_ids=ids))
    found = check(judged(candidate=candidate, baseline=truth_, reference=None, dtype=dtype), "decode")
    assert (found.verdict, len(found.divergences)) == (verdict, 1)


def test_where_correct_models_are_far_off_a_far_token_stays_open() -> None:
    def shifted(prompt: str) -> float:
        return 1.5

    candidate, baseline = observed(shifted, 1, modes=tuple(Mode)), observed(0.0, 2)
    found = check(judged(candidate=candidate, baseline=baseline, reference=None), "decode")
    assert any(one.open and one.margin > 4.0 for one in found.divergences)


def test_wrong_probabilities_of_right_greedy_tokens_fail_though_prompts_and_texts_are_equal() -> None:
    candidate = observed(NOISE, 1, modes=tuple(Mode))
    flat = replace(candidate, records=tuple(with_root_of_logits(one) for one in candidate.records))
    result = judged(candidate=flat)
    assert {one.name for one in result.checks if one.verdict is Verdict.FAIL} == {"output"}
    output = check(result, "output")
    assert output.n == pytest.approx(30 * DECODED, rel=0.1)
    assert output.worst[0].position >= min(len(ids) for ids, *_ in truth().values())


def with_root_of_logits(record: Record) -> Record:
    """What a class says that hands on smaller differences between the next token's logits: the same token wins."""
    decode = record.decode
    return replace(record, decode=replace(decode, logprobs=tuple(value - 1.0 for value in decode.logprobs)))


def test_divergences_at_near_ties_are_benign_and_counted_beside_the_floors() -> None:
    decode = check(judged(), "decode")
    noisy = check(judged(candidate=observed(2.5 * NOISE, 1, modes=tuple(Mode))), "decode")
    assert noisy.verdict is Verdict.PASS
    assert len(noisy.divergences) > len(decode.divergences)
    assert all(one.benign for one in noisy.divergences)
    assert "part at near ties, which is benign" in noisy.notes[0]
    assert noisy.notes[1].startswith("the baseline itself parts from the reference in ")


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
