"""Reports: saved once when a run's jobs have ended, and read as they were saved."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.codec import from_json, to_json
from db.runs import close_run, lock_run
from db.states import RunState
from db.tables import StoredReport
from evals.errors import PlumblineError
from evals.result import Report


class NoReportError(PlumblineError):
    """The run has no report yet."""

    code = "no_report_yet"


def save_report(session: Session, report: Report) -> bool:
    """Save a report and close its run; return False, and change nothing, when somebody else has done so."""
    if lock_run(session, report.run_id).state != RunState.REPORTING:
        return False
    count = session.scalar(select(func.count()).where(StoredReport.run_id == report.run_id)) or 0
    session.add(StoredReport(run_id=report.run_id, number=count + 1, verdict=report.verdict, body=to_json(report)))
    close_run(session, report.run_id, verdict=report.verdict, headline=report.headline)
    return True


def latest_report(session: Session, run_id: str) -> Report:
    """Return a run's newest report; raise NoReportError when none was written yet."""
    query = select(StoredReport).where(StoredReport.run_id == run_id).order_by(StoredReport.number.desc()).limit(1)
    row = session.scalar(query)
    if row is None:
        raise NoReportError(
            f"run {run_id} has no report yet", remedy="wait for its jobs: `plumbline watch` follows them"
        )
    return from_json(Report, row.body)
