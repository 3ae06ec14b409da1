"""Finding and reading definitions: ours, and those of the installed lm-eval, without importing it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evals.accuracy import definitions
from evals.accuracy.benchmarks import harness_of, load_benchmark
from evals.accuracy.datasets.catalog import SOURCES
from evals.accuracy.datasets.published import parts_of, published_count
from evals.accuracy.definitions import (
    OWN_TASKS,
    direct_definitions,
    known_place,
    own_names,
    require_known,
    stock_file,
    stock_folder,
    stock_names,
)
from evals.accuracy.direct_rules import own_scoring, why_not_direct
from evals.errors import InvalidSubmissionError
from evals.spec import DataSource, Workload


def stock() -> Path:
    folder = stock_folder()
    assert folder is not None
    return folder


def test_our_own_definition_goes_before_lm_evals_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "arc_easy.yaml").write_text("task: arc_easy\ndoc_to_text: ours\n")
    (tmp_path / "gsm8k.yaml").write_text("task: gsm8k\ndoc_to_text: ours\n")
    monkeypatch.setattr(definitions, "OWN_TASKS", tmp_path)
    for name in ("arc_easy", "gsm8k"):
        (definition,) = direct_definitions(name) or []
        assert (definition.name, definition.config["doc_to_text"]) == (name, "ours")
        assert stock_file(name) != definition.place


def test_a_group_is_all_definitions_of_its_folder_but_not_what_they_include() -> None:
    found = direct_definitions("mmlu") or []
    assert len(found) == 57
    assert {"mmlu_anatomy", "mmlu_world_religions"} < {definition.name for definition in found}
    assert {definition.config["dataset_path"] for definition in found} == {"cais/mmlu"}
    assert len(direct_definitions("mmmu") or []) == 30


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mmlu_anatomy", "default"),
        ("mmlu_anatomy_generative", "generative"),
        ("mmlu_anatomy_continuation", "continuation"),
    ],
)
def test_one_subject_is_found_in_each_of_its_forms(name: str, folder: str) -> None:
    assert known_place(name) == stock() / "mmlu" / folder / "mmlu_anatomy.yaml"
    (definition,) = direct_definitions(name) or []
    assert (definition.name, definition.config["dataset_name"]) == (name, "anatomy")
    assert not why_not_direct(definition)


def test_one_subject_of_mmmu_has_our_pictures_and_our_scorer_like_the_whole() -> None:
    for name in ("mmmu", "mmmu_val", "mmmu_val_art"):
        own = own_scoring((direct_definitions(name) or [])[0].config)
        assert (own.scorer, callable(own.pictures)) == ("mmmu@1", True)
    (definition,) = direct_definitions("mmmu_val_art") or []
    assert (definition.name, definition.config["dataset_name"]) == ("mmmu_val_art", "Art")


@pytest.mark.parametrize("name", ["arc_easy", "hellaswag", "mmlu_pro", "ai2_arc", "mmlu_stem", "winogrande", "copa"])
def test_tasks_groups_and_tags_of_lm_eval_are_known_by_name(name: str) -> None:
    require_known(name)
    file = stock_file(name)
    assert file is not None
    assert name in file.read_text()
    assert direct_definitions(name) is None


def test_names_are_read_from_every_way_of_writing_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["task: a_task\n", '"task": \'quoted\'\ntag:\n  - one\n  - "two"\nrest: x\n', "group: g\ntask:\n  - part\n"]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.yaml").write_text(text)
    monkeypatch.setattr(definitions, "stock_folder", lambda: tmp_path)
    stock_names.cache_clear()
    try:
        assert set(stock_names()) == {"a_task", "quoted", "one", "two", "g"}
    finally:
        stock_names.cache_clear()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("arc_eazy", "arc_easy"), ("gsm8", "gsm8k"), ("mmmu_pro_vision_dirct", "mmmu_pro_vision_direct")],
)
def test_an_unknown_benchmark_is_refused_with_the_nearest_name(wrong: str, right: str) -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        require_known(wrong)
    assert f"did you mean {right!r}?" in caught.value.remedy
    assert caught.value.details["field"] == "benchmark"


def test_our_definitions_are_known_and_say_whose_they_are() -> None:
    kinds = ("standard10", "standard4", "vision")
    assert own_names() == sorted(f"mmmu_pro_{kind}_{mode}" for kind in kinds for mode in ("cot", "direct"))
    assert harness_of(OWN_TASKS / "mmmu_pro_vision_cot.yaml").startswith("plumbline ")
    assert harness_of(stock() / "gsm8k" / "gsm8k.yaml").startswith("lm-eval ")


def test_lm_eval_is_not_imported_to_find_and_build_a_benchmark() -> None:
    program = (
        "import sys\nfrom evals.accuracy.benchmarks import load_benchmark\nfrom evals.plan import load_suite\n"
        "print(len(load_benchmark(load_suite('demo')[0], data_folder=None).questions()), 'lm_eval' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["300", "False"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", 0), ("limit", -5), ("repeats", 0), ("concurrency", 0), ("few_shot", -1), ("max_tokens", 0)],
)
def test_counts_that_make_no_sense_are_refused_by_name(name: str, value: int) -> None:
    workload = Workload(name="w", benchmark="gsm8k", metric="", margin=0.0, data=DataSource.DEMO)
    with pytest.raises(InvalidSubmissionError) as caught:
        load_benchmark(Workload(**(vars(workload) | {name: value})), data_folder=None)
    assert caught.value.details["field"] == name


def test_greedy_repeats_are_refused() -> None:
    workload = Workload(name="w", benchmark="gsm8k", metric="", margin=0.0, data=DataSource.DEMO, repeats=3)
    with pytest.raises(InvalidSubmissionError, match="without a temperature"):
        load_benchmark(workload, data_folder=None)


def test_a_group_of_mmmu_has_our_pictures_and_rules_and_its_published_size() -> None:
    definitions = direct_definitions("mmmu_val_science")
    assert definitions is not None
    assert [definition.name for definition in definitions] == [
        f"mmmu_val_{subject}" for subject in ("biology", "chemistry", "geography", "math", "physics")
    ]
    assert all(own_scoring(definition.config).scorer == "mmmu@1" for definition in definitions)
    evaluated, _ = parts_of(definitions)
    assert published_count(SOURCES["MMMU/MMMU"], evaluated) == 150
    whole, _ = parts_of(direct_definitions("mmmu") or [])
    assert published_count(SOURCES["MMMU/MMMU"], whole) == 900
