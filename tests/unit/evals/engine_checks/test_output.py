"""What SGLang's checks print, as read from real output, and what is made of it."""

from __future__ import annotations

import pytest

from evals.engine_checks.output import PROMPTS, judge_one_batch, judge_unittest, one_batch_texts
from evals.outcome import Verdict

ANSWERS = ("\nA. Paris\nB. Budapest\nC", " is a country in", " to walk.\nIt is")
OUTPUT = f"""[2026-11-25 17:02:33 TP0] KV Cache is allocated. dtype: torch.float32, #tokens: 16384
max_total_num_tokens=16384

input_ids=[[539, 846], [539, 291], [880, 787]]

prefill logits (first half): tensor([[ 1.8763, -1.5777,  4.0212,  ..., -1.0158, -1.0866, -1.8009],
        [ 3.1905, -1.6730, -1.6492,  ...,  4.6240,  5.3432,  5.2672]])\x20

prefill logits (final): tensor([[13.0066,  4.8920,  7.5371,  ..., -2.9423, -6.6583, -9.8476],
        [ 3.3356, -2.1402,  9.2643,  ...,  0.7056,  6.1736, -0.0862]])\x20

========== Prompt 0 ==========
<s> {PROMPTS[0]}{ANSWERS[0]}\x20

========== Prompt 1 ==========
{PROMPTS[1]}{ANSWERS[1]}\x20

========== Prompt 2 ==========
{PROMPTS[2]}{ANSWERS[2]}\x20

"""


def one_batch(output: str = OUTPUT, server: tuple[str, ...] | None = ANSWERS, *, exact: bool = True, status: int = 0):  # type: ignore[no-untyped-def]
    return judge_one_batch(output, exit_status=status, server=server, exact=exact)


def test_texts_are_read_with_their_prompts() -> None:
    texts = one_batch_texts(OUTPUT)
    assert texts == [f"<s> {PROMPTS[0]}{ANSWERS[0]}", f"{PROMPTS[1]}{ANSWERS[1]}", f"{PROMPTS[2]}{ANSWERS[2]}"]


def test_texts_like_the_servers_pass() -> None:
    outcome = one_batch()
    assert (outcome.verdict, outcome.passed, outcome.n) == (Verdict.PASS, 3, 3)
    assert outcome.reasons == ()


def test_without_the_servers_answers_there_is_no_pass_and_a_fault_that_shows_by_itself_still_fails() -> None:
    unasked = judge_one_batch(OUTPUT, exit_status=0, server=None, exact=True, why_not="the server was not asked")
    assert (unasked.verdict, unasked.n) == (Verdict.INCONCLUSIVE, 0)
    assert unasked.reasons == ("there is nothing to compare its texts with: the server was not asked",)
    assert f"prompt 1: {PROMPTS[1]}{ANSWERS[1]}" in unasked.notes
    assert one_batch(server=ANSWERS[:2]).reasons[0].endswith("the server answered 2 of 3 prompts")
    assert one_batch(server=ANSWERS[:2]).verdict is Verdict.INCONCLUSIVE
    nan = one_batch(OUTPUT.replace("13.0066,  4.8920", "    nan,     nan"), server=None)
    assert (nan.verdict, nan.reasons) == (Verdict.FAIL, ("its prefill logits are not numbers (nan)",))


def test_a_shorter_or_longer_answer_of_the_server_agrees() -> None:
    assert one_batch(server=(ANSWERS[0] + " and more", ANSWERS[1][:6], ANSWERS[2])).verdict is Verdict.PASS


def test_another_text_than_the_servers_fails_in_float32_and_decides_nothing_otherwise() -> None:
    server = ("\nB. Rome", *ANSWERS[1:])
    exact, rounded = one_batch(server=server), one_batch(server=server, exact=False)
    assert (exact.verdict, exact.passed) == (Verdict.FAIL, 2)
    assert "prompt 0 differs from the server's after 0 characters" in exact.reasons[0]
    assert (rounded.verdict, rounded.passed) == (Verdict.INCONCLUSIVE, 2)
    assert "prompt 0 differs" in rounded.reasons[0]
    assert one_batch(exact=False).verdict is Verdict.PASS


def test_texts_that_all_part_at_once_fail_also_where_near_ties_are_possible() -> None:
    garbage = one_batch(server=("xyzzy", "qwert", "!!!"), exact=False)
    assert (garbage.verdict, garbage.passed, len(garbage.reasons)) == (Verdict.FAIL, 0, 3)
    late = one_batch(server=("A. Paris it is", "qwert", "!!!"), exact=False)
    assert (late.verdict, late.passed) == (Verdict.INCONCLUSIVE, 0)
    assert one_batch(server=("", "qwert", "!!!"), exact=False).verdict is Verdict.INCONCLUSIVE


def test_an_empty_answer_of_the_server_is_no_agreement() -> None:
    assert one_batch(server=("", *ANSWERS[1:])).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("========== Prompt 2 ==========", "", Verdict.INCONCLUSIVE),
        (f"{PROMPTS[1]}{ANSWERS[1]}", "", Verdict.FAIL),
        ("13.0066,  4.8920", "    nan,     nan", Verdict.FAIL),
    ],
)
def test_what_is_missing_or_no_number_does_not_pass(old: str, new: str, verdict: Verdict) -> None:
    assert old in OUTPUT
    assert one_batch(OUTPUT.replace(old, new)).verdict is verdict


def test_an_error_decides_nothing_and_is_named() -> None:
    outcome = one_batch("Traceback (most recent call last):\n  File x\nRuntimeError: no kernel\n", status=1)
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.reasons == ("it ended with exit status 1: RuntimeError: no kernel",)


PASSED = "test_others (test_x.TestX) ... ok\n\n------\nRan 2 tests in 3.1s\n\nOK\n"


def unit(output: str, status: int = 0, *, names_model: bool = True):  # type: ignore[no-untyped-def]
    return judge_unittest(output, exit_status=status, names_model=names_model, only_run="Org/Model")


def test_a_unittest_that_passed_passes() -> None:
    outcome = unit(PASSED)
    assert (outcome.verdict, outcome.passed, outcome.n) == (Verdict.PASS, 2, 2)
    assert unit(PASSED.replace("OK\n", "OK (skipped=1)\n")).passed == 1


def test_a_failed_assertion_fails_and_names_its_test() -> None:
    result = "Ran 3 tests in 3.1s\n\nFAILED (failures=1, errors=1)\n"
    outcome = unit(f"FAIL: test_others (test_x.TestX)\n---\nAssertionError: 1 != 2\n\n{result}", 1)
    assert (outcome.verdict, outcome.passed, outcome.n) == (Verdict.FAIL, 1, 3)
    assert outcome.reasons == ("FAIL: test_others (test_x.TestX)",)


@pytest.mark.parametrize(
    ("output", "status", "reason"),
    [
        ("ERROR: test_x (unittest)\nImportError: no x\n\nRan 1 test in 0.1s\n\nFAILED (errors=1)\n", 1, "ImportError"),
        ("Ran 0 tests in 0.0s\n\nOK\n", 0, "no test"),
        ("Ran 2 tests in 0.0s\n\nOK (skipped=2)\n", 0, "skipped"),
        ("Killed\n", -9, "before any result"),
        (PASSED, 1, "error"),
    ],
)
def test_what_was_not_tried_decides_nothing(output: str, status: int, reason: str) -> None:
    outcome = unit(output, status)
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert reason in outcome.reasons[0]


def test_a_test_that_passes_over_the_model_decides_nothing() -> None:
    outcome = unit(PASSED, names_model=False)
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "Org/Model" in outcome.reasons[0]
