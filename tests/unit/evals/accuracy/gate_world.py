"""The demo's problems with answers made for them: right or wrong as told, on either side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.direct import DirectBenchmark
from evals.accuracy.gate import Gate
from evals.accuracy.order import order_of
from evals.accuracy.questions import Question
from evals.outcome import Verdict
from evals.pairing import Item
from evals.plan import load_suite
from evals.result import Response, SampleKey
from evals.spec import Role, Workload
from evals.statistics.sequential import EARLY_CONFIDENCE, decide_sequentially

WORKLOAD = load_suite("demo-gate")[0]
SEED = 7


@lru_cache(maxsize=4)
def benchmark(workload: Workload = WORKLOAD) -> DirectBenchmark:
    found = load_benchmark(workload, data_folder=None)
    assert isinstance(found, DirectBenchmark)
    return found


def response(question: Question, *, right: bool) -> Response:
    [gold] = [item["answer"] for task, number, item in benchmark().items() if number == question.key.doc_id]
    return Response(
        key=question.key,
        prompt_sha256=question.prompt_sha256,
        request_sha256=question.request_sha256,
        text=f" So it is.\n#### {gold.split('#### ')[1] if right else '-1'}",
        finish_reason="stop",
        prompt_tokens=1,
        completion_tokens=1,
        sent_at=1.0,
        ended_at=2.0,
    )


@lru_cache(maxsize=8)
def answers(wrong: frozenset[int] = frozenset()) -> dict[SampleKey, Response]:
    return {q.key: response(q, right=q.key.doc_id not in wrong) for q in benchmark().questions()}


class Other:
    """The other side as far as it has come: what has been `given` is handed over when it is asked for."""

    def __init__(self, given: Iterable[Response] = ()) -> None:
        self.given = {one.key: one for one in given}

    def answers(self, wanted: Sequence[Item]) -> list[Response]:
        asked = set(wanted)
        return [one for one in self.given.values() if (one.key.task, one.key.doc_id) in asked]


def gate(other: Other, *, role: Role = Role.CANDIDATE, margin: float = 0.05, tests: int = 1) -> Gate:
    made = benchmark()
    workload = replace(WORKLOAD, margin=margin)
    return Gate(made, workload, order=order_of(made.questions(), SEED), role=role, tests=tests, other=other)


def every(step: int, items: int = 300) -> frozenset[int]:
    return frozenset(range(0, items, step))


def only(found: dict[SampleKey, Response], numbers: Collection[int]) -> dict[SampleKey, Response]:
    return {key: one for key, one in found.items() if key.doc_id in numbers}


ORDER = order_of(benchmark().questions(), SEED).items
BAD, FLAWED = every(3), every(25)


def expected(candidate: frozenset[int], baseline: frozenset[int], margin: float = 0.05) -> tuple[Verdict, int | None]:
    differences = [float(number in baseline) - float(number in candidate) for _, number in ORDER]
    found = decide_sequentially(differences, margin, confidence=EARLY_CONFIDENCE)
    return found.verdict, found.decided_at
