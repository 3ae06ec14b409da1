"""What a submission could see, before it runs: how many items, and which drop they would fail."""

from __future__ import annotations

from dataclasses import dataclass

from evals.accuracy.sizes import items_asked
from evals.spec import Workload
from evals.workload_kinds import has_items

DISCORDANCE = 0.1
"""The share of items that one side alone gets right which is assumed, since it is only known after a run."""


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """Hold what is known of a workload beforehand.

    items: that each side is asked; None when only the run will know. detectable: the smallest true drop, a share, that
    so many items fail four times in five, if the sides differ on DISCORDANCE of them. needed: how many items pass the
    margin four times in five when nothing is worse. unknown: why there are no such numbers, "" when there are.
    """

    workload: Workload
    items: int | None
    detectable: float | None
    needed: int | None
    unknown: str


def foresee(workload: Workload) -> Foresight:
    """Return what a workload could see."""
    from evals.statistics.power import detectable_drop, items_needed

    if not has_items(workload.benchmark):
        return Foresight(workload=workload, items=None, detectable=None, needed=None, unknown=_WITHOUT_ITEMS)
    items = items_asked(workload)
    needed = items_needed(workload.margin, DISCORDANCE)
    drop = detectable_drop(items, DISCORDANCE, margin=workload.margin) if items else None
    unknown = "" if items else "how many items there are is known once the run has read its dataset"
    return Foresight(workload=workload, items=items, detectable=drop, needed=needed, unknown=unknown)


_WITHOUT_ITEMS = "it has no items: what decides are positions, rounds or findings"
