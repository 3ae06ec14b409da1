"""The harness with the real benchmark over the demo items, against a scripted answerer."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.direct import DirectBenchmark
from evals.accuracy.harness import Observer, Progress, WorkloadResult, run_accuracy
from evals.accuracy.questions import Asked
from evals.plan import load_suite
from evals.protocol import Completion, GenerationRequest
from evals.result import Response, SampleKey
from evals.spec import Workload
from tests.unit.evals.accuracy.client_stub import ClientStub

WORKLOAD = Workload(**(vars(load_suite("demo")[0]) | {"limit": 6}))
ANSWERS = [" #### {gold}", " the answer is {gold}.", " #### 123456", " no number at all", " #### {gold}", " {gold} 7"]


@pytest.fixture(scope="module")
def task() -> DirectBenchmark:
    benchmark = load_benchmark(WORKLOAD, data_folder=None)
    assert isinstance(benchmark, DirectBenchmark)
    return benchmark


class Answerer(ClientStub):
    """Answer item n of the demo set with ANSWERS[n]; refuse to be asked about items in `forbidden`."""

    def __init__(self, task: Any, forbidden: frozenset[int] = frozenset()) -> None:
        super().__init__()
        items = [item for _, _, item in task.items()]
        self.golds = [item["answer"].split("#### ")[1] for item in items]
        self.questions = [item["question"] for item in items]
        self.forbidden = forbidden

    async def ask(self, request: GenerationRequest) -> tuple[Completion, int]:
        assert isinstance(request.prompt, str)
        number = next(i for i, text in enumerate(self.questions) if request.prompt.endswith(f"{text}\nAnswer:"))
        assert number not in self.forbidden
        assert request.prompt.count("Question: ") == 6
        self.asked.append(number)
        text = ANSWERS[number].format(gold=self.golds[number])
        return Completion(text=text, finish_reason="stop", prompt_tokens=1, completion_tokens=1), 1


def run(
    task: Any, answerer: Answerer, answered: dict[SampleKey, Response] | None = None
) -> tuple[WorkloadResult, list[tuple[Asked, Response]], list[Progress]]:
    heard: list[tuple[Asked, Response]] = []
    progress: list[Progress] = []
    observer = Observer(
        on_response=lambda question, response: heard.append((question, response)),
        on_progress=progress.append,
        check=lambda: None,
    )
    connect: Any = lambda: answerer  # noqa: E731 - a factory in the test's own words
    return run_accuracy(WORKLOAD, task, connect=connect, answered=answered or {}, observer=observer), heard, progress


def values(result: WorkloadResult, filter_: str) -> list[float]:
    scores = [score for score in result.scores if score.metric == f"exact_match,{filter_}"]
    return [score.value for score in sorted(scores, key=lambda score: score.doc_id)]


def test_answers_are_judged_strictly_and_flexibly(task: Any) -> None:
    result, _, _ = run(task, Answerer(task))
    assert values(result, "strict-match") == [1, 0, 0, 0, 1, 0]
    assert values(result, "flexible-extract") == [1, 1, 0, 0, 1, 0]


def test_an_answer_without_a_number_is_unparsed_and_not_merely_wrong(task: Any) -> None:
    result, _, _ = run(task, Answerer(task))
    strict = {s.doc_id: s for s in result.scores if s.metric == "exact_match,strict-match"}
    assert [strict[n].parsed for n in range(6)] == [True, False, True, False, True, False]
    assert (strict[2].extracted, strict[3].extracted) == ("123456", None)


def test_what_is_answered_is_not_asked_again_and_scores_the_same(task: Any) -> None:
    whole, heard, _ = run(task, Answerer(task))
    earlier = {question.key: response for question, response in heard if question.key.doc_id < 4}
    answerer = Answerer(task, forbidden=frozenset(range(4)))
    resumed, _, progress = run(task, answerer, earlier)
    assert sorted(answerer.asked) == [4, 5]
    assert resumed.scores == whole.scores
    assert (progress[0].done, progress[-1].done, progress[-1].total) == (4, 6, 6)


def test_an_answer_to_another_prompt_is_asked_again(task: Any) -> None:
    _, heard, _ = run(task, Answerer(task))
    stale = {q.key: Response(**(vars(r) | {"request_sha256": "other"})) for q, r in heard}
    answerer = Answerer(task)
    run(task, answerer, stale)
    assert sorted(answerer.asked) == list(range(6))


def test_the_running_score_ends_where_the_final_one_is(task: Any) -> None:
    result, _, progress = run(task, Answerer(task))
    assert (progress[-1].right, progress[-1].scored) == (sum(values(result, "strict-match")), 6)


def test_the_facts_name_what_decides_comparability(task: Any) -> None:
    facts = run(task, Answerer(task))[0].facts
    assert (facts["few_shot"], facts["items"]) == ("5", "6")
    assert facts["harness"].startswith("lm-eval ")
    assert facts["workload"] == WORKLOAD.fingerprint()
    assert len(facts["prompts_sha256"]) == 64
