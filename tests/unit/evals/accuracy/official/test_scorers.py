"""Stored responses, judged by the scorer that is named."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.official.scorers import SCORERS, Judged, find_scorer
from evals.errors import DatasetError, InvalidSubmissionError

ITEM = {"options": "['red', 'green', 'blue', 'None']", "answer": "B", "question_type": "multiple-choice"}
OPEN_ITEM = {"options": "[]", "answer": "['0.5', '1/2']", "question_type": "open"}


def judged(scorer: str, item: dict[str, Any], response: Any) -> tuple[str | None, str, bool, float]:
    result = find_scorer(scorer).judge(item, response)
    assert isinstance(result, Judged)
    return result.parsed, str(result.how), result.correct, result.official


@pytest.mark.parametrize(
    ("scorer", "response", "expected"),
    [
        ("mmmu-pro@1", "Answer: B", ("B", "answer line", True, 1.0)),
        ("mmmu-pro@1", "A", ("A", "letter", False, 0.0)),
        ("mmmu-pro@1", "B. green", ("B", "letter with period", True, 1.0)),
        ("mmmu-pro@1", "no", (None, "unparsed", False, 0.25)),
        ("mmmu-pro@1", {"error": "(B)"}, (None, "unparsed", False, 0.25)),
        ("mmmu-pro@1", None, (None, "unparsed", False, 0.25)),
        ("mmmu@1", "B. green", (None, "unparsed", False, 0.25)),
        ("mmmu@1", "(B)", ("B", "bracketed letter", True, 1.0)),
        ("mmmu@1", "in my opinion that is green", ("B", "option text", True, 1.0)),
        ("answer-line@1", "I think so.\nAnswer: B\n", ("B", "answer line", True, 1.0)),
        ("answer-line@1", "Answer: A", ("A", "answer line", False, 0.0)),
        ("answer-line@1", " B\n", ("B", "answer line", True, 1.0)),
        ("answer-line@1", "I think\nB", (None, "unparsed", False, 0.0)),
        ("answer-line@1", "Answer: B\nor so", (None, "unparsed", False, 0.0)),
        ("answer-line@1", "Answer: (B)", (None, "unparsed", False, 0.0)),
        ("answer-line@1", "Answer: E", (None, "unparsed", False, 0.0)),
        ("answer-line@1", "Answer:", (None, "unparsed", False, 0.0)),
        ("answer-line@1", "", (None, "unparsed", False, 0.0)),
        ("answer-line@1", {"error": "B"}, (None, "unparsed", False, 0.0)),
    ],
)
def test_choices(scorer: str, response: Any, expected: tuple[str | None, str, bool, float]) -> None:
    assert judged(scorer, ITEM, response) == expected
    untyped = {name: ITEM[name] for name in ("options", "answer")}
    assert judged(scorer, untyped, response) == expected


@pytest.mark.parametrize(
    ("scorer", "response", "expected"),
    [
        ("mmmu@1", "The answer is 0.5", ("0.5", "key phrase", True, 1.0)),
        ("mmmu@1", "It is 3\nor it is 1/2.", ("3\n1/2", "key phrase", True, 1.0)),
        ("mmmu@1", "0.6", ("0.6", "whole text", False, 0.0)),
        ("mmmu@1", "", (None, "unparsed", False, 0.0)),
        ("answer-line@1", "Hm.\nAnswer: .50", (".50", "answer line", True, 1.0)),
        ("answer-line@1", "1/2", ("1/2", "answer line", True, 1.0)),
        ("answer-line@1", "it is 1/2", ("it is 1/2", "answer line", False, 0.0)),
        ("answer-line@1", "it is\n1/2", (None, "unparsed", False, 0.0)),
    ],
)
def test_open_questions(scorer: str, response: Any, expected: tuple[str | None, str, bool, float]) -> None:
    assert judged(scorer, OPEN_ITEM, response) == expected
    assert judged(scorer, OPEN_ITEM | {"question_type": "short-answer"}, response) == expected


@pytest.mark.parametrize("scorer", sorted(SCORERS))
def test_the_known_item_with_one_list_as_option_is_judged(scorer: str) -> None:
    item = {"options": [["A", "B", "Not enough information"]], "answer": "B"}
    assert judged(scorer, item, "there is just not enough information")[:3] == (None, "unparsed", False)
    assert judged(scorer, item, "B")[2:] == (False, 0.0)


@pytest.mark.parametrize("scorer", sorted(SCORERS))
@pytest.mark.parametrize(
    "broken",
    [{"answer": None}, {"options": None}, {"options": "red, green"}, {"question_type": "multiple_choice"}],
    ids=lambda broken: next(iter(broken)),
)
def test_an_item_that_cannot_be_judged_is_an_error_with_a_remedy(scorer: str, broken: dict[str, Any]) -> None:
    with pytest.raises(DatasetError) as raised:
        find_scorer(scorer).judge(ITEM | broken, "B")
    assert raised.value.remedy


def test_mmmu_pro_has_no_open_questions() -> None:
    with pytest.raises(DatasetError, match="no rules for an open question"):
        find_scorer("mmmu-pro@1").judge(OPEN_ITEM, "0.5")


def test_an_unknown_scorer_is_refused_with_the_known_names() -> None:
    with pytest.raises(InvalidSubmissionError) as raised:
        find_scorer("mmmu-pro@0")
    assert "mmmu-pro@1" in raised.value.remedy


def test_every_scorer_is_found_by_its_name_and_version() -> None:
    assert all(find_scorer(name).name == name and name.endswith("@1") for name in SCORERS)
