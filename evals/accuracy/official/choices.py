"""Find the chosen letter in an answer, as the evaluators of MMMU-Pro and MMMU do where they do not guess.

Sources of the rules: `mmmu-pro/evaluate.py` and `eval/eval_utils.py` of github.com/MMMU-Benchmark/MMMU. Where those
draw a letter at random, these say unparsed. Where those fail with an exception, these go on: an answer that is no text
counts as an empty one, and an option that is no text cannot be found by its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from evals.accuracy.official.options import letters_of
from evals.accuracy.official.responses import text_of

_ANSWER_LINE = "Answer:"
_STRIPPED_IN_TURN = ",.!?;:'"
_WORDS_WITHOUT_OPTION_TEXT = 5


class How(StrEnum):
    """What an answer was recognised by."""

    ANSWER_LINE = "answer line"
    BRACKETED = "bracketed letter"
    LETTER = "letter"
    LETTER_PERIOD = "letter with period"
    OPTION_TEXT = "option text"
    KEY_PHRASE = "key phrase"
    WHOLE_TEXT = "whole text"
    UNPARSED = "unparsed"


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """The letter that an answer chose and how it was found; without a letter `how` is unparsed."""

    letter: str | None
    how: str


UNPARSED = Parsed(letter=None, how=How.UNPARSED)


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """One way of writing a letter: `found` makes it a candidate, the last `ranked` decides between several."""

    how: How
    found: str
    ranked: str


_BRACKETED = _Mark(how=How.BRACKETED, found="({})", ranked="({})")
_SPACED = _Mark(how=How.LETTER, found=" {} ", ranked=" {} ")
_BEFORE_SPACE = _Mark(how=How.LETTER, found="{} ", ranked=" {} ")
_BEFORE_PERIOD = _Mark(how=How.LETTER_PERIOD, found="{}.", ranked=" {} ")


def parse_mmmu_pro(response: Any, options: Sequence[Any]) -> Parsed:
    """Return the letter that MMMU-Pro's evaluator finds in an answer.

    First it reads what follows the last "Answer:", to the end of the text: a letter counts when it is the only one
    of the options' letters that occurs there, be it inside a word ("Answer: Cat" is C, "Answer: BETA" is B, E and A
    and so none). Then come "(A)", "A " and "A.", of which the last two match the end of a word too ("BETA ").
    """
    text = text_of(response)
    letter = _after_answer(text, letters_of(len(options)))
    if letter is not None:
        return Parsed(letter=letter, how=How.ANSWER_LINE)
    return _parse(text, options, (_BRACKETED, _BEFORE_SPACE, _BEFORE_PERIOD))


def parse_mmmu(response: Any, options: Sequence[Any]) -> Parsed:
    """Return the letter that MMMU's evaluator finds in an answer: "(A)", then " A ", then an option's text.

    lm-eval 0.4.13 decides the same for up to 9 options and knows no letters beyond I; the official rules do.
    """
    return _parse(text_of(response), options, (_BRACKETED, _SPACED))


def _after_answer(text: str, letters: tuple[str, ...]) -> str | None:
    _, announced, rest = text.rpartition(_ANSWER_LINE)
    rest = rest.strip() if announced else ""
    named = [letter for letter in letters if letter in rest]
    return named[0] if len(named) == 1 else None


def _parse(text: str, options: Sequence[Any], marks: tuple[_Mark, ...]) -> Parsed:
    for character in _STRIPPED_IN_TURN:
        text = text.strip(character)
    text = f" {text} "
    letters = letters_of(len(options))
    present = [letter for letter in letters if letter in text]  # a letter is faster looked for than its marks
    for mark in marks:
        found = [letter for letter in present if mark.found.format(letter) in text]
        if found:
            return Parsed(letter=_last(text, {letter: mark.ranked.format(letter) for letter in found}), how=mark.how)
    return _by_option_text(text, dict(zip(letters, options, strict=True)))


def _by_option_text(text: str, options: dict[str, Any]) -> Parsed:
    if len(text.split()) <= _WORDS_WITHOUT_OPTION_TEXT:
        return UNPARSED
    text = text.lower()
    searched = {letter: option.lower() for letter, option in options.items() if isinstance(option, str)}
    found = {letter: option for letter, option in searched.items() if option in text}
    return Parsed(letter=_last(text, found), how=How.OPTION_TEXT) if found else UNPARSED


def _last(text: str, searched: dict[str, str]) -> str:
    """Return the letter whose text occurs last; of equals, and of those that do not occur at all, the first."""
    return max(searched, key=lambda letter: text.rfind(searched[letter]))
