"""Run one accuracy workload against a running engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from evals.accuracy.answering import ask_all
from evals.accuracy.benchmark import Benchmark
from evals.accuracy.choosing import ChoiceAsker
from evals.accuracy.concurrency import concurrency_for
from evals.accuracy.gate import Gate
from evals.accuracy.meter import Decided, Meter
from evals.accuracy.meter import Observer as Observer
from evals.accuracy.meter import Progress as Progress
from evals.accuracy.order import asking_order
from evals.accuracy.questions import Question, sha256_of
from evals.accuracy.thinking import thinking_facts
from evals.client import EngineClient
from evals.protocol import GenerationRequest
from evals.result import Response, SampleKey, Score
from evals.spec import Workload, digest
from evals.tokenizing import Tokenizer, TokenizerFile
from evals.transport.loop import run_loop


@dataclass(frozen=True, kw_only=True)
class WorkloadResult:
    """Hold a workload's scores, what was true of its prompts and its scorer, and how it was asked.

    facts: what decides comparability. notes: what may differ between two sides (cut-off answers, concurrency).
    """

    scores: list[Score]
    facts: dict[str, str]
    notes: dict[str, str]


def sampling_notes(questions: Sequence[Question]) -> dict[str, str]:
    """Say with which limits and sampling texts were asked for; what the engine was left to decide is not named."""
    request = next((q.request for q in questions if isinstance(q.request, GenerationRequest)), None)
    if request is None:
        return {}
    notes = {"max_tokens": request.max_tokens, "temperature": request.temperature, "stop": list(request.stop)}
    return {name: str(value) for name, value in {**notes, **request.extra}.items()}


def unanswered(benchmark: Benchmark, answered: Mapping[SampleKey, Response]) -> list[Question]:
    """Return the questions to which no answer is known; one to another request does not count."""
    return [question for question in benchmark.questions() if not _knows(answered, question)]


def run_accuracy(
    workload: Workload,
    benchmark: Benchmark,
    *,
    connect: Callable[[], EngineClient],
    answered: Mapping[SampleKey, Response],
    observer: Observer,
    tokenizer: TokenizerFile = None,
    gate: Gate | None = None,
) -> WorkloadResult:
    """Ask a benchmark's questions of an engine and judge the answers.

    answered: responses that need not be asked again; with all of them `connect` is never called. tokenizer: the
    model's tokenizer file, if it lies here. gate: ends the asking as soon as pass or fail is certain; questions are
    asked in its order then. Raises what the client or the observer's check raise.
    """
    questions = benchmark.questions()
    missing = unanswered(benchmark, answered)
    meter = Meter(benchmark, observer, total=len(questions), gate=gate)
    notes: dict[str, str] = {}
    if gate is not None:
        gate.reset()
    meter.begin(questions, answered, missing)
    if missing and not meter.decided:
        order = None if gate is None else asking_order(missing, gate.order.items)
        notes = run_loop(_ask(workload, missing, connect, meter, tokenizer, order))
    unasked = {question.key for question in missing if meter.decided and question.key not in meter.fresh}
    answers = {
        question.key: meter.fresh.get(question.key) or answered[question.key]
        for question in questions
        if question.key not in unasked
    }
    scores = benchmark.judge(answers)
    meter.finish([score.value for score in scores if score.metric == workload.metric])
    notes |= sampling_notes(questions) | thinking_facts(answers.values(), workload.think_end) | _gate_notes(gate)
    return WorkloadResult(scores=scores, facts=_facts(benchmark, workload, questions, scores, gate), notes=notes)


async def _ask(
    workload: Workload,
    questions: Sequence[Question],
    connect: Callable[[], EngineClient],
    meter: Meter,
    tokenizer: TokenizerFile,
    order: Sequence[int] | None,
) -> dict[str, str]:
    concurrency = concurrency_for(workload.concurrency)
    async with connect() as client:
        asker = ChoiceAsker(Tokenizer(client, tokenizer), seed=workload.seed)
        await asker.prepare(client, questions)
        with suppress(Decided):
            await ask_all(
                client, questions, concurrency=concurrency, on_response=meter.heard, check=meter.tick, ask=asker.ask,
                order=order,
            )  # fmt: skip
    return {"concurrency": concurrency.describe(), **asker.describe()}


def _knows(answered: Mapping[SampleKey, Response], question: Question) -> bool:
    stored = answered.get(question.key)
    return stored is not None and stored.request_sha256 == question.request_sha256


def _facts(
    benchmark: Benchmark, workload: Workload, questions: Sequence[Question], scores: Sequence[Score], gate: Gate | None
) -> dict[str, str]:
    """Return what decides comparability; of a job that may stop early over all of its items, asked or not."""
    judged = {(score.task, score.doc_id, score.prompt_sha256) for score in scores}
    prompts = sorted(judged if gate is None else _prompts_of(questions))
    return {
        **benchmark.facts,
        "prompts_sha256": digest(prompts),
        "items": str(len(prompts)),
        "workload": workload.fingerprint(),
    }


def _prompts_of(questions: Sequence[Question]) -> set[tuple[str, int, str]]:
    """Return what the scores of all items would say of their prompts."""
    texts: dict[tuple[str, int], list[str]] = defaultdict(list)
    for question in questions:
        if not question.key.repeat:
            texts[(question.key.task, question.key.doc_id)].append(question.prompt)
    return {(task, number, sha256_of("\0".join(prompts))) for (task, number), prompts in texts.items()}


def _gate_notes(gate: Gate | None) -> dict[str, str]:
    if gate is None:
        return {}
    notes = {"order_seed": str(gate.order.seed)}
    if gate.decided_at is not None:
        notes["stopped_early"] = f"certain after {gate.decided_at:,} of {len(gate.order.items):,} items"
    return notes
