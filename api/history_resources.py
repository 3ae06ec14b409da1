"""The JSON and CSV forms of history: lineages, series, points and changes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from api.change_resources import ChangeResource, change_resource
from api.resources import EXAMPLE_RUN_ID
from api.routes.baselines import LineageResource, lineage_resource
from db.history import PointRecord
from db.promotions import Action, By, PromotionRecord
from db.regressions import ChangeRecord
from db.series import Series, series_point
from evals.history.levels import levels_of
from evals.history.points import RunKind
from evals.history.series import minimal_step
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


class LevelResource(BaseModel):
    """A stretch of a series between two changes, over the points that are shown."""

    first_at: datetime
    last_at: datetime
    mean: float
    n: int
    low: float | None = Field(description="How far noise alone moves one measurement; null while it is unknown.")
    high: float | None


class SeriesResource(BaseModel):
    """A metric of a lineage in one setup, with its points, oldest first, and its changes."""

    metric: str = Field(examples=["exact_match,strict-match"])
    setup: str = Field(description="A hash over arguments, weights, dataset and all else that a series shares.")
    unit: str
    direction: Direction
    noise: NoiseResource | None = Field(description="Null while there are too few repeats.")
    minimal_step: float = Field(description="The least step that counts: of a share in points, else relative.")
    points: list[PointResource]
    levels: list[LevelResource]
    changes: list[ChangeResource]


class AcceptanceResource(BaseModel):
    """That a run's result became the lineage's baseline, or ceased to be one."""

    run: str = Field(examples=[EXAMPLE_RUN_ID])
    action: Action
    by: By
    actor: str
    reason: str
    at: datetime


class HistoryResource(BaseModel):
    """The series of a lineage, and how its baseline changed, oldest first."""

    lineage: LineageResource
    series: list[SeriesResource]
    baselines: list[AcceptanceResource]


def series_resource(series: Series, records: Sequence[PointRecord], changes: Sequence[ChangeRecord]) -> SeriesResource:
    """Return a series' JSON form out of its lineage's points and changes."""
    own = [record for record in records if (record.point.metric, record.point.setup) == (series.metric, series.setup)]
    noise = series.noise
    found = [one for one in changes if (one.metric, one.setup) == (series.metric, series.setup)]
    counted = [series_point(record) for record in own if record.counted]
    levels = levels_of(counted, [one.first_at for one in found], noise)
    return SeriesResource(
        metric=series.metric,
        setup=series.setup,
        unit=series.unit,
        direction=series.direction,
        noise=NoiseResource(**vars(noise)) if noise else None,
        minimal_step=minimal_step(series.relative, noise),
        points=[point_resource(record) for record in own],
        levels=[LevelResource(**vars(level)) for level in levels],
        changes=[change_resource(one) for one in found],
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


def history_resource(
    series: Sequence[Series],
    records: Sequence[PointRecord],
    changes: Sequence[ChangeRecord],
    promotions: Sequence[PromotionRecord],
) -> HistoryResource:
    """Return the JSON form of a lineage's history; promotions: the newest first."""
    return HistoryResource(
        lineage=lineage_resource(series[0].lineage),
        series=[shown for one in series if (shown := series_resource(one, records, changes)).points],
        baselines=[_acceptance(one) for one in reversed(promotions)],
    )


def _acceptance(record: PromotionRecord) -> AcceptanceResource:
    same = {name: getattr(record, name) for name in ("action", "by", "actor", "reason", "at")}
    return AcceptanceResource(run=record.result.run_id, **same)


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
