"""Two servers' log-probabilities of the same prompts, held against each other position by position."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from evals.parity.records import Observation

COLUMNS = 120
"""How many columns a strip has at most; a column of a long prompt stands for several positions."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One prompt's differences in nats: the largest in each column, None where a column has no finite one.

    first: the first position that both sides scored. worst: the largest of all, at position worst_at.
    """

    prompt: str
    first: int
    positions: int
    columns: tuple[float | None, ...]
    median: float
    worst: float
    worst_at: int


@dataclass(frozen=True, kw_only=True)
class Strips:
    """Hold the strips, those that differ most first, and why other prompts have none."""

    strips: tuple[Strip, ...]
    reasons: tuple[str, ...]


def strips_of(ours: Observation, theirs: Observation, names: tuple[str, str]) -> Strips:
    """Return a strip for each prompt that both sides were asked alone and saw as the same tokens."""
    from evals.parity.judging.pairing import line_up, records_of, scores

    lineup = line_up(records_of(ours), records_of(theirs), names, partly=True)
    found = []
    for pair in lineup.pairs:
        if len(pair.positions):
            close = scores(pair, 1)
            gaps = [abs(a - b) for a, b in zip(close.ours.tolist(), close.theirs.tolist(), strict=True)]
            strip = _strip(pair.ours.prompt, close.positions.tolist(), gaps)
            found += [strip] if strip else []
    found.sort(key=lambda one: (-one.worst, one.prompt))
    reasons = lineup.reasons if lineup.pairs or lineup.reasons else ("no prompt was put to both",)
    return Strips(strips=tuple(found), reasons=reasons)


def _strip(prompt: str, positions: list[int], gaps: list[float]) -> Strip | None:
    known = [(gap, position) for gap, position in zip(gaps, positions, strict=True) if isfinite(gap)]
    if not known:
        return None
    count = min(COLUMNS, len(gaps))
    edges = [len(gaps) * place // count for place in range(count + 1)]
    parts = [[gap for gap in gaps[begin:end] if isfinite(gap)] for begin, end in pairwise(edges)]
    worst, worst_at = max(known)
    ordered = sorted(gap for gap, _ in known)
    return Strip(
        prompt=prompt,
        first=positions[0],
        positions=len(positions),
        columns=tuple(max(part, default=None) for part in parts),
        median=ordered[len(ordered) // 2],
        worst=worst,
        worst_at=worst_at,
    )
