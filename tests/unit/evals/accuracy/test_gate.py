"""The gate: one decision, whoever looks and when."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from evals.accuracy.order import Order, asking_order, order_of, seed_for
from evals.outcome import Verdict
from evals.spec import Role
from tests.unit.evals.accuracy.gate_world import (
    BAD,
    FLAWED,
    ORDER,
    SEED,
    Other,
    answers,
    benchmark,
    expected,
    gate,
    only,
)


@pytest.mark.parametrize(
    ("candidate", "baseline", "verdict"),
    [(FLAWED, FLAWED, Verdict.PASS), (BAD, FLAWED, Verdict.FAIL), (FLAWED, BAD, Verdict.PASS)],
)
def test_the_decision_is_the_sequences_and_the_same_for_both_sides(
    candidate: frozenset[int], baseline: frozenset[int], verdict: Verdict
) -> None:
    assert expected(candidate, baseline)[0] is verdict
    taken = expected(candidate, baseline)[1]
    assert taken is not None
    assert taken < 200
    ours = gate(Other(answers(baseline).values()))
    assert ours.know(answers(candidate))
    theirs = gate(Other(answers(candidate).values()), role=Role.BASELINE)
    assert theirs.know(answers(baseline))
    assert (ours.decided_at, theirs.decided_at) == (taken, taken)


@pytest.mark.parametrize("seed", range(5))
def test_it_does_not_matter_in_which_order_and_when_answers_are_heard(seed: int) -> None:
    draw = random.Random(seed)
    own, others = list(answers(BAD).values()), list(answers(FLAWED).values())
    draw.shuffle(own)
    draw.shuffle(others)
    other = Other()
    looking = gate(other)
    while own:
        for _ in range(draw.randint(0, 40)):
            if others:
                one = others.pop()
                other.given[one.key] = one
        for _ in range(draw.randint(1, 40)):
            if own:
                one = own.pop()
                question = next(q for q in benchmark().questions() if q.key == one.key)
                looking.note(question, benchmark().judge_one(question, one))
        looking.look()
    other.given |= {one.key: one for one in others}
    looking.look()
    looking.look()
    assert looking.decided_at == expected(BAD, FLAWED)[1]


def test_a_gap_in_the_order_waits_for_its_answer() -> None:
    taken = expected(FLAWED, FLAWED)[1]
    assert taken is not None
    gap = ORDER[taken // 2][1]
    other = Other(one for key, one in answers(FLAWED).items() if key.doc_id != gap)
    waiting = gate(other)
    assert not waiting.know(answers(FLAWED))
    missing = next(one for key, one in answers(FLAWED).items() if key.doc_id == gap)
    other.given[missing.key] = missing
    assert waiting.look()
    assert waiting.decided_at == taken


def test_what_is_forgotten_decides_no_more_and_what_the_other_side_said_is_kept() -> None:
    other = Other(answers(FLAWED).values())
    found = gate(other)
    assert found.know(answers(FLAWED))
    other.given.clear()
    assert not found.know(only(answers(FLAWED), range(10)))
    assert found.decided_at is None
    assert found.know(answers(FLAWED))


def test_an_answer_to_another_prompt_or_request_counts_as_none() -> None:
    foreign = [replace(one, prompt_sha256="another") for one in answers(FLAWED).values()]
    assert not gate(Other(foreign)).know(answers(FLAWED))
    stale = {key: replace(one, request_sha256="another") for key, one in answers(FLAWED).items()}
    assert not gate(Other(answers(FLAWED).values())).know(stale)


def test_more_workloads_make_a_fail_dearer_and_a_pass_not() -> None:
    def taken(candidate: frozenset[int], tests: int) -> int:
        found = gate(Other(answers(FLAWED).values()), tests=tests)
        assert found.know(answers(candidate))
        assert found.decided_at is not None
        return found.decided_at

    assert taken(BAD, tests=20) > taken(BAD, tests=1)
    assert taken(FLAWED, tests=20) == taken(FLAWED, tests=1)


def test_sides_too_much_alike_for_the_margin_are_never_decided_on_the_way() -> None:
    never = gate(Other(answers(FLAWED).values()), margin=0.0001)
    assert not never.know(answers(FLAWED))
    assert never.decided_at is None


def test_a_value_that_is_no_share_ends_the_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gate(Other(answers(FLAWED).values()))
    monkeypatch.setattr(type(benchmark()), "judge_one", lambda self, question, answer: 37.5)
    assert not found.know(answers(FLAWED))
    monkeypatch.setattr(type(benchmark()), "judge_one", lambda self, question, answer: None)
    assert not gate(Other(answers(FLAWED).values())).know(answers(FLAWED))


def test_an_order_is_the_same_for_a_run_and_another_for_the_next_and_survives_its_facts() -> None:
    questions = benchmark().questions()
    assert seed_for("r1", "gsm8k") == seed_for("r1", "gsm8k")
    assert len({seed_for("r1", "gsm8k"), seed_for("r2", "gsm8k"), seed_for("r1", "mmlu")}) == 3
    order = order_of(questions, SEED)
    assert order.as_json() == {"seed": SEED, "subjects": [["gsm8k", 300]]}
    odd = Order(seed=3, subjects=(("b", (4, 2, 9)), ("a", (0, 1))))
    for one in (order, odd):
        assert Order.from_json(one.as_json()).items == one.items
    assert set(odd.items) == {("b", 4), ("b", 2), ("b", 9), ("a", 0), ("a", 1)}
    some = questions[:50]
    asked = [some[place].key.doc_id for place in asking_order(some, order.items)]
    assert asked == [number for _, number in order.items if number < 50]


def test_equal_silence_decides_nothing_until_something_is_right() -> None:
    silent = frozenset(range(300))
    assert expected(silent, silent)[0] is Verdict.PASS
    assert not gate(Other(answers(silent).values())).know(answers(silent))
    late = silent - {ORDER[250][1]}
    found = gate(Other(answers(silent).values()))
    assert found.know(answers(late))
    assert found.decided_at == 251
