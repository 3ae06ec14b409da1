"""Combine a run's comparisons and the fate of its jobs into one verdict and one headline: the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from evals.deciding import is_worse
from evals.duel.results import ServingResult
from evals.engine_checks.comparison import headline_of
from evals.family import hold_family
from evals.formatting import difference, margin, one_line, plural
from evals.metrics import Kind
from evals.parity.findings import ParityResult
from evals.reasons import by_weight, reasons_of, reasons_to_pass
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
    parity: Sequence[ParityResult] = (),
    companions: Sequence[SideSummary] = (),
    serving: Sequence[ServingResult] = (),
    duel: SideSummary | None = None,
) -> Report:
    """Return the report that is saved once; `created_at` is an ISO 8601 time with its zone.

    What became of companions decides nothing: parity says what it could not measure without them. duel: the job that
    measured serving workloads; it stands among the companions, but a failed one makes the run an error.
    """
    duels = () if duel is None else (duel,)
    comparisons = hold_family(comparisons)
    judgement = judge(comparisons, (candidate, baseline, *duels), parity, serving)
    return Report(
        run_id=run_id,
        suite=suite,
        verdict=judgement.verdict,
        headline=judgement.headline,
        comparisons=comparisons,
        candidate=candidate,
        baseline=baseline,
        created_at=created_at,
        plumbline_version=plumbline_version,
        reasons=judgement.reasons,
        parity=tuple(parity),
        companions=(*companions, *duels),
        serving=tuple(serving),
    )


def judge(
    comparisons: Sequence[Comparison],
    sides: Sequence[SideSummary],
    parity: Sequence[ParityResult] = (),
    serving: Sequence[ServingResult] = (),
) -> Judgement:
    """Return the worst answer: a failed job, then incomparable, fail, inconclusive, and pass only if all passed.

    The reasons are in order of weight (see `evals.reasons`), those behind a lesser verdict too. parity, serving: the
    results behind the comparisons of such workloads; they and engine checks have headlines of their own.
    """
    told = {result.workload: one_line(result.headline, 400) for result in parity}
    told |= {result.workload: one_line(result.headline, 400) for result in serving}
    checks = [comparison for comparison in comparisons if comparison.metric.kind is Kind.CHECK]
    told |= {check.workload: one_line(headline_of(check), 400) for check in checks}
    errors = tuple(_job_error(side) for side in sides if _failed(side))
    if errors:
        return Judgement(Verdict.ERROR, errors[0], errors)
    deciding = by_weight(_without_overruled([comparison for comparison in comparisons if comparison.decides]))
    if not deciding:
        message = "nothing was measured that could decide"
        return Judgement(Verdict.ERROR, message, (message,))
    for verdict in (Verdict.INCOMPARABLE, Verdict.FAIL, Verdict.INCONCLUSIVE):
        concerned = [comparison for comparison in deciding if comparison.verdict is verdict]
        if concerned:
            return Judgement(verdict, _headline(verdict, concerned, told), reasons_of(deciding))
    return Judgement(Verdict.PASS, _pass_headline(deciding, told), reasons_to_pass(deciding, told))


def _without_overruled(deciding: Sequence[Comparison]) -> list[Comparison]:
    """Leave out what a failed parity check outweighs: what could not be compared is no excuse for a fault."""
    failed = {one.workload for one in deciding if one.metric.kind is Kind.PARITY and one.verdict is Verdict.FAIL}
    return [one for one in deciding if one.workload not in failed or one.verdict in (Verdict.FAIL, Verdict.PASS)]


def _failed(side: SideSummary) -> bool:
    # A job that succeeded on its second attempt may still carry the error of its first.
    return side.state in UNSUCCESSFUL_STATES or (side.error is not None and side.state != "succeeded")


def _job_error(side: SideSummary) -> str:
    if side.error is None:
        return f"the {side.role} ({one_line(side.engine, 40)}) did not finish: its job is {one_line(side.state, 40)}"
    message = one_line(str(side.error.get("message", "no message was recorded")), 300)
    return f"the {side.role} ({one_line(side.engine, 40)}) failed: {message}"


def _headline(verdict: Verdict, concerned: Sequence[Comparison], told: Mapping[str, str]) -> str:
    first = concerned[0]
    names = [comparison.workload for comparison in concerned]
    more = len(set(names) & told.keys()) + sum(name not in told for name in names) - 1
    also = f" (and {plural(more, 'more workload')})" if more else ""
    name = one_line(first.workload, 60)
    if first.workload in told:
        return told[first.workload] + also
    if verdict is Verdict.INCOMPARABLE:
        reason = first.reasons[0] if first.reasons else "no reason was recorded"
        return f"{name} cannot be compared: {reason}{also}"
    if verdict is Verdict.FAIL:
        return f"{name} is worse than the baseline: {difference(first)} with a margin of {margin(first)}{also}"
    n = first.candidate.n if first.candidate else 0
    if is_worse(first):
        told_apart = f"{plural(n, 'item')} cannot decide whether by more than the margin of {margin(first)}"
        return f"{name} is worse than the baseline ({difference(first)}), but {told_apart}{also}"
    return f"{plural(n, 'item')} cannot decide {name}: {difference(first)} with a margin of {margin(first)}{also}"


def _pass_headline(deciding: Sequence[Comparison], told: Mapping[str, str]) -> str:
    accuracy = [comparison for comparison in deciding if comparison.workload not in told]
    return "; ".join([*told.values(), *([_accuracy_headline(accuracy)] if accuracy else [])])


def _accuracy_headline(deciding: Sequence[Comparison]) -> str:
    if len(deciding) > 1:
        return f"all {len(deciding)} workloads are within their margins of the baseline"
    only = deciding[0]
    return f"{one_line(only.workload, 60)} is within the margin of {margin(only)}: {difference(only)}"
