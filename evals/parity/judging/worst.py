"""The positions at which two sides differ most, with their tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import isfinite

import numpy as np

from evals.parity.findings import WorstPosition
from evals.parity.judging.positions import Positions
from evals.parity.records import Record

SHOWN = 10
SHOWN_OF_A_PROMPT = 3
TOKENS_BEFORE = 8


def worst_positions(
    positions: Positions, records: Mapping[str, Record], spell: Callable[[Sequence[int]], str]
) -> tuple[WorstPosition, ...]:
    """Return at most ten positions, the largest error first and no more than three of one prompt."""
    taken: Counter[int] = Counter()
    found: list[WorstPosition] = []
    for place in np.argsort(-np.nan_to_num(positions.error, nan=np.inf), kind="stable"):
        owner = int(positions.owner[place])
        if len(found) == SHOWN or taken[owner] == SHOWN_OF_A_PROMPT:
            continue
        taken[owner] += 1
        found.append(_position(positions, int(place), records[positions.prompts[owner]], spell))
    return tuple(found)


def _position(positions: Positions, place: int, record: Record, spell: Callable[[Sequence[int]], str]) -> WorstPosition:
    position = int(positions.position[place])
    ids = record.prompt_ids
    return WorstPosition(
        prompt=record.prompt,
        mode=record.mode.value,
        position=position,
        of=len(ids),
        token=spell(ids[position : position + 1]),
        before=spell(ids[max(0, position - TOKENS_BEFORE) : position]),
        candidate=_number(positions.ours[place]),
        reference=_number(positions.theirs[place]),
        floor=None if positions.floor is None else _number(positions.floor[place]),
    )


def _number(value: float) -> float | None:
    return float(value) if isfinite(value) else None
