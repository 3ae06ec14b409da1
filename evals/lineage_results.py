"""What a lineage keeps of a run's comparisons: small values by metric, and why a result is only a part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evals.formatting import metric_name
from evals.outcome import Verdict
from evals.result import Comparison
from evals.spec import Role, Workload

_WORST_FIRST = (Verdict.ERROR, Verdict.FAIL, Verdict.INCOMPARABLE, Verdict.INCONCLUSIVE, Verdict.PASS)


def metrics_of(comparisons: Sequence[Comparison], role: Role) -> dict[str, dict[str, Any]]:
    """Return one side's values by "metric,filter".

    value, n, low, high: the side's own, with its 95 % interval. other: the other side's value. difference: the
    candidate minus the baseline, of serving workloads as a share of the baseline. decides: whether the metric does.
    """
    found = {}
    for comparison in comparisons:
        sides = (comparison.candidate, comparison.baseline)
        own, other = sides if role is Role.CANDIDATE else sides[::-1]
        if own is not None:
            found[metric_name(comparison.metric.name, comparison.filter)] = {
                "value": own.value,
                "n": own.n,
                "low": own.low,
                "high": own.high,
                "unit": comparison.metric.unit,
                "direction": comparison.metric.direction.value,
                "kind": comparison.metric.kind.value,
                "decides": comparison.decides,
                "other": other.value if other else None,
                "difference": comparison.difference,
            }
    return found


def verdict_of(comparisons: Sequence[Comparison]) -> Verdict:
    """Return the worst verdict of a workload's deciding comparisons."""
    found = {comparison.verdict for comparison in comparisons if comparison.decides}
    return next((verdict for verdict in _WORST_FIRST if verdict in found), Verdict.ERROR)


def why_partial(workload: Workload) -> str | None:
    """Return why a workload's result is only a part of it; None when all of its items were asked."""
    return None if workload.limit is None else f"only the first {workload.limit:,} items of each task were asked"
