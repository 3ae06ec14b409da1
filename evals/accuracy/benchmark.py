"""What every benchmark can do, whichever harness defines it: say its questions, and judge the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from evals.accuracy.questions import Question
from evals.result import Response, SampleKey, Score


class Benchmark(Protocol):
    """A workload's benchmark with its items loaded.

    facts: what decides comparability (harness, task version, few-shot count, checksums). needs_images: whether its
    items have pictures.
    """

    facts: Mapping[str, str]
    needs_images: bool

    def questions(self) -> Sequence[Question]:
        """Return all questions, in the items' order; the same ones at each call."""

    def judge(self, answers: Mapping[SampleKey, Response]) -> list[Score]:
        """Judge the answers; items that lack one are left out."""

    def judge_one(self, question: Question, answer: Response) -> float | None:
        """Return an answer's value under the deciding metric; None when it cannot be judged alone."""
