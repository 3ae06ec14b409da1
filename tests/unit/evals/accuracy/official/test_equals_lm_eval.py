"""MMMU's rules, held against lm-eval's copy of the official evaluator over many made-up answers."""

from __future__ import annotations

import random
from typing import Any

import pytest

from evals.accuracy.official.choices import parse_mmmu
from evals.accuracy.official.open_answers import judge_open, numbers_in, parse_open
from evals.accuracy.official.options import letters_of

ANSWERS = 4_000
CHOICE_PIECES = (
    *("A", "B", "C", "D", "I", "(A)", "(B)", "(C)", "(I)", "a", "BETA", "Answer:", "A.", "B,", "(", ")"),
    *(",", ".", "!", "?", ";", ":", "'", '"', "**", "\n", " ", "\t", "\0", "\x85", "\u202b", "the", "so"),
    *("red", "Red blood", "none", "None", "42", "ß", "İ", "ΑΣ", "not enough information"),
)
OPTIONS = ("red", "Red blood", "None", "", "42", "4", "a", "B", "ß", "SS", "İ", "ΑΣ", "Not enough information", " ")
OPEN_PIECES = (
    *("1", "12", "1,234", "1,234,567", "12,34", "1.5", "0.333", "1e3", "1.5E-2", "-", ".", "-.5", ",", "e", "x"),
    *("nan", "inf", "1e999", "1_000", "٣", "½", " ", "\n", "\t", "\0", "so ", "is ", "The answer is ", "Therefore "),
    *("final ", "result ", "could be ", "=", ":", "'", "A", "B", ". The ", "%", "ß", "İ", "hepatitis", "24/7"),
)
GOLD = ("1", "12", "1234", "1,234", "0.33", "0.5", "a", "x", "hepatitis", "24/7", "nan", "inf", "", "the", "=", "1e3")


class GuessedError(Exception):
    """Raised where the official evaluator would draw a letter."""


def test_choices_are_decided_alike_wherever_lm_eval_does_not_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    from lm_eval.tasks.mmmu import utils

    def guess(_: Any) -> Any:
        raise GuessedError

    monkeypatch.setattr(utils.random, "choice", guess)
    generator = random.Random(5)
    guesses = 0
    for _ in range(ANSWERS):
        options = generator.choices(OPTIONS, k=generator.randint(1, 9))
        answer = text(generator, CHOICE_PIECES)
        letters = list(letters_of(len(options)))
        try:
            expected = utils.parse_multi_choice_response(answer, letters, dict(zip(letters, options, strict=True)))
        except GuessedError:
            expected = None
            guesses += 1
        assert parse_mmmu(answer, options).letter == expected, (answer, options)
    assert ANSWERS / 10 < guesses < ANSWERS * 9 / 10


def test_open_answers_are_judged_alike() -> None:
    from lm_eval.tasks.mmmu import utils

    generator = random.Random(6)
    right = 0
    for _ in range(ANSWERS):
        answer = text(generator, OPEN_PIECES)
        gold = (
            generator.choices(GOLD, k=generator.randint(1, 3)) if generator.random() < 0.5 else generator.choice(GOLD)
        )
        forms = utils.parse_open_response(answer)
        assert numbers_in(answer) == utils.extract_numbers(answer), answer
        assert {repr(form) for form in parse_open(answer).forms} == {repr(form) for form in forms}, answer
        verdict = judge_open(parse_open(answer), gold)
        assert verdict == utils.eval_open(gold, forms), (answer, gold)
        assert judge_open(parse_open(answer), str(gold)) == verdict, (answer, gold)
        right += verdict
    assert ANSWERS / 10 < right < ANSWERS * 9 / 10


def text(generator: random.Random, pieces: tuple[str, ...]) -> str:
    chosen = generator.choices(pieces, k=generator.choice((0, 1, 2, 4, 8, 16, 30)))
    return generator.choice((" ", " ", "", "\n")).join(chosen)
