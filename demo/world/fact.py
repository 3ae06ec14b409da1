"""A question with one right answer and its distractors, before options are ordered."""

import random
from dataclasses import dataclass

NEARBY_OFFSETS = (-10, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 10, 20, -20, 6, -6, 7, 11, -11)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A question, its right answer and wrong ones; `key` decides the side of the split."""

    key: tuple[object, ...]
    question: str
    right: str
    wrong: tuple[str, ...]


def numbers_near(rng: random.Random, value: int, count: int) -> tuple[int, ...]:
    """Draw `count` different numbers near `value`, none of them negative or equal to it."""
    found: set[int] = set()
    while len(found) < count:
        candidate = value + rng.choice(NEARBY_OFFSETS)
        if candidate != value and candidate >= 0:
            found.add(candidate)
    return tuple(found)
