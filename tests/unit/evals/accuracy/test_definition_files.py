"""How a definition's file is read: includes, functions, and names that lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.accuracy import definitions
from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.definitions import direct_definitions, known_place, read_yaml, require_known
from evals.accuracy.direct_rules import why_not_direct
from evals.errors import InvalidSubmissionError
from evals.spec import DataSource, Workload


@pytest.mark.parametrize(
    "name",
    [
        "../x", "a/b", "..", ".", "", "/etc/passwd", "mmlu_x/../../outside", "mmmu_val_../../outside", "x\0y", "_mmmu",
        "_mmmu_pro", "x" * 5000, "gsm8k\n", "mmmu_pro_vision_direct.yaml",
    ],
)  # fmt: skip
def test_a_name_that_is_a_path_or_no_name_is_refused_and_opens_nothing(name: str) -> None:
    assert known_place(name) is None
    with pytest.raises(InvalidSubmissionError, match="unknown benchmark"):
        require_known(name)
    with pytest.raises(InvalidSubmissionError, match="unknown benchmark"):
        load_benchmark(
            Workload(name="x", benchmark=name, metric="", margin=0.0, data=DataSource.DEMO), data_folder=None
        )


def test_a_name_cannot_lead_out_of_the_folders_of_definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, outside = tmp_path / "tasks", tmp_path / "outside.yaml"
    (own / "mmlu_x").mkdir(parents=True)
    outside.write_text("task: outside\n")
    monkeypatch.setattr(definitions, "OWN_TASKS", own)
    for name in ("../outside", "mmlu_x/../../outside", str(outside).removesuffix(".yaml")):
        assert (own / f"{name}.yaml").is_file()
        assert known_place(name) is None


def test_includes_are_read_first_the_last_of_them_wins_and_the_own_keys_over_all(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("a: base\nb: base\nc: base\n")
    (tmp_path / "one.yaml").write_text("include: base\nb: one\n")
    (tmp_path / "two.yaml").write_text("c: two\nd: two\n")
    (tmp_path / "task.yaml").write_text("include:\n  - one.yaml\n  - two.yaml\nd: own\n")
    read = read_yaml(tmp_path / "task.yaml")
    assert read == {"a": "base", "b": "one", "c": "two", "d": "own"}


def test_functions_are_those_of_the_python_file_beside_the_definition(tmp_path: Path) -> None:
    for folder, value in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "utils.py").write_text(f"def text(item):\n    return {value}\n")
        (tmp_path / folder / "t.yaml").write_text("doc_to_text: !function utils.text\n")
    assert [read_yaml(tmp_path / folder / "t.yaml")["doc_to_text"]({}) for folder in "ab"] == [1, 2]


def test_a_definition_cannot_make_python_objects_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("a: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(Exception, match="could not determine a constructor"):
        read_yaml(tmp_path / "t.yaml")


def test_settings_that_only_lm_eval_honours_are_named() -> None:
    definition = (direct_definitions("gsm8k") or [])[0]
    assert why_not_direct(definition) == []
    changed = definition.config | {
        "process_docs": print,
        "filter_list": [{"name": "x", "filter": [{"function": "map"}]}],
    }
    assert why_not_direct(type(definition)(name="x", config=changed, place=definition.place)) == ["process_docs", "map"]
