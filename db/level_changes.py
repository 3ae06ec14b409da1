"""Bring what an analysis found into line with what is stored: nothing twice, nothing forgotten."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.ids import new_id
from db.regressions import ANALYSIS, ChangeRecord, change_record, move, note
from db.series import Series
from db.tables_history import StoredChange
from evals.history.series import LevelChange
from evals.history.states import ChangeAction, ChangeState
from evals.statistics.changes import LEAST_POINTS

_WANDERS = 2
"""By how many points the place of a change may move between two analyses and still be the same change."""


def record_changes(session: Session, series: Series, found: Sequence[LevelChange]) -> list[ChangeRecord]:
    """Store what was found in a series; return the regressions that were opened or reopened by it.

    A known change gets the newest figures. A worse one that is not known opens a regression, or reopens a fixed one
    whose level it brings back; a fixed one whose level has not recovered in the points since is reopened too. A better
    one is an improvement. What is no longer found stays as it is.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(series.lineage.key + series.metric))))
    query = select(StoredChange).where(
        StoredChange.lineage == series.lineage.key,
        StoredChange.metric == series.metric,
        StoredChange.setup == series.setup,
    )
    known = list(session.scalars(query.order_by(StoredChange.first_at).with_for_update()))
    times = [point.finished_at.timestamp() for point in series.points]
    raised = [row for one in found if (row := _record(session, series, known, one, times)) is not None]
    session.flush()
    return [change_record(row) for row in raised]


def _record(
    session: Session, series: Series, known: list[StoredChange], one: LevelChange, times: Sequence[float]
) -> StoredChange | None:
    """Store one change; return its row when that opened or reopened a regression."""
    row, place = _same(known, one, times)
    if row is not None:
        _seen(session, row, one, place)
        return row if place == len(row.places) - 1 and _still_there(session, row, one, times) else None
    row = _returned(known, one)
    if row is not None:
        return _reopen(session, row, one)
    row = _open(session, series, one)
    known.append(row)
    return row if one.worse else None


def _same(known: Sequence[StoredChange], one: LevelChange, times: Sequence[float]) -> tuple[StoredChange | None, int]:
    """Return the stored change that this is, and which of its places: in its direction, at most two points away."""
    near = [
        (abs(bisect_left(times, at) - one.change.index), row, place)
        for row in known
        if row.worse == one.worse
        for place, at in enumerate(row.places)
    ]
    distance, row, place = min(near, key=lambda found: found[0], default=(_WANDERS + 1, None, 0))
    return (row, place) if distance <= _WANDERS else (None, 0)


def _returned(known: Sequence[StoredChange], one: LevelChange) -> StoredChange | None:
    """Return the latest fixed regression whose bad level this change brings back, at least by half."""
    fixed = [
        row
        for row in known
        if one.worse and row.state == ChangeState.FIXED and row.fixed_at and one.first_after.finished_at > row.fixed_at
    ]
    back = [row for row in fixed if abs(one.change.after - row.after) <= abs(row.size) / 2]
    return back[-1] if back else None


def _still_there(session: Session, row: StoredChange, one: LevelChange, times: Sequence[float]) -> bool:
    """Reopen a fixed regression whose level lasts on in the points since the fix; tell whether it did."""
    if row.state != ChangeState.FIXED or row.fixed_at is None:
        return False
    lasting = times[one.change.index : one.change.index + one.change.n_after]
    since = [at for at in lasting if at > row.fixed_at.timestamp()]
    if len(since) < LEAST_POINTS:
        return False
    reason = f"the level has not recovered in the {len(since)} points since the fix"
    move(session, row, ChangeAction.REOPEN, actor=ANALYSIS, reason=reason)
    return True


def _reopen(session: Session, row: StoredChange, one: LevelChange) -> StoredChange:
    row.places = [*row.places, one.first_after.finished_at.timestamp()]
    _seen(session, row, one, len(row.places) - 1)
    reason = f"the level is back since run {one.first_after.run_id}"
    move(session, row, ChangeAction.REOPEN, actor=ANALYSIS, reason=reason)
    return row


def _open(session: Session, series: Series, one: LevelChange) -> StoredChange:
    row = StoredChange(
        id=new_id("g"),
        lineage=series.lineage.key,
        metric=series.metric,
        setup=series.setup,
        unit=series.unit,
        direction=series.direction,
        state=ChangeState.OPEN if one.worse else ChangeState.IMPROVEMENT,
        worse=one.worse,
        places=[one.first_after.finished_at.timestamp()],
        **_figures(one),
    )
    session.add(row)
    session.flush()
    reason = f"found at run {one.first_after.run_id}"
    note(session, row, ChangeAction.OPEN if one.worse else ChangeAction.NOTE, actor=ANALYSIS, reason=reason)
    return row


def _seen(session: Session, row: StoredChange, one: LevelChange, place: int) -> None:
    """Note where a change lies now; its figures are those of its latest place."""
    places = list(row.places)
    places[place] = one.first_after.finished_at.timestamp()
    row.places = places
    if place == len(places) - 1:
        for name, value in _figures(one).items():
            setattr(row, name, value)
    row.seen_at = session.scalars(select(func.now())).one()


def _figures(one: LevelChange) -> dict[str, float | int | str | datetime | None]:
    change, last, first = one.change, one.last_before, one.first_after
    return {
        "before": change.before,
        "after": change.after,
        "size": change.size,
        "low": change.interval.low,
        "high": change.interval.high,
        "n_before": change.n_before,
        "n_after": change.n_after,
        "p": change.p,
        "last_run_id": last.run_id,
        "last_code": last.code,
        "last_at": last.finished_at,
        "first_run_id": first.run_id,
        "first_code": first.code,
        "first_at": first.finished_at,
    }
