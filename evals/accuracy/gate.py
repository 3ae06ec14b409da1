"""Judge both sides item by item while they answer, in an order drawn beforehand, and say when to stop asking.

The same sequence is gone through again for the report (`evals.compare_gate`): a decision depends on the answers and the
order alone, never on when somebody looked.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from math import fsum, inf
from typing import Protocol

from evals.accuracy.benchmark import Benchmark
from evals.accuracy.order import Order
from evals.accuracy.questions import Question
from evals.measure import metric_of, split_metric
from evals.metrics import DIRECTION_OF, Direction
from evals.outcome import Verdict
from evals.pairing import Item
from evals.result import Response, SampleKey
from evals.spec import Role, Workload
from evals.statistics.sequential import EARLY_CONFIDENCE, PairedSequence
from evals.workload_kinds import has_items

_WINDOW = 500
"""How many items ahead of what is known the other side is asked for."""


class OtherSide(Protocol):
    """What the other side of a run has answered so far."""

    def answers(self, wanted: Sequence[Item]) -> Sequence[Response]:
        """Return answers to some of these items, as far as they are known; never waits long."""


def tests_in(workloads: Sequence[Workload]) -> int:
    """Return among how many deciding workloads each of these shares the error of a run."""
    return max(1, sum(has_items(workload.benchmark) for workload in workloads))


class Gate:
    """Follow one workload of one side; `decided_at` says after how many items pass or fail became certain.

    A benchmark whose answers cannot be judged one by one, or whose values leave [0, 1], is never decided on the way.
    """

    def __init__(
        self, benchmark: Benchmark, workload: Workload, *, order: Order, role: Role, tests: int, other: OtherSide
    ) -> None:
        self.order = order
        self.decided_at: int | None = None
        self._benchmark = benchmark
        self._margin = workload.margin
        self._tests = tests
        self._sign = _sign(benchmark, workload) * (1 if role is Role.CANDIDATE else -1)
        self._other = other
        self._questions = {question.key: question for question in benchmark.questions()}
        self._keys: dict[Item, list[SampleKey]] = defaultdict(list)
        for key in self._questions:
            self._keys[(key.task, key.doc_id)].append(key)
        self._theirs: dict[SampleKey, float] = {}
        self._news: deque[Response] = deque()
        self._heard = 0
        self._judgeable = True
        self.reset()

    def reset(self) -> None:
        """Forget this side's own answers; what the other side has answered is kept."""
        self._ours: dict[SampleKey, float] = {}
        self._sequence = PairedSequence(confidence=EARLY_CONFIDENCE, tests=self._tests)
        self._found = False
        self.decided_at = None

    def know(self, answers: Mapping[SampleKey, Response]) -> bool:
        """Start from these answers alone and all that the other side has; return whether that decides."""
        self.reset()
        for question in self._questions.values():
            answer = answers.get(question.key)
            if answer is not None and answer.request_sha256 == question.request_sha256:
                self.note(question, self._benchmark.judge_one(question, answer))
        known = -1
        while not self.look() and self._heard > known:
            known = self._heard
        return self.decided_at is not None

    def note(self, question: Question, value: float | None) -> None:
        """Take the value of one of this side's answers; None says that it cannot be judged alone."""
        if value is None:
            self._judgeable = False
        else:
            self._ours[question.key] = value

    def look(self, *, until: float = inf) -> bool:
        """Judge what the other side has answered meanwhile, and return whether pass or fail is certain.

        until: the time of `time.perf_counter` at which judging has to wait for the next look.
        """
        if self.decided_at is not None or not self._judgeable:
            return self.decided_at is not None
        if not self._news:
            self._news.extend(self._other.answers(self._wanted()))
        while self._news and time.perf_counter() < until:
            self._judge(self._news.popleft())
        return self._advance()

    def _wanted(self) -> list[Item]:
        items = self.order.items
        while self._heard < len(items) and self._value(self._theirs, items[self._heard]) is not None:
            self._heard += 1
        return [item for item in items[self._heard :][:_WINDOW] if self._value(self._theirs, item) is None]

    def _judge(self, response: Response) -> None:
        question = self._questions.get(response.key)
        if question is None or question.prompt_sha256 != response.prompt_sha256:
            return  # an answer to something else; the report says why the sides cannot be compared
        value = self._benchmark.judge_one(question, response)
        if value is None:
            self._judgeable = False
        else:
            self._theirs[response.key] = value

    def _advance(self) -> bool:
        """Go on along the order as far as both sides have answered; stop for ever at the first decision.

        No decision while all values are 0: they may be silence, of which the report would say nothing.
        """
        while self._sequence.n < len(self.order.items):
            item = self.order.items[self._sequence.n]
            ours, theirs = self._value(self._ours, item), self._value(self._theirs, item)
            if ours is None or theirs is None:
                return False
            if not (0 <= ours <= 1 and 0 <= theirs <= 1):
                self._judgeable = False
                return False
            self._sequence.add(self._sign * (ours - theirs))
            self._found |= bool(ours or theirs)
            if self._found and self._sequence.verdict(self._margin) is not Verdict.INCONCLUSIVE:
                self.decided_at = self._sequence.n
                return True
        return False

    def _value(self, values: Mapping[SampleKey, float], item: Item) -> float | None:
        """Return the mean over an item's answers, once all of them are judged."""
        found = [values[key] for key in self._keys[item] if key in values]
        return fsum(found) / len(found) if len(found) == len(self._keys[item]) else None


def _sign(benchmark: Benchmark, workload: Workload) -> int:
    name, _ = split_metric(workload.metric)
    told = benchmark.facts.get(f"{DIRECTION_OF}{name}")
    metric = metric_of(name, direction=Direction(told) if told else None)
    return 1 if metric.direction is Direction.HIGHER else -1
