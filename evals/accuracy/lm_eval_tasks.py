"""Benchmarks that lm-eval itself must run: its tasks make the prompts and judge the answers; we only ask.

Any task or group of lm-eval can be named (`lm_eval_loading` finds it).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import Any

import orjson

from evals.accuracy.filters import UNPARSED
from evals.accuracy.lm_eval_loading import checksum_of, load_tasks
from evals.accuracy.lm_eval_values import extracted_from, number_of, pictures_in, results_for, results_of
from evals.accuracy.messages import messages_of
from evals.accuracy.questions import Question, choice_question, generation_question, repeated, sha256_of
from evals.errors import InvalidSubmissionError
from evals.metrics import DIRECTION_OF
from evals.result import Response, SampleKey, Score
from evals.spec import Api, Workload, digest


class LmEvalBenchmark:
    """A benchmark with lm-eval's own task objects."""

    def __init__(self, workload: Workload) -> None:
        import lm_eval

        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        self._workload = workload
        self._tasks = load_tasks(workload)
        self.needs_images = any(getattr(task, "MULTIMODAL", False) for task in self._tasks.values())
        first = next(iter(self._tasks.values()))
        self.facts: Mapping[str, str] = {
            "harness": f"lm-eval {lm_eval.__version__}",
            "task_version": str(first.VERSION),
            "few_shot": str(first.config.num_fewshot),
            "generation": digest(first.config.generation_kwargs),
            "source": "hub",
            "dataset_fingerprint": digest(sorted(checksum_of(task) for task in self._tasks.values())),
            "averaged": "over items",
            **_directions(self._tasks.values()),
        }

    def questions(self) -> Sequence[Question]:
        """Return all questions, task by task."""
        return self._questions

    def judge(self, answers: Mapping[SampleKey, Response]) -> list[Score]:
        """Let lm-eval judge the answers; items without all of theirs are left out."""
        by_item: dict[tuple[str, int], list[Question]] = defaultdict(list)
        for question in self._questions:
            by_item[(question.key.task, question.key.doc_id)].append(question)
        return [
            score
            for questions in by_item.values()
            for repeat in range(self._workload.repeats)
            if all(q.key in answers for q in questions if q.key.repeat == repeat)
            for score in self._scores([q for q in questions if q.key.repeat == repeat], answers)
        ]

    def judge_one(self, question: Question, answer: Response) -> float | None:
        """Return an answer's value under the workload's metric; None for items of several requests."""
        key = question.key
        if results_of(answer) != len(self._instances[(key.task, key.doc_id)]):
            return None
        scores = self._scores([question], {key: answer})
        return next((score.value for score in scores if score.metric == self._workload.metric), None)

    @cached_property
    def _instances(self) -> dict[tuple[str, int], list[Any]]:
        grouped: dict[tuple[str, int], list[Any]] = defaultdict(list)
        chat = self._workload.api is Api.CHAT
        for name, task in self._tasks.items():
            # The sampler of few-shot examples remembers its state: seeded here, a task gives the same prompts again.
            task.set_fewshot_seed(seed=self._workload.seed)
            task.build_all_requests(
                limit=self._workload.limit,
                rank=0,
                world_size=1,
                apply_chat_template=chat,
                fewshot_as_multiturn=chat,
                chat_template=_as_json if chat else None,
                tokenizer_name="engine",
            )
            for instance in task.instances:
                grouped[(name, int(instance.doc_id))].append(instance)
        return grouped

    @cached_property
    def _questions(self) -> list[Question]:
        return [
            again
            for (task, doc_id), instances in self._instances.items()
            for question in self._item_questions(task, doc_id, instances)
            for again in repeated(question, self._workload.repeats)
        ]

    def _item_questions(self, task: str, doc_id: int, instances: Sequence[Any]) -> Iterator[Question]:
        """Yield an item's questions; log-likelihoods of continuations of one context, in a row, are one question."""
        if instances[0].request_type == "loglikelihood":
            rows = groupby(instances, key=lambda instance: str(instance.args[0]))
            for index, (context, row) in enumerate(rows):
                key = SampleKey(task=task, doc_id=doc_id, request_index=index)
                yield choice_question(key, context, tuple(str(instance.args[1]) for instance in row))
            return
        for instance in instances:
            key = SampleKey(task=task, doc_id=doc_id, request_index=int(instance.idx))
            prompt, settings, *more = instance.args
            pictures = pictures_in(more[0]["visual"]) if more else []
            messages = prompt if self._workload.api is Api.COMPLETIONS else messages_of(orjson.loads(prompt), pictures)
            yield generation_question(key, messages, settings, self._workload, {p.reference: p for p in pictures})

    def _scores(self, questions: Sequence[Question], answers: Mapping[SampleKey, Response]) -> list[Score]:
        key = questions[0].key
        task = self._tasks[key.task]
        instances = self._instances[(key.task, key.doc_id)]
        results = results_for(questions, [answers[question.key] for question in questions], self._workload.think_end)
        copies = [replace(i, resps=[result], filtered_resps={}) for i, result in zip(instances, results, strict=True)]
        scores = []
        for pipeline in task._filters:
            pipeline.apply(copies)
            filtered = [copy.filtered_resps[pipeline.name] for copy in copies]
            values = task.process_results(copies[0].doc, filtered)
            numbers = {f"{name},{pipeline.name}": number_of(value) for name, value in values.items()}
            if numbers.get(self._workload.metric, 0.0) is None:
                raise _over_all_items(self._workload)
            scores += [self._score(questions, filtered, name, v) for name, v in numbers.items() if v is not None]
        return scores

    def _score(self, questions: Sequence[Question], filtered: Sequence[Any], metric: str, value: float) -> Score:
        key = questions[0].key
        task = self._tasks[key.task]
        extracted = extracted_from(filtered)
        found = extracted != UNPARSED and bool(extracted.strip())
        return Score(
            task=key.task,
            doc_id=key.doc_id,
            metric=metric,
            value=value,
            parsed=found,
            extracted=extracted if found else None,
            gold=str(task.doc_to_target(self._instances[(key.task, key.doc_id)][0].doc)),
            prompt_sha256=sha256_of("\0".join(question.prompt for question in questions)),
            repeat=key.repeat,
        )


def _as_json(messages: list[dict[str, Any]], add_generation_prompt: bool = True) -> str:
    return orjson.dumps(messages).decode()


def _directions(tasks: Iterable[Any]) -> dict[str, str]:
    """Return which way each metric improves, as the definitions say; by these facts metrics of lm-eval can decide."""
    directions = {name: higher for task in tasks for name, higher in task.higher_is_better().items()}
    return {f"{DIRECTION_OF}{name}": "higher" if higher else "lower" for name, higher in sorted(directions.items())}


def _over_all_items(workload: Workload) -> InvalidSubmissionError:
    return InvalidSubmissionError(
        f"{workload.benchmark} measures {workload.metric} over all items at once, not item by item",
        remedy="name a metric that judges each item",
        field="metric",
    )
