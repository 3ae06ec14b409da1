"""Schedules as their readers see them, also those that this version cannot read whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from db.codec import from_json
from db.tables import Json
from db.tables_history import StoredSchedule
from evals.errors import PlumblineError
from evals.spec import Submission


class UnreadableScheduleError(PlumblineError):
    """What a schedule submits was stored by a version that knew other settings."""

    code = "unreadable_schedule"


@dataclass(frozen=True, kw_only=True)
class ScheduleRecord:
    """A stored schedule; see db.tables_history.StoredSchedule for what the values hold.

    submission: None when it cannot be read any more, which last_error says then.
    """

    id: str
    name: str
    cron: str
    body: Json
    submission: Submission | None
    enabled: bool
    created_by: str
    created_at: datetime
    next_due_at: datetime | None
    last_due_at: datetime | None
    last_run_id: str | None
    last_error: str | None


def schedule_record(row: StoredSchedule) -> ScheduleRecord:
    """Turn a row into a record."""
    values = {column.key: getattr(row, column.key) for column in StoredSchedule.__table__.columns}
    try:
        values["submission"] = submission_in(row)
    except UnreadableScheduleError as error:
        values |= {"submission": None, "last_error": words_of(error)}
    return ScheduleRecord(**values)


def submission_in(row: StoredSchedule) -> Submission:
    """Return what a schedule submits; raise UnreadableScheduleError."""
    try:
        return from_json(Submission, row.submission)
    except ValueError:
        raise UnreadableScheduleError(
            f"this version cannot read what the schedule {row.name!r} submits",
            remedy="remove the schedule and add it again",
        ) from None


def words_of(error: PlumblineError) -> str:
    """Return an error as a schedule keeps it."""
    return f"{error.message}; {error.remedy}"
