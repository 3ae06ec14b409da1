"""Benchmarks that lm-eval itself runs, over small local ones: what is asked and judged is lm-eval's own."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.lm_eval_tasks import LmEvalBenchmark
from evals.accuracy.questions import ChoiceRequest, Question
from evals.errors import InvalidSubmissionError
from evals.protocol import GenerationRequest
from evals.result import Response, Score
from tests.unit.evals.accuracy.lm_eval_world import CHOICE, ROWS, TEXT, Loader


def answered(question: Question, text: str = "", likelihoods: tuple[float, ...] | None = None, **more: Any) -> Response:
    return Response(
        key=question.key, prompt_sha256=question.prompt_sha256, text=text, finish_reason="stop", prompt_tokens=1,
        completion_tokens=1, sent_at=0.0, ended_at=1.0, log_probabilities=likelihoods,
        greedy=None if likelihoods is None else tuple(False for _ in likelihoods), **more,
    )  # fmt: skip


def by_metric(scores: list[Score]) -> dict[tuple[int, str], float]:
    return {(score.doc_id, score.metric): score.value for score in scores}


def theirs(benchmark: LmEvalBenchmark, results: dict[int, list[Any]]) -> dict[tuple[int, str], float]:
    """Let lm-eval filter and judge the results of each item's instances."""
    (task,) = benchmark._tasks.values()
    scores: dict[tuple[int, str], float] = {}
    for doc_id, values in results.items():
        instances = [instance for instance in task.instances if instance.doc_id == doc_id]
        for instance, value in zip(instances, values, strict=True):
            instance.resps = [value]
    task.apply_filters()
    for pipeline in task._filters:
        for doc_id in results:
            instances = [instance for instance in task.instances if instance.doc_id == doc_id]
            found = task.process_results(instances[0].doc, [i.filtered_resps[pipeline.name] for i in instances])
            scores |= {(doc_id, f"{name},{pipeline.name}"): float(value) for name, value in found.items()}
    return scores


def test_choices_of_one_context_are_one_question_judged_as_by_lm_eval(load: Loader) -> None:
    benchmark = load(CHOICE)
    questions = benchmark.questions()
    assert len(questions) == 5
    assert questions[1].request == ChoiceRequest(
        context="question 1?\nAnswer:", continuations=(" red", " green", " deep blue")
    )
    drawn = [(-1.0, -2.0, -5.0), (-4.0, -4.0, -4.0), (-3.0, -4.0, -6.0), (-9.0, -1.0, -1.0), (-2.0, -2.0, -6.9)]
    answers = {q.key: answered(q, likelihoods=values) for q, values in zip(questions, drawn, strict=True)}
    scores = benchmark.judge(answers)
    assert by_metric(scores) == theirs(
        benchmark, {number: [(value, False) for value in values] for number, values in enumerate(drawn)}
    )
    assert {score.metric for score in scores} == {"acc,none", "acc_norm,none"}
    assert [benchmark.judge_one(q, answers[q.key]) for q in questions] == [
        score.value for score in scores if score.metric == "acc,none"
    ]


def test_generated_answers_are_filtered_and_judged_as_by_lm_eval(load: Loader) -> None:
    benchmark = load(TEXT, metric="exact_match,number")
    questions = benchmark.questions()
    request = questions[2].request
    assert isinstance(request, GenerationRequest)
    assert (request.prompt, request.stop, request.max_tokens, request.temperature) == ("question 2?", ("\n",), 9, 0)
    texts = ["9", "it is 9", "", "9 or 2", "x" * 1000]
    answers = {q.key: answered(q, text) for q, text in zip(questions, texts, strict=True)}
    assert by_metric(benchmark.judge(answers)) == theirs(benchmark, {n: [text] for n, text in enumerate(texts)})
    assert benchmark.judge_one(questions[1], answers[questions[1].key]) == 1.0


def test_choices_in_contexts_of_their_own_are_questions_of_their_own_in_lm_evals_order(load: Loader) -> None:
    definition = CHOICE | {
        "doc_to_text": "label", "doc_to_choice": "{{options}}", "doc_to_target": "{{q}}",
        "metric_list": [{"metric": "acc"}],
    }  # fmt: skip
    rows = [row | {"options": ["it is red", "it is blue", "it is red"]} for row in ROWS]
    benchmark = load(definition, rows=rows)
    questions = benchmark.questions()
    assert [(q.key.doc_id, q.key.request_index) for q in questions[:4]] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    drawn = {number: [(-2.0, False), (-3.0, False), (-1.0, False)] for number in range(5)}
    answers = {q.key: answered(q, likelihoods=(drawn[q.key.doc_id][q.key.request_index][0],)) for q in questions}
    assert by_metric(benchmark.judge(answers)) == theirs(benchmark, drawn)
    assert [benchmark.judge_one(q, answers[q.key]) for q in questions] == [None] * 15


def test_a_metric_over_all_items_is_left_out_unless_it_is_the_one_that_decides(load: Loader) -> None:
    definition = CHOICE | {"metric_list": [{"metric": "acc"}, {"metric": "f1"}]}
    benchmark = load(definition)
    questions = benchmark.questions()
    answers = {q.key: answered(q, likelihoods=(-1.0, -2.0, -3.0)) for q in questions}
    assert {score.metric for score in benchmark.judge(answers)} == {"acc,none"}
    deciding = load(definition, metric="f1,none")
    with pytest.raises(InvalidSubmissionError, match="measures f1,none over all items at once"):
        deciding.judge_one(questions[0], answers[questions[0].key])


def test_repeats_are_judged_one_by_one_and_thoughts_are_no_answer(load: Loader) -> None:
    benchmark = load(TEXT, metric="exact_match,number", repeats=2, temperature=0.5, think_end="</think>", limit=2)
    questions = benchmark.questions()
    assert [(q.key.doc_id, q.key.repeat) for q in questions] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    answers = {q.key: answered(q, "9" if q.key.repeat else "<think>9</think>none") for q in questions}
    found = {(score.doc_id, score.repeat): (score.value, score.parsed) for score in benchmark.judge(answers)}
    assert (found[(1, 0)][0], found[(1, 1)]) == (0.0, (1.0, True))


def test_worked_examples_are_the_same_at_each_loading(load: Loader) -> None:
    definition = TEXT | {"fewshot_split": "test"}
    prompts = [[q.prompt for q in load(definition, few_shot=2).questions()] for _ in range(2)]
    assert prompts[0] == prompts[1]
    assert prompts[0][0].count("question ") == 3
    assert len(set(prompts[0])) == 5
