"""Judge what a run's duel has measured, out of its stored passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from db.claims import wanted_gpus
from db.codec import from_json
from db.jobs import JobRecord
from db.passes import passes_of
from evals.duel.contenders import Outcome
from evals.duel.cross_check import in_order
from evals.duel.headlines import headline_of
from evals.duel.judging import judge_duel, worst
from evals.duel.results import BASELINE, CANDIDATE, CrossCheck, Pass, Ratio, ServingResult
from evals.duel.rules import settled
from evals.duel.settings import levels, serving_settings
from evals.metrics import SERVING_METRICS
from evals.outcome import Verdict
from evals.spec import JobSpec, Workload
from workers.duel import cross_check_fact, outcome_fact
from workers.sides import duel_fingerprints


def judged_duel(session: Session, workload: Workload, duel: JobRecord) -> ServingResult:
    """Return what a serving workload found; the duel's job has succeeded.

    Passes of earlier attempts do not count. Sides with other model files or other hardware are incomparable. One remote
    side leaves it undecided: nobody knows whether it has the other's hardware.
    """
    differing = duel_fingerprints(duel, workload).differing
    told = duel.facts[outcome_fact(workload)]
    outcome = from_json(Outcome, {"passes": (), **told, "facts": dict(told["facts"])})
    outcome = replace(outcome, passes=passes_of(session, duel.id, workload.name))
    outcome = replace(outcome, notes=(*outcome.notes, *unwatched(wanted_gpus(duel), outcome.passes)))
    if differing:
        return _incomparable(workload, outcome, differing)
    stored = from_json(list[CrossCheck], duel.facts.get(cross_check_fact(workload), []))
    crossed = [in_order(check) for check in stored]
    chosen = settled(workload, duel.spec.engine, duel.spec.opponent or duel.spec.engine)
    result = judge_duel(workload, chosen, outcome, cross_checks=crossed)
    return with_remotes(result, remote_sides(duel.spec))


def unwatched(gpus: int, passes: Sequence[Pass]) -> tuple[str, ...]:
    """Return what to say of measured passes beside which no GPU told anything; gpus: how many the duel held. Pure."""
    measured = [one for one in passes if one.round >= 0]
    silent = sum(not one.gpus for one in measured)
    if not gpus or not silent:
        return ()
    when = "" if silent == len(measured) else f" in {silent} of {len(measured)} passes"
    return (f"the GPUs were not watched{when}: throttling and other users of them would not have been noticed",)


def remote_sides(spec: JobSpec) -> tuple[str, ...]:
    """Return which sides of a duel are remote engines."""
    engines = {CANDIDATE: spec.engine, BASELINE: spec.opponent}
    return tuple(side for side, engine in engines.items() if engine is not None and engine.kind == "remote")


def with_remotes(result: ServingResult, sides: Sequence[str]) -> ServingResult:
    """Return a result that says what its remote sides leave open; one of them makes it undecided. Pure."""
    if len(sides) == 2:
        return replace(result, notes=(*result.notes, "neither rested; the hardware of remote engines is not known"))
    if not sides:
        return result
    reason = f"the {sides[0]} is a remote engine: its hardware is not known, and it did not rest"
    ratios = tuple(
        replace(ratio, verdict=Verdict.INCONCLUSIVE, reasons=(reason, *ratio.reasons)) if ratio.decides else ratio
        for ratio in result.ratios
    )
    verdict = worst([ratio.verdict for ratio in ratios if ratio.decides])
    return replace(result, ratios=ratios, verdict=verdict, headline=headline_of(verdict, ratios))


def _incomparable(workload: Workload, outcome: Outcome, reasons: tuple[str, ...]) -> ServingResult:
    ratio = Ratio(
        name=next(iter(SERVING_METRICS)),
        level=levels(serving_settings(workload))[0],
        decides=True,
        candidate=None,
        baseline=None,
        value=None,
        low=None,
        high=None,
        confidence=0.95,
        rounds=(),
        limit=None,
        verdict=Verdict.INCOMPARABLE,
        reasons=reasons,
    )
    return ServingResult(
        workload=workload.name,
        verdict=Verdict.INCOMPARABLE,
        headline=f"{workload.name} cannot be compared: {reasons[0]}",
        ratios=(ratio,),
        passes=outcome.passes,
        stopped=outcome.stopped,
        facts=outcome.facts,
        notes=outcome.notes,
        margin=workload.margin,
    )
