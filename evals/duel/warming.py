"""When a server is warm: compiled, captured, filled, and as quick as it was just before."""

from __future__ import annotations

from evals.duel.results import Pass
from evals.duel.stopping import DECIDING, lost

AGREE = 0.10


def agree(one: Pass, other: Pass) -> bool:
    """Tell whether two passes are within 10 % of each other in all deciding figures that they have."""
    return all(_near(one.values.get(metric.name), other.values.get(metric.name)) for metric in DECIDING)


def is_warm(warmups: list[Pass]) -> bool:
    """Tell whether the last two warm-ups agree, or the last one shows that nothing will come of more."""
    return bool(warmups) and (lost(warmups[-1]) or (len(warmups) > 1 and agree(*warmups[-2:])))


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= AGREE * max(one, other)
