"""The gate: one decision, whoever looks and when; and what is asked until then."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from evals.accuracy.order import Order, asking_order, order_of, seed_for
from evals.compare_gate import compare_gate
from evals.formatting import sizes
from evals.outcome import Verdict
from evals.result import Response, SampleKey
from evals.spec import Role
from evals.statistics.sequential import EARLY_CONFIDENCE, decide_sequentially
from tests.unit.evals.accuracy.gate_world import SEED, WORKLOAD, Other, answers, benchmark, every, gate, only

ORDER = order_of(benchmark().questions(), SEED).items
BAD, FLAWED = every(3), every(25)


def expected(candidate: frozenset[int], baseline: frozenset[int], margin: float = 0.05) -> tuple[Verdict, int | None]:
    differences = [float(number in baseline) - float(number in candidate) for _, number in ORDER]
    found = decide_sequentially(differences, margin, confidence=EARLY_CONFIDENCE)
    return found.verdict, found.decided_at


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


def scored(wrong: frozenset[int], numbers: set[int]) -> list[object]:
    return list(benchmark().judge(only(answers(wrong), numbers)))


@pytest.mark.parametrize("surplus", [0, 25])
def test_the_report_comes_to_the_jobs_decision_whatever_was_answered_beyond_it(surplus: int) -> None:
    for candidate in (FLAWED, BAD):
        verdict, taken = expected(candidate, FLAWED)
        assert taken is not None
        numbers = {number for _, number in ORDER[: taken + surplus]} | {ORDER[-1][1]}
        own, theirs = scored(candidate, numbers), scored(FLAWED, set(range(300)))
        [row, *_] = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
        assert (row.verdict, row.decided_after) == (verdict, taken)
        assert row.candidate is not None
        assert row.candidate.n == taken
        assert f"decided after {taken:,} of 300 items" in row.reasons[0]


def test_a_beginning_that_decides_nothing_is_no_sample_of_all() -> None:
    numbers = {number for _, number in ORDER[:20]}
    own, theirs = scored(FLAWED, numbers), scored(FLAWED, numbers)
    [row, *_] = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "after 20 of 300 items" in row.reasons[0]
    assert row.p_fail is None


def test_what_lies_beyond_a_gap_is_left_out() -> None:
    numbers = {number for _, number in ORDER[:250]} - {ORDER[10][1]}
    own, theirs = scored(FLAWED, numbers), scored(FLAWED, set(range(300)))
    [row, *_] = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "after 10 of 300 items" in row.reasons[0]


def test_without_any_common_beginning_the_sides_are_incomparable() -> None:
    own, theirs = scored(FLAWED, {ORDER[1][1]}), scored(FLAWED, {ORDER[0][1]})
    [row, *_] = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert row.verdict is Verdict.INCOMPARABLE


def test_silence_on_both_sides_is_no_pass() -> None:
    numbers = {number for _, number in ORDER[:250]}
    silent: dict[SampleKey, Response] = {k: replace(one, text="?") for k, one in only(answers(), numbers).items()}
    scores = benchmark().judge(silent)
    [row, *_] = compare_gate(workload=WORKLOAD, candidate=scores, baseline=scores, order=ORDER)
    assert row.verdict is Verdict.INCONCLUSIVE


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


def test_what_is_reported_beside_an_early_decision_has_no_interval_of_a_fixed_number() -> None:
    numbers = set(range(300))
    own, theirs = scored(BAD, numbers), scored(FLAWED, numbers)
    first, *others = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert sizes(first) == f"{first.decided_after} (stopped early)"
    assert first.low is not None
    assert others
    for row in others:
        assert row.candidate is not None
        assert row.candidate.n == first.decided_after
        assert (row.low, row.high, row.mcnemar_p, row.detectable_drop) == (None, None, None, None)


def test_equal_silence_decides_nothing_until_something_is_right() -> None:
    silent = frozenset(range(300))
    assert expected(silent, silent)[0] is Verdict.PASS
    assert not gate(Other(answers(silent).values())).know(answers(silent))
    late = silent - {ORDER[250][1]}
    found = gate(Other(answers(silent).values()))
    assert found.know(answers(late))
    assert found.decided_at == 251


def test_after_an_undecided_stop_nothing_that_is_reported_holds_of_a_fixed_number() -> None:
    numbers = {number for _, number in ORDER[:20]}
    own, theirs = scored(BAD, numbers), scored(FLAWED, numbers)
    rows = compare_gate(workload=WORKLOAD, candidate=own, baseline=theirs, order=ORDER)  # type: ignore[arg-type]
    assert len(rows) > 1
    for row in rows:
        assert (row.low, row.high, row.mcnemar_p, row.p_pass, row.detectable_drop) == (None,) * 5


def test_an_item_without_all_its_answers_ends_the_beginning() -> None:
    numbers = set(range(300))
    workload = replace(WORKLOAD, repeats=2, temperature=0.7)
    own, theirs = (
        [replace(one, repeat=repeat) for one in scored(wrong, numbers) for repeat in (0, 1)]  # type: ignore[type-var]
        for wrong in (FLAWED, FLAWED)
    )
    gap = ORDER[10][1]
    short = [one for one in own if (one.doc_id, one.repeat) != (gap, 1)]  # type: ignore[attr-defined]
    row = compare_gate(workload=workload, candidate=short, baseline=theirs, order=ORDER)[0]  # type: ignore[arg-type]
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "after 10 of 300 items" in row.reasons[0]
