"""Which tasks a job has judged items of."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.tables import StoredScore


def tasks_of(session: Session, job_id: str, workload: str) -> list[str]:
    """Return the tasks in their order, each found by one step in the index instead of by reading all scores."""
    first = select(func.min(StoredScore.task).label("task")).where(*_of(job_id, workload))
    found = first.cte("tasks", recursive=True)
    following = (
        select(func.min(StoredScore.task)).where(*_of(job_id, workload), StoredScore.task > found.c.task)
    ).scalar_subquery()
    steps = found.union_all(select(following).where(found.c.task.is_not(None)))
    return list(session.scalars(select(steps.c.task).where(steps.c.task.is_not(None))))


def _of(job_id: str, workload: str) -> tuple[ColumnElement[bool], ...]:
    return StoredScore.job_id == job_id, StoredScore.workload == workload
