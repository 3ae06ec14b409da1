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

from tests.integration.workers.sgl_eval_scripts import lines, scripted
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
