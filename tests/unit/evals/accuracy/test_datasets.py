"""Finding a benchmark's items, or saying what is missing before any engine starts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evals.accuracy import benchmarks
from evals.accuracy.benchmarks import load_task
from evals.accuracy.datasets import find_dataset
from evals.errors import DatasetError, InvalidSubmissionError
from evals.plan import load_suite
from evals.spec import DataSource

DEMO = load_suite("demo")[0]
LOCAL = replace(DEMO, data=DataSource.LOCAL)


def write_items(folder: Path) -> None:
    (folder / "gsm8k").mkdir()
    for split in ("train", "test"):
        rows = [{"question": f"{split} {n}?", "answer": f"So it is {n}.\n#### {n}"} for n in range(8)]
        (folder / "gsm8k" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_local_files_are_what_lm_eval_reads(tmp_path: Path) -> None:
    write_items(tmp_path)
    task = load_task(LOCAL, find_dataset(LOCAL, data_folder=tmp_path))
    assert [doc["question"] for doc in task.test_docs()][:2] == ["test 0?", "test 1?"]


def test_another_content_is_another_fact(tmp_path: Path) -> None:
    write_items(tmp_path)
    before = find_dataset(LOCAL, data_folder=tmp_path).facts
    with (tmp_path / "gsm8k" / "test.jsonl").open("a") as file:
        file.write("\n")
    after = find_dataset(LOCAL, data_folder=tmp_path).facts
    assert before["test_sha256"] != after["test_sha256"]
    assert before["train_sha256"] == after["train_sha256"]


def test_a_missing_file_is_named_with_the_place_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        find_dataset(LOCAL, data_folder=tmp_path)
    assert str(tmp_path / "gsm8k" / "train.jsonl") in caught.value.message
    assert "PLUMBLINE_DATA" in caught.value.remedy


def test_local_data_without_a_folder_says_which_setting_is_missing() -> None:
    with pytest.raises(DatasetError) as caught:
        find_dataset(LOCAL, data_folder=None)
    assert "PLUMBLINE_DATA" in caught.value.remedy


def test_a_damaged_file_is_an_error_of_the_dataset(tmp_path: Path) -> None:
    write_items(tmp_path)
    (tmp_path / "gsm8k" / "test.jsonl").write_text("this is not JSON\n")
    with pytest.raises(DatasetError, match="cannot be loaded"):
        load_task(LOCAL, find_dataset(LOCAL, data_folder=tmp_path))


OWN_TASK = """
task: sums
output_type: generate_until
dataset_path: json
dataset_kwargs: {{data_files: {{test: {items}}}}}
test_split: test
num_fewshot: 0
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
metric_list: [{{metric: exact_match}}]
"""


@pytest.mark.parametrize("name", ["sums", "gsm8k"])
def test_a_definition_of_our_own_is_found_and_goes_before_lm_evals(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = tmp_path / "items.jsonl"
    items.write_text('{"question": "1 + 1?", "answer": "2"}\n')
    (tmp_path / f"{name}.yaml").write_text(OWN_TASK.format(items=items))
    monkeypatch.setattr(benchmarks, "OWN_TASKS", tmp_path)
    workload = replace(DEMO, benchmark=name, data=DataSource.HUB)
    task = load_task(workload, find_dataset(workload, data_folder=None))
    assert [task.doc_to_text(doc) for doc in task.test_docs()] == ["1 + 1?"]


def test_an_unknown_benchmark_lists_the_known_ones() -> None:
    odd = replace(DEMO, benchmark="gsm9k")
    with pytest.raises(InvalidSubmissionError, match="gsm9k"):
        load_task(odd, find_dataset(DEMO, data_folder=None))
