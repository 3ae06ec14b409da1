"""A parity result in a terminal: the verdict first, then checks, and what a reviewer wants to see of them."""

from __future__ import annotations

from dataclasses import replace

from evals.outcome import Verdict
from evals.parity.findings import (
    Divergence,
    ParityCheck,
    ParityResult,
    Spread,
    TokenDifference,
    WorstPosition,
)
from evals.render.parity_text import parity_text

WORST = WorstPosition(
    prompt="length/64", mode="alone", position=17, of=64, token="\u202eevil\n", before="the road to",
    candidate=-4.81, reference=-1.6, floor=None,
)  # fmt: skip
SPREAD = Spread(
    name="p99", group="all", error=0.04, floor=0.01, ratio=4.0, low=3.5, high=4.5, limit=3.0, verdict=Verdict.FAIL,
    n=900, prompts=9,
)  # fmt: skip
PARTED = Divergence(
    prompt="chat/x", position=3, candidate_token=" no", reference_token=" yes", common_text="I say", margin=0.002,
    at_least=False, allowed=0.004, benign=True,
)  # fmt: skip
DIFFERENT = TokenDifference(
    prompt="chat/y", form="chat", candidate_count=12, reference_count=11, diff=("-system", "+user")
)
FAILED = ParityCheck(
    name="prefill", title="Prefill log-probabilities", verdict=Verdict.FAIL, value=0.04, unit="nats", n=900, limit=0.03,
    spreads=(SPREAD, replace(SPREAD, group="code"), replace(SPREAD, group="chat", verdict=Verdict.PASS)),
    worst=(WORST,) * 7, divergences=(PARTED,), token_differences=(DIFFERENT,), reasons=("four times the floor",),
    notes=("a note",),
)  # fmt: skip
PASSED = ParityCheck(name="decode", title="Greedy", verdict=Verdict.PASS, value=1.0, unit="share", n=9)
RESULT = ParityResult(
    workload="parity", verdict=Verdict.FAIL, headline="not the same", calibration="as calibrated",
    checks=(FAILED, PASSED), coverage=("9 prompts",), left_out=("length/8193: too long",),
)  # fmt: skip


def test_the_verdict_comes_first_and_every_check_has_a_row() -> None:
    lines = parity_text(RESULT).splitlines()
    assert lines[0] == "FAIL: not the same"
    assert "prefill  fail     0.04 nats  0.03 nats  900  Prefill log-probabilities" in lines
    assert "decode   pass     100.0 %    -          9    Greedy" in lines


def test_what_shows_of_a_check_is_told() -> None:
    text = parity_text(RESULT)
    assert "! four times the floor" in text
    assert "- a note" in text
    assert "p99: 0.04 nats, floor 0.01 nats, 4 × [3.5, 4.5] (fail)" in text
    assert "p99 of code: " in text
    assert "p99 of chat: " not in text
    assert 'chat/x parts at token 3: "no" against "yes", margin 0.002 nats (near tie)' in text
    assert "chat/y (chat): 12 tokens against 11" in text
    assert text.count("length/64 (alone) at 17 of 64") == 5
    assert "... and 2 more" in text
    assert "length/8193: too long" in text


def test_models_words_cannot_steer_the_terminal() -> None:
    assert "\u202e" not in parity_text(RESULT)
    assert '"\ufffdevil" after "the road to": -4.81 against -1.6' in parity_text(RESULT)
