"""One word problem while it is being told: its sentences, its solution steps and its key."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Option = TypeVar("Option")


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who and what a word problem is about."""

    hero: str
    friend: str
    third: str
    things: str
    groups: str


def calculate(left: int, operator: str, right: int) -> int:
    """Return `left operator right` in whole numbers; division by zero gives 0."""
    results = {"+": left + right, "-": left - right, "*": left * right, "/": left // right if right else 0}
    return results[operator]


class Story:
    """Draw choices at random and remember those that decide which side of the split the problem is on."""

    def __init__(self, rng: random.Random, family: str, scale: int) -> None:
        self.rng = rng
        self.scale = scale
        self.key: list[object] = [family]
        self.sentences: list[str] = []
        self.steps: list[str] = []

    def number(self, low: int, high: int) -> int:
        """Draw a number of the key; `scale` stretches the upper end."""
        value = self.rng.randint(low, int(high * self.scale))
        self.key.append(value)
        return value

    def pick(self, options: Sequence[Option]) -> Option:
        """Draw one option; its index joins the key."""
        index = self.rng.randrange(len(options))
        self.key.append(index)
        return options[index]

    def tell(self, sentence: str) -> None:
        """Add a sentence to the question."""
        self.sentences.append(sentence)

    def work(self, left: int, operator: str, right: int, sentence: str) -> int:
        """Add a solution step with GSM8K's calculator mark in place of `@` and return its result."""
        result = calculate(left, operator, right)
        mark = f"{left} {operator} {right} = <<{left}{operator}{right}={result}>>{result}"
        self.steps.append(sentence.replace("@", mark))
        return result
