"""The letter of an answer, rule by rule, with the official evaluators' quirks."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.official.choices import How, Parsed, parse_mmmu, parse_mmmu_pro

FOUR = ("red blood", "white cell", "None", "42")
TEN = tuple(f"choice number {number}" for number in range(10))
TWELVE = (*TEN, "eleven", "twelve")
GUESS = (None, How.UNPARSED)


def found(parsed: Parsed) -> tuple[str | None, str]:
    return parsed.letter, parsed.how


@pytest.mark.parametrize(
    ("response", "options", "expected"),
    [
        # What follows the last "Answer:", to the end of the text, names exactly one letter.
        ("Answer: A", FOUR, ("A", How.ANSWER_LINE)),
        ("Answer:D", FOUR, ("D", How.ANSWER_LINE)),
        ("Answer:\n\n**(C)**.\n", FOUR, ("C", How.ANSWER_LINE)),
        ("Answer: A\nno, Answer: B", FOUR, ("B", How.ANSWER_LINE)),
        ("Answer: L", TWELVE, ("L", How.ANSWER_LINE)),
        ("Answer: Cat", FOUR, ("C", How.ANSWER_LINE)),
        ("Answer: BETA", TWELVE[:1], ("A", How.ANSWER_LINE)),
        ("Answer: BETA", TWELVE, ("A", How.LETTER)),  # B, E and A are named; the text ends with A
        ("Answer: L", TEN, GUESS),
        ("Answer: a", FOUR, GUESS),
        ("answer: A", FOUR, ("A", How.LETTER)),  # only because the text ends with it
        ("Answer: A\nBecause of x.", FOUR, GUESS),  # B of "Because" is named too; "A\n" is not "A "
        ("Answer: A or B", FOUR, ("B", How.LETTER)),
        ("(C) Answer: A or B", FOUR, ("C", How.BRACKETED)),
        ("(C) Answer: ", FOUR, ("C", How.BRACKETED)),
        ("Answer: A and\nAnswer: none", FOUR, ("A", How.LETTER)),
        # Bracketed letters go before all others, the last of them counts.
        ("(A) or rather (B), B A", FOUR, ("B", How.BRACKETED)),
        ("(B) (A) (B)", FOUR, ("B", How.BRACKETED)),
        ("x(C)y", FOUR, ("C", How.BRACKETED)),
        ("(a)", FOUR, GUESS),
        ("(K)", TEN, GUESS),
        ("(K)", TWELVE, ("K", How.BRACKETED)),
        # A letter before a space, even at the end of a word; a letter with spaces on both sides wins over those.
        ("B", FOUR, ("B", How.LETTER)),
        ("BETA", FOUR, ("A", How.LETTER)),
        ("BETA is B too", FOUR, ("B", How.LETTER)),
        ("DNA B\n", FOUR, ("A", How.LETTER)),
        ("B is not A", FOUR, ("A", How.LETTER)),
        ("XA then XD then", FOUR, ("A", How.LETTER)),  # neither stands alone: the first in the letters' order
        ("A\n\nBecause", FOUR, GUESS),
        # A letter before a period, the first of several, because they are ranked by the spaced letter they are not.
        ("A. red", FOUR, ("A", How.LETTER_PERIOD)),
        ("B. white\nC. red", FOUR, ("B", How.LETTER_PERIOD)),
        ("DNA.\nx", FOUR, ("A", How.LETTER_PERIOD)),
        # The text of an option, only in answers of more than 5 words.
        ("it must be white cell then", FOUR, ("B", How.OPTION_TEXT)),
        ("it is a white cell", FOUR, GUESS),
        ("not white cell but rather red blood", FOUR, ("A", How.OPTION_TEXT)),
        ("IT MUST of course be rEd BlOod", FOUR, ("A", How.OPTION_TEXT)),
        ("i think that none of these holds", FOUR, ("C", How.OPTION_TEXT)),
        ("one two three four five six", ("x", "", "y"), ("B", How.OPTION_TEXT)),
        ("one two three four five six", ("six", "", ""), ("B", How.OPTION_TEXT)),
        ("one two three four five six", ("six", "five", "six"), ("A", How.OPTION_TEXT)),
        # Only the ends are stripped, of one character after the other, never of white space.
        ("A.", FOUR, ("A", How.LETTER)),
        (".A,", FOUR, ("A", How.LETTER)),
        ("A.,", FOUR, ("A", How.LETTER)),
        ("A,.", FOUR, GUESS),
        ("A'.", FOUR, ("A", How.LETTER)),
        ("A. ", FOUR, ("A", How.LETTER_PERIOD)),
        ('"A"', FOUR, GUESS),
        ("**A**", FOUR, GUESS),
    ],
)
def test_mmmu_pro_rules(response: str, options: tuple[str, ...], expected: tuple[str | None, How]) -> None:
    assert found(parse_mmmu_pro(response, options)) == expected


@pytest.mark.parametrize(
    ("response", "options", "expected"),
    [
        ("(A) or (B)", FOUR, ("B", How.BRACKETED)),
        ("(A) or B", FOUR, ("A", How.BRACKETED)),
        ("B", FOUR, ("B", How.LETTER)),
        ("I say B or A , not BETA", FOUR, ("A", How.LETTER)),
        ("BETA", FOUR, GUESS),
        ("A. red", FOUR, GUESS),
        ("A\n", FOUR, GUESS),
        ("Answer:\nB", FOUR, GUESS),
        ("Answer: B", FOUR, ("B", How.LETTER)),
        ("(J)", TEN, ("J", How.BRACKETED)),  # lm-eval 0.4.13 stops at I
        ("it must be white cell then", FOUR, ("B", How.OPTION_TEXT)),
        ("it is a white cell", FOUR, GUESS),
        ("A,.", FOUR, GUESS),
        ("A.,", FOUR, ("A", How.LETTER)),
    ],
)
def test_mmmu_rules(response: str, options: tuple[str, ...], expected: tuple[str | None, How]) -> None:
    assert found(parse_mmmu(response, options)) == expected


@pytest.mark.parametrize("parse", [parse_mmmu_pro, parse_mmmu])
@pytest.mark.parametrize("response", [{"error": "quota"}, None, ["A"], 3, "", " ", "\n\t", "\0", ".,!?", "\u202eשלום"])
def test_what_is_no_answer_is_unparsed(parse: Any, response: Any) -> None:
    assert found(parse(response, FOUR)) == GUESS


@pytest.mark.parametrize("parse", [parse_mmmu_pro, parse_mmmu])
def test_an_option_that_is_no_text_keeps_its_letter_and_cannot_be_found_by_its_text(parse: Any) -> None:
    options = (["A", "B", "Not enough information"], None, 3, "red")
    assert found(parse("(C)", options)) == ("C", How.BRACKETED)
    assert found(parse("none of the 3 but red blood", options)) == ("D", How.OPTION_TEXT)
    assert found(parse("there is not enough information, none, 3", options[:3])) == GUESS


@pytest.mark.parametrize("parse", [parse_mmmu_pro, parse_mmmu])
def test_without_options_nothing_can_be_chosen(parse: Any) -> None:
    assert found(parse("Answer: A (A) and some more words", ())) == GUESS


def test_a_long_answer_is_searched_to_its_end() -> None:
    assert found(parse_mmmu_pro("so, " * 50_000 + "(D)", FOUR)) == ("D", How.BRACKETED)
    assert found(parse_mmmu("so, " * 50_000 + "red blood", FOUR)) == ("A", How.OPTION_TEXT)
