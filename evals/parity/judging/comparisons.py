"""A parity workload's checks as comparisons, so that they decide a run like any other."""

from __future__ import annotations

from evals.metrics import PARITY_METRICS, Metric
from evals.outcome import Verdict
from evals.parity.findings import ParityCheck, ParityResult
from evals.result import Comparison, Measurement


def comparisons_of(result: ParityResult) -> tuple[Comparison, ...]:
    """Return one deciding comparison for each check; its margin is the limit, its baseline the noise floor."""
    return tuple(_comparison(result.workload, check) for check in result.checks)


def _comparison(workload: str, check: ParityCheck) -> Comparison:
    metric = PARITY_METRICS[check.name]
    return Comparison(
        workload=workload,
        metric=metric,
        filter=check.statistic or None,
        verdict=check.verdict,
        decides=True,
        candidate=_measured(metric, check.value, check),
        baseline=_measured(metric, check.floor, check),
        margin=check.limit,
        reasons=check.reasons if check.verdict is not Verdict.PASS else (),
    )


def _measured(metric: Metric, value: float | None, check: ParityCheck) -> Measurement | None:
    if value is None:
        return None
    return Measurement(metric=metric, filter=check.statistic or None, value=value, n=check.n)
