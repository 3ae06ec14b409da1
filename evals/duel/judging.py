"""What a duel's passes prove."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from statistics import median, stdev

from evals.duel.contenders import Outcome
from evals.duel.curves import curves_of
from evals.duel.echo import assessed
from evals.duel.faults import Finding, finding_of
from evals.duel.headlines import headline_of
from evals.duel.likeness import told_otherwise, unlike
from evals.duel.loads import command_of
from evals.duel.ratios import Estimate, bootstrap, estimate, limit_of, logs_of, verdict_of
from evals.duel.remarks import remarks
from evals.duel.results import CrossCheck, Echo, Pass, Ratio, ServingResult
from evals.duel.settings import ServingSettings, levels, unseen_spread
from evals.duel.stopping import Standing, confidence, counting, deciding, standing
from evals.formatting import about
from evals.metrics import SERVING_METRICS, Direction, Metric
from evals.outcome import Verdict
from evals.spec import Workload
from evals.statistics.power import items_needed_for_mean


def judge_duel(
    workload: Workload,
    settings: ServingSettings,
    outcome: Outcome,
    *,
    cross_checks: Sequence[CrossCheck] = (),
    reproduce: str = "",
) -> ServingResult:
    """Return what a duel's passes prove; the verdict is the worst of the deciding ratios'.

    Everything but the echoes, notes and facts comes from the passes alone, so that a stored duel can be judged again.
    """
    now = standing(settings, outcome.passes, workload.margin)
    echoes = tuple(assessed(echo, outcome.passes) for echo in outcome.echoes)
    decides, ratios = deciding(settings), list[Ratio]()
    for level in levels(settings):
        evidence = _evidence(settings, outcome, now, echoes, level)
        ratios += [_ratio(metric, evidence, workload.margin, metric in decides) for metric in SERVING_METRICS.values()]
    verdict = worst([ratio.verdict for ratio in ratios if ratio.decides])
    told = remarks(outcome.passes, now.given_up, shared=settings.shared_prefix_len > 0)
    return ServingResult(
        workload=workload.name,
        verdict=verdict,
        headline=headline_of(verdict, ratios),
        ratios=tuple(ratios),
        passes=tuple(replace(one, curves={}) for one in outcome.passes),
        stopped=now.stopped or outcome.stopped or "it was broken off before its first look",
        facts=outcome.facts,
        curves=curves_of(settings, outcome.passes),
        echoes=echoes,
        cross_checks=tuple(cross_checks),
        notes=(*outcome.notes, *told),
        reproduce=reproduce or command_of(settings, level=levels(settings)[-1], asked=outcome.asked),
        margin=workload.margin,
    )


def worst(verdicts: Sequence[Verdict | None]) -> Verdict:
    """Return fail if any fails, else inconclusive if any is, else pass; nothing at all decides nothing."""
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS if verdicts else Verdict.INCONCLUSIVE


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Hold what there is to say about one level: rounds that count, and what stands against any verdict.

    unlike: why the sides' work was not the same.
    """

    level: int
    pairs: Sequence[tuple[Pass, Pass]]
    confidence: float
    unseen: float
    is_looked_at: bool
    doubts: tuple[str, ...]
    finding: Finding | None
    unlike: tuple[str, ...]


def _evidence(
    settings: ServingSettings, outcome: Outcome, now: Standing, echoes: Sequence[Echo], level: int
) -> Evidence:
    pairs = counting(outcome.passes, level)
    is_looked_at = 0 < now.look <= len(pairs)
    doubts = [reason for echo in echoes if echo.level == level and echo.limited for reason in echo.reasons]
    if level in now.given_up:
        doubts.append(_given_up(outcome.passes, level))
    seen = pairs[: now.look] if is_looked_at else pairs
    return Evidence(
        level=level,
        pairs=seen,
        confidence=confidence(settings),
        unseen=unseen_spread(settings),
        is_looked_at=is_looked_at,
        doubts=tuple(doubts),
        finding=finding_of(outcome.passes, level),
        unlike=unlike(_both(seen), shared=settings.shared_prefix_len > 0),
    )


def _both(pairs: Sequence[tuple[Pass, Pass]]) -> list[Pass]:
    return [one for pair in pairs for one in pair]


def _given_up(passes: Sequence[Pass], level: int) -> str:
    spoiled = Counter(one.spoiled[0] for one in passes if one.level == level and one.round >= 0 and one.spoiled)
    mostly = f", mostly because {spoiled.most_common(1)[0][0]}" if spoiled else ""
    return f"too many rounds do not count at this level{mostly}"


def _ratio(metric: Metric, evidence: Evidence, margin: float, decides: bool) -> Ratio:
    ours = [one.values.get(metric.name) for one, _ in evidence.pairs]
    theirs = [one.values.get(metric.name) for _, one in evidence.pairs]
    logs = logs_of(ours, theirs) or []
    found = estimate(logs, evidence.confidence, unseen=evidence.unseen) if logs else None
    beside = bootstrap(logs, evidence.confidence)
    verdict, reasons = _judged(metric, logs, found, evidence, margin) if decides else (None, ())
    return Ratio(
        name=metric.name,
        level=evidence.level,
        decides=decides,
        candidate=_median(ours),
        baseline=_median(theirs),
        value=found.value if found else None,
        low=found.interval.low if found and found.interval else None,
        high=found.interval.high if found and found.interval else None,
        confidence=evidence.confidence,
        rounds=tuple(one / other for one, other in zip(ours, theirs, strict=True) if one and other) if logs else (),
        limit=limit_of(metric, margin) if decides else None,
        verdict=verdict,
        reasons=reasons,
        bootstrap_low=beside.low if beside else None,
        bootstrap_high=beside.high if beside else None,
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _judged(
    metric: Metric, logs: Sequence[float], found: Estimate | None, evidence: Evidence, margin: float
) -> tuple[Verdict, tuple[str, ...]]:
    """Return a deciding ratio's verdict and why it is no pass.

    Where the client may have been the limit, nothing is said. Lost answers come before ratios: those that are left
    say nothing about those that are not. So does work that was not the same, or is not told alike.
    """
    if evidence.doubts:
        return Verdict.INCONCLUSIVE, evidence.doubts
    finding = evidence.finding
    if finding is not None and not finding.only_pass:
        return finding.verdict, (finding.reason,)
    partly = () if finding is None else (finding.reason,)
    unfair = (*evidence.unlike, *told_otherwise(metric, _both(evidence.pairs)))
    if found is None or unfair:
        return Verdict.INCONCLUSIVE, (*partly, *(unfair or (_unknown(evidence),)))
    verdict = verdict_of(metric, found.interval, margin) if evidence.is_looked_at else Verdict.INCONCLUSIVE
    if verdict is Verdict.PASS:
        return (Verdict.INCONCLUSIVE, partly) if partly else (verdict, ())
    why = _why(verdict, metric, logs, found, evidence, margin)
    return verdict, (why,) if verdict is Verdict.FAIL else (*partly, why)


def _unknown(evidence: Evidence) -> str:
    if not evidence.pairs:
        return "no round counts"
    return "a server does not tell what this needs (counts of tokens), or no answer had a first token"


def _why(
    verdict: Verdict, metric: Metric, logs: Sequence[float], found: Estimate, evidence: Evidence, margin: float
) -> str:
    limit, rounds = limit_of(metric, margin), len(logs)
    if found.interval is None:
        return f"{rounds} rounds of one value give no interval"
    interval = f"interval [{found.interval.low:.3f}, {found.interval.high:.3f}]"
    level = f"{100 * evidence.confidence:.4g} %"
    if verdict is Verdict.FAIL:
        return f"the whole {level} {interval} is worse than {limit:g}"
    if not evidence.is_looked_at:
        return f"only {rounds} rounds count, fewer than the first look takes"
    gained = log(found.value) if metric.direction is Direction.HIGHER else -log(found.value)
    needed = items_needed_for_mean(abs(log(limit)), stdev(logs), difference=gained)
    more = f"; about {about(needed)} rounds would decide" if needed else ""
    return f"after {rounds} rounds the {level} {interval} lies on both sides of {limit:g}{more}"
