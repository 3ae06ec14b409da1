"""Judge an answer to one item by the metrics that lm-eval's definitions name; the same values as lm-eval's own."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from evals.accuracy.filters import Filter, filters_of
from evals.accuracy.prompts import PromptForm
from evals.accuracy.templates import Item
from evals.result import Response

_GENERATED = frozenset({"exact_match"})
_CHOSEN = frozenset({"acc", "acc_norm"})
_OPTIONS = frozenset({"regexes_to_ignore", "ignore_case", "ignore_punctuation", "ignore_numbers"})
_NOT_OPTIONS = frozenset({"metric", "aggregation", "higher_is_better"})
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_DIGITS = str.maketrans("", "", string.digits)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One metric's judgement of one answer; `extracted` is None when nothing was found, `how` says by which rule."""

    metric: str
    value: float
    extracted: str | None
    how: str | None = None


Judge = Callable[[Item, Response], list[Judged]]
"""Judges an answer whose text holds what followed a thinking model's thoughts."""


def judge_of(config: Mapping[str, Any], form: PromptForm) -> Judge:
    """Return the judge that a definition's metrics and filters describe."""
    metrics = metrics_of(config)
    if config["output_type"] == "multiple_choice":
        return lambda item, response: _judge_choice(form, metrics, item, response)
    filters = filters_of(config)
    return lambda item, response: _judge_text(form, metrics, filters, item, response.text)


def metrics_of(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a definition's metrics with their options, or lm-eval's defaults for its kind."""
    chosen = config["output_type"] == "multiple_choice"
    default = [{"metric": "acc"}, {"metric": "acc_norm"}] if chosen else [{"metric": "exact_match"}]
    return list(config.get("metric_list") or default)


def unknown_metrics(config: Mapping[str, Any]) -> set[str]:
    """Return the names of metrics and options that only lm-eval itself can judge by."""
    known = _CHOSEN if config["output_type"] == "multiple_choice" else _GENERATED
    listed = metrics_of(config)
    options = {option for entry in listed for option in entry} - _OPTIONS - _NOT_OPTIONS
    return ({str(entry["metric"]) for entry in listed} - known) | options


def _judge_text(
    form: PromptForm, metrics: Sequence[Mapping[str, Any]], filters: Sequence[Filter], item: Item, text: str
) -> list[Judged]:
    gold = gold_text(form, item)
    found = [(filter_, filter_.apply(text)) for filter_ in filters]
    return [
        Judged(
            metric=f"{metric['metric']},{filter_.name}",
            value=float(matches_exactly(extracted, gold, metric)),
            extracted=extracted if filter_.found(extracted) else None,
        )
        for filter_, extracted in found
        for metric in metrics
    ]


def gold_text(form: PromptForm, item: Item) -> str:
    """Return an item's right answer as a text."""
    target = form.target(item)
    if form.doc_to_choice is not None and isinstance(target, int):
        return str(form.choices(item)[target])
    return str(target)


def matches_exactly(prediction: str, gold: str, options: Mapping[str, Any]) -> bool:
    """Compare two texts as lm-eval's exact_match does, with its options."""
    for pattern in options.get("regexes_to_ignore") or ():
        prediction, gold = re.sub(pattern, "", prediction), re.sub(pattern, "", gold)
    if options.get("ignore_case"):
        prediction, gold = prediction.lower(), gold.lower()
    if options.get("ignore_punctuation"):
        prediction, gold = prediction.translate(_PUNCTUATION), gold.translate(_PUNCTUATION)
    if options.get("ignore_numbers"):
        prediction, gold = prediction.translate(_DIGITS), gold.translate(_DIGITS)
    # lm-eval compares numpy's texts, which do not count NULs at the end.
    return prediction.rstrip("\0") == gold.rstrip("\0")


def _judge_choice(
    form: PromptForm, metrics: Sequence[Mapping[str, Any]], item: Item, response: Response
) -> list[Judged]:
    choices = form.choices(item)
    likelihoods = response.log_probabilities or ()
    if len(likelihoods) != len(choices):
        raise ValueError(f"{len(choices)} choices have {len(likelihoods)} log-probabilities")
    target = form.target(item)
    gold = choices.index(target) if isinstance(target, str) and target in choices else target
    # Characters, not tokens or bytes: what lm-eval divides by.
    lengths = {"acc": [1] * len(choices), "acc_norm": [len(choice) for choice in choices]}
    judged = []
    for metric in metrics:
        name = str(metric["metric"])
        scores = [_per(value, length) for value, length in zip(likelihoods, lengths[name], strict=True)]
        best = max(range(len(scores)), key=scores.__getitem__)
        judged.append(Judged(metric=f"{name},none", value=float(best == gold), extracted=str(choices[best])))
    return judged


def _per(value: float, length: int) -> float:
    """Return a value for each character; a choice of none is never the best, as where numpy divides by 0."""
    return value / length if length else -inf
