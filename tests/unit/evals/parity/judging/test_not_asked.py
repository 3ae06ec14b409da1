"""What was not asked or not answered: pictures, refused prompts, prompts that one side has no room for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.outcome import Verdict
from evals.parity.records import (
    NO_ROOM,
    REFUSED,
    Mode,
    Observation,
)
from tests.unit.evals.parity.judging.judging_world import NOISE, SETTINGS, judged
from tests.unit.evals.parity.judging.worlds import in_chunks, observed, truth

IMAGES = replace(SETTINGS, images=True)


def with_images(observation: Observation) -> Observation:
    """The same, where the code prompts have images."""

    def named(prompt: str) -> str:
        return prompt.replace("code/", "image/")

    return replace(observation, records=tuple(replace(one, prompt=named(one.prompt)) for one in observation.records))


def test_a_vision_workload_without_a_picture_answered_is_no_pass() -> None:
    left_out = {"image/tiny": "the model takes no images"}
    sides = {
        "candidate": replace(observed(NOISE, 1, modes=tuple(Mode)), left_out=left_out),
        "baseline": replace(observed(NOISE, 2), left_out=left_out),
        "reference": replace(observed(0.0, 3), left_out=left_out),
    }
    for changes in ({}, {"reference": None}):
        result = judged(IMAGES, **(sides | changes))
        assert result.verdict is Verdict.INCONCLUSIVE
        assert "no prompt with images was answered by both sides: the model takes no images" in result.headline
    assert judged(**sides).verdict is Verdict.PASS
    seen = {name: with_images(side) for name, side in sides.items()}
    assert judged(IMAGES, **seen, chunked=with_images(in_chunks(NOISE, 4))).verdict is Verdict.PASS


def test_a_prompt_that_all_servers_refuse_is_no_pass() -> None:
    left_out = {"special/x": f"{REFUSED}: HTTP 400"}
    result = judged(candidate=replace(observed(NOISE, 1, modes=tuple(Mode)), left_out=left_out),
                    baseline=replace(observed(NOISE, 2), left_out=left_out),
                    reference=replace(observed(0.0, 3), left_out=left_out))  # fmt: skip
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "1 prompt got no answer (first: special/x, refused by the server: HTTP 400)" in result.headline
    known = {"special/x": "the model has no chat template"}
    assert judged(candidate=replace(observed(NOISE, 1, modes=tuple(Mode)), left_out=known)).verdict is Verdict.PASS


def tight(observation: Observation, prompts: list[str]) -> Observation:
    """A server that has no room for these prompts."""
    left_out = dict.fromkeys(prompts, f"{NO_ROOM}: too many tokens")
    kept = tuple(one for one in observation.records if one.prompt not in left_out)
    told = tuple(one for one in observation.tokenized if one.prompt not in left_out)
    return replace(observation, records=kept, tokenized=told, left_out=left_out)


@pytest.mark.parametrize("side", ["candidate", "baseline", "reference", "chunked"])
def test_prompts_too_long_for_one_side_alone_are_left_out_and_the_rest_decides(side: str) -> None:
    made = {
        "candidate": observed(NOISE, 1, modes=tuple(Mode)),
        "baseline": observed(NOISE, 2),
        "reference": observed(0.0, 3),
        "chunked": in_chunks(NOISE, 4),
    }
    lost = ["text/0", "long/1"]
    result = judged(**{side: tight(made[side], lost)})
    assert {one.name: one.reasons for one in result.checks if one.verdict is not Verdict.PASS} == {}
    if side != "chunked":
        assert ("not compared, because they are too long for one side alone: 2 prompts (long/1, text/0)"
                in result.coverage)  # fmt: skip
    many = judged(**{side: tight(made[side], list(truth())[3:8])})
    assert many.verdict is (Verdict.PASS if side == "chunked" else Verdict.INCONCLUSIVE)
    assert side == "chunked" or "5 prompts" in many.headline
