"""Several answers to each item: from the scores of answers to the scores of items.

An item's value under a metric becomes the mean over its answers (pass@1, averaged), so that every item counts once
and standard errors are over items: answers to one question are not independent. Beside it stand `METRIC_pass_at_all`
(at least one answer is right) and `METRIC_majority` (the most frequent extracted answer is right; of several equally
frequent ones the one given first).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import fsum

from evals.result import Score

PASS_AT_ALL = "_pass_at_all"
MAJORITY = "_majority"


def by_item(scores: Sequence[Score], *, beside: Sequence[Score] = ()) -> list[Score]:
    """Return one score for each item and metric; scores of single answers are returned as they are.

    beside: the other side's scores. A metric with a value other than right or wrong on either side, such as a chance
    credit, gets its mean alone, for all items: a vote over some of them would be a score of those alone.
    """
    if not any(score.repeat for score in scores):
        return list(scores)
    graded = {score.metric for score in (*scores, *beside) if score.value not in (0, 1)}
    answers: dict[tuple[str, int, str], list[Score]] = defaultdict(list)
    for score in scores:
        answers[(score.task, score.doc_id, score.metric)].append(score)
    groups = [sorted(group, key=lambda score: score.repeat) for group in answers.values()]
    return [item for group in groups for item in _of_item(group, graded=group[0].metric in graded)]


def _of_item(answers: Sequence[Score], *, graded: bool) -> list[Score]:
    first = answers[0]
    values = [answer.value for answer in answers]
    parsed = any(answer.parsed for answer in answers)
    mean = replace(first, value=fsum(values) / len(values), parsed=parsed, repeat=0)
    if graded:
        return [mean]
    any_right = replace(mean, metric=_named(first.metric, PASS_AT_ALL), value=max(values))
    vote = _majority(answers)
    majority = replace(
        mean,
        metric=_named(first.metric, MAJORITY),
        value=vote.value if vote else 0.0,
        extracted=vote.extracted if vote else None,
    )
    return [mean, any_right, majority]


def _majority(answers: Sequence[Score]) -> Score | None:
    parsed = [answer for answer in answers if answer.parsed]
    if not parsed:
        return None
    most, _ = Counter(answer.extracted for answer in parsed).most_common(1)[0]
    return next(answer for answer in parsed if answer.extracted == most)


def _named(metric: str, suffix: str) -> str:
    name, comma, filter_ = metric.partition(",")
    return f"{name}{suffix}{comma}{filter_}"
