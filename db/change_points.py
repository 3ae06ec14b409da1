"""The points around a change of level, and the series of which changes are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.history import PointRecord
from db.regressions import ChangeRecord
from db.tables_history import ChangeEvent, StoredChange
from evals.history.states import ChangeAction

EACH = 5
"""How many points are shown on either side of a change."""


def around(points: Sequence[PointRecord], change: ChangeRecord) -> tuple[list[PointRecord], list[PointRecord]]:
    """Return the analysed points next to a change, (before, after), each oldest first."""
    own = [one for one in points if one.counted and one.point.setup == change.setup]
    before = [one for one in own if one.finished_at < change.first_at]
    return before[-EACH:], [one for one in own if one.finished_at >= change.first_at][:EACH]


def changed_series(session: Session) -> list[tuple[str, str]]:
    """Return the (lineage, metric) pairs of which changes are known, in order."""
    query = select(StoredChange.lineage, StoredChange.metric).distinct()
    return sorted((lineage, metric) for lineage, metric in session.execute(query))


def blamed_commits(session: Session, changes: Sequence[ChangeRecord]) -> dict[str, str]:
    """Return the commit to which each change was assigned last, by the change's id; nothing for the others."""
    query = select(ChangeEvent.change_id, ChangeEvent.commit).where(
        ChangeEvent.change_id.in_([change.id for change in changes]), ChangeEvent.action == ChangeAction.ASSIGN
    )
    found: dict[str, str] = defaultdict(str)
    for change_id, commit in session.execute(query.order_by(ChangeEvent.id)):
        found[change_id] = commit or ""
    return dict(found)
