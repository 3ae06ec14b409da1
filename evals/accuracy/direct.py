"""Run lm-eval's definitions without lm-eval: the same prompts and the same scores, in a fraction of the time.

lm-eval needs seconds to import and builds some 180 prompts a second. Definitions that use nothing but templates,
drawn examples, the filters and metrics known here, or functions of our own are read and run here;
`tests/integration/evals/test_direct_equals_lm_eval.py` proves both equal, at full size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from evals.accuracy.datasets import Dataset
from evals.accuracy.definitions import Definition
from evals.accuracy.direct_rules import judge_for, own_scoring
from evals.accuracy.judging import gold_text
from evals.accuracy.messages import messages_of
from evals.accuracy.prompts import PromptForm, as_messages, as_text, examples_drawer
from evals.accuracy.questions import Question, choice_question, generation_question, repeated
from evals.accuracy.templates import Item
from evals.accuracy.thinking import judged_text
from evals.errors import InvalidSubmissionError
from evals.protocol import Picture
from evals.result import Response, SampleKey, Score
from evals.spec import Api, Workload, digest


class DirectTask:
    """One definition with its items."""

    def __init__(self, definition: Definition, workload: Workload, dataset: Dataset) -> None:
        config = definition.config
        self.name = definition.name
        self._config = config
        self._workload = workload
        self._dataset = dataset
        self._own = own_scoring(config)
        self.form = PromptForm.of(config)
        self.judge_answer = judge_for(definition, self.form)

    @property
    def needs_images(self) -> bool:
        """Tell whether the items have pictures."""
        return self._own.pictures is not None

    @cached_property
    def items(self) -> Sequence[Item]:
        """The items that are asked about."""
        split = self._config.get("test_split") or self._config.get("validation_split")
        return self._dataset.rows(self._config.get("dataset_name"), str(split), limit=self._workload.limit)

    @property
    def few_shot(self) -> int:
        """How many worked examples a prompt has."""
        chosen = self._workload.few_shot
        return int(self._config.get("num_fewshot") or 0) if chosen is None else chosen

    def questions(self) -> Iterator[Question]:
        """Yield the questions, each as often as it is asked."""
        draw = self._drawer()
        for number, item in enumerate(self.items):
            turns = self.form.turns(item, draw(item))
            yield from repeated(self._question(number, item, turns), self._workload.repeats)

    def _question(self, number: int, item: Item, turns: Sequence[Any]) -> Question:
        key = SampleKey(task=self.name, doc_id=number)
        if self._config["output_type"] == "multiple_choice":
            choices = self.form.choices(item)
            delimiter = self.form.target_delimiter
            return choice_question(key, as_text(turns), tuple(f"{delimiter}{choice}" for choice in choices))
        settings = self._config.get("generation_kwargs") or {"until": [self.form.fewshot_delimiter]}
        if self._workload.api is Api.COMPLETIONS:
            return generation_question(key, as_text(turns), settings, self._workload)
        pictures: list[Picture] = self._own.pictures(item) if self._own.pictures else []
        messages = messages_of(as_messages(turns), pictures)
        return generation_question(key, messages, settings, self._workload, {p.reference: p for p in pictures})

    def _drawer(self) -> Any:
        settings = self._config.get("fewshot_config") or {}
        split = settings.get("split") or self._config.get("fewshot_split")
        from_test = split == self._config.get("test_split")
        if split is None:
            split = self._config.get("training_split") or self._config.get("validation_split")
        if self.few_shot and split is None:
            raise InvalidSubmissionError(
                f"{self.name} has no examples to show", remedy="set few_shot to 0", field="few_shot"
            )
        pool = self._dataset.rows(self._config.get("dataset_name"), str(split)) if self.few_shot else []
        if self.few_shot and len(pool) < self.few_shot + from_test:
            raise InvalidSubmissionError(
                f"{self.name} has {len(pool)} worked examples, and {self.few_shot} are wanted",
                remedy="lower few_shot",
                field="few_shot",
            )
        first = settings.get("sampler") == "first_n"
        return examples_drawer(pool, self.few_shot, first=first, seed=self._workload.seed, from_test=from_test)

    def facts(self) -> dict[str, str]:
        """Return what of this task decides comparability."""
        version = (self._config.get("metadata") or {}).get("version", "unknown")
        return {
            "task_version": str(version),
            "few_shot": str(self.few_shot),
            "generation": digest(self._config.get("generation_kwargs")),
        }


class DirectBenchmark:
    """A benchmark whose tasks are all run here."""

    def __init__(self, definitions: Sequence[Definition], workload: Workload, dataset: Dataset, harness: str) -> None:
        self._workload = workload
        tasks = [DirectTask(definition, workload, dataset) for definition in definitions]
        # A subset of a benchmark's data may lack whole subjects; published data that do are refused before.
        self._tasks = {task.name: task for task in tasks if task.items}
        self.needs_images = any(task.needs_images for task in self._tasks.values())
        first = next(iter(self._tasks.values())).facts()
        self.facts: Mapping[str, str] = {"harness": harness, **first, **dataset.facts}

    @cached_property
    def _questions(self) -> list[Question]:
        return [question for task in self._tasks.values() for question in task.questions()]

    def questions(self) -> Sequence[Question]:
        """Return all questions, task by task."""
        return self._questions

    def items(self) -> Iterator[tuple[str, int, Item]]:
        """Yield every item with its task and number."""
        for name, task in self._tasks.items():
            for number, item in enumerate(task.items):
                yield name, number, item

    def judge(self, answers: Mapping[SampleKey, Response]) -> list[Score]:
        """Judge the answers; questions without one are left out."""
        answered = [question for question in self._questions if question.key in answers]
        return [score for question in answered for score in self._scores(question, answers[question.key])]

    def judge_one(self, question: Question, answer: Response) -> float | None:
        """Return an answer's value under the workload's metric."""
        scores = self._scores(question, answer)
        return next((score.value for score in scores if score.metric == self._workload.metric), None)

    def _scores(self, question: Question, answer: Response) -> list[Score]:
        key = question.key
        task = self._tasks[key.task]
        item = task.items[key.doc_id]
        shown = replace(answer, text=judged_text(question, answer, self._workload.think_end))
        gold = gold_text(task.form, item)
        return [
            Score(
                task=key.task,
                doc_id=key.doc_id,
                metric=judged.metric,
                value=judged.value,
                parsed=judged.extracted is not None,
                extracted=judged.extracted,
                gold=gold,
                prompt_sha256=question.prompt_sha256,
                repeat=key.repeat,
                how=judged.how,
            )
            for judged in task.judge_answer(item, shown)
        ]
