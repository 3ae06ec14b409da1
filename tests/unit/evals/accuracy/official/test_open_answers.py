"""Open questions: what is looked at, what is a number, and what matches."""

from __future__ import annotations

import math
from typing import Any

import pytest

from evals.accuracy.official.choices import How
from evals.accuracy.official.open_answers import forms_of, judge_open, numbers_in, parse_open, read_gold
from evals.errors import DatasetError


def right(response: Any, gold: Any) -> bool:
    return judge_open(parse_open(response), gold)


@pytest.mark.parametrize(
    ("response", "phrases"),
    [
        ("The answer is 5.", ("5",)),
        ("So it could be x, thus the result is y", ("y",)),
        ("The final answer is 5\nIt is 7", ("5", "7")),
        ("x = 3\ny = 4", ("4",)),  # an equation counts in the last line only
        ("x = 3. Therefore it is 4", ("4",)),
        ("It is 3. The rest follows", ("3. the rest follows",)),  # lowered before it is split: no sentence ends
        ("so \nx", ("so \nx",)),  # nothing follows "so "
        ("it is :\nso ,", ("it is :\nso ,",)),  # punctuation alone is no phrase
        ("answer so final x", ("x",)),
        ("No idea", ("no idea",)),
        ("", ("",)),
    ],
)
def test_phrases_are_what_follows_a_lead(response: str, phrases: tuple[str, ...]) -> None:
    assert parse_open(response).phrases == phrases


def test_how_tells_phrases_from_a_whole_text_and_from_nothing() -> None:
    assert parse_open("it is 5").how is How.KEY_PHRASE
    assert parse_open("5").how is How.WHOLE_TEXT
    assert parse_open(" .. ").how is How.UNPARSED
    assert parse_open({"error": "quota"}).how is How.UNPARSED


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,234 and 5", ["1,234", "234", "5"]),
        ("-1,234,567x", ["-1,234"]),
        ("1e3 2.5E-2", ["1e3", "2.5E-2", "3", "2", "-2"]),
        ("1.5e3x", ["1.5e3", "1"]),
        ("12,34", ["34"]),
        ("1.5,", ["1"]),
        ("a1 b2c", ["1"]),
        (".5 -.5", [".5", "-.5"]),
        ("5-3", ["5", "-3"]),
        ("1.2.3", ["1.2", ".3"]),
    ],
)
def test_numbers_are_found_as_officially(text: str, numbers: list[str]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        (" 1,060.004 ", [1060.0]),
        ("0.335", [0.34]),
        ("1e999", [math.inf]),
        ("-inf", [-math.inf]),
        ("1_000", [1000.0]),
        ("A", [" a", "a "]),
        ("Ab", ["ab"]),
        ("", [""]),
        ("\0", [" \0", "\0 "]),
    ],
)
def test_forms_are_numbers_rounded_to_two_decimals_or_lowered_texts(text: str, forms: list[Any]) -> None:
    assert forms_of(text) == forms


@pytest.mark.parametrize(
    ("response", "gold", "expected"),
    [
        ("The answer is 1.0649", "1.06", True),
        ("The answer is 1.066", "1.06", False),
        ("The cost is 1,234 dollars", "1234", True),
        ("It is hepatitis.", "hepatitis", True),
        ("It is hepatitis B", "hepatitis", False),  # "is " ends the word as well: the shortest rest is "b"
        ("Hepat", "hepatitis", False),
        ("it is x or y", "x", True),
        ("it is xy", "x", False),  # one character needs a space beside it
        ("x", "x", True),
        ("It is 24/7", ["24/7", "3.429"], True),
        ("It is 3.43", "['24/7', '3.429']", True),
        ("It is 3.43", '["24/7", 3.429]', True),
        ("It is in [0, 1]", "[0, 1]", True),  # an interval, not a list of answers
        ("It is 0", "[0, 1]", False),
        ("60", 60, True),
        ("1e999", "inf", True),
        ("nan", "nan", False),  # not a number equals nothing
        ("it is nan or so", "nan", False),
        ("anything", "", True),  # the empty text is in every text, officially
        ("7", "", False),
        ("", "x", False),
        (None, "x", False),
        ({"error": "it is x "}, "x", False),
    ],
)
def test_a_number_must_equal_and_a_text_must_occur(response: Any, gold: Any, expected: bool) -> None:
    assert right(response, gold) is expected


@pytest.mark.parametrize("gold", [None, [], {"a": 1}, [None], ["a", None], [["a"]]])
def test_an_item_without_gold_answer_is_an_error(gold: Any) -> None:
    with pytest.raises(DatasetError, match="no gold answer"):
        read_gold(gold)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 1_000_000,
        "9" * 1_000_000 + ",",
        "9" * 1_000_000 + "x",
        "1." + "9" * 1_000_000 + ",",
        "1" + ",111" * 250_000 + "x",
        "1e" * 500_000,
        "-" * 1_000_000,
        "is " * 300_000,
        "so 1\n" * 100_000,
        "\0" * 1_000_000,
        "\u202eשלום " * 100_000,
        "\ud800 is \ud800",
    ],
    ids=lambda text: ascii(text[:6]),
)
def test_hostile_answers_are_judged_at_once(text: str) -> None:
    """The official patterns need time that grows with the square: 12 s for 20 kB of digits, hours for these."""
    assert right(text, "hepatitis") is False


def test_an_answer_too_large_for_a_number_is_infinite() -> None:
    assert right("9" * 1_000_000, "inf") is True
