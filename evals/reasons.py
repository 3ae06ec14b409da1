"""A verdict's reasons in order of weight: what could not be compared, what failed and by how much, what stays open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evals.formatting import difference, margin, metric_name, one_line
from evals.metrics import Direction, Kind
from evals.result import Comparison, Verdict

_CHECKED = (Kind.PARITY, Kind.CHECK)


def by_weight(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return comparisons with the heaviest first; equal ones stay in their order.

    What could not be compared; what failed, the furthest beyond its margin first; failed checks; what could not be
    decided, and what passed, the nearest to failing first.
    """
    return sorted(comparisons, key=_weight)


def reasons_of(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    """Return the reasons of what did not pass, in the order of the comparisons, each with its workload and metric."""
    return tuple(
        f"{one_line(comparison.workload, 60)} ({_metric(comparison)}): {reason}"
        for comparison in comparisons
        if comparison.verdict is not Verdict.PASS
        for reason in comparison.reasons
    )


def reasons_to_pass(comparisons: Sequence[Comparison], told: Mapping[str, str]) -> tuple[str, ...]:
    """Return the reasons of what passed; where none is told, that the interval lies within the margin.

    told: the sentences of workloads that have their own.
    """
    plain = [one for one in comparisons if one.workload not in told]
    return (*(reason for one in plain for reason in _passing(one)), *told.values())


def _passing(comparison: Comparison) -> list[str]:
    name = f"{one_line(comparison.workload, 60)} ({_metric(comparison)})"
    within = f"the whole 95 % interval lies within the margin of {margin(comparison)}: {difference(comparison)}"
    return [f"{name}: {reason}" for reason in comparison.reasons or (within,)]


def beyond(comparison: Comparison) -> float | None:
    """Return how far the interval's near end lies beyond the margin, in margins; None without margin or interval.

    The near end is the better one of a failure and the worse one of everything else: positive numbers are losses.
    """
    low, high, allowed = comparison.low, comparison.high, comparison.margin
    if low is None or high is None or not allowed:
        return None
    better, worse = (high, low) if comparison.metric.direction is Direction.HIGHER else (-low, -high)
    return (-allowed - (better if comparison.verdict is Verdict.FAIL else worse)) / allowed


def _weight(comparison: Comparison) -> tuple[int, float]:
    if comparison.verdict is Verdict.INCOMPARABLE:
        return 0, 0.0
    loss = -(beyond(comparison) or 0.0)
    if comparison.verdict is Verdict.FAIL:
        return (2, 0.0) if comparison.metric.kind in _CHECKED else (1, loss)
    return (4, loss) if comparison.verdict is Verdict.PASS else (3, loss)


def _metric(comparison: Comparison) -> str:
    if comparison.metric.kind is Kind.PARITY:
        return one_line(comparison.metric.title, 80)
    if comparison.metric.kind is Kind.PERFORMANCE:
        return one_line(f"{comparison.metric.title} at {comparison.filter}", 80)
    return metric_name(comparison.metric.name, comparison.filter)
