"""The JSON and CSV forms of history: lineages, series, points and changes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from api.resources import EXAMPLE_RUN_ID
from api.routes.baselines import LineageResource, lineage_resource
from db.history import PointRecord
from db.regressions import ChangeRecord, EventRecord
from db.series import Series
from evals.history.points import RunKind
from evals.history.series import minimal_step
from evals.history.states import ChangeAction, ChangeState
from evals.metrics import Direction
from evals.spec import Role


class PointResource(BaseModel):
    """One side's value in one run."""

    run: str = Field(examples=[EXAMPLE_RUN_ID])
    finished_at: datetime
    side: Role
    kind: RunKind = Field(description="Why the run was made, by its tags.")
    value: float
    low: float | None = Field(description="Of its own 95 % interval; null where unknown.")
    high: float | None
    n: int = Field(description="Items, or rounds of a duel.")
    source: str | None = Field(description="The commit or checksum of the engine's code; installed for a release.")
    version: str | None
    partial: str | None = Field(description="Why it is no point of the series; null when it is whole.")
    reused: bool = Field(description="Whether answers were taken from an earlier job instead of measured.")
    counted: bool = Field(description="Whether the analysis reads it: a night's candidate, or an accepted main's.")


class NoiseResource(BaseModel):
    """How far repeats of the same code are apart, as a robust standard deviation."""

    deviation: float
    relative: bool = Field(description="Whether it is a share of the level.")
    repeats: int


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


class SeriesResource(BaseModel):
    """A metric of a lineage in one setup, with its points, oldest first, and its changes."""

    metric: str = Field(examples=["exact_match,strict-match"])
    setup: str = Field(description="A hash over arguments, weights, dataset and all else that a series shares.")
    unit: str
    direction: Direction
    noise: NoiseResource | None = Field(description="Null while there are too few repeats.")
    minimal_step: float = Field(description="The least step that counts: of a share in points, else relative.")
    points: list[PointResource]
    changes: list[ChangeResource]


class HistoryResource(BaseModel):
    """The series of a lineage."""

    lineage: LineageResource
    series: list[SeriesResource]


def series_resource(series: Series, records: Sequence[PointRecord], changes: Sequence[ChangeRecord]) -> SeriesResource:
    """Return a series' JSON form out of its lineage's points and changes."""
    own = [record for record in records if (record.point.metric, record.point.setup) == (series.metric, series.setup)]
    noise = series.noise
    return SeriesResource(
        metric=series.metric,
        setup=series.setup,
        unit=series.unit,
        direction=series.direction,
        noise=NoiseResource(**vars(noise)) if noise else None,
        minimal_step=minimal_step(series.relative, noise),
        points=[point_resource(record) for record in own],
        changes=[change_resource(one) for one in changes if (one.metric, one.setup) == (series.metric, series.setup)],
    )


def point_resource(record: PointRecord) -> PointResource:
    """Return a point's JSON form."""
    same = ("side", "value", "low", "high", "n", "source", "version", "partial", "reused")
    return PointResource(
        **{name: getattr(record.point, name) for name in same},
        run=record.run_id,
        finished_at=record.finished_at,
        kind=record.kind,
        counted=record.counted,
    )


def change_resource(record: ChangeRecord) -> ChangeResource:
    """Return a change's JSON form."""
    renamed = {"last_run": record.last_run_id, "first_run": record.first_run_id}
    events = [_event(event) for event in record.events]
    same = {name: getattr(record, name) for name in ChangeResource.model_fields.keys() - renamed.keys() - {"events"}}
    return ChangeResource(**same, **renamed, events=events)


def _event(event: EventRecord) -> EventResource:
    return EventResource(**vars(event))


def history_resource(
    series: Sequence[Series], records: Sequence[PointRecord], changes: Sequence[ChangeRecord]
) -> HistoryResource:
    """Return the JSON form of a lineage's history."""
    return HistoryResource(
        lineage=lineage_resource(records[0].point.lineage),
        series=[shown for one in series if (shown := series_resource(one, records, changes)).points],
    )


def history_csv(history: HistoryResource) -> str:
    """Return a line for each point, with a header."""
    text = io.StringIO()
    columns = ("metric", "setup", "unit", *PointResource.model_fields)
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for series in history.series:
        shared = {"metric": series.metric, "setup": series.setup, "unit": series.unit}
        writer.writerows(shared | point.model_dump(mode="json") for point in series.points)
    return text.getvalue()
