"""A workload becomes the words of sgl-eval's command line, and what sgl-eval has not is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from evals.errors import InvalidSubmissionError
from evals.sgl_eval.benchmarks import BENCHMARKS, check_workload, is_sgl_eval, sgl_eval_benchmark
from evals.sgl_eval.command import command_arguments
from evals.spec import Workload


def workload(benchmark: str = "sgl-eval/gsm8k", **changes: Any) -> Workload:
    return Workload(name="w", benchmark=benchmark, metric="exact_match,sgl-eval", margin=0.05, **changes)


def words(**changes: Any) -> list[str]:
    return command_arguments(workload(**changes), base_url="http://127.0.0.1:30000", model="org/name")


def test_what_a_workload_leaves_open_stays_sgl_evals() -> None:
    assert words() == [
        "run", "gsm8k", "--base-url=http://127.0.0.1:30000/v1", "--model=org/name", "--num-threads=8", "--n-repeats=1",
    ]  # fmt: skip


def test_what_a_workload_sets_is_passed_on() -> None:
    chosen = words(max_tokens=9, temperature=0.5, top_p=0.9, seed=3, repeats=4, concurrency=2)
    assert chosen[4:] == [
        "--num-threads=2", "--n-repeats=4", "--max-tokens=9", "--temperature=0.5", "--top-p=0.9", "--seed=3",
    ]  # fmt: skip


def test_greedy_decoding_sends_no_seed() -> None:
    assert words(temperature=0.0, seed=3)[-1] == "--temperature=0.0"


def test_chat_template_arguments_keep_their_types() -> None:
    chosen = words(chat_template_args={"enable_thinking": False, "effort": "high", "n": 1})
    assert chosen[-3:] == [
        "--chat-template-kwarg=enable_thinking=false",
        '--chat-template-kwarg=effort="high"',
        "--chat-template-kwarg=n=1",
    ]


@pytest.mark.parametrize(
    "changes", [{"few_shot": 5}, {"few_shot": 0}, {"top_k": 1}, {"min_p": 0.1}, {"think_end": "x"}]
)
def test_settings_that_sgl_eval_has_not_are_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        words(**changes)
    assert caught.value.details["field"] == next(iter(changes))


@pytest.mark.parametrize("key", ["", "a=b", " a", "a "])
def test_chat_template_arguments_that_would_be_misread_are_refused(key: str) -> None:
    with pytest.raises(InvalidSubmissionError, match="cannot be handed"):
        words(chat_template_args={key: True})


def test_an_unknown_benchmark_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        check_workload(workload("sgl-eval/ruler2"))
    assert all(name in caught.value.remedy for name in BENCHMARKS)


def test_benchmarks_are_known_by_their_prefix_and_have_a_metric() -> None:
    assert is_sgl_eval("sgl-eval/gsm8k")
    assert not is_sgl_eval("gsm8k")
    assert {name: sgl_eval_benchmark(name).metric for name in BENCHMARKS} == {
        "sgl-eval/gsm8k": "exact_match,sgl-eval",
        "sgl-eval/mmlu": "acc,sgl-eval",
        "sgl-eval/mmmu_pro": "acc,sgl-eval",
        "sgl-eval/mmmu_pro_vision": "acc,sgl-eval",
    }
    assert [name for name in BENCHMARKS if BENCHMARKS[name].has_pictures] == list(BENCHMARKS)[2:]
