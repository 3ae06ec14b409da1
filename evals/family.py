"""The workloads of one run judged together: a run fails by a single one, so that their errors add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evals.outcome import Verdict
from evals.result import Comparison
from evals.statistics.families import holm
from evals.statistics.interval import CONFIDENCE

ERROR = (1 - CONFIDENCE) / 2
"""How often a comparison at the very margin may fail, and pass: an interval of 95 % leaves that on either side."""


def hold_family(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Take back fails that several deciding comparisons bring about by chance, by Holm's method; keep the order.

    The family is every deciding comparison with a p value (`Comparison.p_fail`): a run whose models are all within
    their margins then fails with a probability of at most 2.5 %, as a single workload does. A pass needs no such
    correction: a run passes only when all its workloads do, which is no likelier than that the bad one does
    (Berger 1982, Technometrics 24:295-300). Parity, engine checks and duels have rules of their own.
    """
    family = [(place, one.p_fail) for place, one in enumerate(comparisons) if one.decides and one.p_fail is not None]
    adjusted = dict(zip((place for place, _ in family), holm([p for _, p in family]), strict=True))
    return tuple(
        _taken_back(one, adjusted[place], len(family))
        if one.verdict is Verdict.FAIL and adjusted.get(place, 0.0) > ERROR
        else one
        for place, one in enumerate(comparisons)
    )


def _taken_back(comparison: Comparison, adjusted: float, tests: int) -> Comparison:
    reason = (
        f"by itself it would fail, but among {tests} deciding workloads one does so by chance too often: "
        f"p = {comparison.p_fail:.2g}, by Holm's method {adjusted:.2g}, and a fail needs at most {ERROR:.3g}"
    )
    return replace(comparison, verdict=Verdict.INCONCLUSIVE, reasons=(reason, *comparison.reasons))
