"""The harness with a gate: it asks in the gate's order, stops when that is decided, and its facts are of all items."""

from __future__ import annotations

import asyncio
from typing import Any

from evals.accuracy.harness import Observer, Progress, WorkloadResult, run_accuracy
from evals.protocol import Completion, GenerationRequest
from evals.result import Response, SampleKey
from tests.unit.evals.accuracy.client_stub import ClientStub
from tests.unit.evals.accuracy.gate_world import WORKLOAD, Other, answers, benchmark, every, gate, only

AT_ONCE = 4


class Slow(ClientStub):
    """Give the answers of the gate's world, each after a moment, and remember who was asked in which order."""

    def __init__(self, wrong: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.texts = {question.prompt: answers(wrong)[question.key] for question in benchmark().questions()}

    async def ask(self, request: GenerationRequest) -> tuple[Completion, int]:
        assert isinstance(request.prompt, str)
        answer = self.texts[request.prompt]
        self.asked.append(answer.key.doc_id)
        await asyncio.sleep(0.01)
        return Completion(text=answer.text, finish_reason="stop", prompt_tokens=1, completion_tokens=1), 1


def run(
    engine: Slow, found: Any, answered: dict[SampleKey, Response] | None = None
) -> tuple[WorkloadResult, list[Progress]]:
    progress: list[Progress] = []
    observer = Observer(on_response=lambda *_: None, on_progress=progress.append, check=lambda: None)
    workload: Any = type(WORKLOAD)(**(vars(WORKLOAD) | {"concurrency": AT_ONCE}))
    connect: Any = lambda: engine  # noqa: E731
    result = run_accuracy(
        workload, benchmark(), connect=connect, answered=answered or {}, observer=observer, gate=found
    )
    return result, progress


def decided(wrong: frozenset[int] = frozenset()) -> int:
    found = gate(Other(answers().values()))
    assert found.know(answers(wrong))
    assert found.decided_at is not None
    return found.decided_at


def test_it_asks_in_the_drawn_order_and_stops_when_that_is_decided() -> None:
    engine, found = Slow(), gate(Other(answers().values()))
    result, progress = run(engine, found)
    taken = decided()
    assert found.decided_at == taken
    assert taken <= len(engine.asked) < 300
    order = [number for _, number in found.order.items]
    assert engine.asked == order[: len(engine.asked)]
    judged = {score.doc_id for score in result.scores}
    assert judged >= set(order[:taken])
    assert judged <= set(engine.asked)
    assert progress[-1].done < progress[-1].total == 300
    assert result.notes["stopped_early"] == f"certain after {taken} of 300 items"
    assert result.notes["concurrency"]
    assert result.notes["order_seed"] == str(found.order.seed)


def test_the_facts_are_those_of_a_whole_run() -> None:
    early, _ = run(Slow(), gate(Other(answers().values())))
    whole, _ = run(Slow(), None)
    assert early.facts == whole.facts
    assert early.facts["items"] == "300"
    assert "stopped_early" not in whole.notes


def test_a_resumed_job_asks_only_what_the_decision_still_needs() -> None:
    found = gate(Other(answers().values()))
    known = {number for _, number in found.order.items[: decided() - 2]}
    engine = Slow()
    result, _ = run(engine, found, only(answers(), known))
    assert found.decided_at == decided()
    assert not set(engine.asked) & known
    assert {score.doc_id for score in result.scores} == known | (set(engine.asked) & {s.doc_id for s in result.scores})


def test_with_enough_answers_nothing_is_asked_at_all() -> None:
    found = gate(Other(answers().values()))
    known = {number for _, number in found.order.items[: decided()]}
    result, _ = run(Slow(), found, only(answers(), known))
    engine = Slow()
    run(engine, found, only(answers(), known))
    assert engine.asked == []
    assert {score.doc_id for score in result.scores} == known


def test_alone_it_asks_everything_and_says_nothing_of_stopping() -> None:
    engine = Slow(every(10))
    result, progress = run(engine, gate(Other()))
    assert sorted(engine.asked) == list(range(300))
    assert progress[-1].done == 300
    assert "stopped_early" not in result.notes
