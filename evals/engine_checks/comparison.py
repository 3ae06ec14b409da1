"""An engine check's outcome as a comparison, so that it decides a run like any other workload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.engine_checks.outcome import outcome_of, undecided
from evals.metrics import ENGINE_CHECK_METRIC
from evals.outcome import Verdict
from evals.result import Comparison, Measurement

_WORDS = {Verdict.PASS: "passed", Verdict.FAIL: "failed"}


def comparison_of(workload: str, facts: Mapping[str, Any]) -> Comparison:
    """Return the deciding comparison of a check; facts: what the candidate's job stored about it."""
    outcome = outcome_of(facts) or undecided("the check was not run")
    measured = None
    if outcome.n:
        measured = Measurement(metric=ENGINE_CHECK_METRIC, filter=None, value=outcome.passed / outcome.n, n=outcome.n)
    return Comparison(
        workload=workload,
        metric=ENGINE_CHECK_METRIC,
        filter=None,
        verdict=outcome.verdict,
        decides=True,
        candidate=measured,
        baseline=None,
        reasons=outcome.reasons,
    )


def headline_of(comparison: Comparison) -> str:
    """Say in one sentence how a check came out."""
    word = _WORDS.get(comparison.verdict or Verdict.ERROR, "could not decide")
    counted = comparison.candidate
    of = f" ({round(counted.value * counted.n)} of {counted.n})" if counted is not None else ""
    because = f": {comparison.reasons[0]}" if comparison.reasons else ""
    return f"SGLang's own check {comparison.workload} {word}{of}{because}"
