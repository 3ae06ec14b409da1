"""Points and series: written with a report, read by lineage."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, select, true
from sqlalchemy.orm import Session

from db.codec import from_json
from db.jobs import jobs_of, workloads_in
from db.promotions import accepted
from db.runs import get_run
from db.storable import storable
from db.tables import Run, StoredReport
from db.tables_baselines import LineageResult
from db.tables_history import StoredPoint
from evals.errors import PlumblineError
from evals.history.points import Point, RunKind, kind_of, points_of
from evals.lineage import Lineage
from evals.result import Report
from evals.spec import Role

READ = (RunKind.NIGHTLY, RunKind.MAIN)
"""The kinds of runs whose points are analysed."""


_MOST_NIGHTS, _MOST_OTHERS = 20_000, 5_000
"""How many points of a lineage are read, over all of its metrics and both sides."""


class UnknownLineageError(PlumblineError):
    """No run has measured anything on this lineage."""

    code = "unknown_lineage"


@dataclass(frozen=True, kw_only=True)
class PointRecord:
    """A stored point with its run; counted: whether the analysis reads it."""

    run_id: str
    kind: RunKind
    finished_at: datetime
    point: Point
    counted: bool


def save_points(session: Session, report: Report, *, finished_at: datetime | None = None) -> int:
    """Keep a report's points in place of the run's earlier ones, and return how many there are.

    finished_at: when the run ended; now, when it ends with this transaction.
    """
    submission = get_run(session, report.run_id).submission
    kind = kind_of(submission)
    ended = finished_at or session.scalar(select(func.now()))
    session.execute(delete(StoredPoint).where(StoredPoint.run_id == report.run_id))
    points = points_of(report, submission, workloads_in(jobs_of(session, report.run_id)))
    session.add_all(
        StoredPoint(run_id=report.run_id, kind=kind, finished_at=ended, **_columns(point)) for point in points
    )
    session.flush()
    return len(points)


def backfill_points(session: Session, *, before: int | None = None, limit: int = 50) -> tuple[int, int | None]:
    """Write the points of finished runs that have none, out of their stored reports, newest first.

    before: the number from which an earlier call went on. Returns how many runs got points, and where to go on; None
    at the end.
    """
    newest = select(func.max(StoredReport.id)).where(StoredReport.scorer.is_(None)).group_by(StoredReport.run_id)
    query = select(StoredReport, Run.finished_at).join(Run, Run.id == StoredReport.run_id)
    query = query.where(StoredReport.id.in_(newest), Run.finished_at.is_not(None))
    query = query.where(~select(StoredPoint.id).where(StoredPoint.run_id == Run.id).exists())
    if before is not None:
        query = query.where(StoredReport.id < before)
    found = session.execute(query.order_by(StoredReport.id.desc()).limit(limit)).all()
    written = sum(save_points(session, from_json(Report, row.body), finished_at=at) > 0 for row, at in found)
    return written, found[-1][0].id if len(found) == limit else None


def lineages_to_analyse(session: Session, *, run_id: str | None = None, since: datetime | None = None) -> list[str]:
    """Return the lineages of nights and mains: those of one run, or all that got a point since a time."""
    query = select(StoredPoint.lineage).distinct().where(StoredPoint.kind.in_([kind.value for kind in READ]))
    if run_id is not None:
        query = query.where(StoredPoint.run_id == run_id)
    if since is not None:
        query = query.where(StoredPoint.finished_at >= since)
    return sorted(session.scalars(query))


def lineages(session: Session, *, model: str | None = None) -> list[tuple[Lineage, int, datetime]]:
    """Return every lineage with its number of runs and the time of the newest, the newest first."""
    at = func.max(StoredPoint.finished_at).label("at")
    by_run = select(StoredPoint.lineage, at).group_by(StoredPoint.lineage, StoredPoint.run_id)
    if model is not None:
        by_run = by_run.where(StoredPoint.model == model)
    runs = by_run.subquery("runs")
    count, newest = func.count().label("count"), func.max(runs.c.at).label("newest")
    known = select(runs.c.lineage, count, newest).group_by(runs.c.lineage).subquery("known")
    parts = (StoredPoint.model, StoredPoint.workload_key, StoredPoint.engine, StoredPoint.hardware)
    named = select(*parts).where(StoredPoint.lineage == known.c.lineage).limit(1).lateral("named")
    query = select(*named.c, known.c.count, known.c.newest).select_from(known).join(named, true())
    return [
        (Lineage(model=row[0], workload=row[1], engine=row[2], hardware=row[3]), row[4], row[5])
        for row in session.execute(query.order_by(known.c.newest.desc(), known.c.lineage))
    ]


def points_in(
    session: Session,
    lineage: str,
    *,
    metric: str | None = None,
    setup: str | None = None,
    kinds: Collection[RunKind] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 5000,
) -> list[PointRecord]:
    """Return a lineage's newest points, oldest first; raise UnknownLineageError when there is none at all.

    setup, kinds, since, until: these alone, of those that there are; then the list may be empty.
    """
    query = _points(lineage, metric)
    if setup is not None:
        query = query.where(StoredPoint.setup == setup)
    if kinds:
        query = query.where(StoredPoint.kind.in_([kind.value for kind in kinds]))
    if since is not None:
        query = query.where(StoredPoint.finished_at >= since)
    if until is not None:
        query = query.where(StoredPoint.finished_at <= until)
    found = _records(session, query, lineage, limit)
    if not found and session.scalar(_points(lineage, metric).limit(1)) is None:
        raise UnknownLineageError(
            f"no run has measured {metric or 'anything'} on the lineage {lineage!r}",
            remedy="`plumbline history` lists the lineages",
        )
    return found


def points_to_read(session: Session, lineage: str, *, metric: str | None = None) -> list[PointRecord]:
    """Return what an analysis reads, oldest first: nights and mains, and the newest others, for the noise of repeats.

    However many pull requests there are, they push no night out.
    """
    query, read = _points(lineage, metric), StoredPoint.kind.in_([kind.value for kind in READ])
    nights = _records(session, query.where(read), lineage, _MOST_NIGHTS)
    others = _records(session, query.where(~read), lineage, _MOST_OTHERS)
    return sorted([*nights, *others], key=lambda record: record.finished_at)


def _points(lineage: str, metric: str | None) -> Select[StoredPoint]:
    query = select(StoredPoint).where(StoredPoint.lineage == lineage)
    return query if metric is None else query.where(StoredPoint.metric == metric)


def _records(session: Session, query: Select[StoredPoint], lineage: str, limit: int) -> list[PointRecord]:
    newest = query.order_by(StoredPoint.finished_at.desc(), StoredPoint.id.desc()).limit(limit)
    promoted = _promoted(session, lineage)
    return [_record(row, promoted) for row in session.scalars(newest)][::-1]


def _promoted(session: Session, lineage: str) -> frozenset[str]:
    measured = LineageResult.lineage == lineage, LineageResult.role == Role.CANDIDATE
    rows = session.execute(accepted().where(*measured))
    return frozenset(result.run_id for _, result in rows)


def _record(row: StoredPoint, promoted: Collection[str]) -> PointRecord:
    same = ("workload", "setup", "metric", "unit", "direction", "value", "low", "high", "n", "source", "version")
    kind, side = RunKind(row.kind), Role(row.side)
    read = kind is RunKind.NIGHTLY or (kind is RunKind.MAIN and row.run_id in promoted)
    return PointRecord(
        run_id=row.run_id,
        kind=kind,
        finished_at=row.finished_at,
        counted=read and side is Role.CANDIDATE and row.partial is None and not row.reused,
        point=Point(
            **{name: getattr(row, name) for name in same},
            side=side,
            lineage=Lineage(model=row.model, workload=row.workload_key, engine=row.engine, hardware=row.hardware),
            partial=row.partial,
            reused=row.reused,
        ),
    )


def _columns(point: Point) -> dict[str, object]:
    same = ("workload", "setup", "metric", "unit", "direction", "value", "low", "high", "n", "partial", "reused")
    lineage = point.lineage
    parts = {"lineage": lineage.key, "model": lineage.model, "workload_key": lineage.workload}
    code = storable({"source": point.source, "version": point.version})
    where = {"engine": lineage.engine, "hardware": lineage.hardware, "side": point.side}
    return {name: getattr(point, name) for name in same} | parts | where | code
