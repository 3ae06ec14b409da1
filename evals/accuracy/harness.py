"""Run one accuracy workload against a running engine, with lm-eval as the judge."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evals.accuracy.answering import Check
from evals.accuracy.questions import Question
from evals.accuracy.scoring import RunningScore, scores_from
from evals.client import EngineClient
from evals.result import Response, SampleKey, Score
from evals.spec import Api, Workload, digest


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

    on_response: Callable[[Question, Response], None]
    on_progress: Callable[[Progress], None]
    check: Check


@dataclass(frozen=True, kw_only=True)
class WorkloadResult:
    """Hold a workload's scores and what was true of its prompts and its scorer."""

    scores: list[Score]
    facts: dict[str, str]


def run_accuracy(
    workload: Workload,
    task: Any,
    *,
    connect: Callable[[], EngineClient],
    answered: Mapping[SampleKey, Response],
    observer: Observer,
) -> WorkloadResult:
    """Ask an lm-eval task's questions of an engine and return lm-eval's judgement of every item.

    answered: responses that need not be asked again. Raises what the client, the observer's check or lm-eval raise.
    """
    import lm_eval
    from lm_eval.evaluator import evaluate

    from evals.accuracy.engine_lm import EngineLM

    logging.getLogger("lm_eval").setLevel(logging.WARNING)
    meter = _Meter(task, workload, answered, observer)
    model = EngineLM(
        connect=connect,
        workload=workload,
        answered=answered,
        on_start=meter.start,
        on_response=meter.heard,
        check=observer.check,
    )
    chat = workload.api is Api.CHAT
    # The sampler of few-shot examples remembers its state: seeded here, the same task gives the same prompts again.
    task.set_fewshot_seed(seed=workload.seed)
    result = evaluate(
        lm=model,
        task_dict={"tasks": {task.task_name: task}, "groups": {}},
        limit=workload.limit,
        bootstrap_iters=0,
        log_samples=True,
        apply_chat_template=chat,
        fewshot_as_multiturn=chat,
    )
    scores = scores_from(result["samples"])
    return WorkloadResult(scores=scores, facts=_facts(task, workload, scores, lm_eval.__version__))


class _Meter:
    """Count answers, judge them as they come, and pass them on."""

    def __init__(
        self, task: Any, workload: Workload, answered: Mapping[SampleKey, Response], observer: Observer
    ) -> None:
        self._task = task
        self._workload = workload
        self._answered = answered
        self._observer = observer
        self._score: RunningScore | None = None
        self._done = self._total = 0

    def start(self, questions: list[Question], missing: list[Question]) -> None:
        self._score = RunningScore(self._task, self._workload.metric)
        self._total = len(questions)
        asked = {question.key for question in missing}
        for question in questions:
            if question.key not in asked:
                self._count(question, self._answered[question.key])
        self._tell()

    def heard(self, question: Question, response: Response) -> None:
        self._observer.on_response(question, response)
        self._count(question, response)
        self._tell()

    def _count(self, question: Question, response: Response) -> None:
        self._done += 1
        if self._score is not None:
            self._score.add(question, response)

    def _tell(self) -> None:
        right, scored = (self._score.right, self._score.scored) if self._score else (0.0, 0)
        self._observer.on_progress(Progress(done=self._done, total=self._total, right=right, scored=scored))


def _facts(task: Any, workload: Workload, scores: list[Score], version: str) -> dict[str, str]:
    prompts = sorted({(score.task, score.doc_id, score.prompt_sha256) for score in scores})
    return {
        "harness": f"lm-eval {version}",
        "task_version": str(task.VERSION),
        "few_shot": str(task.config.num_fewshot),
        "generation": digest(task.config.generation_kwargs),
        "prompts_sha256": digest(prompts),
        "items": str(len({(score.task, score.doc_id) for score in scores})),
        "workload": workload.fingerprint(),
    }
