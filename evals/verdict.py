"""Combine a run's comparisons and the fate of its jobs into one verdict and one headline: the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evals.formatting import difference, margin, metric_name, one_line, plural
from evals.result import Comparison, Report, SideSummary, Verdict

UNSUCCESSFUL_STATES = frozenset({"failed", "cancelled"})

WORDS = {
    Verdict.PASS: "Passed",
    Verdict.FAIL: "Failed",
    Verdict.INCONCLUSIVE: "Inconclusive",
    Verdict.INCOMPARABLE: "Not comparable",
    Verdict.ERROR: "Error",
}


class Judgement(NamedTuple):
    """A verdict, the sentence that says it, and the reasons behind it."""

    verdict: Verdict
    headline: str
    reasons: tuple[str, ...] = ()


def build_report(
    *,
    run_id: str,
    suite: str,
    comparisons: Sequence[Comparison],
    candidate: SideSummary,
    baseline: SideSummary,
    created_at: str,
    plumbline_version: str,
) -> Report:
    """Return the report that is saved once; `created_at` is an ISO 8601 time with its zone."""
    judgement = judge(comparisons, (candidate, baseline))
    return Report(
        run_id=run_id,
        suite=suite,
        verdict=judgement.verdict,
        headline=judgement.headline,
        comparisons=tuple(comparisons),
        candidate=candidate,
        baseline=baseline,
        created_at=created_at,
        plumbline_version=plumbline_version,
        reasons=judgement.reasons,
    )


def judge(comparisons: Sequence[Comparison], sides: Sequence[SideSummary]) -> Judgement:
    """Return the worst answer: a failed job, then incomparable, fail, inconclusive, and pass only if all passed."""
    errors = tuple(_job_error(side) for side in sides if _failed(side))
    if errors:
        return Judgement(Verdict.ERROR, errors[0], errors)
    deciding = [comparison for comparison in comparisons if comparison.decides]
    if not deciding:
        message = "nothing was measured that could decide"
        return Judgement(Verdict.ERROR, message, (message,))
    for verdict in (Verdict.INCOMPARABLE, Verdict.FAIL, Verdict.INCONCLUSIVE):
        concerned = [comparison for comparison in deciding if comparison.verdict is verdict]
        if concerned:
            return Judgement(verdict, _headline(verdict, concerned), _reasons(concerned))
    return Judgement(Verdict.PASS, _pass_headline(deciding))


def _failed(side: SideSummary) -> bool:
    # A job that succeeded on its second attempt may still carry the error of its first.
    return side.state in UNSUCCESSFUL_STATES or (side.error is not None and side.state != "succeeded")


def _job_error(side: SideSummary) -> str:
    if side.error is None:
        return f"the {side.role} ({one_line(side.engine, 40)}) did not finish: its job is {one_line(side.state, 40)}"
    message = one_line(str(side.error.get("message", "no message was recorded")), 300)
    return f"the {side.role} ({one_line(side.engine, 40)}) failed: {message}"


def _headline(verdict: Verdict, concerned: Sequence[Comparison]) -> str:
    first, more = concerned[0], len(concerned) - 1
    also = f" (and {plural(more, 'more workload')})" if more else ""
    name = one_line(first.workload, 60)
    if verdict is Verdict.INCOMPARABLE:
        reason = first.reasons[0] if first.reasons else "no reason was recorded"
        return f"{name} cannot be compared: {reason}{also}"
    if verdict is Verdict.FAIL:
        return f"{name} is worse than the baseline: {difference(first)} with a margin of {margin(first)}{also}"
    n = first.candidate.n if first.candidate else 0
    return f"{plural(n, 'item')} cannot decide {name}: {difference(first)} with a margin of {margin(first)}{also}"


def _pass_headline(deciding: Sequence[Comparison]) -> str:
    if len(deciding) > 1:
        return f"all {len(deciding)} workloads are within their margins of the baseline"
    only = deciding[0]
    return f"{one_line(only.workload, 60)} is within the margin of {margin(only)}: {difference(only)}"


def _reasons(concerned: Sequence[Comparison]) -> tuple[str, ...]:
    return tuple(
        f"{one_line(comparison.workload, 60)} ({metric_name(comparison.metric.name, comparison.filter)}): {reason}"
        for comparison in concerned
        for reason in comparison.reasons
    )
