"""Errors of many positions, drawn at random, and their judgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evals.outcome import Verdict
from evals.parity.findings import Spread
from evals.parity.judging.fixed import within
from evals.parity.judging.positions import Positions
from evals.parity.judging.severity import worst_of

PROMPTS, EACH = 30, 100
FACTOR = 3.0
Change = Callable[[np.ndarray, np.ndarray], np.ndarray]


def positions(scale: float, change: Change | None = None, *, prompts: int = PROMPTS, each: int = EACH) -> Positions:
    """Positions of which both sides' errors come from one distribution; change: of the candidate's, by owner."""
    rng = np.random.default_rng(3)
    owner = np.repeat(np.arange(prompts), each)
    ours, floor = (scale * np.abs(rng.standard_t(4, len(owner))) for _ in range(2))
    if change is not None:
        ours = change(ours, owner)
    nothing = np.zeros(len(owner))
    return Positions(
        prompts=tuple(f"{'text' if index < prompts // 2 else 'code'}/{index}" for index in range(prompts)),
        owner=owner,
        position=np.tile(np.arange(each), prompts),
        ours=ours,
        theirs=nothing,
        kl=nothing,
        agrees=nothing == 0,
        floor=floor,
        kl_floor=nothing,
        agrees_floor=nothing == 0,
    )


def fixed(found: Positions, tolerance: float) -> tuple[Verdict, tuple[Spread, ...]]:
    spreads = within(replace(found, floor=None), tolerance)
    return worst_of(one.verdict for one in spreads if one.verdict is not None), spreads


def by_name(spreads: tuple[Spread, ...], name: str, group: str = "all") -> Spread:
    return next(one for one in spreads if (one.name, one.group) == (name, group))
