"""Baselines: which results were accepted, and who decided so."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import Maintainer, Viewer
from api.fields import Name, Reason, StrictRequest
from api.parameters import RunId
from api.resources import EXAMPLE_RUN_ID, ROOT
from db.baselines import demote, history, list_baselines, promote
from db.promotions import Action, By, PromotionRecord
from db.session import transaction
from evals.lineage import Lineage

router = APIRouter(prefix=ROOT, tags=["baselines"])

LINEAGE = "/models/demo-text | gsm8k@0123456789ab | sglang | 2 x Intel(R) Xeon(R) Processor, 24 GiB"


class LineageResource(BaseModel):
    """The series to which a result belongs; key is its name in addresses."""

    key: str = Field(examples=[LINEAGE])
    model: str
    workload: str = Field(description="Its name, and the beginning of the hash over its settings.")
    engine: str
    hardware: str


class PromotionResource(BaseModel):
    """That a result became a baseline or ceased to be one, and the result."""

    action: Action
    by: By
    actor: str = Field(description="The token's name, or the rule's.")
    reason: str
    at: datetime
    lineage: LineageResource
    run: str = Field(examples=[EXAMPLE_RUN_ID])
    workload: str
    verdict: str | None = Field(description="About the workload; null for a backfilled baseline, which nobody judges.")
    partial: str | None = Field(description="Why no rule would have accepted it; null when it is whole.")
    metrics: dict[str, Any] = Field(description='Value, n and interval by "metric,filter".')
    source_commit: str | None
    fingerprint: dict[str, Any]
    fingerprint_sha256: str
    finished_at: datetime


class PromotionList(BaseModel):
    """Promotions and demotions, the newest first."""

    items: list[PromotionResource]


class DemotionRequest(StrictRequest):
    """Why a run's results shall be baselines no longer; without a workload all of them."""

    reason: Reason
    workload: Name | None = Field(default=None, examples=["gsm8k"])


class PromotionRequest(DemotionRequest):
    """Why a run's results shall be baselines; without a workload all of them."""

    despite_verdict: bool = Field(default=False, description="Whether a failed or incomparable one is meant, too.")


LineageKey = Annotated[str, Query(min_length=1, max_length=2048, examples=[LINEAGE])]


@router.get("/baselines", summary="List the baselines of all lineages")
def baselines(
    token: Viewer,
    model: Annotated[str | None, Query(max_length=1200, description="Only this model's.")] = None,
    lineage: Annotated[str | None, Query(max_length=2048, description="Only this lineage's.")] = None,
) -> PromotionList:
    """Return each lineage's latest accepted result with the promotion that made it the baseline."""
    with transaction() as session:
        return _listed(list_baselines(session, model=model, lineage=lineage))


@router.get("/baselines/history", summary="Show a lineage's promotions and demotions")
def lineage_history(token: Viewer, lineage: LineageKey) -> PromotionList:
    """Return who promoted and demoted what, and why; nothing of it is ever changed."""
    with transaction() as session:
        return _listed(history(session, lineage))


@router.post("/submissions/{run_id}/promote", summary="Make a run's results baselines")
def promote_run(run_id: RunId, body: PromotionRequest, token: Maintainer) -> PromotionList:
    """Accept what the candidate of a finished run measured; the answer is what was added to the history."""
    with transaction() as session:
        added = promote(
            session,
            run_id,
            actor=token.name,
            reason=body.reason,
            workload=body.workload,
            despite_verdict=body.despite_verdict,
        )
    return _listed(added)


@router.post("/submissions/{run_id}/demote", summary="Take a run's baselines back")
def demote_run(run_id: RunId, body: DemotionRequest, token: Maintainer) -> PromotionList:
    """Let the result accepted before be the baseline again; the answer is what was added to the history."""
    with transaction() as session:
        return _listed(demote(session, run_id, actor=token.name, reason=body.reason, workload=body.workload))


def _listed(found: list[PromotionRecord]) -> PromotionList:
    return PromotionList(items=[promotion_resource(one) for one in found])


def promotion_resource(found: PromotionRecord) -> PromotionResource:
    """Return a promotion's JSON form."""
    result = found.result
    return PromotionResource(
        action=found.action,
        by=found.by,
        actor=found.actor,
        reason=found.reason,
        at=found.at,
        lineage=lineage_resource(result.lineage),
        run=result.run_id,
        workload=result.workload,
        verdict=result.verdict,
        partial=result.partial,
        metrics=result.metrics,
        source_commit=result.source_commit,
        fingerprint=result.fingerprint,
        fingerprint_sha256=result.fingerprint_sha256,
        finished_at=result.finished_at,
    )


def lineage_resource(lineage: Lineage) -> LineageResource:
    """Return a lineage's JSON form."""
    return LineageResource(
        key=lineage.key,
        model=lineage.model,
        workload=lineage.workload,
        engine=lineage.engine,
        hardware=lineage.hardware,
    )
