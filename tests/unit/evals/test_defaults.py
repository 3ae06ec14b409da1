"""What a workload is when a client names little more than its benchmark."""

from __future__ import annotations

from typing import Any

import pytest

from evals.defaults import completed
from evals.errors import InvalidSubmissionError
from evals.spec import Api, Workload


def workload(benchmark: str, metric: str = "", **settings: Any) -> Workload:
    return completed(Workload(name="w", benchmark=benchmark, metric=metric, margin=0.02, **settings))


@pytest.mark.parametrize(
    ("benchmark", "metric", "api"),
    [
        ("gsm8k", "exact_match,strict-match", Api.COMPLETIONS),
        ("mmlu", "acc,none", Api.COMPLETIONS),
        ("mmlu_anatomy", "acc,none", Api.COMPLETIONS),
        ("mmlu_generative", "exact_match,get_response", Api.COMPLETIONS),
        ("mmmu", "acc,mmmu@1", Api.CHAT),
        ("mmmu_pro_vision_cot", "acc,mmmu-pro@1", Api.CHAT),
        ("sgl-eval/gsm8k", "exact_match,sgl-eval", Api.CHAT),
        ("sgl-eval/mmmu_pro", "acc,sgl-eval", Api.CHAT),
        ("parity", "parity", Api.COMPLETIONS),
        ("engine-check/offline", "engine-check", Api.COMPLETIONS),
    ],
)
def test_a_benchmark_implies_what_decides_and_how_it_is_asked(benchmark: str, metric: str, api: Api) -> None:
    found = workload(benchmark)
    assert (found.metric, found.api) == (metric, api)


def test_what_is_named_stays_except_completions_that_cannot_carry_pictures() -> None:
    found = workload("gsm8k", "exact_match,flexible-extract", api=Api.CHAT, few_shot=3)
    assert (found.metric, found.api, found.few_shot) == ("exact_match,flexible-extract", Api.CHAT, 3)
    assert workload("mmmu", "acc,answer-line@1", api=Api.COMPLETIONS).api is Api.CHAT


def test_a_task_that_lm_eval_runs_itself_must_be_told_what_decides() -> None:
    with pytest.raises(InvalidSubmissionError, match="arc_easy does not say") as caught:
        workload("arc_easy")
    assert caught.value.details["field"] == "metric"
    assert "acc,none" in caught.value.remedy
    assert workload("arc_easy", "acc_norm,none").metric == "acc_norm,none"


@pytest.mark.parametrize("metric", ["", "acc,none"])
@pytest.mark.parametrize("benchmark", ["arc_eazy", "sgl-eval/arc", "../gsm8k", "sgl-eval/"])
def test_an_unknown_benchmark_is_refused_also_when_its_metric_is_named(benchmark: str, metric: str) -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        workload(benchmark, metric)
    assert benchmark in caught.value.message
    assert caught.value.details["field"] == "benchmark"


def test_settings_that_sgl_eval_does_not_have_are_refused_at_once() -> None:
    with pytest.raises(InvalidSubmissionError, match="takes no few_shot"):
        workload("sgl-eval/gsm8k", few_shot=5)
