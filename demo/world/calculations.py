"""Computed questions: arithmetic, modular arithmetic and binary numbers."""

import random

from demo.world.fact import Fact, numbers_near
from demo.world.story import calculate


def arithmetic(rng: random.Random, options: int) -> Fact:
    """Draw a sum, difference, product, quotient, remainder or number sequence."""
    kind = rng.choice(["+", "-", "*", "/", "seq", "rem"])
    if kind == "seq":
        key, value, question = _sequence(rng)
    elif kind == "rem":
        dividend, divisor = rng.randint(5, 60), rng.randint(2, 9)
        key, value = (kind, dividend, divisor), dividend % divisor
        question = f"What is the remainder of {dividend} divided by {divisor}?"
    else:
        left, right = _operands(rng, kind)
        key, value = (kind, left, right), calculate(left, kind, right)
        ways = [f"What is {left} {kind} {right}?", f"{left} {kind} {right} ="]
        question = rng.choice([*ways, f"Find the value of {left} {kind} {right}."])
    return _numeric_fact(rng, key, question, value, options)


def _sequence(rng: random.Random) -> tuple[tuple[object, ...], int, str]:
    start, difference = rng.randint(0, 30), rng.randint(1, 9)
    shown = ", ".join(str(start + i * difference) for i in range(4))
    question = rng.choice(["What is the next number: {}?", "Which number comes next: {}?"]).format(shown)
    return ("seq", start, difference), start + 4 * difference, question


def _operands(rng: random.Random, operator: str) -> tuple[int, int]:
    left, right = rng.randint(0, 99), rng.randint(0, 99)
    if operator == "*":
        return rng.randint(2, 15), rng.randint(2, 12)
    if operator == "/":
        right = rng.randint(2, 12)
        return right * rng.randint(1, 12), right
    if operator == "-" and right > left:
        return right, left
    return left, right


def _numeric_fact(rng: random.Random, key: tuple[object, ...], question: str, value: int, options: int) -> Fact:
    wrong = tuple(str(number) for number in numbers_near(rng, value, options - 1))
    return Fact(key=key, question=question, right=str(value), wrong=wrong)


def modular(rng: random.Random, options: int) -> Fact:
    """Draw a sum, a product or an additive inverse in Z_m with m from 5 to 12."""
    modulus = rng.randint(5, 12)
    left, right = rng.randrange(modulus), rng.randrange(modulus)
    kind = rng.choice(["+", "*", "inv"])
    key: tuple[object, ...] = (kind, modulus, left)
    if kind == "inv":
        value = -left % modulus
        question = f"What is the inverse of {left} in the additive group Z_{modulus}?"
    else:
        value, key = calculate(left, kind, right) % modulus, (*key, right)
        ways = [f"What is {left} {kind} {right} in Z_{modulus}?"]
        question = rng.choice([*ways, f"Compute {left} {kind} {right} modulo {modulus}."])
    pool = [str(i) for i in range(max(modulus, options + 1)) if i != value]
    return Fact(key=key, question=question, right=str(value), wrong=tuple(rng.sample(pool, options - 1)))


def binary(rng: random.Random, options: int) -> Fact:
    """Draw a conversion from or to binary, a power of two or a shift."""
    number = rng.randint(0, 63)
    kind = rng.choice(["bin", "dec", "pow", "shift"])
    if kind == "bin":
        ways = [f"What is {number} in binary?", f"Which binary number equals {number}?"]
        question = rng.choice(ways)
        wrong = tuple(format(value, "b") for value in numbers_near(rng, number, options - 1))
        return Fact(key=(kind, number), question=question, right=format(number, "b"), wrong=wrong)
    if kind == "dec":
        ways = [f"What is the binary number {number:b} in decimal?"]
        question = rng.choice([*ways, f"Which decimal number equals {number:b} in binary?"])
        return _numeric_fact(rng, (kind, number), question, number, options)
    if kind == "pow":
        exponent, added = rng.randint(0, 9), rng.randint(0, 9)
        question = f"What is 2 ** {exponent} + {added}?"
        return _numeric_fact(rng, (kind, exponent, added), question, 2**exponent + added, options)
    value, shift = rng.randint(1, 15), rng.randint(1, 3)
    question = f"What does {value} << {shift} evaluate to?"
    return _numeric_fact(rng, (kind, value, shift), question, value << shift, options)
