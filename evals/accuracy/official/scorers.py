"""The scorers by name and version. A version's verdicts never change: other rules get another version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evals.accuracy.official.choices import UNPARSED, How, Parsed, parse_mmmu, parse_mmmu_pro
from evals.accuracy.official.credit import judge_choice
from evals.accuracy.official.open_answers import forms_of, judge_open, parse_open, read_gold
from evals.accuracy.official.options import letters_of, read_options
from evals.accuracy.official.responses import text_of
from evals.errors import DatasetError, InvalidSubmissionError

MULTIPLE_CHOICE = "multiple-choice"
OPEN = frozenset({"open", "short-answer"})
"""The hub's MMMU says "open"; the answer file in MMMU's repository says "short-answer" of the same items."""

_ANSWER = "Answer:"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The judgement of one response.

    `parsed` is the letter, or what of an open answer was looked at (lower case, one line each); None when nothing was
    found. `official` is the expected score in [0, 1] under an evaluator that guesses where this one says unparsed.
    """

    parsed: str | None
    how: str
    correct: bool
    official: float


Judge = Callable[[Mapping[str, Any], Any], Judged]


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """One version of the rules.

    `judge` takes an item (`answer`, `question_type`, and `options` of a multiple-choice question, which an item
    without type is) and a response (anything but a text counts as empty). It raises DatasetError for an item that
    cannot be judged, whatever the response.
    """

    name: str
    description: str
    judge: Judge


def find_scorer(name: str) -> Scorer:
    """Return the scorer of a name; raises InvalidSubmissionError with the known names."""
    if name not in SCORERS:
        raise InvalidSubmissionError(
            f"unknown scorer {name!r}", remedy=f"the scorers are: {', '.join(sorted(SCORERS))}", field="scorer"
        )
    return SCORERS[name]


def _judge_mmmu_pro(item: Mapping[str, Any], response: Any) -> Judged:
    if _is_open(item):
        raise DatasetError(
            "MMMU-Pro has no rules for an open question", remedy="score this item with another scorer: mmmu@1"
        )
    return _judge_choice(item, response, parse_mmmu_pro)


def _judge_mmmu(item: Mapping[str, Any], response: Any) -> Judged:
    if not _is_open(item):
        return _judge_choice(item, response, parse_mmmu)
    answer = parse_open(response)
    correct = judge_open(answer, _gold(item))
    parsed = None if answer.how is How.UNPARSED else "\n".join(answer.phrases)
    return Judged(parsed=parsed, how=answer.how, correct=correct, official=float(correct))


def _judge_answer_line(item: Mapping[str, Any], response: Any) -> Judged:
    line = _answer_line(text_of(response))
    if _is_open(item):
        expected = [form for gold in read_gold(_gold(item)) for form in forms_of(gold)]
        correct = line is not None and any(form in expected for form in forms_of(line))
        how = How.UNPARSED if line is None else How.ANSWER_LINE
        return Judged(parsed=line, how=how, correct=correct, official=float(correct))
    judged = _judge_choice(item, line, _letter_alone)
    return Judged(parsed=judged.parsed, how=judged.how, correct=judged.correct, official=float(judged.correct))


def _answer_line(text: str) -> str | None:
    """Return what the last line gives after "Answer:", or a text of one line; None when it is neither."""
    lines = text.strip().splitlines() or [""]
    answer = lines[-1].strip()
    if answer.startswith(_ANSWER):
        return answer.removeprefix(_ANSWER).strip() or None
    return answer or None if len(lines) == 1 else None


def _letter_alone(answer: Any, options: tuple[Any, ...]) -> Parsed:
    found = answer in letters_of(len(options))
    return Parsed(letter=answer, how=How.ANSWER_LINE) if found else UNPARSED


def _judge_choice(item: Mapping[str, Any], response: Any, parse: Callable[[Any, tuple[Any, ...]], Parsed]) -> Judged:
    options = read_options(item.get("options"))
    parsed = parse(response, options)
    verdict = judge_choice(parsed, _gold(item), len(options))
    return Judged(parsed=parsed.letter, how=parsed.how, correct=verdict.correct, official=verdict.official)


def _is_open(item: Mapping[str, Any]) -> bool:
    kind = item.get("question_type") or MULTIPLE_CHOICE
    if kind != MULTIPLE_CHOICE and kind not in OPEN:
        raise DatasetError(f"unknown question type {kind!r}", remedy=f"question_type is {MULTIPLE_CHOICE!r} or 'open'")
    return kind in OPEN


def _gold(item: Mapping[str, Any]) -> Any:
    if item.get("answer") is None:
        raise DatasetError("an item has no gold answer", remedy="give `answer`, or score a split that has answers")
    return item["answer"]


SCORERS: dict[str, Scorer] = {
    scorer.name: scorer
    for scorer in (
        Scorer(
            name="mmmu-pro@1",
            description="MMMU-Pro's evaluator; its random guesses count as unparsed, `official` is their expectation",
            judge=_judge_mmmu_pro,
        ),
        Scorer(
            name="mmmu@1",
            description="MMMU's evaluator, open questions included; its random guesses count as unparsed likewise",
            judge=_judge_mmmu,
        ),
        Scorer(
            name="answer-line@1",
            description="only a last line 'Answer: X' or nothing but X; no evaluator guesses here: official = strict",
            judge=_judge_answer_line,
        ),
    )
}
