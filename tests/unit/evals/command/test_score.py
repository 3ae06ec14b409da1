"""`python -m evals score`: lines in, lines and totals out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.evals.command.score_world import Scorer, choice


def test_there_are_as_many_lines_as_answers_and_a_last_one_with_the_totals(scorer: Scorer) -> None:
    lines = [choice("a", "Answer: B"), choice("b", "Answer: C"), choice("c", "no idea"), choice(4, "(B)")]
    items, totals = scorer.scored("mmmu_pro", lines)
    assert items == [
        {"id": "a", "parsed": "B", "how": "answer line", "correct": True, "official": 1.0},
        {"id": "b", "parsed": "C", "how": "answer line", "correct": False, "official": 0.0},
        {"id": "c", "parsed": None, "how": "unparsed", "correct": False, "official": 0.25},
        {"id": 4, "parsed": "B", "how": "bracketed letter", "correct": True, "official": 1.0},
    ]
    assert totals == {
        "benchmark": "mmmu_pro", "scorer": "mmmu-pro@1", "total": 4, "correct": 2, "unparsed": 1, "accuracy": 0.5,
        "scores": {"acc,mmmu-pro@1": 0.5, "acc_official,mmmu-pro@1": 0.5625},
        "how": {"answer line": 2, "bracketed letter": 1, "unparsed": 1},
    }  # fmt: skip


def test_gsm8k_shows_what_the_flexible_rule_says_beside_the_strict_one(scorer: Scorer) -> None:
    items, totals = scorer.scored("gsm8k", [{"id": 0, "response": "it is 72.", "answer": "so\n#### 72"}])
    assert items == [
        {
            "id": 0,
            "parsed": None,
            "how": "unparsed",
            "correct": False,
            "flexible_parsed": "72.",
            "flexible_correct": True,
        }
    ]
    assert totals["scores"] == {"exact_match,strict-match": 0.0, "exact_match,flexible-extract": 1.0}
    assert scorer.scored("gsm8k", [{"id": 0, "response": "#### 72", "answer": "72"}])[1]["accuracy"] == 1.0


@pytest.mark.parametrize(("answer", "correct"), [("C", True), (2, True), ("A", False)])
def test_an_mmlu_line_has_its_answer_as_letter_or_index(answer: Any, correct: bool, scorer: Scorer) -> None:
    lines = [{"id": "x", "response": " C", "choices": ["p", "q", "r", "s"], "answer": answer}]
    items, totals = scorer.scored("mmlu", lines)
    assert (items[0]["correct"], items[0]["parsed"], totals["total"]) == (correct, "C", 1)


def test_mmmu_judges_open_questions_and_choices_in_one_file(scorer: Scorer) -> None:
    lines = [
        choice("a", "B", question_type="multiple-choice"),
        {"id": "b", "response": "The answer is 3.5", "answer": "3.50", "question_type": "open"},
        {"id": "c", "response": "", "answer": ["cat"], "question_type": "short-answer"},
    ]
    items, totals = scorer.scored("mmmu", lines)
    assert [item["correct"] for item in items] == [True, True, False]
    assert [item["how"] for item in items] == ["letter", "key phrase", "unparsed"]
    assert (totals["scorer"], totals["correct"]) == ("mmmu@1", 2)


def test_another_scorer_judges_by_its_own_rules(scorer: Scorer) -> None:
    lines = [choice("a", "I think (B) it is")]
    assert scorer.scored("mmmu_pro", lines)[1]["correct"] == 1
    items, totals = scorer.scored("mmmu_pro", lines, "--scorer", "answer-line@1")
    assert (items[0]["parsed"], totals["correct"], totals["scorer"]) == (None, 0, "answer-line@1")


def test_only_what_follows_the_thoughts_is_judged_where_a_mark_is_named(scorer: Scorer) -> None:
    lines = [choice("a", "<think>Answer: C</think>Answer: B"), choice("b", "<think>Answer: B"),
             choice("c", "(B) perhaps", finish_reason="length")]  # fmt: skip
    assert [item["parsed"] for item in scorer.scored("mmmu_pro", lines)[0]] == ["B", "B", "B"]
    items, totals = scorer.scored("mmmu_pro", lines, "--think-end", "</think>")
    assert [item["parsed"] for item in items] == ["B", None, None]
    assert totals["unparsed"] == 2


@pytest.mark.parametrize("count", range(2, 13))
def test_there_may_be_two_to_twelve_options(count: int, scorer: Scorer) -> None:
    last = chr(ord("A") + count - 1)
    options = [f"option {number}" for number in range(count)]
    lines = [choice("a", f"Answer: {last}", last, options=options), choice("b", "?", last, options=repr(options))]
    items, _ = scorer.scored("mmmu_pro", lines)
    assert [(item["correct"], item["official"]) for item in items] == [(True, 1.0), (False, 1 / count)]


def test_empty_lines_are_passed_over_and_an_empty_file_has_no_score(scorer: Scorer) -> None:
    assert scorer.scored("mmmu_pro", b"\n\n" + json.dumps(choice("a", "B")).encode() + b"\r\n \n")[1]["total"] == 1
    items, totals = scorer.scored("mmmu_pro", b"")
    assert (items, totals["total"], totals["accuracy"], totals["scores"]) == ([], 0, None, {})
