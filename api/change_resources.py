"""The JSON form of changes of level: regressions and improvements, with their logs."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from db.regressions import ChangeRecord, EventRecord
from evals.history.states import ChangeAction, ChangeState


class EventResource(BaseModel):
    """What was done to a change, by whom and why."""

    action: ChangeAction
    state: ChangeState = Field(description="The state after it.")
    actor: str = Field(description="A token's name, or analysis.")
    reason: str
    commit: str | None
    at: datetime


class ChangeResource(BaseModel):
    """A change of a series' level: a regression with its state, or an improvement."""

    id: str = Field(examples=["g0k3v9x2d1a7b4c5e"])
    state: ChangeState
    worse: bool
    lineage: str
    metric: str
    setup: str
    unit: str
    before: float = Field(description="The mean before, up to the change before this one.")
    after: float
    n_before: int
    n_after: int
    size: float = Field(description="After minus before, in the metric's unit.")
    low: float = Field(description="Of the size's 95 % interval, its place taken as known.")
    high: float
    last_run: str = Field(description="The last point of the level before.")
    last_code: str | None
    first_run: str = Field(description="The first point of the level after.")
    first_code: str | None
    first_at: datetime
    fix_commit: str | None
    fixed_at: datetime | None
    opened_at: datetime
    seen_at: datetime = Field(description="When the analysis found it last.")
    events: list[EventResource] = Field(description="Its log, oldest first; empty in lists.")


def change_resource(record: ChangeRecord) -> ChangeResource:
    """Return a change's JSON form."""
    renamed = {"last_run": record.last_run_id, "first_run": record.first_run_id}
    events = [_event(event) for event in record.events]
    same = {name: getattr(record, name) for name in ChangeResource.model_fields.keys() - renamed.keys() - {"events"}}
    return ChangeResource(**same, **renamed, events=events)


def _event(event: EventRecord) -> EventResource:
    return EventResource(**vars(event))
