"""`python -m evals score` with lines that are wrong or hostile: one clear error and nothing on stdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.evals.command.score_world import OPTIONS, Scorer, choice

HOSTILE = [
    "", " \n ", {"error": "quota"}, None, 7, ["A"], "x" * 100_000, "\u202e\u05d0 (\u05d1)", "[['A'], ['B']]", "None",
    "\0", "Answer: None",
]  # fmt: skip


@pytest.mark.parametrize("benchmark", ["mmmu_pro", "mmmu", "gsm8k", "mmlu"])
def test_hostile_answers_are_wrong_and_their_lines_are_there(benchmark: str, scorer: Scorer) -> None:
    lines = [choice(number, response, answer="A") for number, response in enumerate(HOSTILE)]
    items, totals = scorer.scored(benchmark, lines)
    assert [item["id"] for item in items] == list(range(len(HOSTILE)))
    assert (totals["total"], totals["correct"]) == (len(HOSTILE), 0)
    assert all(item["parsed"] is None for item in items[:6])


def test_half_a_surrogate_in_an_answer_is_scored_and_printed_again(scorer: Scorer) -> None:
    line = b'{"id": "a", "response": "the answer is \\ud83d", "answer": "x", "question_type": "open"}\n'
    items, _ = scorer.scored("mmmu", line)
    assert items[0]["parsed"] == "\ud83d"


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (b"{not json", "is no JSON"), (b"[1]", "no id or no response"), (b'{"response": "A"}', "no id or no response"),
        (b'{"id": "b"}', "no id or no response"), (b'{"id": 1.5, "response": ""}', "no id or no response"),
        (b"\xff\xfe", "is no JSON"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_by_its_number_and_nothing_is_printed(second: bytes, says: str, scorer: Scorer) -> None:
    error = scorer.refused("mmmu_pro", json.dumps(choice("a", "B")).encode() + b"\n\n" + second + b"\n")
    assert f"line 3 of {scorer.file}" in error
    assert says in error


@pytest.mark.parametrize(
    ("benchmark", "line"),
    [
        ("mmmu_pro", {"options": OPTIONS}), ("mmmu_pro", {"answer": "B"}), ("mmmu_pro", {"options": "", "answer": "A"}),
        ("mmmu_pro", {"question_type": "open", "answer": "B"}), ("mmmu", {"question_type": "odd", "answer": "B"}),
        ("mmlu", {"choices": ["p", "q"]}), ("mmlu", {"choices": ["p", "q"], "answer": 9}), ("gsm8k", {}),
    ],
)  # fmt: skip
def test_an_item_that_cannot_be_judged_is_named_and_nothing_is_printed(
    benchmark: str, line: dict[str, Any], scorer: Scorer
) -> None:
    assert "item 'bad'" in scorer.refused(benchmark, [{"id": "bad", "response": "A", **line}])


def test_unknown_names_are_answered_with_the_known_ones(scorer: Scorer) -> None:
    assert "did you mean 'mmmu_pro'?" in scorer.refused("mmmu_por", [])
    assert "mmmu_pro_vision_cot" in scorer.refused("arc_easy", [])
    assert "mmmu@1" in scorer.refused("mmmu", [], "--scorer", "mmmu@7")
    assert "gsm8k has one scorer" in scorer.refused("gsm8k", [], "--scorer", "mmmu@1")


def test_a_file_that_is_not_there_is_named(scorer: Scorer, tmp_path: Path) -> None:
    assert f"{tmp_path / 'none'} cannot be read" in scorer.refused("gsm8k", [], "--responses", str(tmp_path / "none"))
