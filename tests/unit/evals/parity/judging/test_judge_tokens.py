"""How greedy tokens are judged: near ties, wrong tokens, and right tokens of wrong probabilities."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.outcome import Verdict
from evals.parity.records import Mode, Observation, Record
from tests.unit.evals.parity.judging.judging_world import NOISE, check, judged, with_record
from tests.unit.evals.parity.judging.worlds import DECODED, observed, truth


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
