"""What a parsed choice is worth: strictly, and as the official evaluators would expect it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evals.accuracy.official.choices import Parsed
from evals.accuracy.official.options import letters_of


@dataclass(frozen=True, kw_only=True)
class ChoiceVerdict:
    """Right or wrong, and the expected official score in [0, 1]."""

    correct: bool
    official: float


def judge_choice(parsed: Parsed, gold: Any, n_options: int) -> ChoiceVerdict:
    """Hold a parsed choice against the gold letter, or a list of accepted letters.

    Unparsed is wrong. There the official evaluators draw one of the options' letters at random: the expectation is
    the accepted letters' share of them, 0 when the gold letter is none of them.
    """
    accepted = gold if isinstance(gold, list | tuple) else [gold]
    if parsed.letter is not None:
        correct = parsed.letter in accepted
        return ChoiceVerdict(correct=correct, official=float(correct))
    hits = sum(letter in accepted for letter in letters_of(n_options))
    return ChoiceVerdict(correct=False, official=hits / n_options if n_options else 0.0)
