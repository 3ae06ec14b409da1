"""What a history is asked for: a lineage and which of its points, the same for the API, the page and its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import BeforeValidator, StringConstraints
from sqlalchemy.orm import Session

from api.history_resources import HistoryResource, history_resource
from db import baselines
from db.history import PointRecord, points_in, points_to_read
from db.promotions import PromotionRecord
from db.regressions import ChangeRecord, list_changes
from db.series import Series, series_of
from evals.history.points import RunKind

LineageText = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^[^\u0000-\u001f\u007f]+$")]


def _unless_blank(value: Any) -> Any:
    return None if value in ("", [""]) else value


BLANK = BeforeValidator(_unless_blank)
"""A field that a form sends empty says nothing."""


@dataclass(frozen=True, kw_only=True)
class History:
    """Hold what is known of a lineage's points: those that were asked for, and what the analysis made of all."""

    series: list[Series]
    records: list[PointRecord]
    changes: list[ChangeRecord]
    promotions: list[PromotionRecord]

    def resource(self) -> HistoryResource:
        """Return the JSON form."""
        return history_resource(self.series, self.records, self.changes, self.promotions)


class Points:
    """Which points of a lineage; the parameters of the API's history."""

    def __init__(
        self,
        metric: Annotated[
            LineageText | None, BLANK, Query(description="Only this metric's.", examples=["acc,none"])
        ] = None,
        setup: Annotated[LineageText | None, BLANK, Query(description="Only this setup's.", max_length=64)] = None,
        kind: Annotated[list[RunKind] | None, BLANK, Query(description="Only of runs made for these reasons.")] = None,
        since: Annotated[date | None, BLANK, Query(description="Only from this day on, in UTC.")] = None,
        until: Annotated[date | None, BLANK, Query(description="Only up to this day's end, in UTC.")] = None,
        limit: Annotated[int, Query(ge=1, le=20_000, description="Only the newest points.")] = 5000,
    ) -> None:
        self.metric, self.setup, self.kinds = metric, setup, tuple(kind or ())
        self.since, self.until, self.limit = since, until, limit

    def query(self) -> dict[str, str | int | list[str] | None]:
        """Return the parameters, as an address carries them."""
        days = {"since": str(self.since or ""), "until": str(self.until or "")}
        kinds = [kind.value for kind in self.kinds]
        return {"metric": self.metric, "setup": self.setup, "kind": kinds, **days, "limit": self.limit}

    def read(self, session: Session, lineage: str) -> History:
        """Return the points with their series, changes and baselines; raise UnknownLineageError."""
        records = points_in(
            session,
            lineage,
            metric=self.metric,
            setup=self.setup,
            kinds=self.kinds,
            since=_midnight(self.since, 0) if self.since else None,
            until=_midnight(self.until, 1) if self.until else None,
            limit=self.limit,
        )
        return History(
            series=series_of(points_to_read(session, lineage, metric=self.metric)),
            records=records,
            changes=list_changes(session, lineage=lineage),
            promotions=baselines.history(session, lineage),
        )


def _midnight(day: date, later: int) -> datetime:
    return datetime.combine(day, time(0, tzinfo=UTC)) + timedelta(days=later)
