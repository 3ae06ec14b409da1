"""Count answers while they arrive, judge them beside the asking, and pass them on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from evals.accuracy.answering import Check
from evals.accuracy.benchmark import Benchmark
from evals.accuracy.gate import Gate
from evals.accuracy.questions import Asked, Question
from evals.result import Response, SampleKey

_JUDGING_S = 0.01
"""How long the running score may keep the client waiting, four times a second."""


class Decided(Exception):  # noqa: N818  # no error: pass or fail is certain, and asking ends
    """Both sides have answered enough; raised to end the asking."""


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


class Meter:
    """Count answers, judge them as they come, and pass them on.

    fresh: those that were asked for. decided: whether both sides' answers made pass or fail certain.
    """

    def __init__(self, benchmark: Benchmark, observer: Observer, *, total: int, gate: Gate | None = None) -> None:
        self.fresh: dict[SampleKey, Response] = {}
        self.decided = False
        self._benchmark = benchmark
        self._observer = observer
        self._total = total
        self._gate = gate
        self._done = self._scored = 0
        self._right = 0.0
        self._unjudged: deque[tuple[Question, Response]] = deque()

    def begin(
        self, questions: Sequence[Question], answered: Mapping[SampleKey, Response], missing: Sequence[Question]
    ) -> None:
        """Count and judge what is known already; afterwards `decided` tells whether that is enough."""
        asked = {question.key for question in missing}
        for question in questions:
            if question.key not in asked:
                self._done += 1
                self._judge(question, answered[question.key])
        self._tell()
        self._look()

    def heard(self, question: Question, response: Response) -> None:
        """Pass an answer on; judging it can cost more than asking did, so it waits for the next tick."""
        self.fresh[response.key] = response
        self._observer.on_response(question, response)
        self._done += 1
        self._unjudged.append((question, response))

    def tick(self) -> None:
        """Judge what time allows, four times a second, and tell the progress; raise Decided, or what the check does."""
        self._observer.check()
        end = time.perf_counter() + _JUDGING_S
        while self._unjudged and time.perf_counter() < end:
            self._judge(*self._unjudged.popleft())
        self._tell()
        if self._look(end):
            raise Decided

    def finish(self, values: Sequence[float]) -> None:
        """Tell the final score, which makes judging the rest one by one needless."""
        self._unjudged.clear()
        self._right, self._scored = sum(values), len(values)
        self._tell()

    def _judge(self, question: Question, response: Response) -> None:
        value = self._benchmark.judge_one(question, response)
        if self._gate is not None:
            self._gate.note(question, value)
        if value is not None:
            self._right += value
            self._scored += 1

    def _look(self, until: float = inf) -> bool:
        self.decided = self._gate is not None and self._gate.look(until=until)
        return self.decided

    def _tell(self) -> None:
        self._observer.on_progress(Progress(done=self._done, total=self._total, right=self._right, scored=self._scored))
