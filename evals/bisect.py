"""Find the first bad commit of a line by halving it, with steps that may stay open; pure.

Commits are places on a line, oldest first. The first is taken for good and the last for bad until a run says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, log2

from evals.outcome import Verdict


class Outcome(StrEnum):
    """What a commit's run said of it; OPEN when it could not be told."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Search:
    """Hold a line of at least two commits and what is known of them, by place.

    verify: whether both ends are run too, the bad one first.
    """

    length: int
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    verify: bool = False


def outcome_of(verdict: Verdict | None) -> Outcome:
    """Return what a run's verdict says of its commit: only a pass is good and only a fail is bad."""
    return {Verdict.PASS: Outcome.GOOD, Verdict.FAIL: Outcome.BAD}.get(verdict or Verdict.ERROR, Outcome.OPEN)


def suspects(search: Search) -> tuple[int, int]:
    """Return the first and the last place at which the first bad commit may lie; equal when it is found."""
    good = max((place for place, outcome in search.outcomes.items() if outcome is Outcome.GOOD), default=0)
    bad = (place for place, outcome in search.outcomes.items() if outcome is Outcome.BAD and place > good)
    return good + 1, min(bad, default=search.length - 1)


def contradiction(search: Search) -> str | None:
    """Say why there is nothing to find between the ends, if a run of one of them has shown it."""
    first, last = search.outcomes.get(0), search.outcomes.get(search.length - 1)
    if last is Outcome.GOOD:
        return "the bad end passes: what was asked does not show what is looked for"
    if first is Outcome.BAD:
        return "the good end fails too: the first bad commit lies before it"
    if search.verify and Outcome.OPEN in (first, last):
        end = "bad" if last is Outcome.OPEN else "good"
        return f"the {end} end gave neither pass nor fail, so there is nothing to halve by"
    return None


def next_place(search: Search) -> int | None:
    """Return which commit to run next; None when one is found, or nothing is left that could narrow it down.

    It is the middle of the suspects. Behind commits that stayed open the search steps aside, twice as far each time,
    because what breaks one commit often breaks its neighbours.
    """
    if contradiction(search) is not None:
        return None
    unknown = [end for end in (search.length - 1, 0) if search.verify and end not in search.outcomes]
    if unknown:
        return unknown[0]
    low, high = suspects(search)
    inside = range(low, high)
    left = [place for place in inside if place not in search.outcomes]
    if not left:
        return None
    open_ = [place for place in inside if place in search.outcomes]
    away = 2 ** (len(open_) - 1) if open_ else 0
    middle = (low + high - 1) / 2
    while True:
        far = [place for place in left if all(abs(place - other) >= away for other in open_)]
        if far:
            return min(far, key=lambda place: abs(place - middle))
        away //= 2


def runs_left(search: Search) -> int:
    """Return how many further runs halving takes at most, if none of them stays open."""
    low, high = suspects(search)
    ends = sum(end not in search.outcomes for end in (0, search.length - 1)) if search.verify else 0
    return ceil(log2(high - low + 1)) + ends
