r"""Judge the open questions of MMMU as its evaluator does, in time that grows with the answer's length only.

Source of the rules: `eval/eval_utils.py` of github.com/MMMU-Benchmark/MMMU. It means to split an answer into sentences
at a period before a capital, but lowers the text first, so that only line breaks split: the same here. It keeps its
candidates in a set, whose order changes between processes; the verdict asks only whether any candidate matches, so no
order can change it. Its number patterns try every digit of a long run anew; those here start at a run's first digit
alone and keep what they took, which finds the same numbers (a match always ends where a run of digits ends).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evals.accuracy.official.choices import How
from evals.accuracy.official.options import read_list
from evals.accuracy.official.responses import text_of
from evals.errors import DatasetError

_LEADS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_LEADS_OF_LAST_LINE = (*_LEADS, "=")
_EMPTY_PHRASES = frozenset(":,.!?;'")
_DECIMALS = 2
_NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),
    re.compile(r"-?(?<!\d)\d++(?:\.\d++)?[eE][+-]?\d++"),
    re.compile(r"-?(?:(?<!\d)\d++\.\d++|\.\d++|(?<!\d)\d++\b)(?![eE][+-]?\d)(?!,)"),
)
"""With thousands separators; with an exponent; plain, unless an exponent or a comma follows."""

Form = str | float
"""What is compared: a number rounded to 2 decimals, or a text in lower case."""


@dataclass(frozen=True, kw_only=True)
class OpenAnswer:
    """The phrases of an answer that may hold the result, and all forms that are held against the gold answers."""

    phrases: tuple[str, ...]
    how: How
    forms: frozenset[Form]


def parse_open(response: Any) -> OpenAnswer:
    """Return what MMMU's evaluator compares of an answer: its phrases, and every number in them."""
    text = text_of(response).strip().strip(".").lower()
    phrases = _key_phrases(text.split("\n"))
    how = How.KEY_PHRASE if phrases else How.WHOLE_TEXT if text else How.UNPARSED
    phrases = phrases or (text,)
    written = [*phrases, *(number for phrase in phrases for number in numbers_in(phrase))]
    return OpenAnswer(phrases=phrases, how=how, forms=frozenset(_forms_of_all(written)))


def judge_open(answer: OpenAnswer, gold: Any) -> bool:
    """Return whether any form of an answer is a gold number or contains a gold text.

    `gold` is as `read_gold` takes it. A gold text of one character must have a space beside it in the answer.
    """
    expected = _forms_of_all(read_gold(gold))
    texts = [form for form in expected if isinstance(form, str)]
    numbers = {form for form in expected if isinstance(form, float)}
    return any(
        form in numbers if isinstance(form, float) else any(text in form for text in texts) for form in answer.forms
    )


def read_gold(gold: Any) -> tuple[str, ...]:
    """Return the accepted answers of an open question.

    `gold` is one answer or a list of them, or a text that holds such a list (so the hub's copy of MMMU stores them,
    and lm-eval 0.4.13 takes it for one answer). "[0, 1]" has no text in it and is one answer, an interval. Raises
    DatasetError when there is no answer.
    """
    listed = read_list(gold)
    if isinstance(gold, str | int | float) and not any(isinstance(answer, str) for answer in listed or ()):
        listed = (gold,)
    if not listed or not all(isinstance(answer, str | int | float) for answer in listed):
        raise DatasetError(
            f"an open question has no gold answer: {gold!r}", remedy="give `answer` as a text or a list of texts"
        )
    return tuple(str(answer) for answer in listed)


def forms_of(text: str) -> list[Form]:
    """Return a text's forms: its number if all of it is one, else itself; one character gets a space on either side.

    What is a number, Python's float() decides: "1,060", "inf", "1e999" and "nan" (which equals nothing) are.
    """
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), _DECIMALS)]
    except ValueError:
        text = text.lower()
    return [f" {text}", f"{text} "] if len(text) == 1 else [text]


def numbers_in(text: str) -> list[str]:
    """Return the numbers that are written in a text, those with thousands separators and exponents first."""
    return [number for pattern in _NUMBERS for number in pattern.findall(text)]


def _forms_of_all(texts: Iterable[str]) -> list[Form]:
    return [form for text in texts for form in forms_of(text)]


def _key_phrases(lines: list[str]) -> tuple[str, ...]:
    found = [_key_phrase(line, _LEADS) for line in lines[:-1]] + [_key_phrase(lines[-1], _LEADS_OF_LAST_LINE)]
    return tuple(phrase for phrase in found if phrase and phrase not in _EMPTY_PHRASES)


def _key_phrase(line: str, leads: tuple[str, ...]) -> str:
    """Return the shortest of what follows the last occurrence of each lead; nothing gives way to anything."""
    shortest = ""
    for lead in leads:
        _, found, rest = line.rpartition(lead)
        rest = rest.strip()
        if found and (not shortest or len(rest) < len(shortest)):
            shortest = rest
    return shortest
