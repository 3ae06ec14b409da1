"""Runs in a list: chosen by what was asked and what came out, a page at a time, the newest first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from db.runs import RunRecord, run_record
from db.states import RunState
from db.tables import Run
from db.tables_history import StoredPoint
from evals.result import Verdict

TAGS: ColumnElement[list[str]] = literal_column("(runs.submission -> 'tags')", JSONB)
"""A run's tags, written as their index is."""


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """Choose runs; None lets all pass. model: a part of its path or name, in any case. open: those that go on."""

    state: RunState | None = None
    verdict: Verdict | None = None
    model: str | None = None
    suite: str | None = None
    tag: str | None = None
    open: bool = False


def find_runs(session: Session, chosen: RunFilter, *, before: str | None = None, limit: int = 50) -> list[RunRecord]:
    """Return up to `limit` runs, the newest first, older than the run `before`."""
    query = select(Run).order_by(Run.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Run.id < before)
    if chosen.state is not None:
        query = query.where(Run.state == chosen.state)
    if chosen.open:
        query = query.where(Run.state != RunState.FINISHED)
    if chosen.verdict is not None:
        query = query.where(Run.verdict == chosen.verdict)
    if chosen.suite is not None:
        query = query.where(Run.submission["suite"].astext == chosen.suite)
    if chosen.tag is not None:
        query = query.where(TAGS.contains([chosen.tag]))
    if chosen.model is not None:
        query = query.where(Run.submission["model"]["path"].astext.icontains(chosen.model, autoescape=True))
    return [run_record(run) for run in session.scalars(query)]


def partial_runs(session: Session, run_ids: Collection[str]) -> dict[str, str]:
    """Return why some of these runs are only parts of what their workloads ask; whole ones are left out."""
    if not run_ids:
        return {}
    query = select(StoredPoint.run_id, StoredPoint.partial).where(
        StoredPoint.run_id.in_(run_ids), StoredPoint.partial.is_not(None)
    )
    return {run_id: str(why) for run_id, why in session.execute(query.order_by(StoredPoint.id.desc()))}
