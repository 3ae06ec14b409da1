"""`python -m evals score`: lines in, lines and totals out, or one clear error and nothing on stdout."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evals import __main__
from tests.data import full_data

Lines = list[dict[str, Any]]


class Scorer:
    """Call the command as a person would, and read what it prints."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = folder / "responses.jsonl"
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def call(self, benchmark: str, content: bytes | Lines, *options: str) -> tuple[int, str, str]:
        if not isinstance(content, bytes):
            content = "".join(json.dumps(line) + "\n" for line in content).encode()
        self.file.write_bytes(content)
        argv = ["evals", "score", benchmark, "--responses", str(self.file), *options]
        self._monkeypatch.setattr(sys, "argv", argv)
        status = __main__.main()
        printed = self._capsys.readouterr()
        return status, printed.out, printed.err

    def scored(self, benchmark: str, lines: bytes | Lines, *options: str) -> tuple[Lines, dict[str, Any]]:
        status, out, err = self.call(benchmark, lines, *options)
        assert (status, err) == (0, "")
        *items, totals = (json.loads(line) for line in out.splitlines())
        return items, totals

    def refused(self, benchmark: str, lines: bytes | Lines, *options: str) -> str:
        status, out, err = self.call(benchmark, lines, *options)
        assert (status, out) == (2, "")
        assert err.startswith("error: ")
        assert "to mend it: " in err
        return err


@pytest.fixture
def scorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Scorer:
    return Scorer(tmp_path, monkeypatch, capsys)


OPTIONS = ["red", "green", "blue", "None"]


def choice(item_id: Any, response: Any, answer: str = "B", **more: Any) -> dict[str, Any]:
    return {"id": item_id, "response": response, "options": OPTIONS, "answer": answer} | more


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


@pytest.mark.parametrize("count", range(2, 13))
def test_there_may_be_two_to_twelve_options(count: int, scorer: Scorer) -> None:
    last = chr(ord("A") + count - 1)
    options = [f"option {number}" for number in range(count)]
    lines = [choice("a", f"Answer: {last}", last, options=options), choice("b", "?", last, options=repr(options))]
    items, _ = scorer.scored("mmmu_pro", lines)
    assert [(item["correct"], item["official"]) for item in items] == [(True, 1.0), (False, 1 / count)]


def test_half_a_surrogate_in_an_answer_is_scored_and_printed_again(scorer: Scorer) -> None:
    line = b'{"id": "a", "response": "the answer is \\ud83d", "answer": "x", "question_type": "open"}\n'
    items, _ = scorer.scored("mmmu", line)
    assert items[0]["parsed"] == "\ud83d"


def test_empty_lines_are_passed_over_and_an_empty_file_has_no_score(scorer: Scorer) -> None:
    assert scorer.scored("mmmu_pro", b"\n\n" + json.dumps(choice("a", "B")).encode() + b"\r\n \n")[1]["total"] == 1
    items, totals = scorer.scored("mmmu_pro", b"")
    assert (items, totals["total"], totals["accuracy"], totals["scores"]) == ([], 0, None, {})


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


def write(folder: Path, name: str, rows: Lines) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


def test_items_of_gsm8k_are_found_by_row_and_those_of_mmlu_by_subject_and_row(scorer: Scorer, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write(data, "gsm8k/test.jsonl", [{"question": "?", "answer": f"#### {number}"} for number in range(3)])
    lines: Lines = [{"id": 2, "response": "#### 2", "answer": "7"}, {"id": "0", "response": "#### 1"}]
    assert [item["correct"] for item in scorer.scored("gsm8k", lines, "--data", str(data))[0]] == [True, False]
    rows = [
        {"subject": subject, "question": "?", "choices": ["p", "q", "r", "s"], "answer": answer}
        for subject in [row["config"] for row in SUBJECTS]
        for answer in ("A", 3)
    ]
    write(data, "mmlu/test.jsonl.gz", rows)
    lines = [{"id": "anatomy/1", "response": "D"}, {"id": "virology/0", "response": "D"}]
    assert [item["correct"] for item in scorer.scored("mmlu", lines, "--data", str(data))[0]] == [True, False]
    assert "no item 'anatomy/2'" in scorer.refused("mmlu", [{"id": "anatomy/2", "response": ""}], "--data", str(data))
    assert "no item 3" in scorer.refused("gsm8k", [{"id": 3, "response": ""}], "--data", str(data))


SUBJECTS = [{"config": "anatomy"}, {"config": "virology"}]


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("benchmark", "correct"),
    [
        ("mmmu_pro", [True, False]), ("mmmu-pro", [True, False]), ("mmmu_pro_standard10_cot", [True, False]),
        ("mmmu_pro_vision", [True, False]), ("mmmu_pro_standard4", [False, True]),
        ("mmmu_pro_standard4_direct", [False, True]),
    ],
)  # fmt: skip
def test_mmmu_pros_question_file_has_both_settings_and_the_name_chooses(
    benchmark: str, correct: list[bool], suffix: str, scorer: Scorer, tmp_path: Path
) -> None:
    ten = [f"option {number}" for number in range(10)]
    row = {"id": "test_Art_1", "options_10": ten, "answer_10": "J", "options_4": ten[:4], "answer_4": "A"}
    data = tmp_path / "data"
    data.mkdir()
    write(data, f"mmmu_pro/questions.jsonl{suffix}", [row])
    lines: Lines = [{"id": "test_Art_1", "response": "Answer: J"}, {"id": "test_Art_1", "response": "Answer: A"}]
    items, _ = scorer.scored(benchmark, lines, "--data", str(data))
    assert [item["correct"] for item in items] == correct


def test_damaged_or_missing_data_are_a_clear_error(scorer: Scorer, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    assert str(data) in scorer.refused("gsm8k", [], "--data", str(data))
    write(data, "mmmu_pro/questions.jsonl", [{"id": "a", "options_10": ["x"]}])
    assert "answer_10" in scorer.refused("mmmu_pro", [], "--data", str(data))
    write(data, "gsm8k/test.jsonl", [{"question": "?"}])
    assert "'answer'" in scorer.refused("gsm8k", [{"id": 0, "response": ""}], "--data", str(data))


def test_all_published_questions_are_scored_by_a_process_of_its_own(tmp_path: Path) -> None:
    folder = full_data("mmmu_pro")
    lines = gzip.decompress((folder / "mmmu_pro" / "questions.jsonl.gz").read_bytes()).splitlines()
    rows = [json.loads(line) for line in lines]
    file = tmp_path / "responses.jsonl"
    answers = [{"id": row["id"], "response": f"Answer: {row['answer_10']}"} for row in rows]
    file.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    command = [sys.executable, "-m", "evals", "score", "mmmu_pro", "--responses", str(file), "--data", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *items, totals = (json.loads(line) for line in done.stdout.splitlines())
    assert [item["id"] for item in items] == [row["id"] for row in rows]
    wrong = [item["id"] for item in items if not item["correct"]]
    # The one published question whose options are a list in a list has no option of its answer's letter.
    assert (totals["total"], totals["correct"], wrong) == (1730, 1729, ["validation_Accounting_29"])
