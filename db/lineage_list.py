"""Lineages in a list: the newest value of each, how it went, and what is open on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.history import READ
from db.tables_history import StoredChange, StoredPoint

TRAIL = 30
"""How many of the newest values a small line shows."""

MAIN = frozenset(kind.value for kind in READ)


@dataclass(frozen=True, kw_only=True)
class NewestValue:
    """What a lineage's newest run measured by one metric.

    metrics: how many metrics the lineage has. trail: the metric's newest whole values in the same setup, oldest
    first; of nights and mains alone where there are some. low,
    high, n, partial and reused: as in `evals.history.points.Point`.
    """

    lineage: str
    metric: str
    metrics: int
    unit: str
    run_id: str
    value: float
    low: float | None
    high: float | None
    n: int
    partial: str | None
    reused: bool
    finished_at: datetime
    trail: tuple[float, ...]


def newest_values(session: Session, lineages: Sequence[str]) -> dict[str, NewestValue]:
    """Return the newest value of each lineage, as its candidate, else as whichever side measured it.

    Of several metrics it is the first by name.
    """
    rank = func.row_number().over(
        partition_by=(StoredPoint.lineage, StoredPoint.metric),
        order_by=(StoredPoint.finished_at.desc(), StoredPoint.side.desc(), StoredPoint.id.desc()),
    )
    ranked = select(StoredPoint, rank.label("rank")).where(StoredPoint.lineage.in_(lineages)).subquery()
    query = select(ranked).where(ranked.c.rank <= TRAIL)
    rows = session.execute(query.order_by(ranked.c.lineage, ranked.c.metric, ranked.c.rank)).all()
    grouped: dict[str, dict[str, list[StoredPoint]]] = {}
    for row in rows:
        grouped.setdefault(row.lineage, {}).setdefault(row.metric, []).append(row)  # type: ignore[arg-type]  # its columns
    return {lineage: _newest(metrics) for lineage, metrics in grouped.items()}


def open_changes(session: Session, lineages: Sequence[str]) -> dict[str, Counter[str]]:
    """Return how many changes of each state there are on each lineage."""
    query = select(StoredChange.lineage, StoredChange.state, func.count()).where(StoredChange.lineage.in_(lineages))
    found: dict[str, Counter[str]] = {lineage: Counter() for lineage in lineages}
    for lineage, state, count in session.execute(query.group_by(StoredChange.lineage, StoredChange.state)):
        found[lineage][state] = count
    return found


def metrics_in(session: Session, lineage: str) -> list[str]:
    """Return the metrics of a lineage's points, by name."""
    query = select(StoredPoint.metric).where(StoredPoint.lineage == lineage).distinct()
    return sorted(session.scalars(query))


def known_models(session: Session) -> list[str]:
    """Return the models that runs have measured something of, by name."""
    return sorted(session.scalars(select(StoredPoint.model).distinct()))


def _newest(metrics: dict[str, list[StoredPoint]]) -> NewestValue:
    last = max(points[0].finished_at for points in metrics.values())
    points = next(points for points in metrics.values() if points[0].finished_at == last)
    newest = points[0]
    same = ("lineage", "metric", "unit", "run_id", "value", "low", "high", "n", "partial", "reused", "finished_at")
    alike = [
        point for point in points if (point.setup, point.side) == (newest.setup, newest.side) and not point.partial
    ]
    main = [point for point in alike if point.kind in MAIN]
    return NewestValue(
        **{name: getattr(newest, name) for name in same},
        metrics=len(metrics),
        trail=tuple(point.value for point in reversed(main or alike)),
    )
