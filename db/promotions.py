"""Promotions: rows that say that a result became a baseline or ceased to be one; they are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from db.lineages import ResultRecord
from db.tables_baselines import LineageResult, Promotion
from evals.lineage import Lineage


class Action(StrEnum):
    """What can happen to a result."""

    PROMOTED = "promoted"
    DEMOTED = "demoted"


class By(StrEnum):
    """Who decided."""

    PERSON = "person"
    RULE = "rule"


@dataclass(frozen=True, kw_only=True)
class PromotionRecord:
    """One entry of a lineage's history, with the result that it is about."""

    action: Action
    by: By
    actor: str
    reason: str
    at: datetime
    result: ResultRecord


def accepted() -> Select[Promotion, LineageResult]:
    """Return the query of all results whose last row is a promotion."""
    last = select(Promotion.id).ext(distinct_on(Promotion.result_id)).order_by(Promotion.result_id, Promotion.id.desc())
    return (
        select(Promotion, LineageResult)
        .join(LineageResult, LineageResult.id == Promotion.result_id)
        .where(Promotion.id.in_(last), Promotion.action == Action.PROMOTED)
    )


def lineages_with_baselines(session: Session) -> list[Lineage]:
    """Return the lineages that have a baseline, by their keys."""
    parts = (LineageResult.model, LineageResult.workload_key, LineageResult.engine, LineageResult.hardware)
    found = session.execute(accepted().with_only_columns(*parts).distinct())
    known = (Lineage(model=row[0], workload=row[1], engine=row[2], hardware=row[3]) for row in found)
    return sorted(known, key=lambda lineage: lineage.key)


def lock_lineages(session: Session, results: Sequence[ResultRecord]) -> None:
    """Let nobody else promote or demote in these lineages, on whatever hardware, until this transaction ends."""
    lineages = (result.lineage for result in results)
    for key in sorted({f"baseline of {one.model} | {one.workload} | {one.engine}" for one in lineages}):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))


def add_promotions(
    session: Session, results: Sequence[ResultRecord], action: Action, by: By, actor: str, reason: str
) -> list[PromotionRecord]:
    """Add a row for each result that is not yet what the action makes of it; the caller holds the run's lock."""
    lock_lineages(session, results)
    added = []
    for result in results:
        last = session.scalar(
            select(Promotion.action).where(Promotion.result_id == result.id).order_by(Promotion.id.desc()).limit(1)
        )
        if (last or Action.DEMOTED) == action:
            continue
        row = Promotion(
            lineage=result.lineage.key, result_id=result.id, action=action, by=by, actor=actor, reason=reason
        )
        session.add(row)
        session.flush()
        session.refresh(row)
        added.append(promotion_record(row, result))
    return added


def promotion_record(row: Promotion, about: ResultRecord) -> PromotionRecord:
    """Turn a row into a record."""
    return PromotionRecord(
        action=Action(row.action), by=By(row.by), actor=row.actor, reason=row.reason, at=row.at, result=about
    )
