"""Read lm-eval's judgement of every item, and a running score while answers still come in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from evals.accuracy.questions import Question, sha256_of
from evals.result import Response, Score

_UNPARSED = "[invalid]"
"""What lm-eval's regex filters return when they find nothing."""


def scores_from(samples: dict[str, list[dict[str, Any]]]) -> list[Score]:
    """Return a score for each logged sample and metric of lm-eval's result, by task."""
    return [
        _score(task, sample, metric)
        for task, logged in samples.items()
        for sample in logged
        for metric in sample["metrics"]
    ]


def _score(task: str, sample: dict[str, Any], metric: str) -> Score:
    extracted = _text_of(sample["filtered_resps"][0])
    prompts = [str(arguments[0]) for arguments in sample["arguments"]]
    return Score(
        task=task,
        doc_id=sample["doc_id"],
        metric=f"{metric},{sample['filter']}",
        value=float(sample[metric]),
        parsed=extracted != _UNPARSED,
        extracted=None if extracted == _UNPARSED else extracted,
        gold=str(sample["target"]),
        prompt_sha256=sha256_of("\0".join(prompts)),
    )


def _text_of(filtered: Any) -> str:
    return str(filtered[0]) if isinstance(filtered, (list, tuple)) and filtered else str(filtered)


class RunningScore:
    """Judge answers one by one with the task's own filter and metric, for people who watch.

    The final scores come from lm-eval; this only says how it goes. Items of several requests are not judged.
    """

    def __init__(self, task: Any, metric: str) -> None:
        self._task = task
        self._metric, _, self._filter = metric.partition(",")
        self._instances = {(int(i.doc_id), int(i.idx)): i for i in task.instances}
        requests = [int(i.doc_id) for i in task.instances]
        self._judgeable = len(requests) == len(set(requests))
        self.right = 0.0
        self.scored = 0

    def add(self, question: Question, response: Response) -> None:
        """Judge one more answer."""
        if not self._judgeable or question.key.repeat:
            return
        original = self._instances[(question.key.doc_id, question.key.request_index)]
        instance = dataclasses.replace(original, resps=[response.text], filtered_resps={})
        for pipeline in self._pipelines():
            pipeline.apply([instance])
            results = self._task.process_results(instance.doc, [instance.filtered_resps[self._filter]])
            self.right += float(results[self._metric])
            self.scored += 1

    def _pipelines(self) -> Iterable[Any]:
        return [pipeline for pipeline in self._task._filters if pipeline.name == self._filter]
