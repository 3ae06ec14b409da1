"""The order in which items are asked when a job may stop early: drawn at random beforehand, and recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evals.accuracy.questions import Question
from evals.pairing import Item
from evals.spec import digest
from evals.statistics.ordering import stratified_order


@dataclass(frozen=True, kw_only=True)
class Order:
    """Hold a benchmark's items by subject, and the seed that puts them into a random order.

    subjects: task and its documents' numbers, in the benchmark's order.
    """

    seed: int
    subjects: tuple[tuple[str, tuple[int, ...]], ...]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The items in the order in which they are asked: every beginning has the subjects in proportion."""
        plain = [(task, number) for task, numbers in self.subjects for number in numbers]
        return tuple(plain[place] for place in stratified_order([task for task, _ in plain], self.seed))

    def as_json(self) -> dict[str, Any]:
        """Return what a job's facts keep of it; documents counted from 0 are told by their number alone."""
        subjects = [
            [task, len(numbers) if numbers == tuple(range(len(numbers))) else list(numbers)]
            for task, numbers in self.subjects
        ]
        return {"seed": self.seed, "subjects": subjects}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Order:
        """Return the order that `as_json` described."""
        subjects = tuple(
            (str(task), tuple(range(numbers)) if isinstance(numbers, int) else tuple(numbers))
            for task, numbers in value["subjects"]
        )
        return cls(seed=int(value["seed"]), subjects=subjects)


def order_of(questions: Iterable[Question], seed: int) -> Order:
    """Return the order of the questions' items."""
    subjects: dict[str, dict[int, None]] = {}
    for question in questions:
        subjects.setdefault(question.key.task, {})[question.key.doc_id] = None
    return Order(seed=seed, subjects=tuple((task, tuple(numbers)) for task, numbers in subjects.items()))


def seed_for(run_id: str, workload: str) -> int:
    """Return the seed of a run's workload: both sides draw the same order, and every run another."""
    return int(digest(["order", run_id, workload])[:8], 16)


def asking_order(questions: Sequence[Question], items: Sequence[Item]) -> list[int]:
    """Return the places of questions in the order of their items; an item's own questions stay in theirs."""
    rank = {item: place for place, item in enumerate(items)}
    return sorted(range(len(questions)), key=lambda place: rank[_item(questions[place])])


def _item(question: Question) -> Item:
    return question.key.task, question.key.doc_id
