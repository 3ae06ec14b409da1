"""Schedules: submissions that are made whenever their cron expression says so, each time exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.baseline_choice import settled
from db.codec import to_json
from db.ids import new_id
from db.jobs import JobRecord, jobs_of
from db.runs import create_run, get_run
from db.schedule_records import ScheduleRecord, schedule_record, submission_in, words_of
from db.settings import Settings
from db.states import RunState
from db.storable import storable
from db.tables import Json
from db.tables_history import StoredSchedule
from evals import engine_rules
from evals.cron import next_due
from evals.errors import InvalidSubmissionError, PlumblineError
from evals.history.points import RunKind
from evals.plan import plan_jobs
from evals.spec import Submission

READ_TAGS = frozenset({RunKind.NIGHTLY.value, RunKind.MAIN.value})
"""The tags of runs whose points the analysis reads."""


class UnknownScheduleError(PlumblineError):
    """No schedule has this name."""

    code = "unknown_schedule"


class ScheduleExistsError(PlumblineError):
    """Another schedule has this name."""

    code = "schedule_exists"


def create_schedule(
    session: Session, *, name: str, cron: str, body: Json, submission: Submission, created_by: str, now: datetime
) -> ScheduleRecord:
    """Store a schedule whose submission was checked; its runs get the tag "nightly" unless they are "main"'s.

    Raises ScheduleExistsError for a name that is taken, InvalidSubmissionError for an unusable cron expression.
    """
    own = READ_TAGS.intersection(submission.tags)
    tagged = submission if own else replace(submission, tags=(*submission.tags, RunKind.NIGHTLY.value))
    row = StoredSchedule(
        id=new_id("s"),
        name=name,
        cron=cron,
        body=body,
        submission=to_json(tagged),
        created_by=created_by,
        next_due_at=next_due(cron, now),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise ScheduleExistsError(
            f"there is a schedule {name!r} already", remedy="choose another name, or remove that one first"
        ) from None
    session.refresh(row)
    return schedule_record(row)


def list_schedules(session: Session) -> list[ScheduleRecord]:
    """Return all schedules by name."""
    return [schedule_record(row) for row in session.scalars(select(StoredSchedule).order_by(StoredSchedule.name))]


def get_schedule(session: Session, name: str) -> ScheduleRecord:
    """Return a schedule; raise UnknownScheduleError when there is none."""
    return schedule_record(_row(session, name))


def set_enabled(session: Session, name: str, enabled: bool, *, now: datetime) -> ScheduleRecord:
    """Let a schedule rest, or go on from now: what was due while it rested is not made up for."""
    row = _row(session, name)
    if row.enabled != enabled:
        row.enabled = enabled
        row.next_due_at = next_due(row.cron, now) if enabled else None
    session.flush()
    return schedule_record(row)


def remove_schedule(session: Session, name: str) -> None:
    """Forget a schedule; its runs stay."""
    session.delete(_row(session, name))


def due_schedules(session: Session, now: datetime) -> list[str]:
    """Return the names of the schedules that are due."""
    due = StoredSchedule.enabled, StoredSchedule.next_due_at <= now
    return list(session.scalars(select(StoredSchedule.name).where(*due).order_by(StoredSchedule.next_due_at)))


def submit_if_due(session: Session, name: str, *, settings: Settings, now: datetime) -> list[JobRecord]:
    """Make a due schedule's run, once however many ask at once and however many times were missed; return its jobs.

    While its last run is not over, and where the submission is refused by now, no run is made and the reason is noted.
    """
    query = select(StoredSchedule).where(StoredSchedule.name == name).with_for_update(skip_locked=True)
    row = session.scalar(query)
    if row is None or not row.enabled or row.next_due_at is None or row.next_due_at > now:
        return []
    row.last_due_at, row.next_due_at = row.next_due_at, next_due(row.cron, now)
    if row.last_run_id and get_run(session, row.last_run_id).state is not RunState.FINISHED:
        row.last_error = f"left out: run {row.last_run_id} of the time before is not over"
        return []
    return _noting_errors(session, row, lambda: _submit(session, row, settings))


def put_off(session: Session, name: str, *, now: datetime, why: str) -> None:
    """Let a due schedule whose run met an unforeseen error wait for its next time; one that has none waits for ever."""
    query = select(StoredSchedule).where(StoredSchedule.name == name, StoredSchedule.next_due_at <= now)
    row = session.scalar(query.with_for_update())
    if row is None:
        return
    row.last_due_at, row.last_error = row.next_due_at, storable(why)
    try:
        row.next_due_at = next_due(row.cron, now)
    except InvalidSubmissionError:
        row.next_due_at = None


def submit_now(session: Session, name: str, *, settings: Settings) -> tuple[str, list[JobRecord]]:
    """Make a schedule's run at once, whatever it waits for; return the run's id and its jobs.

    Raises what a submission raises.
    """
    row = _row(session, name)
    jobs = _submit(session, row, settings)
    return str(row.last_run_id), jobs


def _noting_errors(session: Session, row: StoredSchedule, act: Callable[[], list[JobRecord]]) -> list[JobRecord]:
    try:
        with session.begin_nested():
            return act()
    except PlumblineError as error:
        row.last_error = words_of(error)
        return []


def _submit(session: Session, row: StoredSchedule, settings: Settings) -> list[JobRecord]:
    """Make a run as a POST would: rules may have changed and baselines been promoted since the schedule was made."""
    submission = submission_in(row)
    source = submission.baseline_from
    launched = {"candidate": submission.candidate}
    if source is None or source.backfill:
        launched["baseline"] = submission.baseline
    for side, spec in launched.items():
        engine_rules.check(spec, side=side, code_roots=settings.code_roots, repositories=settings.repositories)
    chosen = settled(session, submission)
    run, _ = create_run(session, submission=chosen, jobs=plan_jobs(chosen), token_id=None)
    row.last_run_id, row.last_error = run.id, None
    return jobs_of(session, run.id)


def _row(session: Session, name: str) -> StoredSchedule:
    row = session.scalar(select(StoredSchedule).where(StoredSchedule.name == name).with_for_update())
    if row is None:
        raise UnknownScheduleError(f"there is no schedule {name!r}", remedy="list them with `plumbline schedules list`")
    return row
