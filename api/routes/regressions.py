"""Regressions: changes for the worse, and what was decided about each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, StringConstraints

from api.auth import Submitter, Viewer
from api.change_resources import ChangeResource, change_resource
from api.fields import Reason, StrictRequest
from api.history_query import LineageText
from api.resources import ROOT
from db.regressions import acknowledge, assign, fix, get_change, list_changes, reopen
from db.session import transaction
from evals.history.states import ChangeState

router = APIRouter(prefix=f"{ROOT}/regressions", tags=["history"])

ChangeId = Annotated[str, Path(description="A regression's id.", pattern="^g[0-9a-z]{1,63}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,64}$")]


class ChangeList(BaseModel):
    """Changes without their logs, the newest first."""

    items: list[ChangeResource]


class ReasonRequest(StrictRequest):
    """Why."""

    reason: Reason = Field(examples=["the price of a correct rotary embedding"])


class FixRequest(StrictRequest):
    """The commit that mends it, or that is to blame."""

    commit: Commit
    reason: Reason | None = None


@router.get("", summary="List regressions")
def regressions(
    token: Viewer,
    state: Annotated[list[ChangeState] | None, Query(description="Only those in one of these states.")] = None,
    lineage: Annotated[LineageText | None, Query(description="Only this lineage's.")] = None,
    model: Annotated[LineageText | None, Query(description="Only this model's.")] = None,
    metric: Annotated[LineageText | None, Query(description="Only this metric's.")] = None,
    improvements: Annotated[bool, Query(description="Whether changes for the better are listed, too.")] = False,
) -> ChangeList:
    """Return the changes of level that the analysis has found, the newest first."""
    with transaction() as session:
        found = list_changes(
            session,
            lineage=lineage,
            model=model,
            metric=metric,
            states=state or (),
            worse=None if improvements else True,
        )
    return ChangeList(items=[change_resource(one) for one in found])


@router.get("/{change_id}", summary="Show a regression")
def show(change_id: ChangeId, token: Viewer) -> ChangeResource:
    """Return a change with its figures, the runs and commits around it, and its log."""
    with transaction() as session:
        return change_resource(get_change(session, change_id))


@router.post("/{change_id}/acknowledge", summary="Acknowledge a regression")
def acknowledge_one(change_id: ChangeId, body: ReasonRequest, token: Submitter) -> ChangeResource:
    """Say that an open or reopened regression is known, and why it stands."""
    with transaction() as session:
        return change_resource(acknowledge(session, change_id, actor=token.name, reason=body.reason))


@router.post("/{change_id}/fix", summary="Name the commit that mends a regression")
def fix_one(change_id: ChangeId, body: FixRequest, token: Submitter) -> ChangeResource:
    """Close an acknowledged regression; when its level comes back, or never leaves, the analysis reopens it."""
    with transaction() as session:
        found = fix(session, change_id, actor=token.name, commit=body.commit, reason=body.reason or "")
        return change_resource(found)


@router.post("/{change_id}/assign", summary="Name the commit that is to blame for a regression")
def assign_one(change_id: ChangeId, body: FixRequest, token: Submitter) -> ChangeResource:
    """Note which commit brought a regression; its state stays, and the latest commit that was named counts."""
    with transaction() as session:
        found = assign(session, change_id, actor=token.name, commit=body.commit, reason=body.reason or "")
        return change_resource(found)


@router.post("/{change_id}/reopen", summary="Reopen a regression")
def reopen_one(change_id: ChangeId, body: ReasonRequest, token: Submitter) -> ChangeResource:
    """Say that a fixed regression is there again."""
    with transaction() as session:
        return change_resource(reopen(session, change_id, actor=token.name, reason=body.reason))
