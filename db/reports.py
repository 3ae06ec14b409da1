"""Reports: saved once when a run's jobs have ended, and read as they were saved."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.baselines import promote_by_rule
from db.codec import from_json, to_json
from db.history import save_points
from db.lineages import record_results
from db.runs import close_run, lock_run
from db.states import RunState
from db.tables import StoredReport
from evals.errors import PlumblineError
from evals.result import Report


class NoReportError(PlumblineError):
    """The run has no report yet."""

    code = "no_report_yet"


def save_report(session: Session, report: Report) -> bool:
    """Save a report and close its run; return False, and change nothing, when somebody else has done so.

    What the run measured joins its lineages and their history, and becomes their baseline where a rule says so.
    """
    run = lock_run(session, report.run_id)
    if run.state != RunState.REPORTING:
        return False
    _add(session, report)
    close_run(session, report.run_id, verdict=report.verdict, headline=report.headline)
    if report.fingerprints or report.comparisons:
        record_results(session, report)
        save_points(session, report)
        promote_by_rule(session, report, run)
    return True


def save_rescored(session: Session, report: Report) -> None:
    """Save a further report of a finished run; its state and verdict stay as they are."""
    lock_run(session, report.run_id)
    _add(session, report)


def _add(session: Session, report: Report) -> None:
    number = count_reports(session, report.run_id) + 1
    row = StoredReport(run_id=report.run_id, number=number, verdict=report.verdict, scorer=report.scorer)
    row.body = to_json(report)
    session.add(row)


def count_reports(session: Session, run_id: str) -> int:
    """Return how many reports a run has, the rescored ones included."""
    return session.scalar(select(func.count()).where(StoredReport.run_id == run_id)) or 0


def latest_report(session: Session, run_id: str, *, scorer: str | None = None, after: int = 0) -> Report:
    """Return a run's newest report, or its newest rescored by a scorer; raise NoReportError when there is none.

    after: the number of a report that is too old.
    """
    query = select(StoredReport).where(
        StoredReport.run_id == run_id,
        StoredReport.scorer.is_not_distinct_from(scorer),
        StoredReport.number > after,
    )
    row = session.scalar(query.order_by(StoredReport.number.desc()).limit(1))
    if row is None and scorer is not None:
        raise NoReportError(
            f"run {run_id} has no report by the scorer {scorer!r}",
            remedy=f"ask for it: plumbline rescore {run_id} --scorer {scorer}",
        )
    if row is None:
        raise NoReportError(
            f"run {run_id} has no report yet", remedy="wait for its jobs: `plumbline watch` follows them"
        )
    return from_json(Report, row.body)
