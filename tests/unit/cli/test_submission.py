"""What `plumbline submit` asks for: a suite, benchmarks with settings, or workloads as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.submission import what_to_measure
from evals.errors import InvalidSubmissionError


def test_without_a_word_it_is_the_demo_and_a_suite_is_taken_by_name() -> None:
    assert what_to_measure(None, [], [], []) == {"suite": "demo"}
    assert what_to_measure("gsm8k", [], [], []) == {"suite": "gsm8k"}


def test_settings_apply_to_every_benchmark_and_are_read_as_numbers_and_truths() -> None:
    settings = ["few-shot=5", "temperature=0.7", "metric=acc,none", "api=chat", "seed=1"]
    expected = {"few_shot": 5, "temperature": 0.7, "metric": "acc,none", "api": "chat", "seed": 1}
    assert what_to_measure(None, ["arc_easy", "mmlu"], settings, []) == {
        "workloads": [{"benchmark": "arc_easy", **expected}, {"benchmark": "mmlu", **expected}]
    }


def test_benchmarks_and_workloads_may_be_mixed_and_settings_are_not_for_the_latter() -> None:
    workload = {"benchmark": "mmmu", "limit": 3}
    found = what_to_measure(None, ["gsm8k"], ["limit=7"], [json.dumps(workload)])
    assert found == {"workloads": [{"benchmark": "gsm8k", "limit": 7}, workload]}


def test_a_suite_beside_workloads_is_handed_on_for_the_service_to_refuse() -> None:
    assert what_to_measure("demo", ["gsm8k"], [], []) == {"suite": "demo", "workloads": [{"benchmark": "gsm8k"}]}


@pytest.mark.parametrize(("suite", "workloads"), [("demo", []), (None, []), (None, ['{"benchmark": "x"}'])])
def test_settings_without_a_benchmark_are_refused(suite: str | None, workloads: list[str]) -> None:
    with pytest.raises(InvalidSubmissionError, match="--set") as caught:
        what_to_measure(suite, [], ["few_shot=5"], workloads)
    assert "--benchmark" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "gsm8k", "[1]", "{", "null", '"x"'])
def test_a_workload_that_is_no_json_object_is_refused_and_shown(text: str) -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        what_to_measure(None, [], [], [text])
    assert repr(text) in caught.value.message


@pytest.mark.parametrize("setting", ["=5", "--=5", ""])
def test_a_setting_without_a_name_is_refused(setting: str) -> None:
    given: Any = [setting]
    with pytest.raises(InvalidSubmissionError, match="names no argument"):
        what_to_measure(None, ["gsm8k"], given, [])


def test_settings_of_parity_are_its_options() -> None:
    found = what_to_measure(None, ["parity"], ["tolerance=0.01", "self-checks=false", "seed=5"], [])
    options = {"tolerance": 0.01, "self_checks": False, "seed": 5}
    assert found == {"workloads": [{"benchmark": "parity", "options": options}]}
    assert what_to_measure(None, ["parity"], [], []) == {"workloads": [{"benchmark": "parity"}]}
