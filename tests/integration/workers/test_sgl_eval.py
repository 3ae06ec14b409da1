"""Our judgements are sgl-eval's: its own command line and we put the same requests and come to the same scores."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import tarfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from evals.errors import DatasetError
from tests.integration.workers.sgl_eval_world import (
    DEMO,
    Body,
    Heard,
    Reply,
    ScriptedEngine,
    completion,
    installed_settings,
    judgement,
    judgements,
    run_ours,
    run_theirs,
    workload,
)
from workers.harnesses.environments import SGL_EVAL, folder_of

HOSTILE = [
    "", "   \n", "x" * 100_000, "{[(" * 500, "\\boxed{", "\\boxed{}", "\\boxed{\\frac{1}{0}}", "\u202e\\boxed{44}",
    "\x00 \\boxed{7}", "The answer is \\boxed{A}. No: \\boxed{B}", "**Answer**: c", "Answer: D)", "44.0",
    "\\boxed{\\text{B}}", "\\boxed{44 dollars}", "\\boxed{0044}", "\\boxed{1{,}234}", "أ", "\\boxed{ب}",
    "Answer: \\boxed{None}",
]  # fmt: skip


def lines(path: Path, count: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()[:count]]


def scripted(answers: list[str]) -> ScriptedEngine:
    """An engine that gives each prompt one of the answers, the same whenever it is asked."""

    def script(body: Body) -> Reply:
        content = json.dumps(body["messages"][0]["content"])
        return completion(answers[sum(content.encode()) % len(answers)])

    return ScriptedEngine(script)


def test_gsm8k_is_asked_and_judged_as_by_sgl_evals_command_line(tmp_path: Path) -> None:
    items = lines(DEMO / "gsm8k" / "test.jsonl", 60)
    golds = [item["answer"].rpartition("#### ")[2] for item in items]
    source = tmp_path / "items.jsonl"
    rows = [{"problem": i["question"], "expected_answer": int(g)} for i, g in zip(items, golds, strict=True)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with scripted([*HOSTILE, *(f"so \\boxed{{{gold}}}." for gold in golds)]) as engine:
        theirs = run_theirs("gsm8k", engine.url, tmp_path / "theirs", f"--from-dataset={source}", "--max-tokens=64")
        asked_by_them = engine.heard()
        heard = Heard()
        result = run_ours(workload("gsm8k"), items, engine.url, heard=heard)
        assert engine.heard() == asked_by_them
    expected = {int(row["id"].removeprefix("custom-")): judgement(row) for row in theirs}
    assert judgements(result, heard) == expected
    assert [score.gold for score in result.scores] == golds
    assert any(not score.parsed for score in result.scores)
    assert heard.progress[-1].done == heard.progress[-1].total == 60


def test_every_gsm8k_answer_that_is_boxed_counts_as_right() -> None:
    items = lines(DEMO / "gsm8k" / "test.jsonl", 20)
    by_question = {item["question"]: item["answer"].rpartition("#### ")[2] for item in items}

    def right(body: Body) -> Reply:
        gold = by_question[body["messages"][0]["content"].partition("\n\n")[2]]
        return completion(f"\\boxed{{{gold}}}")

    with ScriptedEngine(right) as engine:
        heard = Heard()
        result = run_ours(workload("gsm8k", limit=15), items, engine.url, heard=heard)
    assert [(score.value, score.metric) for score in result.scores] == [(1.0, "exact_match,sgl-eval")] * 15
    assert heard.progress[-1].right == 15
    assert result.facts["harness"] == "sgl-eval 0.1.3"
    assert len(result.facts["nemo_skills"]) == 40


def original_mmlu(items: list[dict[str, Any]], path: Path) -> None:
    """Write items as the archive that sgl-eval's own preparation reads."""
    tables: dict[str, list[list[str]]] = defaultdict(list)
    for item in items:
        tables[item["subject"]].append([item["question"], *item["choices"], "ABCD"[item["answer"]]])
    with tarfile.open(path, "w") as archive:
        for subject, rows in tables.items():
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            data = text.getvalue().encode()
            member = tarfile.TarInfo(f"data/test/{subject}_test.csv")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


PREPARE_MMLU = """
import sys
from sgl_eval._vendored.nemo_skills.dataset.mmlu import prepare
prepare.URL, prepare.__file__ = "file://" + sys.argv[1], sys.argv[2] + "/prepare.py"
prepare.save_data("test")
"""


@pytest.mark.slow
def test_mmlu_is_asked_and_judged_as_by_sgl_evals_preparation_and_command_line(tmp_path: Path) -> None:
    items = lines(DEMO / "mmlu" / "test.jsonl", 60)
    items[3]["question"] = '\nWhat, then, is "it"?\nSay (A).\n'
    original_mmlu(items, tmp_path / "original.tar")
    golds = ["ABCD"[item["answer"]] for item in items]
    items[4]["answer"] = "ABCD"[items[4]["answer"]]
    python = folder_of(SGL_EVAL, installed_settings()) / "bin" / "python"
    subprocess.run([python, "-c", PREPARE_MMLU, tmp_path / "original.tar", tmp_path], check=True)
    with scripted([*HOSTILE, *(f"Answer: \\boxed{{{letter}}}" for letter in "ABCD" * 4)]) as engine:
        theirs = run_theirs("mmlu", engine.url, tmp_path / "theirs", f"--from-dataset={tmp_path / 'test.jsonl'}")
        asked_by_them = engine.heard()
        heard = Heard()
        result = run_ours(workload("mmlu", max_tokens=None), items, engine.url, heard=heard)
        assert engine.heard() == asked_by_them
    ours = judgements(result, heard)
    assert sorted(map(repr, ours.values())) == sorted(repr(judgement(row)) for row in theirs)
    assert 0 < sum(score.value for score in result.scores) < 60
    assert [score.gold for score in result.scores] == golds


@pytest.mark.parametrize(
    ("name", "file"),
    [pytest.param("mmmu_pro", "standard_10_options", marks=pytest.mark.slow), ("mmmu_pro_vision", "vision")],
)
def test_pictures_reach_the_engine_as_from_sgl_evals_command_line(name: str, file: str, tmp_path: Path) -> None:
    table = parquet.read_table(DEMO / "mmmu_pro" / f"{file}.parquet").slice(0, 12)
    parquet.write_table(table, tmp_path / "hub.parquet")
    items = table.to_pylist()
    with scripted([f"Answer: {letter}" for letter in "ABCDEFGHIJ"]) as engine:
        theirs = run_theirs(name, engine.url, tmp_path / "theirs", parquet=tmp_path / "hub.parquet")
        asked_by_them = engine.heard()
        heard = Heard()
        result = run_ours(workload(name, max_tokens=None), items, engine.url, heard=heard)
        assert engine.heard() == asked_by_them
    assert "data:image/png;base64," in asked_by_them[0]
    expected = {next(n for n, i in enumerate(items) if i["id"] == row["id"]): judgement(row) for row in theirs}
    assert judgements(result, heard) == expected
    prompts = [asked.prompt for asked, _ in heard.answers.values()]
    assert all('"url":"sha256:' in prompt and "base64" not in prompt for prompt in prompts)


def test_an_item_that_sgl_eval_leaves_out_is_neither_asked_nor_missing() -> None:
    items = parquet.read_table(DEMO / "mmmu_pro" / "standard_10_options.parquet").slice(0, 3).to_pylist()
    items[1]["image_1"] = None
    with scripted(["Answer: A"]) as engine:
        result = run_ours(workload("mmmu_pro"), items, engine.url)
    assert [score.doc_id for score in result.scores] == [0, 2]
    assert result.facts["skipped_items"] == "1"


def test_items_that_sgl_eval_cannot_read_are_the_datasets_fault() -> None:
    with scripted(["1"]) as engine:
        with pytest.raises(DatasetError, match="cannot read"):
            run_ours(workload("gsm8k"), [{"question": "How many?", "answer": "no mark"}], engine.url)
        with pytest.raises(DatasetError, match="four choices"):
            run_ours(workload("mmlu"), [{"question": "?", "choices": ["a", "b"], "answer": 0}], engine.url)
        assert engine.heard() == []


def test_thoughts_counts_and_the_end_of_an_answer_are_kept() -> None:
    items = lines(DEMO / "gsm8k" / "test.jsonl", 2)
    with ScriptedEngine(lambda body: completion("\\boxed{44}", reasoning="11 * 4", finish_reason="length")) as engine:
        heard = Heard()
        run_ours(workload("gsm8k", chat_template_args={"enable_thinking": True}), items, engine.url, heard=heard)
        assert all(body["chat_template_kwargs"] == {"enable_thinking": True} for body in engine.bodies)
    for response in heard.responses.values():
        assert (response.text, response.reasoning, response.finish_reason) == ("\\boxed{44}", "11 * 4", "length")
        assert (response.prompt_tokens, response.completion_tokens, response.attempts) == (7, 3, 1)
        assert response.sent_at <= response.ended_at


def test_repeats_are_judged_one_by_one_and_each_has_its_seed() -> None:
    items = lines(DEMO / "gsm8k" / "test.jsonl", 2)
    with ScriptedEngine(lambda body: completion(f"\\boxed{{{44 + body['seed'] % 2}}}")) as engine:
        result = run_ours(workload("gsm8k", repeats=3, temperature=0.5, seed=10), items, engine.url)
        assert sorted(body["seed"] for body in engine.bodies) == [10, 10, 11, 11, 12, 12]
    found = [(s.repeat, s.value) for s in result.scores if s.doc_id == 0]
    assert found == [(0, 1.0), (1, 0.0), (2, 1.0)]


def test_stored_answers_are_judged_without_being_asked_again() -> None:
    items = lines(DEMO / "gsm8k" / "test.jsonl", 6)
    sampled = workload("gsm8k", repeats=2, temperature=0.5)
    with ScriptedEngine(lambda body: completion(f"\\boxed{{{sum(json.dumps(body).encode()) % 100}}}")) as engine:
        first = Heard()
        whole = run_ours(sampled, items, engine.url, heard=first)
        engine.heard()
        kept = {key: response for key, response in first.responses.items() if (key.doc_id + key.repeat) % 2}
        items[1]["question"] += " Really?"
        second = Heard()
        again = run_ours(sampled, items, engine.url, heard=second, answered=kept)
        assert len(engine.heard()) == 12 - len(kept) + 1
    expected = {key for key in first.answers if key not in kept or key.doc_id == 1}
    assert set(second.answers) == expected
    unchanged = [(s.doc_id, s.repeat, s.value, s.extracted) for s in whole.scores if s.doc_id != 1]
    assert [(s.doc_id, s.repeat, s.value, s.extracted) for s in again.scores if s.doc_id != 1] == unchanged
    assert len(again.scores) == 12
