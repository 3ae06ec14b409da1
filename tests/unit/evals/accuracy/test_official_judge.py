"""The official scorers as judges: the strict score, the expected official one, and what other rules say."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.definitions import direct_definitions
from evals.accuracy.direct_rules import judge_for
from evals.accuracy.judging import Judged
from evals.accuracy.official.scorers import SCORERS
from evals.accuracy.official_judge import COMPANIONS, official_judge, strict_and_official
from evals.accuracy.prompts import PromptForm
from evals.errors import DatasetError, InvalidSubmissionError
from evals.result import Response, SampleKey


def response(text: str) -> Response:
    return Response(
        key=SampleKey(task="t", doc_id=0), prompt_sha256="", text=text, finish_reason="stop", prompt_tokens=None,
        completion_tokens=None, sent_at=0.0, ended_at=0.0,
    )  # fmt: skip


def item(count: int = 4, answer: Any = "B", **more: Any) -> dict[str, Any]:
    return {"options": repr([f"option number {n}" for n in range(count)]), "answer": answer, **more}


def first_two(scorer: str, of: dict[str, Any], text: str) -> tuple[float, float, str | None, str | None]:
    strict, official = official_judge(scorer)(of, response(text))
    assert (strict.metric, official.metric) == (f"acc,{scorer}", f"acc_official,{scorer}")
    return strict.value, official.value, strict.extracted, strict.how


@pytest.mark.parametrize("count", [2, 4, 10, 12])
def test_where_the_official_evaluator_guesses_the_strict_score_is_0_and_the_official_one_the_chance(count: int) -> None:
    for scorer in ("mmmu-pro@1", "mmmu@1"):
        assert first_two(scorer, item(count), "hard to say") == (0.0, 1 / count, None, "unparsed")


def test_what_is_parsed_counts_the_same_under_both() -> None:
    assert first_two("mmmu-pro@1", item(), "Answer: B") == (1.0, 1.0, "B", "answer line")
    assert first_two("mmmu-pro@1", item(), "Answer: C") == (0.0, 0.0, "C", "answer line")


def test_the_deciding_scorer_comes_first_and_its_companions_after_it() -> None:
    definition = (direct_definitions("mmmu_pro_vision_direct") or [])[0]
    verdicts = judge_for(definition, PromptForm.of(definition.config))(item(), response("(B)"))
    assert [verdict.metric for verdict in verdicts] == [
        f"{metric},{scorer}"
        for scorer in ("mmmu-pro@1", *COMPANIONS["mmmu-pro@1"])
        for metric in ("acc", "acc_official")
    ]


def test_an_open_question_of_mmmu_is_judged_beside_the_choices() -> None:
    definition = (direct_definitions("mmmu") or [])[0]
    judge = judge_for(definition, PromptForm.of(definition.config))
    verdicts = judge({"question_type": "open", "answer": "['3.5', 'three and a half']"}, response("so it is 3.50"))
    assert [(verdict.metric, verdict.value) for verdict in verdicts][:2] == [
        ("acc,mmmu@1", 1.0),
        ("acc_official,mmmu@1", 1.0),
    ]


def test_an_unknown_scorer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        official_judge("mmmu@9")
    assert all(name in caught.value.remedy for name in SCORERS)


HOSTILE = [
    "", " \n\t ", "x" * 100_000, "(" * 50_000, "\u202e\u05ea\u05e9\u05d5\u05d1\u05d4: \u05d1", "None",
    "[['A'], ['B', ['C']]]",
    "Answer:", "Answer: " * 10_000, "\0", "\ud83d", "1" * 5_000, "1e999", "nan", "-" * 10_000, "=" * 10_000, "((A)",
]  # fmt: skip
ITEMS: list[dict[str, Any]] = [
    *(item(count, "A") for count in range(2, 13)),
    {"options": "['None', 'None of the above']", "answer": "A"},
    {"options": ["None", None, 3, ["nested", ["deeper"]]], "answer": "A"},
    {"options": "[['$6,000', 'x']]", "answer": "B"},
    {"options": "[]", "answer": "A"},
    {"options": ["\u05d0", "\u05d1"], "answer": ["A", "B"]},
    {"options": "[]", "answer": "1,060.50", "question_type": "open"},
    {"answer": ["\u05d0", "7"], "question_type": "open"},
]


@pytest.mark.parametrize("scorer", ["mmmu-pro@1", "mmmu@1", "answer-line@1"])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_answers_to_hostile_items_score_without_an_exception(scorer: str, text: str) -> None:
    for of in ITEMS:
        if scorer == "mmmu-pro@1" and of.get("question_type"):
            continue
        strict, official = official_judge(scorer)(of, response(text))
        assert strict.value in (0.0, 1.0)
        assert strict.value <= official.value <= 1.0
        assert strict.value == 0.0 or strict.extracted is not None


def test_an_option_called_none_is_found_by_its_text_like_any_other() -> None:
    of = {"options": ["some", "None"], "answer": "B"}
    assert first_two("mmmu@1", of, "well I would say that it is none") == (1.0, 1.0, "B", "option text")
    assert first_two("mmmu@1", of, "None")[2:] == (None, "unparsed")


def test_an_item_that_cannot_be_judged_is_an_error_whatever_the_answer() -> None:
    for of in ({"options": "no list", "answer": "A"}, {"options": ["x"]}, item(question_type="essay")):
        with pytest.raises(DatasetError):
            official_judge("mmmu-pro@1")(of, response(""))


def test_lm_eval_gets_the_same_two_scores() -> None:
    judged: list[Judged] = official_judge("mmmu@1")(item(), response("no idea"))
    expected = {verdict.metric.partition(",")[0]: verdict.value for verdict in judged}
    assert strict_and_official("mmmu@1", item(), "no idea") == expected == {"acc": 0.0, "acc_official": 0.25}
