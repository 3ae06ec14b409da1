"""Judge what a run's duel has measured, out of its stored passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from db.codec import from_json
from db.jobs import JobRecord
from db.passes import passes_of
from evals.duel.contenders import Outcome
from evals.duel.cross_check import in_order
from evals.duel.judging import judge_duel
from evals.duel.results import BASELINE, CANDIDATE, CrossCheck, Ratio, ServingResult
from evals.duel.settings import levels, serving_settings
from evals.metrics import SERVING_METRICS
from evals.outcome import Verdict
from evals.spec import Workload
from workers.duel import cross_check_fact, outcome_fact
from workers.duel_servers import SIDES
from workers.gpus import REMOTE_HARDWARE

_WORDS = {
    "model_files": "the model files differ",
    "hardware": "the candidate ran on {ours}, the baseline on {theirs}",
}
"""The facts of both sides that must be equal, and what is said when they are not."""


def judged_duel(session: Session, workload: Workload, duel: JobRecord) -> ServingResult:
    """Return what a serving workload found; the duel's job has succeeded.

    Passes of earlier attempts do not count. Sides with other model files or other hardware are incomparable.
    """
    differing = differences(duel.facts.get(SIDES, {}))
    told = duel.facts[outcome_fact(workload)]
    outcome = from_json(Outcome, {"passes": (), **told, "facts": dict(told["facts"])})
    outcome = replace(outcome, passes=passes_of(session, duel.id, workload.name))
    if differing:
        return _incomparable(workload, outcome, differing)
    stored = from_json(list[CrossCheck], duel.facts.get(cross_check_fact(workload), []))
    crossed = [in_order(check) for check in stored]
    return judge_duel(workload, serving_settings(workload), outcome, cross_checks=crossed)


def differences(sides: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return why two sides cannot be compared; what is not known of one is no reason. Pure."""
    ours, theirs = sides.get(CANDIDATE, {}), sides.get(BASELINE, {})
    known = [name for name in _WORDS if {ours.get(name), theirs.get(name)}.isdisjoint({None, REMOTE_HARDWARE})]
    return tuple(
        _WORDS[name].format(ours=ours[name], theirs=theirs[name]) for name in known if ours[name] != theirs[name]
    )


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
