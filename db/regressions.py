"""Changes of level: recorded once however often they are found, moved from state to state, with an append-only log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.storable import storable
from db.tables_history import ChangeEvent, StoredChange
from evals.errors import PlumblineError
from evals.history.states import ChangeAction, ChangeState, after

ANALYSIS = "analysis"
"""Who acts when nobody does."""

WAITING = (ChangeState.OPEN, ChangeState.REOPENED)
"""The states of regressions that wait for somebody to decide."""


class UnknownRegressionError(PlumblineError):
    """No change has this id."""

    code = "unknown_regression"


@dataclass(frozen=True, kw_only=True)
class EventRecord:
    """One entry of a change's log; see db.tables_history.ChangeEvent."""

    action: ChangeAction
    state: ChangeState
    actor: str
    reason: str
    commit: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ChangeRecord:
    """A stored change; see db.tables_history.StoredChange for what the values hold."""

    id: str
    lineage: str
    metric: str
    setup: str
    unit: str
    direction: str
    state: ChangeState
    worse: bool
    before: float
    after: float
    size: float
    low: float
    high: float
    n_before: int
    n_after: int
    p: float
    last_run_id: str
    last_code: str | None
    last_at: datetime
    first_run_id: str
    first_code: str | None
    first_at: datetime
    places: list[float]
    fix_commit: str | None
    fixed_at: datetime | None
    opened_at: datetime
    seen_at: datetime
    events: tuple[EventRecord, ...] = ()


def get_change(session: Session, change_id: str) -> ChangeRecord:
    """Return a change with its log; raise UnknownRegressionError when there is none."""
    return change_record(_row(session, change_id, lock=False), events_of(session, change_id))


def list_changes(
    session: Session,
    *,
    lineage: str | None = None,
    model: str | None = None,
    metric: str | None = None,
    states: Sequence[ChangeState] = (),
    worse: bool | None = None,
    open_first: bool = False,
    limit: int = 200,
) -> list[ChangeRecord]:
    """Return changes without their logs, the newest first; open_first: those that wait for somebody before them."""
    query = select(StoredChange).limit(limit)
    if open_first:
        query = query.order_by(StoredChange.state.not_in([state.value for state in WAITING]))
    query = query.order_by(StoredChange.first_at.desc(), StoredChange.id.desc())
    if model is not None:
        query = query.where(StoredChange.lineage.startswith(f"{model} | ", autoescape=True))
    if metric is not None:
        query = query.where(StoredChange.metric == metric)
    if lineage is not None:
        query = query.where(StoredChange.lineage == lineage)
    if states:
        query = query.where(StoredChange.state.in_([state.value for state in states]))
    if worse is not None:
        query = query.where(StoredChange.worse == worse)
    return [change_record(row) for row in session.scalars(query)]


def count_changes(session: Session, *, states: Sequence[ChangeState], worse: bool) -> int:
    """Return how many changes are in one of these states."""
    among = StoredChange.state.in_([state.value for state in states])
    return session.scalar(select(func.count()).where(among, StoredChange.worse == worse)) or 0


def acknowledge(session: Session, change_id: str, *, actor: str, reason: str) -> ChangeRecord:
    """Note that somebody knows of a regression, and why it stands; raise IllegalChangeError unless it is open."""
    return _act(session, change_id, ChangeAction.ACKNOWLEDGE, actor, reason)


def fix(session: Session, change_id: str, *, actor: str, commit: str, reason: str = "") -> ChangeRecord:
    """Note the commit that mends a regression; raise IllegalChangeError unless it was acknowledged."""
    row = _row(session, change_id, lock=True)
    move(session, row, ChangeAction.FIX, actor=actor, reason=reason, commit=commit)
    row.fix_commit = commit
    row.fixed_at = session.scalar(select(func.now()))
    return _done(session, row)


def assign(session: Session, change_id: str, *, actor: str, commit: str, reason: str = "") -> ChangeRecord:
    """Note the commit that is to blame for a regression; raise IllegalChangeError for an improvement."""
    row = _row(session, change_id, lock=True)
    move(session, row, ChangeAction.ASSIGN, actor=actor, reason=reason, commit=commit)
    return _done(session, row)


def reopen(session: Session, change_id: str, *, actor: str, reason: str) -> ChangeRecord:
    """Say that a fixed regression is there again; raise IllegalChangeError unless it was fixed."""
    return _act(session, change_id, ChangeAction.REOPEN, actor, reason)


def move(
    session: Session, row: StoredChange, action: ChangeAction, *, actor: str, reason: str, commit: str | None = None
) -> None:
    """Move a locked change along a legal arrow and note it."""
    row.state = after(ChangeState(row.state), action)
    note(session, row, action, actor=actor, reason=reason, commit=commit)


def note(
    session: Session, row: StoredChange, action: ChangeAction, *, actor: str, reason: str, commit: str | None = None
) -> None:
    """Add an entry to a change's log."""
    said = storable(reason)
    session.add(ChangeEvent(change_id=row.id, action=action, state=row.state, actor=actor, reason=said, commit=commit))


def events_of(session: Session, change_id: str) -> tuple[EventRecord, ...]:
    """Return a change's log, oldest first."""
    rows = session.scalars(select(ChangeEvent).where(ChangeEvent.change_id == change_id).order_by(ChangeEvent.id))
    return tuple(
        EventRecord(
            action=ChangeAction(row.action),
            state=ChangeState(row.state),
            actor=row.actor,
            reason=row.reason,
            commit=row.commit,
            at=row.at,
        )
        for row in rows
    )


def change_record(row: StoredChange, events: tuple[EventRecord, ...] = ()) -> ChangeRecord:
    """Turn a row into a record."""
    values = {column.key: getattr(row, column.key) for column in StoredChange.__table__.columns}
    return ChangeRecord(**{**values, "state": ChangeState(row.state)}, events=events)


def _act(session: Session, change_id: str, action: ChangeAction, actor: str, reason: str) -> ChangeRecord:
    row = _row(session, change_id, lock=True)
    move(session, row, action, actor=actor, reason=reason)
    return _done(session, row)


def _done(session: Session, row: StoredChange) -> ChangeRecord:
    session.flush()
    return change_record(row, events_of(session, row.id))


def _row(session: Session, change_id: str, *, lock: bool) -> StoredChange:
    query = select(StoredChange).where(StoredChange.id == change_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownRegressionError(
            f"there is no regression {change_id!r}", remedy="list them with `plumbline regressions list`"
        )
    return row
