"""The tables of history: points, changes of level with their logs, and schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import Base, Json


class StoredPoint(Base):
    """One side's value of one metric in one run; see `evals.history.points.Point`.

    lineage: its key; its parts are model, workload_key, engine and hardware. kind: why the run was made.
    """

    __tablename__ = "points"
    __table_args__ = (
        UniqueConstraint("run_id", "side", "workload", "metric"),
        Index("points_by_lineage", "lineage", "metric", "finished_at"),
        Index("points_newest", "lineage", "side", "finished_at"),
    )
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    side: Mapped[str]
    workload: Mapped[str]
    lineage: Mapped[str]
    model: Mapped[str]
    workload_key: Mapped[str]
    engine: Mapped[str]
    hardware: Mapped[str]
    setup: Mapped[str]
    metric: Mapped[str]
    unit: Mapped[str]
    direction: Mapped[str]
    kind: Mapped[str]
    value: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
    n: Mapped[int]
    source: Mapped[str | None]
    version: Mapped[str | None]
    partial: Mapped[str | None]
    reused: Mapped[bool]
    finished_at: Mapped[datetime]


class StoredChange(Base):
    """A change of a series' level: a regression with its state, or an improvement.

    The series is named by lineage, metric and setup. before, after, size, low, high, n_before, n_after, p: as found
    last (see `evals.statistics.changes.Change`). last_*, first_*: the last point before and the first one after.
    places: the Unix times of the first points after it, one for each time it came; the figures are the latest's.
    fix_commit, fixed_at: of the latest fix. opened_at: when it was found first; seen_at: when last.
    """

    __tablename__ = "level_changes"
    __table_args__ = (
        Index("level_changes_by_lineage", "lineage", "metric", "setup"),
        Index("level_changes_by_state", "state", "first_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    lineage: Mapped[str]
    metric: Mapped[str]
    setup: Mapped[str]
    unit: Mapped[str]
    direction: Mapped[str]
    state: Mapped[str]
    worse: Mapped[bool]
    before: Mapped[float]
    after: Mapped[float]
    size: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    n_before: Mapped[int]
    n_after: Mapped[int]
    p: Mapped[float]
    last_run_id: Mapped[str]
    last_code: Mapped[str | None]
    last_at: Mapped[datetime]
    first_run_id: Mapped[str]
    first_code: Mapped[str | None]
    first_at: Mapped[datetime]
    places: Mapped[list[Any]]
    fix_commit: Mapped[str | None]
    fixed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ChangeEvent(Base):
    """What was done to a change, by whom, when and why; rows are only ever added.

    action: see `evals.history.states.ChangeAction`. actor: a token's name, or "analysis".
    """

    __tablename__ = "level_change_events"
    __table_args__ = (Index("level_change_events_by_change", "change_id", "id"),)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("level_changes.id"))
    action: Mapped[str]
    state: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str]
    commit: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class StoredSchedule(Base):
    """A submission that is made again and again, when its cron expression says so (in UTC).

    body: as it was sent. submission: what the service made of it. last_due_at: the time for which something was
    last decided; last_error: why no run was made then, None when one was.
    """

    __tablename__ = "schedules"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    cron: Mapped[str]
    body: Mapped[Json]
    submission: Mapped[Json]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    next_due_at: Mapped[datetime | None]
    last_due_at: Mapped[datetime | None]
    last_run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    last_error: Mapped[str | None]
