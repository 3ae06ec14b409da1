"""Settings that make no sense are refused when a workload is submitted, by the field's name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evals.accuracy.definitions import direct_definitions
from evals.accuracy.settings_rules import check_settings, known_metrics
from evals.errors import InvalidSubmissionError
from evals.spec import Api, DataSource, Workload

GSM8K = Workload(name="gsm8k", benchmark="gsm8k", metric="exact_match,strict-match", margin=0.02)
MMLU = replace(GSM8K, benchmark="mmlu", metric="acc,none")
MMMU = replace(GSM8K, benchmark="mmmu", metric="acc,mmmu@1", api=Api.CHAT)
PARITY = Workload(name="parity", benchmark="parity", metric="parity", margin=0, options={"tolerance": 0.01})
MEANINGLESS_FOR_PARITY: tuple[dict[str, Any], ...] = (
    {"metric": "acc"}, {"margin": 0.02}, {"data": DataSource.LOCAL}, {"api": Api.CHAT}, {"few_shot": 0}, {"limit": 5},
    {"max_tokens": 5}, {"temperature": 0.0}, {"top_p": 0.5}, {"top_k": 5}, {"min_p": 0.1}, {"seed": 1}, {"repeats": 2},
    {"chat_template_args": {"a": 1}}, {"think_end": "x"}, {"revision": "main"}, {"concurrency": 4},
)  # fmt: skip


@pytest.mark.parametrize(
    ("workload", "changes", "field"),
    [
        (GSM8K, {"limit": 0}, "limit"),
        (GSM8K, {"repeats": 2}, "repeats"),
        (GSM8K, {"margin": 1.0}, "margin"),
        (GSM8K, {"margin": 1.5, "benchmark": "sgl-eval/gsm8k", "metric": "acc,sgl-eval"}, "margin"),
        (GSM8K, {"metric": "acc"}, "metric"),
        (GSM8K, {"metric": "exact_match_majority,strict-match"}, "metric"),
        (GSM8K, {"data": DataSource.LOCAL, "revision": "abc"}, "revision"),
        (MMLU, {"api": Api.CHAT}, "api"),
        (MMMU, {"api": Api.COMPLETIONS}, "api"),
        (MMMU, {"few_shot": 3}, "few_shot"),
        (GSM8K, {"benchmark": "arc_easy", "metric": "acc,none", "data": DataSource.LOCAL}, "data"),
        (GSM8K, {"benchmark": "sgl-eval/gsm8k", "few_shot": 5}, "few_shot"),
        (GSM8K, {"benchmark": "gsm9k", "data": DataSource.LOCAL}, "benchmark"),
        (GSM8K, {"options": {"tolerance": 0.01}}, "options"),
        *((PARITY, changes, next(iter(changes))) for changes in MEANINGLESS_FOR_PARITY),
        (PARITY, {"options": {"tolerence": 0.01}}, "options"),
        (PARITY, {"options": {"tolerance": -1}}, "options"),
        (PARITY, {"options": {"images": "yes"}}, "options"),
        (
            replace(PARITY, benchmark="engine-check/offline", metric="engine-check", options={}),
            {"few_shot": 5},
            "few_shot",
        ),
    ],
)
def test_an_impossible_setting_is_refused(workload: Workload, changes: dict[str, Any], field: str) -> None:
    check_settings(workload)
    with pytest.raises(InvalidSubmissionError) as caught:
        check_settings(replace(workload, **changes))
    assert caught.value.details["field"] == field
    assert caught.value.remedy


def test_a_metric_over_repeats_may_decide_where_there_are_repeats() -> None:
    check_settings(replace(GSM8K, metric="exact_match_majority,strict-match", repeats=4, temperature=0.7))


@pytest.mark.parametrize(
    ("benchmark", "first"),
    [
        ("gsm8k", "exact_match,strict-match"),
        ("mmlu", "acc,none"),
        ("mmlu_generative", "exact_match,get_response"),
        ("mmmu", "acc,mmmu@1"),
        ("mmmu_pro_vision_cot", "acc,mmmu-pro@1"),
    ],
)
def test_the_deciding_metric_is_the_first_known_one(benchmark: str, first: str) -> None:
    definitions = direct_definitions(benchmark)
    assert definitions is not None
    assert known_metrics(definitions[0])[0] == first


def test_who_asks_in_an_order_of_its_own_cannot_stop_early() -> None:
    check_settings(replace(GSM8K, early_stop=True))
    other = replace(GSM8K, benchmark="sgl-eval/gsm8k", early_stop=True)
    with pytest.raises(InvalidSubmissionError) as caught:
        check_settings(other)
    assert caught.value.details["field"] == "early_stop"


def test_every_task_of_a_group_must_have_the_metric_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, *_ = direct_definitions("mmlu")
    other = replace(second, config={**second.config, "metric_list": [{"metric": "acc_norm"}]})
    monkeypatch.setattr("evals.accuracy.settings_rules.direct_definitions", lambda name: (first, first))
    check_settings(MMLU)
    monkeypatch.setattr("evals.accuracy.settings_rules.direct_definitions", lambda name: (first, other))
    with pytest.raises(InvalidSubmissionError, match="has no metric 'acc,none'"):
        check_settings(MMLU)
