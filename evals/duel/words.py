"""A duel's numbers in words."""

from __future__ import annotations

from collections.abc import Sequence


def at_level(level: int) -> str:
    """Return a level in words: "8 in flight"; of a load with a rate, "the given rate"."""
    return f"{level:,} in flight" if level else "the given rate"


def listed(numbers: Sequence[int]) -> str:
    """Return numbers as "6, 10 and 24"."""
    words = [f"{number:,}" for number in numbers]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
