"""Where two answers part, in words and as the characters to be marked; pure."""

from __future__ import annotations

from dataclasses import dataclass

from evals.explain import Divergence, Splitter, divergence

LONG = 100_000
"""From so many characters on, texts are compared by tokens or words only around the first unequal character."""

_AROUND = 400


@dataclass(frozen=True, kw_only=True)
class Parting:
    """Say from which character to which each side differs first, and where that is in words."""

    candidate: tuple[int, int]
    baseline: tuple[int, int]
    words: str


def parting(
    ours: str, theirs: str, *, names: tuple[str, str] = ("candidate", "baseline"), tokens: Splitter | None = None
) -> Parting | None:
    """Return where two texts part; None for equal ones. tokens: splits by the model's own tokenizer."""
    if len(ours) + len(theirs) <= LONG:
        return _in_words(divergence(ours, theirs, tokens=tokens), 0, names, count=True)
    first = _first_unequal(ours, theirs)
    begin = max(0, first - _AROUND)
    window = divergence(ours[begin : first + _AROUND], theirs[begin : first + _AROUND])
    return _in_words(window, begin, names, count=False)


def _in_words(found: Divergence | None, begin: int, names: tuple[str, str], *, count: bool) -> Parting | None:
    if found is None:
        return None
    start = begin + found.character
    sides = (found.candidate, found.baseline)
    ends = [name for name, side in zip(names, sides, strict=True) if not side.differing]
    place = f"{found.unit} {found.position + 1:,}, character {start + 1:,}" if count else f"character {start + 1:,}"
    ended = f"; the answer of the {ends[0]} ends there" if ends else ""
    ours, theirs = ((start, start + len(side.differing)) for side in sides)
    return Parting(candidate=ours, baseline=theirs, words=f"The answers part at {place}{ended}.")


def _first_unequal(ours: str, theirs: str) -> int:
    """Return the first place at which two texts differ, found by halving: slices are compared many times faster."""
    low, high = 0, min(len(ours), len(theirs))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if ours[low:middle] == theirs[low:middle] else (low, middle - 1)
    return low
