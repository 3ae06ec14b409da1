"""A duel's deciding ratios as comparisons, so that they decide a run like any other."""

from __future__ import annotations

from evals.duel.results import Ratio, ServingResult
from evals.duel.words import at_level
from evals.metrics import SERVING_METRICS, Metric
from evals.outcome import Verdict
from evals.result import Comparison, Measurement


def comparisons_of(result: ServingResult) -> tuple[Comparison, ...]:
    """Return one deciding comparison for each deciding ratio; difference and interval are relative (ratio - 1)."""
    return tuple(_comparison(result, ratio) for ratio in result.ratios if ratio.decides)


def _comparison(result: ServingResult, ratio: Ratio) -> Comparison:
    metric, level = SERVING_METRICS[ratio.name], at_level(ratio.level)
    return Comparison(
        workload=result.workload,
        metric=metric,
        filter=level,
        verdict=ratio.verdict,
        decides=True,
        candidate=_measured(metric, level, ratio.candidate, ratio),
        baseline=_measured(metric, level, ratio.baseline, ratio),
        difference=_relative(ratio.value),
        low=_relative(ratio.low),
        high=_relative(ratio.high),
        margin=result.margin,
        reasons=ratio.reasons if ratio.verdict is not Verdict.PASS else (),
    )


def _relative(ratio: float | None) -> float | None:
    return None if ratio is None else ratio - 1


def _measured(metric: Metric, level: str, value: float | None, ratio: Ratio) -> Measurement | None:
    if value is None:
        return None
    return Measurement(metric=metric, filter=level, value=value, n=len(ratio.rounds))
