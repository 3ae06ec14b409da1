"""The tables of lineages: what each run measured, and which of it was accepted as a baseline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import Base, Json


class LineageResult(Base):
    """What one job measured of one workload: a point of its lineage (see `evals.lineage`).

    lineage: its key; its parts are model, workload_key, engine and hardware. verdict: the workload's; None for a
    backfilled baseline, which nobody judges. partial: why no rule makes it a baseline; None when it is whole.
    metrics: see `evals.lineage_results.metrics_of`. baseline_sha256: the other side's fingerprint. tags: the
    submission's.
    """

    __tablename__ = "results"
    __table_args__ = (
        UniqueConstraint("job_id", "workload"),
        Index("results_by_lineage", "lineage", "finished_at"),
        Index("results_by_run", "run_id"),
    )
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    lineage: Mapped[str]
    model: Mapped[str]
    workload_key: Mapped[str]
    engine: Mapped[str]
    hardware: Mapped[str]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    workload: Mapped[str]
    role: Mapped[str]
    verdict: Mapped[str | None]
    partial: Mapped[str | None]
    metrics: Mapped[Json]
    fingerprint: Mapped[Json]
    fingerprint_sha256: Mapped[str]
    baseline_sha256: Mapped[str | None]
    source_commit: Mapped[str | None]
    tags: Mapped[list[Any]]
    finished_at: Mapped[datetime]


class Promotion(Base):
    """That a result became a baseline or ceased to be one; rows are only ever added.

    action: "promoted" or "demoted". by: "person" or "rule". actor: the token's name, or the rule's.
    """

    __tablename__ = "promotions"
    __table_args__ = (
        Index("promotions_by_lineage", "lineage", "id"),
        Index("promotions_by_result", "result_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    lineage: Mapped[str]
    result_id: Mapped[int] = mapped_column(ForeignKey("results.id"))
    action: Mapped[str]
    by: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
