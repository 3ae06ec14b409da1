"""When a server is warm: compiled, captured, filled, and as quick as it was just before."""

from __future__ import annotations

from collections.abc import Sequence

from evals.duel.results import Pass
from evals.duel.stopping import lost
from evals.metrics import Metric

AGREE = 0.10


def agree(one: Pass, other: Pass, metrics: Sequence[Metric]) -> bool:
    """Tell whether two passes are within 10 % of each other in all deciding figures that they have; they need one."""
    names = [metric.name for metric in metrics]
    is_known = any(one.values.get(name) is not None for name in names)
    return is_known and all(_near(one.values.get(name), other.values.get(name)) for name in names)


def is_warm(passes: Sequence[Pass], metrics: Sequence[Metric]) -> bool:
    """Tell whether the last two passes of a side at a level agree, and gave most of their answers."""
    last = passes[-2:]
    return len(last) == 2 and not any(lost(one) for one in last) and agree(last[0], last[1], metrics)


def is_hopeless(warmups: Sequence[Pass]) -> bool:
    """Tell whether the last warm-up broke, so that nothing will come of more of them."""
    return bool(warmups) and lost(warmups[-1])


def cold(side: str) -> str:
    """Return why a pass of a side that is not warm cannot count."""
    return f"the {side} was not warm: no two passes in a row agreed within {AGREE:.0%}"


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= AGREE * max(one, other)
