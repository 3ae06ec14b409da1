"""Thinking models: the answer is what follows the thoughts, and what was cut off is counted."""

from __future__ import annotations

import pytest

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.thinking import answer_in, thinking_facts
from evals.result import Response, SampleKey
from evals.spec import DataSource, Workload


def response(text: str, *, reason: str = "stop", reasoning: str | None = None) -> Response:
    return Response(
        key=SampleKey(task="gsm8k", doc_id=0), prompt_sha256="", text=text, finish_reason=reason, prompt_tokens=None,
        completion_tokens=None, sent_at=0.0, ended_at=0.0, reasoning=reasoning,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason", "answer"),
    [
        ("<think>7? no</think>\n\n#### 8", "stop", "#### 8"),
        ("7? no</think> #### 8", "stop", "#### 8"),
        ("a</think>b</think>c", "stop", "c"),
        ("#### 8", "stop", "#### 8"),
        ("<think>is it 7", "stop", ""),
        ("is it 7", "length", ""),
        ("7?</think> it is", "length", "it is"),
        ("", "stop", ""),
    ],
)
def test_the_answer_is_what_follows_the_last_end_of_thoughts(text: str, reason: str, answer: str) -> None:
    assert answer_in(response(text, reason=reason), "</think>") == answer


def test_without_a_mark_the_whole_text_is_the_answer() -> None:
    assert answer_in(response("<think>7</think> 8", reason="length"), None) == "<think>7</think> 8"


def test_what_the_engine_took_apart_itself_is_not_cut_again() -> None:
    taken = response("I wrote </think> in XML", reason="length", reasoning="hm")
    assert answer_in(taken, "</think>") == "I wrote </think> in XML"


def test_another_model_has_another_mark() -> None:
    assert answer_in(response("[THINK]7[/THINK]8"), "[/THINK]") == "8"


def test_cut_off_answers_are_counted_and_those_that_never_came_to_an_answer() -> None:
    responses = [
        response("</think> done"),
        response("</think> cut", reason="length"),
        response("still thinking", reason="length"),
        response("", reason="length", reasoning="still thinking"),
    ]
    assert thinking_facts(responses, "</think>") == {"cut_off_answers": "3", "unfinished_thoughts": "2"}
    assert thinking_facts(responses, None) == {"cut_off_answers": "3"}
    assert thinking_facts([], "</think>") == {"cut_off_answers": "0", "unfinished_thoughts": "0"}


@pytest.mark.parametrize(("think_end", "expected"), [(None, [1.0, 1.0]), ("</think>", [0.0, 0.0])])
def test_a_right_number_among_the_thoughts_counts_only_without_a_mark(
    think_end: str | None, expected: list[float]
) -> None:
    workload = Workload(
        name="w", benchmark="gsm8k", metric="exact_match,strict-match", margin=0.02, data=DataSource.DEMO, limit=1,
        think_end=think_end,
    )  # fmt: skip
    benchmark = load_benchmark(workload, data_folder=None)
    (question,) = benchmark.questions()
    gold = benchmark.judge({question.key: response("")})[0].gold
    answered = response(f"<think>#### {gold}</think> I give up")
    assert [score.value for score in benchmark.judge({question.key: answered})] == expected
    assert benchmark.judge_one(question, answered) == expected[0]


def test_an_answer_ends_at_the_first_stop_text_after_the_thoughts_and_not_within_them() -> None:
    workload = Workload(
        name="w", benchmark="gsm8k", metric="exact_match,flexible-extract", margin=0.02, data=DataSource.DEMO, limit=1,
        think_end="</think>",
    )  # fmt: skip
    benchmark = load_benchmark(workload, data_folder=None)
    (question,) = benchmark.questions()
    gold = benchmark.judge({question.key: response("")})[0].gold
    text = f"<think>Question: what? 99</think>It is {gold}\n\nQuestion: the next? It is 77"
    assert benchmark.judge_one(question, response(text)) == 1.0
    assert benchmark.judge_one(question, response(text.replace("\n\nQuestion:", "\n\nthen"))) == 0.0
