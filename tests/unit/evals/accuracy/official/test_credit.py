"""What a choice is worth, strictly and as the official evaluators would expect it."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.official.choices import UNPARSED, How, Parsed
from evals.accuracy.official.credit import ChoiceVerdict, judge_choice

A = Parsed(letter="A", how=How.LETTER)


@pytest.mark.parametrize(
    ("parsed", "gold", "n_options", "correct", "official"),
    [
        (A, "A", 4, True, 1.0),
        (A, "B", 4, False, 0.0),
        (A, "a", 4, False, 0.0),
        (A, ["B", "A"], 4, True, 1.0),
        (UNPARSED, "A", 4, False, 0.25),
        (UNPARSED, "D", 10, False, 0.1),
        (UNPARSED, "L", 12, False, 1 / 12),
        (UNPARSED, "B", 1, False, 0.0),  # validation_Accounting_29: one option, and B is none of its letters
        (UNPARSED, "A", 1, False, 1.0),
        (UNPARSED, ["A", "B"], 4, False, 0.5),
        (UNPARSED, "A", 0, False, 0.0),
    ],
)
def test_unparsed_is_wrong_and_officially_worth_its_chance(
    parsed: Parsed, gold: Any, n_options: int, correct: bool, official: float
) -> None:
    assert judge_choice(parsed, gold, n_options) == ChoiceVerdict(correct=correct, official=official)
