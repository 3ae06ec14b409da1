"""Finding a benchmark's items, or saying what is missing before any engine starts."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.datasets import Dataset, find_dataset
from evals.accuracy.datasets.files import SUMS, sha256_of_file
from evals.accuracy.definitions import direct_definitions
from evals.errors import DatasetError
from evals.spec import DataSource, Workload

GSM8K = Workload(
    name="gsm8k", benchmark="gsm8k", metric="exact_match,strict-match", margin=0.02, data=DataSource.SUBSET
)
MMLU = replace(GSM8K, name="mmlu", benchmark="mmlu", metric="acc,none")
PRO = replace(GSM8K, name="pro", benchmark="mmmu_pro_standard10_direct", metric="acc,mmmu-pro@1")


def rows(split: str, count: int = 8) -> list[dict[str, Any]]:
    return [{"question": f"{split} {n}?", "answer": f"So it is {n}.\n#### {n}"} for n in range(count)]


def lines(items: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in items).encode()


def write_gsm8k(folder: Path, **files: bytes) -> Path:
    (folder / "gsm8k").mkdir(exist_ok=True)
    contents = {"train.jsonl": lines(rows("train")), "test.jsonl": lines(rows("test"))}
    for name, content in (contents | files).items():
        (folder / "gsm8k" / name).write_bytes(content)
    return folder


def found(workload: Workload, folder: Path | None) -> Dataset:
    definitions = direct_definitions(workload.benchmark)
    assert definitions is not None
    return find_dataset(workload, definitions, data_folder=folder)


def questions(dataset: Dataset, subset: str | None, split: str) -> list[str]:
    return [str(row["question"]) for row in dataset.rows(subset, split)]


def test_plain_lines_are_read_and_identified(tmp_path: Path) -> None:
    dataset = found(GSM8K, write_gsm8k(tmp_path))
    assert questions(dataset, "main", "test")[:2] == ["test 0?", "test 1?"]
    assert dataset.facts["dataset_items"] == "8"
    assert dataset.facts["test_sha256"] == sha256_of_file(tmp_path / "gsm8k" / "test.jsonl")
    assert dataset.facts["worked_examples"] == "8 of 7,473 published"


def test_the_same_items_have_one_checksum_in_every_form_of_file(tmp_path: Path) -> None:
    plain = found(GSM8K, write_gsm8k(tmp_path)).facts["items_sha256"]
    (tmp_path / "gsm8k" / "test.jsonl").unlink()
    (tmp_path / "gsm8k" / "test.jsonl.gz").write_bytes(gzip.compress(lines(rows("test"))))
    assert found(GSM8K, tmp_path).facts["items_sha256"] == plain
    mirror = tmp_path / "openai" / "gsm8k" / "main"
    mirror.mkdir(parents=True)
    parquet.write_table(pa.Table.from_pylist(rows("test")), mirror / "test-00000-of-00001.parquet")
    dataset = found(GSM8K, tmp_path)
    assert dataset.facts["items_sha256"] == plain
    assert "test-00000-of-00001_sha256" in dataset.facts


def test_another_content_is_another_checksum(tmp_path: Path) -> None:
    before = found(GSM8K, write_gsm8k(tmp_path)).facts
    changed = rows("test")
    changed[3]["answer"] = "#### 33"
    after = found(GSM8K, write_gsm8k(tmp_path, **{"test.jsonl": lines(changed)})).facts
    assert before["items_sha256"] != after["items_sha256"]
    assert before["worked_examples_sha256"] == after["worked_examples_sha256"]


def test_a_missing_file_is_named_with_the_places_it_may_lie_at(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        found(GSM8K, tmp_path)
    assert "openai/gsm8k" in caught.value.message
    assert str(tmp_path / "gsm8k" / "test.jsonl") in caught.value.remedy
    assert "PLUMBLINE_DATA" in caught.value.remedy


def test_local_data_without_a_folder_says_which_setting_is_missing() -> None:
    with pytest.raises(DatasetError) as caught:
        found(GSM8K, None)
    assert "PLUMBLINE_DATA" in caught.value.remedy


@pytest.mark.parametrize(
    "damage",
    [
        b"this is not JSON\n",
        b'"a text"\n',
        gzip.compress(b"x", mtime=0)[:-3],
        b'{"question": "no answer"}\n',
        b"",
        b'{"answer": 1\n',
    ],
)
def test_a_damaged_file_is_an_error_of_the_dataset(damage: bytes, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        found(GSM8K, write_gsm8k(tmp_path, **{"test.jsonl": damage}))


def test_a_cut_gzip_or_parquet_file_is_damaged(tmp_path: Path) -> None:
    write_gsm8k(tmp_path)
    (tmp_path / "gsm8k" / "test.jsonl").unlink()
    (tmp_path / "gsm8k" / "test.jsonl.gz").write_bytes(gzip.compress(lines(rows("test")))[:-9])
    with pytest.raises(DatasetError, match="cannot be loaded"):
        found(GSM8K, tmp_path)
    (tmp_path / "gsm8k" / "test.jsonl.gz").unlink()
    (tmp_path / "gsm8k" / "test.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DatasetError, match="cannot be loaded"):
        found(GSM8K, tmp_path)


def test_a_file_that_its_sums_do_not_know_like_this_is_damaged(tmp_path: Path) -> None:
    write_gsm8k(tmp_path)
    (tmp_path / "gsm8k" / SUMS).write_text(f"{'0' * 64}  test.jsonl\n")
    with pytest.raises(DatasetError, match=SUMS):
        found(GSM8K, tmp_path)


def test_local_data_must_be_as_many_items_as_were_published(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="8 items here, and 1,319 were published"):
        found(replace(GSM8K, data=DataSource.LOCAL), write_gsm8k(tmp_path))


def test_local_data_with_one_changed_item_is_not_the_published_set(tmp_path: Path) -> None:
    folder = write_gsm8k(tmp_path, **{"test.jsonl": lines(rows("test", 1319))})
    with pytest.raises(DatasetError, match="checksum differs"):
        found(replace(GSM8K, data=DataSource.LOCAL), folder)


def test_a_part_of_the_training_split_will_do_for_worked_examples_and_is_told(tmp_path: Path) -> None:
    write_gsm8k(tmp_path)
    (tmp_path / "gsm8k" / "train.jsonl").rename(tmp_path / "gsm8k" / "train_first8.jsonl")
    assert found(GSM8K, tmp_path).facts["worked_examples"] == "8 of 7,473 published"


def test_a_file_with_all_subjects_is_split_by_subject_and_letters_become_indices(tmp_path: Path) -> None:
    (tmp_path / "mmlu").mkdir()
    items = [
        {"subject": subject, "question": f"{subject} {n}?", "choices": ["w", "x", "y", "z"], "answer": answer}
        for subject in ("anatomy", "virology")
        for n, answer in enumerate(["C", 1])
    ]
    for split in ("test", "dev"):
        (tmp_path / "mmlu" / f"{split}.jsonl").write_bytes(lines(items))
    dataset = found(MMLU, tmp_path)
    assert questions(dataset, "virology", "test") == ["virology 0?", "virology 1?"]
    assert [row["answer"] for row in dataset.rows("anatomy", "test")] == [2, 1]
    benchmark = load_benchmark(replace(MMLU, few_shot=1), data_folder=tmp_path)
    assert {question.key.task for question in benchmark.questions()} == {"mmlu_anatomy", "mmlu_virology"}


def test_pictures_may_lie_beside_lines_that_name_them(tmp_path: Path) -> None:
    folder = tmp_path / "mmmu_pro"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"\x89PNG bytes")
    item = {"id": "test_Art_1", "question": "<image 1>?", "options": ["x", "y"], "answer": "B", "image_1": "a.png"}
    (folder / "standard_10_options.jsonl").write_bytes(lines([item]))
    (row,) = found(PRO, tmp_path).rows("standard (10 options)", "test")
    assert (row["image_1"]["bytes"], row["options"]) == (b"\x89PNG bytes", "['x', 'y']")


@pytest.mark.parametrize("name", ["test.jsonl", "./test.jsonl", "*test.jsonl"])
def test_sums_are_read_in_the_forms_that_tools_write_them(name: str, tmp_path: Path) -> None:
    write_gsm8k(tmp_path)
    right = sha256_of_file(tmp_path / "gsm8k" / "test.jsonl")
    (tmp_path / "gsm8k" / SUMS).write_text(f"{right}  {name}\n\n")
    assert found(GSM8K, tmp_path).facts["dataset_items"] == "8"
    (tmp_path / "gsm8k" / SUMS).write_text(f"{right[::-1]}  {name}\n")
    with pytest.raises(DatasetError, match=SUMS):
        found(GSM8K, write_gsm8k(tmp_path, **{"test.jsonl": lines(rows("test")) + b"\n"}))


def test_a_mirror_has_sums_of_its_own_and_a_broken_line_is_named(tmp_path: Path) -> None:
    mirror = tmp_path / "openai" / "gsm8k"
    (mirror / "main").mkdir(parents=True)
    for split in ("train", "test"):
        parquet.write_table(pa.Table.from_pylist(rows(split)), mirror / "main" / f"{split}-00000-of-00001.parquet")
    (mirror / SUMS).write_text(f"{'0' * 64}  main/test-00000-of-00001.parquet\n")
    with pytest.raises(DatasetError, match=SUMS):
        found(GSM8K, tmp_path)
    (mirror / SUMS).write_text("nonsense\n")
    with pytest.raises(DatasetError, match="names no file"):
        found(GSM8K, tmp_path)
