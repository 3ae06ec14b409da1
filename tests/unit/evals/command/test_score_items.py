"""`python -m evals score` with the items of a folder, as they are published."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.data import full_data
from tests.unit.evals.command.score_world import Lines, Scorer


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
