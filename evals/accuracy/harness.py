"""Run one accuracy workload against a running engine."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evals.accuracy.answering import Check, ask_all
from evals.accuracy.benchmark import Benchmark
from evals.accuracy.choosing import ChoiceAsker
from evals.accuracy.concurrency import concurrency_for
from evals.accuracy.questions import Asked, Question
from evals.accuracy.thinking import thinking_facts
from evals.client import EngineClient
from evals.protocol import GenerationRequest
from evals.result import Response, SampleKey, Score
from evals.spec import Workload, digest
from evals.tokenizing import Tokenizer, TokenizerFile
from evals.transport.loop import run_loop

_JUDGING_S = 0.01
"""How long the running score may keep the client waiting, four times a second."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Say how far a workload is; `right` of `scored` answers were right so far under the deciding metric."""

    done: int
    total: int
    right: float
    scored: int


@dataclass(frozen=True, kw_only=True)
class Observer:
    """Hear what happens: every question with its answer, the progress, and a check that may raise to stop."""

    on_response: Callable[[Asked, Response], None]
    on_progress: Callable[[Progress], None]
    check: Check


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
) -> WorkloadResult:
    """Ask a benchmark's questions of an engine and judge the answers.

    answered: responses that need not be asked again; with all of them `connect` is never called. tokenizer: the
    model's tokenizer file, if it lies here. Raises what the client or the observer's check raise.
    """
    questions = benchmark.questions()
    missing = unanswered(benchmark, answered)
    meter = _Meter(benchmark, observer, total=len(questions))
    meter.begin(questions, answered, missing)
    notes: dict[str, str] = {}
    fresh: list[Response] = []
    if missing:
        fresh, notes = run_loop(_ask(workload, missing, connect, meter.heard, meter.tick, tokenizer))
    fresh_by_key = {response.key: response for response in fresh}
    answers = {question.key: fresh_by_key.get(question.key) or answered[question.key] for question in questions}
    scores = benchmark.judge(answers)
    meter.finish([score.value for score in scores if score.metric == workload.metric])
    notes |= sampling_notes(questions) | thinking_facts(answers.values(), workload.think_end)
    return WorkloadResult(scores=scores, facts=_facts(benchmark, workload, scores), notes=notes)


async def _ask(
    workload: Workload,
    questions: Sequence[Question],
    connect: Callable[[], EngineClient],
    on_response: Callable[[Question, Response], None],
    check: Check,
    tokenizer: TokenizerFile,
) -> tuple[list[Response], dict[str, str]]:
    concurrency = concurrency_for(workload.concurrency)
    async with connect() as client:
        asker = ChoiceAsker(Tokenizer(client, tokenizer), seed=workload.seed)
        await asker.prepare(client, questions)
        responses = await ask_all(
            client, questions, concurrency=concurrency, on_response=on_response, check=check, ask=asker.ask
        )
    return responses, {"concurrency": concurrency.describe(), **asker.describe()}


def _knows(answered: Mapping[SampleKey, Response], question: Question) -> bool:
    stored = answered.get(question.key)
    return stored is not None and stored.request_sha256 == question.request_sha256


class _Meter:
    """Count answers, judge them as they come, and pass them on."""

    def __init__(self, benchmark: Benchmark, observer: Observer, *, total: int) -> None:
        self._benchmark = benchmark
        self._observer = observer
        self._total = total
        self._done = self._scored = 0
        self._right = 0.0
        self._unjudged: deque[tuple[Question, Response]] = deque()

    def begin(
        self, questions: Sequence[Question], answered: Mapping[SampleKey, Response], missing: Sequence[Question]
    ) -> None:
        asked = {question.key for question in missing}
        for question in questions:
            if question.key not in asked:
                self._done += 1
                self._judge(question, answered[question.key])
        self._tell()

    def heard(self, question: Question, response: Response) -> None:
        """Pass an answer on; judging it can cost more than asking did, so it waits for the next tick."""
        self._observer.on_response(question, response)
        self._done += 1
        self._unjudged.append((question, response))

    def tick(self) -> None:
        """Judge what time allows, four times a second, and tell the progress; may raise to stop."""
        self._observer.check()
        end = time.perf_counter() + _JUDGING_S
        while self._unjudged and time.perf_counter() < end:
            self._judge(*self._unjudged.popleft())
        self._tell()

    def finish(self, values: Sequence[float]) -> None:
        """Tell the final score, which makes judging the rest one by one needless."""
        self._unjudged.clear()
        self._right, self._scored = sum(values), len(values)
        self._tell()

    def _judge(self, question: Question, response: Response) -> None:
        value = self._benchmark.judge_one(question, response)
        if value is not None:
            self._right += value
            self._scored += 1

    def _tell(self) -> None:
        self._observer.on_progress(Progress(done=self._done, total=self._total, right=self._right, scored=self._scored))


def _facts(benchmark: Benchmark, workload: Workload, scores: Sequence[Score]) -> dict[str, str]:
    prompts = sorted({(score.task, score.doc_id, score.prompt_sha256) for score in scores})
    return {
        **benchmark.facts,
        "prompts_sha256": digest(prompts),
        "items": str(len(prompts)),
        "workload": workload.fingerprint(),
    }
