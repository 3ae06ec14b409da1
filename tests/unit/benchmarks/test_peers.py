"""What is written for the peers: the stock benchmarks over local files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from benchmarks.peers import lm_eval_command, lm_eval_tasks


@pytest.fixture
def python(tmp_path: Path) -> Path:
    (tmp_path / "env" / "lib" / "python3.12" / "site-packages" / "lm_eval" / "tasks").mkdir(parents=True)
    return tmp_path / "env" / "bin" / "python"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "mmlu"
    folder.mkdir(parents=True)
    rows = [
        {"subject": "law", "question": f"one\u2028{n}", "choices": list("wxyz"), "answer": "ABCD"[n]} for n in range(4)
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "dev.jsonl").write_text(lines)
    (folder / "test.jsonl.gz").write_bytes(gzip.compress(2 * lines.encode()))
    return folder.parent


def test_each_subject_has_its_rows_and_the_stock_definition(python: Path, data: Path, tmp_path: Path) -> None:
    lm_eval_tasks(python, data, tmp_path)
    assert json.loads((tmp_path / "mmlu_here.yaml").read_text())["task"] == ["mmlu_here_law"]
    task = json.loads((tmp_path / "mmlu_here_law.yaml").read_text())
    assert task["include"].endswith("lm_eval/tasks/mmlu/default/mmlu_law.yaml")
    files = task["dataset_kwargs"]["data_files"]
    test = [json.loads(line) for line in Path(files["test"]).read_text().split("\n")[:-1]]
    assert [row["answer"] for row in test] == [0, 1, 2, 3] * 2
    assert test[1]["question"] == "one\u20281"
    assert len(Path(files["dev"]).read_text().split("\n")) == 5


def test_the_limit_is_named_only_where_there_is_one(python: Path, tmp_path: Path) -> None:
    whole = lm_eval_command(python, "gsm8k_here", tmp_path, model="model=m")
    part = lm_eval_command(python, "gsm8k_here", tmp_path, model="model=m", limit=7)
    assert part == [*whole, "--limit", "7"]
    assert "base_url=http://127.0.0.1:{port}/v1/completions,num_concurrent=128,model=m" in whole
