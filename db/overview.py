"""The newest result of every lineage, how it went, and the accepted baseline that it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CTE, ColumnElement, Text, and_, cast, func, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.orm import Session

from db.promotions import accepted
from db.run_list import TAGS
from db.tables import Run
from db.tables_baselines import LineageResult, Promotion
from db.tables_history import StoredPoint
from evals.history.points import RunKind
from evals.spec import Role

TRAIL = 30
"""How many of the newest values a small line shows."""


@dataclass(frozen=True, kw_only=True)
class PointFilter:
    """Choose points. kinds: of these runs alone. tag: of runs with it. source: how a commit or version begins."""

    kinds: tuple[RunKind, ...] = ()
    tag: str | None = None
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewestResult:
    """What a lineage's newest run measured of its candidate, by the first metric that decides.

    setup, low, high, n, source, version, partial and reused: see `evals.history.points.Point`. verdict: about the
    workload; of a run that lacked answers, the whole run's.
    """

    lineage: str
    model: str
    workload_key: str
    engine: str
    hardware: str
    run_id: str
    metric: str
    setup: str
    unit: str
    direction: str
    value: float
    low: float | None
    high: float | None
    n: int
    source: str | None
    version: str | None
    partial: str | None
    reused: bool
    finished_at: datetime
    verdict: str | None


@dataclass(frozen=True, kw_only=True)
class AcceptedValue:
    """What a lineage's accepted baseline measured by one metric; at: when it was accepted."""

    run_id: str
    setup: str
    value: float
    low: float | None
    high: float | None
    at: datetime


def newest_results(session: Session, chosen: PointFilter) -> list[NewestResult]:
    """Return the newest result of every lineage that has a candidate's, by lineage."""
    keys = lineage_keys()
    newest = (
        select(StoredPoint)
        .where(StoredPoint.lineage == keys.c.lineage, *_conditions(chosen))
        .order_by(StoredPoint.finished_at.desc(), StoredPoint.id)
        .limit(1)
        .lateral("newest")
    )
    told = and_(
        LineageResult.run_id == newest.c.run_id,
        LineageResult.workload == newest.c.workload,
        LineageResult.role == Role.CANDIDATE,
    )
    columns = [newest.c[name] for name in NewestResult.__dataclass_fields__ if name != "verdict"]
    query = (
        select(*columns, func.coalesce(LineageResult.verdict, Run.verdict).label("verdict"))
        .select_from(keys)
        .join(newest, true())
        .join(Run, Run.id == newest.c.run_id)
        .outerjoin(LineageResult, told)
        .order_by(newest.c.lineage)
    )
    return [NewestResult(**row) for row in session.execute(query).mappings()]


def trails(session: Session, results: Sequence[NewestResult], chosen: PointFilter) -> dict[str, tuple[float, ...]]:
    """Return each lineage's newest whole values in the series of its newest result, oldest first."""
    series = _series(results)
    values = (
        select(StoredPoint.value, StoredPoint.finished_at)
        .where(
            StoredPoint.lineage == series.c.lineage,
            StoredPoint.metric == series.c.metric,
            StoredPoint.setup == series.c.setup,
            StoredPoint.partial.is_(None),
            *_conditions(chosen),
        )
        .order_by(StoredPoint.finished_at.desc())
        .limit(TRAIL)
        .lateral("trail")
    )
    oldest_first = aggregate_order_by(values.c.value, values.c.finished_at)
    query = select(series.c.lineage, func.array_agg(oldest_first)).join(values, true()).group_by(series.c.lineage)
    return {lineage: tuple(trail) for lineage, trail in session.execute(query)}


def accepted_values(session: Session, results: Sequence[NewestResult]) -> dict[str, AcceptedValue]:
    """Return what each lineage's accepted baseline measured by the metric of its newest result."""
    series = _series(results)
    latest = accepted().where(LineageResult.lineage.in_([result.lineage for result in results]))
    latest = latest.ext(distinct_on(LineageResult.lineage)).order_by(LineageResult.lineage, Promotion.id.desc())
    one = latest.with_only_columns(
        LineageResult.lineage, LineageResult.run_id, LineageResult.workload, LineageResult.role, Promotion.at
    ).subquery()
    measured = and_(
        StoredPoint.run_id == one.c.run_id, StoredPoint.workload == one.c.workload, StoredPoint.side == one.c.role
    )
    names = ("run_id", "setup", "value", "low", "high")
    query = (
        select(one.c.lineage, one.c.at, *(getattr(StoredPoint, name) for name in names))
        .join(series, series.c.lineage == one.c.lineage)
        .join(StoredPoint, and_(measured, StoredPoint.metric == series.c.metric))
    )
    rows = session.execute(query).mappings()
    return {row["lineage"]: AcceptedValue(at=row["at"], **{name: row[name] for name in names}) for row in rows}


def lineage_keys() -> CTE:
    """Return the keys of all lineages as a table with the column `lineage`.

    It jumps through the index from one key to the next, so that it costs as much as there are lineages, not points;
    the last row is null. Source: https://wiki.postgresql.org/wiki/Loose_indexscan.
    """
    keys = select(func.min(StoredPoint.lineage).label("lineage")).cte("lineages", recursive=True)
    following = select(func.min(StoredPoint.lineage)).where(StoredPoint.lineage > keys.c.lineage).scalar_subquery()
    return keys.union_all(select(following).where(keys.c.lineage.is_not(None)))


def _series(results: Sequence[NewestResult]) -> Any:
    columns = [[getattr(result, name) for result in results] for name in ("lineage", "metric", "setup")]
    arrays = (cast(column, ARRAY(Text)) for column in columns)
    return func.unnest(*arrays).table_valued("lineage", "metric", "setup", name="series").render_derived()


def _conditions(chosen: PointFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [StoredPoint.side == Role.CANDIDATE.value]
    if chosen.kinds:
        found.append(StoredPoint.kind.in_([kind.value for kind in chosen.kinds]))
    if chosen.tag is not None:
        tagged = select(Run.id).where(TAGS.contains([chosen.tag]))
        found.append(StoredPoint.run_id.in_(tagged))
    if chosen.source is not None:
        begins = [
            column.startswith(chosen.source, autoescape=True) for column in (StoredPoint.source, StoredPoint.version)
        ]
        found.append(or_(*begins))
    return found
